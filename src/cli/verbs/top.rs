//! `top`: what pods and nodes use, as far as `sim metrics` or the annotation `kctl.dev/metrics` of a pod has said.
//!
//! Nothing is measured: without a word about any pod there is no metrics API, as on a cluster without a metrics server.

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
use kctl_cluster::api::Request;
use kctl_cluster::controllers::horizontal_pod_autoscaler::metrics::{self, ANNOTATION};

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
            flags,
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

/// The row of the store in which measurements are kept, by `namespace/name`; it wins over the annotation of a pod.
const METRICS: &str = "setting/metrics";
/// How long a new pod may be without measurements before that is worth a word.
const DELAY: Duration = Duration::from_secs(2 * 60);

fn flags(command: Command) -> Command {
    groups::labels(groups::args(command))
        .arg(args::switch("no-headers", "Print no headers."))
        .arg(args::text("sort-by", "Sort by this measurement, largest first. One of: (cpu, memory)."))
        .arg(
            args::switch("use-protocol-buffers", "Accepted for compatibility; client and server are one program.")
                .help_default("true"),
        )
        .arg(args::switch(
            "show-capacity",
            "Print the usage of nodes as a percentage of their capacity instead of what is allocatable.",
        ))
        .arg(args::switch("show-swap", "Accepted for compatibility; swap is not simulated."))
}

/// What something uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Usage {
    /// Thousandths of a processor.
    cpu: i64,
    /// Bytes.
    memory: i64,
}

impl Usage {
    fn new(amount: impl Fn(&str) -> Option<Quantity>) -> Usage {
        let amount = |name: &str| amount(name).unwrap_or(Quantity::ZERO);
        Usage { cpu: amount("cpu").milli_value(), memory: amount("memory").value() }
    }

    fn read(entry: &Value) -> Usage {
        Usage::new(|name| Quantity::from_value(entry.get(name)?).ok())
    }

    fn plus(self, other: Usage) -> Usage {
        Usage { cpu: self.cpu + other.cpu, memory: self.memory + other.memory }
    }

    fn sum<'a>(all: impl IntoIterator<Item = &'a Usage>) -> Usage {
        all.into_iter().fold(Usage::default(), |sum, used| sum.plus(*used))
    }

    /// `250m` and `64Mi`.
    fn cells(self) -> [String; 2] {
        [format!("{}m", self.cpu), format!("{}Mi", self.memory / (1024 * 1024))]
    }
}

/// All that was said about running pods.
struct Measured {
    row: Option<Value>,
}

impl Measured {
    /// Reads the measurements; without any there is nothing that could be asked.
    fn open(ctx: &mut Ctx) -> CliResult<Measured> {
        let server = ctx.cluster()?.server();
        let row = server.row(METRICS)?.filter(|row| row.as_object().is_some_and(|all| !all.is_empty()));
        if row.is_none() && !server.read_all("pods", None)?.iter().any(|p| p.annotation(ANNOTATION).is_some()) {
            ctx.hint("hint: kctl sim metrics POD cpu=250m memory=64Mi says what a pod uses");
            return Err(CliError::new("Metrics API not available"));
        }
        Ok(Measured { row })
    }

    /// What a pod uses, while it runs.
    fn of(&self, pod: &Object) -> Option<Usage> {
        if pod.str("/status/phase") != "Running" {
            return None;
        }
        let said = metrics::of_pod(pod, self.row.as_ref());
        (!said.is_empty()).then(|| Usage::new(|name| said.get(name).copied()))
    }
}

/// A value by which rows are ordered, the largest first.
type SortKey = fn(&Usage) -> i64;

/// What `--sort-by` says; without it rows are ordered by name.
fn sort_key(matches: &ArgMatches) -> CliResult<Option<SortKey>> {
    match matches.string("sort-by") {
        "" => Ok(None),
        "cpu" => Ok(Some(|used| used.cpu)),
        "memory" => Ok(Some(|used| used.memory)),
        _ => Err(CliError::new("--sort-by accepts only cpu or memory")),
    }
}

/// Prints a table, every cell of which ends in a tab as kubectl's do.
fn print(ctx: &mut Ctx, matches: &ArgMatches, headers: &[&str], rows: &[Vec<String>]) {
    let mut text = String::new();
    let headers = (!matches.flag("no-headers")).then(|| headers.iter().map(ToString::to_string).collect());
    for row in headers.iter().chain(rows) {
        row.iter().for_each(|cell| text.push_str(&format!("{cell}\t")));
        text.push('\n');
    }
    ctx.out.push_str(&tabwriter::align(&text, GET));
}

/// The one name that may be given.
fn name(ctx: &Ctx, matches: &ArgMatches, what: &str) -> CliResult<Option<String>> {
    match matches.values("args").as_slice() {
        [] => Ok(None),
        [_] if !matches.string("selector").is_empty() || !SharedFlags(matches).string("field-selector").is_empty() => {
            let flag = if what == "node" { "--selector" } else { "selector" };
            Err(CliError::new(format!("only one of NAME or {flag} can be provided")))
        }
        [name] => Ok(Some(name.clone())),
        _ => Err(ctx.usage(&format!("top {what}"), &format!("{what} [NAME | -l label]"))),
    }
}

/// A pod with its containers and what they use.
struct PodUsage {
    namespace: String,
    name: String,
    used: Usage,
    /// Among them the measurement of the pod is divided evenly.
    containers: Vec<(String, Usage)>,
}

impl PodUsage {
    fn new(pod: &Object, used: Usage) -> PodUsage {
        let all = pod.list("/spec/containers");
        let count = i64::try_from(all.len()).unwrap_or(1).max(1);
        let share = Usage { cpu: used.cpu / count, memory: used.memory / count };
        let containers = all.iter().map(|c| (c.str("/name").to_string(), share)).collect();
        PodUsage { namespace: pod.namespace().into(), name: pod.name().into(), used, containers }
    }

    /// One row, or one for each container.
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
    let name = name(ctx, matches, "pod")?;
    let sort_key = sort_key(matches)?;
    let (everywhere, with_containers) = (matches.flag("all-namespaces"), matches.flag("containers"));
    let namespace = if everywhere { String::new() } else { ctx.namespace() };
    let measured = Measured::open(ctx)?;
    let found = match &name {
        Some(name) => vec![named_pod(ctx, &measured, &namespace, name)?],
        None => {
            let list = Request::list("pods", &namespace);
            ctx.call(&list.labels(matches.string("selector")).fields(matches.string("field-selector")))?.items
        }
    };
    let mut pods: Vec<PodUsage> = found.iter().filter_map(|p| Some(PodUsage::new(p, measured.of(p)?))).collect();
    if pods.is_empty() {
        return nothing_measured(ctx, &found, &namespace);
    }
    pods.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
    if let Some(key) = sort_key {
        pods.sort_by_key(|pod| std::cmp::Reverse(key(&pod.used)));
    }
    let mut table: Vec<Vec<String>> = pods.iter().flat_map(|p| p.rows(everywhere, with_containers)).collect();
    let mut headers = Vec::new();
    headers.extend(everywhere.then_some("NAMESPACE"));
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

/// A pod by name; what is not measured is not known to the metrics API.
fn named_pod(ctx: &mut Ctx, measured: &Measured, namespace: &str, name: &str) -> CliResult<Arc<Object>> {
    let pod = ctx.call(&Request::get("pods", namespace, name));
    match pod {
        Ok(pod) if measured.of(&pod.object).is_some() => Ok(pod.object),
        Err(error) if !error.is_not_found() => Err(error),
        _ => Err(Status::not_found("metrics.k8s.io", "podmetrics", &format!("{namespace}/{name}")).into()),
    }
}

/// No measurements: because there are no pods, or they are too new, or they should have some by now.
fn nothing_measured(ctx: &mut Ctx, pods: &[Arc<Object>], namespace: &str) -> CliResult<()> {
    let now = ctx.now()?;
    for pod in pods {
        let age = pod.time("/metadata/creationTimestamp").map_or(Duration::ZERO, |made| now - made);
        if age > DELAY {
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
    let name = name(ctx, matches, "node")?;
    let sort_key = sort_key(matches)?;
    let measured = Measured::open(ctx)?;
    let nodes: Vec<Arc<Object>> = match &name {
        Some(name) => match ctx.call(&Request::get("nodes", "", name)) {
            Ok(response) => vec![response.object],
            Err(error) if error.is_not_found() => {
                return Err(Status::not_found("metrics.k8s.io", "nodemetrics", name).into());
            }
            Err(error) => return Err(error),
        },
        None => ctx.call(&Request::list("nodes", "").labels(matches.string("selector")))?.items,
    };
    let total = if matches.flag("show-capacity") { "/status/capacity" } else { "/status/allocatable" };
    let mut rows = Vec::new();
    for node in &nodes {
        let pods = ctx.cluster()?.server().read_index_of("node", node.name(), "pods", None)?;
        let used: Vec<Usage> = pods.iter().filter_map(|pod| measured.of(pod)).collect();
        rows.push((node, Usage::sum(&used)));
    }
    if let Some(key) = sort_key {
        rows.sort_by_key(|(_, used)| std::cmp::Reverse(key(used)));
    }
    let row = |(node, used): &(&Arc<Object>, Usage)| {
        let there = node.at(total).map(Usage::read).unwrap_or_default();
        let [cpu, memory] = used.cells();
        vec![node.name().to_string(), cpu, percent(used.cpu, there.cpu), memory, percent(used.memory, there.memory)]
    };
    let table: Vec<Vec<String>> = rows.iter().map(row).collect();
    print(ctx, matches, &["NAME", "CPU(cores)", "CPU(%)", "MEMORY(bytes)", "MEMORY(%)"], &table);
    Ok(())
}

/// The whole percents of a total; a node that says nothing of itself has none.
fn percent(part: i64, whole: i64) -> String {
    match whole {
        0 => "<unknown>".into(),
        whole => format!("{}%", i128::from(part) * 100 / i128::from(whole)),
    }
}

#[cfg(test)]
mod tests {
    use kctl_base::json::json;

    use super::*;
    use crate::testing::{Session, check};

    #[test]
    fn usage_is_shown_in_thousandths_and_mebibytes() {
        let used = Usage::read(&json!({"cpu": "0.25", "memory": "64Mi"}));
        assert_eq!(used.cells(), ["250m", "64Mi"]);
        let measured = |annotation: &str, setting: Value| {
            let pod = json!({"metadata": {"namespace": "n", "name": "p", "annotations": {ANNOTATION: annotation}},
                             "status": {"phase": "Running"}});
            Measured { row: Some(json!({"n/p": setting})) }.of(&pod)
        };
        assert_eq!(measured("cpu=250m,memory=64Mi", json!({})), Some(used));
        assert_eq!(measured("cpu=1,memory=64Mi", json!({"cpu": "250m"})), Some(used), "what is set wins, name by name");
        assert_eq!(measured("cpu=x, memory", json!({})), None);
        assert_eq!((percent(1, 3), percent(1, 0)), ("33%".into(), "<unknown>".into()));
    }

    #[test]
    fn pods_and_nodes_use_what_was_said() {
        let mut session = Session::new();
        session.write(
            "pods.yaml",
            "{apiVersion: v1, kind: Pod, metadata: {name: two, annotations: {kctl.dev/metrics: 'cpu=1,memory=100Mi'}}, spec: {nodeName: k8s-node1, containers: [{name: a, image: nginx}, {name: b, image: nginx}]}}\n---\n{apiVersion: v1, kind: Pod, metadata: {name: silent}, spec: {nodeName: k8s-node1, containers: [{name: a, image: nginx}]}}\n",
        );
        assert_eq!(session.run("top pod"), "! error: Metrics API not available\n= 1\n");
        session.run("create -f FOLDER/pods.yaml");
        assert_eq!(session.run("top pod"), "! error: metrics not available yet\n= 1\n");
        session.run("run web --image=nginx:1.25");
        session.run("clock advance 10s");
        session.run("sim metrics web cpu=250m memory=64Mi");
        check(
            &mut session,
            &[
                (
                    "top pods",
                    "NAME   CPU(cores)   MEMORY(bytes)   \ntwo    1000m        100Mi           \nweb    250m         64Mi            \n",
                ),
                ("top pod -l run=web --no-headers", "web   250m   64Mi   \n"),
                (
                    "top pod --containers --sum",
                    "POD   NAME   CPU(cores)   MEMORY(bytes)   \ntwo   a      500m         50Mi            \ntwo   b      500m         50Mi            \nweb   web    250m         64Mi            \n             ________     ________        \n             1250m        164Mi           \n",
                ),
                ("top pod web -A --sort-by=disk", "! error: --sort-by accepts only cpu or memory\n= 1\n"),
                (
                    "top pod silent",
                    "! Error from server (NotFound): podmetrics.metrics.k8s.io \"default/silent\" not found\n= 1\n",
                ),
                ("top pod -n kube-node-lease", "! No resources found in kube-node-lease namespace.\n"),
                (
                    "top node nope",
                    "! Error from server (NotFound): nodemetrics.metrics.k8s.io \"nope\" not found\n= 1\n",
                ),
                (
                    "top pod a b",
                    "! error: pod [NAME | -l label]\n! See 'kubectl top pod -h' for help and examples\n= 1\n",
                ),
            ],
        );
        let nodes = session.run("top node --sort-by=memory --no-headers");
        assert!(nodes.starts_with("k8s-node1"), "{nodes}");
        session.run("clock advance 5m");
        let aged = session.run("top pod -l run!=web --field-selector=metadata.name=silent");
        assert!(aged.starts_with("! error: Metrics not available for pod default/silent, age: 5m"), "{aged}");
    }
}
