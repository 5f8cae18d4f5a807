//! The objects in which two states differ: by name, or as `diff` shows them.

use super::super::diff::{self, Directories};
use crate::output::strip_managed_fields;
use crate::printers::columns;
use crate::{CliResult, Ctx};
use kctl_base::json::{Value, json};
use kctl_base::object::{ObjectMeta as _, ValueRead as _};
use kctl_cluster::ObjectChange;

/// Says what happened to an object.
pub(super) fn verb(change: &ObjectChange) -> &'static str {
    match (&change.old, &change.new) {
        (None, _) => "created",
        (Some(_), Some(_)) => "changed",
        (Some(_), None) => "deleted",
    }
}

/// The type, name and namespace of an object, for programs.
pub(super) fn fields(change: &ObjectChange) -> Value {
    let key = &change.key;
    json!({"change": verb(change), "resource": &*key.resource, "namespace": &*key.namespace, "name": &*key.name})
}

/// Prints one line an object.
pub(super) fn print_names(ctx: &mut Ctx, changes: &[ObjectChange]) {
    for line in columns::lines(changes.iter().map(|change| [verb(change).to_string(), change.key.to_string()])) {
        ctx.print_line(line);
    }
}

/// Prints unified diffs; returns whether there are any.
///
/// # Errors
/// The program that compares cannot be run.
pub(super) fn print_diffs(ctx: &mut Ctx, changes: Vec<ObjectChange>) -> CliResult<bool> {
    let directories = Directories::new()?;
    for ObjectChange { key, mut old, mut new } in changes {
        for object in [&mut old, &mut new].into_iter().flatten() {
            strip_managed_fields(object);
        }
        let Some(shown) = new.as_ref().or(old.as_ref()) else { continue };
        let (api_version, kind) = (shown.api_version().to_string(), shown.str("/kind").to_string());
        if &*key.resource == "secrets" {
            diff::mask(old.as_mut(), new.as_mut());
        }
        directories.write_named((&api_version, &kind), (&key.namespace, &key.name), old, new)?;
    }
    directories.differ(ctx)
}
