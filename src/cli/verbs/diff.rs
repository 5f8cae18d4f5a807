//! `diff`: compares the live objects with the objects that `apply` would produce.
//!
//! Both versions are written into two directories, which the program in `KUBECTL_EXTERNAL_DIFF` compares, by default `diff
//! -u -N`. Nothing is changed. Upstream: `kubectl/pkg/cmd/diff/diff.go`.

use std::ffi::{OsStr, OsString};
use std::process::Command as Process;

use clap::{ArgMatches, Command};

use super::apply::client_side;
use super::apply::prune::Prune;
use crate::args::{self, ArgProperties, Matches, groups};
use crate::output::strip_managed_fields;
use crate::resolve::{Item, Selection, resolve};
use crate::temporary::Temporary;
use crate::{CliError, CliResult, Ctx, Verb, klog, last_applied, os_text};
use kctl_base::field::quote;
use kctl_base::go::io_error;
use kctl_base::gvk::split_api_version;
use kctl_base::json::{Map, Value};
use kctl_base::object::{ObjectMeta, ValueWrite};
use kctl_base::yaml;
use kctl_cluster::client::Patch;

/// The `diff` verb.
pub(super) const VERB: Verb = Verb {
    name: "diff",
    aliases: &[],
    about: "Diff the live version against a would-be applied version",
    long: "Compare the objects of manifests with the objects of the server.

 The output is that of 'diff -u -N'. The environment variable KUBECTL_EXTERNAL_DIFF names another program, with \
    arguments if need be.

 Exit status: 0 without differences, 1 with differences, more than 1 when the comparison failed.",
    examples: &[
        ("Compare the objects in pod.yaml", "diff -f pod.yaml"),
        ("Compare the objects from standard input", "diff -f -"),
    ],
    usage: "-f FILENAME",
    flags,
    run: |ctx, matches| run(ctx, matches).map_err(failure),
    family: &[],
};

fn flags(command: Command) -> Command {
    let command = groups::labels(groups::files(groups::args(command)));
    groups::field_manager(command, "kubectl-client-side-apply")
        .arg(args::switch("server-side", "Merge on the server instead of in the client."))
        .arg(args::switch("force-conflicts", "Take over fields that other managers own; requires --server-side."))
        .arg(args::switch("show-managed-fields", "Compare metadata.managedFields, too."))
        .arg(
            args::number("concurrency", "Accepted for compatibility; objects are compared one after the other.")
                .help_default("1"),
        )
        .arg(args::switch("prune", "Show the objects, too, that apply --prune would delete."))
        .arg(args::each(
            "prune-allowlist",
            "Show only pruned objects of this type, as group/version/kind; can be repeated.",
        ))
}

/// Exit status 1 means that there are differences, so failures use the next one.
pub(super) fn failure(error: CliError) -> CliError {
    match error {
        CliError::Exit(code) => CliError::Exit(code),
        error => CliError::Verbatim(error.message(), error.code() + 1),
    }
}

/// The values of the flags.
struct Diff {
    server_side: bool,
    force_conflicts: bool,
    manager: String,
    show_managed_fields: bool,
}

fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let server_side = matches.flag("server-side");
    let diff = Diff {
        server_side,
        force_conflicts: matches.flag("force-conflicts"),
        manager: groups::read_manager(matches, if server_side { "kubectl" } else { "kubectl-client-side-apply" }),
        show_managed_fields: matches.flag("show-managed-fields"),
    };
    let selection = Selection { validate: true, ..Selection::from_matches(ctx, matches) };
    if !selection.args.is_empty() {
        return Err(ctx.usage("diff", &format!("Unexpected args: [{}]", selection.args.join(" "))));
    }
    if !selection.has_files() {
        return Err(CliError::new("must specify one of -f and -k"));
    }
    if diff.force_conflicts && !server_side {
        return Err(CliError::new("--force-conflicts only works with --server-side"));
    }
    let prune = match matches.flag("prune") {
        true => Some(Prune::of_types(ctx, &matches.values("prune-allowlist"), &selection.labels)?),
        false => None,
    };
    let resolved = resolve(ctx, &selection)?;
    if let Some(first) = resolved.errors.into_iter().next() {
        return Err(first);
    }
    let folders = Directories::new()?;
    let mut visited = Vec::new();
    for item in &resolved.items {
        let (live, merged) = diff.versions(ctx, item)?;
        visited.extend(live.as_ref().map(|live| live.uid().to_string()));
        folders.write(item, live, Some(merged))?;
    }
    if let Some(prune) = prune {
        let visited = visited.iter().map(String::as_str).collect();
        prune
            .each(ctx, &resolved.items, &visited, |_, item, object| folders.write(item, Some(object.clone()), None))?;
    }
    folders.compare(ctx)
}

impl Diff {
    /// The live object, if there is one, and the object that `apply` would produce.
    fn versions(&self, ctx: &mut Ctx, item: &Item) -> CliResult<(Option<Value>, Value)> {
        let live = match item.fetch(ctx) {
            Ok(live) => Some((*live).clone()),
            Err(error) if error.is_not_found() => None,
            Err(error) => return Err(error),
        };
        let merged = self.merged(ctx, item, live.as_ref());
        if self.server_side && matches!(&merged, Err(CliError::Status(status)) if status.is_conflict()) {
            // kubectl takes the conflict for a concurrent change and retries, the last time without a lock.
            let (group, version) = split_api_version(item.object.as_ref().map_or("", |o| o.api_version()));
            let text = format!(
                "Object ({group}/{version}, Kind={}: {}) keeps changing, diffing without lock",
                item.kind.names().kind,
                item.name
            );
            ctx.log(klog::DIFF_CONFLICT, &text)?;
        }
        let (mut live, mut merged) = (live, merged?);
        if !self.show_managed_fields {
            strip_managed_fields(&mut merged);
            live.iter_mut().for_each(strip_managed_fields);
        }
        if merged.kind() == "Secret" && merged.api_version() == "v1" {
            mask(live.as_mut(), Some(&mut merged));
        }
        Ok((live, merged))
    }

    fn merged(&self, ctx: &mut Ctx, item: &Item, live: Option<&Value>) -> CliResult<Value> {
        let params = item.write_params(&self.manager).dry_run(true).force(self.force_conflicts && self.server_side);
        let local = item.content();
        let merged = match live {
            _ if self.server_side => ctx.api(|client| client.apply(&item.path(), local, &params))?,
            Some(live) => {
                // The last applied configuration always has annotations, perhaps empty; a manifest without them removes
                // none.
                let mut local = local;
                local.put_default("/metadata/annotations", Map::new());
                let (format, changes) = client_side::patch(item, live, &local)?;
                if changes.as_object().is_some_and(Map::is_empty) {
                    return Ok(live.clone());
                }
                ctx.api(|client| client.patch(&item.path(), Patch::Value(format, changes), &params))?
            }
            None => {
                let new = last_applied::without_nulls(&local);
                ctx.api(|client| client.create(&item.path().collection(), new, &params))?
            }
        };
        Ok((*merged).clone())
    }
}

/// Masks the data of a Secret; the output only shows whether values differ.
pub(super) fn mask(live: Option<&mut Value>, merged: Option<&mut Value>) {
    let data = |object: &Option<&mut Value>| object.as_ref().and_then(|o| o.get("data")?.as_object().cloned());
    let (before, after) = (data(&live).unwrap_or_default(), data(&merged).unwrap_or_default());
    let hidden = |own: &Map, other: &Map, which: &str| -> Map {
        let text = |key: &str, value: &Value| match other.get(key) {
            Some(there) if there != value => format!("*** ({which})"),
            _ => "***".to_string(),
        };
        own.iter().map(|(key, value)| (key.clone(), text(key, value).into())).collect()
    };
    if let Some(live) = live.filter(|_| !before.is_empty()) {
        live.put("/data", hidden(&before, &after, "before"));
    }
    if let Some(merged) = merged.filter(|_| !after.is_empty()) {
        merged.put("/data", hidden(&after, &before, "after"));
    }
}

/// The two directories that are compared.
pub(super) struct Directories {
    live: Temporary,
    merged: Temporary,
}

impl Directories {
    pub(super) fn new() -> CliResult<Directories> {
        let directory = |prefix: &str| {
            let failed = |e| CliError::new(format!("making a directory to compare: {}", io_error(&e)));
            Temporary::directory(prefix).map_err(failed)
        };
        Ok(Directories { live: directory("LIVE-")?, merged: directory("MERGED-")? })
    }

    /// Writes two versions of an object. A version that does not exist has no file, except for a live one that is new.
    fn write(&self, item: &Item, live: Option<Value>, merged: Option<Value>) -> CliResult<()> {
        let api_version =
            merged.as_ref().or(live.as_ref()).map(ObjectMeta::api_version).unwrap_or_default().to_string();
        self.write_named((&api_version, item.kind.names().kind), (&item.namespace, &item.name), live, merged)
    }

    /// Like [`Directories::write`], for an object of an apiVersion and a kind with a namespace and a name.
    pub(super) fn write_named(
        &self,
        (api_version, kind): (&str, &str),
        (namespace, name): (&str, &str),
        live: Option<Value>,
        merged: Option<Value>,
    ) -> CliResult<()> {
        let (group, version) = split_api_version(api_version);
        let group = if group.is_empty() { String::new() } else { format!("{group}.") };
        let name = format!("{group}{version}.{kind}.{namespace}.{name}").replace('/', "_");
        let write = |directory: &Temporary, text: &str| {
            let failed = |e| CliError::new(format!("writing {name}: {}", io_error(&e)));
            directory.write(&name, text).map_err(failed)
        };
        write(&self.live, &live.as_ref().map(yaml::print).unwrap_or_default())?;
        merged.map_or(Ok(()), |merged| write(&self.merged, &yaml::print(&merged)))
    }

    /// Prints the differences, and exits with the status of the program that finds them.
    fn compare(self, ctx: &mut Ctx) -> CliResult<()> {
        match self.run(ctx)? {
            Some(0) => Ok(()),
            Some(code) => Err(CliError::Exit(code)),
            None => Err(CliError::Exit(2)),
        }
    }

    /// Prints the differences; returns whether there are any.
    pub(super) fn differ(self, ctx: &mut Ctx) -> CliResult<bool> {
        match self.run(ctx)? {
            Some(0) => Ok(false),
            Some(1) => Ok(true),
            code => Err(CliError::Exit(code.unwrap_or(2))),
        }
    }

    /// Prints the differences and returns the exit code of the program that finds them; `None` if a signal has ended it.
    fn run(self, ctx: &mut Ctx) -> CliResult<Option<i32>> {
        let (program, arguments) = program(std::env::var_os("KUBECTL_EXTERNAL_DIFF").as_deref());
        let mut process = Process::new(&program);
        let output = process.args(arguments).args([self.live.path(), self.merged.path()]).output();
        let output = output.map_err(|e| {
            let program = quote(&program.to_string_lossy());
            CliError::new(match e.kind() {
                // For paths, too (`handleError` in `k8s.io/utils/exec`).
                std::io::ErrorKind::NotFound => format!("failed to run {program}: executable file not found in $PATH"),
                _ => format!("failed to run {program}: {}", io_error(&e)),
            })
        })?;
        // A closed pipe ends the process where it prints.
        drop(self);
        ctx.out.push_str(&String::from_utf8_lossy(&output.stdout));
        ctx.push_error(&String::from_utf8_lossy(&output.stderr));
        // Here, because a failure later would have the status of a difference.
        ctx.flush()?;
        Ok(output.status.code())
    }
}

/// The program and its arguments. As in kubectl, arguments with other characters than those of flags are dropped.
fn program(variable: Option<&OsStr>) -> (OsString, Vec<OsString>) {
    let mut words = variable.map(|text| os_text::split(text, u8::is_ascii_whitespace)).unwrap_or_default();
    words.retain(|word| !word.is_empty());
    let flag_character = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'=');
    match words.split_first() {
        Some((program, arguments)) => {
            let plain = arguments.iter().filter(|word| word.as_encoded_bytes().iter().all(flag_character));
            (program.clone(), plain.cloned().collect())
        }
        None => ("diff".into(), vec!["-u".into(), "-N".into()]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    #[test]
    fn the_program_is_the_user_s() {
        assert_eq!(program(None), ("diff".into(), vec!["-u".into(), "-N".into()]));
        let program = |text: &str| program(Some(OsStr::new(text)));
        assert_eq!(program("meld --a=b  $(x)"), ("meld".into(), vec!["--a=b".into()]));
        assert_eq!(program(" ").0, "diff");
    }

    #[test]
    fn secrets_stay_secret() {
        let mut live = Some(json!({"data": {"a": "1", "b": "2"}}));
        let mut merged = Some(json!({"data": {"a": "1", "b": "3"}}));
        mask(live.as_mut(), merged.as_mut());
        assert_eq!(live, Some(json!({"data": {"a": "***", "b": "*** (before)"}})));
        assert_eq!(merged, Some(json!({"data": {"a": "***", "b": "*** (after)"}})));
        mask(live.as_mut(), None);
        assert_eq!(live, Some(json!({"data": {"a": "***", "b": "***"}})));
    }
}
