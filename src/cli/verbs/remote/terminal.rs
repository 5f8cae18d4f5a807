//! The terminal of a session: a line is edited here, with a history, and goes to the container as a whole.
//!
//! A real terminal passes on every key, and the shell in the container draws the line. Here the shell reads lines, so the last
//! line of its output is the prompt of the editor.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustyline::error::ReadlineError;
use rustyline::history::MemHistory;
use rustyline::{Config, Editor};

use crate::{CliError, CliResult, Ctx};

/// The byte that Ctrl-D sends: the end of the input of the process that reads.
const END_OF_TRANSMISSION: u8 = 4;

/// What was read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Typed {
    /// Bytes.
    Bytes(Vec<u8>),
    /// The end.
    End,
    /// The key that interrupts.
    Interrupt,
}

/// A terminal with the lines that were typed.
pub(crate) struct Terminal {
    editor: Editor<(), MemHistory>,
    /// The last line of the output, without a line end.
    prompt: Vec<u8>,
    /// The last line was interrupted, and the editor has begun a new one: the shell, which does so too, need not.
    is_new_line: bool,
    /// Set by the signal that Ctrl-C sends while no line is edited.
    is_interrupted: Arc<AtomicBool>,
    /// Set when the session is over, and the signal ends the program again.
    is_over: Arc<AtomicBool>,
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
    }
}

impl Terminal {
    /// Takes the terminal that standard input is. From now on Ctrl-C goes to the session.
    ///
    /// # Errors
    /// The terminal cannot be used.
    pub(super) fn open() -> CliResult<Terminal> {
        let failed = |error: &dyn std::fmt::Display| CliError::new(format!("using the terminal: {error}"));
        let config = Config::builder().auto_add_history(true).build();
        let history = MemHistory::with_config(&config);
        let editor = Editor::with_history(config, history).map_err(|error| failed(&error))?;
        let (is_interrupted, is_over) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        catch_interrupts(&is_interrupted, &is_over).map_err(|error| failed(&error))?;
        Ok(Terminal { editor, prompt: Vec::new(), is_new_line: false, is_interrupted, is_over })
    }

    /// Takes notice of output, and returns what has to be shown of it.
    pub(super) fn show<'a>(&mut self, output: &'a [u8]) -> &'a [u8] {
        let is_new_line = std::mem::take(&mut self.is_new_line);
        let shown = output.strip_prefix(b"\n").filter(|_| is_new_line).unwrap_or(output);
        match shown.iter().rposition(|byte| *byte == b'\n') {
            Some(end) => self.prompt = shown[end + 1..].to_vec(),
            None => self.prompt.extend(shown),
        }
        shown
    }

    pub(super) fn take_interrupt(&mut self) -> bool {
        self.is_interrupted.swap(false, Ordering::Relaxed)
    }

    /// Reads a line.
    pub(super) fn read(&mut self, ctx: &mut Ctx) -> CliResult<Typed> {
        ctx.pause()?;
        let prompt = std::mem::take(&mut self.prompt);
        match self.editor.readline(&*String::from_utf8_lossy(&prompt)) {
            Ok(line) => Ok(Typed::Bytes(format!("{line}\n").into_bytes())),
            Err(ReadlineError::Eof) => Ok(Typed::Bytes(vec![END_OF_TRANSMISSION])),
            Err(ReadlineError::Interrupted) => {
                self.is_new_line = true;
                Ok(Typed::Interrupt)
            }
            Err(error) => Err(CliError::new(format!("reading the terminal: {error}"))),
        }
    }
}

/// Sets a flag for each signal of Ctrl-C, which ends the program only once the session is over.
#[cfg(unix)]
fn catch_interrupts(is_interrupted: &Arc<AtomicBool>, is_over: &Arc<AtomicBool>) -> std::io::Result<()> {
    use signal_hook::{consts::SIGINT, flag};
    flag::register_conditional_default(SIGINT, is_over.clone())?;
    flag::register(SIGINT, is_interrupted.clone())?;
    Ok(())
}

#[cfg(not(unix))]
fn catch_interrupts(_: &Arc<AtomicBool>, _: &Arc<AtomicBool>) -> std::io::Result<()> {
    Ok(())
}
