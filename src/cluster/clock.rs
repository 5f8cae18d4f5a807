//! How time passes: catching up with the wall clock, jumping in virtual time, waiting in both.

use crate::api::Result;
use crate::client::{WaitFor, WaitOutcome};
use crate::cluster::{Cluster, ClusterError};
use kctl_base::json;
use kctl_base::sim::{ClockMode, Duration, Time, clock};

/// More instants than this without the clock moving are a defect, not work.
pub(crate) const SAME_INSTANT_MAX: usize = 100_000;

impl Cluster {
    /// Lets the controllers work off everything that is due until `until`, each entry at its own instant.
    pub(crate) fn catch_up(&mut self, until: Time) -> Result<()> {
        while let Some(due) = self.server.take_due(until)? {
            self.clock.now = self.clock.now.max(due.at);
            self.driver.enqueue_due(&due);
            self.run()?;
        }
        self.clock.now = self.clock.now.max(until);
        Ok(())
    }

    /// Moves a virtual clock forward, running everything that becomes due on the way.
    pub fn advance(&mut self, by: Duration) -> std::result::Result<(), ClusterError> {
        self.must_be_virtual("advance")?;
        if by < Duration::ZERO {
            return Err(ClusterError::Clock("time does not run backwards".into()));
        }
        let until = self.clock.now + by;
        self.catch_up(until)?;
        self.touch();
        Ok(())
    }

    /// Lets virtual time pass until nothing has changed for `quiet`, at most `timeout`; answers whether it calmed down.
    pub fn settle(&mut self, quiet: Duration, timeout: Duration) -> std::result::Result<bool, ClusterError> {
        self.must_be_virtual("settle")?;
        let deadline = self.clock.now + timeout;
        let mut changed_at = self.clock.now;
        loop {
            let calm = changed_at + quiet;
            let next = self.server.due(1)?.first().map(|d| d.at);
            match next {
                Some(at) if at < calm && at <= deadline => {
                    let before = self.server.revision();
                    self.catch_up(at)?;
                    if self.server.revision() != before {
                        changed_at = self.clock.now;
                    }
                }
                _ => {
                    self.clock.now = self.clock.now.max(calm.min(deadline));
                    self.touch();
                    return Ok(calm <= deadline);
                }
            }
        }
    }

    /// Waits until something may have changed, at most until `deadline`. Everything done so far has been committed.
    ///
    /// In virtual time the clock jumps to the next entry of the timeline; for [`WaitFor::Work`] it does not wait for entries
    /// that repeat for ever. In real time the lock is given back and the process sleeps until another process changes the
    /// store or the next entry is due.
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
        self.touch();
        Ok(waited)
    }

    /// Whether anything but endlessly repeating work is due.
    fn has_work(&mut self) -> Result<bool> {
        let mut found = false;
        self.server.store().each_due(&mut |due| {
            found = !due.recurring;
            !found
        })?;
        Ok(found)
    }

    fn wait_real(&mut self, deadline: Option<Time>) -> std::result::Result<WaitOutcome, ClusterError> {
        self.commit()?;
        let now = clock::wall();
        if deadline.is_some_and(|d| d <= now) {
            return Ok(WaitOutcome::Deadline);
        }
        let next = self.server.due(1)?.first().map(|d| d.at);
        let until = [next, deadline].into_iter().flatten().min();
        self.sleep(until.map(|t| (t - now).to_std()))?;
        self.catch_up(clock::wall())?;
        Ok(WaitOutcome::Progress)
    }

    /// Changes whose time the store lives by. A virtual clock that becomes real jumps to the wall clock, never back.
    pub fn set_mode(&mut self, mode: ClockMode) -> Result<()> {
        self.clock.mode = mode;
        if mode == ClockMode::Real {
            self.catch_up(clock::wall())?;
        }
        self.touch();
        Ok(())
    }

    /// Makes the moved clock part of the next commit.
    fn touch(&mut self) {
        self.server.set_row(crate::cluster::CLOCK, json::to_value(&self.clock).ok());
    }

    fn must_be_virtual(&self, what: &str) -> std::result::Result<(), ClusterError> {
        match self.clock.mode {
            ClockMode::Virtual => Ok(()),
            ClockMode::Real => Err(ClusterError::Clock(format!(
                "cannot {what}: this store lives by the real clock (kctl clock set virtual changes it)"
            ))),
        }
    }
}
