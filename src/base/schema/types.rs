//! The built-in schema as [`Types`] of patches and managed fields.

use std::borrow::Cow;
use std::sync::Arc;

use super::presence::Presence;
use super::{Schema, Type, shape};
use crate::json::Value;
use crate::patch::merge_keys;
use crate::patch::types::{FieldSchema, FieldType, Types};

impl Types for Schema {
    fn field(&self, definition: &str, field: &str) -> FieldType {
        let found = self.definition(definition).and_then(|d| d.field(field));
        found.map_or(FieldType::Unknown, |f| self.field_type(&f.ty))
    }

    fn field_schema(&self, definition: &str, field: &str) -> Arc<FieldSchema> {
        let Some(found) = self.definition(definition).and_then(|d| d.field(field)) else {
            return Arc::new(FieldSchema::of(self, definition, field));
        };
        found.field_schema.get_or_init(|| Arc::new(FieldSchema::of(self, definition, field))).clone()
    }

    /// A field that is always encoded has its zero value as default.
    fn key_default(&self, item_definition: &str, key: &str) -> Option<Value> {
        merge_keys::key_default(item_definition, key).map(Value::from).or_else(|| {
            let field = self.definition(item_definition)?.field(key)?;
            Presence::of(item_definition).is_always_written(field).then(|| shape::zero_of(&field.ty))
        })
    }

    fn zero_object(&self, definition: &str) -> Value {
        shape::zero_object(self, definition)
    }
}

impl Schema {
    fn field_type(&self, ty: &Type) -> FieldType {
        match ty {
            Type::Object(name) => match self.definition(name).and_then(|d| d.alias.as_ref()) {
                Some(alias) => self.field_type(alias),
                None => FieldType::Object(Cow::Borrowed(name)),
            },
            Type::List(items) => FieldType::List(Box::new(self.field_type(items))),
            Type::Map(values) => FieldType::Map(Box::new(self.field_type(values))),
            Type::String | Type::Time | Type::MicroTime | Type::Bytes => FieldType::String,
            Type::Integer(_) | Type::Number => FieldType::Number,
            Type::Bool => FieldType::Boolean,
            Type::IntOrString | Type::Quantity | Type::Any => FieldType::Any,
        }
    }
}
