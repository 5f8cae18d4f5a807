//! `attach`, and the sessions of `run` and `debug`: the streams of the main process of a container.
//!
//! Upstream: `kubectl/pkg/cmd/attach/attach.go`.

use clap::ArgMatches;

use super::session::{self, Place};
use super::streams::Streams;
use super::target;
use crate::args::Matches;
use crate::resolve::Selection;
use crate::verbs::attachment;
use crate::{CliError, CliResult, Ctx};
use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_cluster::AttachOptions;

/// The warning that what is typed does not stay private.
const RECORDED: &str = "All commands and output from this session will be recorded in container logs, including credentials and sensitive information passed through the command prompt.";
/// The advice to someone who sees nothing.
const PRESS_ENTER: &str = "If you don't see a command prompt, try pressing enter.";

/// Runs the verb.
pub(super) fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let mut selection = Selection::from_matches(ctx, matches);
    selection.args = match selection.args.as_slice() {
        [] => return Err(ctx.usage("attach", "at least 1 argument is required for attach")),
        [name] => vec![name.clone()],
        [kind, name] => vec![format!("{kind}/{name}")],
        more => {
            let (count, words) = (more.len(), more.join(" "));
            let text = format!("expected POD, TYPE/NAME, or TYPE NAME, (at most 2 arguments) saw {count}: [{words}]");
            return Err(ctx.usage("attach", &text));
        }
    };
    let pod = target::pod_of(ctx, &selection, "attach to")?;
    target::must_run(&pod, "attach")?;
    join(ctx, Streams::read(matches), &pod, matches.value_of("container"), false)
}

/// Attaches to a container of a pod that the command has created, until it ends. `container` is `None` for the default one.
/// What the container has printed up to now comes first: a client is never slower here than a container. Of one that has ended
/// meanwhile, the log is printed.
///
/// # Errors
/// The container does not run, or nothing can happen any more (virtual time only).
pub(crate) fn attach(ctx: &mut Ctx, streams: Streams, pod: &Object, container: Option<&str>) -> CliResult<()> {
    join(ctx, streams, pod, container, true)
}

fn join(ctx: &mut Ctx, streams: Streams, pod: &Object, container: Option<&str>, from_start: bool) -> CliResult<()> {
    let name = target::container_of(ctx, pod, container, streams.quiet)?;
    let has_tty = find(pod, &name).is_some_and(|container| container.flag("/tty"));
    if streams.tty && !has_tty && !streams.quiet {
        ctx.print_error(format!("error: Unable to use a TTY - container {name} did not allocate one"));
    }
    let (streams, input) = Streams { tty: has_tty, ..streams }.open(ctx)?;
    let size = ctx.in_size().filter(|_| streams.tty);
    let options = AttachOptions { container: name.clone(), stdin: streams.stdin, tty: streams.tty, size };
    let log = if from_start { attachment::read_log(ctx, pod, &name)? } else { String::new() };
    let opened = ctx.api(|client| client.attach(pod.namespace(), pod.name(), &options));
    let opened = match opened.map_err(session::without_status) {
        Err(CliError::Failed(_)) if from_start => return attachment::print_log(ctx, pod, Some(&name), true),
        opened => opened,
    };
    if !streams.quiet {
        ctx.print_error(RECORDED);
        ctx.print_error(PRESS_ENTER);
    }
    ctx.out.push_str(&log);
    session::follow(ctx, Place { pod, container: &name }, |_| opened, input, &mut session::print)?;
    if streams.tty && !streams.quiet {
        let (program, pod_name, namespace) = (ctx.program.clone(), pod.name(), pod.namespace());
        let again = format!("{program} attach {pod_name} -c {name} -n {namespace} -i -t");
        ctx.print_line(match is_ephemeral(pod, &name) {
            true => format!("Session ended, the ephemeral container will not be restarted but may be reattached using '{again}' if it is still running"),
            false => format!("Session ended, resume using '{again}' command"),
        });
    }
    Ok(())
}

/// Returns the specification of a container.
fn find<'a>(pod: &'a Object, name: &str) -> Option<&'a Value> {
    let lists = ["/spec/containers", "/spec/initContainers", "/spec/ephemeralContainers"];
    lists.iter().flat_map(|list| pod.list(list)).find(|container| container.str("/name") == name)
}

fn is_ephemeral(pod: &Object, container: &str) -> bool {
    pod.list("/spec/ephemeralContainers").iter().any(|ephemeral| ephemeral.str("/name") == container)
}
