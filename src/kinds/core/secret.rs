//! Secrets: bytes by key, with types that require certain keys.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::config_map::{MAX_BYTES, decoded_length, immutable_errors};
use crate::shared::describe::head;
use crate::shared::formats::config_key_problems;
use crate::shared::key_pair;
use crate::shared::rules::{check, immutable_at};
use crate::shared::table::columns;
use crate::{Describer, Kind, Lookup, Names, PrefixWriter, age};
use kctl_base::field::{self, ErrorList, Path};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};
use kctl_base::sim::Time;
use kctl_base::view::{Cell, Column};

/// The Secret kind (`pkg/registry/core/secret/strategy.go`).
pub(crate) struct Secret;

static NAMES: Names = Names::namespaced(("", "v1"), "Secret", "secrets", "secret");

/// The annotation with the ServiceAccount of a token.
const ACCOUNT: &str = "kubernetes.io/service-account.name";

impl Kind for Secret {
    fn names(&self) -> &Names {
        &NAMES
    }

    fn has_status(&self) -> bool {
        false
    }

    /// Moves `stringData`, which is never stored, to `data`.
    fn set_defaults(&self, object: &mut Object) {
        let texts = object.strings("/stringData");
        object.remove_at("/stringData");
        for (key, text) in texts {
            object.map_mut("/data").insert(key, BASE64_STANDARD.encode(text).into());
        }
        object.put_default("/type", "Opaque");
    }

    fn prepare_update(&self, new: &mut Object, old: &Object) {
        if new.str("/type").is_empty() {
            new.put("/type", old.str("/type"));
        }
    }

    fn validate(&self, object: &Object) -> ErrorList {
        let path = Path::new("data");
        let mut errors = ErrorList::new();
        for key in object.map("/data").into_iter().flat_map(|m| m.keys()) {
            errors.extend(check(config_key_problems, key, &path.key(key)));
        }
        if object.strings("/data").values().map(|v| decoded_length(v)).sum::<usize>() > MAX_BYTES {
            errors.push(field::too_long(&path, MAX_BYTES));
        }
        errors.extend(type_errors(object, &path));
        errors
    }

    fn tells_change_first(&self) -> bool {
        true
    }

    fn validate_update(&self, new: &Object, old: &Object) -> ErrorList {
        let mut errors = immutable_at(new, old, "/type", &Path::new("type"));
        errors.extend(immutable_errors(new, old, &["data"]));
        errors
    }

    fn warnings(&self, new: &Object, _old: Option<&Object>) -> Vec<String> {
        if new.str("/type") == "kubernetes.io/tls" { tls_warning(new).into_iter().collect() } else { Vec::new() }
    }

    fn columns(&self) -> Vec<Column> {
        columns(&["Name", "Type", "Data", "Age"])
    }

    fn row(&self, object: &Object, now: Time) -> Vec<Cell> {
        let count = object.map("/data").map_or(0, |m| m.len());
        vec![object.name().into(), object.str("/type").into(), count.to_string(), age(object, now)]
    }

    fn selectable_field(&self, object: &Object, field: &str) -> Option<String> {
        (field == "type").then(|| object.str("/type").into())
    }

    fn describer(&self) -> Option<Describer> {
        Some(describe)
    }
}

fn describe(object: &Object, _lookup: &dyn Lookup, out: &mut PrefixWriter) {
    head(object, out);
    let kind = object.str("/type");
    out.line(0, format!("\nType:\t{kind}"));
    out.line(0, "\nData\n====");
    for (key, value) in object.strings("/data") {
        if key == "token" && kind == "kubernetes.io/service-account-token" {
            let token = BASE64_STANDARD.decode(value).unwrap_or_default();
            out.pair(0, &key, String::from_utf8_lossy(&token));
        } else {
            out.pair(0, &key, format!("{} bytes", decoded_length(&value)));
        }
    }
}

/// Validates what the type of a Secret requires (`ValidateSecret` in `pkg/apis/core/validation/validation.go`).
fn type_errors(object: &Object, path: &Path) -> ErrorList {
    let data = object.strings("/data");
    let missing = |key: &str| field::required(&path.key(key), "");
    let absent = |keys: &[&str]| keys.iter().filter(|k| !data.contains_key(**k)).map(|k| missing(k)).collect();
    match object.str("/type") {
        "kubernetes.io/service-account-token" if object.annotation(ACCOUNT).unwrap_or("").is_empty() => {
            vec![field::required(&Path::new("metadata").child("annotations").key(ACCOUNT), "")]
        }
        "kubernetes.io/dockercfg" => docker_errors(object, ".dockercfg", path),
        "kubernetes.io/dockerconfigjson" => docker_errors(object, ".dockerconfigjson", path),
        "kubernetes.io/basic-auth" if !data.contains_key("username") && !data.contains_key("password") => {
            absent(&["username", "password"])
        }
        "kubernetes.io/ssh-auth" if data.get("ssh-privatekey").is_none_or(String::is_empty) => {
            vec![missing("ssh-privatekey")]
        }
        "kubernetes.io/tls" => absent(&["tls.crt", "tls.key"]),
        _ => ErrorList::new(),
    }
}

/// The warning about a certificate or key that is no PEM. What is inside of the PEM is not looked at.
fn tls_warning(secret: &Object) -> Option<String> {
    let data = secret.strings("/data");
    let text = |key: &str| {
        let bytes = BASE64_STANDARD.decode(data.get(key).map_or("", String::as_str)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    key_pair::problem(&text("tls.crt"), &text("tls.key"))
}

/// Requires registry credentials to be JSON. The error does not print the value.
fn docker_errors(object: &Object, key: &str, path: &Path) -> ErrorList {
    let path = path.key(key);
    let Some(value) = object.map("/data").and_then(|m| m.get(key)?.as_str()) else {
        return vec![field::required(&path, "")];
    };
    let bytes = BASE64_STANDARD.decode(value).unwrap_or_default();
    let problem = kctl_base::go::json::object_error(&String::from_utf8_lossy(&bytes));
    problem.iter().map(|p| field::invalid(&path, "<secret contents redacted>", p)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    #[test]
    fn types_require_keys() {
        let cases = [
            (
                json!({"type": "kubernetes.io/basic-auth"}),
                vec!["data[username]: Required value", "data[password]: Required value"],
            ),
            (json!({"type": "kubernetes.io/tls", "data": {"tls.crt": ""}}), vec!["data[tls.key]: Required value"]),
            (
                json!({"type": "kubernetes.io/dockerconfigjson", "stringData": {".dockerconfigjson": "nojson"}}),
                vec![
                    "data[.dockerconfigjson]: Invalid value: \"<secret contents redacted>\": invalid character 'o' in \
                     literal null (expecting 'u')",
                ],
            ),
            (json!({"stringData": {"a": "b"}}), vec![]),
        ];
        for (mut object, want) in cases {
            Secret.set_defaults(&mut object);
            let errors: Vec<String> = Secret.validate(&object).iter().map(ToString::to_string).collect();
            assert_eq!(errors, want);
        }
    }

    #[test]
    fn certificates_that_are_no_pem_are_warned_about() {
        let pem = |label: &str| format!("-----BEGIN {label}-----\nAAAA\n-----END {label}-----\n");
        let warning = |certificate: &str, key: &str| {
            let mut secret =
                json!({"type": "kubernetes.io/tls", "stringData": {"tls.crt": certificate, "tls.key": key}});
            Secret.set_defaults(&mut secret);
            Secret.warnings(&secret, None).concat()
        };
        let (certificate, key) = (pem("CERTIFICATE"), pem("RSA PRIVATE KEY"));
        assert_eq!(warning("cert", "key"), "tls: failed to find any PEM data in certificate input");
        assert_eq!(warning(&certificate, "key"), "tls: failed to find any PEM data in key input");
        assert!(warning(&key, &certificate).ends_with("PEM inputs may have been switched"));
        assert_eq!(warning(&certificate, &key), "");
    }

    #[test]
    fn the_type_is_immutable() {
        let errors = Secret.validate_change(&json!({"type": "kubernetes.io/tls"}), &json!({"type": "Opaque"}));
        let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
        let want = "type: Invalid value: \"kubernetes.io/tls\": field is immutable";
        assert_eq!(texts, [want, "data[tls.crt]: Required value", "data[tls.key]: Required value"]);
    }
}
