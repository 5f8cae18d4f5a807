//! Strategic merge patch: a merge patch with directives that merges lists by key (apimachinery,
//! `pkg/util/strategicpatch/patch.go`).
//!
//! [`apply`] applies a patch as the API server does. The same code merges two patches if directives are kept;
//! [`three_way`](super::three_way) builds on that. Custom resources do not support strategic merge patches, which
//! callers check.

use rustc_hash::FxHashSet;

use super::error::StrategicError;
use super::lists::{self, ItemKind, Positions, as_list, as_object, deduplicated, order_items, require_merge_key};
use super::merge_keys::Strategy;
use super::{FieldType, Types};
use crate::go::{type_name, value_text};
use crate::json::{Map, Value};

/// The key of a directive about the object that contains it.
pub(super) const DIRECTIVE: &str = "$patch";
/// The directive that deletes an object.
pub(super) const DELETE: &str = "delete";
/// The directive that replaces an object or list instead of merging it.
pub(super) const REPLACE: &str = "replace";
/// The directive that lists the keys to retain.
pub(super) const RETAIN_KEYS: &str = "$retainKeys";
/// The prefix of a directive that lists the values to remove from a list.
pub(super) const DELETE_FROM_LIST: &str = "$deleteFromPrimitiveList";
/// The prefix of a directive that lists the order of items.
pub(super) const ELEMENT_ORDER: &str = "$setElementOrder";

/// Applies a patch to a document; `root` is the type of both.
///
/// # Errors
///
/// Returns an error if the patch is malformed or contradicts the types.
pub fn apply(
    types: &(impl Types + ?Sized),
    root: &FieldType,
    document: &Value,
    patch: &Value,
) -> Result<Value, StrategicError> {
    let document = document.as_object().ok_or(StrategicError::NotAnObject)?;
    let patch = patch.as_object().ok_or(StrategicError::NotAnObject)?;
    let merger = Merger { types, mode: Mode::Apply };
    merger.objects(document.clone(), patch.clone(), root).map(Value::Object)
}

/// The treatment of directives.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Directives take effect and disappear.
    Apply,
    /// Directives and nulls are kept, because the result is a patch itself.
    Keep,
}

/// Merges a patch into a document or another patch.
pub(super) struct Merger<'a, T: Types + ?Sized> {
    pub(super) types: &'a T,
    pub(super) mode: Mode,
}

type Object = Map;

impl<T: Types + ?Sized> Merger<'_, T> {
    /// Merges an object; recursion comes back here.
    pub(super) fn objects(
        &self,
        mut live: Object,
        mut patch: Object,
        field_type: &FieldType,
    ) -> Result<Object, StrategicError> {
        if let Some(directive) = patch.remove(DIRECTIVE) {
            return self.directive(&directive, patch);
        }
        self.retain_keys(&mut live, &mut patch)?;
        self.ordered_lists(&mut live, &mut patch, field_type)?;
        for (key, value) in patch {
            self.field(&mut live, key.into(), value, field_type)?;
        }
        Ok(live)
    }

    fn directive(&self, directive: &Value, patch: Object) -> Result<Object, StrategicError> {
        match directive.as_str() {
            Some(REPLACE) => Ok(self.new_object(patch)),
            Some(DELETE) => Ok(Object::new()),
            _ => {
                let mut map = patch;
                map.insert(DIRECTIVE.to_owned(), directive.clone());
                let map = value_text(&Value::Object(map));
                Err(StrategicError::UnknownDirective { directive: value_text(directive), map })
            }
        }
    }

    /// Removes the keys that the patch does not list as retained.
    fn retain_keys(&self, live: &mut Object, patch: &mut Object) -> Result<(), StrategicError> {
        let Some(retained) = patch.remove(RETAIN_KEYS) else { return Ok(()) };
        if self.mode == Mode::Keep {
            match live.get(RETAIN_KEYS) {
                Some(already) if *already != retained => return Err(StrategicError::RetainKeysFormat),
                _ => live.insert(RETAIN_KEYS.to_owned(), retained),
            };
            return Ok(());
        }
        let retained = retained.as_array().ok_or(StrategicError::RetainKeysFormat)?;
        let stays = |key: &str| retained.iter().any(|name| name == key);
        let names_a_field = |key: &str| !key.starts_with(DELETE_FROM_LIST) && !key.starts_with(ELEMENT_ORDER);
        if patch.iter().any(|(key, value)| !value.is_null() && names_a_field(key) && !stays(key)) {
            return Err(StrategicError::RetainKeysFormat);
        }
        live.retain(|key, _| stays(key));
        Ok(())
    }

    /// Merges the lists with an order directive and removes them from the patch.
    fn ordered_lists(
        &self,
        live: &mut Object,
        patch: &mut Object,
        field_type: &FieldType,
    ) -> Result<(), StrategicError> {
        let ordered = patch.keys().filter(|key| key.starts_with(ELEMENT_ORDER)).cloned().collect::<Vec<_>>();
        for directive in ordered {
            // The keys were just collected from the patch and each is removed once.
            let Some(order) = patch.remove(&directive) else { continue };
            if self.mode == Mode::Keep {
                match live.get(&directive) {
                    Some(already) if *already != order => return Err(StrategicError::ElementOrderFormat),
                    _ => live.insert(directive.clone(), order.clone()),
                };
            }
            let field = directive_field(&directive, ELEMENT_ORDER).ok_or(StrategicError::ElementOrderFormat)?;
            let order = as_list(&order)?;
            let (old, new) = (live.get(field), patch.remove(field));
            if let Some(merged) = self.ordered_list(field, order, old, new.as_ref(), field_type)? {
                live.insert(field.to_owned(), Value::from(merged));
            }
        }
        Ok(())
    }

    fn ordered_list(
        &self,
        field: &str,
        order: &[Value],
        live: Option<&Value>,
        patch: Option<&Value>,
        field_type: &FieldType,
    ) -> Result<Option<Vec<Value>>, StrategicError> {
        let old = live.map(as_list).transpose()?;
        let new = patch.map(as_list).transpose()?;
        let strategy = self.strategy(field_type, field);
        let merge_key = strategy.merge_key.unwrap_or_default();
        check_order(new.unwrap_or_default(), order, merge_key)?;
        let merged = match (old, new) {
            (None, None) => return Ok(None),
            (Some(old), None) => old.to_vec(),
            (None, Some(new)) => self.new_items(new),
            (Some(old), Some(new)) => {
                self.lists(old.to_vec(), new.to_vec(), &self.items_of(field_type, field), strategy)?
            }
        };
        let (old, new) = (old.unwrap_or_default(), new.unwrap_or_default());
        // Upstream checks the type of the items even if one of the lists is missing.
        lists::item_kind(&[old, new])?;
        match merge_key {
            "" => order_items(merged, order, old, merge_key),
            _ => order_items(merged, order, &lists::overwritten(old, new, merge_key), merge_key),
        }
        .map(Some)
    }

    /// Merges a field of an object.
    fn field(
        &self,
        live: &mut Object,
        key: String,
        value: Value,
        field_type: &FieldType,
    ) -> Result<(), StrategicError> {
        if key.starts_with(DELETE_FROM_LIST) {
            return self.deletion_list(live, key, value);
        }
        if value.is_null() {
            live.remove(&key);
            if self.mode == Mode::Apply {
                return Ok(());
            }
        }
        let merged = match (live.remove(&key), value) {
            (Some(Value::Object(old)), Value::Object(new)) => self.object_field(&key, old, new, field_type)?,
            (Some(Value::Array(old)), Value::Array(new)) => {
                let strategy = self.strategy(field_type, &key);
                match strategy.merge_key {
                    Some(_) => Value::from(self.lists(
                        old.into_vec(),
                        new.into_vec(),
                        &self.items_of(field_type, &key),
                        strategy,
                    )?),
                    None => Value::Array(new),
                }
            }
            (_, new) => self.new_value(new),
        };
        live.insert(key, merged);
        Ok(())
    }

    fn object_field(
        &self,
        key: &str,
        old: Object,
        new: Object,
        field_type: &FieldType,
    ) -> Result<Value, StrategicError> {
        if self.strategy(field_type, key).replace {
            return Ok(Value::Object(new));
        }
        self.objects(old, new, &field_type.child(self.types, key)).map(Value::Object)
    }

    /// Removes values from a list of scalars, or keeps the directive.
    fn deletion_list(&self, live: &mut Object, key: String, values: Value) -> Result<(), StrategicError> {
        if self.mode == Mode::Keep {
            live.insert(key, values);
            return Ok(());
        }
        let field = directive_field(&key, DELETE_FROM_LIST).ok_or(StrategicError::PrimitiveListFormat)?;
        if let (Some(Value::Array(items)), Value::Array(values)) = (live.get_mut(field), &values) {
            let values: FxHashSet<&Value> = values.iter().collect();
            items.retain(|item| !values.contains(item));
        }
        Ok(())
    }

    /// Merges two lists item by item.
    fn lists(
        &self,
        live: Vec<Value>,
        patch: Vec<Value>,
        items: &FieldType,
        strategy: Strategy,
    ) -> Result<Vec<Value>, StrategicError> {
        let Some(merge_key) = strategy.merge_key else { return Ok(patch) };
        match lists::item_kind(&[&live, &patch])? {
            None => Ok(live),
            Some(ItemKind::Scalars) => {
                let merged = deduplicated(live.iter().chain(&patch).cloned());
                order_items(merged, &patch, &live, "")
            }
            Some(ItemKind::Objects) if merge_key.is_empty() => {
                Err(StrategicError::NoKeyDeclared(items.definition().unwrap_or("map").to_owned()))
            }
            Some(ItemKind::Objects) => {
                let (live, patch) = apply_item_directives(live, patch, merge_key)?;
                let merged = self.keyed_items(live.clone(), &patch, merge_key, items)?;
                order_items(merged, &patch, &live, merge_key)
            }
        }
    }

    /// Merges each object into the one with the same key and appends new ones.
    fn keyed_items(
        &self,
        mut live: Vec<Value>,
        patch: &[Value],
        merge_key: &str,
        items: &FieldType,
    ) -> Result<Vec<Value>, StrategicError> {
        let mut places = Positions::of(&live, merge_key);
        for item in patch {
            let new = require_merge_key(item, merge_key)?;
            match places.find(item) {
                Some(at) => {
                    let old = as_object(&live[at])?.clone();
                    live[at] = Value::Object(self.objects(old, new.clone(), items)?);
                }
                None => {
                    let added = self.new_value(item.clone());
                    places.add(&added, live.len());
                    live.push(added);
                }
            }
        }
        Ok(live)
    }

    fn strategy(&self, field_type: &FieldType, field: &str) -> Strategy {
        field_type.definition().map(|definition| self.types.strategy(definition, field)).unwrap_or_default()
    }

    fn items_of(&self, field_type: &FieldType, field: &str) -> FieldType {
        field_type.child(self.types, field).element()
    }

    /// Returns a value of the patch without counterpart in the document: directives and nulls in it have no effect.
    fn new_value(&self, value: Value) -> Value {
        match (self.mode, value) {
            (Mode::Apply, Value::Object(fields)) => Value::Object(self.new_object(fields)),
            (Mode::Apply, Value::Array(items)) => Value::from(self.new_items(&items)),
            (_, other) => other,
        }
    }

    fn new_object(&self, mut fields: Object) -> Object {
        if self.mode == Mode::Keep {
            return fields;
        }
        if fields.get(DIRECTIVE).is_some_and(|directive| directive == DELETE) {
            return Object::new();
        }
        fields.retain(|key, value| !value.is_null() && !is_directive(key));
        fields.into_iter().map(|(key, value)| (key, self.new_value(value))).collect()
    }

    fn new_items(&self, items: &[Value]) -> Vec<Value> {
        if self.mode == Mode::Keep {
            return items.to_vec();
        }
        let stays = |item: &&Value| item.get(DIRECTIVE).is_none();
        items.iter().filter(stays).map(|item| self.new_value(item.clone())).collect()
    }
}

fn is_directive(key: &str) -> bool {
    key == DIRECTIVE || key == RETAIN_KEYS || key.starts_with(DELETE_FROM_LIST) || key.starts_with(ELEMENT_ORDER)
}

/// Returns the name of the list after `$directive/`.
fn directive_field<'a>(key: &'a str, prefix: &str) -> Option<&'a str> {
    key.strip_prefix(prefix)?.strip_prefix('/')
}

/// Applies the items that are directives: deletions, and the replacement of the whole list.
fn apply_item_directives(
    mut live: Vec<Value>,
    patch: Vec<Value>,
    merge_key: &str,
) -> Result<(Vec<Value>, Vec<Value>), StrategicError> {
    let mut plain = Vec::new();
    let mut deleted = Vec::new();
    let mut replace = false;
    for item in patch {
        let Some(directive) = item.get(DIRECTIVE) else {
            plain.push(item);
            continue;
        };
        match directive.as_str() {
            Some(DELETE) => {
                require_merge_key(&item, merge_key)?;
                deleted.push(item);
            }
            Some(REPLACE) => replace = true,
            Some("merge") => return Err(StrategicError::MergeDirective),
            _ => {
                return Err(StrategicError::UnknownDirective {
                    directive: value_text(directive),
                    map: value_text(&item),
                });
            }
        }
    }
    let deleted = Positions::of(&deleted, merge_key);
    live.retain(|old| deleted.find(old).is_none());
    Ok(if replace { (plain, Vec::new()) } else { (live, plain) })
}

/// Checks that the items of a patch are in the requested order.
fn check_order(items: &[Value], order: &[Value], merge_key: &str) -> Result<(), StrategicError> {
    if items.is_empty() || order.is_empty() {
        return Ok(());
    }
    let mut wanted = order.iter();
    for item in items.iter().filter(|item| item.get(DIRECTIVE).is_none()) {
        if !merge_key.is_empty() {
            require_merge_key(item, merge_key)?;
        }
        if !wanted.any(|name| lists::same_item(item, name, merge_key)) {
            let (items, order) = (Value::from(items.to_vec()), Value::from(order.to_vec()));
            return Err(StrategicError::OrderMismatch { items: value_text(&items), order: value_text(&order) });
        }
    }
    Ok(())
}

/// Returns `true` if two values have the same JSON type for merging.
pub(super) fn same_type(left: &Value, right: &Value) -> bool {
    type_name(left) == type_name(right)
}

#[cfg(test)]
mod tests;
