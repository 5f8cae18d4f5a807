//! Deployments: names, defaults, preparation and table; rules and description stand beside.

mod describe;
mod validate;

use crate::shared::pod_spec::defaults::default_template;
use crate::shared::pod_spec::warnings;
use crate::shared::rules::pod_name_warning;
use crate::shared::table::{containers_and_images, number, selector_text};
use crate::{Describer, Kind, Lookup, Names, ScalePaths, age};
use kctl_base::field::{ErrorList, Path};
use kctl_base::json::json;
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::schema::shape::drop_zero_values;
use kctl_base::sim::Time;
use kctl_base::view::{Cell, Column};

pub use describe::{new_and_old_replica_sets, same_template};

/// A Deployment.
#[derive(Debug)]
pub struct Deployment;

static NAMES: Names = Names::builtin(("apps", "v1"), "Deployment", "deployments", "deployment", true)
    .short(&["deploy"])
    .categories(&["all"]);

impl Kind for Deployment {
    fn names(&self) -> &Names {
        &NAMES
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
        drop_zero_values("io.k8s.api.apps.v1.DeploymentSpec", &mut object["spec"]);
        object.put_default("/spec/template", json!({}));
        default_template(&mut object["spec"]["template"]);
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

    fn prepare_create(&self, new: &mut Object) {
        new.put("/status", json!({}));
        new.put("/metadata/generation", 1);
    }

    fn counts_generations(&self) -> bool {
        true
    }

    fn spec_differs(&self, new: &Object, old: &Object) -> bool {
        new.at("/spec") != old.at("/spec")
            || new.strings("/metadata/annotations") != old.strings("/metadata/annotations")
    }

    fn validate(&self, object: &Object) -> ErrorList {
        validate::validate(object)
    }

    fn validate_update(&self, new: &Object, old: &Object) -> ErrorList {
        validate::validate_update(new, old)
    }

    fn validate_status(&self, new: &Object, _old: &Object) -> ErrorList {
        validate::validate_status(new)
    }

    fn warnings(&self, new: &Object, old: Option<&Object>) -> Vec<String> {
        let mut out = Vec::new();
        if old.is_none() {
            out.extend(pod_name_warning(new));
        }
        if old.is_none_or(|old| old.generation() != new.generation()) {
            out.extend(warnings::warnings(&Path::new("spec").child("template"), &new["spec"]["template"]));
        }
        out
    }

    fn columns(&self) -> Vec<Column> {
        vec![
            Column::new("Name"),
            Column::new("Ready"),
            Column::new("Up-to-date"),
            Column::new("Available"),
            Column::new("Age"),
            Column::wide("Containers"),
            Column::wide("Images"),
            Column::wide("Selector"),
        ]
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
            selector_text(object),
        ]
    }

    fn describe(&self, object: &Object, look: &dyn Lookup, out: &mut Describer) -> bool {
        describe::describe(object, look, out);
        true
    }
}
