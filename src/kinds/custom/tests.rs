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
