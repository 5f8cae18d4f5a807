//! What patches and managed fields have to know about types: the kind of each field and how its content is merged.

use std::borrow::Cow;
use std::sync::Arc;

use super::merge_keys::{self, ListType, Strategy};
use crate::json::{Map, Value};

/// What a field holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldType {
    /// An object of this definition.
    Object(Cow<'static, str>),
    /// An object with keys of the user's choosing.
    Map(Box<FieldType>),
    /// A list.
    List(Box<FieldType>),
    /// A string.
    String,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// Anything: quantities, numbers or percentages, and content without a schema.
    Any,
    /// There is no such field.
    Unknown,
}

/// How a field is owned by those who write it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ownership {
    /// What it holds.
    pub holds: FieldType,
    /// What tells its items apart, if it is a list.
    pub list: ListType,
    /// Whether it is owned as a whole.
    pub atomic: bool,
}

impl Ownership {
    /// How a field is owned, out of what the types say of it.
    pub fn of(types: &(impl Types + ?Sized), definition: &str, field: &str) -> Ownership {
        let holds = types.field(definition, field);
        let atomic = types.is_atomic(definition, field, &holds);
        Ownership { atomic, list: types.list_type(definition, field), holds }
    }

    /// How the items of a list, or the values of a map, are owned.
    pub fn inner(types: &(impl Types + ?Sized), holds: FieldType) -> Ownership {
        let atomic = holds.definition().is_some_and(|definition| types.is_atomic_object(definition));
        Ownership { holds, list: ListType::Atomic, atomic }
    }
}

/// The types of fields, by the name of the definition they stand in (`io.k8s.api.apps.v1.Deployment`).
///
/// Only [`field`](Types::field) has to be given: the rest is answered from the tables of the built-in types, and is
/// overridden for definitions that bring their own rules, such as those of custom resources.
pub trait Types {
    /// What a field of a definition holds.
    fn field(&self, definition: &str, field: &str) -> FieldType;

    /// How strategic merge patches treat a field.
    fn strategy(&self, definition: &str, field: &str) -> Strategy {
        merge_keys::strategy(definition, field)
    }

    /// How a field is owned. Asked for with every field of every write: worth being remembered.
    fn ownership(&self, definition: &str, field: &str) -> Arc<Ownership> {
        Arc::new(Ownership::of(self, definition, field))
    }

    /// What identifies the items of a list field for server-side apply.
    fn list_type(&self, definition: &str, field: &str) -> ListType {
        merge_keys::list_type(definition, field)
    }

    /// Whether an object or map in a field is owned as a whole by server-side apply.
    fn is_atomic(&self, definition: &str, field: &str, holds: &FieldType) -> bool {
        merge_keys::is_atomic_field(definition, field).unwrap_or_else(|| match holds {
            FieldType::Object(inner) => self.is_atomic_object(inner),
            _ => false,
        })
    }

    /// Whether objects of a definition are owned as a whole by server-side apply.
    fn is_atomic_object(&self, definition: &str) -> bool {
        merge_keys::is_atomic_definition(definition)
    }

    /// An object of a definition of which nothing is set, as the API server encodes it (`{"metadata":{},"spec":{}}`).
    fn zero_object(&self, _definition: &str) -> Value {
        Value::Object(Map::new())
    }

    /// The value a key of a list item has when it is not written.
    fn key_default(&self, item_definition: &str, key: &str) -> Option<&'static str> {
        merge_keys::key_default(item_definition, key)
    }
}

impl FieldType {
    /// What the items of a list, or the values of a map, hold.
    pub fn element(&self) -> FieldType {
        match self {
            FieldType::Map(inner) | FieldType::List(inner) => (**inner).clone(),
            _ => FieldType::Any,
        }
    }

    /// What a key inside a value of this type holds.
    pub fn child(&self, types: &(impl Types + ?Sized), key: &str) -> FieldType {
        match self {
            FieldType::Object(definition) => types.field(definition, key),
            FieldType::Map(inner) => (**inner).clone(),
            _ => FieldType::Any,
        }
    }

    /// The definition of the fields inside, when there is one.
    pub fn definition(&self) -> Option<&str> {
        match self {
            FieldType::Object(definition) => Some(definition),
            _ => None,
        }
    }
}
