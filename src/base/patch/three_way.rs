//! The patches that kubectl creates: between two versions (`edit`, `set`, `label`), and between the last applied
//! configuration, the new one and the live object (`apply`; apimachinery, `pkg/util/strategicpatch` and
//! `pkg/util/jsonmergepatch`).
//!
//! Callers send them and maintain the annotation with the last applied configuration.

use super::diff::Diff;
use super::error::StrategicError;
use super::strategic::{Merger, Mode};
use super::{FieldType, Types, merge};
use crate::json::{Map, Value};

/// The error of a patch that changes the identity of an object.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("At least one of apiVersion, kind and name was changed")]
pub struct IdentityChanged;

/// Creates the strategic merge patch that transforms `from` into `to`.
///
/// # Errors
///
/// Returns an error if a list cannot be merged.
pub fn create_two_way(
    types: &(impl Types + ?Sized),
    root: &FieldType,
    from: &Value,
    to: &Value,
) -> Result<Value, StrategicError> {
    let diff = Diff { types, changes: true, deletions: true, order: true };
    diff.objects(object(from)?, object(to)?, root).map(Value::Object)
}

/// Creates the strategic merge patch that `apply` sends for built-in kinds.
///
/// It deletes what the last applied configuration (null if there is none) has and the new one lacks, and sets what
/// differs between the new one and the live object. Fields that others set are kept.
///
/// # Errors
///
/// Returns an error if a list cannot be merged.
pub fn create_three_way(
    types: &(impl Types + ?Sized),
    root: &FieldType,
    last_applied: &Value,
    new: &Value,
    live: &Value,
) -> Result<Value, StrategicError> {
    let none = Map::new();
    let last_applied = if last_applied.is_null() { &none } else { object(last_applied)? };
    let (new, live) = (object(new)?, object(live)?);
    let additions = Diff { types, changes: true, deletions: false, order: true }.objects(live, new, root)?;
    let deletions = Diff { types, changes: false, deletions: true, order: true }.objects(last_applied, new, root)?;
    Merger { types, mode: Mode::Keep }.objects(deletions, additions, root).map(Value::Object)
}

/// Creates the merge patch that `apply` sends for custom resources.
///
/// # Errors
///
/// Returns an error if one of the arguments is not an object.
pub fn create_three_way_merge(last_applied: &Value, new: &Value, live: &Value) -> Result<Value, StrategicError> {
    let none = Map::new();
    let last_applied = if last_applied.is_null() { &none } else { object(last_applied)? };
    let (new, live) = (object(new)?, object(live)?);
    let mut patch = filtered(merge::create(last_applied, new), Keep::Deletions);
    overlay(&mut patch, filtered(merge::create(live, new), Keep::Values));
    Ok(Value::Object(patch))
}

/// Checks that a patch does not change `apiVersion`, `kind` or `metadata.name`.
///
/// # Errors
///
/// Returns an error if it does.
pub fn check_identity(patch: &Value) -> Result<(), IdentityChanged> {
    let touched = ["/apiVersion", "/kind", "/metadata/name"].iter().any(|path| patch.pointer(path).is_some());
    if touched { Err(IdentityChanged) } else { Ok(()) }
}

fn object(value: &Value) -> Result<&Map, StrategicError> {
    value.as_object().ok_or(StrategicError::NotAnObject)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Keep {
    Deletions,
    Values,
}

/// Returns the deletions or the values of a merge patch (`keepOrDeleteNullInObj`).
fn filtered(patch: Map, keep: Keep) -> Map {
    let part = |value: Value| match value {
        Value::Object(fields) if !fields.is_empty() => {
            Some(filtered(fields, keep)).filter(|fields| !fields.is_empty()).map(Value::Object)
        }
        Value::Null => (keep == Keep::Deletions).then_some(Value::Null),
        // An empty object is a value, not an empty patch.
        other => (keep == Keep::Values).then_some(other),
    };
    patch.into_iter().filter_map(|(key, value)| part(value).map(|value| (key, value))).collect()
}

/// Merges `upper` into `patch`; nulls of both are kept.
fn overlay(patch: &mut Map, upper: Map) {
    for (key, value) in upper {
        match (patch.get_mut(&key), value) {
            (Some(Value::Object(below)), Value::Object(above)) => overlay(below, above),
            (_, value) => {
                patch.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests;
