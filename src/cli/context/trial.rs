//! Trials: the cluster of a command as a future of which nothing is kept.

use super::Ctx;
use crate::{CliError, CliResult};
use kctl_base::sim::Duration;
use kctl_cluster::Cluster;
use kctl_cluster::trial::TrialRecord;

impl Ctx {
    /// Begins a trial of at most `span` in virtual time, for a user who may use the console of the simulation.
    ///
    /// # Errors
    /// As for [`Ctx::client`] and [`Ctx::console`].
    pub(crate) fn begin_trial(&mut self, span: Duration) -> CliResult<()> {
        if self.client.as_mut().is_some_and(|client| client.transport().is_shared()) {
            // Time has passed in it, which must not be kept either.
            self.client = None;
        }
        match &mut self.client {
            Some(client) => client.transport().begin_trial(span)?,
            None => {
                let cluster = Cluster::open_for_trial(self.open_options()?, span)?;
                self.client = Some(self.new_client(cluster)?);
            }
        }
        let allowed = self.console().map(drop);
        if allowed.is_err() {
            self.end_trial()?;
        }
        allowed
    }

    /// Returns what has happened in the trial since the last call.
    ///
    /// # Errors
    /// There is none, or the store cannot be read.
    pub(crate) fn take_trial_record(&mut self) -> CliResult<TrialRecord> {
        let record = self.client()?.transport().take_trial_record()?;
        record.ok_or_else(|| CliError::new("no trial is running"))
    }

    /// Ends the trial. A cluster that was opened for it is closed.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(crate) fn end_trial(&mut self) -> CliResult<()> {
        let Some(client) = &mut self.client else { return Ok(()) };
        client.transport().end_trial()?;
        if client.transport().is_shared() {
            self.client = None;
        }
        Ok(())
    }
}
