//! The command line: kubectl's verbs as clients of the control plane in this process.
//!
//! [`dispatch`] parses a command line and finds its verb. A verb is one file below [`verbs`] and one line in its list; flags that
//! several verbs share are in [`args`]. This is the only layer that reads arguments, the environment, files and standard
//! input, and the only one that writes to the terminal. It reads and writes objects only through a
//! [`Client`](kctl_cluster::client::Client), as kubectl does. [`transcript`] runs command lines with their expected output, in
//! a shell and in processes of their own.

mod args;
#[cfg(test)]
mod authorization_tests;
mod completion_script;
mod context;
mod dispatch;
mod dry_run;
mod editor;
mod error;
mod executables;
mod fetch;
mod files;
mod git;
mod key_pair;
mod klog;
mod kubeconfig;
mod kuberc;
mod kustomization;
mod last_applied;
mod logging;
mod lookup;
mod os_text;
mod output;
mod panic;
mod pictures;
mod printers;
#[cfg(unix)]
mod process_group;
mod record;
mod resolve;
mod scheme;
mod shared_file;
mod sorting;
mod table;
mod temporary;
mod terminal;
#[cfg(test)]
mod testing;
mod transcript;
mod verbs;
mod wait_deleted;

use std::ffi::OsString;
use std::io::Write as _;

use clap::ArgMatches;
use kctl_base::json::on_deep_stack;

pub(crate) use context::Ctx;
pub(crate) use error::{CliError, CliResult, Stream};

/// A verb as data: its names, its help, its flags and the function that runs it.
pub(crate) struct Verb {
    /// The name, for example `get`; for a member of a family the last word, `status` of `rollout status`.
    pub(crate) name: &'static str,
    /// Other names.
    pub(crate) aliases: &'static [&'static str],
    /// A summary without a full stop, for the list of commands.
    pub(crate) about: &'static str,
    /// The description at the top of its help, in which `{program}` is the name of the program; empty for the summary.
    /// Paragraphs after the first are indented by one space, as kubectl prints them.
    pub(crate) long: &'static str,
    /// Examples for the help: a comment and a command line without the program.
    pub(crate) examples: &'static [(&'static str, &'static str)],
    /// The usage line after the names of program and verb, without `[options]`.
    pub(crate) usage: &'static str,
    /// Adds its flags and arguments.
    pub(crate) flags: fn(clap::Command) -> clap::Command,
    /// Runs it. A family that does nothing by itself fails with [`CliError::MissingSubcommand`].
    pub(crate) run: fn(&mut Ctx, &ArgMatches) -> CliResult<()>,
    /// The members of a family, such as `status` and `undo` of `rollout`.
    pub(crate) family: &'static [Verb],
}

impl Verb {
    /// Returns whether `word` is the name or an alias of the verb.
    pub(crate) fn is_called(&self, word: &str) -> bool {
        self.name == word || self.aliases.contains(&word)
    }
}

/// Runs one command line, which begins with the name of the program, and returns its exit code. All changes that the command
/// reported are durable by then. A panic prints one sentence and ends the process.
pub fn run(argv: Vec<OsString>) -> i32 {
    panic::end_with_a_sentence();
    on_deep_stack(|| dispatch::run(argv)).unwrap_or_else(|error| {
        let text = format!("error: there is no room for the stack of the command: {error}\n");
        // A failure to write to standard error could only be reported there.
        let _ = std::io::stderr().write_all(text.as_bytes());
        1
    })
}
