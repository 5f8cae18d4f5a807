//! Deployments (`pkg/registry/apps/deployment/strategy.go`). Validation is in `validate`, the description in
//! `describe`.

mod describe;
mod validate;

use crate::shared::table::{columns, containers_and_images, number, selector_cell};
use crate::shared::workload;
use crate::{Describer, Kind, Names, ScalePaths, age};
use kctl_base::field::ErrorList;
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::sim::Time;
use kctl_base::view::{Cell, Column};

/// The Deployment kind.
#[derive(Debug)]
pub(crate) struct Deployment;

static NAMES: Names = Names::namespaced(("apps", "v1"), "Deployment", "deployments", "deployment")
    .short(&["deploy"])
    .categories(&["all"]);

impl Kind for Deployment {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn scale(&self) -> Option<ScalePaths> {
        Some(ScalePaths::BUILTIN)
    }

    fn set_defaults(&self, object: &mut Object) {
        object.put_default("/spec", json!({}));
        workload::default_spec("io.k8s.api.apps.v1.DeploymentSpec", &mut object["spec"]);
        object.put_default("/spec/replicas", 1);
        object.put_default("/spec/strategy", json!({}));
        object.put_default("/spec/strategy/type", "RollingUpdate");
        if object.str("/spec/strategy/type") == "RollingUpdate" {
            object.put_default("/spec/strategy/rollingUpdate/maxUnavailable", "25%");
            object.put_default("/spec/strategy/rollingUpdate/maxSurge", "25%");
        }
        object.put_default("/spec/revisionHistoryLimit", 10);
        object.put_default("/spec/progressDeadlineSeconds", 600);
        object.put_default("/status", json!({}));
    }

    fn initial_status(&self) -> Option<Value> {
        Some(json!({}))
    }

    fn has_generation(&self) -> bool {
        true
    }

    fn raises_generation(&self, new: &Object, old: &Object) -> bool {
        new.at("/spec") != old.at("/spec")
            || new.strings("/metadata/annotations") != old.strings("/metadata/annotations")
    }

    fn validate(&self, object: &Object) -> ErrorList {
        validate::validate(object)
    }

    fn validate_update(&self, new: &Object, old: &Object) -> ErrorList {
        workload::validate_selector_update(new, old)
    }

    fn validate_status(&self, new: &Object, _old: &Object) -> ErrorList {
        validate::validate_status(new)
    }

    fn warnings(&self, new: &Object, old: Option<&Object>) -> Vec<String> {
        workload::warnings(new, old, "/spec/template")
    }

    fn columns(&self) -> Vec<Column> {
        columns(&["Name", "Ready", "Up-to-date", "Available", "Age", "+Containers", "+Images", "+Selector"])
    }

    fn row(&self, object: &Object, now: Time) -> Vec<Cell> {
        let ready = format!("{}/{}", number(object, "/status/readyReplicas"), number(object, "/spec/replicas"));
        let [containers, images] = containers_and_images(object, "/spec/template/spec");
        vec![
            object.name().into(),
            ready,
            number(object, "/status/updatedReplicas"),
            number(object, "/status/availableReplicas"),
            age(object, now),
            containers,
            images,
            selector_cell(object),
        ]
    }

    fn describer(&self) -> Option<Describer> {
        Some(describe::describe)
    }
}
