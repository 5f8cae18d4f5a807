//! The group scheduling.k8s.io: PriorityClasses.

use crate::shared::describe::{describe_events, format_labels};
use crate::shared::rules::{immutable_at, one_of};
use crate::shared::table::columns;
use crate::{Describer, Kind, Lookup, Names, PrefixWriter, age};
use kctl_base::field::{self, ErrorList, Path};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::sim::Time;
use kctl_base::view::{Cell, Column};

/// The highest value of a class that is not reserved for the system.
pub(crate) const HIGHEST_USER_PRIORITY: i64 = 1_000_000_000;

/// The system classes, which the control plane creates, with their values.
pub(crate) const SYSTEM_CLASSES: &[(&str, i64)] = &[
    ("system-cluster-critical", 2 * HIGHEST_USER_PRIORITY),
    ("system-node-critical", 2 * HIGHEST_USER_PRIORITY + 1000),
];

/// The PriorityClass kind (`pkg/registry/scheduling/priorityclass/strategy.go`).
pub(crate) struct PriorityClass;

static NAMES: Names =
    Names::cluster_scoped(("scheduling.k8s.io", "v1"), "PriorityClass", "priorityclasses", "priorityclass")
        .short(&["pc"]);

impl Kind for PriorityClass {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn has_status(&self) -> bool {
        false
    }

    fn has_generation(&self) -> bool {
        true
    }

    fn set_defaults(&self, object: &mut Object) {
        object.put_default("/value", 0);
        object.put_default("/preemptionPolicy", "PreemptLowerPriority");
    }

    fn validate(&self, object: &Object) -> ErrorList {
        let (name, value) = (object.name(), object.int("/value").unwrap_or(0));
        let mut errors = ErrorList::new();
        if name.starts_with("system-") {
            if let Some(problem) = system_problem(object) {
                let text = format!(
                    "priority class names with 'system-' prefix are reserved for system use only. error: {problem}"
                );
                errors.push(field::forbidden(&Path::new("metadata").child("name"), &text));
            }
        } else if value > HIGHEST_USER_PRIORITY {
            let text = format!("maximum allowed value of a user defined priority is {HIGHEST_USER_PRIORITY}");
            errors.push(field::forbidden(&Path::new("value"), &text));
        }
        let policy = object.str("/preemptionPolicy");
        errors.extend(one_of(policy, &Path::new("preemptionPolicy"), &["PreemptLowerPriority", "Never"]));
        errors
    }

    fn validate_update(&self, new: &Object, old: &Object) -> ErrorList {
        let mut errors = ErrorList::new();
        if new.get("value") != old.get("value") {
            errors.push(field::forbidden(&Path::new("value"), "may not be changed in an update."));
        }
        errors.extend(immutable_at(new, old, "/preemptionPolicy", &Path::new("preemptionPolicy")));
        errors
    }

    fn validate_change(&self, new: &Object, old: &Object) -> ErrorList {
        self.validate_update(new, old)
    }

    fn columns(&self) -> Vec<Column> {
        columns(&["Name", "Value", "Global-Default", "Age", "PreemptionPolicy"])
    }

    fn row(&self, object: &Object, now: Time) -> Vec<Cell> {
        vec![
            object.name().into(),
            object.int("/value").unwrap_or(0).to_string(),
            object.flag("/globalDefault").to_string(),
            age(object, now),
            object.str("/preemptionPolicy").into(),
        ]
    }

    fn describer(&self) -> Option<Describer> {
        Some(describe)
    }
}

fn describe(object: &Object, lookup: &dyn Lookup, out: &mut PrefixWriter) {
    out.pair(0, "Name", object.name());
    out.pair(0, "Value", object.int("/value").unwrap_or(0));
    out.pair(0, "GlobalDefault", object.flag("/globalDefault"));
    out.pair(0, "PreemptionPolicy", object.str("/preemptionPolicy"));
    out.pair(0, "Description", object.str("/description"));
    out.pair(0, "Annotations", format_labels(&object.strings("/metadata/annotations")));
    describe_events(lookup, object, out);
}

/// The problem of a class whose name begins with `system-` but which is not a system class
/// (`IsKnownSystemPriorityClass`).
fn system_problem(object: &Object) -> Option<String> {
    let name = object.name();
    let Some((_, value)) = SYSTEM_CLASSES.iter().find(|(n, _)| *n == name) else {
        return Some(format!("{name} is not a known system priority class"));
    };
    if object.int("/value") != Some(*value) {
        return Some(format!("value of {name} PriorityClass must be {value}"));
    }
    object.flag("/globalDefault").then(|| format!("globalDefault of {name} PriorityClass must be false"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    #[test]
    fn high_values_are_reserved() {
        let mut class = json!({"metadata": {"name": "huge"}, "value": 2_000_000_000});
        PriorityClass.set_defaults(&mut class);
        let want = "value: Forbidden: maximum allowed value of a user defined priority is 1000000000";
        assert_eq!(PriorityClass.validate(&class)[0].to_string(), want);
        class["metadata"]["name"] = "system-cluster-critical".into();
        assert_eq!(PriorityClass.validate(&class), vec![]);
    }
}
