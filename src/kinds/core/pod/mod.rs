//! Pods (`pkg/registry/core/pod/strategy.go`). Validation is in `validate` and `validate_update`, the table in
//! `table`, the description in `describe`.

mod conditions;
mod describe;
mod ephemeral;
mod phase;
mod resize;
mod table;
mod validate;
mod validate_update;

use crate::shared::formats::dns_label_problems;
use crate::shared::index;
use crate::shared::pod_spec::defaults::{default_host_ports, default_spec};
use crate::shared::pod_spec::qos::qos_class;
use crate::shared::pod_spec::resources::default_requests;
use crate::shared::pod_spec::warnings;
use crate::{Describer, Kind, Names, keep_metadata};
use kctl_base::field::{ErrorList, Path};
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::sim::Time;
use kctl_base::view::{Cell, Column};

pub use conditions::set_condition;
pub use ephemeral::validate_ephemeral_update;
pub use phase::{PodPhase, is_terminal};
pub use resize::{prepare_resize, validate_resize};

/// Index of assigned pods with affinity or anti-affinity terms.
///
/// Existing stores contain the name; changing it would need a rebuild of their indexes.
pub const POD_AFFINITY_INDEX: &str = "social";
/// Index of pending pods with affinity terms or topology spread constraints, by scheduler; on the name see
/// [`POD_AFFINITY_INDEX`].
pub const PENDING_POD_AFFINITY_INDEX: &str = "unscheduled-social";

/// The Pod kind.
#[derive(Debug)]
pub(crate) struct Pod;

static NAMES: Names = Names::namespaced(("", "v1"), "Pod", "pods", "pod").short(&["po"]).categories(&["all"]);

const GRACE_PERIOD: &str = "/spec/terminationGracePeriodSeconds";

impl Kind for Pod {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn set_defaults(&self, object: &mut Object) {
        object.put_default("/spec", json!({}));
        default_spec(&mut object["spec"]);
        default_host_ports(&mut object["spec"]);
        default_requests(&mut object["spec"]);
        object.put_default("/spec/enableServiceLinks", true);
        // `Convert_v1_Pod_To_core_Pod` in `pkg/apis/core/v1/conversion.go`; templates keep a negative number.
        if object.int(GRACE_PERIOD).is_some_and(|seconds| seconds < 0) {
            object.put(GRACE_PERIOD, 1);
        }
        object.put_default("/status", json!({}));
    }

    fn prepare_create(&self, new: &mut Object) {
        new.put("/metadata/generation", 1);
        new.put("/status", json!({"phase": "Pending", "qosClass": qos_class(&new["spec"])}));
        if !new.list("/spec/schedulingGates").is_empty() {
            new.list_mut("/status/conditions").push(json!({
                "type": "PodScheduled",
                "status": "False",
                "reason": "SchedulingGated",
                "message": "Scheduling is blocked due to non-empty scheduling gates",
            }));
        }
    }

    fn has_generation(&self) -> bool {
        true
    }

    fn prepare_status(&self, new: &mut Object, old: &Object) {
        if new.get("spec") != old.get("spec") {
            new.put("/spec", old.get("spec").cloned().unwrap_or(Value::Null));
        }
        keep_metadata(new, old, &["labels", "finalizers", "ownerReferences", "generation", "deletionTimestamp"]);
        if let Some(class) = old.at("/status/qosClass") {
            new.put("/status/qosClass", class.clone());
        }
    }

    fn validate(&self, object: &Object) -> ErrorList {
        validate::validate(object)
    }

    fn validate_update(&self, new: &Object, old: &Object) -> ErrorList {
        validate_update::validate_update(new, old)
    }

    fn warnings(&self, new: &Object, old: Option<&Object>) -> Vec<String> {
        let mut out = Vec::new();
        let problems = dns_label_problems(new.name());
        if old.is_none() && !problems.is_empty() {
            out.push(format!(
                "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [{}]",
                problems.join(" ")
            ));
        }
        if old.is_none_or(|old| old.generation() != new.generation()) {
            out.extend(warnings::warnings(&Path::root(), new));
        }
        out
    }

    fn columns(&self) -> Vec<Column> {
        table::pod_columns()
    }

    fn row(&self, object: &Object, now: Time) -> Vec<Cell> {
        table::row(object, now)
    }

    fn selectable_field(&self, object: &Object, field: &str) -> Option<String> {
        let text = |pointer: &str| Some(object.str(pointer).to_owned());
        match field {
            "spec.nodeName" => text("/spec/nodeName"),
            "spec.restartPolicy" => text("/spec/restartPolicy"),
            "spec.schedulerName" => text("/spec/schedulerName"),
            "spec.serviceAccountName" => text("/spec/serviceAccountName"),
            "spec.hostNetwork" => Some(object.flag("/spec/hostNetwork").to_string()),
            "status.phase" => text("/status/phase"),
            "status.podIP" => text("/status/podIP"),
            "status.nominatedNodeName" => text("/status/nominatedNodeName"),
            _ => None,
        }
    }

    fn describer(&self) -> Option<Describer> {
        Some(describe::describe)
    }

    fn grace_period(&self, object: &Object, asked: Option<i64>) -> Option<i64> {
        if is_terminal(object) || object.str("/spec/nodeName").is_empty() {
            return Some(0);
        }
        let seconds = asked.or_else(|| object.int(GRACE_PERIOD)).unwrap_or(0);
        Some(if seconds < 0 { 1 } else { seconds })
    }

    fn index_entries(&self, object: &Object) -> Vec<(&'static str, String)> {
        let mut entries = index::labels(object);
        entries.extend(placement(object));
        entries
    }
}

/// Index entries of a pod: whether it is terminal; its node, or its scheduler while it has none; whether its scheduling
/// depends on other pods; the claims it uses.
fn placement(object: &Object) -> Vec<(&'static str, String)> {
    let (node, scheduler) = (object.str("/spec/nodeName"), object.str("/spec/schedulerName"));
    let affinity = object.at("/spec/affinity");
    let near = affinity.is_some_and(|a| a.at("/podAffinity").is_some() || a.at("/podAntiAffinity").is_some());
    let terminal = is_terminal(object);
    let mut entries = Vec::new();
    if terminal {
        entries.push(("ended", String::new()));
    }
    if !node.is_empty() {
        entries.push(("node", node.to_owned()));
        if near {
            entries.push((POD_AFFINITY_INDEX, String::new()));
        }
    } else if !terminal {
        entries.push(("unscheduled", scheduler.to_owned()));
        if near || !object.list("/spec/topologySpreadConstraints").is_empty() {
            entries.push((PENDING_POD_AFFINITY_INDEX, scheduler.to_owned()));
        }
    }
    entries.extend(claims(object).iter().map(|claim| ("claim", format!("{}/{claim}", object.namespace()))));
    entries
}

/// The names of the claims that the volumes of a pod refer to, those of ephemeral volumes included.
pub fn claims(pod: &Object) -> Vec<String> {
    let claim = |volume: &Value| match volume.str("/persistentVolumeClaim/claimName") {
        "" => volume.at("/ephemeral").map(|_| format!("{}-{}", pod.name(), volume.str("/name"))),
        name => Some(name.to_owned()),
    };
    pod.list("/spec/volumes").iter().filter_map(claim).collect()
}
