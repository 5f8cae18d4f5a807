//! The standard input of a session.

use std::io::Read as _;

use super::terminal::{Terminal, Typed};
use crate::{CliError, CliResult, Ctx};

/// The largest number of bytes that are read at once.
const CHUNK: usize = 64 * 1024;

/// Where the input of a session comes from.
pub(crate) enum Input {
    /// It has none, or it is at its end.
    Closed,
    /// Bytes that are there already.
    Bytes(Vec<u8>),
    /// Standard input of this process.
    Stdin,
    /// The terminal of this process, on which a person edits each line.
    Terminal(Box<Terminal>),
}

impl Input {
    /// Returns standard input of this process, which is at its end in a test.
    pub(crate) fn stdin(ctx: &Ctx) -> Input {
        if ctx.has_stdin() { Input::Stdin } else { Input::Bytes(Vec::new()) }
    }

    /// Reports whether its end has not been read yet.
    pub(super) fn is_open(&self) -> bool {
        !matches!(self, Input::Closed)
    }

    /// Reports whether it is a terminal.
    pub(super) fn is_terminal(&self) -> bool {
        matches!(self, Input::Terminal(_))
    }

    /// Takes notice of output, the last line of which is the prompt for what is typed next, and returns what has to be shown
    /// of it.
    pub(super) fn show<'a>(&mut self, output: &'a [u8]) -> &'a [u8] {
        match self {
            Input::Terminal(terminal) => terminal.show(output),
            Input::Closed | Input::Bytes(_) | Input::Stdin => output,
        }
    }

    /// Reports whether the key that interrupts was pressed since the last call, while nothing was read.
    pub(super) fn take_interrupt(&mut self) -> bool {
        match self {
            Input::Terminal(terminal) => terminal.take_interrupt(),
            Input::Closed | Input::Bytes(_) | Input::Stdin => false,
        }
    }

    /// Reads what comes next. The store is free for others while it waits.
    ///
    /// # Errors
    /// Standard input cannot be read.
    pub(super) fn read(&mut self, ctx: &mut Ctx) -> CliResult<Typed> {
        let typed = match self {
            Input::Closed => Typed::End,
            Input::Bytes(bytes) if bytes.is_empty() => Typed::End,
            Input::Bytes(bytes) => return Ok(Typed::Bytes(std::mem::take(bytes))),
            Input::Stdin => read_stdin(ctx)?,
            // The end of a line on a terminal is that of one reader only.
            Input::Terminal(terminal) => return terminal.read(ctx),
        };
        if typed == Typed::End {
            *self = Input::Closed;
        }
        Ok(typed)
    }
}

fn read_stdin(ctx: &mut Ctx) -> CliResult<Typed> {
    let mut stdin = std::io::stdin();
    if !is_ready(&stdin) {
        ctx.pause()?;
    }
    let mut bytes = vec![0; CHUNK];
    let count = stdin.read(&mut bytes).map_err(|error| CliError::new(format!("reading standard input: {error}")))?;
    bytes.truncate(count);
    Ok(if bytes.is_empty() { Typed::End } else { Typed::Bytes(bytes) })
}

/// Reports whether reading would not wait.
#[cfg(unix)]
fn is_ready(stdin: &std::io::Stdin) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut [PollFd::new(stdin, PollFlags::IN)], Some(&now)).is_ok_and(|ready| ready > 0)
}

#[cfg(not(unix))]
fn is_ready(_: &std::io::Stdin) -> bool {
    false
}
