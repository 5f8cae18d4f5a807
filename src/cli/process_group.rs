//! Groups of processes that end together with this process.

use std::io;
use std::process::Child;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::process::{Pid, Signal, kill_process_group};

/// The groups that live.
static GROUPS: Mutex<Vec<Pid>> = Mutex::new(Vec::new());

fn lock() -> MutexGuard<'static, Vec<Pid>> {
    GROUPS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The group of a process that leads one. It is killed when a signal ends this process.
pub(crate) struct ProcessGroup(Pid);

impl ProcessGroup {
    /// Starts a process that leads a group, and returns both.
    ///
    /// # Errors
    /// The process cannot be started.
    pub(crate) fn of(start: impl FnOnce() -> io::Result<Child>) -> io::Result<(ProcessGroup, Child)> {
        // A signal finds the group in the list, or the process is not started.
        let mut groups = lock();
        let child = start()?;
        let id = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let id = id.ok_or_else(|| io::Error::other("the process has no valid id"))?;
        groups.push(id);
        Ok((ProcessGroup(id), child))
    }

    /// Kills all processes of the group.
    pub(crate) fn kill(&self) {
        kill(self.0);
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        lock().retain(|id| *id != self.0);
    }
}

/// Kills all groups, before this process ends. No further one can be started.
pub(crate) fn kill_all() {
    let groups = lock();
    groups.iter().for_each(|id| kill(*id));
    std::mem::forget(groups);
}

fn kill(group: Pid) {
    // Fails if all of its processes have ended.
    let _ = kill_process_group(group, Signal::KILL);
}
