//! `sim`: faults and measurements on purpose.
//!
//! The faults are settings of the simulation, not objects of the API; the controllers that they concern react at once.

use clap::{ArgMatches, Command};

use crate::args::{self, Matches};
use crate::{CliError, CliResult, Ctx, Stream, Verb};
use kctl_base::quantity::Quantity;
use kctl_base::status::Status;
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
        flags: words,
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
    if ctx.api(|client| client.get_opt(&ResourcePath::one("nodes", "", &name)))?.is_none() {
        return Err(Status::not_found("", "nodes", &name).into());
    }
    change(ctx, |faults| match what.as_str() {
        "stop" => drop(faults.stopped_nodes.insert(name.clone())),
        _ => drop(faults.stopped_nodes.remove(&name)),
    })?;
    let done = if what == "stop" { "stopped" } else { "started" };
    ctx.print_line(format!("node/{name} {done}"));
    Ok(())
}

fn image(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let (what, image) = two(ctx, matches, "image", &["missing", "present"])?;
    let faults = change(ctx, |faults| match what.as_str() {
        "missing" => faults.missing_images.insert(&image),
        _ => faults.missing_images.remove(&image),
    })?;
    if let Some(tag) = faults.missing_images.tag_of(&image).filter(|_| what == "present") {
        return Err(CliError::new(format!(
            "image {image} is missing because of its tag: \"kctl sim image present *:{tag}\" makes the tag available"
        )));
    }
    ctx.print_line(format!("image {image} {what}"));
    Ok(())
}

fn pod(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let (what, name) = two(ctx, matches, "pod", &["crash", "unready", "ready"])?;
    let key = existing_pod(ctx, &name)?;
    let fault = match what.as_str() {
        "crash" => Some(PodFault::Crash),
        "unready" => Some(PodFault::Unready),
        _ => None,
    };
    change(ctx, |faults| match fault {
        Some(fault) => drop(faults.pods.insert(key.clone(), fault)),
        None => drop(faults.pods.remove(&key)),
    })?;
    let done = if what == "crash" { "crashed" } else { &what };
    ctx.print_line(format!("pod/{} {done}", key.rsplit('/').next().unwrap_or(&name)));
    Ok(())
}

/// Changes the injected faults; returns them as they are then.
fn change(ctx: &mut Ctx, change: impl FnOnce(&mut Faults)) -> CliResult<Faults> {
    let mut console = ctx.console()?;
    let mut faults = console.faults()?;
    change(&mut faults);
    console.set_faults(&faults)?;
    Ok(faults)
}

/// `namespace/name` of a pod that exists; the name may be written `pod/name`.
fn existing_pod(ctx: &mut Ctx, word: &str) -> CliResult<String> {
    let name = word.rsplit('/').next().unwrap_or(word).to_string();
    let namespace = ctx.namespace();
    if ctx.api(|client| client.get_opt(&ResourcePath::one("pods", &namespace, &name)))?.is_none() {
        return Err(Status::not_found("", "pods", &name).into());
    }
    Ok(format!("{namespace}/{name}"))
}

fn metrics(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let words = matches.values("args");
    let Some((name, values)) = words.split_first() else {
        return Err(ctx.usage("sim metrics", "a pod is required"));
    };
    let mut usage = ResourceUsage::new();
    for word in values {
        let (resource, amount) = word
            .split_once('=')
            .ok_or_else(|| CliError::new(format!("expected cpu=AMOUNT or memory=AMOUNT, got {word}")))?;
        let amount: Quantity = amount.parse().map_err(|e| CliError::new(format!("{word}: {e}")))?;
        usage.insert(resource.into(), amount);
    }
    let key = existing_pod(ctx, name)?;
    change(ctx, |faults| faults.metrics.set(&key, usage))?;
    let name = key.rsplit('/').next().unwrap_or(&key);
    ctx.print_line(format!("pod/{name} metrics set"));
    Ok(())
}

fn show(ctx: &mut Ctx, _: &ArgMatches) -> CliResult<()> {
    let faults = ctx.console()?.faults()?;
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(["WHAT", "NAME", "STATE"]);
    for name in faults.stopped_nodes {
        table.add_row(["node".to_string(), name, "stopped".into()]);
    }
    for image in faults.missing_images.patterns() {
        table.add_row(["image".to_string(), image, "missing".into()]);
    }
    for (pod, fault) in faults.pods {
        table.add_row(["pod", &pod, fault.as_str()]);
    }
    for (pod, usage) in faults.metrics.iter() {
        let usage: Vec<String> =
            usage.iter().map(|(metric, amount)| format!("{metric}={}", amount.canonical())).collect();
        table.add_row(["metrics", pod, &usage.join(" ")]);
    }
    for line in table.lines() {
        ctx.print_line(line.trim());
    }
    Ok(())
}
