//! Trials: futures of a cluster in virtual time of which nothing is kept, and what happened in them.
//!
//! A trial works on the rows that the cluster has; what is written stays in memory and is gone with the trial. So nothing on
//! disk changes, whatever happens to the process. The changes and the refused requests of a trial are recorded.

mod effects;
mod fields;
mod obstacles;
mod pods;
mod record;
mod report;
#[cfg(test)]
mod tests;
mod unfinished;

pub use effects::{Effect, ObjectEffect};
pub use fields::FieldChange;
pub use obstacles::{Obstacle, ObstacleKind};
pub use pods::{Fewest, PodChange, WorkloadPods};
pub use record::{Refusal, TrialRecord};
pub use report::Report;
pub use unfinished::Unfinished;

use crate::api::{Request, Response, Result};
use crate::cluster::Cluster;
use crate::error::ClusterError;
use crate::location::Location;
use crate::options::{Backend, OpenOptions};
use crate::store::{StoreDir, StoreError};
use kctl_base::sim::{ClockMode, Duration, Time};

/// The number of recorded changes, each of some kilobytes, with which a trial may go on.
const CHANGES_MAX: usize = 200_000;

/// A trial that is running.
pub(crate) struct Trial {
    /// The time that is not passed.
    ends_at: Time,
    record: TrialRecord,
}

impl Cluster {
    /// Opens a cluster for a trial of at most `span` and begins it at the present; the clock is virtual from then on. Where
    /// there is no cluster yet, the trial is one of a new cluster, which is not created.
    ///
    /// # Errors
    /// As [`Cluster::open`].
    pub fn open_for_trial(options: OpenOptions, span: Duration) -> std::result::Result<Cluster, ClusterError> {
        let mut location = Location::new(existing(options)?)?;
        let mut store = location.open_store()?;
        store.begin_trial();
        let mut cluster = Cluster::start(location, store)?;
        cluster.begin_record(span)?;
        Ok(cluster)
    }

    /// Begins a trial of at most `span`, after a commit of what has not been committed yet.
    ///
    /// # Errors
    /// As [`Cluster::open`] and [`Cluster::commit`].
    pub fn begin_trial(&mut self, span: Duration) -> std::result::Result<(), ClusterError> {
        self.commit()?;
        self.server.begin_trial();
        self.reload()?;
        self.begin_record(span)?;
        Ok(())
    }

    /// Returns what has happened in the trial since the last call; `None` outside of one.
    ///
    /// # Errors
    /// A store that cannot be read.
    pub fn take_trial_record(&mut self) -> Result<Option<TrialRecord>> {
        let Some(trial) = &mut self.trial else { return Ok(None) };
        let mut record = std::mem::take(&mut trial.record);
        record.ended = self.clock.now;
        trial.record.started = self.clock.now;
        record.read_owners(&mut self.server)?;
        Ok(Some(record))
    }

    /// Ends the trial, if there is one: the cluster is as it was when it was last committed.
    ///
    /// # Errors
    /// A store that cannot be read.
    pub fn end_trial(&mut self) -> std::result::Result<(), ClusterError> {
        if self.trial.take().is_some() {
            self.server.end_trial()?;
            self.reload()?;
        }
        Ok(())
    }

    /// Returns whether a trial is running.
    pub fn is_in_trial(&self) -> bool {
        self.trial.is_some()
    }

    /// Returns whether other processes can use the cluster.
    pub fn is_shared(&self) -> bool {
        self.location.is_shared()
    }

    /// Makes the clock virtual at the present and records what happens from now on.
    fn begin_record(&mut self, span: Duration) -> Result<()> {
        if self.clock.mode == ClockMode::Real {
            self.catch_up(self.clock.present())?;
        }
        self.set_mode(ClockMode::Virtual)?;
        let started = self.clock.now;
        let record = TrialRecord { started, ..TrialRecord::default() };
        self.trial = Some(Box::new(Trial { ends_at: started + span, record }));
        self.driver.record();
        Ok(())
    }

    /// Adds to the record of the trial what the controllers have observed.
    pub(crate) fn record_trial(&mut self) {
        if let Some(trial) = &mut self.trial {
            trial.record.add(self.driver.take_recorded());
        }
    }

    /// Handles a request in a trial, and records that it was refused.
    pub(crate) fn handle_in_trial(&mut self, request: Request) -> Result<Response> {
        let now = self.clock.now;
        let asked = request.clone();
        let result = self.server.handle(request, now);
        if let (Some(trial), Err(status)) = (&mut self.trial, &result) {
            trial.record.refuse(&asked, status, now);
        }
        result
    }

    /// Refuses to wait until a time after the end of the trial, whose time is over then, and in a trial that has become too
    /// large to be kept in memory.
    ///
    /// # Errors
    /// [`ClusterError::TrialOver`] and [`ClusterError::TrialTooLarge`].
    pub(crate) fn must_be_in_trial(&mut self, until: Time) -> std::result::Result<(), ClusterError> {
        match &self.trial {
            Some(trial) if until > trial.ends_at => {
                self.clock.now = self.clock.now.max(trial.ends_at);
                self.stage_clock();
                Err(ClusterError::TrialOver)
            }
            Some(trial) if trial.record.changes.len() > CHANGES_MAX => Err(ClusterError::TrialTooLarge(CHANGES_MAX)),
            _ => Ok(()),
        }
    }
}

/// The options to open an existing cluster, or one in memory where there is none.
fn existing(options: OpenOptions) -> std::result::Result<OpenOptions, StoreError> {
    let exists = match &options.backend {
        Backend::Directory(dir) => StoreDir::is_store(dir)?,
        Backend::Memory => true,
    };
    Ok(if exists { options } else { OpenOptions { backend: Backend::Memory, ..options } })
}
