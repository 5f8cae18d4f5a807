//! Waiting for a commit by another process.

use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use notify::{RecursiveMode, Watcher as _};

use super::commit_counter::CommitCounter;

/// The polling interval where the system cannot report changes.
const POLL_INTERVAL: Duration = Duration::from_millis(200);

/// Sleeps until the commit counter differs from `observed`, for at most `timeout`. Returns false after the timeout.
pub(super) fn until_changed(dir: &Path, observed: Option<CommitCounter>, timeout: Duration) -> bool {
    let start = Instant::now();
    let (sender, changes) = mpsc::channel();
    let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        // Reading the counter is an event as well and must not trigger another read.
        if event.is_ok_and(|e| e.kind.is_modify() || e.kind.is_create() || e.kind.is_remove()) {
            // The receiver is dropped once the wait is over.
            sender.send(()).unwrap_or_default();
        }
    });
    let watching = watcher.and_then(|mut w| w.watch(dir, RecursiveMode::NonRecursive).map(|()| w));
    let longest = if watching.is_ok() { timeout } else { POLL_INTERVAL };
    // The first read comes after the start of the watch, so that no commit in between is missed.
    while CommitCounter::read(dir) == observed {
        let left = timeout.saturating_sub(start.elapsed());
        if left.is_zero() {
            return false;
        }
        match changes.recv_timeout(left.min(longest)) {
            Ok(()) | Err(mpsc::RecvTimeoutError::Timeout) => {}
            // Without a watcher the sender has been dropped.
            Err(mpsc::RecvTimeoutError::Disconnected) => std::thread::sleep(left.min(longest)),
        }
    }
    drop(watching);
    true
}
