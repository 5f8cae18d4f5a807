//! `debug`: adds a container to a pod, creates a changed copy of it, or creates a pod on a node.
//!
//! Upstream: `kubectl/pkg/cmd/debug/debug.go`.

mod options;
mod pods;
mod profile;

use clap::ArgMatches;

use super::attachment;
use super::remote::{Streams, attach as attach_to};
use crate::resolve::{Item, Selection, resolve};
use crate::{CliError, CliResult, Ctx, Verb, scheme};
use kctl_base::field::quote;
use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::patch::{FieldType, three_way};
use kctl_base::schema::Schema;
use kctl_cluster::client::{DeleteParams, Patch, ResourcePath, WriteParams};
use kctl_cluster::{PatchType, WaitFor};
use options::Options;

/// The `debug` verb.
pub(super) const VERB: Verb = Verb {
    name: "debug",
    aliases: &[],
    about: "Create debugging sessions for troubleshooting workloads and nodes",
    long: "Debug pods and nodes with containers of their own.

 A pod gets an ephemeral container beside those that run, or with --copy-to a copy with another container, image or \
    command. On a node, a pod is created that can reach what the node has, with its files below /host. With --stdin and \
    --tty, the command attaches to the container.",
    examples: &[
        ("Add a container to the pod web and attach to it", "debug web -it --image=busybox"),
        ("Create a copy of the pod with another image", "debug web --copy-to=web-debug --set-image=*=busybox"),
        ("Create a pod on a node and attach to it", "debug node/k8s-node1 -it --image=busybox"),
    ],
    usage: "(POD | TYPE[[.VERSION].GROUP]/NAME) [ -- COMMAND [args...] ]",
    flags: options::flags,
    run,
    family: &[],
};

fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let options = Options::read(ctx, matches)?;
    let mut selection = Selection::from_matches(ctx, matches);
    for word in selection.args.iter_mut().filter(|word| !word.contains('/')) {
        *word = format!("pods/{word}");
    }
    let resolved = resolve(ctx, &selection)?;
    CliError::all(resolved.errors)?;
    for item in &resolved.items {
        let target = item.fetch(ctx)?;
        scheme::check(&target)?;
        let (pod, container) = match item.resource().as_str() {
            "nodes" => on_node(ctx, &options, &target)?,
            "pods" if options.copy_to.is_empty() => in_pod(ctx, &options, item, &target)?,
            "pods" => as_copy(ctx, &options, &target)?,
            _ => {
                let names = item.kind.names();
                let kind = format!("{}/{}, Kind={}", names.group, names.version, names.kind);
                return Err(CliError::new(format!("{} not supported by debug", quote(&kind))));
            }
        };
        if options.attach && !container.is_empty() {
            attach(ctx, Streams::read(matches), &pod, &container)?;
        }
    }
    Ok(())
}

/// Creates a pod on a node.
fn on_node(ctx: &mut Ctx, options: &Options, node: &Object) -> CliResult<(Object, String)> {
    let namespace = ctx.namespace();
    let prefix = format!("node-debugger-{}-", node.name());
    for counter in 0.. {
        let name = numbered(ctx, &prefix, counter)?;
        let pod = pods::for_node(options, node.name(), &name)?;
        let container = pod.str("/spec/containers/0/name").to_owned();
        let created = create(ctx, &namespace, pod);
        if matches!(&created, Err(CliError::Status(status)) if status.is_already_exists()) {
            continue;
        }
        if !options.quiet {
            let node = node.name();
            ctx.print_line(format!("Creating debugging pod {name} with container {container} on node {node}."));
        }
        return Ok((created?, container));
    }
    Err(CliError::new(NO_NAME))
}

/// The error when all names are taken.
const NO_NAME: &str = "no name is free";

/// Adds an ephemeral container to a pod.
fn in_pod(ctx: &mut Ctx, options: &Options, item: &Item, pod: &Object) -> CliResult<(Object, String)> {
    let name = container_name(ctx, options, pod)?;
    let new = pods::with_ephemeral(options, pod, &name)?;
    let added = new.list("/spec/ephemeralContainers").last().cloned().unwrap_or_default();
    warn_of_user(ctx, &added, pod);
    let root = FieldType::Object(Schema::builtin().root("", "v1", "Pod").unwrap_or_default().into());
    let patch = three_way::create_two_way(Schema::builtin(), &root, pod, &new);
    let patch = Patch::Value(PatchType::Strategic, patch.map_err(|error| CliError::new(error.to_string()))?);
    let path = item.path().subresource("ephemeralcontainers");
    let patched = ctx.api(|client| client.patch(&path, patch, &WriteParams::default()))?;
    Ok(((*patched).clone(), name))
}

/// Creates a changed copy of a pod. The name of the container is empty when only images change.
fn as_copy(ctx: &mut Ctx, options: &Options, pod: &Object) -> CliResult<(Object, String)> {
    let mut copy = pods::copy_of(options, pod);
    let is_new = pods::place_of(&copy, &options.container).is_none();
    let name = match is_new {
        false => options.container.clone(),
        true if !options.image.is_empty() => container_name(ctx, options, &copy)?,
        true if !options.set_images.is_empty() => String::new(),
        true => return Err(CliError::new("you must specify image when creating new container")),
    };
    if !name.is_empty() {
        let container = pods::change_container(options, &mut copy, &name)?;
        warn_of_user(ctx, &container, &copy);
    }
    let created = create(ctx, pod.namespace(), copy)?;
    if options.replace {
        let path = ResourcePath::one("pods", pod.namespace(), pod.name());
        ctx.api(|client| client.delete(&path, &DeleteParams { grace: Some(0), ..DeleteParams::default() }))?;
    }
    Ok((created, name))
}

fn create(ctx: &mut Ctx, namespace: &str, pod: Object) -> CliResult<Object> {
    let path = ResourcePath::all("pods", namespace);
    Ok((*ctx.api(|client| client.create(&path, pod, &WriteParams::default()))?).clone())
}

/// Returns `--container`, or a name that no container of the pod has.
fn container_name(ctx: &mut Ctx, options: &Options, pod: &Object) -> CliResult<String> {
    if !options.container.is_empty() {
        return Ok(options.container.clone());
    }
    let lists = ["/spec/containers", "/spec/initContainers", "/spec/ephemeralContainers"];
    let taken: Vec<&str> = lists.iter().flat_map(|list| pod.list(list)).map(|c| c.str("/name")).collect();
    for counter in 0.. {
        let name = numbered(ctx, "debugger-", counter)?;
        if taken.contains(&name.as_str()) {
            continue;
        }
        if !options.quiet {
            ctx.print_line(format!("Defaulting debug container name to {name}."));
        }
        return Ok(name);
    }
    Err(CliError::new(NO_NAME))
}

/// Returns one of the names with a prefix and a random suffix, by its number.
fn numbered(ctx: &mut Ctx, prefix: &str, counter: u64) -> CliResult<String> {
    let ids = ctx.client()?.transport().ids();
    Ok(format!("{prefix}{}", ids.suffix("debug", prefix, counter, 5)))
}

/// Warns that capabilities may have no effect for the user of the pod.
fn warn_of_user(ctx: &mut Ctx, container: &Value, pod: &Object) {
    let is_other = |object: &Value, field: &str| object.int(field).is_some_and(|user| user != 0);
    let is_root = container.int("/securityContext/runAsUser") == Some(0);
    let has_more = container.flag("/securityContext/privileged")
        || !container.list("/securityContext/capabilities/add").is_empty();
    if is_other(pod, "/spec/securityContext/runAsUser") && !is_root && has_more {
        ctx.print_error("Warning: Non-root user is configured for the entire target Pod, and some capabilities granted by debug profile may not work. Please consider using \"--custom\" with a custom profile that specifies \"securityContext.runAsUser: 0\".");
    }
}

/// Waits until a container runs or has ended, and prints what it writes until it ends.
///
/// # Errors
/// The container never starts or never ends.
fn attach(ctx: &mut Ctx, streams: Streams, pod: &Object, container: &str) -> CliResult<()> {
    let path = ResourcePath::one("pods", pod.namespace(), pod.name());
    let started = ctx.wait_until(None, WaitFor::Work, |ctx| {
        let pod = ctx.api(|client| client.get(&path))?;
        let has_started = attachment::is_running(&pod, container) || attachment::has_terminated(&pod, container);
        Ok(has_started.then_some(pod))
    })?;
    match started {
        Some(pod) if attachment::has_terminated(&pod, container) => {
            attachment::print_log(ctx, &pod, Some(container), streams.quiet)
        }
        Some(pod) => attach_to(ctx, streams, &pod, Some(container)),
        None => Err(CliError::new(format!("container {container} does not start"))),
    }
}
