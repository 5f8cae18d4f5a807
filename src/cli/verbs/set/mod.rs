//! `set`: changes single fields of objects without a patch in hand.

mod env;
mod env_values;
mod image;
mod pod_spec;
mod resources;
mod selector;
mod service_account;
mod subject;

use clap::ArgMatches;

use super::change::{self, From, Subject};
use crate::args::Matches;
use crate::args::groups;
use crate::dry_run::DryRun;
use crate::output::Output;
use crate::resolve::{Selection, resolve};
use crate::{CliError, CliResult, Ctx, Stream, Verb, record};
use kctl_base::json::Value;

/// The verb and its family.
pub(super) const VERB: Verb = Verb {
    name: "set",
    aliases: &[],
    about: "Set specific features on objects",
    long: "Configure application resources.

 These commands help you make changes to existing application resources.",
    examples: &[],
    usage: "SUBCOMMAND",
    flags: |c| c,
    run: |_, _| Err(CliError::MissingSubcommand(Stream::Err)),
    family: &[env::VERB, image::VERB, resources::VERB, selector::VERB, service_account::VERB, subject::VERB],
};

/// Under which name these verbs own what they write.
const MANAGER: &str = "kubectl-set";

/// Flags that all of them have.
fn flags(command: clap::Command) -> clap::Command {
    let command = groups::files(groups::output(groups::args(command)));
    let command = groups::field_manager(groups::record(groups::dry_run(command)), MANAGER);
    command.arg(crate::args::switch(
        "local",
        "If true, change the objects of the files only and print the result, without sending it.",
    ))
}

/// One run of a `set` verb.
struct Setting {
    local: bool,
    dry_run: DryRun,
    output: Output,
    manager: String,
    cause: Option<String>,
    subjects: Vec<Subject>,
    errors: Vec<CliError>,
}

/// Sentences of a verb.
struct Words {
    /// `image updated`.
    done: &'static str,
    /// What stands before the server's refusal.
    failed: &'static str,
}

impl Setting {
    /// Reads the flags and the objects that `words` name.
    fn read(ctx: &mut Ctx, matches: &ArgMatches, words: Vec<String>) -> CliResult<Setting> {
        let cause = record::change_cause(ctx, matches);
        let dry_run = DryRun::read(ctx, matches)?;
        let local = matches.flag("local");
        let output = Output::of_report(matches)?;
        let selection = Selection { words, ..Selection::from_matches(ctx, matches) };
        if local && !selection.words.is_empty() {
            return Err(CliError::new(
                "you must specify resources by --filename when --local is set.\nExample resource specifications include:\n   '-f rsrc.yaml'\n   '--filename=rsrc.json'",
            ));
        }
        let resolved = resolve(ctx, &change::localised(selection, local))?;
        let (subjects, errors) = change::subjects(ctx, resolved, if local { From::Local } else { From::Server });
        // One object that can not be had stops the whole command before anything is changed.
        CliError::all(errors)?;
        Ok(Setting {
            local,
            dry_run,
            output,
            manager: groups::read_manager(matches, MANAGER),
            cause,
            subjects,
            errors: Vec::new(),
        })
    }

    /// Complaints about flags that are common to all of them.
    fn check(&self, matches: &ArgMatches) -> CliResult<()> {
        if matches.flag("all") && !matches.string("selector").is_empty() {
            return Err(CliError::new("cannot set --all and --selector at the same time"));
        }
        if self.local && self.dry_run.is_server() {
            return Err(change::local_and_server());
        }
        Ok(())
    }

    /// Changes every object with `edit` and sends or prints the result. `edit` answers false for an object that it leaves
    /// alone, and adds to the errors what did not work for a part of it.
    fn run(
        mut self,
        ctx: &mut Ctx,
        words: &Words,
        mut edit: impl FnMut(&mut Ctx, &Subject, &mut Value, &mut Vec<CliError>) -> CliResult<bool>,
    ) -> CliResult<()> {
        let mut changed = Vec::new();
        for subject in std::mem::take(&mut self.subjects) {
            let mut new = subject.object.clone();
            match edit(ctx, &subject, &mut new, &mut self.errors) {
                Ok(true) => {
                    record::annotate(&mut new, self.cause.as_deref());
                    changed.push((subject, new));
                }
                Ok(false) => {}
                Err(CliError::Failed(text)) => {
                    self.errors.push(CliError::prefixed(format!("{} {text}", change::object_name(&subject.item))));
                }
                Err(other) => self.errors.push(other),
            }
        }
        for (subject, new) in changed {
            if change::difference(&subject.object, &new).is_empty() {
                continue;
            }
            let result = self.keep(ctx, words, &subject, &new);
            self.errors.extend(result.err());
        }
        CliError::all(self.errors)
    }

    fn keep(&mut self, ctx: &mut Ctx, words: &Words, subject: &Subject, new: &Value) -> CliResult<()> {
        let label = subject.item.label();
        if self.local || self.dry_run.is_client() {
            return self.output.report(ctx, &change::typed(new), &label, words.done, self.dry_run);
        }
        let sent = change::send(ctx, &subject.item, (&subject.object, new), &self.manager, self.dry_run);
        let actual = sent.map_err(|error| match error {
            CliError::Status(status) => CliError::new(format!("{}{}", words.failed, status.message)),
            other => other,
        })?;
        self.output.report(ctx, &actual, &label, words.done, self.dry_run)
    }
}
