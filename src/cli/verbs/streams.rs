//! The checks that `exec`, `attach`, `cp` and `port-forward` make before they open a stream. Containers are simulated, so the stream
//! itself is refused.
//!
//! Upstream: `kubectl/pkg/cmd/exec`, `attach`, `cp` and `portforward`.

use clap::ArgMatches;

use super::logs;
use super::refused::{NOTHING_RUNS, refuse};
use crate::args::Matches;
use crate::resolve::{Selection, resolve};
use crate::{CliError, CliResult, Ctx, scheme};
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_kinds::core::pod::is_terminal;

/// Checks an `exec`.
pub(super) fn exec(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let mut selection = Selection::from_matches(ctx, matches);
    let command = matches.values("command-words");
    if selection.args.is_empty() && !selection.has_files() {
        let text = match command.is_empty() {
            true => {
                return Err(ctx.usage("exec", "expected 'exec (POD | TYPE/NAME) [-c CONTAINER] [flags] -- COMMAND [args...]'.\nPOD or TYPE/NAME and COMMAND are required arguments for the exec command"));
            }
            false => "pod, type/name or --filename must be specified",
        };
        return Err(CliError::new(text));
    }
    if selection.args.len() > 1 && command.is_empty() {
        let text = "exec [POD] [COMMAND] is not supported anymore. Use exec [POD] -- [COMMAND] instead";
        return Err(ctx.usage("exec", text));
    }
    if command.is_empty() {
        return Err(CliError::new("you must specify at least one command for the container"));
    }
    selection.args.truncate(1);
    if selection.has_files() {
        selection.args.clear();
    }
    let pod = pod_of(ctx, &selection, "exec into")?;
    if is_terminal(&pod) {
        let phase = pod.str("/status/phase");
        let text = format!("cannot exec into a container in a completed pod; current phase is {phase}");
        return Err(CliError::new(text));
    }
    logs::choose_container(ctx, &pod, matches.value_of("container"))?;
    refuse("exec", NOTHING_RUNS)
}

/// Checks an `attach`.
pub(super) fn attach(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let mut selection = Selection::from_matches(ctx, matches);
    selection.args = match selection.args.as_slice() {
        [] => return Err(ctx.usage("attach", "at least 1 argument is required for attach")),
        [name] => vec![name.clone()],
        [kind, name] => vec![format!("{kind}/{name}")],
        more => {
            let text = format!(
                "expected POD, TYPE/NAME, or TYPE NAME, (at most 2 arguments) saw {}: [{}]",
                more.len(),
                more.join(" ")
            );
            return Err(ctx.usage("attach", &text));
        }
    };
    let pod = pod_of(ctx, &selection, "attach to")?;
    if is_terminal(&pod) {
        let phase = pod.str("/status/phase");
        let text = format!("cannot attach a container in a completed pod; current phase is {phase}");
        return Err(CliError::new(text));
    }
    logs::choose_container(ctx, &pod, matches.value_of("container"))?;
    refuse("attach", NOTHING_RUNS)
}

/// Returns the pod that a command line names, or one of the workload that it names.
fn pod_of(ctx: &mut Ctx, selection: &Selection, action: &str) -> CliResult<Object> {
    let args = selection.args.iter();
    let args = args.map(|word| if word.contains('/') { word.clone() } else { format!("pods/{word}") }).collect();
    let resolved = resolve(ctx, &Selection { args, ..selection.clone() })?;
    CliError::all(resolved.errors)?;
    let [item] = resolved.items.as_slice() else {
        return Err(CliError::new(format!("cannot {action} multiple objects at a time")));
    };
    let object = item.fetch(ctx)?;
    scheme::check(&object)?;
    let pods = logs::pods_behind(ctx, item, &object, false, "attach to")?;
    pods.into_iter().next().ok_or_else(|| CliError::new("timed out waiting for the condition"))
}

/// A file of a pod, or a local one.
struct FileSpec {
    namespace: Option<String>,
    pod: String,
    path: String,
}

impl FileSpec {
    /// Reads `[[NAMESPACE/]POD:]PATH` (`extractFileSpec`).
    fn read(text: &str) -> CliResult<FileSpec> {
        let Some((place, path)) = text.split_once(':').filter(|(place, _)| !place.starts_with(['.', '/'])) else {
            return Ok(FileSpec { namespace: None, pod: String::new(), path: text.into() });
        };
        let wrong = || CliError::new("filespec must match the canonical format: [[namespace/]pod:]file/path");
        let parts: Vec<&str> = place.split('/').collect();
        let (namespace, pod) = match parts.as_slice() {
            [pod] => (None, *pod),
            [namespace, pod] => (Some(namespace.to_string()), *pod),
            _ => return Err(wrong()),
        };
        match pod.is_empty() {
            true => Err(wrong()),
            false => Ok(FileSpec { namespace, pod: pod.into(), path: path.into() }),
        }
    }
}

/// Checks a `cp`.
pub(super) fn cp(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let words = matches.values("args");
    let [source, target] = words.as_slice() else {
        return Err(ctx.usage("cp", "source and destination are required"));
    };
    let (source, target) = (FileSpec::read(source)?, FileSpec::read(target)?);
    let remote = match (source.pod.is_empty(), target.pod.is_empty()) {
        (false, false) => return Err(CliError::new("one of src or dest must be a local file specification")),
        (true, true) => return Err(CliError::new("one of src or dest must be a remote file specification")),
        _ if source.path.is_empty() || target.path.is_empty() => {
            return Err(CliError::new("filepath can not be empty"));
        }
        (false, true) => source,
        (true, false) if !std::path::Path::new(&source.path).exists() => {
            return Err(CliError::new(format!("{} doesn't exist in local filesystem", source.path)));
        }
        (true, false) => target,
    };
    let mut selection = Selection::from_matches(ctx, matches);
    selection.args = vec![remote.pod];
    if let Some(namespace) = remote.namespace {
        selection.namespace = namespace;
    }
    let pod = pod_of(ctx, &selection, "exec into")?;
    logs::choose_container(ctx, &pod, matches.value_of("container"))?;
    refuse("cp", "containers are simulated, they have no files")
}

/// Checks a `port-forward`.
pub(super) fn port_forward(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let selection = Selection::from_matches(ctx, matches);
    let [name, ports @ ..] = selection.args.as_slice() else {
        return Err(ctx.usage("port-forward", "TYPE/NAME and list of ports are required for port-forward"));
    };
    if ports.is_empty() {
        return Err(ctx.usage("port-forward", "TYPE/NAME and list of ports are required for port-forward"));
    }
    let named = Selection { args: vec![name.clone()], ..selection.clone() };
    let pod = pod_of(ctx, &named, "forward to")?;
    // The ports of a service are looked up by its own rules.
    if !name.starts_with("svc/") && !name.starts_with("service") {
        for port in ports {
            check_port(&pod, port.rsplit(':').next().unwrap_or(port))?;
        }
    }
    if pod.str("/status/phase") != "Running" {
        let phase = pod.str("/status/phase");
        let text = format!("unable to forward port because pod is not running. Current status={phase}");
        return Err(CliError::new(text));
    }
    refuse("port-forward", "pods are simulated, nothing listens on their ports")
}

/// Checks that a port is a number or the name of a port of the pod.
fn check_port(pod: &Object, port: &str) -> CliResult<()> {
    let has = |container: &kctl_base::json::Value| container.list("/ports").iter().any(|p| p.str("/name") == port);
    if port.parse::<u64>().is_ok() || pod.list("/spec/containers").iter().any(has) {
        return Ok(());
    }
    Err(CliError::new(format!("Pod '{}' does not have a named port '{port}'", pod.name())))
}
