//! References of environment variables: their description, and the values behind them.
//!
//! Upstream: `kubectl/pkg/cmd/set/env/env_resolve.go`.

use base64::Engine;

use crate::{CliError, Ctx};
use kctl_base::json::Value;
use kctl_base::object::{ObjectMeta, ValueRead};
use kctl_base::quantity::Quantity;
use kctl_cluster::client::ResourcePath;

/// The description of a reference: `configmap settings, key max-size`.
pub(super) fn reference_text(source: &Value) -> String {
    let key = |pointer: &str, kind: &str| {
        let reference = source.at(pointer)?;
        Some(format!("{kind} {}, key {}", reference.str("/name"), reference.str("/key")))
    };
    let field = || source.at("/fieldRef").map(|f| format!("field path {}", f.str("/fieldPath")));
    let resource = || {
        source.at("/resourceFieldRef").map(|r| match r.str("/containerName") {
            "" => format!("resource field {}", r.str("/resource")),
            container => format!("resource field {container}/{}", r.str("/resource")),
        })
    };
    key("/configMapKeyRef", "configmap")
        .or_else(|| key("/secretKeyRef", "secret"))
        .or_else(field)
        .or_else(resource)
        .unwrap_or_else(|| "invalid valueFrom".into())
}

/// The value of a reference in a container.
pub(super) fn resolve_value(
    ctx: &mut Ctx,
    object: &Value,
    container: &Value,
    source: &Value,
) -> Result<String, String> {
    if let Some(reference) = source.at("/configMapKeyRef") {
        let map = get(ctx, "configmaps", object.namespace(), reference.str("/name"))?;
        let key = reference.str("/key");
        let value = map.map("/data").and_then(|d| d.get(key)).and_then(Value::as_str);
        return value.map(String::from).ok_or_else(|| format!("key {key} not found in config map {}", map.name()));
    }
    if let Some(reference) = source.at("/secretKeyRef") {
        let secret = get(ctx, "secrets", object.namespace(), reference.str("/name"))?;
        let key = reference.str("/key");
        let value = secret.map("/data").and_then(|d| d.get(key)).and_then(Value::as_str);
        let bytes = value.and_then(|v| base64::engine::general_purpose::STANDARD.decode(v).ok());
        return bytes
            .map(|b| String::from_utf8_lossy(&b).into_owned())
            .ok_or_else(|| format!("key {key} not found in secret {}", secret.name()));
    }
    if let Some(field) = source.at("/fieldRef") {
        let path = field.str("/fieldPath");
        return kctl_base::jsonpath::JsonPath::parse(&format!("{{.{path}}}"))
            .and_then(|p| p.execute(object, true))
            .map_err(|e| format!("unsupported fieldPath: {path}: {e}"));
    }
    match source.at("/resourceFieldRef") {
        Some(reference) => resource_value(container, reference),
        None => Err("invalid valueFrom".into()),
    }
}

/// A limit or request in units of the divisor.
fn resource_value(container: &Value, reference: &Value) -> Result<String, String> {
    let resource = reference.str("/resource");
    let (list, name) = resource.split_once('.').unwrap_or(("", resource));
    let amount = container.pointer(&format!("/resources/{list}/{}", name.replace('/', "~1")));
    let amount = amount.map_or(Ok(Quantity::ZERO), Quantity::from_value).map_err(|e| e.to_string())?;
    let divisor = reference.at("/divisor").and_then(|d| Quantity::from_value(d).ok()).filter(|d| !d.is_zero());
    let ratio = amount.as_f64() / divisor.map_or(1.0, |d| d.as_f64());
    Ok(format!("{}", ratio.ceil() as i64))
}

fn get(ctx: &mut Ctx, resource: &str, namespace: &str, name: &str) -> Result<std::sync::Arc<Value>, String> {
    ctx.api(|client| client.get(&ResourcePath::one(resource, namespace, name))).map_err(|error| match error {
        CliError::Status(status) => status.message,
        other => other.message().trim_end().to_string(),
    })
}
