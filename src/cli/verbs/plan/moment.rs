//! Times as a plan prints them: since its beginning.

use std::time::Instant;

use kctl_base::sim::{Duration, Time};

/// The real time between two lines of progress.
const INTERVAL: std::time::Duration = std::time::Duration::from_secs(1);

/// Formats a time since the beginning: `t+1m30s`. Fractions beyond a tenth of a second are cut off.
pub(super) fn since(start: Time, at: Time) -> String {
    format!("t+{}", span(at - start))
}

/// Formats a duration without fractions beyond a tenth of a second.
pub(super) fn span(duration: Duration) -> String {
    const TENTH: i64 = 100_000;
    Duration::from_micros(duration.micros() / TENTH * TENTH).to_string()
}

/// Lines that tell how far a long plan has come.
pub(super) struct Progress {
    started: Time,
    told: Instant,
}

impl Progress {
    /// Begins at a time of the cluster.
    pub(super) fn new(started: Time) -> Progress {
        Progress { started, told: Instant::now() }
    }

    /// Returns a line about once a second of real time, and `None` in between.
    pub(super) fn line(&mut self, now: Time) -> Option<String> {
        (self.told.elapsed() >= INTERVAL).then(|| {
            self.told = Instant::now();
            format!("the plan has reached {}", since(self.started, now))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_since_the_beginning() {
        let start = Time::from_secs(100);
        assert_eq!(since(start, Time::from_secs(190)), "t+1m30s");
        assert_eq!(since(start, Time::from_micros(101_234_567)), "t+1.2s");
        assert_eq!(since(start, start), "t+0s");
    }
}
