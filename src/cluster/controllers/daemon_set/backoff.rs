//! How long a failed pod of a DaemonSet stays before it is replaced: 1 s, doubling up to 15 minutes, for every node.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::controllers::runtime::Result;
use crate::controllers::{Context, Key};
use kctl_base::object::{Object, ObjectMeta};
use kctl_base::sim::{Duration, Time};

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(15 * 60);
/// After so long without a failure it begins anew.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(2 * 15 * 60);

/// The delays of one set.
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
    /// What is remembered of a set.
    pub(super) fn read(ctx: &mut Context<'_>, set: &Object) -> Result<Backoff> {
        let known = ctx.state::<Backoff>(&row(&Key::of(set)))?;
        let known = known.filter(|b| b.uid == set.uid());
        Ok(known.unwrap_or_else(|| Backoff { uid: set.uid().into(), nodes: BTreeMap::new() }))
    }

    /// Remembers it.
    pub(super) fn write(&self, ctx: &mut Context<'_>, set: &Object) {
        ctx.set_state(&row(&Key::of(set)), self.clone());
    }

    /// Until when a failed pod on a node stays, if it stays.
    pub(super) fn until(&self, node: &str, now: Time) -> Option<Time> {
        self.nodes.get(node).map(|d| d.since + d.lasts).filter(|until| now < *until)
    }

    /// Notes that a failed pod on a node is being replaced.
    pub(super) fn note(&mut self, node: &str, now: Time) {
        let known = self.nodes.get(node).filter(|d| now - d.since <= FORGOTTEN_AFTER);
        let lasts = known.map_or(FIRST, |d| (d.lasts + d.lasts).min(LONGEST));
        self.nodes.insert(node.into(), Delay { since: now, lasts });
    }
}

/// Forgets a set that is gone.
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
        backoff.note("n", at(0));
        assert_eq!(backoff.until("n", at(0)), Some(at(1)));
        assert_eq!(backoff.until("n", at(1)), None);
        assert_eq!(backoff.until("m", at(0)), None);
        backoff.note("n", at(1));
        assert_eq!(backoff.until("n", at(1)), Some(at(3)));
        for _ in 0..20 {
            backoff.note("n", at(3));
        }
        assert_eq!(backoff.until("n", at(3)), Some(at(903)));
        backoff.note("n", at(3000));
        assert_eq!(backoff.until("n", at(3000)), Some(at(3001)));
    }
}
