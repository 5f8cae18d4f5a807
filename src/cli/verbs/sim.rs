//! `sim`: faults and measurements on purpose.
//!
//! A fault is a row of settings in the store; the controllers that it concerns are woken at once.

use clap::{ArgMatches, Command};

use crate::args::{self, Matches};
use crate::{CliError, CliResult, Ctx, Stream, Verb};
use kctl_base::json::{self, Map, Value, json};
use kctl_base::object::{ObjectMeta, ValueRead};
use kctl_base::quantity::Quantity;
use kctl_base::status::Status;
use kctl_cluster::controllers::kubelet::DEFAULT_MISSING;

/// The `sim` verb with its subcommands.
pub(super) const VERB: Verb = Verb {
    name: "sim",
    aliases: &[],
    about: "Simulate faults of nodes, images and pods, and the load of pods",
    long: "Simulate faults of nodes, images and pods, and the load of pods.

 A fault stays until it is removed. Nothing of it is visible in the specification of objects: the controllers \
    have to find out, as in a real cluster.",
    examples: &[],
    usage: "SUBCOMMAND",
    flags: |c| c,
    run: |_, _| Err(CliError::MissingSubcommand(Stream::Err)),
    family: FAMILY,
};

const FAMILY: &[Verb] = &[
    Verb {
        name: "node",
        aliases: &[],
        about: "Stop or start the kubelet of a node",
        long: "Stop or start the kubelet of a node.

 A stopped kubelet renews no lease and reports no status, so that the node becomes NotReady and its pods are \
    evicted after their tolerations end.",
        examples: &[
            ("Stop the kubelet of a node", "sim node stop k8s-node1"),
            ("Start it again", "sim node start k8s-node1"),
        ],
        usage: "(stop | start) NODE",
        flags: words,
        run: node,
        family: &[],
    },
    Verb {
        name: "image",
        aliases: &[],
        about: "Make an image unavailable or available",
        long: "Make an image unavailable or available.

 Containers with an unavailable image fail to start, with ErrImagePull and then ImagePullBackOff.",
        examples: &[
            ("Make an image unavailable", "sim image missing nginx:2.0"),
            ("Make it available again", "sim image present nginx:2.0"),
        ],
        usage: "(missing | present) IMAGE",
        flags: words,
        run: image,
        family: &[],
    },
    Verb {
        name: "pod",
        aliases: &[],
        about: "Crash a pod or change its readiness",
        long: "Crash the containers of a pod, or make its readiness probes fail or succeed.",
        examples: &[
            ("Let the containers of a pod exit with an error", "sim pod crash web-0"),
            ("Make the readiness of a pod fail", "sim pod unready web-0"),
        ],
        usage: "(crash | unready | ready) POD",
        flags: words,
        run: pod,
        family: &[],
    },
    Verb {
        name: "metrics",
        aliases: &[],
        about: "Set the resources that a pod uses",
        long: "Set the CPU and memory that a pod uses, which 'top' shows and autoscalers see.

 Without values the measurement is removed.",
        examples: &[
            ("Let a pod use a quarter of a CPU and 64 MiB", "sim metrics web-0 cpu=250m memory=64Mi"),
            ("Remove the measurement", "sim metrics web-0"),
        ],
        usage: "POD [cpu=QUANTITY] [memory=QUANTITY]",
        flags: words,
        run: metrics,
        family: &[],
    },
    Verb {
        name: "show",
        aliases: &[],
        about: "Show all simulated faults and measurements",
        long: "Show all simulated faults and measurements.",
        examples: &[("Show all faults and measurements", "sim show")],
        usage: "",
        flags: |c| c,
        run: show,
        family: &[],
    },
];

const STOPPED: &str = "setting/node-stopped";
const MISSING: &str = "setting/images-missing";
const FAULTS: &str = "setting/pod-faults";
const METRICS: &str = "setting/metrics";

fn words(command: Command) -> Command {
    command.arg(args::positional("args"))
}

/// Exactly two words: what to do and with what.
fn two(ctx: &Ctx, matches: &ArgMatches, verb: &str, choices: &[&str]) -> CliResult<(String, String)> {
    match matches.values("args").as_slice() {
        [what, name] if choices.contains(&what.as_str()) => Ok((what.clone(), name.clone())),
        _ => Err(ctx.usage(&format!("sim {verb}"), &format!("{} and a name are required", choices.join("|")))),
    }
}

fn node(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let (what, name) = two(ctx, matches, "node", &["stop", "start"])?;
    let cluster = ctx.cluster()?;
    if cluster.server().read("nodes", "", &name)?.is_none() {
        return Err(Status::not_found("", "nodes", &name).into());
    }
    let mut stopped = list(cluster.server().row(STOPPED)?);
    stopped.retain(|n| *n != name);
    if what == "stop" {
        stopped.push(name.clone());
    }
    cluster.server().set_row(STOPPED, (!stopped.is_empty()).then(|| json!(stopped)));
    // The node's controller tells the kubelet, which has slept, and its pods.
    cluster.wake("node-lifecycle-controller", &format!("/{name}"))?;
    let done = if what == "stop" { "stopped" } else { "started" };
    ctx.print_line(format!("node/{name} {done}"));
    Ok(())
}

fn image(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let (what, image) = two(ctx, matches, "image", &["missing", "present"])?;
    let server = ctx.cluster()?.server();
    let known = server.row(MISSING)?;
    let mut missing = match known {
        Some(known) => list(Some(known)),
        None => DEFAULT_MISSING.iter().map(|i| i.to_string()).collect(),
    };
    missing.retain(|i| *i != image);
    if what == "missing" {
        missing.push(image.clone());
    }
    server.set_row(MISSING, Some(json!(missing)));
    ctx.print_line(format!("image {image} {what}"));
    Ok(())
}

fn pod(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let (what, name) = two(ctx, matches, "pod", &["crash", "unready", "ready"])?;
    let key = existing_pod(ctx, &name)?;
    let cluster = ctx.cluster()?;
    let mut faults = map(cluster.server().row(FAULTS)?);
    faults.remove(&key);
    if what != "ready" {
        faults.insert(key.clone(), what.as_str().into());
    }
    cluster.server().set_row(FAULTS, (!faults.is_empty()).then_some(Value::Object(faults)));
    cluster.wake("kubelet", &key)?;
    let done = if what == "crash" { "crashed" } else { &what };
    ctx.print_line(format!("pod/{} {done}", key.rsplit('/').next().unwrap_or(&name)));
    Ok(())
}

/// `namespace/name` of a pod that exists; the name may be written `pod/name`.
fn existing_pod(ctx: &mut Ctx, word: &str) -> CliResult<String> {
    let name = word.rsplit('/').next().unwrap_or(word).to_string();
    let namespace = ctx.namespace();
    if ctx.cluster()?.server().read("pods", &namespace, &name)?.is_none() {
        return Err(Status::not_found("", "pods", &name).into());
    }
    Ok(format!("{namespace}/{name}"))
}

fn metrics(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let words = matches.values("args");
    let Some((name, values)) = words.split_first() else {
        return Err(ctx.usage("sim metrics", "a pod is required"));
    };
    let mut used = Map::new();
    for word in values {
        let (resource, amount) = word
            .split_once('=')
            .ok_or_else(|| CliError::new(format!("expected cpu=AMOUNT or memory=AMOUNT, got {word}")))?;
        let amount: Quantity = amount.parse().map_err(|e| CliError::new(format!("{word}: {e}")))?;
        used.insert(resource, amount.canonical().into());
    }
    let key = existing_pod(ctx, name)?;
    let cluster = ctx.cluster()?;
    let mut all = map(cluster.server().row(METRICS)?);
    all.remove(&key);
    if !used.is_empty() {
        all.insert(key.clone(), Value::Object(used));
    }
    cluster.server().set_row(METRICS, (!all.is_empty()).then_some(Value::Object(all)));
    let (namespace, name) = key.split_once('/').unwrap_or(("", &key));
    for autoscaler in cluster.server().read_all("horizontalpodautoscalers.autoscaling", Some(namespace))? {
        cluster.wake("horizontal-pod-autoscaler", &format!("{namespace}/{}", autoscaler.name()))?;
    }
    ctx.print_line(format!("pod/{name} metrics set"));
    Ok(())
}

fn show(ctx: &mut Ctx, _: &ArgMatches) -> CliResult<()> {
    let server = ctx.cluster()?.server();
    let stopped = list(server.row(STOPPED)?);
    let missing = server.row(MISSING)?;
    let missing = missing.map_or_else(|| DEFAULT_MISSING.iter().map(|i| i.to_string()).collect(), |m| list(Some(m)));
    let faults = map(server.row(FAULTS)?);
    let metrics = map(server.row(METRICS)?);
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(["WHAT", "NAME", "STATE"]);
    for name in stopped {
        table.add_row(["node".to_string(), name, "stopped".into()]);
    }
    for image in missing {
        table.add_row(["image".to_string(), image, "missing".into()]);
    }
    for (pod, fault) in faults {
        table.add_row(["pod".to_string(), pod.to_string(), fault.as_str().unwrap_or("").to_string()]);
    }
    for (pod, used) in metrics {
        let used: Vec<String> = used.strings("").iter().map(|(k, v)| format!("{k}={v}")).collect();
        table.add_row(["metrics".to_string(), pod.to_string(), used.join(" ")]);
    }
    for line in table.lines() {
        ctx.print_line(line.trim());
    }
    Ok(())
}

fn list(row: Option<Value>) -> Vec<String> {
    row.and_then(|v| json::from_value(&v).ok()).unwrap_or_default()
}

fn map(row: Option<Value>) -> Map {
    row.and_then(|v| json::from_value(&v).ok()).unwrap_or_default()
}
