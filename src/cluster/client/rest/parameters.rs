//! The parameters of a call: the query of its URI, and the options in the body of a deletion.

use crate::api::{FieldValidation, LogOptions, Options, Propagation, Request, Result};
use kctl_base::field::quote;
use kctl_base::go;
use kctl_base::json::Value;
use kctl_base::object::ValueRead;
use kctl_base::sim::{Duration, Time};
use kctl_base::status::Status;

/// Decodes a query.
pub(super) fn read(query: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

/// Sets the options of a request; parameters that are not known are ignored, as by the server.
///
/// # Errors
/// Status 400 for a value that cannot be read.
pub(super) fn apply(parameters: &[(String, String)], now: Time, request: &mut Request) -> Result<()> {
    for (name, value) in parameters {
        match name.as_str() {
            "sinceSeconds" => request.options.log.since = Some(now - Duration::from_secs(number(value)?)),
            _ => set(&mut request.options, name, value)?,
        }
    }
    Ok(())
}

fn set(options: &mut Options, name: &str, value: &str) -> Result<()> {
    match name {
        "labelSelector" => options.labels = value.into(),
        "fieldSelector" => options.fields = value.into(),
        "limit" => options.limit = number(value)?,
        "continue" => options.continue_token = value.into(),
        "resourceVersion" => {
            options.resource_version = Some(value.into()).filter(|version: &String| !version.is_empty())
        }
        "dryRun" => options.dry_run = dry_run(value)?,
        "fieldManager" => options.manager = value.into(),
        "fieldValidation" => options.validation = Some(validation(value)?),
        "force" => options.force = flag(value),
        "gracePeriodSeconds" => options.grace = Some(number(value)?),
        "propagationPolicy" => options.propagation = Some(propagation(value)?),
        _ => set_log(&mut options.log, name, value)?,
    }
    Ok(())
}

fn set_log(options: &mut LogOptions, name: &str, value: &str) -> Result<()> {
    match name {
        "container" => options.container = value.into(),
        "previous" => options.previous = flag(value),
        "timestamps" => options.timestamps = flag(value),
        "tailLines" => options.tail_lines = Some(number(value)?),
        "limitBytes" => options.limit_bytes = Some(number(value)?),
        "sinceTime" => {
            options.since = Some(Time::parse(value).ok_or_else(|| {
                Status::bad_request(format!("parsing time {} as \"2006-01-02T15:04:05Z07:00\"", quote(value)))
            })?);
        }
        _ => {}
    }
    Ok(())
}

fn number<T: std::str::FromStr>(value: &str) -> Result<T> {
    value
        .parse()
        .map_err(|_| Status::bad_request(format!("strconv.ParseInt: parsing {}: invalid syntax", quote(value))))
}

/// Reads a boolean as `runtime.Convert_Slice_string_To_bool` does: only `false` and 0 are false.
fn flag(value: &str) -> bool {
    !matches!(value.to_lowercase().as_str(), "false" | "0")
}

fn dry_run(value: &str) -> Result<bool> {
    match value {
        "" => Ok(false),
        "All" => Ok(true),
        other => {
            Err(Status::bad_request(format!("dryRun: Unsupported value: {}: supported values: \"All\"", quote(other))))
        }
    }
}

fn validation(value: &str) -> Result<FieldValidation> {
    match value {
        "" | "Warn" => Ok(FieldValidation::Warn),
        "Strict" => Ok(FieldValidation::Strict),
        "Ignore" => Ok(FieldValidation::Ignore),
        other => Err(Status::bad_request(format!(
            "fieldValidation: Unsupported value: {}: supported values: \"Ignore\", \"Strict\", \"Warn\"",
            quote(other)
        ))),
    }
}

fn propagation(value: &str) -> Result<Propagation> {
    let known = [Propagation::Background, Propagation::Foreground, Propagation::Orphan];
    known.into_iter().find(|policy| policy.as_str() == value).ok_or_else(|| {
        Status::bad_request(format!(
            "propagationPolicy: Unsupported value: {}: supported values: \"Background\", \"Foreground\", \"Orphan\"",
            quote(value)
        ))
    })
}

/// Reads the DeleteOptions in the body of a deletion, which count instead of the query.
///
/// # Errors
/// Status 400 for a body that is not JSON, or an option that cannot be read.
pub(super) fn read_delete_options(body: &str, request: &mut Request) -> Result<()> {
    if body.trim().is_empty() {
        return Ok(());
    }
    let sent = go::json::parse(body)
        .map_err(|error| Status::bad_request(format!("couldn't get version/kind; json parse error: {error}")))?;
    let options = &mut request.options;
    options.grace = sent.int("/gracePeriodSeconds").or(options.grace);
    if let Some(policy) = sent.pointer("/propagationPolicy").and_then(Value::as_str) {
        options.propagation = Some(propagation(policy)?);
    }
    if let Some(uid) = sent.pointer("/preconditions/uid").and_then(Value::as_str) {
        options.uid = Some(uid.into());
    }
    if let Some(version) = sent.pointer("/preconditions/resourceVersion").and_then(Value::as_str) {
        options.resource_version = Some(version.into());
    }
    options.dry_run |= !sent.list("/dryRun").is_empty();
    Ok(())
}
