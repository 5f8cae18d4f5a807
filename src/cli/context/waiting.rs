//! Waits of a command for changes on the server.

use std::ops::ControlFlow;

use super::Ctx;
use crate::CliResult;
use kctl_base::sim::Time;
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
}
