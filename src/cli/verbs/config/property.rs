//! Single values of a kubeconfig file by path: `contexts.dev.namespace`, `current-context`.
//!
//! Names of entries may contain dots; they end where the name of a field begins. Upstream:
//! `kubectl/pkg/cmd/config/navigation_step_parser.go`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::kubeconfig::check_bytes;
use kctl_base::field::quote;
use kctl_base::json::{Value, json};
use kctl_base::object::{ValueRead, ValueWrite};

/// The type of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holds {
    Text,
    Switch,
    Bytes,
    Texts,
}

/// A list of named entries: its name, the field with the object of an entry, and the fields of that object.
type Section = (&'static str, &'static str, &'static [(&'static str, Holds)]);

const SECTIONS: &[Section] = &[
    (
        "clusters",
        "cluster",
        &[
            ("server", Holds::Text),
            ("tls-server-name", Holds::Text),
            ("insecure-skip-tls-verify", Holds::Switch),
            ("certificate-authority", Holds::Text),
            ("certificate-authority-data", Holds::Bytes),
            ("proxy-url", Holds::Text),
            ("disable-compression", Holds::Switch),
        ],
    ),
    (
        "users",
        "user",
        &[
            ("client-certificate", Holds::Text),
            ("client-certificate-data", Holds::Bytes),
            ("client-key", Holds::Text),
            ("client-key-data", Holds::Bytes),
            ("token", Holds::Text),
            ("tokenFile", Holds::Text),
            ("as", Holds::Text),
            ("as-uid", Holds::Text),
            ("as-groups", Holds::Texts),
            ("username", Holds::Text),
            ("password", Holds::Text),
        ],
    ),
    ("contexts", "context", &[("cluster", Holds::Text), ("user", Holds::Text), ("namespace", Holds::Text)]),
];

/// The target of a path.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    Current,
    /// All entries of a list.
    All(&'static str),
    /// One entry of a list.
    Entry(&'static str, String),
    /// A field of an entry.
    Field {
        list: &'static str,
        name: String,
        object: &'static str,
        field: &'static str,
        holds: Holds,
    },
}

fn place(path: &str) -> Result<Place, String> {
    if path.is_empty() {
        return Err("you must specify a property".into());
    }
    let wrong = || format!("unable to parse {path} after [] at api.Config");
    let parts: Vec<&str> = path.split('.').collect();
    if parts == ["current-context"] {
        return Ok(Place::Current);
    }
    let (list, object, fields) = SECTIONS.iter().find(|(list, ..)| *list == parts[0]).ok_or_else(wrong)?;
    if parts.len() == 1 {
        return Ok(Place::All(list));
    }
    // Paths name the fields of the internal type, where those of impersonation begin with `act-`.
    let known = |part: &&str| {
        let written = part.strip_prefix("act-").filter(|name| name.starts_with("as"));
        let wanted = if part.starts_with("as") { None } else { Some(written.unwrap_or(part)) };
        fields.iter().find(|(field, _)| Some(*field) == wanted)
    };
    // The first part after the list is a name even if a field has the same name.
    let end = parts.iter().skip(2).position(|part| known(part).is_some()).map_or(parts.len(), |at| at + 2);
    let name = parts[1..end].join(".");
    match (parts.get(end).and_then(known), parts.len() - end) {
        (None, _) => Ok(Place::Entry(list, name)),
        (Some((field, holds)), 1) => Ok(Place::Field { list, name, object, field, holds: *holds }),
        (Some(_), _) => Err(format!("unable to parse one or more field values of {path}")),
    }
}

/// Sets a value, and creates its entry if it is missing.
///
/// # Errors
/// The path is invalid or names more than one value, or the value has the wrong type.
pub(super) fn set(config: &mut Value, path: &str, text: &str, raw_bytes: bool) -> Result<(), String> {
    if text.is_empty() {
        return Err("you cannot use set to unset a property".into());
    }
    match place(path)? {
        Place::Current => config.put("/current-context", text),
        Place::All(_) | Place::Entry(..) => return Err(format!("can't set a map to a value: {path}")),
        Place::Field { list, name, object, field, holds } => {
            let value = value(text, holds, raw_bytes)?;
            let entries = config.list_mut(&format!("/{list}"));
            let at = entries.iter().position(|e| e.str("/name") == name).unwrap_or_else(|| {
                entries.push(json!({"name": name, object: {}}));
                entries.len() - 1
            });
            entries[at].put(&format!("/{object}/{field}"), value);
        }
    }
    Ok(())
}

/// Removes a value, an entry or all entries of a list.
///
/// # Errors
/// The path is invalid, or the entry of a field does not exist.
pub(super) fn unset(config: &mut Value, path: &str) -> Result<(), String> {
    match place(path)? {
        Place::Current => config.put("/current-context", ""),
        Place::All(list) => config.list_mut(&format!("/{list}")).clear(),
        Place::Entry(list, name) => config.list_mut(&format!("/{list}")).retain(|e| e.str("/name") != name),
        Place::Field { list, name, object, field, .. } => {
            let entry = config.items_mut(&format!("/{list}")).find(|e| e.str("/name") == name);
            let entry = entry.ok_or_else(|| format!("current map key `{name}` is invalid"))?;
            entry.remove_at(&format!("/{object}/{field}"));
        }
    }
    Ok(())
}

fn value(text: &str, holds: Holds, raw_bytes: bool) -> Result<Value, String> {
    match holds {
        Holds::Text => Ok(text.into()),
        Holds::Switch => {
            let on = crate::args::parse_bool(text);
            on.map(Value::from).ok_or_else(|| format!("strconv.ParseBool: parsing {}: invalid syntax", quote(text)))
        }
        Holds::Bytes if raw_bytes => Ok(STANDARD.encode(text).into()),
        Holds::Bytes => match check_bytes(text) {
            Ok(()) => Ok(text.replace(['\r', '\n'], "").into()),
            Err(error) => Err(format!("error decoding input value: {error}")),
        },
        Holds::Texts => Err("unrecognized slice type. string".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_to_fields() {
        let field = |name: &str, field| Place::Field {
            list: "contexts",
            name: name.into(),
            object: "context",
            field,
            holds: Holds::Text,
        };
        let cases = [
            ("current-context", Ok(Place::Current)),
            ("contexts", Ok(Place::All("contexts"))),
            ("contexts.dev", Ok(Place::Entry("contexts", "dev".into()))),
            ("contexts.dev.namespace", Ok(field("dev", "namespace"))),
            ("contexts.10.0.0.1.user", Ok(field("10.0.0.1", "user"))),
            ("contexts.user.user", Ok(field("user", "user"))),
            ("contexts.a.user.x", Err("unable to parse one or more field values of contexts.a.user.x".to_string())),
            ("nope.a", Err("unable to parse nope.a after [] at api.Config".to_string())),
            ("", Err("you must specify a property".to_string())),
        ];
        for (path, expected) in cases {
            assert_eq!(place(path), expected, "{path}");
        }
    }

    #[test]
    fn values_are_set_and_taken_out() {
        let mut config = json!({"contexts": []});
        let set = |config: &mut Value, path, text| set(config, path, text, false);
        assert_eq!(set(&mut config, "contexts.dev.namespace", "blue"), Ok(()));
        assert_eq!(set(&mut config, "clusters.a.insecure-skip-tls-verify", "true"), Ok(()));
        assert_eq!(
            set(&mut config, "clusters.a.disable-compression", "maybe"),
            Err("strconv.ParseBool: parsing \"maybe\": invalid syntax".into())
        );
        assert!(set(&mut config, "users.a.client-key-data", "no base64!").is_err());
        assert_eq!(
            config,
            json!({
                "clusters": [{"name": "a", "cluster": {"insecure-skip-tls-verify": true}}],
                "contexts": [{"name": "dev", "context": {"namespace": "blue"}}],
            })
        );
        assert_eq!(unset(&mut config, "contexts.dev.namespace"), Ok(()));
        assert_eq!(unset(&mut config, "contexts.other.namespace"), Err("current map key `other` is invalid".into()));
        assert_eq!(unset(&mut config, "clusters"), Ok(()));
        assert_eq!(config, json!({"clusters": [], "contexts": [{"name": "dev", "context": {}}]}));
    }
}
