//! From the arguments of the process to a verb, its exit code, or a help text.
//!
//! [`parse`] reads the command line with pflag's rules, [`help`] lays out help texts, [`record`] writes the command line down for
//! `--record` and [`complete`] serves completion requests of shells. This module is above the verbs: no verb uses it.

mod command_line;
mod complete;
mod help;
mod parse;
mod preferences;
mod record;
mod tree;
mod usage_error;

#[cfg(test)]
mod tests;

use std::ffi::OsString;

use crate::context::nested::Admit;
use crate::klog::Site;
#[cfg(unix)]
use crate::transcript::resident;
use crate::{CliError, CliResult, Ctx, Stream, verbs};
pub(crate) use help::Language;

/// The verbosity at which kubectl logs how it reads preferences.
const PREFERENCES_LEVEL: u8 = 5;

/// Runs one command line and returns its exit code. All changes that the command reported are durable by then.
pub(crate) fn run(argv: Vec<OsString>) -> i32 {
    if let Some(answer) = complete::answer(&argv) {
        let mut ctx = Ctx::new(&argv);
        let result = answer.map(|text| ctx.out.push_str(&text));
        return ctx.finish(result);
    }
    let language = Language::of_environment(|name| std::env::var(name).ok());
    #[cfg(unix)]
    if resident::is_asked_for(&argv) {
        return serve(&argv, language);
    }
    let mut ctx = Ctx::new(&argv);
    let code = run_in(&mut ctx, &argv, language);
    // The process ends now and everything is durable. Closing the engine properly would only cost time, in proportion to
    // the size of the store.
    std::mem::forget(ctx);
    code
}

/// Runs the plain commands of a transcript, each over a store that it opens and closes, and returns the last exit code.
#[cfg(unix)]
fn serve(argv: &[OsString], language: Language) -> i32 {
    let served = resident::serve(&mut |argv| run_in(&mut Ctx::new(&argv), &argv, language));
    served.unwrap_or_else(|error| Ctx::new(argv).finish(Err(CliError::io("run the commands of a transcript", error))))
}

/// Runs one command line in a context and returns the exit code. Help texts are in `language`.
pub(crate) fn run_in(ctx: &mut Ctx, argv: &[OsString], language: Language) -> i32 {
    let preferences::Applied { argv, log } = match preferences::apply(ctx, argv) {
        Ok(applied) => applied,
        Err(error) => return ctx.finish(Err(error)),
    };
    let argv = argv.as_slice();
    ctx.dispatcher = Some(run_nested);
    let result = match parse::parse(argv, &ctx.program) {
        Ok(parse::Parsed::Run(call)) => {
            ctx.argv = argv.to_vec();
            let result = run_call(ctx, &call, &log);
            if let Err(CliError::MissingSubcommand(stream)) = &result {
                let help = help::of_path(&ctx.program, &call.path, language);
                match stream {
                    Stream::Out => ctx.out.push_str(&help),
                    Stream::Err => ctx.push_error(&help),
                }
            }
            if matches!(result, Err(CliError::WithHelp(_))) {
                ctx.out.push_str(&help::of_path(&ctx.program, &call.path, language));
            }
            match result {
                Err(CliError::MissingSubcommand(_)) => Err(CliError::Exit(1)),
                other => other,
            }
        }
        Ok(parse::Parsed::Help(path)) => {
            ctx.out.push_str(&help::of_path(&ctx.program, &path, language));
            Ok(())
        }
        Err(error) => match plugin(argv) {
            Some(ended) => ended.and_then(|code| Err(CliError::Exit(code))),
            None => Err(error),
        },
    };
    ctx.finish(result)
}

/// Runs the verb of a command line.
fn run_call(ctx: &mut Ctx, call: &parse::Call, log: &[(Site, String)]) -> CliResult<()> {
    ctx.command_line.clone_from(&call.recorded);
    ctx.replaced_flags = tree::own_flags(call.verb);
    ctx.read_global_flags(&call.matches)?;
    ctx.log_at(PREFERENCES_LEVEL, log)?;
    (call.verb.run)(ctx, &call.matches)
}

/// Runs the command line of a nested command, if it is admitted, and returns the exit code.
fn run_nested(ctx: &mut Ctx, argv: &[OsString], admit: Admit<'_>) -> i32 {
    let result = preferences::apply(ctx, argv).and_then(|preferences::Applied { argv, log }| {
        match parse::parse(&argv, &ctx.program)? {
            parse::Parsed::Run(call) => {
                admit(&call.path, &call.matches)?;
                match run_call(ctx, &call, &log) {
                    Err(CliError::MissingSubcommand(_)) => Err(CliError::new("a subcommand is required")),
                    result => result,
                }
            }
            parse::Parsed::Help(path) => {
                Err(CliError::new(format!("to read the help: {} --help", command_line::path_text(&ctx.program, &path))))
            }
        }
    });
    ctx.finish(result)
}

/// Runs the plugin that a command line names instead of a verb, and returns its exit code; `None` if there is none. A flag
/// before the name is not accepted.
fn plugin(argv: &[OsString]) -> Option<CliResult<i32>> {
    let first = argv.get(1)?.to_str()?;
    match verbs::find(first) {
        None => verbs::run_plugin(&argv[1..], 1),
        // Of the verbs, only `create` can be extended.
        Some(verb) if verb.name == "create" => {
            let member = argv.get(2)?.to_str()?;
            let known = verb.family.iter().any(|known| known.is_called(member));
            if known { None } else { verbs::run_plugin(&argv[1..], 2) }
        }
        Some(_) => None,
    }
}
