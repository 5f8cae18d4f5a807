//! What is said of a namespace that is going: five conditions, each in words for the good and the bad case.

use std::collections::BTreeMap;

use crate::controllers::shared::conditions;
use kctl_base::json::Value;
use kctl_base::object::ValueRead;
use kctl_base::sim::Time;

/// The conditions: type, reason and message when all is well.
const WELL: [(&str, &str, &str); 5] = [
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

/// What is still in a namespace.
#[derive(Debug, Default)]
pub(super) struct Remaining {
    /// Resource and number of objects.
    resources: BTreeMap<String, usize>,
    finalizers: BTreeMap<String, usize>,
    /// How many seconds it may take at most.
    pub(super) estimate: i64,
}

impl Remaining {
    /// Adds what is left of a resource.
    pub(super) fn add(&mut self, resource: &str, count: usize, finalizers: BTreeMap<String, usize>, estimate: i64) {
        if count > 0 {
            // `configmaps.` in the core group, as plural and group are put together.
            let name = if resource.contains('.') { resource.to_string() } else { format!("{resource}.") };
            self.resources.insert(name, count);
        }
        for (finalizer, count) in finalizers {
            *self.finalizers.entry(finalizer).or_default() += count;
        }
        self.estimate = self.estimate.max(estimate);
    }

    /// Whether nothing is left.
    pub(super) fn is_empty(&self) -> bool {
        self.resources.is_empty()
    }

    /// The reason and message of a condition where it is not well.
    fn complaint(&self, kind: &str) -> Option<(&'static str, String)> {
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

/// The conditions after a look at what remains; times move only where the status does.
pub(super) fn conditions(known: &[Value], remaining: &Remaining, now: Time) -> Vec<Value> {
    let mut result = known.to_vec();
    for (kind, reason, message) in WELL {
        let new = match remaining.complaint(kind) {
            Some((reason, message)) => conditions::new(kind, "True", reason, &message, now),
            None => conditions::new(kind, "False", reason, message, now),
        };
        match result.iter_mut().find(|c| c.str("/type") == kind) {
            Some(old) => {
                let since = old["lastTransitionTime"].clone();
                let same = old.str("/status") == new.str("/status");
                *old = new;
                if same {
                    old["lastTransitionTime"] = since;
                }
            }
            None => result.push(new),
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_say_what_remains() {
        let mut remaining = Remaining::default();
        remaining.add("pods", 2, BTreeMap::new(), 30);
        remaining.add("deployments.apps", 1, BTreeMap::from([("x/y".into(), 1)]), 15);
        let said = conditions(&[], &remaining, Time::from_secs(1));
        let statuses: Vec<&str> = said.iter().map(|c| c.str("/status")).collect();
        assert_eq!(statuses, ["False", "False", "False", "True", "True"]);
        assert_eq!(
            said[3].str("/message"),
            "Some resources are remaining: deployments.apps has 1 resource instances, pods. has 2 resource instances"
        );
        assert_eq!(remaining.estimate, 30);
        let later = conditions(&said, &Remaining::default(), Time::from_secs(9));
        assert_eq!(later[3].str("/reason"), "ContentRemoved");
        assert_eq!(later[3].str("/lastTransitionTime"), Time::from_secs(9).rfc3339());
        assert_eq!(later[0].str("/lastTransitionTime"), Time::from_secs(1).rfc3339());
    }
}
