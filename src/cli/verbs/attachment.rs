//! What `run` and `debug` ask about a container before they attach to it.

use super::logs;
use crate::{CliResult, Ctx};
use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_cluster::LogOptions;
use kctl_cluster::client::LogStream;

/// Prints the log of a container that has ended. `container` is `None` for the default one.
///
/// # Errors
/// The log cannot be read.
pub(super) fn print_log(ctx: &mut Ctx, pod: &Object, container: Option<&str>, is_quiet: bool) -> CliResult<()> {
    let Some(container) = logs::choose_container(ctx, pod, container, is_quiet)? else { return Ok(()) };
    let log = read_log(ctx, pod, &container)?;
    ctx.out.push_str(&log);
    Ok(())
}

/// Returns what a container has printed up to now.
///
/// # Errors
/// The log cannot be read.
pub(super) fn read_log(ctx: &mut Ctx, pod: &Object, container: &str) -> CliResult<String> {
    let options = LogOptions { container: container.into(), ..LogOptions::default() };
    let mut stream = LogStream::new(pod.namespace(), pod.name(), options);
    Ok(ctx.api(|client| client.read_log(&mut stream))?.text)
}

/// Returns whether a container has ended and was not started again.
pub(super) fn has_terminated(pod: &Object, container: &str) -> bool {
    status_of(pod, container).is_some_and(|status| status.at("/state/terminated").is_some())
}

/// Returns whether a container runs.
pub(super) fn is_running(pod: &Object, container: &str) -> bool {
    status_of(pod, container).is_some_and(|status| status.at("/state/running").is_some())
}

fn status_of<'a>(pod: &'a Object, container: &str) -> Option<&'a Value> {
    let lists = ["/status/containerStatuses", "/status/ephemeralContainerStatuses"];
    lists.iter().flat_map(|list| pod.list(list)).find(|status| status.str("/name") == container)
}
