//! The agenda of the simulation: what has to be looked at again, and when.
//!
//! An entry says only "reconcile this key of this controller then": reconcilers are level-driven and find out themselves
//! what there is to do, so an entry that comes too early or twice does no harm. The store keeps the entries.

use serde::{Deserialize, Serialize};

use super::Time;

/// One entry of the timeline. Entries run in the order of `at`, then `sequence`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Due {
    /// When to look again.
    pub at: Time,
    /// Ties at one instant are broken in the order in which the entries were made.
    pub sequence: u64,
    /// Which controller.
    pub controller: String,
    /// Which of its keys, `namespace/name` or `/name`.
    pub key: String,
    /// Work that repeats for ever (retries, schedules, resyncs): waiting for it alone is waiting for nothing.
    pub recurring: bool,
}
