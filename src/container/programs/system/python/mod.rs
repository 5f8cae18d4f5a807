//! `python3 -c`, as far as a script prints, waits and exits by what it finds in its environment.

mod expression;
mod script;
mod token;

use kctl_base::sim::{Duration, Time};
use serde::{Deserialize, Serialize};

use crate::call::{Call, Stop};
use crate::process::Wait;
use crate::programs::net::unknown;

/// What a script does that others see.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Action {
    /// Prints a text, which is written at once if the script asks for that.
    Print { text: String, flushes: bool },
    /// Waits.
    Sleep(Duration),
    /// Ends with an exit code.
    Exit(i32),
}

/// A script at work: what it has yet to do.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Python {
    /// The actions, the next one last; `None` before the script has been read.
    actions: Option<Vec<Action>>,
    /// What was printed and is not yet written.
    buffer: String,
    /// The end of a wait.
    until: Option<Time>,
}

/// Returns the first state for a command line, the program first; `None` if it brings no script along.
pub(super) fn state(argv: &[String]) -> Option<Python> {
    source(argv.get(1..).unwrap_or_default()).map(|_| Python::default())
}

/// Returns the script among the arguments, and whether output is to be unbuffered.
fn source(args: &[String]) -> Option<(&str, bool)> {
    match args {
        [option, script, ..] if option == "-c" => Some((script, false)),
        [unbuffered, option, script, ..] if unbuffered == "-u" && option == "-c" => Some((script, true)),
        _ => None,
    }
}

impl Python {
    /// Goes on until the script waits or ends. One that needs more of the language is taken for what a program does that is
    /// not simulated.
    pub(super) fn run(&mut self, call: &mut Call<'_>) -> Result<i32, Stop> {
        let args = call.args();
        let Some((script, is_unbuffered)) = source(&args) else { return unknown(call) };
        if self.actions.is_none() {
            let Some(mut actions) = script::actions(script, &call.process.environment) else { return unknown(call) };
            actions.reverse();
            self.actions = Some(actions);
        }
        // What is not read at a terminal is written when the script ends.
        let is_unbuffered = is_unbuffered
            || call.is_tty(1)
            || call.process.variable("PYTHONUNBUFFERED").is_some_and(|value| !value.is_empty());
        while let Some(action) = self.actions.as_ref().and_then(|actions| actions.last()) {
            match action {
                Action::Print { text, flushes } => {
                    self.buffer.push_str(text);
                    if *flushes || is_unbuffered {
                        call.print(std::mem::take(&mut self.buffer))?;
                    }
                }
                Action::Sleep(span) => {
                    let end = *self.until.get_or_insert(call.now() + *span);
                    if end > call.now() {
                        return Err(Stop::Wait(Wait::Until(end)));
                    }
                    self.until = None;
                }
                Action::Exit(code) => {
                    let code = *code;
                    call.print(std::mem::take(&mut self.buffer))?;
                    return Ok(code);
                }
            }
            self.actions.as_mut().map(Vec::pop);
        }
        call.print(std::mem::take(&mut self.buffer))?;
        Ok(0)
    }
}
