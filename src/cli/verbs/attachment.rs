//! The session of a terminal that `run` or `debug` attaches to a container: containers are simulated, so they read no input, and
//! what they print comes from their log.
//!
//! Upstream: `kubectl/pkg/cmd/attach/attach.go`.

use std::io::IsTerminal;

use clap::ArgMatches;

use super::logs;
use crate::args::Matches;
use crate::{CliError, CliResult, Ctx};
use kctl_base::field::quote;
use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_cluster::client::{LogStream, ResourcePath};
use kctl_cluster::{LogOptions, WaitFor};

/// The end of the messages about containers that never end by themselves.
const SIMULATED: &str = "runs on, and there is nothing to attach to: containers are simulated";

/// The flags about the streams of a container.
#[derive(Clone, Copy)]
pub(super) struct Attachment {
    stdin: bool,
    tty: bool,
    quiet: bool,
}

impl Attachment {
    /// Reads `--stdin`, `--tty` and `--quiet`.
    pub(super) fn read(matches: &ArgMatches) -> Attachment {
        Attachment { stdin: matches.flag("stdin"), tty: matches.flag("tty"), quiet: matches.flag("quiet") }
    }

    /// Prints what a running container of a pod writes until it ends. `container` is `None` for the default one.
    ///
    /// # Errors
    /// The container never ends, or the pod cannot be read.
    pub(super) fn follow(self, ctx: &mut Ctx, pod: &Object, container: Option<&str>) -> CliResult<()> {
        let Some(container) = logs::choose_container(ctx, pod, container)? else { return Ok(()) };
        let raw = self.stdin && self.tty && ctx.stdin_is_terminal();
        self.announce(ctx, raw);
        let path = ResourcePath::one("pods", pod.namespace(), pod.name());
        let mut stream = stream_of(pod, &container);
        let run = restarts(pod, &container);
        let ended = ctx.wait_until(None, WaitFor::Work, |ctx| {
            match ctx.api(|client| client.read_log(&mut stream)) {
                Ok(log) => ctx.out.push_str(&log.text),
                Err(error) if error.is_not_found() => {}
                Err(error) => return Err(error),
            }
            // The session of a pod that somebody deletes ends like that of a container.
            let ended = match ctx.api(|client| client.get_opt(&path))? {
                Some(pod) => has_terminated(&pod, &container) || restarts(&pod, &container) > run,
                None => true,
            };
            Ok(ended.then_some(()))
        })?;
        if ended.is_none() {
            return Err(CliError::new(format!("container {} of pod {} {SIMULATED}", container, quote(pod.name()))));
        }
        if raw && !self.quiet {
            let (program, name, namespace) = (ctx.program.clone(), pod.name(), pod.namespace());
            ctx.print_line(match is_ephemeral(pod, &container) {
                true => format!("Session ended, the ephemeral container will not be restarted but may be reattached using '{program} attach {name} -c {container} -n {namespace} -i -t' if it is still running"),
                false => format!("Session ended, resume using '{program} attach {name} -c {container} -n {namespace} -i -t' command"),
            });
        }
        Ok(())
    }

    /// Tells what kubectl tells before it attaches. `raw` is true when a terminal passes on every key.
    fn announce(self, ctx: &mut Ctx, raw: bool) {
        if self.quiet {
            return;
        }
        if self.stdin && self.tty && !raw {
            ctx.print_error("Unable to use a TTY - input is not a terminal or the right kind of file");
        }
        ctx.print_error("All commands and output from this session will be recorded in container logs, including credentials and sensitive information passed through the command prompt.");
        ctx.print_error("If you don't see a command prompt, try pressing enter.");
        if self.stdin {
            ctx.hint("hint: containers are simulated and read no input; Ctrl-C ends the session");
        }
    }
}

/// Prints the log of a container that has ended. `container` is `None` for the default one.
///
/// # Errors
/// The log cannot be read.
pub(super) fn print_log(ctx: &mut Ctx, pod: &Object, container: Option<&str>) -> CliResult<()> {
    let Some(container) = logs::choose_container(ctx, pod, container)? else { return Ok(()) };
    let mut stream = stream_of(pod, &container);
    let log = ctx.api(|client| client.read_log(&mut stream))?;
    ctx.out.push_str(&log.text);
    Ok(())
}

/// Returns whether a container has ended and was not started again.
pub(super) fn has_terminated(pod: &Object, container: &str) -> bool {
    status_of(pod, container).is_some_and(|status| status.at("/state/terminated").is_some())
}

/// Returns whether a container runs.
pub(super) fn is_running(pod: &Object, container: &str) -> bool {
    status_of(pod, container).is_some_and(|status| status.at("/state/running").is_some())
}

fn restarts(pod: &Object, container: &str) -> i64 {
    status_of(pod, container).and_then(|status| status.int("/restartCount")).unwrap_or(0)
}

fn status_of<'a>(pod: &'a Object, container: &str) -> Option<&'a Value> {
    let lists = ["/status/containerStatuses", "/status/ephemeralContainerStatuses"];
    lists.iter().flat_map(|list| pod.list(list)).find(|status| status.str("/name") == container)
}

fn is_ephemeral(pod: &Object, container: &str) -> bool {
    pod.list("/spec/ephemeralContainers").iter().any(|ephemeral| ephemeral.str("/name") == container)
}

fn stream_of(pod: &Object, container: &str) -> LogStream {
    let options = LogOptions { container: container.into(), ..LogOptions::default() };
    LogStream::new(pod.namespace(), pod.name(), options)
}

impl Ctx {
    /// Returns whether a person types the standard input of the command.
    fn stdin_is_terminal(&self) -> bool {
        !cfg!(test) && std::io::stdin().is_terminal()
    }
}
