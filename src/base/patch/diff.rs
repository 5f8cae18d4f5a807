//! The strategic merge patch between two versions of an object, with its directives (apimachinery,
//! `pkg/util/strategicpatch/patch.go`, `diffMaps`).

use super::error::StrategicError;
use super::lists::{self, ItemKind, Step, deduplicated, require_merge_key, sorted_by};
use super::strategic::{DELETE, DELETE_FROM_LIST, DIRECTIVE, ELEMENT_ORDER, RETAIN_KEYS, same_type};
use super::{FieldType, Types};
use crate::json::{Map, SharedStr, Value, json};

type Object = Map;

/// The differences that a patch consists of (`DiffOptions`).
#[derive(Clone, Copy)]
pub(super) struct Diff<'a, T: Types + ?Sized> {
    pub(super) types: &'a T,
    /// Include changed and new values.
    pub(super) changes: bool,
    /// Delete what is missing from the new version.
    pub(super) deletions: bool,
    /// Include the order of lists (`$setElementOrder`).
    pub(super) order: bool,
}

/// The parts of a patch that result from a list.
#[derive(Default)]
struct ListDiff {
    items: Vec<Value>,
    deleted: Vec<Value>,
    order: Vec<Value>,
}

impl<T: Types + ?Sized> Diff<'_, T> {
    /// Returns the patch from one object to another, both of type `holds`.
    pub(super) fn objects(&self, from: &Object, to: &Object, field_type: &FieldType) -> Result<Object, StrategicError> {
        self.fields(from, to, field_type, false)
    }

    fn fields(
        &self,
        from: &Object,
        to: &Object,
        field_type: &FieldType,
        retain: bool,
    ) -> Result<Object, StrategicError> {
        let mut patch = Object::new();
        for (key, new) in to {
            match from.get(key) {
                Some(old) if same_type(old, new) => self.field(&mut patch, key, old, new, field_type)?,
                _ if self.changes => {
                    patch.insert(key.clone(), new.clone());
                }
                _ => {}
            }
        }
        let gone = || from.iter().filter(|(key, _)| !to.contains_key(key));
        if self.deletions {
            patch.extend(gone().map(|(key, _)| (key.clone(), Value::Null)));
        }
        if retain {
            let kept: Vec<&SharedStr> = to.iter().filter(|(_, value)| !value.is_null()).map(|(key, _)| key).collect();
            let loses = gone().any(|(_, value)| !value.is_null());
            if !kept.is_empty() && (!patch.is_empty() || loses) {
                patch.insert(RETAIN_KEYS.to_owned(), json!(kept));
            }
        }
        Ok(patch)
    }

    /// Adds the difference of a field that both versions have, with the same type.
    fn field(
        &self,
        patch: &mut Object,
        key: &str,
        old: &Value,
        new: &Value,
        field_type: &FieldType,
    ) -> Result<(), StrategicError> {
        let strategy = field_type.definition().map(|name| self.types.strategy(name, key)).unwrap_or_default();
        let child = field_type.child(self.types, key);
        if strategy.replace && new.is_object() {
            // A field with the strategy `replace` is always sent.
            patch.extend(self.changes.then(|| (key.to_owned(), new.clone())));
            return Ok(());
        }
        match (old, new) {
            (Value::Object(old), Value::Object(new)) => {
                let inner = self.fields(old, new, &child, strategy.retain_keys)?;
                if !inner.is_empty() {
                    patch.insert(key.to_owned(), Value::Object(inner));
                }
            }
            (Value::Array(old), Value::Array(new)) if strategy.merge_key.is_some() => {
                let merge_key = strategy.merge_key.unwrap_or_default();
                let diff = self.lists(old, new, &child.element(), merge_key, strategy.retain_keys)?;
                let mut add = |name: String, items: Vec<Value>| {
                    if !items.is_empty() {
                        patch.insert(name, Value::from(items));
                    }
                };
                add(key.to_owned(), diff.items);
                add(format!("{DELETE_FROM_LIST}/{key}"), diff.deleted);
                add(format!("{ELEMENT_ORDER}/{key}"), diff.order);
            }
            _ if self.changes && old != new => {
                patch.insert(key.to_owned(), new.clone());
            }
            _ => {}
        }
        Ok(())
    }

    fn lists(
        &self,
        old: &[Value],
        new: &[Value],
        items: &FieldType,
        merge_key: &str,
        retain: bool,
    ) -> Result<ListDiff, StrategicError> {
        if old.is_empty() {
            let added = if self.changes { new.to_vec() } else { Vec::new() };
            return Ok(ListDiff { items: added, ..ListDiff::default() });
        }
        match lists::item_kind(&[old, new])? {
            Some(ItemKind::Objects) => self.lists_of_objects(old, new, items, merge_key, retain),
            _ => Ok(self.lists_of_scalars(old, new)),
        }
    }

    fn lists_of_scalars(&self, old: &[Value], new: &[Value]) -> ListDiff {
        let (old, sorted) = (lists::by_text(old, ""), lists::by_text(new, ""));
        let (mut added, mut deleted) = (Vec::new(), Vec::new());
        for step in lists::side_by_side(&old, &sorted) {
            match step {
                Step::Both(..) => {}
                Step::Added(item) => added.extend(self.changes.then(|| item.clone())),
                Step::Removed(item) => deleted.extend(self.deletions.then(|| item.clone())),
            }
        }
        let deleted = deduplicated(deleted);
        // Upstream sorts the old list in place, so that a list that is not sorted always counts as changed.
        let same = old.iter().map(|(_, item)| *item).eq(new);
        let ordered = self.order && (!deleted.is_empty() || (self.changes && !same));
        let order = if ordered { new.to_vec() } else { Vec::new() };
        ListDiff { items: sorted_by(added, new, ""), deleted, order }
    }

    fn lists_of_objects(
        &self,
        old: &[Value],
        new: &[Value],
        items: &FieldType,
        merge_key: &str,
        retain: bool,
    ) -> Result<ListDiff, StrategicError> {
        let (changed, deleted) = self.keyed_items(old, new, items, merge_key, retain)?;
        let mut patch = sorted_by(changed, new, merge_key);
        patch.extend(deleted);
        let same_order =
            old.len() == new.len() && old.iter().zip(new).all(|(old, new)| lists::same_item(old, new, merge_key));
        let reordered = self.changes && (!patch.is_empty() || !same_order);
        let mut order = Vec::new();
        if self.order && (reordered || (self.deletions && !patch.is_empty())) {
            order = new.iter().map(|item| json!({merge_key: item.get(merge_key)})).collect();
        }
        Ok(ListDiff { items: patch, order, ..ListDiff::default() })
    }

    /// Returns the changed and new items, and a deletion for each removed one (`diffListsOfMaps`).
    ///
    /// A key can occur several times. Both lists are sorted by key, and items of equal keys are compared in that order:
    /// a surplus item of the new list is added whole, one of the old list deletes the key.
    fn keyed_items(
        &self,
        old: &[Value],
        new: &[Value],
        items: &FieldType,
        merge_key: &str,
        retain: bool,
    ) -> Result<(Vec<Value>, Vec<Value>), StrategicError> {
        for item in old.iter().chain(new) {
            require_merge_key(item, merge_key)?;
        }
        let (old, new) = (lists::by_text(old, merge_key), lists::by_text(new, merge_key));
        let (mut changed, mut deleted) = (Vec::new(), Vec::new());
        for step in lists::side_by_side(&old, &new) {
            match step {
                Step::Both(old, new) => {
                    let mut inner = self.fields(lists::as_object(old)?, lists::as_object(new)?, items, retain)?;
                    if !inner.is_empty() {
                        inner.insert(merge_key.to_owned(), new[merge_key].clone());
                        changed.push(Value::Object(inner));
                    }
                }
                Step::Added(item) => changed.extend(self.changes.then(|| item.clone())),
                Step::Removed(item) if self.deletions => {
                    deleted.push(json!({merge_key: item[merge_key], DIRECTIVE: DELETE}));
                }
                Step::Removed(_) => {}
            }
        }
        Ok((changed, deleted))
    }
}
