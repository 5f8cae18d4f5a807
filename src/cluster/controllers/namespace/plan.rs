//! The conditions of a namespace that is being deleted (`pkg/controller/namespace/deletion/status_condition_utils.go`).

use std::collections::BTreeMap;

use kctl_base::condition::{self, Condition, ConditionStatus};
use kctl_base::json::{Value, json};
use kctl_base::object::ValueRead;
use kctl_base::sim::Time;

/// The conditions in the order of their output: type, and reason and message when there is no problem.
const CONDITIONS: [(&str, &str, &str); 5] = [
    ("NamespaceDeletionDiscoveryFailure", "ResourcesDiscovered", "All resources successfully discovered"),
    ("NamespaceDeletionGroupVersionParsingFailure", "ParsedGroupVersions", "All legacy kube types successfully parsed"),
    (
        "NamespaceDeletionContentFailure",
        "ContentDeleted",
        "All content successfully deleted, may be waiting on finalization",
    ),
    ("NamespaceContentRemaining", "ContentRemoved", "All content successfully removed"),
    ("NamespaceFinalizersRemaining", "ContentHasNoFinalizers", "All content-preserving finalizers finished"),
];

/// The objects that are still in a namespace.
#[derive(Debug, Default)]
pub(super) struct Remaining {
    /// The number of objects by resource.
    resources: BTreeMap<String, usize>,
    /// The number of objects by finalizer.
    finalizers: BTreeMap<String, usize>,
    /// The seconds after which the content is expected to be gone.
    pub(super) estimate: i64,
}

impl Remaining {
    /// Adds the remaining objects of a resource.
    pub(super) fn add(&mut self, resource: &str, count: usize, finalizers: BTreeMap<String, usize>, estimate: i64) {
        if count > 0 {
            // Upstream joins plural and group with a dot, so the core group gives `configmaps.`.
            let name = if resource.contains('.') { resource.to_string() } else { format!("{resource}.") };
            self.resources.insert(name, count);
        }
        for (finalizer, count) in finalizers {
            *self.finalizers.entry(finalizer).or_default() += count;
        }
        self.estimate = self.estimate.max(estimate);
    }

    /// Returns `true` when pods remain.
    pub(super) fn are_pods(&self) -> bool {
        self.resources.contains_key("pods.")
    }

    /// Returns `true` when nothing remains.
    pub(super) fn is_empty(&self) -> bool {
        self.resources.is_empty()
    }

    /// Returns reason and message of a condition that reports a problem; `None` when there is no problem.
    fn problem(&self, kind: &str) -> Option<(&'static str, String)> {
        let list = |items: &BTreeMap<String, usize>, verb: &str| {
            let texts = items.iter().map(|(name, count)| format!("{name} {verb} {count} resource instances"));
            texts.collect::<Vec<_>>().join(", ")
        };
        match kind {
            "NamespaceContentRemaining" if !self.resources.is_empty() => {
                Some(("SomeResourcesRemain", format!("Some resources are remaining: {}", list(&self.resources, "has"))))
            }
            "NamespaceFinalizersRemaining" if !self.finalizers.is_empty() => Some((
                "SomeFinalizersRemain",
                format!("Some content in the namespace has finalizers remaining: {}", list(&self.finalizers, "in")),
            )),
            _ => None,
        }
    }
}

/// Returns the conditions for what remains. Transition times change only together with the status.
pub(super) fn conditions(known: &[Value], remaining: &Remaining, now: Time) -> Vec<Value> {
    let mut status = json!({"conditions": known});
    for (type_, reason, message) in CONDITIONS {
        let problem = remaining.problem(type_);
        let holds = ConditionStatus::from(problem.is_some());
        let (reason, message) = problem.as_ref().map_or((reason, message), |(reason, message)| (*reason, message));
        condition::set(
            &mut status,
            Condition { type_, status: holds, reason, message, observed_generation: None },
            now,
        );
    }
    status.list("/conditions").to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_report_what_remains() {
        let mut remaining = Remaining::default();
        remaining.add("pods", 2, BTreeMap::new(), 30);
        remaining.add("deployments.apps", 1, BTreeMap::from([("x/y".into(), 1)]), 15);
        let reported = conditions(&[], &remaining, Time::from_secs(1));
        let statuses: Vec<&str> = reported.iter().map(|c| c.str("/status")).collect();
        assert_eq!(statuses, ["False", "False", "False", "True", "True"]);
        assert_eq!(
            reported[3].str("/message"),
            "Some resources are remaining: deployments.apps has 1 resource instances, pods. has 2 resource instances"
        );
        assert_eq!(remaining.estimate, 30);
        let later = conditions(&reported, &Remaining::default(), Time::from_secs(9));
        assert_eq!(later[3].str("/reason"), "ContentRemoved");
        assert_eq!(later[3].str("/lastTransitionTime"), Time::from_secs(9).rfc3339());
        assert_eq!(later[0].str("/lastTransitionTime"), Time::from_secs(1).rfc3339());
    }
}
