//! The operation at work, as far as it is known, for its record in the history.

use crate::store::{Operation, Totals};
use kctl_base::sim::{Time, clock};

/// The operation at work.
pub(crate) struct Recorder {
    /// The user who acts.
    pub(crate) user: String,
    /// True once the command has changed anything: what time does from then on is a part of the command.
    pub(crate) is_command: bool,
    /// The real time of the beginning.
    pub(crate) started: Time,
    /// The time of the cluster and the newest revision after the last commit.
    pub(crate) committed: (Time, u64),
    /// The operation that the next commit goes on with; `None` before the first one.
    pub(crate) current: Option<Operation>,
    /// The objects of the current operation that were counted before the store counts.
    pub(crate) before: Totals,
}

impl Recorder {
    /// Begins at a time of the cluster and a revision.
    pub(crate) fn new(now: Time, revision: u64) -> Recorder {
        let (user, started) = (String::new(), clock::wall());
        Recorder {
            user,
            is_command: false,
            started,
            committed: (now, revision),
            current: None,
            before: Totals::default(),
        }
    }

    /// Remembers what has been counted, before another store takes the place of the one that counted it.
    pub(crate) fn keep_totals(&mut self) {
        self.before = self.current.as_ref().map(|operation| operation.objects).unwrap_or_default();
    }
}
