//! Command lines that a command runs in this process, over its own cluster.

use std::ffi::OsString;

use clap::ArgMatches;

use super::client::client_of_administrator;
use super::{Captured, Ctx};
use crate::args::global;
use crate::{CliError, CliResult, Verb};

/// Decides whether a verb, given with the families that it belongs to, may run with the values of its flags.
pub(crate) type Admit<'a> = &'a dyn Fn(&[&'static Verb], &ArgMatches) -> CliResult<()>;

/// Runs a command line, which begins with the program, if it is admitted, and returns its exit code. Verbs are below the
/// dispatcher, which therefore puts itself into the context.
pub(crate) type Dispatcher = fn(&mut Ctx, &[OsString], Admit<'_>) -> i32;

/// The end of a nested command.
#[derive(Debug)]
pub(crate) struct Ended {
    /// The exit code.
    pub(crate) code: i32,
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
}

impl Ctx {
    /// Runs a command line, which begins with the program, over the cluster of this command. Its output is returned.
    ///
    /// # Errors
    /// As for [`Ctx::client`]. A command that fails is no error.
    pub(crate) fn run_nested(&mut self, argv: &[OsString], admit: Admit<'_>) -> CliResult<Ended> {
        self.client()?;
        let not_open = || CliError::new("the store is not open");
        let dispatcher = self.dispatcher.ok_or_else(not_open)?;
        let cluster = self.client.take().ok_or_else(not_open)?.into_transport();
        let mut inner = Ctx {
            program: self.program.clone(),
            apply_sets: self.apply_sets,
            hints: false,
            variable: self.variable,
            is_hermetic: self.is_hermetic,
            client: Some(client_of_administrator(cluster)?),
            captured: Some(Captured::default()),
            stdin_read: self.stdin_read,
            ..Ctx::new(argv)
        };
        let code = dispatcher(&mut inner, argv, admit);
        (self.client, self.stdin_read) = (inner.client, inner.stdin_read);
        let Captured { out, err } = inner.captured.unwrap_or_default();
        Ok(Ended { code, out, err })
    }
}

/// Returns the global flags of a command line, for one that is nested in it.
pub(crate) fn global_flags(matches: &ArgMatches) -> Vec<OsString> {
    let mut flags = Vec::new();
    for arg in global::args() {
        let id = arg.get_id().as_str();
        let is_given = matches.value_source(id) == Some(clap::parser::ValueSource::CommandLine);
        for value in matches.get_raw(id).filter(|_| is_given).into_iter().flatten() {
            let mut flag = OsString::from(format!("--{id}="));
            flag.push(value);
            flags.push(flag);
        }
    }
    flags
}
