//! `taint`: sets and removes the taints of nodes.
//!
//! Upstream: `kubectl/pkg/cmd/taint/taint.go` and `utils.go`.

use clap::{ArgMatches, Command};

use super::targets::{self, EditTarget, Source};
use crate::args::groups;
use crate::args::{self, Matches};
use crate::dry_run::DryRun;
use crate::output::Output;
use crate::resolve::{Selection, resolve};
use crate::{CliError, CliResult, Ctx, Verb};
use kctl_base::json::{Value, json};
use kctl_base::labels::{key_problems, value_problems};
use kctl_base::object::{ValueRead, ValueWrite};
use kctl_cluster::FieldValidation;

/// The `taint` verb.
pub(super) const VERB: Verb = Verb {
    name: "taint",
    aliases: &[],
    about: "Update the taints on one or more nodes",
    long: "Update the taints of one or more nodes.

 A taint consists of a key, a value and an effect: NoSchedule, PreferNoSchedule or NoExecute. The value is \
    optional. KEY- removes all taints with the key, KEY:EFFECT- those with the effect. A taint that has another \
    value already is changed only with --overwrite.

 Only nodes can be tainted.",
    examples: &[
        (
            "Taint a node, or change the value of the taint",
            "taint nodes k8s-node1 dedicated=special-user:NoSchedule --overwrite",
        ),
        ("Remove the taint with a key and an effect", "taint nodes k8s-node1 dedicated:NoSchedule-"),
        ("Remove all taints with a key", "taint nodes k8s-node1 dedicated-"),
        ("Taint nodes by label", "taint node -l disk=ssd dedicated=fast:PreferNoSchedule"),
        ("Add a taint without a value", "taint nodes k8s-node2 maintenance:NoSchedule"),
    ],
    usage: "NODE NAME KEY_1=VAL_1:TAINT_EFFECT_1 ... KEY_N=VAL_N:TAINT_EFFECT_N",
    flags,
    run,
    family: &[],
};

const EFFECTS: &[&str] = &["NoSchedule", "PreferNoSchedule", "NoExecute"];

fn flags(command: Command) -> Command {
    let command = groups::output(groups::args(command));
    let command = groups::validate(groups::field_manager(groups::dry_run(command), "kubectl-taint"));
    groups::all(groups::labels(command))
        .arg(args::switch("overwrite", "If true, replace taints that exist already; otherwise refuse to."))
}

/// A taint of the command line; without an effect it applies to all effects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Taint {
    key: String,
    value: String,
    effect: String,
}

impl Taint {
    fn is(&self, taint: &Value) -> bool {
        taint.str("/key") == self.key && (self.effect.is_empty() || taint.str("/effect") == self.effect)
    }

    fn to_value(&self) -> Value {
        let mut taint = json!({"key": self.key, "effect": self.effect});
        if !self.value.is_empty() {
            taint["value"] = self.value.as_str().into();
        }
        taint
    }
}

/// The changes of the taints.
#[derive(Debug, Default)]
struct Taints {
    add: Vec<Taint>,
    remove: Vec<Taint>,
}

fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let dry_run = DryRun::read(ctx, matches)?;
    let mut output = Output::of_report(matches)?;
    let words = matches.values("args");
    let is_taint = |w: &String| w.contains('=') || w.contains(':') || w.ends_with('-');
    let at = words.iter().position(is_taint).unwrap_or(words.len());
    let (resources, specs) = words.split_at(at);
    if let Some(word) = specs.iter().find(|w| !is_taint(w)) {
        return Err(CliError::new(format!("all resources must be specified before taint changes: {word}")));
    }
    let Some(first) = resources.first() else {
        return Err(CliError::new("one or more resources must be specified as <resource> <name>"));
    };
    if specs.is_empty() {
        return Err(CliError::new("at least one taint update is required"));
    }
    let taints = parse(specs).map_err(|text| ctx.usage("taint", &text))?;
    let known = ctx.catalog()?.by_name(first);
    match known.map(|kind| kind.names().kind) {
        Some("Node") => {}
        Some(_) => {
            let kind = first.to_lowercase();
            return Err(CliError::new(format!("invalid resource type {kind}, only node types are supported")));
        }
        // kubectl prints this error of discovery without the prefix "error: ".
        None => {
            let kind = first.to_lowercase();
            return Err(CliError::line(CliError::unknown_resource_type(&kind)));
        }
    }
    check_conflicts(&taints)?;
    let selection = selection(ctx, matches, resources)?;
    let resolved = resolve(ctx, &selection)?;
    let (targets, mut errors) = targets::load(ctx, resolved, Source::Server);
    let manager = groups::read_manager(matches, "kubectl-taint");
    for EditTarget { item, object } in &targets {
        let edited = edit(object, &taints, &item.name, matches.flag("overwrite"));
        let result = edited.and_then(|(new, done)| {
            let params = item.write_params(&manager).dry_run(dry_run.is_server());
            let shown = match dry_run.is_client() {
                true => new,
                false => {
                    (*targets::send(ctx, item, (object, &new), &params.validation(FieldValidation::Strict))?).clone()
                }
            };
            // kubectl omits the dry-run suffix here.
            output.report(ctx, &shown, &item.label(), done, DryRun::None)
        });
        errors.extend(result.err());
    }
    CliError::all(errors)
}

/// Returns the selection of nodes by name, label or `--all`.
///
/// # Errors
/// It is empty or contradicts itself.
fn selection(ctx: &Ctx, matches: &ArgMatches, resources: &[String]) -> CliResult<Selection> {
    let mut selection = Selection { args: resources.to_vec(), ..Selection::from_matches(ctx, matches) };
    if selection.all && !selection.labels.is_empty() {
        return Err(CliError::new("setting 'all' parameter with a non empty selector is prohibited"));
    }
    if selection.has_selector() {
        // Names beside a selector are ignored.
        selection.args.truncate(1);
    } else if resources.len() < 2 {
        let text = "at least one resource name must be specified since 'all' parameter is not set";
        return Err(CliError::new(text));
    }
    Ok(selection)
}

/// Refuses to add and remove the same taint.
fn check_conflicts(taints: &Taints) -> CliResult<()> {
    let conflicts =
        |add: &Taint, gone: &Taint| add.key == gone.key && (gone.effect.is_empty() || gone.effect == add.effect);
    let pairs = taints.add.iter().flat_map(|add| taints.remove.iter().filter(move |gone| conflicts(add, gone)));
    let both: Vec<String> = pairs.map(|gone| format!("{}={}", gone.key, gone.effect)).collect();
    match both.is_empty() {
        true => Ok(()),
        false => Err(CliError::new(format!(
            "can not both modify and remove the following taint(s) in the same command: {}",
            both.join(", ")
        ))),
    }
}

/// Parses `key=value:effect`, `key:effect`, `key:effect-` and `key-`.
fn parse(specs: &[String]) -> Result<Taints, String> {
    let mut taints = Taints::default();
    let mut seen: Vec<(String, String)> = Vec::new();
    for spec in specs {
        if let Some(bare) = spec.strip_suffix('-') {
            let mut taint = one(bare)?;
            taint.value = String::new();
            taints.remove.push(taint);
        } else {
            let taint = one(spec)?;
            if taint.effect.is_empty() {
                return Err(format!("invalid taint spec: {spec}"));
            }
            let key = (taint.key.clone(), taint.effect.clone());
            if seen.contains(&key) {
                return Err(format!(
                    "duplicated taints with the same key and effect: {{{} {} {} <nil>}}",
                    taint.key, taint.value, taint.effect
                ));
            }
            seen.push(key);
            taints.add.push(taint);
        }
    }
    Ok(taints)
}

fn one(spec: &str) -> Result<Taint, String> {
    let mut taint = Taint::default();
    let parts: Vec<&str> = spec.split(':').collect();
    match parts.as_slice() {
        [key] => taint.key = (*key).into(),
        [pair, effect] => {
            taint.effect = (*effect).into();
            if !EFFECTS.contains(effect) {
                return Err(format!("invalid taint effect: {effect}, unsupported taint effect"));
            }
            let halves: Vec<&str> = pair.split('=').collect();
            match halves.as_slice() {
                [key] => taint.key = (*key).into(),
                [key, value] => (taint.key, taint.value) = ((*key).into(), (*value).into()),
                _ => return Err(format!("invalid taint spec: {spec}")),
            }
            let problems = value_problems(&taint.value);
            if !problems.is_empty() {
                return Err(format!("invalid taint spec: {spec}, {}", problems.join("; ")));
            }
        }
        _ => return Err(format!("invalid taint spec: {spec}")),
    }
    let problems = key_problems(&taint.key);
    match problems.is_empty() {
        true => Ok(taint),
        false => Err(format!("invalid taint spec: {spec}, {}", problems.join("; "))),
    }
}

/// The node with its new taints, and the word for the report.
fn edit(node: &Value, taints: &Taints, name: &str, overwrite: bool) -> CliResult<(Value, &'static str)> {
    let old = node.list("/spec/taints").to_vec();
    if !overwrite {
        let mut there: Vec<&str> =
            taints.add.iter().filter(|t| old.iter().any(|o| t.is(o))).map(|t| t.key.as_str()).collect();
        there.sort_unstable();
        if !there.is_empty() {
            let keys = there.join(",");
            return Err(CliError::new(format!(
                "node {name} already has {keys} taint(s) with same effect(s) and --overwrite is false"
            )));
        }
    }
    let mut list: Vec<Value> = taints.add.iter().map(Taint::to_value).collect();
    list.extend(old.iter().filter(|o| !taints.add.iter().any(|t| t.is(o))).cloned());
    let mut errors = Vec::new();
    for gone in &taints.remove {
        let before = list.len();
        list.retain(|t| !gone.is(t));
        if list.len() == before {
            let text = match gone.effect.as_str() {
                "" => format!("taint \"{}\" not found", gone.key),
                effect => format!("taint \"{}:{effect}\" not found", gone.key),
            };
            errors.push(CliError::new(text));
        }
    }
    CliError::all(errors)?;
    let mut new = node.clone();
    match list.is_empty() {
        true => drop(new.remove_at("/spec/taints")),
        false => new.put("/spec/taints", list),
    }
    let done = match (taints.add.is_empty(), taints.remove.is_empty(), overwrite) {
        (_, _, true) => "modified",
        (false, false, false) => "modified",
        (false, true, false) => "tainted",
        _ => "untainted",
    };
    Ok((new, done))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn specs_are_read() {
        let read = |spec: &str| parse(&[spec.to_string()]).map(|t| (t.add.len(), t.remove.len()));
        assert_eq!(read("disk=slow:NoSchedule"), Ok((1, 0)));
        assert_eq!(read("disk:NoSchedule-"), Ok((0, 1)));
        assert_eq!(read("a=b:Whenever"), Err("invalid taint effect: Whenever, unsupported taint effect".into()));
        assert!(read("a=b").is_err_and(|e| e.starts_with("invalid taint spec: a=b, name part must consist")));
    }

    #[test]
    fn a_taint_can_not_come_and_go_at_once() {
        let read = |specs: [&str; 2]| parse(&specs.map(String::from)).unwrap_or_default();
        assert!(check_conflicts(&read(["b=1:NoSchedule", "b:NoExecute-"])).is_ok());
        assert!(check_conflicts(&read(["b=1:NoSchedule", "b-"])).is_err_and(|e| e.message().ends_with(": b=\n")));
    }

    #[test]
    fn taints_come_and_go() {
        let node =
            json!({"spec": {"taints": [{"key": "a", "effect": "NoSchedule"}, {"key": "a", "effect": "NoExecute"}]}});
        let remove = Taints { remove: vec![Taint { key: "a".into(), ..Taint::default() }], add: Vec::new() };
        let (new, done) = edit(&node, &remove, "n", false).unwrap_or_default();
        assert_eq!((new, done), (json!({"spec": {}}), "untainted"));
    }
}
