//! Strategic merge patch: a merge patch that knows by which key the items of lists are told apart, and has directives.
//!
//! [`apply`] works as the API server does. The same merging, with the directives kept instead of carried out, joins two
//! patches into one; [`three_way`](super::three_way) builds on that. Custom resources have no strategic merge patch: refusing
//! it is up to the caller.

use super::lists::{self, ItemKind, as_list, as_object, deduplicated, in_order, keyed};
use super::merge_keys::Strategy;
use super::{FieldType, Types};
use crate::go::{type_name, value_text};
use crate::json::{Map, Value};

/// The key of a directive that concerns the whole object it stands in.
pub(super) const DIRECTIVE: &str = "$patch";
/// The directive that removes an object.
pub(super) const DELETE: &str = "delete";
/// The directive that replaces an object or a list instead of merging it.
pub(super) const REPLACE: &str = "replace";
/// The directive that lists the keys that stay.
pub(super) const RETAIN_KEYS: &str = "$retainKeys";
/// In front of the name of a list: the values to remove from it.
pub(super) const DELETE_FROM_LIST: &str = "$deleteFromPrimitiveList";
/// In front of the name of a list: the order its items should have.
pub(super) const ELEMENT_ORDER: &str = "$setElementOrder";

/// Why a strategic merge patch cannot be made or applied. The messages are those of Kubernetes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StrategicError {
    /// The patch or the document is no object.
    #[error("invalid JSON document")]
    NotAnObject,
    /// Items of a list are lists.
    #[error("lists of lists are not supported")]
    ListOfLists,
    /// Items of a list have different types.
    #[error("list element types are not identical: {0}")]
    MixedList(String),
    /// An item of a list has no merge key.
    #[error("map: {map} does not contain declared merge key: {key}")]
    NoMergeKey {
        /// The item.
        map: String,
        /// The key that is missing.
        key: String,
    },
    /// A list of objects should be merged, but its type names no key.
    #[error("cannot merge lists without merge key for type {0}")]
    NoKeyDeclared(String),
    /// A value has another type than the place asks for.
    #[error("expected a {expected}, but received a {found}")]
    WrongType {
        /// The type that is needed.
        expected: &'static str,
        /// The type that is there.
        found: &'static str,
    },
    /// There is no such directive.
    #[error("unknown patch type: {directive} in map: {map}")]
    UnknownDirective {
        /// What was asked for.
        directive: String,
        /// Where.
        map: String,
    },
    /// A list's own directive asks for merging.
    #[error("merging lists cannot yet be specified in the patch")]
    MergeDirective,
    /// The key of a deletion list does not name a list.
    #[error("invalid patch format of primitive list")]
    PrimitiveListFormat,
    /// The keys to retain are no list, or the patch sets others.
    #[error("invalid patch format of retainKeys")]
    RetainKeysFormat,
    /// The order list is none, does not name a list, or differs between two patches.
    #[error("invalid patch format of setElementOrder list")]
    ElementOrderFormat,
    /// The items of the patch do not come in the order they ask for.
    #[error("The order in patch list:\n{items}\n doesn't match $setElementOrder list:\n{order}\n")]
    OrderMismatch {
        /// The items of the patch.
        items: String,
        /// The order asked for.
        order: String,
    },
}

/// The document after the patch; `root` is the type of both.
pub fn apply(
    types: &(impl Types + ?Sized),
    root: &FieldType,
    document: &Value,
    patch: &Value,
) -> Result<Value, StrategicError> {
    let document = document.as_object().ok_or(StrategicError::NotAnObject)?;
    let patch = patch.as_object().ok_or(StrategicError::NotAnObject)?;
    let merger = Merger { types, mode: Mode::CarryOut };
    merger.objects(document.clone(), patch.clone(), root).map(Value::Object)
}

/// What becomes of directives.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// They take effect, and nothing is left of them.
    CarryOut,
    /// They stay, because the result is a patch itself; nulls stay too.
    Keep,
}

/// Merges a patch into a document or into another patch.
pub(super) struct Merger<'a, T: Types + ?Sized> {
    pub(super) types: &'a T,
    pub(super) mode: Mode,
}

type Object = Map;

impl<T: Types + ?Sized> Merger<'_, T> {
    /// Merges one object; the rest of the merging leads back here.
    pub(super) fn objects(
        &self,
        mut live: Object,
        mut patch: Object,
        holds: &FieldType,
    ) -> Result<Object, StrategicError> {
        if let Some(directive) = patch.remove(DIRECTIVE) {
            return self.directive(&directive, patch);
        }
        self.retain_keys(&mut live, &mut patch)?;
        self.ordered_lists(&mut live, &mut patch, holds)?;
        for (key, value) in patch {
            self.field(&mut live, key.into(), value, holds)?;
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

    /// Drops what the patch does not list among the keys to retain.
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

    /// Merges the lists that come with an order, and takes them out of the patch.
    fn ordered_lists(&self, live: &mut Object, patch: &mut Object, holds: &FieldType) -> Result<(), StrategicError> {
        let ordered = patch.keys().filter(|key| key.starts_with(ELEMENT_ORDER)).cloned().collect::<Vec<_>>();
        for directive in ordered {
            // Every key came out of the patch just now, and only its own turn removes it.
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
            if let Some(merged) = self.ordered_list(field, order, old, new.as_ref(), holds)? {
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
        holds: &FieldType,
    ) -> Result<Option<Vec<Value>>, StrategicError> {
        let old = live.map(as_list).transpose()?;
        let new = patch.map(as_list).transpose()?;
        let strategy = self.strategy(holds, field);
        let merge_key = strategy.merge_key.unwrap_or_default();
        check_order(new.unwrap_or_default(), order, merge_key)?;
        let merged = match (old, new) {
            (None, None) => return Ok(None),
            (Some(old), None) => old.to_vec(),
            (None, Some(new)) => self.new_items(new),
            (Some(old), Some(new)) => self.lists(old.to_vec(), new.to_vec(), &self.items_of(holds, field), strategy)?,
        };
        let live = old.unwrap_or_default();
        // What has just been found missing has its item kind checked all the same.
        lists::item_kind(&[live, new.unwrap_or_default()])?;
        in_order(merged, order, live, merge_key).map(Some)
    }

    /// Merges one field of an object.
    fn field(&self, live: &mut Object, key: String, value: Value, holds: &FieldType) -> Result<(), StrategicError> {
        if key.starts_with(DELETE_FROM_LIST) {
            return self.deletion_list(live, key, value);
        }
        if value.is_null() {
            live.remove(&key);
            if self.mode == Mode::CarryOut {
                return Ok(());
            }
        }
        let merged = match (live.remove(&key), value) {
            (Some(Value::Object(old)), Value::Object(new)) => self.object_field(&key, old, new, holds)?,
            (Some(Value::Array(old)), Value::Array(new)) => {
                let strategy = self.strategy(holds, &key);
                match strategy.merge_key {
                    Some(_) => Value::from(self.lists(
                        old.into_vec(),
                        new.into_vec(),
                        &self.items_of(holds, &key),
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

    fn object_field(&self, key: &str, old: Object, new: Object, holds: &FieldType) -> Result<Value, StrategicError> {
        if self.strategy(holds, key).replace {
            return Ok(Value::Object(new));
        }
        self.objects(old, new, &holds.child(self.types, key)).map(Value::Object)
    }

    /// Takes values out of a list of scalars, or keeps the directive for later.
    fn deletion_list(&self, live: &mut Object, key: String, values: Value) -> Result<(), StrategicError> {
        if self.mode == Mode::Keep {
            live.insert(key, values);
            return Ok(());
        }
        let field = directive_field(&key, DELETE_FROM_LIST).ok_or(StrategicError::PrimitiveListFormat)?;
        if let (Some(Value::Array(items)), Value::Array(values)) = (live.get_mut(field), &values) {
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
                in_order(merged, &patch, &live, "")
            }
            Some(ItemKind::Objects) if merge_key.is_empty() => {
                Err(StrategicError::NoKeyDeclared(items.definition().unwrap_or("map").to_owned()))
            }
            Some(ItemKind::Objects) => {
                let (live, patch) = carry_out_item_directives(live, patch, merge_key)?;
                let merged = self.keyed_items(live.clone(), &patch, merge_key, items)?;
                in_order(merged, &patch, &live, merge_key)
            }
        }
    }

    /// Merges each object into the one with the same key; new ones are appended.
    fn keyed_items(
        &self,
        mut live: Vec<Value>,
        patch: &[Value],
        merge_key: &str,
        items: &FieldType,
    ) -> Result<Vec<Value>, StrategicError> {
        for item in patch {
            let new = keyed(item, merge_key)?;
            match lists::position(&live, item, merge_key) {
                Some(at) => {
                    let old = as_object(&live[at])?.clone();
                    live[at] = Value::Object(self.objects(old, new.clone(), items)?);
                }
                None => live.push(self.new_value(item.clone())),
            }
        }
        Ok(live)
    }

    fn strategy(&self, holds: &FieldType, field: &str) -> Strategy {
        holds.definition().map(|definition| self.types.strategy(definition, field)).unwrap_or_default()
    }

    fn items_of(&self, holds: &FieldType, field: &str) -> FieldType {
        holds.child(self.types, field).element()
    }

    /// A value of the patch that meets nothing: directives and nulls in it have nothing to act on.
    fn new_value(&self, value: Value) -> Value {
        match (self.mode, value) {
            (Mode::CarryOut, Value::Object(fields)) => Value::Object(self.new_object(fields)),
            (Mode::CarryOut, Value::Array(items)) => Value::from(self.new_items(&items)),
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

/// The name of the list behind `$directive/`.
fn directive_field<'a>(key: &'a str, prefix: &str) -> Option<&'a str> {
    key.strip_prefix(prefix)?.strip_prefix('/')
}

/// Carries out the items that are directives: deletions, and the replacement of the whole list.
fn carry_out_item_directives(
    mut live: Vec<Value>,
    patch: Vec<Value>,
    merge_key: &str,
) -> Result<(Vec<Value>, Vec<Value>), StrategicError> {
    let mut plain = Vec::new();
    let mut replace = false;
    for item in patch {
        let Some(directive) = item.get(DIRECTIVE) else {
            plain.push(item);
            continue;
        };
        match directive.as_str() {
            Some(DELETE) => {
                keyed(&item, merge_key)?;
                live.retain(|old| !lists::same_item(old, &item, merge_key));
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
    Ok(if replace { (plain, Vec::new()) } else { (live, plain) })
}

/// The items of a patch have to come in the order that the patch asks for.
fn check_order(items: &[Value], order: &[Value], merge_key: &str) -> Result<(), StrategicError> {
    if items.is_empty() || order.is_empty() {
        return Ok(());
    }
    let mut wanted = order.iter();
    for item in items.iter().filter(|item| item.get(DIRECTIVE).is_none()) {
        if !merge_key.is_empty() {
            keyed(item, merge_key)?;
        }
        if !wanted.any(|name| lists::same_item(item, name, merge_key)) {
            let (items, order) = (Value::from(items.to_vec()), Value::from(order.to_vec()));
            return Err(StrategicError::OrderMismatch { items: value_text(&items), order: value_text(&order) });
        }
    }
    Ok(())
}

/// Whether two values have the same type, as far as merging is concerned.
pub(super) fn same_type(left: &Value, right: &Value) -> bool {
    type_name(left) == type_name(right)
}

#[cfg(test)]
mod tests;
