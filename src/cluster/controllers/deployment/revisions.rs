//! Revisions: which ReplicaSet is the present one, what its annotations say, which old ones are dropped.

use std::sync::Arc;

use super::view::{DESIRED, Desired, MAX, REVISION, Set};
use crate::controllers::shared::template::same_template;
use kctl_base::json::Value;
use kctl_base::managed::LAST_APPLIED;
use kctl_base::object::{Object, ObjectMeta, ValueRead};

/// The numbers that a revision had before it came back.
const HISTORY: &str = "deployment.kubernetes.io/revision-history";
/// How long that list may get, in characters.
const HISTORY_MAX: usize = 2000;

/// Annotations of a deployment that its sets do not get.
const NOT_COPIED: &[&str] = &[LAST_APPLIED, "deprecated.deployment.rollback.to", REVISION, HISTORY, DESIRED, MAX];

/// The sets of a deployment, apart: the one that has its template now, and the others. The first match of several is the
/// present one; `sets` stands in the order of creation.
pub(super) fn split(deployment: &Object, sets: &[Arc<Object>]) -> (Option<Arc<Object>>, Vec<Arc<Object>>) {
    let none = Value::Null;
    let template = |o: &Object| o.at("/spec/template").unwrap_or(&none).clone();
    let wanted = template(deployment);
    let present = sets.iter().position(|set| same_template(&template(set), &wanted));
    let mut old = sets.to_vec();
    let new = present.map(|index| old.remove(index));
    (new, old)
}

/// The number of the next revision, after these old ones.
pub(super) fn next_revision<'a>(old: impl IntoIterator<Item = &'a Set>) -> i64 {
    old.into_iter().map(|s| s.revision).max().unwrap_or(0) + 1
}

/// Brings the annotations of the present set up to date: those of the deployment, the revision and, when a set comes back,
/// the revisions it had before. Answers whether anything changed.
pub(super) fn annotate(deployment: &Object, set: &mut Object, revision: i64) -> bool {
    let mut changed = copy_annotations(deployment, set);
    let before = set.annotation(REVISION).map(String::from);
    let number = match before.as_deref().unwrap_or("") {
        "" => 0,
        text => match text.parse() {
            Ok(number) => number,
            // Somebody wrote something else there: leave it alone.
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

/// The list with one more number; the oldest go where it gets too long. `None` when there is no room even so.
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

/// Notes the sizes that a set was made for. Answers whether that is new.
pub(super) fn note_sizes(desired: &Desired, set: &mut Object) -> bool {
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

/// Puts the revision of the present set on the deployment. Answers whether that is new.
pub(super) fn note_revision(deployment: &mut Object, revision: &str) -> bool {
    if deployment.annotation(REVISION) == Some(revision) {
        return false;
    }
    deployment.set_annotation(REVISION, revision);
    true
}

/// The names of the old sets that the history limit drops: the oldest revisions, and only empty ones.
pub(super) fn surplus(desired: &Desired, old: &[Set]) -> Vec<String> {
    let Some(limit) = desired.history_limit else { return Vec::new() };
    let mut alive: Vec<&Set> = old.iter().filter(|s| !s.is_deleting).collect();
    alive.sort_by_key(|s| (s.revision, s.created, s.name.clone()));
    let count = alive.len().saturating_sub(usize::try_from(limit).unwrap_or(0));
    let unused = |s: &&&Set| s.existing == 0 && s.replicas == 0 && s.is_observed;
    alive.iter().take(count).filter(unused).map(|s| s.name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use kctl_base::json::json;

    use super::*;
    use crate::controllers::deployment::testing::{desired, set};
    use crate::controllers::deployment::view::Strategy;

    #[test]
    fn annotations_are_copied_except_those_about_the_deployment() {
        let deployment = json!({"metadata": {"annotations": {
            "kubernetes.io/change-cause": "why", REVISION: "9", "kubectl.kubernetes.io/last-applied-configuration": "{}"}}});
        let mut set = json!({"metadata": {}});
        assert!(annotate(&deployment, &mut set, 1));
        assert_eq!(set["metadata"]["annotations"], json!({"kubernetes.io/change-cause": "why", REVISION: "1"}));
        assert!(!annotate(&deployment, &mut set, 1), "a second time changes nothing");
    }

    #[test]
    fn a_revision_that_comes_back_remembers_its_numbers() {
        let mut set = json!({"metadata": {"annotations": {REVISION: "1"}}});
        assert!(annotate(&json!({}), &mut set, 3));
        assert_eq!((set.annotation(REVISION), set.annotation(HISTORY)), (Some("3"), Some("1")));
        assert!(annotate(&json!({}), &mut set, 5));
        assert_eq!(set.annotation(HISTORY), Some("1,3"));
        assert!(!annotate(&json!({}), &mut set, 4), "it never goes back");
        let long = vec!["1234"; 400].join(",");
        let extended = extend_history(&long, "7").expect("the oldest make room");
        assert!(extended.len() <= HISTORY_MAX && extended.ends_with(",7"), "{}", extended.len());
    }

    #[test]
    fn the_history_limit_drops_the_oldest_empty_ones() {
        let old: Vec<Set> = [("a", 3, 0), ("b", 1, 0), ("c", 2, 1), ("d", 4, 0)]
            .map(|(name, revision, replicas)| Set { revision, ..set(name, replicas, replicas) })
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
