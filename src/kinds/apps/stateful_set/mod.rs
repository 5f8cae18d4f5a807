//! StatefulSets: names, defaults, preparation and table; rules and description stand beside.

mod describe;
mod validate;

use crate::shared::pod_spec::defaults::{default_claim_spec, default_template};
use crate::shared::pod_spec::warnings;
use crate::shared::rules::pod_name_warning;
use crate::shared::table::{containers_and_images, number};
use crate::{Describer, Kind, Lookup, NameRule, Names, ScalePaths, age};
use kctl_base::field::{ErrorList, Path};
use kctl_base::json::json;
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::schema::shape::drop_zero_values;
use kctl_base::sim::Time;
use kctl_base::view::{Cell, Column};

/// A StatefulSet.
#[derive(Debug)]
pub struct StatefulSet;

static NAMES: Names = Names::builtin(("apps", "v1"), "StatefulSet", "statefulsets", "statefulset", true)
    .short(&["sts"])
    .categories(&["all"]);

impl Kind for StatefulSet {
    fn names(&self) -> &Names {
        &NAMES
    }

    /// Their pods are named after them, and by that name known to the DNS.
    fn name_rule(&self) -> NameRule {
        NameRule::Label
    }

    fn scale(&self) -> Option<ScalePaths> {
        Some(ScalePaths {
            spec_replicas: "/spec/replicas",
            status_replicas: "/status/replicas",
            selector: "/spec/selector",
        })
    }

    fn set_defaults(&self, object: &mut Object) {
        object.put_default("/spec", json!({}));
        drop_zero_values("io.k8s.api.apps.v1.StatefulSetSpec", &mut object["spec"]);
        object.put_default("/spec/template", json!({}));
        default_template(&mut object["spec"]["template"]);
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

    fn prepare_create(&self, new: &mut Object) {
        new.put("/status", json!({"replicas": 0, "availableReplicas": 0}));
        new.put("/metadata/generation", 1);
    }

    fn counts_generations(&self) -> bool {
        true
    }

    fn validate(&self, object: &Object) -> ErrorList {
        validate::validate(object)
    }

    fn validate_update(&self, new: &Object, old: &Object) -> ErrorList {
        validate::validate_update(new, old)
    }

    fn warnings(&self, new: &Object, old: Option<&Object>) -> Vec<String> {
        let mut out = Vec::new();
        if old.is_none() {
            out.extend(pod_name_warning(new));
        }
        if old.is_none_or(|old| old.generation() != new.generation()) {
            out.extend(warnings::warnings(&Path::new("spec").child("template"), &new["spec"]["template"]));
        }
        if new.int("/spec/revisionHistoryLimit").is_some_and(|limit| limit < 0) {
            out.push(
                "spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended"
                    .into(),
            );
        }
        out
    }

    fn columns(&self) -> Vec<Column> {
        vec![
            Column::new("Name"),
            Column::new("Ready"),
            Column::new("Age"),
            Column::wide("Containers"),
            Column::wide("Images"),
        ]
    }

    fn row(&self, object: &Object, now: Time) -> Vec<Cell> {
        let ready = format!("{}/{}", number(object, "/status/readyReplicas"), number(object, "/spec/replicas"));
        let [containers, images] = containers_and_images(object, "/spec/template/spec");
        vec![object.name().into(), ready, age(object, now), containers, images]
    }

    fn describe(&self, object: &Object, look: &dyn Lookup, out: &mut Describer) -> bool {
        describe::describe(object, look, out);
        true
    }
}
