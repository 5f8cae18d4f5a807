//! The steps that `label` and `annotate` share: changing a map of strings in the metadata of objects.

use std::collections::BTreeMap;

use clap::{ArgMatches, Command};

use super::targets::{self, EditTarget, Source};
use crate::args::groups;
use crate::args::{self, Matches};
use crate::dry_run::DryRun;
use crate::output::Output;
use crate::resolve::{Selection, resolve};
use crate::{CliError, CliResult, Ctx, record};
use kctl_base::field::quote;
use kctl_base::gvk::split_api_version;
use kctl_base::json::{Map, Value};
use kctl_base::object::{ObjectMeta, ValueRead, ValueWrite};
use kctl_cluster::PatchType;

/// Keys and values.
pub(super) type Strings = BTreeMap<String, String>;

/// The changes of a map.
#[derive(Debug, Default)]
pub(super) struct Pairs {
    /// Keys to set.
    pub(super) set: Strings,
    /// Keys to remove.
    pub(super) remove: Vec<String>,
}

/// The differences of the two verbs.
pub(super) struct MapVerb {
    /// The noun in messages: `label` or `annotation`.
    pub(super) what: &'static str,
    /// The JSON pointer of the map.
    pub(super) pointer: &'static str,
    /// The default field manager.
    pub(super) manager: &'static str,
    /// Parses the changes.
    pub(super) parse: fn(&[String]) -> CliResult<Pairs>,
    /// Refuses to replace values, without `--overwrite`.
    pub(super) check_overwriting: fn(&Strings, &Strings) -> CliResult<()>,
    /// The word in the report, such as `labeled`, by the object before and after and the value of `--overwrite`.
    pub(super) done: fn(&Value, &Value, bool) -> &'static str,
    /// True when the absence of a key to remove is reported.
    pub(super) says_not_found: bool,
}

/// Adds the flags of both verbs.
pub(super) fn flags(command: Command, manager: &str) -> Command {
    let command = groups::files(groups::output(groups::args(command)));
    let command = groups::all_namespaces(groups::all(groups::fields(groups::labels(command))));
    groups::field_manager(groups::record(groups::dry_run(command)), manager)
        .arg(args::switch("list", "If true, print the entries instead of changing them."))
        .arg(args::switch(
            "local",
            "If true, change the objects of the files only and print the result, without sending it.",
        ))
        .arg(args::switch("overwrite", "If true, replace entries that have another value; otherwise refuse to."))
        .arg(args::text(
            "resource-version",
            "Change the object only if it has this resource version. Requires a single object.",
        ))
}

/// The values of the flags and the changes.
struct Run<'a> {
    verb: &'a MapVerb,
    pairs: Pairs,
    list: bool,
    local: bool,
    overwrite: bool,
    version: String,
    manager: String,
    cause: Option<String>,
    dry_run: DryRun,
    /// True when exactly one object is named.
    single: bool,
}

/// Runs one of the two verbs.
pub(super) fn run(ctx: &mut Ctx, matches: &ArgMatches, verb: &MapVerb) -> CliResult<()> {
    let cause = record::change_cause(ctx, matches);
    let dry_run = DryRun::read(ctx, matches)?;
    let mut output = Output::of_report(matches)?;
    let (resources, words) = targets::split_pairs(&matches.values("args"), verb.what)?;
    let mut run = Run {
        verb,
        pairs: (verb.parse)(&words)?,
        list: matches.flag("list"),
        local: matches.flag("local"),
        overwrite: matches.flag("overwrite"),
        version: matches.string("resource-version").into(),
        manager: groups::read_manager(matches, verb.manager),
        cause,
        dry_run,
        single: false,
    };
    let selection = Selection { args: resources, ..Selection::from_matches(ctx, matches) };
    run.check(matches, &selection)?;
    let resolved = resolve(ctx, &targets::local_only(selection, run.local))?;
    run.single = resolved.single;
    if !run.single && !run.version.is_empty() {
        return Err(CliError::new("--resource-version may only be used with a single resource"));
    }
    let from = if run.local { Source::Local } else { Source::Server };
    let (targets, mut errors) = targets::load(ctx, resolved, from);
    for target in targets {
        let result = run.one(ctx, &mut output, &target);
        errors.extend(result.err());
    }
    CliError::all(errors)
}

impl Run<'_> {
    fn check(&self, matches: &ArgMatches, selection: &Selection) -> CliResult<()> {
        let text = if self.list && !matches.string("output").is_empty() {
            "--list and --output may not be specified together".to_string()
        } else if selection.all && !selection.labels.is_empty() {
            "cannot set --all and --selector at the same time".into()
        } else if selection.all && !selection.fields.is_empty() {
            "cannot set --all and --field-selector at the same time".into()
        } else if self.local && self.dry_run.is_server() {
            return Err(targets::local_and_server());
        } else if self.local && !selection.args.is_empty() {
            "can only use local files by -f pod.yaml or --filename=pod.json when --local=true is set".into()
        } else if self.local && !selection.has_files() {
            "one or more files must be specified as -f pod.yaml or --filename=pod.json".into()
        } else if selection.args.is_empty() && !selection.has_files() {
            "one or more resources must be specified as <resource> <name> or <resource>/<name>".into()
        } else if self.pairs.set.is_empty() && self.pairs.remove.is_empty() && !self.list {
            format!("at least one {} update is required", self.verb.what)
        } else {
            return Ok(());
        };
        Err(CliError::new(text))
    }

    fn one(&self, ctx: &mut Ctx, output: &mut Output, target: &EditTarget) -> CliResult<()> {
        let (old, mut new) = (&target.object, target.object.clone());
        let preview = self.dry_run.is_client() || self.local || self.list;
        if self.verb.says_not_found && !preview {
            self.say_not_found(ctx, old);
        }
        self.edit(&mut new)?;
        let mut shown = new.clone();
        let mut done = (self.verb.done)(old, &new, self.overwrite);
        if !preview {
            record::annotate(&mut new, self.cause.as_deref());
            done = (self.verb.done)(old, &new, self.overwrite);
            shown = self.send(ctx, target, &new)?;
        }
        if self.list {
            self.show(ctx, &shown);
            return Ok(());
        }
        output.report(ctx, &shown, &target.item.label(), done, self.dry_run)
    }

    fn say_not_found(&self, ctx: &mut Ctx, old: &Value) {
        let map = old.strings(self.verb.pointer);
        for key in self.pairs.remove.iter().filter(|key| !map.contains_key(*key)) {
            ctx.print_line(format!("{} {} not found.", self.verb.what, quote(key)));
        }
    }

    fn edit(&self, object: &mut Value) -> CliResult<()> {
        let old = object.strings(self.verb.pointer);
        if !self.overwrite {
            (self.verb.check_overwriting)(&old, &self.pairs.set)?;
        }
        let mut map: Map = object.map(self.verb.pointer).cloned().unwrap_or_default();
        for (key, value) in &self.pairs.set {
            map.insert(key.clone(), value.as_str().into());
        }
        for key in &self.pairs.remove {
            map.remove(key);
        }
        if map.is_empty() {
            object.remove_at(self.verb.pointer);
        } else {
            object.put(self.verb.pointer, map);
        }
        Ok(())
    }

    /// Sends the difference. With `--resource-version` the patch contains that version, so that the server compares it.
    fn send(&self, ctx: &mut Ctx, target: &EditTarget, new: &Value) -> CliResult<Value> {
        let (mut old, mut new) = (target.object.clone(), new.clone());
        if !self.version.is_empty() {
            old.remove_at("/metadata/resourceVersion");
            new.put("/metadata/resourceVersion", self.version.as_str());
        }
        let patch = Value::Object(targets::difference(&old, &new));
        let params = target.item.write_params(&self.manager).dry_run(self.dry_run.is_server());
        let sent = targets::send_patch(ctx, &target.item, PatchType::Merge, patch, &params)?;
        Ok((*sent).clone())
    }

    fn show(&self, ctx: &mut Ctx, object: &Value) {
        let mut indent = "";
        if !self.single {
            indent = " ";
            let (group, _) = split_api_version(object.api_version());
            ctx.print_line(format!("Listing {}s for {}.{group}/{}:", self.verb.what, object.kind(), object.name()));
        }
        for (key, value) in object.strings(self.verb.pointer) {
            ctx.print_line(format!("{indent}{key}={value}"));
        }
    }
}
