//! Validation of CEL rules when they are defined
//! (`apiextensions-apiserver/pkg/apis/apiextensions/validation/validation.go`).

use std::sync::Arc;

use super::{Costs, Place, RULES, cost, types};
use kctl_base::cel::{Expression, Kind};
use kctl_base::field::{self, Cause, ErrorList, FieldError, Path};
use kctl_base::json::{Value, json};
use kctl_base::object::ValueRead;

/// Validates the rules of one level of a schema in a definition: their expressions must compile to the right type and be
/// cheap enough. The texts have been validated before ([`text_errors`]).
pub(crate) fn definition_errors(
    schema: &Value,
    path: &Path,
    is_root: bool,
    place: &Place,
    costs: &mut Costs,
) -> ErrorList {
    let rules = schema.list(RULES);
    if rules.is_empty() {
        return ErrorList::new();
    }
    let Some(of) = types::of_schema(schema, is_root) else { return ErrorList::new() };
    let measure = cost::type_of(schema, is_root);
    let measures = [("self", measure.clone()), ("oldSelf", measure)];
    let mut errors = ErrorList::new();
    for (index, rule) in rules.iter().enumerate() {
        let path = path.child(&RULES[1..]).index(index);
        let old = match rule.flag("/optionalOldSelf") {
            true => Kind::Optional(Arc::new(of.clone())),
            false => of.clone(),
        };
        let variables = [("self", of.clone()), ("oldSelf", old)];
        let mut check = |name: &str, wanted: Kind, text: &str| {
            let path = path.child(name);
            let compiled = compile_as(rule.str(&format!("/{name}")), &variables, &wanted, text);
            match compiled {
                Err(ref problem) => errors.push(invalid_rule(rule, &path, problem)),
                Ok(ref expression) => {
                    errors.extend(costs.observe((expression, &measures), schema, place, (path, name)));
                }
            }
            compiled.ok()
        };
        let Some(expression) = check("rule", Kind::BOOL, "cel expression must evaluate to a bool") else { continue };
        if !rule.str("/messageExpression").is_empty() {
            check("messageExpression", Kind::STRING, "messageExpression must evaluate to a string");
        }
        if expression.mentions("oldSelf") {
            errors.extend(place.transition_error(rule, &path.child("rule")));
        } else if let Some(set) = rule.get("optionalOldSelf") {
            let text = "may not be set if oldSelf is not used in rule";
            errors.push(field::invalid(&path.child("optionalOldSelf"), set.clone(), text));
        }
    }
    errors
}

/// Compiles an expression that must have a type; `text` says so in the error.
fn compile_as(source: &str, variables: &[(&str, Kind)], wanted: &Kind, text: &str) -> Result<Expression, String> {
    let failed = |why: String| format!("compilation failed: {why}");
    let expression = Expression::compile(source).map_err(failed)?;
    match expression.check(variables).map_err(failed)? {
        of if of == *wanted || of == Kind::Dyn => Ok(expression),
        _ => Err(text.to_owned()),
    }
}

/// Validates what can be said about the rules of a schema without their meaning; `has_field` tells whether a path refers
/// to a field of the schema.
pub(crate) fn text_errors(schema: &Value, path: &Path, has_field: impl Fn(&str) -> bool) -> ErrorList {
    const REASONS: &[&str] = &["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];
    let mut errors = ErrorList::new();
    for (index, rule) in schema.list(RULES).iter().enumerate() {
        let path = path.child(&RULES[1..]).index(index);
        errors.extend(rule_text_error(rule, &path));
        let (message, reason) = (rule.str("/messageExpression"), rule.str("/reason"));
        if !message.is_empty() && message.trim().is_empty() {
            let text = "messageExpression must be non-empty if specified";
            errors.push(field::required(&path.child("messageExpression"), text));
        }
        if rule.get("reason").is_some() && !REASONS.contains(&reason) {
            errors.push(field::not_supported(&path.child("reason"), reason, REASONS));
        }
        let place = rule.str("/fieldPath");
        let problems = [
            (!place.is_empty() && place.trim().is_empty(), "fieldPath must be non-empty if specified"),
            (has_newline(place), "fieldPath must not contain line breaks"),
            (!place.is_empty() && !has_field(place), "fieldPath must be a valid path"),
        ];
        let problems = problems.into_iter().filter(|(is_so, _)| *is_so);
        errors.extend(problems.map(|(_, text)| field::invalid(&path.child("fieldPath"), place, text)));
    }
    errors
}

fn has_newline(text: &str) -> bool {
    text.contains(['\n', '\r'])
}

/// Validates the rule itself and its message.
fn rule_text_error(rule: &Value, path: &Path) -> Option<FieldError> {
    let (text, message) = (rule.str("/rule").trim(), rule.str("/message"));
    let message_path = path.child("message");
    if text.is_empty() {
        return Some(field::required(&path.child("rule"), "rule is not specified"));
    }
    if !message.is_empty() && message.trim().is_empty() {
        return Some(field::invalid(&message_path, message, "message must be non-empty if specified"));
    }
    if has_newline(message.trim()) {
        return Some(field::invalid(&message_path, message, "message must not contain line breaks"));
    }
    let is_missing = has_newline(text) && message.is_empty();
    is_missing.then(|| field::required(&message_path, "message must be specified if rule contains line breaks"))
}

/// Creates an error about a rule, which prints the rule as Go does.
fn invalid_rule(rule: &Value, path: &Path, problem: &str) -> FieldError {
    let text = |field: &str| json!(rule.str(field));
    let or_null = |field: &str| rule.get(field).cloned().unwrap_or(Value::Null);
    let shown = go_struct(&[
        ("Rule", text("/rule")),
        ("Message", text("/message")),
        ("MessageExpression", text("/messageExpression")),
        ("Reason", or_null("reason")),
        ("FieldPath", text("/fieldPath")),
        ("OptionalOldSelf", or_null("optionalOldSelf")),
    ]);
    FieldError { cause: Cause::Invalid, field: path.to_string(), body: format!("Invalid value: {shown}: {problem}") }
}

/// Formats a struct as Go's JSON encoder does: the fields in their order, with characters of HTML escaped.
pub(crate) fn go_struct(fields: &[(&str, Value)]) -> String {
    let fields: Vec<String> = fields.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    let text = format!("{{{}}}", fields.join(","));
    text.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}
