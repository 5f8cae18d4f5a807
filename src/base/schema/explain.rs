//! The output of `kubectl explain` for built-in kinds (kubectl, `pkg/explain/v2/templates/plaintext.tmpl`).
//!
//! `k8s-openapi` lacks the descriptions of enum values; those that are known come from [`super::enum_texts`].

use std::fmt::Write;

use thiserror::Error;

use super::{Definition, Field, Schema, Type, enum_texts, enums, short_name, texts::Texts};

/// The subject of an explanation.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The group; empty for the core group.
    pub group: &'a str,
    /// The version, such as `v1`.
    pub version: &'a str,
    /// The kind, such as `Deployment`.
    pub kind: &'a str,
    /// The path of fields below the kind.
    pub path: &'a [&'a str],
    /// `true` for the names of all fields below, without their descriptions.
    pub recursive: bool,
}

/// The error of an explanation.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct ExplainError {
    /// The heading, which is printed nevertheless.
    pub heading: String,
    /// The error message.
    pub message: String,
}

/// The width of text without its indentation, in characters.
pub(super) const WIDTH: usize = 76;
/// The number of enum values that a list of fields shows.
pub(super) const MAX_ENUM_VALUES: usize = 4;

/// Explains a built-in kind or one of its fields.
///
/// # Errors
///
/// Returns an error if the kind or the field does not exist.
pub fn explain(subject: &Subject<'_>) -> Result<String, ExplainError> {
    let explainer = Explainer { schema: Schema::builtin(), texts: Texts::builtin(), recursive: subject.recursive };
    let heading = heading(subject);
    explainer
        .subject(subject)
        .map(|body| format!("{heading}{body}\n"))
        .map_err(|message| ExplainError { heading, message })
}

/// Formats group, kind, version and an empty line.
pub fn heading(subject: &Subject<'_>) -> String {
    let group = if subject.group.is_empty() { String::new() } else { format!("GROUP:      {}\n", subject.group) };
    format!("{group}KIND:       {}\nVERSION:    {}\n\n", subject.kind, subject.version)
}

struct Explainer {
    schema: &'static Schema,
    texts: &'static Texts,
    recursive: bool,
}

/// Lists the fields of a built-in definition, and those in them.
pub(super) fn all_fields(out: &mut String, definition: &str, level: usize) {
    let explainer = Explainer { schema: Schema::builtin(), texts: Texts::builtin(), recursive: true };
    if let Some(definition) = explainer.schema.definition(definition) {
        explainer.fields(out, definition, level, &mut Vec::new());
    }
}

impl Explainer {
    fn subject(&self, subject: &Subject<'_>) -> Result<String, String> {
        let Subject { group, version, kind, path, .. } = *subject;
        let root = self
            .schema
            .root(group, version, kind)
            .and_then(|name| self.schema.definition(name))
            .ok_or_else(|| format!("GVK {group}/{version}, Kind={kind} not found in OpenAPI schema"))?;
        if path.is_empty() {
            return Ok(output(&[self.texts.definition(root.name)], |out| self.fields(out, root, 1, &mut Vec::new())));
        }
        // kubectl names the last field of the path, even if another one is missing.
        let missing = || format!("field \"{}\" does not exist", path[path.len() - 1]);
        let (owner, field) = self.walk(root, path).ok_or_else(missing)?;
        Ok(self.field(owner, field))
    }

    /// Resolves a path through lists and maps; returns its last field and the definition of that.
    fn walk(&self, root: &'static Definition, path: &[&str]) -> Option<(&'static Definition, &'static Field)> {
        let mut owner = root;
        let mut found: Option<(&'static Definition, &'static Field)> = None;
        for name in path {
            if let Some((_, field)) = found {
                owner = self.object_in(&field.ty)?;
            }
            found = Some((owner, owner.field(name)?));
        }
        found
    }

    fn object_in(&self, ty: &Type) -> Option<&'static Definition> {
        match ty {
            Type::Object(name) => self.schema.definition(name),
            Type::List(inner) | Type::Map(inner) => self.object_in(inner),
            _ => None,
        }
    }

    fn field(&self, owner: &'static Definition, field: &'static Field) -> String {
        let mut out = format!("FIELD: {} <{}>\n", field.name, self.type_name(owner, field));
        let values = enum_values(owner, field);
        if !values.is_empty() {
            let values: Vec<String> = values.iter().map(|value| format!("\n    {}", display_value(value))).collect();
            let _ = write!(out, "ENUM:{}", values.concat());
        }
        out.push_str("\n\n");
        let target = self.texts.target(owner.name, field.name).map_or("", |target| self.texts.definition(target));
        let text = field_text(owner, field);
        out + &output(&[&text, target], |out| self.fields_in(out, &field.ty, 1, &mut Vec::new()))
    }

    fn fields_in(&self, out: &mut String, ty: &Type, level: usize, above: &mut Vec<&'static str>) {
        match ty {
            Type::List(inner) | Type::Map(inner) => self.fields_in(out, inner, level, above),
            Type::Object(name) if !above.contains(name) => {
                if let Some(definition) = self.schema.definition(name) {
                    above.push(name);
                    self.fields(out, definition, level, above);
                    above.pop();
                }
            }
            _ => {}
        }
    }

    fn fields(&self, out: &mut String, definition: &'static Definition, level: usize, above: &mut Vec<&'static str>) {
        for field in &definition.fields {
            self.list_field(out, definition, field, level);
            if self.recursive {
                self.fields_in(out, &field.ty, level + 1, above);
            }
        }
    }

    fn list_field(&self, out: &mut String, owner: &'static Definition, field: &'static Field, level: usize) {
        let space = " ".repeat(2 * level);
        let required = if field.required { " -required-" } else { "" };
        let _ = write!(out, "{space}{}\t<{}>{required}", field.name, self.type_name(owner, field));
        let values = enum_values(owner, field);
        if !values.is_empty() {
            let few: Vec<&str> = values.iter().take(MAX_ENUM_VALUES).map(|value| display_value(value)).collect();
            let more = if values.len() > MAX_ENUM_VALUES { ", ...." } else { "" };
            let _ = write!(out, "\n{space}enum: {}{more}", few.join(", "));
        }
        out.push('\n');
        if !self.recursive {
            let text = field_text(owner, field);
            let text = if text.is_empty() { "<no description>" } else { &text };
            let _ = write!(out, "{}\n\n", indent(&wrap(text, WIDTH + 2 - 2 * level), 2 * level + 2));
        }
    }

    fn type_name(&self, owner: &Definition, field: &Field) -> String {
        name_of(&field.ty, self.texts.target(owner.name, field.name))
    }
}

/// Returns the description of a field with those of its enum values.
pub(super) fn field_text(owner: &Definition, field: &Field) -> String {
    let text = Texts::builtin().field(owner.name, field.name);
    let values = enum_values(owner, field);
    if values.is_empty() {
        return text.to_owned();
    }
    let go_type = enums::go_type(owner.name, field.name);
    let line = |value: &&str| match enum_texts::text(go_type, value) {
        "" => format!("\n - `{value:?}`"),
        text => format!("\n - `{value:?}` {text}"),
    };
    let values: String = values.iter().map(line).collect();
    format!("{text}\n\nPossible enum values:{values}")
}

/// Formats the description of a subject and the list of its fields.
pub(super) fn output(texts: &[&str], list: impl FnOnce(&mut String)) -> String {
    let texts: String = texts.iter().filter(|text| !text.is_empty()).map(|text| format!("{text}\n")).collect();
    let texts = if texts.is_empty() { "<empty>" } else { &texts };
    let mut out = format!("DESCRIPTION:\n{}\n", indent(&wrap(texts, WIDTH), 4));
    let mut fields = String::new();
    list(&mut fields);
    if !fields.is_empty() {
        let _ = write!(out, "FIELDS:\n{fields}");
    }
    out
}

/// Returns the enum values of a string field; lists of strings do not show theirs.
fn enum_values(owner: &Definition, field: &Field) -> &'static [&'static str] {
    match field.ty {
        Type::String => enums::values(owner.name, field.name),
        _ => &[],
    }
}

fn display_value(value: &'static str) -> &'static str {
    if value.is_empty() { "\"\"" } else { value }
}

fn name_of(ty: &Type, target: Option<&str>) -> String {
    match ty {
        Type::List(inner) => format!("[]{}", name_of(inner, target)),
        Type::Map(inner) => format!("map[string]{}", name_of(inner, target)),
        Type::Object(name) => short_name(name).to_owned(),
        Type::Quantity | Type::IntOrString | Type::Any => target.map_or("Object", short_name).to_owned(),
        Type::String | Type::Bytes | Type::Time | Type::MicroTime => "string".to_owned(),
        Type::Integer(_) => "integer".to_owned(),
        Type::Number => "number".to_owned(),
        Type::Bool => "boolean".to_owned(),
    }
}

pub(super) fn indent(text: &str, by: usize) -> String {
    let space = " ".repeat(by);
    format!("{space}{}", text.replace('\n', &format!("\n{space}")))
}

/// Breaks lines at spaces, which are dropped; words longer than a line are not broken.
pub(super) fn wrap(text: &str, width: usize) -> String {
    text.split('\n').map(|line| wrap_line(line, width)).collect::<Vec<_>>().join("\n")
}

fn wrap_line(line: &str, width: usize) -> String {
    let mut out = String::new();
    let mut current = 0;
    let mut rest = line;
    while !rest.is_empty() {
        let (space, tail) = rest.split_at(rest.find(|letter| !is_space(letter)).unwrap_or(rest.len()));
        let (word, tail) = tail.split_at(tail.find(is_space).unwrap_or(tail.len()));
        let (space_length, word_length) = (space.chars().count(), word.chars().count());
        if word.is_empty() && current + space_length > width {
            break;
        }
        // A word at the start of its line does not become shorter by another break.
        if current + space_length + word_length > width && current + space_length > 1 {
            out.push('\n');
            current = 0;
        } else {
            out.push_str(space);
            current += space_length;
        }
        out.push_str(word);
        current += word_length;
        rest = tail;
    }
    out
}

/// Returns `true` for white space except the no-break space.
fn is_space(letter: char) -> bool {
    letter.is_whitespace() && letter != '\u{a0}'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explained(group: &str, kind: &str, path: &[&str], recursive: bool) -> Result<String, ExplainError> {
        explain(&Subject { group, version: "v1", kind, path, recursive })
    }

    #[test]
    fn a_field_and_its_fields() {
        let text = explained("apps", "Deployment", &["spec", "strategy"], true).unwrap();
        let (head, fields) = text.split_once("FIELDS:\n").unwrap();
        assert!(head.starts_with("GROUP:      apps\nKIND:       Deployment\nVERSION:    v1\n\nFIELD: strategy <DeploymentStrategy>\n\n\nDESCRIPTION:\n    The "));
        assert_eq!(
            fields,
            "  rollingUpdate\t<RollingUpdateDeployment>\n    maxSurge\t<IntOrString>\n    maxUnavailable\t<IntOrString>\n  type\t<string>\n  enum: Recreate, RollingUpdate\n\n"
        );
        let text = explained("", "Pod", &["spec", "restartPolicy"], false).unwrap();
        assert!(
            text.contains(
                "FIELD: restartPolicy <string>\nENUM:\n    Always\n    Never\n    OnFailure\n\nDESCRIPTION:\n"
            )
        );
    }

    #[test]
    fn paths_are_resolved_through_lists_and_maps() {
        assert!(
            explained("", "Pod", &["spec", "containers", "ports", "hostPort"], false)
                .unwrap()
                .contains("FIELD: hostPort <integer>")
        );
        let error = explained("apps", "Deployment", &["spec", "nope"], false).unwrap_err();
        assert_eq!(error.message, "field \"nope\" does not exist");
        assert_eq!(error.heading, "GROUP:      apps\nKIND:       Deployment\nVERSION:    v1\n\n");
        assert!(explained("", "ConfigMap", &["data", "x"], false).is_err());
        assert!(explained("", "Pod", &["spec", "nodeName", "x"], false).is_err());
    }

    #[test]
    fn recursion_ends_at_cycles() {
        let path = ["spec", "versions", "schema", "openAPIV3Schema"];
        let text = explained("apiextensions.k8s.io", "CustomResourceDefinition", &path, true).unwrap();
        assert!(text.contains("  allOf\t<[]JSONSchemaProps>\n  anyOf\t<[]JSONSchemaProps>\n"));
        assert!(text.contains("  items\t<JSONSchemaPropsOrArray>\n"));
    }

    #[test]
    fn lines_break_at_spaces() {
        let cases = [
            ("aaa bbb ccc", 7, "aaa bbb\nccc"),
            ("aaa  bbb", 5, "aaa\nbbb"),
            ("aaaaaaaaaa b", 5, "aaaaaaaaaa\nb"),
            (" - a\n\nb ", 5, " - a\n\nb "),
        ];
        for (text, width, want) in cases {
            assert_eq!(wrap(text, width), want, "{text:?}");
        }
    }
}
