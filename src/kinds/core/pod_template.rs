//! PodTemplates (`pkg/registry/core/podtemplate/strategy.go`).

use crate::shared::pod_spec::defaults::default_template;
use crate::shared::pod_spec::validate::validate_template;
use crate::shared::pod_spec::warnings;
use crate::shared::table::{columns, containers_and_images};
use crate::{Kind, Names, pairs};
use kctl_base::field::{ErrorList, Path};
use kctl_base::json::json;
use kctl_base::object::{Object, ObjectMeta, ValueWrite};
use kctl_base::sim::Time;
use kctl_base::view::{Cell, Column};

/// The PodTemplate kind.
#[derive(Debug)]
pub(crate) struct PodTemplate;

static NAMES: Names = Names::namespaced(("", "v1"), "PodTemplate", "podtemplates", "podtemplate");

impl Kind for PodTemplate {
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
        object.put_default("/template", json!({}));
        default_template(&mut object["template"]);
    }

    fn validate(&self, object: &Object) -> ErrorList {
        let mut errors = ErrorList::new();
        validate_template(&mut errors, &Path::new("template"), &object["template"]);
        errors
    }

    fn warnings(&self, new: &Object, _old: Option<&Object>) -> Vec<String> {
        warnings::warnings(&Path::new("template"), &new["template"])
    }

    fn columns(&self) -> Vec<Column> {
        columns(&["Name", "Containers", "Images", "Pod Labels"])
    }

    fn row(&self, object: &Object, _now: Time) -> Vec<Cell> {
        let [containers, images] = containers_and_images(object, "/template/spec");
        vec![object.name().into(), containers, images, pairs(object, "/template/metadata/labels")]
    }
}
