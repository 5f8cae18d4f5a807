//! The steps that all `set` verbs share: select objects, edit each of them, send or print what changed.
//!
//! Upstream: `kubectl/pkg/cmd/set/helper.go` (`CalculatePatches`) and the options of each verb.

use clap::ArgMatches;

use crate::args::{self, Matches, SharedFlags, groups};
use crate::dry_run::DryRun;
use crate::output::Output;
use crate::resolve::{Selection, resolve};
use crate::verbs::targets::{self, EditTarget, Source};
use crate::{CliError, CliResult, Ctx, record};
use kctl_base::json::Value;

/// The default field manager of the `set` verbs.
pub(super) const MANAGER: &str = "kubectl-set";

/// Adds the flags that all of them have.
pub(super) fn flags(command: clap::Command) -> clap::Command {
    groups::files(flags_without_files(command))
}

/// Adds the flags that all of them have, except for those that name files.
pub(super) fn flags_without_files(command: clap::Command) -> clap::Command {
    let command = groups::output(groups::args(command));
    let command = groups::field_manager(groups::record(groups::dry_run(command)), MANAGER);
    command.arg(args::switch(
        "local",
        "If true, change the objects of the files only and print the result, without sending it.",
    ))
}

/// Checks that the objects are selected in one way only.
pub(super) fn check_all(matches: &ArgMatches) -> CliResult<()> {
    // Not all of the verbs have a selector.
    let matches = SharedFlags(matches);
    match matches.flag("all") && !matches.string("selector").is_empty() {
        true => Err(CliError::new("cannot set --all and --selector at the same time")),
        false => Ok(()),
    }
}

/// The values of the flags and the selected objects.
pub(super) struct SetCommand {
    local: bool,
    dry_run: DryRun,
    output: Output,
    manager: String,
    cause: Option<String>,
    targets: Vec<EditTarget>,
    errors: Vec<CliError>,
}

/// The messages of a verb.
pub(super) struct Messages {
    /// The words in the report, for example `image updated`.
    pub(super) done: &'static str,
    /// The prefix of the server's error message.
    pub(super) failed: &'static str,
    /// True for a verb that sends and reports an object also when nothing changes.
    pub(super) reports_unchanged: bool,
}

impl SetCommand {
    /// Reads the flags and the objects that `words` name.
    pub(super) fn read(ctx: &mut Ctx, matches: &ArgMatches, words: Vec<String>) -> CliResult<SetCommand> {
        let cause = record::change_cause(ctx, matches);
        let dry_run = DryRun::read(ctx, matches)?;
        let local = matches.flag("local");
        let output = Output::of_typed_report(matches)?;
        let selection = Selection { args: words, typed: true, ..Selection::from_matches(ctx, matches) };
        if local && !selection.args.is_empty() {
            return Err(CliError::new(
                "you must specify resources by --filename when --local is set.\nExample resource specifications include:\n   '-f rsrc.yaml'\n   '--filename=rsrc.json'",
            ));
        }
        let resolved = resolve(ctx, &targets::local_only(selection, local))?;
        let (targets, errors) = targets::load_typed(ctx, resolved, if local { Source::Local } else { Source::Server });
        // An object that cannot be read stops the command before anything is changed.
        CliError::all(errors)?;
        Ok(SetCommand {
            local,
            dry_run,
            output,
            manager: groups::read_manager(matches, MANAGER),
            cause,
            targets,
            errors: Vec::new(),
        })
    }

    /// Checks combinations of flags that all of them have.
    pub(super) fn check(&self, matches: &ArgMatches) -> CliResult<()> {
        check_all(matches)?;
        if self.local && self.dry_run.is_server() {
            return Err(targets::local_and_server());
        }
        Ok(())
    }

    /// Edits every object and sends or prints the result. `edit` returns false for an object that stays unchanged, and adds
    /// to the errors what failed for a part of the object.
    pub(super) fn run(
        mut self,
        ctx: &mut Ctx,
        messages: &Messages,
        mut edit: impl FnMut(&mut Ctx, &EditTarget, &mut Value, &mut Vec<CliError>) -> CliResult<bool>,
    ) -> CliResult<()> {
        let mut changed = Vec::new();
        for target in std::mem::take(&mut self.targets) {
            let mut new = target.object.clone();
            match edit(ctx, &target, &mut new, &mut self.errors) {
                Ok(true) => {
                    record::annotate(&mut new, self.cause.as_deref());
                    changed.push((target, new));
                }
                Ok(false) => {}
                Err(CliError::Failed(text)) => {
                    let name = if self.local {
                        targets::local_name(&target.object)
                    } else {
                        targets::object_name(&target.item)
                    };
                    self.errors.push(CliError::new(format!("error: {name} {text}\n")));
                }
                Err(other) => self.errors.push(other),
            }
        }
        for (target, new) in changed {
            if !messages.reports_unchanged && targets::difference(&target.object, &new).is_empty() {
                continue;
            }
            let result = self.keep(ctx, messages, &target, &new);
            self.errors.extend(result.err());
        }
        CliError::all(self.errors)
    }

    fn keep(&mut self, ctx: &mut Ctx, messages: &Messages, target: &EditTarget, new: &Value) -> CliResult<()> {
        let label = target.item.label();
        if self.local || self.dry_run.is_client() {
            return self.output.report(ctx, &targets::with_zero_values(new), &label, messages.done, self.dry_run);
        }
        let params = target.item.write_params(&self.manager).dry_run(self.dry_run.is_server());
        let sent = targets::send(ctx, &target.item, (&target.object, new), &params);
        let actual = sent.map_err(|error| match error {
            CliError::Status(status) => CliError::new(format!("{}{}", messages.failed, status.message)),
            other => other,
        })?;
        self.output.report(ctx, &actual, &label, messages.done, self.dry_run)
    }
}
