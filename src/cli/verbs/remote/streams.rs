//! The flags about the streams of a session, and what becomes of them (`StreamOptions.SetupTTY`).

use clap::ArgMatches;

use super::input::Input;
use super::terminal::Terminal;
use crate::args::Matches;
use crate::{CliResult, Ctx};

/// The streams that a command line asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Streams {
    /// Standard input is passed on.
    pub(crate) stdin: bool,
    /// Standard input is a terminal.
    pub(crate) tty: bool,
    /// Nothing is printed but what comes from the container.
    pub(crate) quiet: bool,
}

impl Streams {
    /// Reads `--stdin`, `--tty` and `--quiet`.
    pub(crate) fn read(matches: &ArgMatches) -> Streams {
        Streams { stdin: matches.flag("stdin"), tty: matches.flag("tty"), quiet: matches.flag("quiet") }
    }

    /// Opens standard input, and returns the streams that there are: without a terminal there is none in the container.
    ///
    /// # Errors
    /// The terminal cannot be used.
    pub(crate) fn open(self, ctx: &mut Ctx) -> CliResult<(Streams, Input)> {
        if !self.stdin {
            return Ok((Streams { tty: false, ..self }, Input::Closed));
        }
        if !self.tty {
            return Ok((self, Input::stdin(ctx)));
        }
        if ctx.stdin_is_terminal() {
            return Ok((self, Input::Terminal(Box::new(Terminal::open()?))));
        }
        if !self.quiet {
            ctx.print_error("Unable to use a TTY - input is not a terminal or the right kind of file");
        }
        Ok((Streams { tty: false, ..self }, Input::stdin(ctx)))
    }
}
