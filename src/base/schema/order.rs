//! The order in which Go encodes the fields of the built-in types: that of their declarations.
//!
//! kubectl prints the objects that it decodes into Go structs in this order, all others in the order of the alphabet.
//! The published schema does not have the order; `field_order.txt` does: a line for each definition whose fields are
//! not declared as `kind`, `apiVersion` and then by the alphabet, with the last three parts of its name and its fields,
//! separated by blanks. It follows the messages of `generated.proto` in `k8s.io/api`, which are in the order of the
//! structs, with the JSON names of their fields, those of embedded structs in the place of the embedding.

use std::sync::OnceLock;

use rustc_hash::FxHashMap;

use super::{Schema, Type, table_name};
use crate::gvk::split_api_version;
use crate::json::{FieldOrder, Map, SharedStr, Value};

static TEXT: &str = include_str!("field_order.txt");

/// The fields that precede all others where the table has no line.
const FIRST: &str = "kind apiVersion";
/// The first fields of a list of objects.
const FIRST_OF_LIST: &str = "kind apiVersion metadata";

/// The order of the fields of a value and of those inside it.
#[derive(Clone, Copy, Debug)]
pub enum GoOrder {
    /// By the alphabet.
    Alphabet,
    /// The order of the definition with this name, or of each item if the value is a list.
    Definition(&'static str),
    /// The order of a list of objects, whose items have the definition with this name if there is one.
    List(Option<&'static str>),
    /// The order of a type.
    Type(&'static Type),
}

impl GoOrder {
    /// Returns the order of an object of a built-in type or of a list of such objects; that of the alphabet for all
    /// other objects.
    pub fn of(object: &Value) -> GoOrder {
        let text = |field: &str| object.get(field).and_then(Value::as_str).unwrap_or_default();
        let ((group, version), kind) = (split_api_version(text("apiVersion")), text("kind"));
        let root = |kind: &str| Schema::builtin().root(group, version, kind);
        match (root(kind), kind.strip_suffix("List")) {
            (Some(definition), _) => GoOrder::Definition(definition),
            (None, Some("")) => GoOrder::List(None),
            (None, Some(item)) => root(item).map_or(GoOrder::Alphabet, |item| GoOrder::List(Some(item))),
            (None, None) => GoOrder::Alphabet,
        }
    }

    /// Returns the names of the fields that come first, separated by blanks.
    fn first(self) -> &'static str {
        match self {
            GoOrder::Definition(name) => row(name).unwrap_or(FIRST),
            GoOrder::Type(Type::Object(name)) => row(name).unwrap_or(FIRST),
            GoOrder::List(_) => FIRST_OF_LIST,
            GoOrder::Alphabet | GoOrder::Type(_) => "",
        }
    }

    /// Returns the order of the value of a field.
    fn inside(self, field: &str) -> GoOrder {
        let definition = match self {
            GoOrder::Definition(name) => name,
            GoOrder::Type(Type::Object(name)) => *name,
            GoOrder::Type(Type::Map(values)) => return GoOrder::Type(values),
            GoOrder::List(Some(item)) if field == "items" => return GoOrder::Definition(item),
            GoOrder::List(_) | GoOrder::Type(_) | GoOrder::Alphabet => return GoOrder::Alphabet,
        };
        let field = Schema::builtin().definition(definition).and_then(|found| found.field(field));
        field.map_or(GoOrder::Alphabet, |field| GoOrder::Type(&field.ty))
    }
}

impl FieldOrder for GoOrder {
    fn fields(self, object: &Map) -> impl Iterator<Item = (&SharedStr, &Value, Self)> {
        let first = self.first();
        let rank = |field: &str| first.split(' ').position(|name| name == field).unwrap_or(usize::MAX);
        let mut fields: Vec<_> = object.iter().map(|(name, value)| (name, value, self.inside(name))).collect();
        fields.sort_by_cached_key(|(name, ..)| rank(name));
        fields.into_iter()
    }

    fn items(self) -> Self {
        match self {
            GoOrder::Type(Type::List(items)) => GoOrder::Type(items),
            other => other,
        }
    }
}

fn row(definition: &str) -> Option<&'static str> {
    static ROWS: OnceLock<FxHashMap<&str, &str>> = OnceLock::new();
    let rows = ROWS.get_or_init(|| TEXT.lines().filter_map(|line| line.split_once(' ')).collect());
    rows.get(table_name(definition)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{json, to_pretty, to_pretty_in};

    fn print(object: &Value) -> String {
        one_line(&to_pretty_in(object, GoOrder::of(object)))
    }

    fn one_line(pretty: &str) -> String {
        pretty.lines().map(str::trim).collect::<String>().replace("\": ", "\":")
    }

    #[test]
    fn objects_have_the_order_of_their_structs() {
        let deployment = json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"labels": {"b": "1", "a": "2"}, "name": "web"},
            "spec": {"template": {"spec": {"containers": [{"env": [{"value": "1", "name": "A"}], "image": "i", "name": "c"}]}}, "replicas": 1},
        });
        assert_eq!(
            print(&deployment),
            r#"{"kind":"Deployment","apiVersion":"apps/v1","metadata":{"name":"web","labels":{"a":"2","b":"1"}},"spec":{"replicas":1,"template":{"spec":{"containers":[{"name":"c","image":"i","env":[{"name":"A","value":"1"}]}]}}}}"#
        );
        let events = json!({"apiVersion": "v1", "items": [{"count": 1, "reason": "Started"}], "kind": "EventList", "metadata": {}});
        assert_eq!(
            print(&events),
            r#"{"kind":"EventList","apiVersion":"v1","metadata":{},"items":[{"reason":"Started","count":1}]}"#
        );
    }

    #[test]
    fn objects_of_other_types_keep_the_order_of_the_alphabet() {
        let widget = json!({"apiVersion": "ex.com/v1", "kind": "Widget", "metadata": {"name": "w", "labels": {}}});
        assert_eq!(print(&widget), one_line(&to_pretty(&widget)));
    }

    #[test]
    fn rows_name_definitions_and_all_of_their_fields() {
        let schema = Schema::builtin();
        for line in TEXT.lines() {
            let (name, fields) = line.split_once(' ').expect("a name and fields");
            let definition = schema.names().find(|full| table_name(full) == name).expect(name);
            let mut fields: Vec<&str> = fields.split(' ').collect();
            fields.sort_unstable();
            let known: Vec<&str> = schema.definition(definition).expect(name).fields.iter().map(|f| f.name).collect();
            assert_eq!(fields, known, "{name}");
        }
    }
}
