//! `create token`: checks the request as the server does, and then refuses it, because nothing verifies tokens.
//!
//! Upstream: `kubectl/pkg/cmd/create/create_token.go`, `registry/core/serviceaccount/storage/token.go`.

use clap::ArgMatches;

use crate::args::{self, ArgProperties, Matches, groups};
use crate::resolve::{self, Item};
use crate::{CliError, CliResult, Ctx, Verb};
use kctl_base::sim::Duration;

/// The `create token` verb.
pub(super) const VERB: Verb = Verb {
    name: "token",
    aliases: &[],
    about: "Not supported: request a service account token",
    long: "Request a token for a service account.

 This command is not supported: there is no login, so that no tokens are issued.",
    examples: &[
        ("Request a token for the service account 'ci'", "create token ci"),
        ("Request a token that is valid for ten minutes", "create token ci --duration 10m"),
        (
            "Request a token that ends with a secret",
            "create token ci --bound-object-kind Secret --bound-object-name login",
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

/// The shortest life time of a token.
const SHORTEST: Duration = Duration::from_secs(600);

fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let words = matches.values("args");
    let [name] = words.as_slice() else {
        let text = format!("exactly one NAME is required, got {}", words.len());
        return Err(ctx.usage("create token", &text));
    };
    validate(matches)?;
    let failed = |error: CliError| match error {
        CliError::Status(status) => CliError::new(format!("failed to create token: {}", status.message)),
        other => other,
    };
    object(ctx, "serviceaccounts", name)?.fetch(ctx).map_err(failed)?;
    let duration = matches.duration("duration").unwrap_or(Duration::ZERO);
    if duration > Duration::ZERO && duration < SHORTEST {
        let seconds = duration.secs();
        return Err(CliError::new(format!(
            "failed to create token: TokenRequest.authentication.k8s.io \"\" is invalid: spec.expirationSeconds: Invalid value: {seconds}: may not specify a duration less than 10 minutes"
        )));
    }
    let kind = matches.string("bound-object-kind");
    if !kind.is_empty() {
        let resource = format!("{}s", kind.to_lowercase());
        object(ctx, &resource, matches.string("bound-object-name"))?.fetch(ctx).map_err(failed)?;
    }
    Err(CliError::new(
        "create token is not supported: no tokens are issued, there is no login and nobody to check them",
    ))
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

/// An object of the namespace of the command, or a cluster-scoped one.
fn object(ctx: &mut Ctx, resource: &str, name: &str) -> CliResult<Item> {
    let kind = resolve::kind(ctx, resource)?.kind;
    let namespace = if kind.names().namespaced { ctx.namespace() } else { String::new() };
    Ok(Item {
        kind,
        version: None,
        namespace,
        name: name.into(),
        object: None,
        duplicates: Vec::new(),
        source: String::new(),
        live: None,
    })
}
