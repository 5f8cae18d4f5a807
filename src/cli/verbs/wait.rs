//! `wait`: blocks until objects have a condition or a value, exist, or are deleted.
//!
//! Upstream: `kubectl/pkg/cmd/wait/` (`wait.go`, `condition.go`, `json.go`, `create.go`, `delete.go`).

use std::ops::ControlFlow;

use clap::{ArgMatches, Command};

use crate::args::groups;
use crate::args::{self, ArgProperties, Matches};
use crate::dry_run::DryRun;
use crate::output::Output;
use crate::resolve::{Item, Selection, resolve};
use crate::{CliError, CliResult, Ctx, Verb};
use kctl_base::field::quote;
use kctl_base::json::{Number, Value};
use kctl_base::jsonpath::JsonPath;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::sim::{Duration, Time};
use kctl_base::status::Status;
use kctl_cluster::client::{ListParams, WatchStart};
use kctl_cluster::{WaitFor, WatchEvent};

/// The `wait` verb.
pub(super) const VERB: Verb = Verb {
    name: "wait",
    aliases: &[],
    about: "Wait for a specific condition on one or many resources",
    long: "Wait for a condition of one or many objects.

 The condition is a status condition, the value of a field, the creation or the deletion of the objects. The \
    comparison of conditions ignores case. With a virtual clock, time passes until the condition is met or nothing \
    is left to happen.

 The exit status is 0 when the condition is met and 1 when the time is up.",
    examples: &[
        ("Wait until a pod is ready", "wait --for=condition=Ready pod/web-0"),
        ("Wait until a condition is false", "wait --for=condition=Ready=false pod/web-0"),
        ("Wait until a field has a value", "wait --for=jsonpath='{.status.phase}'=Running pod/web-0"),
        ("Wait until an object exists", "wait --for=create secret/login --timeout=20s"),
        ("Wait until a pod is deleted", "wait --for=delete pod/web-0 --timeout=60s"),
    ],
    usage: "([-f FILENAME] | resource.group/resource.name | resource.group [(-l label | --all)]) [--for=create|--for=delete|--for condition=available|--for=jsonpath='{}'[=value]]",
    flags,
    run,
    family: &[],
};

/// The default of `--timeout`.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);
/// The timeout that a negative value means.
const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);

fn flags(command: Command) -> Command {
    let command = groups::file_trees(groups::output(groups::args(command)));
    groups::all_namespaces(groups::fields(groups::labels(groups::all(command))))
        .arg(args::each("for", "Condition to wait for. One of: (create, delete, condition=NAME[=VALUE], jsonpath='{PATH}'[=VALUE]). The value of a condition defaults to true; a path without a value must exist."))
        .arg(args::duration("timeout", "Time to wait. Zero checks once, a negative duration means a week.").help_default("30s"))
        .arg(args::switch("local", "If true, check the objects of the files only, without the server."))
}

/// The value of `--for`.
enum WaitCondition {
    /// The object is deleted.
    Delete,
    /// The object exists.
    Create,
    /// A status condition has a status: its type and the status.
    Status(String, String),
    /// A path has a value; `None` is any value.
    JsonPath(JsonPath, Option<String>),
}

impl WaitCondition {
    /// Parses a value of `--for`.
    fn parse(value: &str) -> CliResult<WaitCondition> {
        if value.eq_ignore_ascii_case("delete") {
            return Ok(WaitCondition::Delete);
        }
        if value.eq_ignore_ascii_case("create") {
            return Ok(WaitCondition::Create);
        }
        if let Some(rest) = value.strip_prefix("condition=") {
            let (name, status) = rest.split_once('=').unwrap_or((rest, "true"));
            return Ok(WaitCondition::Status(name.into(), status.into()));
        }
        match value.strip_prefix("jsonpath=") {
            Some(rest) => WaitCondition::parse_json_path(rest),
            None => Err(CliError::new(format!("unrecognized condition: {}", quote(value)))),
        }
    }

    /// Parses `'{.status.phase}'=Running`.
    fn parse_json_path(text: &str) -> CliResult<WaitCondition> {
        let (path, value) = match split_at_equal_signs(text).as_slice() {
            [path] => (*path, None),
            [path, value] => (*path, Some(value.trim_matches(['"', '\'']))),
            _ => {
                return Err(CliError::new(
                    "jsonpath wait format must be --for=jsonpath='{.status.readyReplicas}'=3 or --for=jsonpath='{.status.readyReplicas}'",
                ));
            }
        };
        let path = path.trim_matches(['"', '\'']);
        if path.is_empty() {
            return Err(CliError::new("jsonpath expression cannot be empty"));
        }
        if value == Some("") {
            return Err(CliError::new(
                "jsonpath wait has to have a value after equal sign, like --for=jsonpath='{.status.readyReplicas}'=3",
            ));
        }
        let relaxed = kctl_base::jsonpath::relaxed(path).map_err(CliError::Failed)?;
        let parsed = JsonPath::parse(&relaxed).map_err(CliError::Failed)?;
        Ok(WaitCondition::JsonPath(parsed, value.map(String::from)))
    }

    /// Returns whether an object, `None` if it does not exist, meets the condition. `uid` is that of the object when the
    /// wait began, or empty.
    fn is_met(&self, object: Option<&Object>, uid: &str) -> CliResult<bool> {
        Ok(match (self, object) {
            (WaitCondition::Delete, object) => object.is_none_or(|o| !uid.is_empty() && o.uid() != uid),
            (WaitCondition::Create, object) => object.is_some(),
            (_, None) => false,
            (WaitCondition::Status(name, value), Some(object)) => has_condition(object, name, value),
            (WaitCondition::JsonPath(path, value), Some(object)) => return has_value(object, path, value.as_deref()),
        })
    }
}

/// Returns whether a condition has a status. An outdated condition, observed before the current generation, does not count.
fn has_condition(object: &Object, name: &str, status: &str) -> bool {
    let observed = object.int("/status/observedGeneration");
    if observed.is_some_and(|o| o < object.generation()) {
        return false;
    }
    let conditions = object.list("/status/conditions").iter();
    let mut named = conditions.filter(|c| c.str("/type").eq_ignore_ascii_case(name));
    named.any(|c| {
        let current = c.int("/observedGeneration").is_none_or(|o| o >= object.generation());
        current && c.str("/status").eq_ignore_ascii_case(status)
    })
}

/// Returns whether a path has a value, or with `None` whether it exists.
///
/// # Errors
/// There are several values to compare, or the value is an object or a list.
fn has_value(object: &Object, path: &JsonPath, value: Option<&str>) -> CliResult<bool> {
    let Ok(found) = path.find(object) else { return Ok(false) };
    let found: Vec<&Value> = found.iter().flatten().collect();
    match (value, found.as_slice()) {
        (None, found) => Ok(!found.is_empty()),
        (Some(_), []) => Ok(false),
        (Some(value), [one]) => match one {
            Value::String(text) => Ok(text == value),
            Value::Bool(bool) => Ok(value == if *bool { "true" } else { "false" }),
            Value::Number(number) => Ok(serde_json::from_str::<Number>(value).is_ok_and(|v| v == *number)),
            _ => Err(CliError::new("jsonpath leads to a nested object or list which is not supported")),
        },
        (Some(_), _) => Err(CliError::new("given jsonpath expression matches more than one value")),
    }
}

/// Splits a text at the equal signs outside of brackets and quotes: those inside belong to a filter of the path.
fn split_at_equal_signs(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth, mut quoted) = (Vec::new(), 0, 0_usize, None);
    for (at, char) in text.char_indices() {
        match (char, quoted) {
            (_, Some(mark)) => quoted = Some(mark).filter(|mark| *mark != char),
            ('"' | '\'', None) => quoted = Some(char),
            ('[', None) => depth += 1,
            (']', None) => depth = depth.saturating_sub(1),
            ('=', None) if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let values = matches.values("for");
    let conditions = values.iter().map(|value| WaitCondition::parse(value)).collect::<CliResult<Vec<_>>>()?;
    let timeout = match matches.duration("timeout").unwrap_or(DEFAULT_TIMEOUT) {
        timeout if timeout < Duration::ZERO => WEEK,
        timeout => timeout,
    };
    if conditions.is_empty() {
        return Err(CliError::new("unrecognized condition: []"));
    }
    let deadline = ctx.now()? + timeout;
    let selection = Selection::from_matches(ctx, matches);
    let mut output = crate::output::Output::of_report(matches)?;
    // Nothing else can be true of an object that does not exist yet.
    let (creation, others): (Vec<_>, Vec<_>) =
        conditions.iter().partition(|condition| matches!(condition, WaitCondition::Create));
    if !creation.is_empty() {
        wait_for_creation(ctx, &selection, deadline)?;
    }
    for condition in creation.into_iter().chain(others) {
        let errors = wait_for_all(ctx, condition, &selection, (timeout, deadline), &mut output)?;
        CliError::all(errors)?;
    }
    Ok(())
}

/// Waits until all selected objects meet a condition and reports them. Returns the errors of those that do not.
fn wait_for_all(
    ctx: &mut Ctx,
    condition: &WaitCondition,
    selection: &Selection,
    (timeout, deadline): (Duration, Time),
    output: &mut Output,
) -> CliResult<Vec<CliError>> {
    let items = match condition {
        WaitCondition::Delete => find_existing(ctx, selection)?,
        _ => {
            let resolved = resolve(ctx, selection)?;
            CliError::all(resolved.errors)?;
            if resolved.items.is_empty() {
                return Err(CliError::new("no matching resources found"));
            }
            resolved.items
        }
    };
    let mut errors = Vec::new();
    for item in &items {
        let name = crate::verbs::targets::object_name(item);
        let result = ctx.relist_when_expired(|ctx| wait_for(ctx, condition, item, deadline));
        if matches!(result, Ok(None)) {
            ctx.suggest_why(item);
        }
        match result {
            Err(error) => errors.push(error),
            Ok(Some(object)) => output.report(ctx, &object, &item.label(), "condition met", DryRun::None)?,
            Ok(None) if timeout == Duration::ZERO => {
                errors.push(CliError::new(format!("condition not met for {name}")));
            }
            Ok(None) => errors.push(CliError::new(format!("timed out waiting for the condition on {name}"))),
        }
    }
    Ok(errors)
}

/// Waits for one object. Returns it, or its last version if it has been deleted; `None` when the time is up.
fn wait_for(ctx: &mut Ctx, condition: &WaitCondition, item: &Item, deadline: Time) -> CliResult<Option<Object>> {
    let uid = item.live.as_ref().map(|o| o.uid().to_string()).unwrap_or_default();
    // kubectl looks every object up before it watches it.
    if !matches!(condition, WaitCondition::Create | WaitCondition::Delete) {
        item.get(ctx)?;
    }
    let params = ListParams::fields(&format!("metadata.name={}", item.name));
    let (mut watch, existing) = ctx.api(|client| client.watch(&item.path(), &params, WatchStart::Existing))?;
    let mut found = existing.last().and_then(WatchEvent::object).cloned();
    if let Some(met) = check(condition, item, found.as_deref(), &uid)? {
        return Ok(Some(met));
    }
    if ctx.now()? >= deadline {
        return Ok(None);
    }
    ctx.follow(&mut watch, Some(deadline), WaitFor::AnyChange, |_, event| {
        found = match event {
            WatchEvent::Deleted(_) => None,
            event => event.object().cloned(),
        };
        Ok(check(condition, item, found.as_deref(), &uid)?.map_or(ControlFlow::Continue(()), ControlFlow::Break))
    })
}

/// Returns the object, or the last known version of a deleted one, if it meets the condition; `None` while it does not.
///
/// # Errors
/// The object has been deleted, so that it cannot meet the condition any more.
fn check(condition: &WaitCondition, item: &Item, found: Option<&Object>, uid: &str) -> CliResult<Option<Object>> {
    if condition.is_met(found, uid)? {
        let last_version = || item.live.as_ref().map_or_else(|| item.content(), |o| (**o).clone());
        return Ok(Some(found.cloned().unwrap_or_else(last_version)));
    }
    if found.is_none() && !matches!(condition, WaitCondition::Create | WaitCondition::Delete) {
        let names = item.kind.names();
        return Err(Status::not_found(names.group, names.plural, &item.name).into());
    }
    Ok(None)
}

/// Waits until the selected objects exist, for `--for=create`.
///
/// # Errors
/// The time is up, or an object of a manifest does not exist: kubectl looks these up before it waits.
fn wait_for_creation(ctx: &mut Ctx, selection: &Selection, deadline: Time) -> CliResult<()> {
    let from_files = selection.has_files();
    let found = ctx.wait_until(Some(deadline), WaitFor::AnyChange, |ctx| {
        let resolved = resolve(ctx, selection)?;
        let mut errors = resolved.errors;
        errors.extend(resolved.items.iter().filter_map(|item| item.get(ctx).err()));
        let is_missing = errors.iter().all(CliError::is_not_found);
        if !from_files && is_missing && (!errors.is_empty() || resolved.items.is_empty()) {
            return Ok(None);
        }
        CliError::all(errors)?;
        Ok(Some(()))
    })?;
    found.ok_or_else(|| CliError::new("timed out waiting for the condition"))
}

/// Returns the selected objects that exist, for `--for=delete`.
fn find_existing(ctx: &mut Ctx, selection: &Selection) -> CliResult<Vec<Item>> {
    let resolved = resolve(ctx, selection)?;
    let errors = resolved.errors.into_iter().filter(|e| !e.is_not_found()).collect();
    CliError::all(errors)?;
    let mut found = Vec::new();
    for mut item in resolved.items {
        match item.get(ctx) {
            Ok(object) => {
                item.live = Some(object);
                found.push(item);
            }
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_signs_in_filters_belong_to_the_path() {
        assert_eq!(split_at_equal_signs("{.a}=x"), ["{.a}", "x"]);
        assert_eq!(split_at_equal_signs(r#"a[?(@.n=="x")].b=y"#), [r#"a[?(@.n=="x")].b"#, "y"]);
        assert_eq!(split_at_equal_signs("{.a}='x=y'"), ["{.a}", "'x=y'"]);
        assert!(WaitCondition::parse("jsonpath={.spec.replicas}!=2").is_err());
        assert!(WaitCondition::parse("jsonpath={.a}=b=c").is_err());
        assert!(WaitCondition::parse("jsonpath={.a}=").is_err());
    }
}
