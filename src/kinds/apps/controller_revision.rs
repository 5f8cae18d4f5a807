//! ControllerRevisions: the past templates of DaemonSets and StatefulSets.

use crate::kinds::shared::index;
use crate::kinds::shared::rules::immutable;
use crate::kinds::shared::table::number;
use crate::kinds::{Kind, Names, age};
use crate::machinery::field::{ErrorList, Path, invalid, required};
use crate::machinery::json::Value;
use crate::machinery::object::{Meta, Object, Reading, split_api_version};
use crate::machinery::view::{Cell, Column};
use crate::sim::Time;

/// A ControllerRevision.
#[derive(Debug)]
pub struct ControllerRevision;

static NAMES: Names =
    Names::builtin(("apps", "v1"), "ControllerRevision", "controllerrevisions", "controllerrevision", true);

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
            errors.push(invalid(&Path::new("revision"), revision, crate::kinds::shared::rules::NOT_NEGATIVE));
        }
        errors
    }

    fn validate_update(&self, new: &Object, old: &Object) -> ErrorList {
        let mut errors = ErrorList::new();
        immutable(&mut errors, &Path::new("data"), new.get("data"), old.get("data"));
        errors
    }

    fn columns(&self) -> Vec<Column> {
        ["Name", "Controller", "Revision", "Age"].map(Column::new).into()
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

    fn index(&self, object: &Object) -> Vec<(&'static str, String)> {
        index::labels(object)
    }
}

/// The template that a revision keeps, as a patch of its owner's spec.
pub fn template_of(revision: &Object) -> Option<&Value> {
    revision.at("/data/spec/template")
}
