//! `create token`: asks the server for a token of a ServiceAccount.
//!
//! Upstream: `kubectl/pkg/cmd/create/create_token.go`.

use std::io::IsTerminal as _;

use clap::ArgMatches;

use crate::args::{self, ArgProperties, Matches, groups};
use crate::output::Output;
use crate::{CliError, CliResult, Ctx, Verb};
use kctl_base::json::{Value, json};
use kctl_base::object::{ValueRead, ValueWrite};
use kctl_base::sim::Duration;
use kctl_cluster::client::{ResourcePath, WriteParams};

/// The `create token` verb.
pub(super) const VERB: Verb = Verb {
    name: "token",
    aliases: &[],
    about: "Request a service account token",
    long: "Request a token of a service account.

 The token authenticates as the service account with --token and in a kubeconfig, until it expires or the object that it \
    is bound to is deleted.",
    examples: &[
        ("Request a token of the service account 'myapp'", "create token myapp"),
        ("Request a token for another namespace", "create token myapp --namespace myns"),
        ("Request a token that lives for ten minutes", "create token myapp --duration 10m"),
        ("Request a token for an audience", "create token myapp --audience https://example.com"),
        (
            "Request a token that ends with a secret",
            "create token myapp --bound-object-kind Secret --bound-object-name mysecret",
        ),
    ],
    usage: "SERVICE_ACCOUNT_NAME",
    flags: |c| {
        groups::output(groups::args(c))
            .arg(args::list("audience", "Audience of the token; can be repeated."))
            .arg(args::duration("duration", "Life time of the token; 0 leaves it to the server.").help_default("0s"))
            .arg(args::text(
                "bound-object-kind",
                "Kind of an object whose deletion ends the token. One of: (Node, Pod, Secret).",
            ))
            .arg(args::text("bound-object-name", "Name of that object."))
            .arg(args::text("bound-object-uid", "UID of that object."))
    },
    run,
    family: &[],
};

fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let words = matches.values("args");
    let [name] = words.as_slice() else {
        let text = format!("exactly one NAME is required, got {}", words.len());
        return Err(ctx.usage("create token", &text));
    };
    let mut output = Output::of_report(matches)?;
    validate(matches)?;
    let path = ResourcePath::one("serviceaccounts", &ctx.namespace(), name).subresource("token");
    let answer = ctx.api(|client| client.create(&path, request(matches), &WriteParams::default()));
    let answer = answer.map_err(|error| match error {
        CliError::Status(status) => CliError::new(format!("failed to create token: {}", status.message)),
        other => other,
    })?;
    if !output.is_human() {
        return output.print(ctx, &answer);
    }
    // Programs get the token alone, people a line of their own for it.
    ctx.out.push_str(answer.str("/status/token"));
    if std::io::stdout().is_terminal() {
        ctx.out.push('\n');
    }
    Ok(())
}

/// The TokenRequest that the flags ask for.
fn request(matches: &ArgMatches) -> Value {
    let mut request = json!({
        "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "metadata": {},
        "spec": {"audiences": matches.values("audience")},
    });
    let seconds = matches.duration("duration").unwrap_or(Duration::ZERO).secs();
    if seconds > 0 {
        request.put("/spec/expirationSeconds", seconds);
    }
    let kind = matches.string("bound-object-kind");
    if !kind.is_empty() {
        let mut reference = json!({"kind": kind, "apiVersion": "v1", "name": matches.string("bound-object-name")});
        let uid = matches.string("bound-object-uid");
        if !uid.is_empty() {
            reference.put("/uid", uid);
        }
        request.put("/spec/boundObjectRef", reference);
    }
    request
}

/// Checks the flags that need no server.
fn validate(matches: &ArgMatches) -> CliResult<()> {
    let given = |name: &str| !matches.string(name).is_empty();
    let duration = matches.duration("duration").unwrap_or(Duration::ZERO);
    let problem = if duration < Duration::ZERO {
        "--duration must be greater than or equal to 0"
    } else if Duration::from_secs(duration.secs()) != duration {
        "--duration cannot be expressed in units less than seconds"
    } else if matches.values("audience").iter().any(String::is_empty) {
        "--audience must not be an empty string"
    } else if !given("bound-object-kind") && given("bound-object-name") {
        "--bound-object-name can only be set if --bound-object-kind is provided"
    } else if !given("bound-object-kind") && given("bound-object-uid") {
        "--bound-object-uid can only be set if --bound-object-kind is provided"
    } else if !["", "Node", "Pod", "Secret"].contains(&matches.string("bound-object-kind")) {
        "supported --bound-object-kind values are Node, Pod, Secret"
    } else if given("bound-object-kind") && !given("bound-object-name") {
        "--bound-object-name is required if --bound-object-kind is provided"
    } else {
        return Ok(());
    };
    Err(CliError::new(problem))
}
