//! The termination message of a container (`getTerminationMessage` in `pkg/kubelet/kuberuntime`).

use kctl_base::json::Value;
use kctl_base::object::ValueRead;
use kctl_container::{NodeKind, World};

use super::config::message_path;
use super::volumes::shared;
use crate::controllers::kubelet::container_runtime::Ended;

/// Longest message from the file, in bytes (`MaxContainerTerminationMessageLength`).
const FILE_MAX: usize = 4096;
/// Longest message from the log: bytes and lines (`MaxContainerTerminationMessageLogLength`, `...LogLines`).
const LOG_MAX: usize = 2048;
const LOG_LINES: usize = 80;

/// Returns the message of a container that has ended; `None` if it has left none.
pub(super) fn of(world: &World, name: &str, spec: &Value, ended: &Ended) -> Option<String> {
    let from_file = file(world, name, message_path(spec));
    let falls_back = spec.str("/terminationMessagePolicy") == "FallbackToLogsOnError" && ended.exit_code != 0;
    match from_file {
        None if falls_back => end_of_log(ended),
        found => found,
    }
}

/// Reads the file with the message, which is not in a volume.
fn file(world: &World, name: &str, path: &str) -> Option<String> {
    let tree = world.trees.get(&format!("root/{name}"))?;
    let node = tree.node(shared::find(tree, path)?).ok()?;
    let NodeKind::File(content) = &node.kind else { return None };
    let text = String::from_utf8_lossy(content.as_slice());
    let text = &text[..text.floor_char_boundary(FILE_MAX)];
    (!text.is_empty()).then(|| text.to_owned())
}

fn end_of_log(ended: &Ended) -> Option<String> {
    let lines = &ended.output[ended.output.len().saturating_sub(LOG_LINES)..];
    let text: String = lines.iter().map(|(_, line)| format!("{line}\n")).collect();
    let text = &text[text.ceil_char_boundary(text.len().saturating_sub(LOG_MAX))..];
    (!text.is_empty()).then(|| text.to_owned())
}
