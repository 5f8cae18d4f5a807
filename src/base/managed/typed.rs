//! Walks over objects by their types: the fields an object has, and taking fields away.

use std::sync::Arc;

use super::set::{FieldSet, field_step, key_step, value_step};
use crate::json::{Map, SharedStr, Value};
use crate::patch::merge_keys::ListType;
use crate::patch::{FieldType, Ownership, Types};

/// A place in an object: what stands there and how it is owned.
#[derive(Clone, Debug)]
pub(super) struct Place(Arc<Ownership>);

/// How a value is looked at where it stands.
pub(super) enum Shape<'a> {
    /// Owned as a whole.
    Leaf,
    /// An object or map with fields of their own.
    Fields(&'a Map),
    /// A list with items of their own.
    Items(&'a [Value]),
}

impl Place {
    /// What stands there.
    pub(super) fn holds(&self) -> &FieldType {
        &self.0.holds
    }

    pub(super) fn root(holds: &FieldType) -> Place {
        Place(Arc::new(Ownership { holds: holds.clone(), list: ListType::Atomic, atomic: false }))
    }

    /// The place of a field, or of a key of a map.
    pub(super) fn field(&self, types: &(impl Types + ?Sized), key: &str) -> Place {
        match self.holds() {
            FieldType::Object(definition) => Place(types.ownership(definition, key)),
            other => Place::inner(types, other.child(types, key)),
        }
    }

    /// The place of each item of a list.
    pub(super) fn item(&self, types: &(impl Types + ?Sized)) -> Place {
        Place::inner(types, self.0.holds.element())
    }

    /// The place a written step leads to.
    fn step(&self, types: &(impl Types + ?Sized), step: &str) -> Place {
        match step.strip_prefix("f:") {
            Some(name) => self.field(types, name),
            None => self.item(types),
        }
    }

    fn inner(types: &(impl Types + ?Sized), holds: FieldType) -> Place {
        Place(Arc::new(Ownership::inner(types, holds)))
    }

    pub(super) fn shape<'a>(&self, value: &'a Value) -> Shape<'a> {
        match value {
            Value::Object(fields) if !self.0.atomic => Shape::Fields(fields),
            Value::Array(items) if !self.0.atomic && self.0.list != ListType::Atomic => Shape::Items(items),
            _ => Shape::Leaf,
        }
    }

    /// Whether a value has parts that can be owned.
    pub(super) fn has_parts(&self, value: &Value) -> bool {
        match self.shape(value) {
            Shape::Leaf => false,
            Shape::Fields(fields) => !fields.is_empty(),
            Shape::Items(items) => !items.is_empty(),
        }
    }

    /// Whether a key is a declared field, rather than a key of the user's choosing.
    pub(super) fn declares(&self, types: &(impl Types + ?Sized), key: &str) -> bool {
        let field = self.0.holds.definition().map(|definition| types.field(definition, key));
        field.is_some_and(|field| field != FieldType::Unknown)
    }

    /// The step to an item of a list; `None` for an item that has nothing to tell it apart.
    pub(super) fn item_step(&self, types: &(impl Types + ?Sized), item: &Value) -> Option<SharedStr> {
        let ListType::Map(keys) = &self.0.list else { return Some(value_step(item)) };
        let fields = item.as_object()?;
        let holds = self.0.holds.element();
        let default = |key: &str| holds.definition().and_then(|name| types.key_default(name, key)).map(Value::from);
        let value = |key: &str| fields.get(key).cloned().or_else(|| default(key));
        let found: Vec<(&str, Value)> = keys.iter().filter_map(|key| Some((&**key, value(key)?))).collect();
        (!found.is_empty()).then(|| key_step(found))
    }

    /// The keys that tell items apart; none for lists of values.
    pub(super) fn item_keys(&self) -> Vec<String> {
        match &self.0.list {
            ListType::Map(keys) => keys.iter().map(|key| key.to_string()).collect(),
            _ => Vec::new(),
        }
    }
}

/// All fields of an object that an owner of the whole object owns.
pub(super) fn fields_of(types: &(impl Types + ?Sized), root: &FieldType, object: &Value) -> FieldSet {
    let mut set = FieldSet::default();
    collect(types, &Place::root(root), object, &mut Vec::new(), &mut set);
    set
}

fn collect(types: &(impl Types + ?Sized), place: &Place, value: &Value, path: &mut Vec<SharedStr>, set: &mut FieldSet) {
    match place.shape(value) {
        Shape::Leaf => set.insert(path),
        Shape::Fields(fields) => {
            for (key, value) in fields {
                path.push(field_step(key));
                collect(types, &place.field(types, key), value, path, set);
                let empty = value.is_null() || value.as_object().is_some_and(Map::is_empty);
                if empty || !place.declares(types, key) {
                    set.insert(path);
                }
                path.pop();
            }
        }
        Shape::Items(items) => {
            for item in items {
                let Some(step) = place.item_step(types, item) else { continue };
                path.push(step);
                collect(types, &place.item(types), item, path, set);
                set.insert(path);
                path.pop();
            }
        }
    }
}

/// The set with every declared field on the way to one of its fields put in.
pub(super) fn with_declared_parents(types: &(impl Types + ?Sized), root: &FieldType, set: &FieldSet) -> FieldSet {
    let root = Place::root(root);
    set.with_steps(&|parents, step| {
        let Some(name) = step.strip_prefix("f:") else { return false };
        let place = parents.iter().fold(root.clone(), |place, step| place.step(types, step));
        place.declares(types, name)
    })
}

/// The object without the fields of a set; what gets empty by that, and is not in the set itself, stays as an empty value.
pub(super) fn without_fields(types: &(impl Types + ?Sized), root: &FieldType, object: &Value, set: &FieldSet) -> Value {
    remove(types, &Place::root(root), object, set)
}

fn remove(types: &(impl Types + ?Sized), place: &Place, value: &Value, set: &FieldSet) -> Value {
    let rest = |step: &str, place: Place, value: &Value| match set.below(step) {
        Some(below) => remove(types, &place, value, below),
        None => value.clone(),
    };
    match place.shape(value) {
        Shape::Leaf => value.clone(),
        Shape::Fields(fields) => {
            let steps = fields.iter().map(|(key, value)| (key, field_step(key), value));
            let kept = steps.filter(|(_, step, _)| !set.has_member(step));
            let kept = kept.map(|(key, step, value)| (key.clone(), rest(&step, place.field(types, key), value)));
            Value::Object(kept.collect())
        }
        Shape::Items(items) => {
            let steps = items.iter().map(|item| (place.item_step(types, item).unwrap_or_default(), item));
            let kept = steps.filter(|(step, _)| !set.has_member(step));
            Value::Array(kept.map(|(step, item)| rest(&step, place.item(types), item)).collect())
        }
    }
}
