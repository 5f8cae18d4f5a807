//! The first place where a kubeconfig file does not have its types, in the words of Go's decoder.
//!
//! Upstream: `Unmarshal` in `sigs.k8s.io/json`.

use base64::engine::general_purpose::STANDARD;
use base64::{DecodeError, Engine};

use super::types::{CONFIG, Struct, Type};
use kctl_base::field::quote;
use kctl_base::json::{Value, kind_name};
use kctl_base::object::ValueRead;

/// Checks the content of a file.
///
/// # Errors
/// The first value of another type, in the order of the field names.
pub(super) fn check(config: &Value) -> Result<(), String> {
    check_version(config)?;
    check_struct(config, &CONFIG, "")
}

/// Checks the type of the object (`interpretVersionKind`, and the scheme of `latest.go`).
fn check_version(config: &Value) -> Result<(), String> {
    let unreadable =
        |what: String| format!("couldn't get version/kind; json parse error: json: cannot unmarshal {what}");
    if !config.is_object() {
        let what = kind_name(config);
        return Err(unreadable(format!(
            "{what} into Go value of type struct {{ APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }}"
        )));
    }
    for name in ["apiVersion", "kind"] {
        if let Some(value) = config.get(name).filter(|value| !value.is_string() && !value.is_null()) {
            return Err(unreadable(format!("{} into Go struct field .{name} of type string", kind_name(value))));
        }
    }
    let or = |text: &'_ str, default: &str| if text.is_empty() { default.to_string() } else { text.to_string() };
    let (version, kind) = (or(config.str("/apiVersion"), "v1"), or(config.str("/kind"), "Config"));
    match (version.as_str(), kind.as_str()) {
        ("v1", "Config") => Ok(()),
        _ => Err(format!(
            "no kind {} is registered for version {} in scheme \"k8s.io/client-go/tools/clientcmd/api/latest/latest.go:50\"",
            quote(&kind),
            quote(&version)
        )),
    }
}

fn check_struct(value: &Value, of: &Struct, path: &str) -> Result<(), String> {
    for (name, value) in value.as_object().into_iter().flat_map(|fields| fields.iter()) {
        if let Some(field) = of.fields.iter().find(|field| field.name == name.as_str()) {
            let path = if path.is_empty() { name.to_string() } else { format!("{path}.{name}") };
            check_value(value, &field.kind, of.name, &path)?;
        }
    }
    Ok(())
}

/// Checks a value at a path, in a field of a struct.
fn check_value(value: &Value, kind: &Type, owner: &str, path: &str) -> Result<(), String> {
    match (value, kind) {
        (Value::Null, _) | (_, Type::Any) | (Value::String(_), Type::Text) | (Value::Bool(_), Type::Switch) => Ok(()),
        (Value::String(text), Type::Bytes) => check_bytes(text),
        (Value::Array(_), Type::Bytes) => Ok(()),
        (Value::Array(items), Type::List(kind)) => {
            items.iter().try_for_each(|item| check_value(item, kind, owner, path))
        }
        (Value::Object(fields), Type::Map(kind)) => {
            fields.iter().try_for_each(|(_, item)| check_value(item, kind, owner, path))
        }
        (Value::Array(items), Type::Named(of)) => {
            items.iter().try_for_each(|item| check_value(item, &Type::Struct(of), owner, path))
        }
        (Value::Object(_), Type::Struct(of) | Type::Pointer(of)) => check_struct(value, of, path),
        _ => Err(format!(
            "json: cannot unmarshal {} into Go struct field {owner}.{path} of type {}",
            kind_name(value),
            kind.go_name()
        )),
    }
}

/// Checks text in Base64 as Go reads it.
///
/// # Errors
/// The first byte that does not belong there.
pub(crate) fn check_bytes(text: &str) -> Result<(), String> {
    // Go ignores line breaks and the unused bits of the last character.
    let at = match STANDARD.decode(text.replace(['\r', '\n'], "")) {
        Ok(_) | Err(DecodeError::InvalidLastSymbol { .. }) => return Ok(()),
        Err(DecodeError::InvalidByte(at, _)) => at,
        Err(DecodeError::InvalidLength(_) | DecodeError::InvalidPadding) => text.len(),
    };
    Err(format!("illegal base64 data at input byte {at}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::yaml;

    #[test]
    fn a_file_of_another_shape_is_refused_in_go_s_words() {
        let field = "json: cannot unmarshal number into Go struct field";
        let version = "couldn't get version/kind; json parse error: json: cannot unmarshal";
        let cases = [
            ("{}", String::new()),
            ("unknown: 3", String::new()),
            ("contexts: null", String::new()),
            ("users: [{name: a, user: {client-key-data: YQ==, exec: {args: [b]}, as-user-extra: {c: [d]}}}]", String::new()),
            ("extensions: [{name: a, extension: {any: [1]}}]", String::new()),
            ("contexts: 5", format!("{field} Config.contexts of type []v1.NamedContext")),
            ("contexts: [5]", format!("{field} Config.contexts of type v1.NamedContext")),
            ("contexts: [{name: 5}]", format!("{field} NamedContext.contexts.name of type string")),
            ("contexts: [{context: 5}]", format!("{field} NamedContext.contexts.context of type v1.Context")),
            ("contexts: [{context: {user: 5}}]", format!("{field} Context.contexts.context.user of type string")),
            ("users: [{user: {as-groups: [1]}}]", format!("{field} AuthInfo.users.user.as-groups of type string")),
            (
                "users: [{user: {as-user-extra: {a: 1}}}]",
                format!("{field} AuthInfo.users.user.as-user-extra of type []string"),
            ),
            (
                "users: [{user: {exec: {env: [{name: 4}]}}}]",
                format!("{field} ExecEnvVar.users.user.exec.env.name of type string"),
            ),
            (
                "users: [{user: {client-key-data: 5}}]",
                format!("{field} AuthInfo.users.user.client-key-data of type []uint8"),
            ),
            ("users: [{user: {client-key-data: '!!'}}]", "illegal base64 data at input byte 0".into()),
            ("kind: 5", format!("{version} number into Go struct field .kind of type string")),
            (
                "apiVersion: v2",
                "no kind \"Config\" is registered for version \"v2\" in scheme \"k8s.io/client-go/tools/clientcmd/api/latest/latest.go:50\"".into(),
            ),
            (
                "[]",
                format!("{version} array into Go value of type struct {{ APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }}"),
            ),
        ];
        for (text, expected) in cases {
            let value = yaml::to_json(text).expect("YAML").value;
            assert_eq!(check(&value).err().unwrap_or_default(), expected, "{text}");
        }
    }
}
