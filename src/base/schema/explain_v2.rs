//! The output of `kubectl explain --output=plaintext-openapiv2` (`kubectl/pkg/explain`).

use std::fmt::Write as _;

use super::explain::{Subject, field_text};
use super::explain_custom::with_common_fields;
use super::texts::Texts;
use super::wrap::wrap;
use super::{Definition, Field, Schema, Type};
use crate::json::Value;

/// The width of a line with its indentation, in bytes.
const WIDTH: usize = 80;
/// The indentation of fields.
const FIELD: usize = 3;
/// The indentation of descriptions.
const DESCRIPTION: usize = 5;

/// Explains a kind or one of its fields. `schema` is that of the definition of a custom kind, `None` for built-in kinds.
///
/// # Errors
///
/// Returns the message for a kind or field that does not exist.
pub fn explain_v2(subject: &Subject<'_>, schema: Option<&Value>) -> Result<String, String> {
    let Subject { group, version, kind, path, recursive } = *subject;
    let custom = schema.map(with_common_fields);
    let mut node = match &custom {
        Some(schema) => Node::custom(schema),
        None => {
            let root = Schema::builtin().root(group, version, kind);
            let missing = || format!("couldn't find resource for \"{group}/{version}, Kind={kind}\"");
            let root = root.ok_or_else(missing)?;
            Node { shape: Shape::Reference(root), description: Texts::builtin().definition(root).into(), target: "" }
        }
    };
    for name in path {
        let missing = || format!("field {name:?} does not exist");
        node = node.fields().into_iter().find(|field| field.name == *name).ok_or_else(missing)?.node;
    }
    let separator = if group.is_empty() { "" } else { "/" };
    let mut out = format!("KIND:     {kind}\nVERSION:  {group}{separator}{version}\n\n");
    let type_name = node.type_name();
    let (inner, descriptions) = node.innermost();
    if let Some(name) = path.last().filter(|_| !matches!(inner.shape, Shape::Any)) {
        let title = if inner.is_kind() { "RESOURCE:" } else { "FIELD:   " };
        let _ = write!(out, "{title} {name} <{type_name}>\n\n");
    }
    write_descriptions(&mut out, &descriptions);
    if inner.is_kind() {
        out.push_str("\nFIELDS:\n");
        match recursive {
            true => list_all(&mut out, &inner, FIELD, &mut Vec::new()),
            false => list(&mut out, &inner),
        }
    }
    Ok(out)
}

fn write_descriptions(out: &mut String, descriptions: &[String]) {
    out.push_str("DESCRIPTION:\n");
    if descriptions.iter().all(String::is_empty) {
        return write_wrapped(out, "<empty>");
    }
    for (index, text) in descriptions.iter().enumerate().filter(|(_, text)| !text.is_empty()) {
        if index > 0 {
            out.push('\n');
        }
        write_wrapped(out, text);
    }
}

fn write_wrapped(out: &mut String, text: &str) {
    for line in wrap(text, WIDTH - DESCRIPTION) {
        match line.is_empty() {
            true => out.push('\n'),
            false => {
                let _ = writeln!(out, "{:DESCRIPTION$}{line}", "");
            }
        }
    }
}

fn list(out: &mut String, node: &Node<'_>) {
    for Property { name, required, node } in node.fields() {
        let required = if required { " -required-" } else { "" };
        let _ = writeln!(out, "{:FIELD$}{name}\t<{}>{required}", "", node.type_name());
        write_wrapped(out, &node.description);
        out.push('\n');
    }
}

/// Lists the fields of a node and those in them. `above` has the definitions that are being listed, which can contain
/// themselves.
fn list_all(out: &mut String, node: &Node<'_>, indent: usize, above: &mut Vec<&'static str>) {
    for Property { name, node, .. } in node.fields() {
        let _ = writeln!(out, "{:indent$}{name}\t<{}>", "", node.type_name());
        list_inside(out, &node, indent + FIELD, above);
    }
}

fn list_inside(out: &mut String, node: &Node<'_>, indent: usize, above: &mut Vec<&'static str>) {
    match &node.shape {
        Shape::List(inner) | Shape::Map(inner) => list_inside(out, inner, indent, above),
        Shape::Reference(name) if !above.contains(name) => {
            above.push(name);
            list_all(out, node, indent, above);
            above.pop();
        }
        Shape::Kind(_) => list_all(out, node, indent, above),
        _ => {}
    }
}

/// A schema with its own description.
struct Node<'a> {
    shape: Shape<'a>,
    description: String,
    /// The description of the definition that a scalar refers to, such as a quantity; empty without one.
    target: &'static str,
}

/// The form of a schema (`kube-openapi/pkg/util/proto`).
enum Shape<'a> {
    /// A scalar, by the name of its type.
    Scalar(&'a str),
    /// Any value.
    Any,
    List(Box<Node<'a>>),
    Map(Box<Node<'a>>),
    /// A built-in definition.
    Reference(&'static str),
    /// The schema of an object of a custom resource.
    Kind(&'a Value),
}

/// A field of an object.
struct Property<'a> {
    name: &'a str,
    required: bool,
    node: Node<'a>,
}

impl<'a> Node<'a> {
    fn of_field(owner: &'static Definition, field: &'static Field) -> Node<'a> {
        let texts = Texts::builtin();
        let target = texts.target(owner.name, field.name).map_or("", |target| texts.definition(target));
        Node { shape: Shape::of_type(&field.ty), description: field_text(owner, field), target }
    }

    fn custom(schema: &'a Value) -> Node<'a> {
        let description = schema.get("description").and_then(Value::as_str).unwrap_or("").to_string();
        Node { shape: Shape::of_schema(schema), description, target: "" }
    }

    fn type_name(&self) -> String {
        match &self.shape {
            Shape::Scalar(name) => (*name).to_string(),
            Shape::Any => String::new(),
            Shape::List(inner) => format!("[]{}", inner.type_name()),
            Shape::Map(inner) => format!("map[string]{}", inner.type_name()),
            Shape::Reference(_) | Shape::Kind(_) => "Object".into(),
        }
    }

    fn is_kind(&self) -> bool {
        matches!(self.shape, Shape::Reference(_) | Shape::Kind(_))
    }

    /// Returns what lists, maps and references lead to, and the descriptions on the way.
    fn innermost(self) -> (Node<'a>, Vec<String>) {
        let own = self.description.clone();
        match self.shape {
            Shape::List(inner) | Shape::Map(inner) => {
                let (found, mut descriptions) = inner.innermost();
                descriptions.insert(0, own);
                (found, descriptions)
            }
            Shape::Reference(name) => {
                let text = Texts::builtin().definition(name);
                let descriptions = if own == text { vec![own] } else { vec![own, text.to_string()] };
                (self, descriptions)
            }
            _ => {
                let target = self.target.to_string();
                (self, vec![own, target])
            }
        }
    }

    /// Returns the fields, sorted by name, through lists and maps; none of a scalar.
    fn fields(&self) -> Vec<Property<'a>> {
        match &self.shape {
            Shape::List(inner) | Shape::Map(inner) => inner.fields(),
            Shape::Reference(name) => {
                let Some(definition) = Schema::builtin().definition(name) else { return Vec::new() };
                let property = |field: &'static Field| Property {
                    name: field.name,
                    required: field.required,
                    node: Node::of_field(definition, field),
                };
                definition.fields.iter().map(property).collect()
            }
            Shape::Kind(schema) => {
                let required = schema.get("required").and_then(Value::as_array);
                let is_required = |name: &str| required.is_some_and(|all| all.iter().any(|n| n.as_str() == Some(name)));
                let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
                let property = |(name, schema): (&'a _, &'a Value)| {
                    let name: &'a str = AsRef::<str>::as_ref(name);
                    Property { name, required: is_required(name), node: Node::custom(schema) }
                };
                properties.map(property).collect()
            }
            _ => Vec::new(),
        }
    }
}

impl<'a> Shape<'a> {
    fn of_type(ty: &'static Type) -> Shape<'a> {
        let inside = |ty| Box::new(Node { shape: Shape::of_type(ty), description: String::new(), target: "" });
        match ty {
            Type::Object(name) => Shape::Reference(name),
            Type::List(inner) => Shape::List(inside(inner)),
            Type::Map(inner) => Shape::Map(inside(inner)),
            Type::Integer(_) => Shape::Scalar("integer"),
            Type::Number => Shape::Scalar("number"),
            Type::Bool => Shape::Scalar("boolean"),
            Type::Any => Shape::Any,
            Type::String | Type::Bytes | Type::Time | Type::MicroTime | Type::IntOrString | Type::Quantity => {
                Shape::Scalar("string")
            }
        }
    }

    fn of_schema(schema: &'a Value) -> Shape<'a> {
        if schema.get(super::explain_custom::TYPE_NAME).is_some() {
            return Shape::Reference(super::explain_custom::OBJECT_META);
        }
        let inside = |key: &str| schema.get(key).filter(|inner| inner.is_object()).map(|s| Box::new(Node::custom(s)));
        match schema.get("type").and_then(Value::as_str) {
            Some("array") => inside("items").map_or(Shape::Any, Shape::List),
            Some("object") | None => match (schema.get("properties"), inside("additionalProperties")) {
                (Some(_), _) => Shape::Kind(schema),
                (None, Some(inner)) => Shape::Map(inner),
                (None, None) => Shape::Any,
            },
            Some(simple) => Shape::Scalar(simple),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::json;

    fn explained(kind: &str, path: &[&str], recursive: bool) -> String {
        explain_v2(&Subject { group: "apps", version: "v1", kind, path, recursive }, None).expect("an explanation")
    }

    #[test]
    fn fields_are_indented_by_three_and_texts_by_five() {
        let text = explained("Deployment", &["spec", "strategy"], false);
        let (head, fields) = text.split_once("\nFIELDS:\n").expect("fields");
        assert!(
            head.starts_with("KIND:     Deployment\nVERSION:  apps/v1\n\nRESOURCE: strategy <Object>\n\nDESCRIPTION:\n     The deployment strategy to use"),
            "{head}"
        );
        assert!(fields.starts_with("   rollingUpdate\t<Object>\n     Rolling update config params."), "{fields}");
        assert!(
            fields.contains("     Possible enum values:\n     - `\"Recreate\"` Kill all existing pods"),
            "{fields}"
        );
        assert!(explained("Deployment", &["spec", "replicas"], false).contains("\nFIELD:    replicas <integer>\n"));
    }

    #[test]
    fn recursion_lists_names_and_types() {
        let text = explained("Deployment", &["spec", "strategy"], true);
        let expected = "FIELDS:\n   rollingUpdate\t<Object>\n      maxSurge\t<string>\n      maxUnavailable\t<string>\n   type\t<string>\n";
        assert!(text.ends_with(expected), "{text}");
    }

    #[test]
    fn custom_kinds_are_explained_from_their_schema() {
        let schema = json!({"type": "object", "properties": {"spec": {"type": "object", "required": ["size"],
            "properties": {"size": {"type": "integer", "description": "How many."}}}}});
        let subject = Subject { group: "a.b", version: "v1", kind: "Foo", path: &["spec"], recursive: false };
        let expected = "KIND:     Foo\nVERSION:  a.b/v1\n\nRESOURCE: spec <Object>\n\nDESCRIPTION:\n     <empty>\n\nFIELDS:\n   size\t<integer> -required-\n     How many.\n\n";
        assert_eq!(explain_v2(&subject, Some(&schema)).expect("an explanation"), expected);
        let missing = Subject { path: &["nope"], ..subject };
        assert_eq!(explain_v2(&missing, Some(&schema)).expect_err("no field"), "field \"nope\" does not exist");
    }
}
