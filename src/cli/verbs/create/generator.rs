//! The steps that all generators share: one NAME, common flags, creation and report.

use clap::{Arg, ArgAction, ArgMatches, Command};

use crate::args::{Matches, groups};
use crate::output::Output;
use crate::verbs::creation::{self, Creation};
use crate::{CliError, CliResult, Ctx, last_applied};
use kctl_base::json::Value;
use kctl_base::object::{ObjectMeta, ValueWrite};

/// A subcommand of `create` that generates an object.
pub(super) struct Generator {
    /// The names of the verb: `create service clusterip`.
    pub(super) path: &'static str,
    /// The prefix of the server's error message; when empty, the error is printed unchanged.
    pub(super) failed: &'static str,
    /// Builds the object with the given name.
    pub(super) build: fn(&mut Ctx, &ArgMatches, &str) -> CliResult<Value>,
}

/// Adds the flags that all generators have.
pub(super) fn flags(command: Command) -> Command {
    let command = groups::output(groups::args(command));
    groups::save_config(groups::validate(groups::field_manager(groups::dry_run(command), "kubectl-create")))
}

/// The arguments after `--`.
pub(super) fn command_words() -> Arg {
    Arg::new("command").action(ArgAction::Append).num_args(0..).last(true).hide(true)
}

/// Builds the object, creates it and reports it.
pub(super) fn run(ctx: &mut Ctx, matches: &ArgMatches, generator: &Generator) -> CliResult<()> {
    let words = matches.values("args");
    let [name] = words.as_slice() else {
        let text = format!("exactly one NAME is required, got {}", words.len());
        return Err(ctx.usage(generator.path, &text));
    };
    let dry_run = crate::dry_run::DryRun::read(ctx, matches)?;
    let validation = groups::read_validation(matches)?;
    let mut output = Output::of_typed_report(matches)?;
    let mut object = (generator.build)(ctx, matches, name)?;
    let names = *creation::served_kind(ctx, &object)?.names();
    if names.namespaced && ctx.namespace_given() {
        object.put("/metadata/namespace", ctx.namespace());
    }
    last_applied::update(&mut object, matches.flag("save-config"));
    if !dry_run.is_client() {
        let manager = groups::read_manager(matches, "kubectl-create");
        let creation = Creation { manager: &manager, dry_run, save_config: false, validation: Some(validation) };
        object = creation.create(ctx, object).map_err(|error| refusal(error, generator.failed))?;
    }
    let label = format!("{}/{}", names.kind_group(), object.name());
    output.report(ctx, &object, &label, "created", dry_run)
}

/// Adds the prefix of a generator to an error of the server.
fn refusal(error: CliError, failed: &str) -> CliError {
    match error {
        CliError::Status(status) if !failed.is_empty() => CliError::new(format!("{failed}{}", status.message)),
        other => other,
    }
}

/// Checks that flags are given.
pub(super) fn required(matches: &ArgMatches, flags: &[&str]) -> CliResult<()> {
    let missing: Vec<String> = flags.iter().filter(|f| !matches.is_set(f)).map(|f| format!("\"{f}\"")).collect();
    match missing.is_empty() {
        true => Ok(()),
        false => Err(CliError::new(format!("required flag(s) {} not set", missing.join(", ")))),
    }
}

/// The object without null values, which stand for what Go omits when empty.
pub(super) fn compact(value: Value) -> Value {
    last_applied::without_nulls(&value)
}
