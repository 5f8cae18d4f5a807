//! The timeline of the simulation: keys to be reconciled at a later time.
//!
//! An entry says only "reconcile this key of this controller at this time". Reconcilers are level-driven and find out
//! what to do, so an entry that is early or repeated does no harm. The store keeps the entries.

use serde::{Deserialize, Serialize};

use super::Time;

/// An entry of the timeline. Entries run in the order of `at` and then of `sequence`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Due {
    /// The time to reconcile at.
    pub at: Time,
    /// The number of the entry, which orders entries of the same time.
    pub sequence: u64,
    /// The name of the controller.
    pub controller: String,
    /// The key: `namespace/name` or `/name`.
    pub key: String,
    /// `true` for work that repeats forever (retries, schedules, resyncs), for which waiting commands do not wait.
    pub recurring: bool,
    /// The revision of the change that had woken the controller when it added the entry; `None` if it is not known.
    pub cause: Option<u64>,
}
