//! Tests of the evaluation of CEL rules.

use super::*;
use crate::Kind as _;

/// The errors of the rules at the root of a schema.
fn rule_errors(schema: &Value) -> ErrorList {
    definition_errors(schema, &Path::root(), true, &Place::root(), &mut Costs::default())
}

/// The errors of a schema for `spec` on create (`old` is `None`) or update.
fn messages(spec_schema: Value, new: Value, old: Option<Value>) -> Vec<String> {
    let schema = json!({"type": "object", "properties": {"spec": spec_schema}});
    assert_eq!(rule_errors(&schema), []);
    let object = |spec: Value| json!({"apiVersion": "e.com/v1", "kind": "E", "metadata": {"name": "n"}, "spec": spec});
    let errors = evaluate(&schema, &object(new), old.map(object).as_ref());
    errors.iter().map(ToString::to_string).collect()
}

fn spec(rules: Value) -> Value {
    json!({"type": "object", "x-kubernetes-validations": rules, "properties": {
        "copies": {"type": "integer"}, "share": {"type": "number"}, "target-host": {"type": "string"},
        "namespace": {"type": "string"}, "until": {"type": "string", "format": "date-time"},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        "ports": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
                  "items": {"type": "object", "properties": {"name": {"type": "string"}, "number": {
                      "type": "integer",
                      "x-kubernetes-validations": [{"rule": "self >= oldSelf", "message": "only grows"}]}}}},
    }})
}

#[test]
fn violations_have_the_messages_of_the_server() {
    let rules = json!([
        {"rule": "!has(self.copies) || self.copies < 3", "message": "too many copies"},
        {"rule": "!has(self.share) || self.share > 0.5"},
        {"rule": "size(self.labels) < 2", "messageExpression": "'has ' + string(size(self.labels)) + ' labels'",
         "fieldPath": ".labels", "reason": "FieldValueForbidden"},
    ]);
    let new = json!({"copies": 3, "share": 0, "labels": {"a": "1", "b": "2"}});
    assert_eq!(
        messages(spec(rules.clone()), new, None),
        [
            "spec: Invalid value: too many copies",
            "spec: Invalid value: failed rule: !has(self.share) || self.share > 0.5",
            "spec.labels: Forbidden: has 2 labels",
        ]
    );
    assert_eq!(
        messages(spec(rules.clone()), json!({"copies": 2, "share": 1, "labels": {}}), None),
        Vec::<String>::new()
    );
    let missing = messages(spec(rules), json!({}), None);
    assert_eq!(
        missing,
        ["spec: Invalid value: \"object\": no such key: labels evaluating rule: size(self.labels) < 2"]
    );
}

#[test]
fn fields_have_escaped_names_and_schema_types() {
    let rules = json!([{"rule": "self.target__dash__host == 'h' && self.__namespace__ == 'n' && self.until < timestamp('2026-02-01T00:00:00Z') && self.labels['a-b'] == '1'"}]);
    let new = json!({"target-host": "h", "namespace": "n", "until": "2026-01-01T00:00:00Z", "labels": {"a-b": "1"}});
    assert_eq!(messages(spec(rules), new, None), Vec::<String>::new());
    let schema = json!({"type": "object", "x-kubernetes-validations": [{"rule": "self.metadata.name == 'x' || self.kind == 'F'"}]});
    let object = json!({"kind": "E", "metadata": {"name": "n"}});
    let errors = evaluate(&schema, &object, None);
    assert_eq!(
        errors[0].to_string(),
        "<nil>: Invalid value: failed rule: self.metadata.name == 'x' || self.kind == 'F'"
    );
}

#[test]
fn transition_rules_need_an_old_value_and_unchanged_values_are_not_checked() {
    let (none, ports) = (Vec::<String>::new(), |number: i64| json!({"ports": [{"name": "a", "number": number}]}));
    assert_eq!(messages(spec(json!([])), ports(1), None), none);
    assert_eq!(messages(spec(json!([])), ports(2), Some(ports(1))), none);
    assert_eq!(
        messages(spec(json!([])), ports(1), Some(ports(2))),
        ["spec.ports[0].number: Invalid value: 1: only grows"]
    );
    let other = json!({"ports": [{"name": "b", "number": 1}]});
    assert_eq!(messages(spec(json!([])), other, Some(ports(2))), none, "another item");
    let rules = json!([{"rule": "self.copies < 3"}]);
    let wrong = json!({"copies": 3});
    assert_eq!(messages(spec(rules.clone()), wrong.clone(), Some(wrong.clone())), none);
    assert_eq!(
        messages(spec(rules), json!({"copies": 4}), Some(wrong)),
        ["spec: Invalid value: failed rule: self.copies < 3"]
    );
    let first = json!([{"rule": "oldSelf.hasValue() || self.copies == 1", "optionalOldSelf": true, "message": "one"}]);
    assert_eq!(messages(spec(first.clone()), json!({"copies": 2}), None), ["spec: Invalid value: one"]);
    assert_eq!(messages(spec(first), json!({"copies": 2}), Some(json!({"copies": 1}))), none);
}

#[test]
fn strings_with_formats_have_the_types_of_their_rules() {
    let formats = json!({"type": "object", "properties": {
        "day": {"type": "string", "format": "date"}, "data": {"type": "string", "format": "byte"},
        "time": {"type": "string", "format": "duration"}},
        "x-kubernetes-validations": [{"rule": "self.day < timestamp('2026-01-02T00:00:00Z') && self.data == b'ab' && self.time > duration('1s')"}]});
    let new = json!({"day": "2026-01-01", "data": "YWI=", "time": "2s"});
    assert_eq!(messages(formats.clone(), new, None), Vec::<String>::new());
    let late = json!({"day": "2026-02-01", "data": "YWI=", "time": "2s"});
    assert_eq!(messages(formats, late, None).len(), 1);
}

#[test]
fn rules_that_do_not_compile_are_refused() {
    let rules = json!([{"rule": "self.a =="}, {"rule": "self.a.size() > 2"}, {"rule": "isURL(string(self.a))"}, {"rule": "self.a"}]);
    let schema = json!({"type": "object", "properties": {"a": {"type": "integer"}}, "x-kubernetes-validations": rules});
    let errors = definition_errors(&schema, &Path::new("s"), false, &Place::root(), &mut Costs::default());
    let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert!(texts[0].contains("\"Rule\":\"self.a ==\"") && texts[0].contains("compilation failed: ERROR: <input>:1:"));
    assert!(texts[1].ends_with("compilation failed: ERROR: <input>:1:12: found no matching overload for 'size' applied to 'int.()'\n | self.a.size() > 2\n | ...........^"), "{}", texts[1]);
    assert!(texts[2].ends_with("cel expression must evaluate to a bool"), "{texts:?}");
    assert_eq!(texts.len(), 3);
    let empty = json!({"x-kubernetes-validations": [{"rule": " "}, {"rule": "a\nb"}]});
    let texts: Vec<String> = text_errors(&empty, &Path::new("s"), |_| true).iter().map(ToString::to_string).collect();
    assert_eq!(texts[0], "s.x-kubernetes-validations[0].rule: Required value: rule is not specified");
    let text = "message: Required value: message must be specified if rule contains line breaks";
    assert_eq!(texts[1], format!("s.x-kubernetes-validations[1].{text}"));
}

#[test]
fn defaults_must_satisfy_the_rules() {
    let mut schema = spec(json!([{"rule": "self.copies < 3"}]));
    schema["default"] = json!({});
    let texts: Vec<String> =
        crate::custom::defaults::errors(&schema, &Path::new("s")).iter().map(ToString::to_string).collect();
    assert_eq!(texts, ["s.default: Invalid value: \"object\": no such key: copies evaluating rule: self.copies < 3"]);
}

/// The errors of the estimated cost of the rules of `spec`.
fn cost(spec_schema: Value) -> Vec<String> {
    let schema = json!({"type": "object", "properties": {"spec": spec_schema}});
    let definition = json!({"spec": {"versions": [{"name": "v1", "schema": {"openAPIV3Schema": schema}}]}});
    let errors = crate::apiextensions::CustomResourceDefinition.validate(&definition);
    let texts = errors.iter().map(ToString::to_string);
    texts.filter_map(|text| Some(format!("s{}", text.strip_prefix("spec.validation.openAPIV3Schema")?))).collect()
}

/// A list of integers with a rule that compares every three of its items.
fn triple(max: Value) -> Value {
    let rule = "self.l.all(x, self.l.all(y, self.l.all(z, x+y+z >= 0)))";
    json!({"type": "object", "x-kubernetes-validations": [{"rule": rule}],
        "properties": {"l": {"type": "array", "maxItems": max, "items": {"type": "integer"}}}})
}

#[test]
fn rules_that_are_estimated_to_cost_too_much_are_refused() {
    let advice = "(try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)";
    let place = "s.properties[spec].x-kubernetes-validations[0].rule: Forbidden: estimated rule cost exceeds budget by factor of";
    assert_eq!(cost(triple(json!(50))), Vec::<String>::new());
    assert_eq!(cost(triple(json!(200)))[0], format!("{place} 7.2x {advice}"));
    assert_eq!(cost(triple(Value::Null))[0], format!("{place} more than 100x {advice}"));
    let total = "s: Forbidden: x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds budget by factor of more than 100x";
    let part = "s.properties[spec].x-kubernetes-validations[0].rule: Forbidden: contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema";
    assert_eq!(cost(triple(Value::Null))[1..], [part.to_owned(), format!("{total} {advice}")]);
    let text = json!({"type": "object", "properties": {"names": {"type": "array", "items": {"type": "string"}}},
        "x-kubernetes-validations": [{"rule": "true", "messageExpression": "self.names.map(n, n + n)[0]"}]});
    let says =
        ".messageExpression: Forbidden: estimated messageExpression cost exceeds budget by factor of more than 100x";
    assert!(cost(text)[0].contains(says));
    let number = json!({"type": "object", "properties": {"size": {"type": "integer"}}, "x-kubernetes-validations": [
        {"rule": "self.size > 1", "messageExpression": "'size ' + string(self.size) + ' is too small'"}]});
    assert_eq!(cost(number), Vec::<String>::new());
    for (schema, is_refused) in [
        (json!({"type": "string", "x-kubernetes-validations": [{"rule": "self.matches('^[a-z0-9]+$')"}]}), false),
        (
            json!({"type": "array", "items": {"type": "string", "x-kubernetes-validations": [{"rule": "self.matches('^[a-z0-9]+$')"}]}}),
            true,
        ),
        (
            json!({"type": "array", "items": {"type": "string", "maxLength": 63, "x-kubernetes-validations": [{"rule": "self.matches('^[a-z0-9]+$')"}]}}),
            true,
        ),
        (
            json!({"type": "array", "maxItems": 100, "items": {"type": "string", "maxLength": 63, "x-kubernetes-validations": [{"rule": "self.matches('^[a-z0-9]+$')"}]}}),
            false,
        ),
        (
            json!({"type": "object", "additionalProperties": {"type": "string"}, "x-kubernetes-validations": [{"rule": "self.all(k, k.matches('a+'))"}]}),
            true,
        ),
        (
            json!({"type": "object", "additionalProperties": {"type": "string"}, "x-kubernetes-validations": [{"rule": "self.all(k, k.startsWith('a'))"}]}),
            false,
        ),
    ] {
        assert_eq!(!cost(schema.clone()).is_empty(), is_refused, "{schema}: {:?}", cost(schema.clone()));
    }
}

#[test]
fn evaluations_end_when_they_have_cost_too_much() {
    let found = messages(triple(Value::Null), json!({"l": vec![1; 300]}), None);
    let says = "spec: Invalid value: \"object\": 'operation cancelled: actual cost limit exceeded': no further validation rules will be run due to call cost exceeds limit for rule: self.l.all(x, ";
    assert!(found.len() == 1 && found[0].starts_with(says), "{found:?}");
    let item = json!({"type": "array", "items": {"type": "integer"}, "x-kubernetes-validations": [
        {"rule": "self.all(x, self == self)"}]});
    let rows: Value = vec![json!(vec![1; 600]); 200].into();
    let found = messages(json!({"type": "array", "items": item}), rows, None);
    let says = "Invalid value: \"array\": validation failed due to running out of cost budget, no further validation rules will be run";
    assert!(found.len() == 1 && found[0].ends_with(says), "{found:?}");
}
