use super::*;
use kctl_base::json::json;

fn backup() -> Custom {
    let schema = json!({
        "type": "object", "required": ["spec"],
        "properties": {
            "spec": {
                "type": "object", "required": ["schedule"],
                "properties": {
                    "schedule": {"type": "string", "pattern": "^(\\S+ ){4}\\S+$"},
                    "copies": {"type": "integer", "minimum": 1, "maximum": 9, "default": 3},
                    "target": {"type": "string", "enum": ["disk", "tape"]},
                },
                "x-kubernetes-validations": [{"rule": "true", "message": "never"}],
            },
            "status": {"type": "object", "properties": {"copies": {"type": "integer"}}},
        },
    });
    Custom::from_definition(&json!({"spec": {
        "group": "example.com", "scope": "Namespaced",
        "names": {"plural": "backups", "singular": "backup", "kind": "Backup", "shortNames": ["bk"], "categories": ["all"]},
        "versions": [{
            "name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema},
            "subresources": {"status": {}, "scale": {"specReplicasPath": ".spec.copies", "statusReplicasPath": ".status.copies"}},
            "additionalPrinterColumns": [
                {"name": "Schedule", "type": "string", "jsonPath": ".spec.schedule"},
                {"name": "Copies", "type": "integer", "jsonPath": ".spec.copies"},
                {"name": "Target", "type": "string", "jsonPath": ".spec.target", "priority": 1},
                {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
            ],
        }],
    }}))
    .expect("a stored version")
}

fn errors(spec: Value) -> Vec<String> {
    let kind = backup();
    let mut object = json!({"apiVersion": "example.com/v1", "kind": "Backup", "metadata": {"name": "b"}});
    if !spec.is_null() {
        object["spec"] = spec;
    }
    kind.set_defaults(&mut object);
    kind.validate(&object).iter().map(ToString::to_string).collect()
}

const UNCHECKED: &str = "<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; \
                         correct the existing errors to complete validation";

#[test]
fn names_and_subresources_come_from_the_definition() {
    let kind = backup();
    assert_eq!(kind.names().resource(), "backups.example.com");
    assert_eq!(kind.names().short, ["bk"]);
    assert!(kind.has_status());
    assert_eq!(kind.scale().expect("a scale").spec_replicas, "/spec/copies");
}

#[test]
fn schema_violations_have_the_messages_of_the_server() {
    assert_eq!(
        errors(json!({"schedule": "daily", "copies": 12, "target": "cloud"})),
        [
            "spec.target: Unsupported value: \"cloud\": supported values: \"disk\", \"tape\"",
            "spec.copies: Invalid value: 12: spec.copies in body should be less than or equal to 9",
            "spec.schedule: Invalid value: \"daily\": spec.schedule in body should match '^(\\S+ ){4}\\S+$'",
            UNCHECKED,
        ]
    );
    assert_eq!(
        errors(json!({"copies": "3"})),
        [
            "spec.copies: Invalid value: \"string\": spec.copies in body must be of type integer: \"string\"",
            "spec.schedule: Required value",
            ".spec.copies: Invalid value: 0: .spec.copies accessor error: 3 is of the type string, expected int64",
            UNCHECKED,
        ]
    );
    assert_eq!(errors(Value::Null), ["spec: Required value", UNCHECKED]);
    assert_eq!(errors(json!({"schedule": "0 3 * * *"})), Vec::<String>::new());
}

#[test]
fn defaults_are_set_and_unknown_fields_pruned() {
    let kind = backup();
    let mut object = json!({
        "apiVersion": "example.com/v1", "metadata": {"name": "nightly", "creationTimestamp": "2026-01-01T00:00:00Z"},
        "spec": {"schedule": "0 3 * * *", "colour": "red"},
    });
    assert_eq!(kind.prune(&mut object), ["spec.colour"]);
    kind.set_defaults(&mut object);
    let now = Time::parse("2026-01-01T00:00:01Z").expect("a time");
    assert_eq!(kind.row(&object, now), ["nightly", "0 3 * * *", "3", "", "1s"]);
}

/// The errors of a field `f` with a schema; the new value of it follows the old one, if there is one.
fn field_errors(schema: Value, old: Option<Value>, new: Value) -> Vec<String> {
    let schema = json!({"type": "object", "properties": {"f": schema}});
    let old = old.map(|old| json!({"f": old}));
    let errors = validate::validate(&schema, None, &json!({"f": new}), old.as_ref());
    errors.iter().map(ToString::to_string).collect()
}

#[test]
fn values_are_compared_with_all_parts_of_a_schema() {
    let port = json!({"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
        "oneOf": [{"required": ["a"]}, {"required": ["b"]}]});
    for (schema, value, expected) in [
        (
            json!({"type": "string", "maxLength": 2, "pattern": "^a+$"}),
            json!("bbb"),
            &["f: Too long: may not be more than 2 bytes"][..],
        ),
        (
            json!({"type": "integer", "format": "int32"}),
            json!(3_000_000_000_i64),
            &["<nil>: Invalid value: \"\": Checked value must be of type integer with format int32 in f"],
        ),
        (
            port.clone(),
            json!({}),
            &[
                "<nil>: Invalid value: \"\": \"f\" must validate one and only one schema (oneOf). Found none valid",
                "f.a: Required value",
            ],
        ),
        (
            port,
            json!({"a": "", "b": ""}),
            &[
                "<nil>: Invalid value: \"\": \"f\" must validate one and only one schema (oneOf). Found 2 valid alternatives",
            ],
        ),
        (
            json!({"anyOf": [{"minimum": 3}], "type": "integer"}),
            json!(1),
            &[
                "<nil>: Invalid value: \"\": \"f\" must validate at least one schema (anyOf)",
                "f: Invalid value: 1: f in body should be greater than or equal to 3",
            ],
        ),
        (
            json!({"x-kubernetes-int-or-string": true, "pattern": "^a$"}),
            json!("b"),
            &["f: Invalid value: \"b\": f in body should match '^a$'"],
        ),
        (
            json!({"type": "array", "maxItems": 1, "items": {"type": "object", "required": ["k"], "properties": {"k": {"type": "integer"}}},
                "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"]}),
            json!([{"k": 1}, {"k": 1}, {}]),
            &["f[2].k: Required value", "f: Too many: 3: must have at most 1 item", "f[1]: Duplicate value: {\"k\":1}"],
        ),
        (
            json!({"type": "string", "format": "ipv4"}),
            json!("x"),
            &["f: Invalid value: \"x\": f in body must be of type ipv4: \"x\""],
        ),
        (json!({"type": "string", "format": "odd"}), json!("x"), &[]),
        (
            json!({"type": "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true}),
            json!({"a": 1}),
            &["f.apiVersion: Required value", "f.kind: Required value"],
        ),
    ] {
        assert_eq!(field_errors(schema.clone(), None, value), expected, "{schema}");
    }
}

#[test]
fn what_was_wrong_before_may_stay_so() {
    let schema =
        json!({"type": "object", "properties": {"a": {"type": "integer", "maximum": 3}, "b": {"type": "string"}}});
    let wrong = "f.a: Invalid value: 5: f.a in body should be less than or equal to 3";
    assert_eq!(field_errors(schema.clone(), Some(json!({"a": 5})), json!({"a": 5, "b": "x"})), Vec::<String>::new());
    assert_eq!(field_errors(schema, Some(json!({"a": 6})), json!({"a": 5})), [wrong]);
}

#[test]
fn errors_of_a_status_are_relative_to_it() {
    let schema = json!({"type": "object", "properties": {"status": {"type": "object", "properties": {"phase": {"type": "string", "minLength": 3}}}}});
    let errors = validate::validate_status(&schema, None, &json!({"status": {"phase": "a"}}), &json!({}));
    let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(texts, ["status.phase: Invalid value: \"a\": phase in body should be at least 3 chars long"]);
}

#[test]
fn metadata_of_embedded_objects_is_pruned() {
    let schema = json!({"type": "object", "properties": {"f": {"type": "object", "x-kubernetes-embedded-resource": true,
        "x-kubernetes-preserve-unknown-fields": true}}});
    let mut object = json!({"f": {"metadata": {"name": "n", "odd": 1}, "spec": {"any": 1}}});
    assert_eq!(schema::prune(&schema, &mut object), ["f.metadata.odd"]);
    assert_eq!(object, json!({"f": {"metadata": {"name": "n"}, "spec": {"any": 1}}}));
}

#[test]
fn finalizers_without_a_domain_are_warned_about_when_they_are_added() {
    let object = |finalizers: &[&str]| json!({"metadata": {"finalizers": finalizers}});
    let text = "prefer a domain-qualified finalizer name including a path (/) to avoid accidental conflicts with other finalizer writers";
    let kind = backup();
    let new = object(&["b", "a", "e.com/c", "orphan"]);
    let warnings = ["a", "b"].map(|name| format!("metadata.finalizers: \"{name}\": {text}"));
    assert_eq!(kind.warnings(&new, None), warnings);
    assert_eq!(kind.warnings(&new, Some(&object(&["a"]))), warnings[1..]);
}

#[test]
fn a_new_object_gets_the_default_of_its_status() {
    let definition = json!({"spec": {"group": "e.com", "names": {"plural": "es", "kind": "E"}, "versions": [{
        "name": "v1", "served": true, "subresources": {"status": {}}, "schema": {"openAPIV3Schema": {"type": "object",
            "properties": {"status": {"type": "object", "default": {"phase": "New"}}}}}}]}});
    let kind = Custom::from_definition(&definition).expect("a served version");
    let mut object = json!({"status": {"phase": "Sent"}});
    kind.prepare_create(&mut object);
    assert_eq!(object, json!({"metadata": {"generation": 1}, "status": {"phase": "New"}}));
}
