//! `top`: what pods and nodes use, as far as `sim metrics` has said.

use std::sync::Arc;

use clap::{ArgMatches, Command};
use serde_json::{Map, Value};

use crate::api::Request;
use crate::cli::args::{self, Matches, groups};
use crate::cli::{CliError, CliResult, Ctx, Verb, help};
use crate::machinery::object::{Meta, Object, Reading};
use crate::machinery::quantity::Quantity;
use crate::printers::table::print_rows;

/// The verb and its family.
pub(super) const VERB: Verb = Verb {
    name: "top",
    aliases: &[],
    about: "Display resource (CPU/memory) usage",
    args: |c| c,
    run: |ctx, _| Err(help::family(ctx, "top", "Display resource (CPU/memory) usage.", VERB.family)),
    family: &[
        Verb {
            name: "node",
            aliases: &["nodes", "no"],
            about: "Display resource (CPU/memory) usage of nodes",
            args: flags,
            run: nodes,
            family: &[],
        },
        Verb {
            name: "pod",
            aliases: &["pods", "po"],
            about: "Display resource (CPU/memory) usage of pods",
            args: |c| {
                groups::all_namespaces(groups::fields(flags(c)))
                    .arg(args::switch("containers", "a row for each container"))
                    .arg(args::switch("sum", "a last row with the sum"))
            },
            run: pods,
            family: &[],
        },
    ],
};

/// The row of the store in which measurements are kept, by `namespace/name`.
const METRICS: &str = "setting/metrics";

fn flags(command: Command) -> Command {
    groups::labels(groups::words(command))
        .arg(args::switch("no-headers", "print no headings"))
        .arg(args::text("sort-by", "order by cpu or memory, the largest first"))
        .arg(args::switch("use-protocol-buffers", "accepted; nothing is sent"))
        .arg(args::switch("show-capacity", "of nodes: percentages of the capacity instead of what is allocatable"))
        .arg(args::switch("show-swap", "accepted; swap is not simulated"))
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
    fn read(entry: &Value) -> Usage {
        let amount = |name: &str| entry.get(name).and_then(|v| Quantity::from_value(v).ok()).unwrap_or(Quantity::ZERO);
        Usage { cpu: amount("cpu").milli_value(), memory: amount("memory").value() }
    }

    fn plus(self, other: Usage) -> Usage {
        Usage { cpu: self.cpu + other.cpu, memory: self.memory + other.memory }
    }

    /// `250m` and `64Mi`.
    fn cells(self) -> [String; 2] {
        [format!("{}m", self.cpu), format!("{}Mi", self.memory / (1024 * 1024))]
    }
}

/// All measurements; without any there is nothing that could be asked.
fn measured(ctx: &mut Ctx) -> CliResult<Map<String, Value>> {
    let row = ctx.cluster()?.server().row(METRICS)?;
    match row.and_then(|r| r.as_object().cloned()).filter(|m| !m.is_empty()) {
        Some(map) => Ok(map),
        None => {
            ctx.hint("hint: kctl sim metrics POD cpu=250m memory=64Mi says what a pod uses");
            Err(CliError::text("Metrics API not available"))
        }
    }
}

fn order(matches: &ArgMatches, rows: &mut [(Vec<String>, Usage)]) -> CliResult<()> {
    match matches.value("sort-by") {
        "" => {}
        "cpu" => rows.sort_by_key(|(_, used)| std::cmp::Reverse(used.cpu)),
        "memory" => rows.sort_by_key(|(_, used)| std::cmp::Reverse(used.memory)),
        _ => return Err(CliError::text("--sort-by accepts only cpu or memory")),
    }
    Ok(())
}

fn print(ctx: &mut Ctx, matches: &ArgMatches, headers: &[&str], rows: &[Vec<String>]) -> CliResult<()> {
    let headers: Vec<String> = headers.iter().map(ToString::to_string).collect();
    let mut text = Vec::new();
    let headers = (!matches.on("no-headers")).then_some(headers.as_slice());
    print_rows(headers, rows, &mut text).map_err(|e| CliError::text(e.to_string()))?;
    ctx.out.push_str(&String::from_utf8_lossy(&text));
    Ok(())
}

/// The one name that may be given.
fn name(matches: &ArgMatches, what: &str) -> CliResult<Option<String>> {
    match matches.values("words").as_slice() {
        [] => Ok(None),
        [_] if !matches.value("selector").is_empty() => {
            Err(CliError::text("only one of NAME or selector can be provided"))
        }
        [name] => Ok(Some(name.clone())),
        _ => Err(CliError::text(format!("only one {what} can be named"))),
    }
}

fn pods(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let name = name(matches, "pod")?;
    let everywhere = matches.on("all-namespaces");
    let namespace = if everywhere { String::new() } else { ctx.namespace() };
    let metrics = measured(ctx)?;
    let pods: Vec<Arc<Object>> = match &name {
        Some(name) => vec![ctx.call(&Request::get("pods", &namespace, name))?.object],
        None => {
            let list = Request::list("pods", &namespace);
            let list = list.labels(matches.value("selector")).fields(matches.value("field-selector"));
            ctx.call(&list)?.items
        }
    };
    let now = ctx.now()?;
    let mut rows = Vec::new();
    for pod in &pods {
        let key = format!("{}/{}", pod.namespace(), pod.name());
        let Some(entry) = metrics.get(&key).filter(|_| pod.str("/status/phase") == "Running") else {
            if name.is_some() {
                let age = crate::kinds::age(pod, now);
                return Err(CliError::text(format!("Metrics not available for pod {key}, age: {age}")));
            }
            continue;
        };
        rows.extend(pod_rows(pod, Usage::read(entry), matches.on("containers"), everywhere));
    }
    if rows.is_empty() {
        let text = if everywhere {
            "No resources found".into()
        } else {
            format!("No resources found in {namespace} namespace.")
        };
        ctx.complain(text);
        return Ok(());
    }
    order(matches, &mut rows)?;
    let sum = rows.iter().fold(Usage::default(), |sum, (_, used)| sum.plus(*used));
    let mut headers = Vec::new();
    if everywhere {
        headers.push("NAMESPACE");
    }
    headers.extend(if matches.on("containers") { vec!["POD", "NAME"] } else { vec!["NAME"] });
    let cells = headers.len();
    headers.extend(["CPU(cores)", "MEMORY(bytes)"]);
    let mut table: Vec<Vec<String>> =
        rows.into_iter().map(|(row, used)| [row, used.cells().to_vec()].concat()).collect();
    if matches.on("sum") {
        table.push([vec![String::new(); cells], vec!["________".into(), "________".into()]].concat());
        table.push([vec![String::new(); cells], sum.cells().to_vec()].concat());
    }
    print(ctx, matches, &headers, &table)
}

/// The rows of a pod: one, or one for each container, among which the measurement is divided evenly.
fn pod_rows(pod: &Object, used: Usage, containers: bool, everywhere: bool) -> Vec<(Vec<String>, Usage)> {
    let mut lead = Vec::new();
    if everywhere {
        lead.push(pod.namespace().to_string());
    }
    lead.push(pod.name().to_string());
    if !containers {
        return vec![(lead, used)];
    }
    let all = pod.list("/spec/containers");
    let count = i64::try_from(all.len()).unwrap_or(1).max(1);
    let share = Usage { cpu: used.cpu / count, memory: used.memory / count };
    all.iter().map(|c| ([lead.clone(), vec![c.str("/name").to_string()]].concat(), share)).collect()
}

fn nodes(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let name = name(matches, "node")?;
    let metrics = measured(ctx)?;
    let nodes: Vec<Arc<Object>> = match &name {
        Some(name) => vec![ctx.call(&Request::get("nodes", "", name))?.object],
        None => ctx.call(&Request::list("nodes", "").labels(matches.value("selector")))?.items,
    };
    let total = if matches.on("show-capacity") { "capacity" } else { "allocatable" };
    let mut rows = Vec::new();
    for node in &nodes {
        let pods = ctx.call(&Request::list("pods", "").fields(&format!("spec.nodeName={}", node.name())))?.items;
        let mut used = Usage::default();
        for pod in pods.iter().filter(|p| p.str("/status/phase") == "Running") {
            if let Some(entry) = metrics.get(&format!("{}/{}", pod.namespace(), pod.name())) {
                used = used.plus(Usage::read(entry));
            }
        }
        let there = Usage::read(node.pointer(&format!("/status/{total}")).unwrap_or(&Value::Null));
        let percent = |part: i64, whole: i64| match whole {
            0 => "<unknown>".to_string(),
            whole => format!("{}%", i128::from(part) * 100 / i128::from(whole)),
        };
        let [cpu, memory] = used.cells();
        let row = vec![
            node.name().to_string(),
            cpu,
            percent(used.cpu, there.cpu),
            memory,
            percent(used.memory, there.memory),
        ];
        rows.push((row, used));
    }
    order(matches, &mut rows)?;
    let table: Vec<Vec<String>> = rows.into_iter().map(|(row, _)| row).collect();
    print(ctx, matches, &["NAME", "CPU(cores)", "CPU(%)", "MEMORY(bytes)", "MEMORY(%)"], &table)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn usage_is_shown_in_thousandths_and_mebibytes() {
        let used = Usage::read(&json!({"cpu": "0.25", "memory": "64Mi"}));
        assert_eq!(used.cells(), ["250m", "64Mi"]);
        let pod = json!({"metadata": {"name": "a", "namespace": "x"}, "spec": {"containers": [{"name": "c"}, {"name": "d"}]}});
        assert_eq!(pod_rows(&pod, used, true, true).len(), 2);
    }
}
