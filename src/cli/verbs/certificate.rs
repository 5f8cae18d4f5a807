//! `certificate`: approves and denies CertificateSigningRequests.
//!
//! Upstream: `kubectl/pkg/cmd/certificates/certificates.go`.

use std::sync::Arc;

use clap::{ArgMatches, Command};

use crate::args::{self, Matches, groups};
use crate::dry_run::DryRun;
use crate::output::Output;
use crate::resolve::{Item, Selection, resolve};
use crate::{CliError, CliResult, Ctx, Stream, Verb};
use kctl_base::field::quote;
use kctl_base::json::json;
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_cluster::client::WriteParams;

/// The `certificate` verb with its subcommands.
pub(super) const VERB: Verb = Verb {
    name: "certificate",
    aliases: &[],
    about: "Modify certificate resources",
    long: "Approve or deny certificate signing requests.",
    examples: &[],
    usage: "SUBCOMMAND",
    flags: |command| command,
    run: |_, _| Err(CliError::MissingSubcommand(Stream::Err)),
    family: &[
        Verb {
            name: "approve",
            aliases: &[],
            about: "Approve a certificate signing request",
            long: "Approve certificate signing requests.

 An approved request asks its signer to issue a certificate with the requested attributes.",
            examples: &[("Approve the request 'csr-sqgzp'", "certificate approve csr-sqgzp")],
            usage: "(-f FILENAME | NAME)",
            flags,
            run: |ctx, matches| decide(ctx, matches, &APPROVAL),
            family: &[],
        },
        Verb {
            name: "deny",
            aliases: &[],
            about: "Deny a certificate signing request",
            long: "Deny certificate signing requests.

 A denied request tells its signer not to issue a certificate.",
            examples: &[("Deny the request 'csr-sqgzp'", "certificate deny csr-sqgzp")],
            usage: "(-f FILENAME | NAME)",
            flags,
            run: |ctx, matches| decide(ctx, matches, &DENIAL),
            family: &[],
        },
    ],
};

fn flags(command: Command) -> Command {
    groups::files(groups::output(groups::args(command)))
        .arg(args::switch("force", "Update the request even if it is approved or denied already."))
}

/// A decision about a request.
struct Decision {
    /// The type of its condition.
    condition: &'static str,
    /// The type of the condition that excludes it.
    opposite: &'static str,
    reason: &'static str,
    message: &'static str,
    /// The word that reports it.
    done: &'static str,
}

const APPROVAL: Decision = Decision {
    condition: "Approved",
    opposite: "Denied",
    reason: "KubectlApprove",
    message: "This CSR was approved by kubectl certificate approve.",
    done: "approved",
};
const DENIAL: Decision = Decision {
    condition: "Denied",
    opposite: "Approved",
    reason: "KubectlDeny",
    message: "This CSR was denied by kubectl certificate deny.",
    done: "denied",
};

fn decide(ctx: &mut Ctx, matches: &ArgMatches, decision: &Decision) -> CliResult<()> {
    let mut output = Output::of_report(matches)?;
    let mut selection = Selection { validate: true, ..Selection::from_matches(ctx, matches) };
    if selection.args.is_empty() && !selection.has_files() {
        return Err(CliError::new("one or more CSRs must be specified as <name> or -f <filename>"));
    }
    for word in &mut selection.args {
        // Names stand for requests; `csr/NAME` names the type itself.
        if !word.contains('/') {
            *word = format!("certificatesigningrequests/{word}");
        }
    }
    let resolved = resolve(ctx, &selection)?;
    let mut errors = resolved.errors;
    for item in &resolved.items {
        match decide_one(ctx, item, decision, matches.flag("force")) {
            Ok(before) => output.report(ctx, &before, &item.label(), decision.done, DryRun::None)?,
            Err(error) => errors.push(error),
        }
    }
    if resolved.items.is_empty() && errors.is_empty() {
        ctx.print_line("No resources found");
    }
    CliError::all(errors)
}

/// Adds the condition of a decision to one request, unless it has it. Returns the request as it was before.
fn decide_one(ctx: &mut Ctx, item: &Item, decision: &Decision, force: bool) -> CliResult<Arc<Object>> {
    let names = item.kind.names();
    if names.kind != "CertificateSigningRequest" {
        return Err(CliError::new(format!(
            "can only handle CertificateSigningRequest.certificates.k8s.io objects, got {}",
            kind_in_group(names.kind, names.group)
        )));
    }
    let before = item.fetch(ctx)?;
    let has = |kind: &str| before.list("/status/conditions").iter().any(|condition| condition.str("/type") == kind);
    if has(decision.opposite) {
        let name = quote(before.name());
        return Err(CliError::new(format!("certificate signing request {name} is already {}", decision.opposite)));
    }
    let decided = has(decision.condition);
    if decided && !force {
        return Ok(before);
    }
    let mut object = (*before).clone();
    if !decided {
        let now = ctx.now()?.rfc3339();
        object.list_mut("/status/conditions").push(json!({
            "type": decision.condition, "status": "True", "reason": decision.reason, "message": decision.message,
            "lastUpdateTime": now,
        }));
    }
    ctx.api(|client| client.update(&item.path().subresource("approval"), object, &WriteParams::default()))?;
    Ok(before)
}

fn kind_in_group(kind: &str, group: &str) -> String {
    if group.is_empty() { kind.to_string() } else { format!("{kind}.{group}") }
}
