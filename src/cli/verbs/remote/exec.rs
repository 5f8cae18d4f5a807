//! `exec`: runs a command in a container.
//!
//! Upstream: `kubectl/pkg/cmd/exec/exec.go`.

use clap::ArgMatches;

use super::input::Input;
use super::session::{self, Place, Sink};
use super::streams::Streams;
use super::target;
use crate::args::Matches;
use crate::resolve::Selection;
use crate::{CliError, CliResult, Ctx};
use kctl_base::object::{Object, ObjectMeta};
use kctl_cluster::ExecOptions;
use kctl_container::Status;

/// The message about a command line that names no command.
const EXPECTED: &str = "expected 'exec (POD | TYPE/NAME) [-c CONTAINER] [flags] -- COMMAND [args...]'.\nPOD or TYPE/NAME and COMMAND are required arguments for the exec command";

/// Runs the verb.
pub(super) fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let mut selection = Selection::from_matches(ctx, matches);
    let command = matches.values("command-words");
    if selection.args.is_empty() && !selection.has_files() {
        return Err(match command.is_empty() {
            true => ctx.usage("exec", EXPECTED),
            false => CliError::new("pod, type/name or --filename must be specified"),
        });
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
    let pod = target::pod_of(ctx, &selection, "exec into")?;
    target::must_run(&pod, "exec into")?;
    let container = target::container_of(ctx, &pod, matches.value_of("container"), matches.flag("quiet"))?;
    let (streams, input) = Streams::read(matches).open(ctx)?;
    let size = ctx.in_size().filter(|_| streams.tty);
    let options = ExecOptions { container, command, stdin: streams.stdin, tty: streams.tty, size };
    let status = start(ctx, &pod, &options, input, &mut session::print)?;
    session::result_of(status)
}

/// Runs a command in a container, and returns how it has ended.
///
/// # Errors
/// The command cannot be started, or `sink` fails.
pub(super) fn start(
    ctx: &mut Ctx,
    pod: &Object,
    options: &ExecOptions,
    input: Input,
    sink: Sink<'_>,
) -> CliResult<Status> {
    let open = |ctx: &mut Ctx| {
        let opened = ctx.api(|client| client.exec(pod.namespace(), pod.name(), options));
        opened.map_err(session::without_status)
    };
    session::follow(ctx, Place { pod, container: &options.container }, open, input, sink)
}
