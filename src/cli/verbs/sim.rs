//! `sim`: faults and measurements on purpose.
//!
//! The faults are settings of the simulation, not objects of the API; the controllers that they concern react at once.

use clap::{ArgMatches, Command};

use crate::args::{self, Matches};
use crate::{CliError, CliResult, Ctx, Verb, help};
use kctl_base::quantity::Quantity;
use kctl_base::status::Status;
use kctl_cluster::client::ResourcePath;
use kctl_cluster::simulation::{Faults, PodFault, ResourceUsage};

/// The verb and its family.
pub(super) const VERB: Verb = Verb {
    name: "sim",
    aliases: &[],
    about: "Make nodes, images and pods fail on purpose, and say what they use",
    args: |c| c,
    run: |ctx, _| Err(help::family(ctx, "sim", "Faults and measurements on purpose.", FAMILY)),
    family: FAMILY,
};

const FAMILY: &[Verb] = &[
    Verb {
        name: "node",
        aliases: &[],
        about: "Stop or start the kubelet of a node: stop|start NODE",
        args: words,
        run: node,
        family: &[],
    },
    Verb {
        name: "image",
        aliases: &[],
        about: "Make an image, or with *:TAG a tag of all images, unavailable or available: missing|present IMAGE",
        args: words,
        run: image,
        family: &[],
    },
    Verb {
        name: "pod",
        aliases: &[],
        about: "Crash a pod or change its readiness: crash|unready|ready POD",
        args: words,
        run: pod,
        family: &[],
    },
    Verb {
        name: "metrics",
        aliases: &[],
        about: "Say what a pod uses: POD cpu=250m memory=64Mi; without values it is forgotten",
        args: words,
        run: metrics,
        family: &[],
    },
    Verb { name: "show", aliases: &[], about: "Show all faults and measurements", args: |c| c, run: show, family: &[] },
];

fn words(command: Command) -> Command {
    command.arg(args::words("words"))
}

/// Exactly two words: what to do and with what.
fn two(ctx: &Ctx, matches: &ArgMatches, verb: &str, choices: &[&str]) -> CliResult<(String, String)> {
    match matches.values("words").as_slice() {
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
    ctx.say(format!("node/{name} {done}"));
    Ok(())
}

fn image(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let (what, image) = two(ctx, matches, "image", &["missing", "present"])?;
    let faults = change(ctx, |faults| match what.as_str() {
        "missing" => faults.missing_images.insert(&image),
        _ => faults.missing_images.remove(&image),
    })?;
    if let Some(tag) = faults.missing_images.tag_of(&image).filter(|_| what == "present") {
        return Err(CliError::text(format!(
            "image {image} is missing because of its tag: \"kctl sim image present *:{tag}\" makes the tag available"
        )));
    }
    ctx.say(format!("image {image} {what}"));
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
    ctx.say(format!("pod/{} {done}", key.rsplit('/').next().unwrap_or(&name)));
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
    let words = matches.values("words");
    let Some((name, values)) = words.split_first() else {
        return Err(ctx.usage("sim metrics", "a pod is required"));
    };
    let mut usage = ResourceUsage::new();
    for word in values {
        let (resource, amount) = word
            .split_once('=')
            .ok_or_else(|| CliError::text(format!("expected cpu=AMOUNT or memory=AMOUNT, got {word}")))?;
        let amount: Quantity = amount.parse().map_err(|e| CliError::text(format!("{word}: {e}")))?;
        usage.insert(resource.into(), amount);
    }
    let key = existing_pod(ctx, name)?;
    change(ctx, |faults| faults.metrics.set(&key, usage))?;
    let name = key.rsplit('/').next().unwrap_or(&key);
    ctx.say(format!("pod/{name} metrics set"));
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
        ctx.say(line.trim());
    }
    Ok(())
}
