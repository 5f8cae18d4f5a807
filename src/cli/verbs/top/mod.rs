//! `top`: prints the resource usage of pods and nodes, which `sim metrics` or the annotation `kctl.dev/metrics` declares, or a
//! metrics server measures.
//!
//! If no usage is declared and there is no metrics server, there is no metrics API.
//! Upstream: `kubectl/pkg/cmd/top/` and `kubectl/pkg/metricsutil/metrics_printer.go`.

mod nodes;
mod pods;
mod usage;

use std::sync::Arc;

use clap::{ArgMatches, Command};

use crate::args::{self, ArgProperties, Matches, SharedFlags, groups};
use crate::printers::tabwriter::{self, GET};
use crate::{CliError, CliResult, Ctx, Stream, Verb};
use kctl_base::fields::FieldSelector;
use kctl_base::labels::Selector;
use kctl_base::object::Object;
use kctl_base::status::Status;
use kctl_cluster::client::{ListParams, ResourcePath};
use usage::Usage;

/// The `top` verb with its subcommands.
pub(super) const VERB: Verb = Verb {
    name: "top",
    aliases: &[],
    about: "Display resource (CPU/memory) usage",
    long: "Display resource (CPU/memory) usage.

 The top command allows you to see the resource consumption for nodes or pods.

 This command requires Metrics Server to be correctly configured and working on the server.",
    examples: &[],
    usage: "[flags]",
    flags: |c| c,
    run: |_, _| Err(CliError::MissingSubcommand(Stream::Err)),
    family: &[
        Verb {
            name: "node",
            aliases: &["nodes", "no"],
            about: "Display resource (CPU/memory) usage of nodes",
            long: "Display the CPU and memory usage of nodes.",
            examples: &[
                ("Show the usage of all nodes", "top node"),
                ("Show the usage of one node", "top node k8s-node1"),
            ],
            usage: "[NAME | -l label]",
            flags: |c| {
                flags(c).arg(args::switch(
                    "show-capacity",
                    "Print the usage of nodes as a percentage of their capacity instead of what is allocatable.",
                ))
            },
            run: nodes::run,
            family: &[],
        },
        Verb {
            name: "pod",
            aliases: &["pods", "po"],
            about: "Display resource (CPU/memory) usage of pods",
            long: "Display the CPU and memory usage of pods.

 A pod that has just started has no measurement for some minutes.",
            examples: &[
                ("Show the usage of all pods of the namespace", "top pod"),
                ("Show the usage of the pods of another namespace", "top pod --namespace=kube-system"),
                ("Show the usage of a pod and of its containers", "top pod web-0 --containers"),
                ("Show the usage of pods by label", "top pod -l app=web"),
            ],
            usage: "[NAME | -l label]",
            flags: |c| {
                groups::all_namespaces(groups::fields(flags(c)))
                    .arg(args::switch("containers", "Print the usage of each container of a pod."))
                    .arg(args::switch("sum", "Print the sum of the usage."))
            },
            run: pods::run,
            family: &[],
        },
    ],
};

fn flags(command: Command) -> Command {
    groups::labels(groups::args(command))
        .arg(args::switch("no-headers", "Print no headers."))
        .arg(args::text("sort-by", "Sort by this measurement, largest first. One of: (cpu, memory)."))
        .arg(
            args::switch("use-protocol-buffers", "Accepted for compatibility; client and server are one program.")
                .help_default("true"),
        )
        .arg(args::switch("show-swap", "Print the usage of swap space, too; pods use none."))
}

/// Reads the metrics of one object, or of all that a selector selects.
///
/// # Errors
/// `Metrics API not available` if the server does not serve the resource.
fn read_metrics(ctx: &mut Ctx, path: &ResourcePath, params: &ListParams) -> CliResult<Vec<Arc<Object>>> {
    let found = match path.name.as_str() {
        "" => ctx.api(|client| client.list(path, params)).map(|list| list.items),
        _ => ctx.api(|client| client.get(path)).map(|object| vec![object]),
    };
    found.map_err(|error| match error {
        CliError::Status(status) if status == Status::no_resource() => {
            ctx.hint(
                "hint: there is no metrics server (\"kctl store reset --metrics-server\" makes a cluster with one); \
                 \"kctl sim metrics POD cpu=250m memory=64Mi\" declares the usage of a pod",
            );
            CliError::new("Metrics API not available")
        }
        other => other,
    })
}

/// Reads `--selector` and `--field-selector`, which kubectl parses before it sends a request.
///
/// # Errors
/// A selector that cannot be parsed.
fn read_selectors(matches: &ArgMatches) -> CliResult<ListParams> {
    let shared = SharedFlags(matches);
    let (labels, fields) = (matches.string("selector"), shared.string("field-selector"));
    Selector::parse(labels).map_err(|error| CliError::new(error.to_string()))?;
    FieldSelector::parse(fields).map_err(|error| CliError::new(error.to_string()))?;
    Ok(ListParams { labels: labels.into(), fields: fields.into(), ..ListParams::default() })
}

/// The value by which rows are sorted, the largest first.
type SortKey = fn(&Usage) -> i64;

/// Reads `--sort-by`; `None` without it, which sorts by name.
fn read_sort_key(matches: &ArgMatches) -> CliResult<Option<SortKey>> {
    match matches.string("sort-by") {
        "" => Ok(None),
        "cpu" => Ok(Some(|used| used.cpu)),
        "memory" => Ok(Some(|used| used.memory)),
        _ => Err(CliError::new("--sort-by accepts only cpu or memory")),
    }
}

/// Prints a table in which a tab follows every cell, the last one too, as in kubectl's.
fn print(ctx: &mut Ctx, matches: &ArgMatches, headers: &[&str], rows: &[Vec<String>]) {
    let mut text = String::new();
    let headers = (!matches.flag("no-headers")).then(|| headers.iter().map(ToString::to_string).collect());
    for row in headers.iter().chain(rows) {
        row.iter().for_each(|cell| text.push_str(&format!("{cell}\t")));
        text.push('\n');
    }
    ctx.out.push_str(&tabwriter::align(&text, GET));
}

/// Reads the name, at most one, of a `pod` or `node`.
fn read_name(ctx: &Ctx, matches: &ArgMatches, resource: &str) -> CliResult<Option<String>> {
    match matches.values("args").as_slice() {
        [] => Ok(None),
        [_] if !matches.string("selector").is_empty() || !SharedFlags(matches).string("field-selector").is_empty() => {
            let flag = if resource == "node" { "--selector" } else { "selector" };
            Err(CliError::new(format!("only one of NAME or {flag} can be provided")))
        }
        [name] => Ok(Some(name.clone()).filter(|name| !name.is_empty())),
        _ => Err(ctx.usage(&format!("top {resource}"), &format!("{resource} [NAME | -l label]"))),
    }
}
