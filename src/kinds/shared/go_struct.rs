//! Values as Go serialises the internal types, in errors that print a whole struct: Go's field names in the order of
//! the declaration, missing values included (`pkg/apis/core/types.go` and its neighbours).
//!
//! `go_types.txt` has a line for each struct: its name and its fields, separated by blanks. A field is
//! `GoName:type`, `GoName=apiName:type` where the names differ by more than capitals, or `+Struct` for the fields of an
//! embedded struct. The types are
//!
//! - `text`, `number`, `false`, `quantity`: a scalar whose zero value is printed when it is missing,
//! - `any`: a pointer, a list or a map of scalars, `null` when it is missing,
//! - `Struct`, `*Struct`, `[]Struct`: a struct, a pointer to one (`null`) and a list of them (`null`),
//! - `[!]Struct`: a list that every object has, which is empty when it is missing,
//! - `?type`: a field that is left out when it is missing (`omitempty` of the types of apimachinery).

use std::borrow::Cow;
use std::sync::OnceLock;

use kctl_base::json::Value;
use kctl_base::object::{ValueRead, ValueWrite};
use rustc_hash::FxHashMap;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::ser::PrettyFormatter;

static TABLE: &str = include_str!("go_types.txt");

/// The fields that the API has in the pod spec but the internal type in the security context.
const HOST_FIELDS: &[&str] = &["hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace", "hostUsers"];

/// Serialises a value of an internal type on one line.
pub(crate) fn to_json(of: &str, value: &Value) -> String {
    escape_html(serde_json::to_string(&Shown::new(of, value)).expect("a JSON value can be serialised"))
}

/// Serialises a value of an internal type with an indentation of one blank, as `json.MarshalIndent` does for diffs.
pub(crate) fn to_pretty(of: &str, value: &Value) -> String {
    let mut bytes = Vec::new();
    let mut out = serde_json::Serializer::with_formatter(&mut bytes, PrettyFormatter::with_indent(b" "));
    Shown::new(of, value).serialize(&mut out).expect("a JSON value can be serialised");
    escape_html(String::from_utf8(bytes).expect("JSON is UTF-8")) + "\n"
}

/// Serialises a value like [`to_json`]; `null` if there is none.
pub(crate) fn optional_json(of: &str, value: Option<&Value>) -> String {
    value.map_or_else(|| "null".into(), |value| to_json(of, value))
}

/// Escapes the characters that Go's encoder escapes for the sake of HTML; they occur in strings only.
fn escape_html(json: String) -> String {
    if !json.contains(['<', '>', '&']) {
        return json;
    }
    json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

/// The type of a field.
enum Type {
    /// A scalar, or a pointer, list or map of scalars, with its zero value.
    Plain(Value),
    Struct(&'static str),
    Pointer(&'static str),
    List(&'static str),
    Required(&'static str),
}

impl Type {
    fn parse(text: &'static str) -> Type {
        match text {
            "text" => Type::Plain("".into()),
            "number" => Type::Plain(0.into()),
            "false" => Type::Plain(false.into()),
            "quantity" => Type::Plain("0".into()),
            "any" => Type::Plain(Value::Null),
            _ => Type::parse_struct(text),
        }
    }

    fn parse_struct(text: &'static str) -> Type {
        match (text.strip_prefix('*'), text.strip_prefix("[]"), text.strip_prefix("[!]")) {
            (Some(pointee), ..) => Type::Pointer(pointee),
            (_, Some(item), _) => Type::List(item),
            (.., Some(item)) => Type::Required(item),
            _ => Type::Struct(text),
        }
    }
}

struct Field {
    go: &'static str,
    api: &'static str,
    ty: Type,
    is_optional: bool,
}

impl Field {
    fn parse(text: &'static str) -> Field {
        let (names, ty) = text.split_once(':').expect("a name and a type");
        let (go, api) = names.split_once('=').unwrap_or((names, names));
        let (is_optional, ty) = ty.strip_prefix('?').map_or((false, ty), |ty| (true, ty));
        Field { go, api, ty: Type::parse(ty), is_optional }
    }

    /// The value of the field, whose name may differ in its capitals.
    fn of<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        let mut members = value.as_object()?.iter();
        members.find(|(key, _)| key.eq_ignore_ascii_case(self.api)).map(|(_, value)| value).filter(|v| !v.is_null())
    }
}

/// The fields of a struct in the order of its declaration.
fn fields(of: &str) -> &'static [Field] {
    static STRUCTS: OnceLock<FxHashMap<&str, Vec<Field>>> = OnceLock::new();
    let structs = STRUCTS.get_or_init(|| {
        let lines: FxHashMap<&str, &str> = TABLE.lines().filter_map(|line| line.split_once(' ')).collect();
        let expand = |fields: &'static str| {
            let embedded = |field: &'static str| field.strip_prefix('+').map_or(field, |of| lines[of]);
            fields.split(' ').flat_map(move |field| embedded(field).split(' ')).map(Field::parse).collect()
        };
        lines.iter().map(|(name, fields)| (*name, expand(fields))).collect()
    });
    &structs[of]
}

/// A value and the fields of its struct.
struct Shown<'v> {
    of: &'static [Field],
    value: Cow<'v, Value>,
}

impl<'v> Shown<'v> {
    fn new(of: &str, value: &'v Value) -> Shown<'v> {
        Shown { of: fields(of), value: internal(of, value) }
    }
}

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let mut map = out.serialize_map(None)?;
        for field in self.of {
            let value = field.of(&self.value);
            if value.is_some() || !field.is_optional {
                map.serialize_entry(field.go, &Member { ty: &field.ty, value })?;
            }
        }
        map.end()
    }
}

/// The value of a field and its type.
struct Member<'v> {
    ty: &'static Type,
    value: Option<&'v Value>,
}

impl Serialize for Member<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let value = self.value;
        match (self.ty, value) {
            (Type::Plain(zero), value) => value.unwrap_or(zero).serialize(out),
            (Type::Struct(of), value) => Shown::new(of, value.unwrap_or(&Value::Null)).serialize(out),
            (Type::Pointer(of), Some(value)) => Shown::new(of, value).serialize(out),
            (Type::List(of), Some(_)) | (Type::Required(of), _) => {
                let items = value.and_then(Value::as_array).into_iter().flatten();
                out.collect_seq(items.map(|item| Shown::new(of, item)))
            }
            (Type::Pointer(_) | Type::List(_), None) => out.serialize_unit(),
        }
    }
}

/// A value of the API in the form of the internal type: metadata is embedded, and the security context, which is never
/// missing, has the fields of the host (`Convert_v1_PodSpec_To_core_PodSpec` in `pkg/apis/core/v1/conversion.go`).
fn internal<'v>(of: &str, value: &'v Value) -> Cow<'v, Value> {
    if let Some(metadata) = value.map("/metadata") {
        let mut value = value.clone();
        for (name, member) in metadata {
            value.put(&format!("/{name}"), member.clone());
        }
        return Cow::Owned(value);
    }
    if of != "PodSpec" {
        return Cow::Borrowed(value);
    }
    let mut spec = value.clone();
    for field in HOST_FIELDS {
        if let Some(value) = value.get(*field) {
            spec.put(&format!("/securityContext/{field}"), value.clone());
        }
    }
    Cow::Owned(spec)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;
    use kctl_base::schema::Schema;

    #[test]
    fn missing_fields_are_printed_and_metadata_comes_first() {
        let template = json!({
            "metadata": {"labels": {"a": "b"}},
            "spec": {"containers": [{"name": "c", "image": "i"}], "restartPolicy": "Never", "hostNetwork": true}
        });
        let text = to_json("PodTemplateSpec", &template);
        let start = r#"{"labels":{"a":"b"},"Spec":{"Volumes":null,"InitContainers":null,"Containers":[{"Name":"c","Image":"i","Command":null,"#;
        assert!(text.starts_with(start), "{text}");
        assert!(
            text.contains(r#""Resources":{"Limits":null,"Requests":null,"Claims":null},"ResizePolicy":null"#),
            "{text}"
        );
        assert!(text.contains(r#""RestartPolicy":"Never","TerminationGracePeriodSeconds":null"#), "{text}");
        assert!(text.contains(r#""SecurityContext":{"HostNetwork":true,"HostPID":false,"#), "{text}");
    }

    #[test]
    fn apimachinery_types_keep_their_names_and_html_is_escaped() {
        let term = json!({"topologyKey": "<host>", "labelSelector": {"matchLabels": {"a": "b"}}});
        let want = r#"{"LabelSelector":{"matchLabels":{"a":"b"}},"Namespaces":null,"TopologyKey":"\u003chost\u003e","NamespaceSelector":null,"MatchLabelKeys":null,"MismatchLabelKeys":null}"#;
        assert_eq!(to_json("PodAffinityTerm", &term), want);
    }

    #[test]
    fn the_table_names_structs_and_all_fields_of_the_schema() {
        let schema = Schema::builtin();
        for line in TABLE.lines() {
            let name = line.split(' ').next().expect("a name");
            for field in fields(name) {
                if let Type::Struct(of) | Type::Pointer(of) | Type::List(of) | Type::Required(of) = &field.ty {
                    assert!(!fields(of).is_empty(), "{name}.{}", field.go);
                }
            }
            let ends_with = |full: &&str| full.rsplit('.').next() == Some(name);
            let definition = schema.names().find(|full| ends_with(full) && !full.contains("v1beta"));
            let Some(definition) = definition else { continue };
            let published = &schema.definition(definition).expect(name).fields;
            let has_other_shape = ["PodSpec", "PodSecurityContext", "ObjectMeta"].contains(&name);
            if has_other_shape || published.iter().any(|f| f.name == "metadata") {
                continue;
            }
            let mut known: Vec<String> = fields(name).iter().map(|f| f.api.to_ascii_lowercase()).collect();
            let mut wanted: Vec<String> = published.iter().map(|f| f.name.to_ascii_lowercase()).collect();
            known.sort_unstable();
            wanted.sort_unstable();
            assert_eq!(known, wanted, "{name}");
        }
    }
}
