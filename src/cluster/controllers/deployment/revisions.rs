//! Revisions: finds the ReplicaSet of the current template, sets its annotations, and limits the history
//! (`pkg/controller/deployment/util/deployment_util.go`).

use std::sync::Arc;

use super::view::{DESIRED, Desired, MAX, REVISION, ReplicaSet};
use crate::controllers::shared::template::equal_ignoring_hash;
use kctl_base::json::Value;
use kctl_base::managed::LAST_APPLIED;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::order::Order as _;

/// The annotation with the numbers that a revision had before it was rolled out again.
const HISTORY: &str = "deployment.kubernetes.io/revision-history";
/// The maximum length of that list in bytes (`MaxRevHistoryLengthInChars`).
const HISTORY_MAX: usize = 2000;

/// The annotations of a Deployment that are not copied to its sets (`annotationsToSkip`).
const NOT_COPIED: &[&str] = &[LAST_APPLIED, "deprecated.deployment.rollback.to", REVISION, HISTORY, DESIRED, MAX];

/// Separates the set that has the current template (`FindNewReplicaSet`) from the others. `sets` is in the order of creation;
/// the first of several matches is the new one.
pub(super) fn split(deployment: &Object, sets: &[Arc<Object>]) -> (Option<Arc<Object>>, Vec<Arc<Object>>) {
    let none = Value::Null;
    let template = |o: &Object| o.at("/spec/template").unwrap_or(&none).clone();
    let wanted = template(deployment);
    let found = sets.iter().position(|set| equal_ignoring_hash(&template(set), &wanted));
    let mut old = sets.to_vec();
    let new = found.map(|index| old.remove(index));
    (new, old)
}

/// Returns the number of the next revision after the old sets.
pub(super) fn next_revision<'a>(old: impl IntoIterator<Item = &'a ReplicaSet>) -> i64 {
    old.into_iter().map(|s| s.revision).max().unwrap_or(0) + 1
}

/// Sets the annotations of the set with the current template (`SetNewReplicaSetAnnotations`): those of the Deployment, the
/// revision and, when a template returns, the revisions it had before. Returns `false` when nothing changed.
pub(super) fn set_new_replica_set_annotations(deployment: &Object, set: &mut Object, revision: i64) -> bool {
    let mut changed = copy_annotations(deployment, set);
    let before = set.annotation(REVISION).map(String::from);
    let number = match before.as_deref().unwrap_or("") {
        "" => 0,
        text => match text.parse() {
            Ok(number) => number,
            // Somebody has put something other than a number there; it is left alone, as upstream.
            Err(_) => return false,
        },
    };
    if number < revision {
        set.set_annotation(REVISION, &revision.to_string());
        changed = true;
        if let Some(before) = before
            && let Some(history) = extend_history(set.annotation(HISTORY).unwrap_or(""), &before)
        {
            set.set_annotation(HISTORY, &history);
        }
    }
    changed
}

fn copy_annotations(deployment: &Object, set: &mut Object) -> bool {
    let mut changed = false;
    for (key, value) in deployment.strings("/metadata/annotations") {
        if !NOT_COPIED.contains(&key.as_str()) && set.annotation(&key) != Some(&value) {
            set.set_annotation(&key, &value);
            changed = true;
        }
    }
    changed
}

/// Appends a number to the list and drops the oldest ones where it gets too long; `None` when there is no room even then.
fn extend_history(history: &str, revision: &str) -> Option<String> {
    if history.is_empty() {
        return Some(revision.into());
    }
    let mut kept: Vec<&str> = history.split(',').collect();
    let mut length = history.len() + revision.len() + 1;
    while length > HISTORY_MAX && !kept.is_empty() {
        length -= kept.remove(0).len() + 1;
    }
    kept.push(revision);
    (length <= HISTORY_MAX).then(|| kept.join(","))
}

/// Sets the annotations with the sizes for which a set was scaled (`SetReplicasAnnotations`). Returns `false` when nothing
/// changed.
pub(super) fn set_replicas_annotations(desired: &Desired, set: &mut Object) -> bool {
    let mut changed = false;
    for (key, number) in [(DESIRED, desired.replicas), (MAX, desired.max_total())] {
        let text = number.to_string();
        if set.annotation(key) != Some(&text) {
            set.set_annotation(key, &text);
            changed = true;
        }
    }
    changed
}

/// Sets the revision annotation of the Deployment (`SetDeploymentRevision`). Returns `false` when nothing changed.
pub(super) fn set_deployment_revision(deployment: &mut Object, revision: &str) -> bool {
    if deployment.annotation(REVISION) == Some(revision) {
        return false;
    }
    deployment.set_annotation(REVISION, revision);
    true
}

/// Returns the names of the old sets to delete beyond the history limit: the oldest revisions, and only empty sets.
pub(super) fn surplus(desired: &Desired, old: &[ReplicaSet]) -> Vec<String> {
    let Some(limit) = desired.history_limit else { return Vec::new() };
    let mut alive: Vec<&ReplicaSet> = old.iter().filter(|s| !s.is_deleting).collect();
    alive.order_by_key(|s| (s.revision, s.created, s.name.clone()));
    let count = alive.len().saturating_sub(usize::try_from(limit).unwrap_or(0));
    let unused = |s: &&&ReplicaSet| s.existing == 0 && s.replicas == 0 && s.is_observed;
    alive.iter().take(count).filter(unused).map(|s| s.name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use kctl_base::json::json;

    use super::*;
    use crate::controllers::deployment::testing::{desired, set};
    use crate::controllers::deployment::view::Strategy;

    #[test]
    fn annotations_are_copied_except_those_of_the_deployment_itself() {
        let deployment = json!({"metadata": {"annotations": {
            "kubernetes.io/change-cause": "why", REVISION: "9", "kubectl.kubernetes.io/last-applied-configuration": "{}"}}});
        let mut set = json!({"metadata": {}});
        assert!(set_new_replica_set_annotations(&deployment, &mut set, 1));
        assert_eq!(set["metadata"]["annotations"], json!({"kubernetes.io/change-cause": "why", REVISION: "1"}));
        assert!(!set_new_replica_set_annotations(&deployment, &mut set, 1), "a second time changes nothing");
    }

    #[test]
    fn a_template_that_returns_keeps_its_former_numbers() {
        let mut set = json!({"metadata": {"annotations": {REVISION: "1"}}});
        assert!(set_new_replica_set_annotations(&json!({}), &mut set, 3));
        assert_eq!((set.annotation(REVISION), set.annotation(HISTORY)), (Some("3"), Some("1")));
        assert!(set_new_replica_set_annotations(&json!({}), &mut set, 5));
        assert_eq!(set.annotation(HISTORY), Some("1,3"));
        assert!(!set_new_replica_set_annotations(&json!({}), &mut set, 4), "it never goes back");
        let long = vec!["1234"; 400].join(",");
        let extended = extend_history(&long, "7").expect("the oldest make room");
        assert!(extended.len() <= HISTORY_MAX && extended.ends_with(",7"), "{}", extended.len());
    }

    #[test]
    fn the_oldest_empty_sets_beyond_the_limit_are_deleted() {
        let old: Vec<ReplicaSet> = [("a", 3, 0), ("b", 1, 0), ("c", 2, 1), ("d", 4, 0)]
            .map(|(name, revision, replicas)| ReplicaSet { revision, ..set(name, replicas, replicas) })
            .to_vec();
        let mut wanted = desired(1, Strategy::Recreate);
        for (limit, want) in [(10, &[][..]), (3, &["b"]), (1, &["b", "a"]), (0, &["b", "a", "d"])] {
            wanted.history_limit = Some(limit);
            assert_eq!(surplus(&wanted, &old), want, "{limit}");
        }
        wanted.history_limit = None;
        assert_eq!(surplus(&wanted, &old), [""; 0]);
    }
}
