//! ControllerRevisions: the template history of DaemonSets and StatefulSets.

use crate::shared::index;
use crate::shared::rules::immutable;
use crate::shared::table::{columns, number};
use crate::{Kind, Names, age};
use kctl_base::field::{ErrorList, Path, invalid, required};
use kctl_base::gvk::split_api_version;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::sim::Time;
use kctl_base::view::{Cell, Column};

/// The ControllerRevision kind.
#[derive(Debug)]
pub(crate) struct ControllerRevision;

static NAMES: Names =
    Names::namespaced(("apps", "v1"), "ControllerRevision", "controllerrevisions", "controllerrevision");

impl Kind for ControllerRevision {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn has_status(&self) -> bool {
        false
    }

    fn validate(&self, object: &Object) -> ErrorList {
        let mut errors = ErrorList::new();
        if object.at("/data").is_none() {
            errors.push(required(&Path::new("data"), "data is mandatory"));
        }
        let revision = object.int("/revision").unwrap_or(0);
        if revision < 0 {
            errors.push(invalid(&Path::new("revision"), revision, crate::shared::rules::NOT_NEGATIVE));
        }
        errors
    }

    fn validate_update(&self, new: &Object, old: &Object) -> ErrorList {
        let mut errors = ErrorList::new();
        immutable(&mut errors, &Path::new("data"), new.get("data"), old.get("data"));
        errors
    }

    fn columns(&self) -> Vec<Column> {
        columns(&["Name", "Controller", "Revision", "Age"])
    }

    fn row(&self, object: &Object, now: Time) -> Vec<Cell> {
        let controller = object.controller_of().map_or_else(
            || "<none>".to_owned(),
            |owner| {
                let (group, _) = split_api_version(&owner.api_version);
                let dot = if group.is_empty() { "" } else { "." };
                format!("{}{dot}{group}/{}", owner.kind.to_lowercase(), owner.name)
            },
        );
        vec![object.name().into(), controller, number(object, "/revision"), age(object, now)]
    }

    fn index_entries(&self, object: &Object) -> Vec<(&'static str, String)> {
        index::labels(object)
    }
}
