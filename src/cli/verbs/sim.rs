//! `sim`: injects faults, declares the resource usage of pods, and shows both.
//!
//! Faults are settings of the simulation instead of objects of the API. The controllers concerned react at once.

use clap::{ArgMatches, Command};

use crate::args::{self, Matches};
use crate::printers::columns;
use crate::{CliError, CliResult, Ctx, Stream, Verb};
use kctl_base::quantity::Quantity;
use kctl_base::status::Status;
use kctl_cluster::Failure;
use kctl_cluster::client::ResourcePath;
use kctl_cluster::simulation::{Faults, PodFault, ResourceUsage};

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
        flags: positional_args,
        run: node,
        family: &[],
    },
    Verb {
        name: "image",
        aliases: &[],
        about: "Make an image, or with *:TAG a tag of all images, unavailable or available",
        long: "Make an image unavailable or available.

 Containers with an unavailable image fail to start, with ErrImagePull and then ImagePullBackOff.",
        examples: &[
            ("Make an image unavailable", "sim image missing nginx:2.0"),
            ("Make it available again", "sim image present nginx:2.0"),
        ],
        usage: "(missing | present) IMAGE",
        flags: positional_args,
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
        flags: positional_args,
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
        flags: positional_args,
        run: metrics,
        family: &[],
    },
    Verb {
        name: "show",
        aliases: &[],
        about: "Show all simulated faults and measurements, and failing reconciles",
        long: "Show all simulated faults and measurements.

 Controllers whose last reconcile of an object failed follow in a second table, with the number of failures in a \
    row, the time of the last one and its error.",
        examples: &[("Show all faults and measurements", "sim show")],
        usage: "",
        flags: |c| c,
        run: show,
        family: &[],
    },
];

fn positional_args(command: Command) -> Command {
    command.arg(args::positional("args"))
}

/// Reads the two arguments of a verb: an action, which is one of `actions`, and a name.
fn read_action(ctx: &Ctx, matches: &ArgMatches, verb: &str, actions: &[&str]) -> CliResult<(String, String)> {
    match matches.values("args").as_slice() {
        [action, name] if actions.contains(&action.as_str()) => Ok((action.clone(), name.clone())),
        _ => Err(ctx.usage(&format!("sim {verb}"), &format!("{} and a name are required", actions.join("|")))),
    }
}

fn node(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let (action, name) = read_action(ctx, matches, "node", &["stop", "start"])?;
    if ctx.api(|client| client.get_opt(&ResourcePath::one("nodes", "", &name)))?.is_none() {
        return Err(Status::not_found("", "nodes", &name).into());
    }
    update_faults(ctx, |faults| match action.as_str() {
        "stop" => drop(faults.stopped_nodes.insert(name.clone())),
        _ => drop(faults.stopped_nodes.remove(&name)),
    })?;
    let done = if action == "stop" { "stopped" } else { "started" };
    ctx.print_line(format!("node/{name} {done}"));
    Ok(())
}

fn image(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let (action, image) = read_action(ctx, matches, "image", &["missing", "present"])?;
    let faults = update_faults(ctx, |faults| match action.as_str() {
        "missing" => faults.missing_images.insert(&image),
        _ => faults.missing_images.remove(&image),
    })?;
    if let Some(tag) = faults.missing_images.tag_of(&image).filter(|_| action == "present") {
        return Err(CliError::new(format!(
            "image {image} is missing because of its tag: \"kctl sim image present *:{tag}\" makes the tag available"
        )));
    }
    ctx.print_line(format!("image {image} {action}"));
    Ok(())
}

fn pod(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let (action, name) = read_action(ctx, matches, "pod", &["crash", "unready", "ready"])?;
    let key = find_pod(ctx, &name)?;
    let fault = match action.as_str() {
        "crash" => Some(PodFault::Crash),
        "unready" => Some(PodFault::Unready),
        _ => None,
    };
    update_faults(ctx, |faults| match fault {
        Some(fault) => drop(faults.pods.insert(key.clone(), fault)),
        None => drop(faults.pods.remove(&key)),
    })?;
    let done = if action == "crash" { "crashed" } else { &action };
    ctx.print_line(format!("pod/{} {done}", key.rsplit('/').next().unwrap_or(&name)));
    Ok(())
}

/// Changes the injected faults, and returns all faults after the change.
fn update_faults(ctx: &mut Ctx, update: impl FnOnce(&mut Faults)) -> CliResult<Faults> {
    let mut console = ctx.console()?;
    let mut faults = console.faults()?;
    update(&mut faults);
    console.set_faults(&faults)?;
    Ok(faults)
}

/// Returns `namespace/name` of a pod, which an argument names as `name` or `pod/name`.
///
/// # Errors
/// The pod does not exist.
fn find_pod(ctx: &mut Ctx, arg: &str) -> CliResult<String> {
    let name = arg.rsplit('/').next().unwrap_or(arg).to_string();
    let namespace = ctx.namespace();
    if ctx.api(|client| client.get_opt(&ResourcePath::one("pods", &namespace, &name)))?.is_none() {
        return Err(Status::not_found("", "pods", &name).into());
    }
    Ok(format!("{namespace}/{name}"))
}

fn metrics(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let args = matches.values("args");
    let Some((name, values)) = args.split_first() else {
        return Err(ctx.usage("sim metrics", "a pod is required"));
    };
    let mut usage = ResourceUsage::new();
    for value in values {
        let (resource, amount) = value
            .split_once('=')
            .ok_or_else(|| CliError::new(format!("expected cpu=AMOUNT or memory=AMOUNT, got {value}")))?;
        let amount: Quantity = amount.parse().map_err(|e| CliError::new(format!("{value}: {e}")))?;
        usage.insert(resource.into(), amount);
    }
    let key = find_pod(ctx, name)?;
    update_faults(ctx, |faults| faults.metrics.set(&key, usage))?;
    let name = key.rsplit('/').next().unwrap_or(&key);
    ctx.print_line(format!("pod/{name} metrics set"));
    Ok(())
}

fn show(ctx: &mut Ctx, _: &ArgMatches) -> CliResult<()> {
    let mut console = ctx.console()?;
    let (faults, failures) = (console.faults()?, console.failures()?);
    for line in fault_lines(&faults) {
        ctx.print_line(line);
    }
    if !failures.is_empty() {
        ctx.print_line("");
    }
    for line in failure_lines(&failures) {
        ctx.print_line(line);
    }
    Ok(())
}

/// Formats the table of injected faults and declared usage.
fn fault_lines(faults: &Faults) -> Vec<String> {
    let mut rows = vec![["WHAT", "NAME", "STATE"].map(String::from)];
    rows.extend(faults.stopped_nodes.iter().map(|name| ["node".into(), name.clone(), "stopped".into()]));
    rows.extend(faults.missing_images.patterns().into_iter().map(|image| ["image".into(), image, "missing".into()]));
    rows.extend(faults.pods.iter().map(|(pod, fault)| ["pod".into(), pod.clone(), fault.as_str().into()]));
    rows.extend(faults.metrics.iter().map(|(pod, usage)| {
        let amounts: Vec<String> =
            usage.iter().map(|(metric, amount)| format!("{metric}={}", amount.canonical())).collect();
        ["metrics".into(), pod.to_string(), amounts.join(" ")]
    }));
    columns::lines(rows)
}

/// Formats the table of failing reconciles; empty without any.
fn failure_lines(failures: &[Failure]) -> Vec<String> {
    if failures.is_empty() {
        return Vec::new();
    }
    let headings = ["CONTROLLER", "KEY", "COUNT", "TIME", "ERROR"].map(String::from);
    let rows = failures.iter().map(|failure| {
        [
            failure.controller.clone(),
            failure.key.clone(),
            failure.count.to_string(),
            failure.time.rfc3339(),
            // One line a failure.
            failure.error.replace('\n', " "),
        ]
    });
    columns::lines(std::iter::once(headings).chain(rows))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::sim::Time;

    #[test]
    fn failing_reconciles_are_printed_one_a_line() {
        assert!(failure_lines(&[]).is_empty());
        let failure = Failure {
            controller: "job-controller".into(),
            key: "default/hello".into(),
            error: "forbidden:\nquota".into(),
            time: Time::parse("2026-01-01T00:00:10Z").expect("a time"),
            count: 3,
        };
        assert_eq!(
            failure_lines(&[failure]),
            [
                "CONTROLLER      KEY            COUNT  TIME                  ERROR",
                "job-controller  default/hello  3      2026-01-01T00:00:10Z  forbidden: quota",
            ]
        );
    }
}
