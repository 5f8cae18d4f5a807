//! ConfigMaps: strings and bytes by key, optionally immutable.

use crate::shared::describe::{describe_events, head};
use crate::shared::formats::config_key_problems;
use crate::shared::rules::check;
use crate::shared::table::columns;
use crate::{Describer, Kind, Lookup, Names, PrefixWriter, age};
use kctl_base::field::{self, ErrorList, Path};
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::sim::Time;
use kctl_base::view::{Cell, Column};

/// The ConfigMap kind (`pkg/registry/core/configmap/strategy.go`).
pub(crate) struct ConfigMap;

static NAMES: Names = Names::namespaced(("", "v1"), "ConfigMap", "configmaps", "configmap").short(&["cm"]);

/// The most bytes that the values of a ConfigMap or Secret may have together.
pub(super) const MAX_BYTES: usize = 1024 * 1024;

impl Kind for ConfigMap {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn has_status(&self) -> bool {
        false
    }

    fn validate(&self, object: &Object) -> ErrorList {
        let mut errors = ErrorList::new();
        for (pointer, field) in [("/data", "data"), ("/binaryData", "binaryData")] {
            for key in object.map(pointer).into_iter().flat_map(|m| m.keys()) {
                let path = Path::new(field).key(key);
                errors.extend(check(config_key_problems, key, &path));
                if pointer == "/data" && object.map("/binaryData").is_some_and(|m| m.contains_key(key)) {
                    errors.push(field::invalid(&path, key.as_str(), "duplicate of key present in binaryData"));
                }
            }
        }
        let bytes: usize = object.strings("/data").values().map(String::len).sum::<usize>()
            + object.strings("/binaryData").values().map(|v| decoded_length(v)).sum::<usize>();
        if bytes > MAX_BYTES {
            errors.push(field::too_long(&Path::new("[]"), MAX_BYTES));
        }
        errors
    }

    fn tells_change_first(&self) -> bool {
        true
    }

    fn validate_update(&self, new: &Object, old: &Object) -> ErrorList {
        immutable_errors(new, old, &["data", "binaryData"])
    }

    fn columns(&self) -> Vec<Column> {
        columns(&["Name", "Data", "Age"])
    }

    fn row(&self, object: &Object, now: Time) -> Vec<Cell> {
        let count = |pointer| object.map(pointer).map_or(0, |m| m.len());
        vec![object.name().into(), (count("/data") + count("/binaryData")).to_string(), age(object, now)]
    }

    fn describer(&self) -> Option<Describer> {
        Some(describe)
    }
}

fn describe(object: &Object, lookup: &dyn Lookup, out: &mut PrefixWriter) {
    head(object, out);
    out.line(0, "\nData\n====");
    for (key, value) in object.strings("/data") {
        out.line(0, format!("{key}:\n----\n{value}\n"));
    }
    out.line(0, "\nBinaryData\n====");
    for (key, value) in object.strings("/binaryData") {
        out.line(0, format!("{key}: {} bytes", decoded_length(&value)));
    }
    out.line(0, "");
    describe_events(lookup, object, out);
}

/// The number of bytes that a base64 string encodes.
pub(super) fn decoded_length(base64: &str) -> usize {
    let text = base64.trim_end_matches('=');
    text.bytes().filter(|b| !b.is_ascii_whitespace()).count() * 3 / 4
}

/// Refuses updates of an object with `immutable: true` that change `fields` or reset `immutable`.
pub(super) fn immutable_errors(new: &Object, old: &Object, fields: &[&str]) -> ErrorList {
    const TEXT: &str = "field is immutable when `immutable` is set";
    let mut errors = ErrorList::new();
    if !old.flag("/immutable") {
        return errors;
    }
    if !new.flag("/immutable") {
        errors.push(field::forbidden(&Path::new("immutable"), TEXT));
    }
    for field in fields {
        let pointer = format!("/{field}");
        if new.strings(&pointer) != old.strings(&pointer) {
            errors.push(field::forbidden(&Path::new(field), TEXT));
        }
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    #[test]
    fn keys_are_validated_and_immutable_data_cannot_change() {
        let texts = |errors: ErrorList| errors.iter().map(ToString::to_string).collect::<Vec<_>>();
        let twice = json!({"data": {"a": "1"}, "binaryData": {"a": "MQ=="}});
        let want = "data[a]: Invalid value: \"a\": duplicate of key present in binaryData";
        assert_eq!(texts(ConfigMap.validate(&twice)), [want]);
        let old = json!({"data": {"a": "1"}, "immutable": true});
        let new = json!({"data": {"a": "2"}, "immutable": false});
        assert_eq!(
            texts(ConfigMap.validate_update(&new, &old)),
            [
                "immutable: Forbidden: field is immutable when `immutable` is set",
                "data: Forbidden: field is immutable when `immutable` is set"
            ]
        );
        let large = json!({"data": {"a": "x".repeat(MAX_BYTES + 1)}});
        assert_eq!(texts(ConfigMap.validate(&large)), ["[]: Too long: may not be more than 1048576 bytes"]);
    }
}
