//! The CEL types of schemas (`SchemaDeclType` of apiserver, `pkg/cel/common/schemas.go`).

use std::sync::Arc;

use super::super::schema::COMMON;
use super::escaped;
use kctl_base::cel::Kind;
use kctl_base::json::Value;
use kctl_base::object::ValueRead;
use kctl_base::schema::Schema;

/// The definition of the metadata of all objects.
const METADATA: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

/// Returns the type of the objects of a schema as admission policies see them, with all their metadata; `None` if
/// expressions cannot refer to them.
pub(crate) fn object_type(schema: &Value) -> Option<Kind> {
    let Kind::Object(fields) = of_schema(schema, true)? else { return Some(Kind::Dyn) };
    let mut fields = (*fields).clone();
    fields.insert("metadata".to_owned(), Schema::builtin().cel_type(METADATA));
    Some(Kind::Object(Arc::new(fields)))
}

/// Returns the type of the values of a schema; `None` if expressions cannot refer to them.
pub(super) fn of_schema(schema: &Value, is_root: bool) -> Option<Kind> {
    if schema.flag("/x-kubernetes-int-or-string") {
        return Some(Kind::Dyn);
    }
    Some(match (schema.str("/type"), schema.str("/format")) {
        ("array", _) => Kind::List(Arc::new(of_schema(schema.get("items")?, false)?)),
        ("object", _) => of_object(schema, is_root)?,
        ("boolean", _) => Kind::BOOL,
        ("number", _) => Kind::DOUBLE,
        ("integer", _) => Kind::INT,
        ("string", "byte") => Kind::BYTES,
        ("string", "duration") => Kind::DURATION,
        ("string", "date" | "date-time") => Kind::TIMESTAMP,
        ("string", _) => Kind::STRING,
        _ => return None,
    })
}

fn of_object(schema: &Value, is_root: bool) -> Option<Kind> {
    if let Some(values) = schema.get("additionalProperties").filter(|values| values.is_object()) {
        return Some(Kind::Map(Arc::new(Kind::STRING), Arc::new(of_schema(values, false)?)));
    }
    let known = schema.map("/properties").into_iter().flatten();
    let known = known.filter_map(|(name, inner)| Some((escaped(name), of_schema(inner, false)?)));
    let mut fields: std::collections::BTreeMap<String, Kind> = known.collect();
    if is_root || schema.flag("/x-kubernetes-embedded-resource") {
        let named = ["name", "generateName"].map(|name| (name.to_owned(), Kind::STRING));
        for name in COMMON {
            let of = if name == "metadata" { Kind::Object(Arc::new(named.clone().into())) } else { Kind::STRING };
            fields.insert(name.to_owned(), of);
        }
    }
    Some(Kind::Object(Arc::new(fields)))
}
