//! Waiting for another process to commit something.

use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use notify::{RecursiveMode, Watcher as _};

use super::state::State;
use crate::store::StoreError;

/// How often to look where the system cannot tell of changes.
const POLL: Duration = Duration::from_millis(200);

/// Sleeps until the state is not `seen` any more, at most for `timeout`; answers whether it is not.
pub(super) fn until_changed(dir: &Path, seen: Option<State>, timeout: Duration) -> Result<bool, StoreError> {
    let start = Instant::now();
    let (sender, changes) = mpsc::channel();
    let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        // Looking at the state is an event too, and must not lead to looking again.
        if event.is_ok_and(|e| e.kind.is_modify() || e.kind.is_create() || e.kind.is_remove()) {
            // Nobody listens any more once the waiting is over.
            sender.send(()).unwrap_or_default();
        }
    });
    let watching = watcher.and_then(|mut w| w.watch(dir, RecursiveMode::NonRecursive).map(|()| w));
    let longest = if watching.is_ok() { timeout } else { POLL };
    // Looked at only now, so that nothing can happen between looking and watching.
    while State::read(dir) == seen {
        let left = timeout.saturating_sub(start.elapsed());
        if left.is_zero() {
            return Ok(false);
        }
        match changes.recv_timeout(left.min(longest)) {
            Ok(()) | Err(mpsc::RecvTimeoutError::Timeout) => {}
            // Without a watcher the sender is gone at once.
            Err(mpsc::RecvTimeoutError::Disconnected) => std::thread::sleep(left.min(longest)),
        }
    }
    drop(watching);
    Ok(true)
}
