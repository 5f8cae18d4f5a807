//! StatefulSets (`pkg/registry/apps/statefulset/strategy.go`). Validation is in `validate`, the description in
//! `describe`.

mod describe;
mod validate;

use crate::shared::pod_spec::defaults::default_claim_spec;
use crate::shared::table::{columns, containers_and_images, number};
use crate::shared::workload;
use crate::{Describer, Kind, NameRule, Names, ScalePaths, age};
use kctl_base::field::ErrorList;
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::sim::Time;
use kctl_base::view::{Cell, Column};

/// The StatefulSet kind.
#[derive(Debug)]
pub(crate) struct StatefulSet;

static NAMES: Names = Names::namespaced(("apps", "v1"), "StatefulSet", "statefulsets", "statefulset")
    .short(&["sts"])
    .categories(&["all"]);

impl Kind for StatefulSet {
    fn names(&self) -> &Names {
        &NAMES
    }

    /// The name becomes part of the host names of the pods.
    fn name_rule(&self) -> NameRule {
        NameRule::Label
    }

    fn scale(&self) -> Option<ScalePaths> {
        Some(ScalePaths::BUILTIN)
    }

    fn set_defaults(&self, object: &mut Object) {
        object.put_default("/spec", json!({}));
        workload::default_spec("io.k8s.api.apps.v1.StatefulSetSpec", &mut object["spec"]);
        object.put_default("/spec/podManagementPolicy", "OrderedReady");
        if object.str("/spec/updateStrategy/type").is_empty() {
            object.put("/spec/updateStrategy/type", "RollingUpdate");
            object.put_default("/spec/updateStrategy/rollingUpdate", json!({}));
        }
        if object.str("/spec/updateStrategy/type") == "RollingUpdate"
            && object.at("/spec/updateStrategy/rollingUpdate").is_some()
        {
            object.put_default("/spec/updateStrategy/rollingUpdate/partition", 0);
        }
        object.put_default("/spec/persistentVolumeClaimRetentionPolicy/whenDeleted", "Retain");
        object.put_default("/spec/persistentVolumeClaimRetentionPolicy/whenScaled", "Retain");
        object.put_default("/spec/replicas", 1);
        object.put_default("/spec/serviceName", "");
        object.put_default("/spec/revisionHistoryLimit", 10);
        if object.at("/spec/ordinals").is_some() {
            object.put_default("/spec/ordinals/start", 0);
        }
        for claim in object.items_mut("/spec/volumeClaimTemplates") {
            claim.put("/apiVersion", "v1");
            claim.put("/kind", "PersistentVolumeClaim");
            claim.put_default("/metadata", json!({}));
            default_claim_spec(claim);
            claim.put_default("/status/phase", "Pending");
        }
        object.put_default("/status/replicas", 0);
        object.put_default("/status/availableReplicas", 0);
    }

    fn initial_status(&self) -> Option<Value> {
        Some(json!({"replicas": 0, "availableReplicas": 0}))
    }

    fn has_generation(&self) -> bool {
        true
    }

    fn validate(&self, object: &Object) -> ErrorList {
        validate::validate(object)
    }

    fn validate_update(&self, new: &Object, old: &Object) -> ErrorList {
        validate::validate_update(new, old)
    }

    fn warnings(&self, new: &Object, old: Option<&Object>) -> Vec<String> {
        let mut out = workload::warnings(new, old, "/spec/template");
        if new.int("/spec/revisionHistoryLimit").is_some_and(|limit| limit < 0) {
            out.push(
                "spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended"
                    .into(),
            );
        }
        out
    }

    fn columns(&self) -> Vec<Column> {
        columns(&["Name", "Ready", "Age", "+Containers", "+Images"])
    }

    fn row(&self, object: &Object, now: Time) -> Vec<Cell> {
        let ready = format!("{}/{}", number(object, "/status/readyReplicas"), number(object, "/spec/replicas"));
        let [containers, images] = containers_and_images(object, "/spec/template/spec");
        vec![object.name().into(), ready, age(object, now), containers, images]
    }

    fn describer(&self) -> Option<Describer> {
        Some(describe::describe)
    }
}
