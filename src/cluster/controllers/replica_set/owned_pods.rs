//! What a ReplicaSet knows about its pods, kept between its reconciliations.
//!
//! One of thousands of pods is reconciled whenever a few of them have changed, and reads only those: the cost of a pod must not
//! grow with the number of the others.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::controllers::Context;
use crate::controllers::runtime::Result;
use crate::controllers::shared::claim::{self, Claim};
use crate::controllers::shared::pods;
use crate::store::{Change, ChangeKind};
use kctl_base::json::SharedStr;
use kctl_base::labels::Selector;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::sim::{Duration, Time};

/// The owner as far as it decides about the states of its pods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rules {
    pub(super) selector: Selector,
    template_labels: BTreeMap<String, String>,
    is_deleting: bool,
}

impl Rules {
    /// Reads the rules of an owner that has a selector.
    pub(super) fn of(owner: &Object, selector: Selector) -> Rules {
        let template_labels = owner.strings("/spec/template/metadata/labels");
        Rules { selector, template_labels, is_deleting: owner.is_deleting() }
    }
}

/// What the next step and the status of an owner depend on, of one pod.
#[derive(Clone, Debug)]
pub(super) struct PodState {
    claim: Claim,
    is_active: bool,
    is_terminating: bool,
    is_fully_labeled: bool,
    is_ready: bool,
    ready_since: Option<Time>,
    created: Option<Time>,
}

impl PodState {
    pub(super) fn of(owner: &Object, rules: &Rules, pod: &Object) -> PodState {
        PodState {
            claim: claim::decide(owner, &rules.selector, pod),
            is_active: pods::is_active(pod),
            is_terminating: pods::is_terminating(pod),
            is_fully_labeled: rules.template_labels.iter().all(|(k, v)| pod.label(k) == Some(v)),
            is_ready: pods::is_ready(pod),
            ready_since: pods::ready_since(pod),
            created: pod.creation_time(),
        }
    }

    /// Returns whether the owner has to release or adopt the pod.
    fn needs_claim(&self) -> bool {
        self.is_active && matches!(self.claim, Claim::Adopt | Claim::Release)
    }
}

/// The numbers of the pods of an owner in each state.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// Those that count as replicas.
    pub(super) active: usize,
    pub(super) terminating: usize,
    /// Those active ones that have all labels of the template.
    pub(super) fully_labeled: usize,
    pub(super) ready: usize,
    /// Those that have been ready for `minReadySeconds`.
    pub(super) available: usize,
    /// Those created within the present second.
    pub(super) created_now: usize,
    /// The first instant at which one more is available without any change.
    pub(super) next_available: Option<Time>,
    /// A pod has to be released or adopted.
    pub(super) needs_claim: bool,
}

impl Counts {
    /// Counts pods, of which those of other owners do not count.
    pub(super) fn of<'a>(states: impl IntoIterator<Item = &'a PodState>, min_ready: i64, now: Time) -> Counts {
        let second = Some(now.truncate_secs());
        let mut counts = Counts::default();
        for state in states {
            counts.needs_claim |= state.needs_claim();
            let is_kept = state.claim == Claim::Keep;
            counts.terminating += usize::from(is_kept && state.is_terminating);
            if !is_kept || !state.is_active {
                continue;
            }
            let available_at = state.ready_since.map(|since| since + Duration::from_secs(min_ready));
            counts.active += 1;
            counts.fully_labeled += usize::from(state.is_fully_labeled);
            counts.ready += usize::from(state.is_ready);
            let is_available = state.is_ready && (min_ready == 0 || available_at.is_some_and(|at| at <= now));
            counts.available += usize::from(is_available);
            counts.created_now += usize::from(state.created == second);
            let next = available_at.filter(|at| *at > now);
            counts.next_available = counts.next_available.into_iter().chain(next).min();
        }
        counts
    }
}

/// The pods of the owners that have been reconciled, by the uid of the owner.
#[derive(Default)]
pub(super) struct OwnedPods(FxHashMap<SharedStr, Owned>);

struct Owned {
    rules: Rules,
    /// The newest change that is included.
    revision: u64,
    /// By uid. Never iterated in a way in which the order matters.
    pods: FxHashMap<SharedStr, Pod>,
}

/// An object takes far more memory than its state, so that it is kept only until the next reconciliation.
enum Pod {
    Known(PodState),
    Changed(Arc<Object>),
}

impl OwnedPods {
    /// Takes a change of a pod into account.
    pub(super) fn observe(&mut self, change: &Change) {
        if self.0.is_empty() {
            return;
        }
        let uid_of_owner = |pod: &Object| pod.controller_of().map(|owner| owner.uid);
        let before = change.old.as_deref().and_then(uid_of_owner);
        let after = if change.kind == ChangeKind::Deleted { None } else { uid_of_owner(&change.object) };
        let uid = SharedStr::new(change.object.uid());
        if let Some(owned) =
            before.filter(|before| after.as_ref() != Some(before)).and_then(|owner| self.owned(&owner, change))
        {
            owned.pods.remove(&uid);
        }
        if let Some(owned) = after.and_then(|owner| self.owned(&owner, change)) {
            owned.pods.insert(uid, Pod::Changed(change.object.clone()));
        }
    }

    /// Returns the pods of an owner if they do not include a change yet. A change that is mapped again, after a failure, may be
    /// an old one.
    fn owned(&mut self, owner: &str, change: &Change) -> Option<&mut Owned> {
        let owned = self.0.get_mut(owner).filter(|owned| owned.revision < change.revision)?;
        owned.revision = change.revision;
        Some(owned)
    }

    /// Forgets everything, because a change has been missed.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Counts the pods that an owner controls.
    ///
    /// # Errors
    /// When they have to be read, and the store cannot be.
    pub(super) fn count(&mut self, ctx: &mut Context<'_>, owner: &Object, rules: &Rules) -> Result<Counts> {
        let uid = SharedStr::new(owner.uid());
        let mut owned = match self.0.remove(&uid).filter(|owned| owned.rules == *rules) {
            Some(owned) => owned,
            None => Owned::read(ctx, owner, rules)?,
        };
        let counts = owned.count(owner, ctx.now);
        // Reading no pods is as fast as remembering that there are none.
        if !owned.pods.is_empty() {
            self.0.insert(uid, owned);
        }
        Ok(counts)
    }
}

impl Owned {
    fn read(ctx: &mut Context<'_>, owner: &Object, rules: &Rules) -> Result<Owned> {
        let mut found = ctx.owned("pods", owner.uid())?;
        found.retain(|pod| pod.is_controlled_by(owner.uid()));
        let pods = found.into_iter().map(|pod| (SharedStr::new(pod.uid()), Pod::Changed(pod))).collect();
        Ok(Owned { rules: rules.clone(), revision: ctx.server().revision(), pods })
    }

    fn count(&mut self, owner: &Object, now: Time) -> Counts {
        let states = self.pods.values_mut().map(|pod| pod.state(owner, &self.rules));
        Counts::of(states, owner.int("/spec/minReadySeconds").unwrap_or(0), now)
    }
}

impl Pod {
    /// Returns the state, which is computed if the pod has changed.
    fn state(&mut self, owner: &Object, rules: &Rules) -> &PodState {
        if let Pod::Changed(pod) = self {
            *self = Pod::Known(PodState::of(owner, rules, pod));
        }
        match self {
            Pod::Known(state) => state,
            Pod::Changed(_) => unreachable!("replaced above"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Cause, ObjectKey};
    use kctl_base::json::{Value, json};

    fn pod(name: &str, owner: &str, app: &str) -> Value {
        json!({"metadata": {"name": name, "uid": name, "labels": {"app": app},
                            "ownerReferences": [{"uid": owner, "controller": true}]}})
    }

    fn change(revision: u64, kind: ChangeKind, new: Value, old: Option<Value>) -> Change {
        let key = ObjectKey::new("pods", "default", new.name());
        Change { revision, kind, key, object: Arc::new(new), old: old.map(Arc::new), cause: Cause::default() }
    }

    #[test]
    fn counts_follow_the_changes() {
        use ChangeKind::{Added, Deleted, Modified};
        let owner = json!({"metadata": {"uid": "o"}});
        let rules = Rules::of(&owner, Selector::parse("app=a").expect("a selector"));
        let mut known = OwnedPods::default();
        known.0.insert("o".into(), Owned { rules, revision: 5, pods: FxHashMap::default() });
        let mut after = |change: Change| {
            known.observe(&change);
            let counts = known.0.get_mut("o").expect("an owner").count(&owner, Time::default());
            (counts.active, counts.needs_claim)
        };
        let (mine, other, strange) = (pod("p", "o", "a"), pod("p", "x", "a"), pod("p", "o", "b"));
        assert_eq!(after(change(5, Added, mine.clone(), None)), (0, false), "what has been read is no news");
        assert_eq!(after(change(6, Added, mine.clone(), None)), (1, false));
        assert_eq!(after(change(7, Modified, strange.clone(), Some(mine.clone()))), (0, true), "it has to be released");
        assert_eq!(after(change(6, Added, mine.clone(), None)), (0, true), "an old change is no news");
        assert_eq!(after(change(8, Modified, mine.clone(), Some(strange))), (1, false));
        assert_eq!(after(change(9, Modified, other.clone(), Some(mine.clone()))), (0, false));
        assert_eq!(after(change(10, Modified, mine.clone(), Some(other))), (1, false));
        assert_eq!(after(change(11, Deleted, mine.clone(), Some(mine))), (0, false));
    }
}
