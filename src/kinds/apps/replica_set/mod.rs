//! ReplicaSets (`pkg/registry/apps/replicaset/strategy.go`).

use crate::shared::describe::{annotations, controlled_by, labels, name_and_namespace};
use crate::shared::rules::non_negative;
use crate::shared::table::{columns, selector_or_none};
use crate::shared::workload::{REPLICA_COLUMNS, Wording, validate_selector_and_template};
use crate::shared::{index, workload};
use crate::{Describer, Kind, Lookup, Names, PrefixWriter, ScalePaths};
use kctl_base::field::{ErrorList, Path};
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ValueWrite};
use kctl_base::sim::Time;
use kctl_base::view::{Cell, Column};

/// `ValidateReplicaSetSpec` says `deployment` about the selector too.
const WORDING: Wording = Wording { selector: "deployment", template: "ReplicaSet" };

/// The ReplicaSet kind.
#[derive(Debug)]
pub(crate) struct ReplicaSet;

static NAMES: Names =
    Names::namespaced(("apps", "v1"), "ReplicaSet", "replicasets", "replicaset").short(&["rs"]).categories(&["all"]);

impl Kind for ReplicaSet {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn scale(&self) -> Option<ScalePaths> {
        Some(ScalePaths::BUILTIN)
    }

    fn set_defaults(&self, object: &mut Object) {
        object.put_default("/spec", json!({}));
        workload::default_spec("io.k8s.api.apps.v1.ReplicaSetSpec", &mut object["spec"]);
        object.put_default("/spec/replicas", 1);
        object.put_default("/status/replicas", 0);
    }

    fn initial_status(&self) -> Option<Value> {
        Some(json!({"replicas": 0}))
    }

    fn has_generation(&self) -> bool {
        true
    }

    fn validate(&self, object: &Object) -> ErrorList {
        let mut errors = ErrorList::new();
        let (path, spec) = (Path::new("spec"), &object["spec"]);
        non_negative(&mut errors, &path, spec, "replicas");
        non_negative(&mut errors, &path, spec, "minReadySeconds");
        validate_selector_and_template(&mut errors, spec, &spec["template"], &WORDING);
        errors
    }

    fn validate_update(&self, new: &Object, old: &Object) -> ErrorList {
        workload::validate_selector_update(new, old)
    }

    fn warnings(&self, new: &Object, old: Option<&Object>) -> Vec<String> {
        workload::warnings(new, old, "/spec/template")
    }

    fn columns(&self) -> Vec<Column> {
        columns(REPLICA_COLUMNS)
    }

    fn row(&self, object: &Object, now: Time) -> Vec<Cell> {
        workload::replica_row(object, now, selector_or_none(object, "/spec/selector"))
    }

    fn describer(&self) -> Option<Describer> {
        Some(describe)
    }

    fn index_entries(&self, object: &Object) -> Vec<(&'static str, String)> {
        index::labels(object)
    }
}

fn describe(object: &Object, lookup: &dyn Lookup, out: &mut PrefixWriter) {
    name_and_namespace(object, out);
    out.pair(0, "Selector", selector_or_none(object, "/spec/selector"));
    labels(object, out);
    annotations(object, out);
    controlled_by(object, out);
    workload::describe_replicas(object, &workload::selector_of(object), lookup, out);
}
