//! `cordon`, `uncordon` and `drain`: mark nodes as unschedulable or schedulable, and evict their pods.
//!
//! Upstream: `kubectl/pkg/cmd/drain/drain.go` and `kubectl/pkg/drain/`.

mod evict;
mod pods;

use clap::{ArgMatches, Command};

use super::targets::{self, EditTarget, Source};
use crate::args::groups;
use crate::args::{self, ArgProperties, Matches};
use crate::dry_run::DryRun;
use crate::output::Output;
use crate::resolve::{Selection, resolve};
use crate::{CliError, CliResult, Ctx, Verb};
use evict::Eviction;
use kctl_base::field::quote;
use kctl_base::json::Value;
use kctl_base::object::{ValueRead, ValueWrite};
use kctl_cluster::client::WriteParams;
use pods::PodFilter;

/// The `cordon` verb.
pub(super) const CORDON: Verb = Verb {
    name: "cordon",
    aliases: &[],
    about: "Mark node as unschedulable",
    long: "Mark a node as unschedulable.",
    examples: &[("Mark a node as unschedulable", "cordon k8s-node1")],
    usage: "NODE",
    flags: node_flags,
    run: |ctx, matches| mark_nodes(ctx, matches, "cordon", true),
    family: &[],
};

/// The `uncordon` verb.
pub(super) const UNCORDON: Verb = Verb {
    name: "uncordon",
    aliases: &[],
    about: "Mark node as schedulable",
    long: "Mark a node as schedulable.",
    examples: &[("Mark a node as schedulable", "uncordon k8s-node1")],
    usage: "NODE",
    flags: node_flags,
    run: |ctx, matches| mark_nodes(ctx, matches, "uncordon", false),
    family: &[],
};

/// The `drain` verb.
pub(super) const DRAIN: Verb = Verb {
    name: "drain",
    aliases: &[],
    about: "Drain node in preparation for maintenance",
    long: "Drain a node in preparation for maintenance.

 The node is marked as unschedulable, so that no new pods arrive. Then its pods are evicted, which respects pod \
    disruption budgets; with --disable-eviction they are deleted instead. Mirror pods are left alone.

 The command refuses to continue if there are pods of daemon sets (see --ignore-daemonsets), pods without a \
    controller (see --force) or pods with emptyDir volumes (see --delete-emptydir-data).

 When the node is to be used again, run 'uncordon'.",
    examples: &[
        ("Drain a node, even if it has pods without a controller", "drain k8s-node1 --force"),
        (
            "Drain a node with pods of daemon sets, and give pods 15 minutes to end",
            "drain k8s-node1 --ignore-daemonsets --grace-period=900",
        ),
    ],
    usage: "NODE",
    flags: drain_flags,
    run: drain,
    family: &[],
};

fn node_flags(command: Command) -> Command {
    groups::labels(groups::dry_run(groups::args(command)))
}

fn drain_flags(command: Command) -> Command {
    node_flags(command)
        .arg(args::switch("force", "Continue if there are pods without a controller."))
        .arg(args::switch("ignore-daemonsets", "Leave pods of daemon sets alone."))
        .arg(args::switch("delete-emptydir-data", "Continue if there are pods with emptyDir volumes, whose data is deleted together with the pod."))
        .arg(args::switch("delete-local-data", "Former name of --delete-emptydir-data.").hide(true))
        .arg(args::switch("disable-eviction", "Delete pods instead of evicting them, which bypasses pod disruption budgets."))
        .arg(args::number("grace-period", "Seconds that a pod has to end; a negative value means the grace period of the pod.").help_default("-1"))
        .arg(args::duration("timeout", "Time to wait; zero waits without limit."))
        .arg(args::text("pod-selector", "Label selector of the pods to evict."))
        .arg(args::number(
            "skip-wait-for-delete-timeout",
            "Do not wait for pods that have been terminating for longer than this number of seconds; requires a value above 0.",
        ))
        .arg(groups::chunk_size_flag())
}

/// Loads the nodes that the arguments or the selector name.
fn load_nodes(ctx: &mut Ctx, matches: &ArgMatches, verb: &str) -> CliResult<Vec<EditTarget>> {
    let mut selection = Selection::from_matches(ctx, matches);
    if selection.args.is_empty() && selection.labels.is_empty() {
        // An empty selector was given all the same, and selects nothing.
        return Err(match matches.is_set("selector") {
            true => CliError::new(crate::resolve::NOTHING_NAMED),
            false => ctx.usage(verb, &format!("USAGE: {verb} NODE [flags]")),
        });
    }
    if !selection.args.is_empty() && !selection.labels.is_empty() {
        return Err(ctx.usage(verb, "cannot specify both a node name and a --selector option"));
    }
    let with_type = |arg: String| if arg.contains('/') { arg } else { format!("nodes/{arg}") };
    selection.args = match selection.args.is_empty() {
        true => vec!["nodes".into()],
        false => selection.args.into_iter().map(with_type).collect(),
    };
    let resolved = resolve(ctx, &selection)?;
    let (subjects, errors) = targets::load_typed(ctx, resolved, Source::Server);
    // kubectl stops at the first node that cannot be loaded and reports only that error.
    errors.into_iter().next().map_or(Ok(subjects), Err)
}

fn mark_nodes(ctx: &mut Ctx, matches: &ArgMatches, verb: &str, cordoned: bool) -> CliResult<()> {
    let dry_run = DryRun::read(ctx, matches)?;
    for subject in load_nodes(ctx, matches, verb)? {
        mark_node(ctx, &subject, cordoned, dry_run)?;
    }
    Ok(())
}

/// Marks a node as unschedulable or schedulable, and reports the result. A failed request is only reported.
fn mark_node(ctx: &mut Ctx, subject: &EditTarget, cordoned: bool, dry_run: DryRun) -> CliResult<()> {
    let EditTarget { item, object } = subject;
    let (verb, done) = if cordoned { ("cordon", "cordoned") } else { ("uncordon", "uncordoned") };
    let report =
        |ctx: &mut Ctx, operation: &str| Output::human().report(ctx, object, &item.label(), operation, dry_run);
    if item.kind.names().kind != "Node" {
        return report(ctx, "skipped");
    }
    if object.flag("/spec/unschedulable") == cordoned {
        return report(ctx, &format!("already {done}"));
    }
    if !dry_run.is_client() {
        let mut new: Value = object.clone();
        match cordoned {
            true => new.put("/spec/unschedulable", true),
            false => drop(new.remove_at("/spec/unschedulable")),
        }
        let params = WriteParams::default().dry_run(dry_run.is_server());
        if let Err(error) = targets::send(ctx, item, (object, &new), &params) {
            let text = error.message().trim_end().to_string();
            ctx.print_error(format!("error: unable to {verb} node {}: {text}", quote(&item.name)));
            return Ok(());
        }
    }
    report(ctx, done)
}

fn drain(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    if matches.is_set("delete-local-data") {
        ctx.print_error("Flag --delete-local-data has been deprecated, This option is deprecated and will be deleted. Use --delete-emptydir-data.");
    }
    let dry_run = DryRun::read(ctx, matches)?;
    let filter = PodFilter {
        force: matches.flag("force"),
        ignore_daemon_sets: matches.flag("ignore-daemonsets"),
        delete_local_data: matches.flag("delete-emptydir-data") || matches.flag("delete-local-data"),
        selector: matches.string("pod-selector").into(),
        skip_deleted_after: matches.int("skip-wait-for-delete-timeout").unwrap_or(0),
        chunk_size: groups::chunk_size(matches),
    };
    if kctl_base::labels::Selector::parse(&filter.selector).is_err() {
        return Err(CliError::new("--pod-selector=<pod_selector> must be a valid label selector"));
    }
    let eviction = Eviction {
        disable: matches.flag("disable-eviction"),
        grace: matches.int("grace-period").filter(|g| *g >= 0),
        timeout: matches.duration("timeout").unwrap_or(kctl_base::sim::Duration::ZERO),
        dry_run,
    };
    let subjects = load_nodes(ctx, matches, "drain")?;
    for subject in &subjects {
        mark_node(ctx, subject, true, dry_run)?;
    }
    let (mut fatal, mut pending) = (Vec::new(), Vec::new());
    for subject in &subjects {
        let name = &subject.item.name;
        match drain_node(ctx, name, &filter, &eviction) {
            Ok(()) => Output::human().report(ctx, &subject.object, &subject.item.label(), "drained", dry_run)?,
            Err(errors) => {
                let all = join_errors(&errors);
                ctx.print_error(format!(
                    "error: unable to drain node {} due to error: {all}, continuing command...",
                    quote(name)
                ));
                fatal.extend(errors);
                pending.push(name.clone());
            }
        }
    }
    if pending.is_empty() {
        return Ok(());
    }
    ctx.print_error("There are pending nodes to be drained:");
    for name in pending {
        ctx.print_error(format!(" {name}"));
    }
    Err(CliError::Verbatim(fatal.iter().map(|text| format!("{text}\n")).collect(), 1))
}

/// Joins errors as `apimachinery/pkg/util/errors` prints an aggregate.
fn join_errors(errors: &[String]) -> String {
    match errors {
        [one] => one.clone(),
        many => format!("[{}]", many.join(", ")),
    }
}

/// Drains one node, which is already unschedulable.
///
/// # Errors
/// The messages of all errors, without `error: `.
fn drain_node(ctx: &mut Ctx, node: &str, filter: &PodFilter, eviction: &Eviction) -> Result<(), Vec<String>> {
    let text = |error: CliError| vec![error.message().trim_end().trim_start_matches("error: ").to_string()];
    let decided = pods::list_on_node(ctx, node, filter).map_err(text)?;
    let errors = pods::errors(&decided);
    if !errors.is_empty() {
        return Err(errors);
    }
    let warnings = pods::warnings(&decided);
    if !warnings.is_empty() {
        ctx.warn(&warnings);
    }
    let to_delete = pods::to_delete(decided);
    if eviction.dry_run.is_client() {
        for pod in &to_delete {
            let verb = if eviction.disable { "deleting" } else { "evicting" };
            ctx.print_line(format!("{verb} pod {} (dry run)", pods::full_name(pod)));
        }
        return Ok(());
    }
    let errors = eviction.run(ctx, &to_delete).map_err(text)?;
    if errors.is_empty() {
        return Ok(());
    }
    let remaining = pods::list_on_node(ctx, node, filter).map(pods::to_delete).map_err(text)?;
    if !remaining.is_empty() {
        let all = join_errors(&errors);
        ctx.print_error(format!("There are pending pods in node {} when an error occurred: {all}", quote(node)));
        for pod in remaining {
            ctx.print_error(format!("pod/{}", kctl_base::object::ObjectMeta::name(&*pod)));
        }
    }
    Err(errors)
}
