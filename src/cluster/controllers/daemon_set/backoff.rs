//! The delay before a failed pod of a DaemonSet is replaced: 1 s a node, doubling up to 15 minutes (`failedPodsBackoff`).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::controllers::runtime::Result;
use crate::controllers::{Context, Key};
use kctl_base::object::{Object, ObjectMeta};
use kctl_base::sim::{Duration, Time};

/// The delay after the first failure.
const FIRST: Duration = Duration::from_secs(1);
/// The longest delay.
const LONGEST: Duration = Duration::from_secs(15 * 60);
/// The time without a failure after which the delays start again.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(2 * 15 * 60);

/// The delays of one set by node.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Backoff {
    uid: String,
    nodes: BTreeMap<String, Delay>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Delay {
    since: Time,
    lasts: Duration,
}

fn row(key: &Key) -> String {
    format!("failed/{key}")
}

impl Backoff {
    /// Reads the delays of a set.
    pub(super) fn read(ctx: &mut Context<'_>, set: &Object) -> Result<Backoff> {
        let known = ctx.state::<Backoff>(&row(&Key::of(set)))?;
        let known = known.filter(|b| b.uid == set.uid());
        Ok(known.unwrap_or_else(|| Backoff { uid: set.uid().into(), nodes: BTreeMap::new() }))
    }

    /// Stores the delays of a set.
    pub(super) fn write(&self, ctx: &mut Context<'_>, set: &Object) {
        ctx.set_state(&row(&Key::of(set)), self.clone());
    }

    /// Returns the end of the delay of a node; `None` when a failed pod may be replaced now.
    pub(super) fn until(&self, node: &str, now: Time) -> Option<Time> {
        self.nodes.get(node).map(|d| d.since + d.lasts).filter(|until| now < *until)
    }

    /// Starts the next delay of a node, whose failed pod is being replaced.
    pub(super) fn start(&mut self, node: &str, now: Time) {
        let known = self.nodes.get(node).filter(|d| now - d.since <= FORGOTTEN_AFTER);
        let lasts = known.map_or(FIRST, |d| (d.lasts + d.lasts).min(LONGEST));
        self.nodes.insert(node.into(), Delay { since: now, lasts });
    }
}

/// Removes the delays of a set that no longer exists.
pub(super) fn forget(ctx: &mut Context<'_>, key: &Key) {
    ctx.clear_state(&row(key));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_and_are_forgotten() {
        let mut backoff = Backoff::default();
        let at = Time::from_secs;
        assert_eq!(backoff.until("n", at(0)), None);
        backoff.start("n", at(0));
        assert_eq!(backoff.until("n", at(0)), Some(at(1)));
        assert_eq!(backoff.until("n", at(1)), None);
        assert_eq!(backoff.until("m", at(0)), None);
        backoff.start("n", at(1));
        assert_eq!(backoff.until("n", at(1)), Some(at(3)));
        for _ in 0..20 {
            backoff.start("n", at(3));
        }
        assert_eq!(backoff.until("n", at(3)), Some(at(903)));
        backoff.start("n", at(3000));
        assert_eq!(backoff.until("n", at(3000)), Some(at(3001)));
    }
}
