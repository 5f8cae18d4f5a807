//! The passage of time: catching up with the wall clock, advancing a virtual clock, waiting in either mode.

use crate::api::Result;
use crate::client::{WaitFor, WaitOutcome};
use crate::cluster::Cluster;
use crate::error::ClusterError;
use crate::origin::CLOCK;
use kctl_base::sim::{ClockMode, Duration, Time, clock};

/// The amount of work after which what has been done so far is committed, so that a long command can be interrupted and goes
/// on from there, and does not keep everything in memory: the changes of objects and the entries of the timeline, together.
/// It is counted instead of timed, so that a script makes the same commits on every machine.
pub(crate) const COMMIT_WORK: u64 = 20_000;

/// The least real time between two reports of progress.
const PROGRESS_INTERVAL: std::time::Duration = std::time::Duration::from_secs(1);

impl Cluster {
    /// Runs everything that is due by `until`, each entry of the timeline at its own time. Commits from time to time, between
    /// two instants.
    pub(crate) fn catch_up(&mut self, until: Time) -> Result<()> {
        loop {
            self.commit_finished_work()?;
            let Some(due) = self.server.take_due(until)? else { break };
            self.uncommitted.entries += 1;
            self.clock.now = self.clock.now.max(due.at);
            self.driver.enqueue_due(&due);
            self.run()?;
        }
        self.clock.now = self.clock.now.max(until);
        Ok(())
    }

    /// Commits if much has been done since the last commit and the next entry of the timeline is not one of this instant.
    fn commit_finished_work(&mut self) -> Result<()> {
        let work = self.uncommitted.entries + (self.server.revision() - self.uncommitted.since_revision);
        if work < self.commit_work {
            return Ok(());
        }
        let now = self.clock.now;
        if self.server.due(1)?.first().is_none_or(|due| due.at > now) {
            self.commit()?;
            if self.reported_at.elapsed() >= PROGRESS_INTERVAL {
                (self.location.options().on_progress)(now);
                self.reported_at = std::time::Instant::now();
            }
        }
        Ok(())
    }

    /// Advances a virtual clock, running everything that becomes due in between.
    ///
    /// # Errors
    /// A real clock, a negative `by`, or a controller that fails.
    pub fn advance(&mut self, by: Duration) -> std::result::Result<(), ClusterError> {
        self.must_be_virtual("advance")?;
        if by < Duration::ZERO {
            return Err(ClusterError::Clock("time does not run backwards".into()));
        }
        let until = self.clock.now + by;
        self.is_changed = true;
        self.catch_up(until)?;
        self.stage_clock();
        Ok(())
    }

    /// Advances a virtual clock until no object has changed for `quiet`, by at most `timeout`. Returns `false` after the
    /// timeout.
    ///
    /// # Errors
    /// A real clock, or a controller that fails.
    pub fn settle(&mut self, quiet: Duration, timeout: Duration) -> std::result::Result<bool, ClusterError> {
        self.must_be_virtual("settle")?;
        self.is_changed = true;
        let deadline = self.clock.now + timeout;
        let mut changed_at = self.clock.now;
        loop {
            let quiet_at = changed_at + quiet;
            let next = self.server.due(1)?.first().map(|d| d.at);
            match next {
                Some(at) if at < quiet_at && at <= deadline => {
                    let before = self.server.revision();
                    self.catch_up(at)?;
                    if self.server.revision() != before {
                        changed_at = self.clock.now;
                    }
                }
                _ => {
                    self.clock.now = self.clock.now.max(quiet_at.min(deadline));
                    self.stage_clock();
                    return Ok(quiet_at <= deadline);
                }
            }
        }
    }

    /// Waits until something may have changed, without a `deadline` indefinitely.
    ///
    /// A virtual clock jumps to the next entry of the timeline; for [`WaitFor::Work`] without a deadline, it skips entries
    /// that recur. With a real clock, the process commits, releases the lock, and sleeps until another process changes the
    /// store or the next entry is due.
    ///
    /// # Errors
    /// A store that cannot be committed or opened again, or a controller that fails.
    pub fn wait(
        &mut self,
        deadline: Option<Time>,
        wait_for: WaitFor,
    ) -> std::result::Result<WaitOutcome, ClusterError> {
        match self.clock.mode {
            ClockMode::Virtual => self.wait_virtual(deadline, wait_for),
            ClockMode::Real => self.wait_real(deadline),
        }
    }

    /// Waits by moving the virtual clock.
    fn wait_virtual(
        &mut self,
        deadline: Option<Time>,
        wait_for: WaitFor,
    ) -> std::result::Result<WaitOutcome, ClusterError> {
        let next = if wait_for == WaitFor::Work && deadline.is_none() && !self.has_work()? {
            None
        } else {
            self.server.due(1)?.first().map(|d| d.at)
        };
        if let Some(stop) = next.into_iter().chain(deadline).min() {
            self.must_be_in_trial(stop)?;
        }
        let waited = match (next, deadline) {
            (Some(at), Some(end)) if at > end => {
                self.clock.now = self.clock.now.max(end);
                WaitOutcome::Deadline
            }
            (Some(at), _) => {
                self.catch_up(at)?;
                WaitOutcome::Progress
            }
            (None, Some(end)) => {
                self.clock.now = self.clock.now.max(end);
                WaitOutcome::Deadline
            }
            (None, None) => WaitOutcome::Idle,
        };
        self.stage_clock();
        Ok(waited)
    }

    /// Returns whether the timeline has an entry that does not recur.
    fn has_work(&mut self) -> Result<bool> {
        let mut found = false;
        self.server.store().each_due(&mut |due| {
            found = !due.recurring;
            !found
        })?;
        Ok(found)
    }

    /// Waits by sleeping.
    fn wait_real(&mut self, deadline: Option<Time>) -> std::result::Result<WaitOutcome, ClusterError> {
        self.commit()?;
        let now = self.clock.present();
        if deadline.is_some_and(|d| d <= now) {
            return Ok(WaitOutcome::Deadline);
        }
        let next = self.server.due(1)?.first().map(|d| d.at);
        let until = [next, deadline].into_iter().flatten().min();
        self.sleep(until.map(|t| (t - now).to_std()))?;
        self.catch_up(self.clock.present())?;
        Ok(WaitOutcome::Progress)
    }

    /// Changes the mode of the clock. A clock that becomes real catches up with the wall clock, or goes on from its time if
    /// that is later.
    ///
    /// # Errors
    /// A controller that fails while the clock catches up.
    pub fn set_mode(&mut self, mode: ClockMode) -> Result<()> {
        self.clock.mode = mode;
        self.clock.ahead = Duration::ZERO;
        if mode == ClockMode::Real {
            self.clock.ahead = (self.clock.now - clock::wall()).max(Duration::ZERO);
            self.catch_up(self.clock.present())?;
        }
        self.stage_clock();
        Ok(())
    }

    /// Stages the clock for the next commit.
    pub(crate) fn stage_clock(&mut self) {
        self.is_changed = true;
        self.server.set_typed_row(CLOCK, Some(self.clock));
    }

    /// Rejects a command that needs a virtual clock when the clock is real.
    fn must_be_virtual(&self, command: &str) -> std::result::Result<(), ClusterError> {
        match self.clock.mode {
            ClockMode::Virtual => Ok(()),
            ClockMode::Real => Err(ClusterError::Clock(format!(
                "cannot {command}: the clock of this cluster is real (to change it: kctl clock set virtual)"
            ))),
        }
    }
}
