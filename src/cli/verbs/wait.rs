//! `wait`: until objects are in a condition, have a value, exist or are gone.

use std::ops::ControlFlow;

use clap::{ArgMatches, Command};

use crate::args::groups;
use crate::args::{self, ArgProperties, Matches};
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

/// How long kubectl waits when nothing is said.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);
/// A negative timeout means this long.
const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);

fn flags(command: Command) -> Command {
    let command = groups::files(groups::output(groups::args(command)));
    groups::all_namespaces(groups::fields(groups::labels(groups::all(command))))
        .arg(args::each("for", "Condition to wait for. One of: (create, delete, condition=NAME[=VALUE], jsonpath='{PATH}'[=VALUE]). The value of a condition defaults to true; a path without a value must exist."))
        .arg(args::duration("timeout", "Time to wait. Zero checks once, a negative duration means a week.").help_default("30s"))
        .arg(args::switch("local", "If true, check the objects of the files only, without the server."))
}

/// What is waited for.
enum Goal {
    Delete,
    Create,
    /// The condition and the status that it must have.
    Condition(String, String),
    /// The path and the value it must have; `None` is any value.
    Path(JsonPath, Option<String>),
}

impl Goal {
    fn parse(words: &[String]) -> CliResult<Goal> {
        let [word] = words else {
            return Err(CliError::new(format!("unrecognized condition: [{}]", words.join(" "))));
        };
        if word.eq_ignore_ascii_case("delete") {
            return Ok(Goal::Delete);
        }
        if word.eq_ignore_ascii_case("create") {
            return Ok(Goal::Create);
        }
        if let Some(rest) = word.strip_prefix("condition=") {
            let (name, value) = rest.split_once('=').unwrap_or((rest, "true"));
            return Ok(Goal::Condition(name.into(), value.into()));
        }
        match word.strip_prefix("jsonpath=") {
            Some(rest) => Goal::path(rest),
            None => Err(CliError::new(format!("unrecognized condition: {}", quote(word)))),
        }
    }

    /// `'{.status.phase}'=Running`: the value stands behind the closing brace.
    fn path(text: &str) -> CliResult<Goal> {
        let text = text.trim_matches('\'');
        let (path, value) = match text.rfind('}') {
            Some(end) => (&text[..=end], text[end + 1..].strip_prefix('=')),
            None => text.split_once('=').map_or((text, None), |(p, v)| (p, Some(v))),
        };
        if path.is_empty() {
            return Err(CliError::new("jsonpath expression cannot be empty"));
        }
        if value == Some("") {
            return Err(CliError::new(
                "jsonpath wait has to have a value after equal sign, like --for=jsonpath='{.status.readyReplicas}'=3",
            ));
        }
        if value.is_some_and(|v| v.contains('=')) {
            return Err(CliError::new(
                "jsonpath wait format must be --for=jsonpath='{.status.readyReplicas}'=3 or --for=jsonpath='{.status.readyReplicas}'",
            ));
        }
        let relaxed = kctl_base::jsonpath::relaxed(path).map_err(CliError::Failed)?;
        let parsed = JsonPath::parse(&relaxed).map_err(CliError::Failed)?;
        Ok(Goal::Path(parsed, value.map(|v| v.trim_matches(['"', '\'']).to_string())))
    }

    /// Returns whether an object (`None` when it does not exist) is what is waited for.
    fn is_met(&self, object: Option<&Object>, uid: &str) -> CliResult<bool> {
        Ok(match (self, object) {
            (Goal::Delete, object) => object.is_none_or(|o| !uid.is_empty() && o.uid() != uid),
            (Goal::Create, object) => object.is_some(),
            (_, None) => false,
            (Goal::Condition(name, value), Some(object)) => condition_is(object, name, value),
            (Goal::Path(path, value), Some(object)) => return path_is(object, path, value.as_deref()),
        })
    }
}

/// A condition counts only when its observer has seen the present generation.
fn condition_is(object: &Object, name: &str, value: &str) -> bool {
    let observed = object.int("/status/observedGeneration");
    if observed.is_some_and(|o| o < object.generation()) {
        return false;
    }
    let conditions = object.list("/status/conditions").iter();
    let mut named = conditions.filter(|c| c.str("/type").eq_ignore_ascii_case(name));
    named.any(|c| {
        let current = c.int("/observedGeneration").is_none_or(|o| o >= object.generation());
        current && c.str("/status").eq_ignore_ascii_case(value)
    })
}

/// A value is compared as text; more than one, or one that is no scalar, can not be.
fn path_is(object: &Object, path: &JsonPath, value: Option<&str>) -> CliResult<bool> {
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

fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let goal = Goal::parse(&matches.values("for"))?;
    let timeout = match matches.duration("timeout").unwrap_or(DEFAULT_TIMEOUT) {
        span if span < Duration::ZERO => WEEK,
        span => span,
    };
    let deadline = ctx.now()? + timeout;
    let selection = Selection::from_matches(ctx, matches);
    let items = match &goal {
        Goal::Create => created(ctx, &selection, deadline)?,
        Goal::Delete => existing(ctx, &selection)?,
        _ => {
            let resolved = resolve(ctx, &selection)?;
            CliError::all(resolved.errors)?;
            if resolved.items.is_empty() {
                return Err(CliError::new("no matching resources found"));
            }
            resolved.items
        }
    };
    let mut output = crate::output::Output::of_report(matches)?;
    let mut errors = Vec::new();
    for item in &items {
        match one(ctx, &goal, item, deadline) {
            Err(error) => errors.push(error),
            Ok(None) if matches!(goal, Goal::Create) => {
                return Err(CliError::new("timed out waiting for the condition"));
            }
            Ok(Some(object)) => {
                output.report(ctx, &object, &item.label(), "condition met", crate::dry_run::DryRun::None)?
            }
            Ok(None) => errors.push(CliError::new(format!(
                "timed out waiting for the condition on {}/{}",
                item.kind.names().plural,
                item.name
            ))),
        }
    }
    CliError::all(errors)
}

/// Waits for one object. Returns it, or its last version when it is gone; `None` when the time is up.
fn one(ctx: &mut Ctx, goal: &Goal, item: &Item, deadline: Time) -> CliResult<Option<Object>> {
    let uid = item.live.as_ref().map(|o| o.uid().to_string()).unwrap_or_default();
    // kubectl looks every object up before it watches it.
    if !matches!(goal, Goal::Create | Goal::Delete) {
        item.get(ctx)?;
    }
    let params = ListParams::fields(&format!("metadata.name={}", item.name));
    let (mut watch, existing) = ctx.api(|client| client.watch(&item.path(), &params, WatchStart::Existing))?;
    let mut found = existing.last().and_then(WatchEvent::object).cloned();
    if let Some(met) = met(goal, item, found.as_deref(), &uid)? {
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
        Ok(met(goal, item, found.as_deref(), &uid)?.map_or(ControlFlow::Continue(()), ControlFlow::Break))
    })
}

/// The object of an item that is as it was waited for; `None` while it is not.
fn met(goal: &Goal, item: &Item, found: Option<&Object>, uid: &str) -> CliResult<Option<Object>> {
    if goal.is_met(found, uid)? {
        let gone = || item.live.as_ref().map_or_else(|| item.content(), |o| (**o).clone());
        return Ok(Some(found.cloned().unwrap_or_else(gone)));
    }
    if found.is_none() && !matches!(goal, Goal::Create | Goal::Delete) {
        let names = item.kind.names();
        return Err(Status::not_found(names.group, names.plural, &item.name).into());
    }
    Ok(None)
}

/// For `--for=create`: waits for objects that do not exist yet.
fn created(ctx: &mut Ctx, selection: &Selection, deadline: Time) -> CliResult<Vec<Item>> {
    let mut nothing_found = false;
    let found = ctx.wait_until(Some(deadline), WaitFor::AnyChange, |ctx| {
        let resolved = resolve(ctx, selection)?;
        nothing_found = resolved.errors.is_empty();
        let is_missing = resolved.errors.iter().all(CliError::is_not_found);
        if is_missing && (!resolved.errors.is_empty() || resolved.items.is_empty()) {
            return Ok(None);
        }
        CliError::all(resolved.errors)?;
        Ok(Some(resolved.items))
    })?;
    found.ok_or_else(|| match nothing_found {
        true => CliError::new("no matching resources found"),
        false => CliError::new("timed out waiting for the condition"),
    })
}

/// For `--for=delete`: what is not there is gone already.
fn existing(ctx: &mut Ctx, selection: &Selection) -> CliResult<Vec<Item>> {
    let resolved = resolve(ctx, selection)?;
    let errors = resolved.errors.into_iter().filter(|e| !e.is_not_found()).collect();
    CliError::all(errors)?;
    let mut there = Vec::new();
    for mut item in resolved.items {
        match item.get(ctx) {
            Ok(object) => {
                item.live = Some(object);
                there.push(item);
            }
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(there)
}
