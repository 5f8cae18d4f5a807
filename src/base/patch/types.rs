//! The view of types that patches and managed fields need: the type of each field and how its value is merged.

use std::borrow::Cow;
use std::sync::Arc;

use super::merge_keys::{self, ListType, Strategy};
use crate::json::{Map, Value};

/// The type of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldType {
    /// An object with this definition.
    Object(Cow<'static, str>),
    /// An object with arbitrary keys.
    Map(Box<FieldType>),
    /// A list.
    List(Box<FieldType>),
    /// A string.
    String,
    /// A number.
    Number,
    /// A boolean.
    Boolean,
    /// Any value: quantities, int-or-string, and content without a schema.
    Any,
    /// The type of a field that does not exist.
    Unknown,
}

/// The type of a field with its rules for server-side apply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldSchema {
    /// The type.
    pub field_type: FieldType,
    /// The list type, if it is a list.
    pub list_type: ListType,
    /// `true` if it has one owner as a whole.
    pub atomic: bool,
}

impl FieldSchema {
    /// Collects what `types` defines about a field.
    pub fn of(types: &(impl Types + ?Sized), definition: &str, field: &str) -> FieldSchema {
        let field_type = types.field(definition, field);
        let atomic = types.is_atomic(definition, field, &field_type);
        FieldSchema { atomic, list_type: types.list_type(definition, field), field_type }
    }

    /// Creates the rules for the items of a list or the values of a map.
    pub fn inner(types: &(impl Types + ?Sized), field_type: FieldType) -> FieldSchema {
        let atomic = field_type.definition().is_some_and(|definition| types.is_atomic_object(definition));
        FieldSchema { field_type, list_type: ListType::Atomic, atomic }
    }
}

/// The types of fields, by the full name of their definition (`io.k8s.api.apps.v1.Deployment`).
///
/// Only [`field`](Types::field) is required. The other methods use the tables of the built-in types; implementations
/// with rules of their own, such as custom resources, override them.
pub trait Types {
    /// Returns the type of a field.
    fn field(&self, definition: &str, field: &str) -> FieldType;

    /// Returns the patch strategy of a field.
    fn strategy(&self, definition: &str, field: &str) -> Strategy {
        merge_keys::strategy(definition, field)
    }

    /// Returns the type of a field with its rules for server-side apply. Every write asks for every field, so
    /// implementations should cache it.
    fn field_schema(&self, definition: &str, field: &str) -> Arc<FieldSchema> {
        Arc::new(FieldSchema::of(self, definition, field))
    }

    /// Returns the list type of a field.
    fn list_type(&self, definition: &str, field: &str) -> ListType {
        merge_keys::list_type(definition, field)
    }

    /// Returns `true` if an object or map in a field has one owner as a whole.
    fn is_atomic(&self, definition: &str, field: &str, field_type: &FieldType) -> bool {
        merge_keys::is_atomic_field(definition, field).unwrap_or_else(|| match field_type {
            FieldType::Object(inner) => self.is_atomic_object(inner),
            _ => false,
        })
    }

    /// Returns `true` if objects of a definition have one owner as a whole.
    fn is_atomic_object(&self, definition: &str) -> bool {
        merge_keys::is_atomic_definition(definition)
    }

    /// Returns the encoding of an object whose fields are unset (`{"metadata":{},"spec":{}}`).
    fn zero_object(&self, _definition: &str) -> Value {
        Value::Object(Map::new())
    }

    /// Returns the default of a map key in a list item.
    fn key_default(&self, item_definition: &str, key: &str) -> Option<Value> {
        merge_keys::key_default(item_definition, key).map(Value::from)
    }
}

impl FieldType {
    /// Returns the type of the items of a list or the values of a map.
    pub fn element(&self) -> FieldType {
        match self {
            FieldType::Map(inner) | FieldType::List(inner) => (**inner).clone(),
            _ => FieldType::Any,
        }
    }

    /// Returns the type of a key in a value of this type.
    pub fn child(&self, types: &(impl Types + ?Sized), key: &str) -> FieldType {
        match self {
            FieldType::Object(definition) => types.field(definition, key),
            FieldType::Map(inner) => (**inner).clone(),
            _ => FieldType::Any,
        }
    }

    /// Returns the definition of an object type.
    pub fn definition(&self) -> Option<&str> {
        match self {
            FieldType::Object(definition) => Some(definition),
            _ => None,
        }
    }
}
