//! `rollout history`: the revisions of workloads, or one revision in detail.
//!
//! Upstream: `kubectl/pkg/polymorphichelpers/history.go`.

use clap::{ArgMatches, Command};

use super::super::targets::EditTarget;
use super::common;
use super::revisions::{self, Revision, describe_pod_template};
use crate::args::{self, Matches, groups};
use crate::output::Output;
use crate::printers::describe::describe;
use crate::record::CHANGE_CAUSE;
use crate::{CliError, CliResult, Ctx, Verb};
use kctl_base::json::Value;
use kctl_base::object::{ObjectMeta, ValueWrite};

/// The `rollout history` verb.
pub(super) const VERB: Verb = Verb {
    name: "history",
    aliases: &[],
    about: "View rollout history",
    long: "View earlier revisions of a workload, or one revision in detail.",
    examples: &[
        ("View the history of a deployment", "rollout history deployment/web"),
        ("View revision 3 of a daemon set in detail", "rollout history daemonset/agent --revision=3"),
    ],
    usage: "(TYPE NAME | TYPE/NAME) [flags]",
    flags,
    run,
    family: &[],
};

fn flags(command: Command) -> Command {
    groups::output(common::flags(command))
        .arg(args::number("revision", "Show this revision in detail, including the pod template."))
}

fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let revision = matches.int("revision").unwrap_or(0);
    if revision < 0 {
        return Err(CliError::new(format!("revision must be a positive integer: {revision}")));
    }
    let mut output = Output::of_typed_report(matches)?;
    let of_revisions = !matches.string("output").is_empty();
    let (targets, mut errors) = common::targets(ctx, matches)?;
    for target in &targets {
        let result = one(ctx, &mut output, target, revision, of_revisions);
        errors.extend(result.err());
    }
    CliError::all(errors)
}

/// Reports the revisions of one object. `of_revisions` is true if `-o` asks for them; a template alone is printed of the
/// object itself.
fn one(ctx: &mut Ctx, output: &mut Output, target: &EditTarget, revision: i64, of_revisions: bool) -> CliResult<()> {
    let object = &target.object;
    let revisions =
        revisions::list(ctx, object)?.ok_or_else(|| revisions::unsupported(object, ("history", "history viewer")))?;
    let chosen = revisions.iter().find(|r| r.number == revision);
    if revision > 0 && chosen.is_none() {
        return Err(CliError::new("unable to find the specified revision"));
    }
    if !output.is_human() && !of_revisions {
        return output.print(ctx, object);
    }
    if of_revisions {
        let all = revisions.iter().filter(|r| revision == 0 || r.number == revision);
        return all.map(|r| whole(object, r)).try_for_each(|shown| output.print(ctx, &shown));
    }
    let label = target.item.label();
    match chosen {
        Some(chosen) => {
            let mut template = chosen.template();
            if object.kind() == "Deployment" && !chosen.change_cause().is_empty() {
                template.set_annotation(CHANGE_CAUSE, chosen.change_cause());
            }
            ctx.print_line(format!("{label} with revision #{revision}\n{}", describe_pod_template(&template)));
        }
        None if revisions.is_empty() => ctx.print_line(format!("{label} \nNo rollout history found.")),
        None => ctx.print_line(format!("{label} \n{}", table(&revisions))),
    }
    Ok(())
}

/// The object of a revision: the ReplicaSet, or the workload with the template of that revision.
fn whole(object: &Value, revision: &Revision) -> Value {
    if object.kind() == "Deployment" {
        return (*revision.object).clone();
    }
    let mut then = object.clone();
    then.put("/spec/template", revision.template());
    then
}

fn table(revisions: &[Revision]) -> String {
    let mut text = String::from("REVISION\tCHANGE-CAUSE\n");
    for revision in revisions {
        let cause = if revision.change_cause().is_empty() { "<none>" } else { revision.change_cause() };
        text.push_str(&format!("{}\t{cause}\n", revision.number));
    }
    describe(&text)
}
