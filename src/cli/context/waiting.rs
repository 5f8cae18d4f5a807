//! Waits of a command for changes on the server.

use std::ops::ControlFlow;

use super::Ctx;
use crate::{CliError, CliResult};
use kctl_base::sim::Time;
use kctl_base::status::Reason;
use kctl_cluster::client::Watch;
use kctl_cluster::{WaitFor, WaitOutcome, WatchEvent};

impl Ctx {
    /// Flushes the output and blocks until something may have changed, at most until `deadline`.
    ///
    /// # Errors
    /// As for [`Ctx::flush`], or a failure of the store.
    pub(crate) fn wait(&mut self, deadline: Option<Time>, wait_for: WaitFor) -> CliResult<WaitOutcome> {
        self.flush()?;
        Ok(self.client()?.wait(deadline, wait_for)?)
    }

    /// Calls `check` after each change until it returns a value. Returns `None` if the deadline passes or nothing can
    /// change any more.
    ///
    /// # Errors
    /// Those of `check` and of [`Ctx::wait`].
    pub(crate) fn wait_until<T>(
        &mut self,
        deadline: Option<Time>,
        wait_for: WaitFor,
        mut check: impl FnMut(&mut Ctx) -> CliResult<Option<T>>,
    ) -> CliResult<Option<T>> {
        loop {
            if let Some(value) = check(self)? {
                return Ok(Some(value));
            }
            if self.wait(deadline, wait_for)? != WaitOutcome::Progress {
                return check(self);
            }
        }
    }

    /// Calls `handle` for each further event of a watch until it breaks. Returns `None` if the deadline passes or nothing
    /// can change any more.
    ///
    /// # Errors
    /// Those of `handle` and of [`Ctx::wait`], or the status with which the server ends the watch.
    pub(crate) fn follow<T>(
        &mut self,
        watch: &mut Watch,
        deadline: Option<Time>,
        wait_for: WaitFor,
        mut handle: impl FnMut(&mut Ctx, WatchEvent) -> CliResult<ControlFlow<T>>,
    ) -> CliResult<Option<T>> {
        loop {
            let outcome = self.wait(deadline, wait_for)?;
            for event in self.api(|client| client.poll(watch))? {
                if let ControlFlow::Break(value) = handle(self, event)? {
                    return Ok(Some(value));
                }
            }
            if outcome != WaitOutcome::Progress {
                return Ok(None);
            }
        }
    }

    /// Calls `watch`, which lists objects and watches them, and again whenever the server no longer has the changes since
    /// then, as an informer lists again. A time limit is the business of `watch`.
    ///
    /// # Errors
    /// Those of `watch`, other than that the changes are gone.
    pub(crate) fn relist_when_expired<T>(&mut self, mut watch: impl FnMut(&mut Ctx) -> CliResult<T>) -> CliResult<T> {
        loop {
            match watch(self) {
                Err(CliError::Status(status)) if status.reason == Reason::Expired => {}
                result => return result,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::status::Status;
    use kctl_cluster::{Cluster, OpenOptions};

    #[test]
    fn a_watch_is_begun_again_while_its_changes_are_gone() {
        let cluster = Cluster::open(OpenOptions::memory(7)).expect("a cluster in memory opens");
        let mut ctx = Ctx::captured(&[], cluster);
        for (reason, expected) in [(Reason::Expired, 3), (Reason::NotFound, 1)] {
            let mut calls = 0;
            let result: CliResult<i32> = ctx.relist_when_expired(|_| {
                calls += 1;
                if calls == 3 { Ok(calls) } else { Err(Status::new(reason, "").into()) }
            });
            assert_eq!((calls, result.is_ok()), (expected, reason == Reason::Expired));
        }
    }
}
