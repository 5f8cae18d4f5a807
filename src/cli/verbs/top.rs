//! `top`: prints the resource usage of pods and nodes, which `sim metrics` or the annotation `kctl.dev/metrics` declares.
//!
//! Nothing is measured: if no usage is declared there is no metrics API, as in a cluster without a metrics server.
//! Upstream: `kubectl/pkg/cmd/top/` and `kubectl/pkg/metricsutil/metrics_printer.go`.

use std::sync::Arc;

use clap::{ArgMatches, Command};

use crate::args::{self, ArgProperties, Matches, SharedFlags, groups};
use crate::printers::tabwriter::{self, GET};
use crate::{CliError, CliResult, Ctx, Stream, Verb};
use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::quantity::Quantity;
use kctl_base::sim::Duration;
use kctl_base::status::Status;
use kctl_cluster::client::{ListParams, ResourcePath};

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
            run: nodes,
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
            run: pods,
            family: &[],
        },
    ],
};

/// The age from which a pod without metrics is an error (`metricsCreationDelay` in `top_pod.go`).
const METRICS_CREATION_DELAY: Duration = Duration::from_secs(2 * 60);

fn flags(command: Command) -> Command {
    groups::labels(groups::args(command))
        .arg(args::switch("no-headers", "Print no headers."))
        .arg(args::text("sort-by", "Sort by this measurement, largest first. One of: (cpu, memory)."))
        .arg(
            args::switch("use-protocol-buffers", "Accepted for compatibility; client and server are one program.")
                .help_default("true"),
        )
        .arg(args::switch("show-swap", "Accepted for compatibility; swap is not simulated."))
}

/// An amount of CPU and memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Usage {
    /// Millicores.
    cpu: i64,
    /// Bytes.
    memory: i64,
}

impl Usage {
    /// Creates a usage from the amounts of `cpu` and `memory`; a missing amount is 0.
    fn new(amount: impl Fn(&str) -> Option<Quantity>) -> Usage {
        let amount = |name: &str| amount(name).unwrap_or(Quantity::ZERO);
        Usage { cpu: amount("cpu").milli_value(), memory: amount("memory").value() }
    }

    /// Reads a map of quantities.
    fn read(quantities: &Value) -> Usage {
        Usage::new(|name| Quantity::from_value(quantities.get(name)?).ok())
    }

    fn plus(self, other: Usage) -> Usage {
        Usage { cpu: self.cpu + other.cpu, memory: self.memory + other.memory }
    }

    fn sum<'a>(all: impl IntoIterator<Item = &'a Usage>) -> Usage {
        all.into_iter().fold(Usage::default(), |sum, used| sum.plus(*used))
    }

    /// Returns the cells of a table, `250m` and `64Mi`.
    fn cells(self) -> [String; 2] {
        [format!("{}m", self.cpu), format!("{}Mi", self.memory / (1024 * 1024))]
    }
}

/// The resource of PodMetrics objects.
const POD_METRICS: &str = "pods.metrics.k8s.io";
/// The resource of NodeMetrics objects.
const NODE_METRICS: &str = "nodes.metrics.k8s.io";

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
            ctx.hint("hint: \"kctl sim metrics POD cpu=250m memory=64Mi\" declares the usage of a pod");
            CliError::new("Metrics API not available")
        }
        other => other,
    })
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
        [name] => Ok(Some(name.clone())),
        _ => Err(ctx.usage(&format!("top {resource}"), &format!("{resource} [NAME | -l label]"))),
    }
}

/// The usage of a pod and its containers.
struct PodUsage {
    namespace: String,
    name: String,
    /// The sum over the containers.
    used: Usage,
    containers: Vec<(String, Usage)>,
}

impl PodUsage {
    /// Reads a PodMetrics object.
    fn new(metrics: &Object) -> PodUsage {
        let of_container =
            |c: &Value| (c.str("/name").to_string(), c.at("/usage").map(Usage::read).unwrap_or_default());
        let containers: Vec<(String, Usage)> = metrics.list("/containers").iter().map(of_container).collect();
        let used = Usage::sum(containers.iter().map(|(_, used)| used));
        PodUsage { namespace: metrics.namespace().into(), name: metrics.name().into(), used, containers }
    }

    /// Returns one row, or one for each container.
    fn rows(&self, with_namespace: bool, with_containers: bool) -> Vec<Vec<String>> {
        let namespace = with_namespace.then(|| self.namespace.clone());
        let lead: Vec<String> = namespace.into_iter().chain([self.name.clone()]).collect();
        match with_containers {
            false => vec![[lead, self.used.cells().to_vec()].concat()],
            true => {
                let row =
                    |(name, used): &(String, Usage)| [lead.clone(), vec![name.clone()], used.cells().to_vec()].concat();
                self.containers.iter().map(row).collect()
            }
        }
    }
}

fn pods(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let name = read_name(ctx, matches, "pod")?;
    let sort_key = read_sort_key(matches)?;
    let (all_namespaces, with_containers) = (matches.flag("all-namespaces"), matches.flag("containers"));
    let namespace = if all_namespaces { String::new() } else { ctx.namespace() };
    let path = ResourcePath::one(POD_METRICS, &namespace, name.as_deref().unwrap_or(""));
    let params = ListParams {
        labels: matches.string("selector").into(),
        fields: matches.string("field-selector").into(),
        chunk_size: 0,
    };
    let mut pods: Vec<PodUsage> = read_metrics(ctx, &path, &params)?.iter().map(|m| PodUsage::new(m)).collect();
    if pods.is_empty() {
        return report_no_metrics(ctx, &params, &namespace);
    }
    pods.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
    if let Some(key) = sort_key {
        pods.sort_by_key(|pod| std::cmp::Reverse(key(&pod.used)));
    }
    let mut table: Vec<Vec<String>> = pods.iter().flat_map(|p| p.rows(all_namespaces, with_containers)).collect();
    let mut headers = Vec::new();
    headers.extend(all_namespaces.then_some("NAMESPACE"));
    headers.extend(with_containers.then_some("POD"));
    headers.extend(["NAME", "CPU(cores)", "MEMORY(bytes)"]);
    if matches.flag("sum") {
        let lead = vec![String::new(); headers.len() - 2];
        table.push([lead.clone(), vec!["________".into(), "________".into()]].concat());
        table.push([lead, Usage::sum(pods.iter().map(|p| &p.used)).cells().to_vec()].concat());
    }
    print(ctx, matches, &headers, &table);
    Ok(())
}

/// Reports an empty list of metrics: there are no pods, they are too new, or their metrics are overdue.
fn report_no_metrics(ctx: &mut Ctx, params: &ListParams, namespace: &str) -> CliResult<()> {
    let pods = ctx.api(|client| client.list(&ResourcePath::all("pods", namespace), params))?.items;
    let now = ctx.now()?;
    for pod in &pods {
        let age = pod.time("/metadata/creationTimestamp").map_or(Duration::ZERO, |created| now - created);
        if age > METRICS_CREATION_DELAY {
            let text = format!("Metrics not available for pod {}/{}, age: {age}", pod.namespace(), pod.name());
            return Err(CliError::new(text));
        }
    }
    if !pods.is_empty() {
        return Err(CliError::new("metrics not available yet"));
    }
    ctx.print_error(match namespace {
        "" => "No resources found".to_string(),
        namespace => format!("No resources found in {namespace} namespace."),
    });
    Ok(())
}

fn nodes(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let name = read_name(ctx, matches, "node")?;
    let sort_key = read_sort_key(matches)?;
    let name = name.unwrap_or_default();
    let params = ListParams::labels(matches.string("selector"));
    let metrics = read_metrics(ctx, &ResourcePath::one(NODE_METRICS, "", &name), &params)?;
    let nodes: Vec<Arc<Object>> = match name.as_str() {
        "" => ctx.api(|client| client.list(&ResourcePath::all("nodes", ""), &params))?.items,
        name => vec![ctx.api(|client| client.get(&ResourcePath::one("nodes", "", name)))?],
    };
    let total = if matches.flag("show-capacity") { "/status/capacity" } else { "/status/allocatable" };
    let used_by = |node: &Arc<Object>| {
        let metrics = metrics.iter().find(|metrics| metrics.name() == node.name());
        metrics.and_then(|metrics| metrics.at("/usage")).map(Usage::read).unwrap_or_default()
    };
    let mut rows: Vec<(&Arc<Object>, Usage)> = nodes.iter().map(|node| (node, used_by(node))).collect();
    if let Some(key) = sort_key {
        rows.sort_by_key(|(_, used)| std::cmp::Reverse(key(used)));
    }
    let row = |(node, used): &(&Arc<Object>, Usage)| {
        let available = node.at(total).map(Usage::read).unwrap_or_default();
        let [cpu, memory] = used.cells();
        vec![
            node.name().to_string(),
            cpu,
            percent(used.cpu, available.cpu),
            memory,
            percent(used.memory, available.memory),
        ]
    };
    let table: Vec<Vec<String>> = rows.iter().map(row).collect();
    print(ctx, matches, &["NAME", "CPU(cores)", "CPU(%)", "MEMORY(bytes)", "MEMORY(%)"], &table);
    Ok(())
}

/// Formats a share of a total, rounded down to `33%`; `<unknown>` if the node does not report the total.
fn percent(part: i64, total: i64) -> String {
    match total {
        0 => "<unknown>".into(),
        total => format!("{}%", i128::from(part) * 100 / i128::from(total)),
    }
}

#[cfg(test)]
mod tests {
    use kctl_base::json::json;

    use super::*;

    #[test]
    fn usage_is_printed_in_millicores_and_mebibytes() {
        let used = Usage::read(&json!({"cpu": "0.25", "memory": "64Mi"}));
        assert_eq!(used.cells(), ["250m", "64Mi"]);
        assert_eq!((percent(1, 3), percent(1, 0)), ("33%".into(), "<unknown>".into()));
    }
}
