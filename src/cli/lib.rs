//! The command line: kubectl's words in, requests out, kubectl's words back.
//!
//! A verb is one file below [`verbs`] and one line in its list; flags that several verbs share are in [`args`]. This is the
//! only layer that reads arguments, environment, files and standard input, and the only one that writes to a terminal. It
//! reaches objects through [`kctl_cluster::Cluster`] alone.

pub mod args;
#[cfg(test)]
mod authorization_tests;
pub mod complete;
pub mod context;
pub mod editor;
pub mod error;
pub mod files;
pub mod gone;
pub mod help;
pub mod kubeconfig;
mod kustomization;
pub mod last_applied;
pub mod lookup;
pub mod output;
mod parse;
pub mod printers;
pub mod record;
pub mod resolve;
pub mod sorting;
pub mod table;
#[cfg(test)]
mod testing;
pub mod verbs;

use std::ffi::OsString;

use clap::ArgMatches;

pub use context::Ctx;
pub use error::{CliError, CliResult};

/// A verb as data: how it is called, what it takes, what it does.
pub struct Verb {
    /// `get`; for a verb of a family `status`.
    pub name: &'static str,
    /// Other words for it.
    pub aliases: &'static [&'static str],
    /// One line for the list of verbs.
    pub about: &'static str,
    /// Its flags and arguments, in addition to the global ones.
    pub args: fn(clap::Command) -> clap::Command,
    /// What it does. A family answers with an overview here.
    pub run: fn(&mut Ctx, &ArgMatches) -> CliResult<()>,
    /// The verbs of a family, such as those of `rollout`.
    pub family: &'static [Verb],
}

/// Runs one command line and answers the exit code. Everything was written and made durable when this returns.
pub fn run(argv: Vec<OsString>) -> i32 {
    let called =
        argv.first().map(|a| std::path::Path::new(a).file_stem().unwrap_or_default().to_string_lossy().into_owned());
    if complete::answered(&argv, called.as_deref().unwrap_or("kctl")) {
        return 0;
    }
    let argv: Vec<String> = argv.into_iter().map(|a| a.to_string_lossy().into_owned()).collect();
    let mut ctx = Ctx::from_environment(argv.clone());
    let code = run_in(&mut ctx, &argv);
    // The process ends now and everything is durable: closing the engine in good order would only cost time, the more
    // the larger the store is.
    std::mem::forget(ctx);
    code
}

/// Runs a command line in its surroundings.
fn run_in(ctx: &mut Ctx, argv: &[String]) -> i32 {
    let result = match parse::parse(argv, &ctx.program) {
        Ok(parse::Parsed::Run(verb, matches)) => ctx.globals(&matches).and_then(|()| (verb.run)(ctx, &matches)),
        Ok(parse::Parsed::Help(text)) => {
            ctx.out.push_str(&text);
            Ok(())
        }
        Err(error) => Err(error),
    };
    ctx.finish(result)
}
