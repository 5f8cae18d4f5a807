//! Walks over objects along their types: collecting and removing fields (structured-merge-diff, `typed/tofieldset.go`
//! and `typed/remove.go`).

use std::sync::Arc;

use super::set::{FieldSet, field_element, key_element, value_element};
use crate::json::{Map, SharedStr, Value};
use crate::patch::merge_keys::ListType;
use crate::patch::{FieldSchema, FieldType, Types};

/// The type at a path of an object, with its rules for server-side apply.
#[derive(Clone, Debug)]
pub(super) struct TypeRef(Arc<FieldSchema>);

/// The structure of a value as its type defines it.
pub(super) enum Shape<'a> {
    /// A value with one owner as a whole.
    Leaf,
    /// An object or map whose fields have owners.
    Fields(&'a Map),
    /// A list whose items have owners.
    Items(&'a [Value]),
}

impl TypeRef {
    /// Returns the type.
    pub(super) fn field_type(&self) -> &FieldType {
        &self.0.field_type
    }

    pub(super) fn root(field_type: &FieldType) -> TypeRef {
        TypeRef(Arc::new(FieldSchema { field_type: field_type.clone(), list_type: ListType::Atomic, atomic: false }))
    }

    /// Returns the type of a field or map key.
    pub(super) fn field(&self, types: &(impl Types + ?Sized), key: &str) -> TypeRef {
        match self.field_type() {
            FieldType::Object(definition) => TypeRef(types.field_schema(definition, key)),
            other => TypeRef::inner(types, other.child(types, key)),
        }
    }

    /// Returns the type of the items of a list.
    pub(super) fn item(&self, types: &(impl Types + ?Sized)) -> TypeRef {
        TypeRef::inner(types, self.0.field_type.element())
    }

    /// Returns the type at a path element.
    fn element(&self, types: &(impl Types + ?Sized), element: &str) -> TypeRef {
        match element.strip_prefix("f:") {
            Some(name) => self.field(types, name),
            None => self.item(types),
        }
    }

    fn inner(types: &(impl Types + ?Sized), field_type: FieldType) -> TypeRef {
        TypeRef(Arc::new(FieldSchema::inner(types, field_type)))
    }

    pub(super) fn shape<'a>(&self, value: &'a Value) -> Shape<'a> {
        match value {
            Value::Object(fields) if !self.0.atomic => Shape::Fields(fields),
            Value::Array(items) if !self.0.atomic && self.0.list_type != ListType::Atomic => Shape::Items(items),
            _ => Shape::Leaf,
        }
    }

    /// Returns `true` if a value is an object or list that has one owner as a whole.
    pub(super) fn is_atomic(&self, value: &Value) -> bool {
        (value.is_object() || value.is_array()) && matches!(self.shape(value), Shape::Leaf)
    }

    /// Returns `true` if a value has fields or items that can have owners.
    pub(super) fn has_parts(&self, value: &Value) -> bool {
        match self.shape(value) {
            Shape::Leaf => false,
            Shape::Fields(fields) => !fields.is_empty(),
            Shape::Items(items) => !items.is_empty(),
        }
    }

    /// Returns `true` if a key is a declared field and not an arbitrary map key.
    pub(super) fn declares(&self, types: &(impl Types + ?Sized), key: &str) -> bool {
        let field = self.0.field_type.definition().map(|definition| types.field(definition, key));
        field.is_some_and(|field| field != FieldType::Unknown)
    }

    /// Returns the path element of a list item; `None` if it has none of the map keys.
    pub(super) fn item_element(&self, types: &(impl Types + ?Sized), item: &Value) -> Option<SharedStr> {
        let ListType::Map(keys) = &self.0.list_type else { return Some(value_element(item)) };
        let fields = item.as_object()?;
        let field_type = self.0.field_type.element();
        let default = |key: &str| field_type.definition().and_then(|name| types.key_default(name, key));
        let value = |key: &str| fields.get(key).cloned().or_else(|| default(key));
        let found: Vec<(&str, Value)> = keys.iter().filter_map(|key| Some((&**key, value(key)?))).collect();
        (!found.is_empty()).then(|| key_element(found))
    }

    /// Returns `true` if two items of a list have the same map keys, whose defaults do not count.
    pub(super) fn has_same_keys(&self, item: &Value, other: &Value) -> bool {
        match &self.0.list_type {
            ListType::Map(keys) => keys.iter().all(|key| item.get(&**key) == other.get(&**key)),
            _ => false,
        }
    }

    /// Returns the map keys of a list; empty for lists of values.
    pub(super) fn item_keys(&self) -> Vec<String> {
        match &self.0.list_type {
            ListType::Map(keys) => keys.iter().map(|key| key.to_string()).collect(),
            _ => Vec::new(),
        }
    }
}

/// Returns all fields of an object that its sole owner would own.
pub(super) fn fields_of(types: &(impl Types + ?Sized), root: &FieldType, object: &Value) -> FieldSet {
    collect(types, &TypeRef::root(root), object).1
}

/// Returns whether a value is a member itself, and the members below it.
fn collect(types: &(impl Types + ?Sized), ty: &TypeRef, value: &Value) -> (bool, FieldSet) {
    let mut set = FieldSet::default();
    match ty.shape(value) {
        Shape::Leaf => return (true, set),
        Shape::Fields(fields) => {
            for (key, value) in fields {
                let (is_leaf, below) = collect(types, &ty.field(types, key), value);
                let empty = value.is_null() || value.as_object().is_some_and(Map::is_empty);
                set.put(field_element(key), is_leaf || empty || !ty.declares(types, key), below);
            }
        }
        Shape::Items(items) => {
            for item in items {
                let Some(element) = ty.item_element(types, item) else { continue };
                set.put(element, true, collect(types, &ty.item(types), item).1);
            }
        }
    }
    (false, set)
}

/// Adds the declared fields among the parents of members (`EnsureNamedFieldsAreMembers`).
pub(super) fn with_declared_parents(types: &(impl Types + ?Sized), root: &FieldType, set: &FieldSet) -> FieldSet {
    let declares =
        |ty: &TypeRef, element: &str| element.strip_prefix("f:").is_some_and(|name| ty.declares(types, name));
    set.with_nodes(&TypeRef::root(root), &|ty, element| ty.element(types, element), &declares)
}

/// Removes the fields of a set from an object; parents that become empty and are not in the set are kept.
pub(super) fn without_fields(types: &(impl Types + ?Sized), root: &FieldType, object: &Value, set: &FieldSet) -> Value {
    remove(types, &TypeRef::root(root), object, set)
}

fn remove(types: &(impl Types + ?Sized), ty: &TypeRef, value: &Value, set: &FieldSet) -> Value {
    let rest = |element: &str, ty: TypeRef, value: &Value| match set.below(element) {
        Some(below) => remove(types, &ty, value, below),
        None => value.clone(),
    };
    match ty.shape(value) {
        Shape::Leaf => value.clone(),
        Shape::Fields(fields) => {
            let elements = fields.iter().map(|(key, value)| (key, field_element(key), value));
            let kept = elements.filter(|(_, element, _)| !set.has_member(element));
            let kept = kept.map(|(key, element, value)| (key.clone(), rest(&element, ty.field(types, key), value)));
            Value::Object(kept.collect())
        }
        Shape::Items(items) => {
            let elements = items.iter().map(|item| (ty.item_element(types, item).unwrap_or_default(), item));
            let kept = elements.filter(|(element, _)| !set.has_member(element));
            Value::Array(kept.map(|(element, item)| rest(&element, ty.item(types), item)).collect())
        }
    }
}
