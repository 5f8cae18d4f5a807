//! Signals and traps.

use serde::{Deserialize, Serialize};

use super::frame::{FrameKind, Source};
use super::pending::Pending;
use super::syntax::Dialect;
use super::{Shell, Step};
use crate::call::Call;
use crate::process::Signal;

/// Serialises traps as pairs: the keys of a JSON object are strings.
pub(super) mod pairs {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serializer};

    use super::Event;

    pub(in crate::shell) fn serialize<S: Serializer>(
        traps: &BTreeMap<Event, String>,
        out: S,
    ) -> Result<S::Ok, S::Error> {
        out.collect_seq(traps)
    }

    pub(in crate::shell) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<BTreeMap<Event, String>, D::Error> {
        Ok(Vec::<(Event, String)>::deserialize(from)?.into_iter().collect())
    }
}

/// The event of a trap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Event {
    /// The end of the shell.
    Exit,
    /// A failed command (bash).
    Error,
    /// Every command (bash); it is noted, but does not run.
    Debug,
    /// A signal.
    Signal(Signal),
}

impl Event {
    /// Parses the condition of `trap`.
    pub(super) fn parse(text: &str, dialect: Dialect) -> Option<Event> {
        match text {
            "EXIT" | "0" => Some(Event::Exit),
            "ERR" if dialect.is_extended() => Some(Event::Error),
            "DEBUG" | "RETURN" if dialect == Dialect::Bash => Some(Event::Debug),
            _ => Signal::parse(&text.to_uppercase()).map(Event::Signal),
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Event::Exit => "EXIT",
            Event::Error => "ERR",
            Event::Debug => "DEBUG",
            Event::Signal(signal) => signal.name(),
        }
    }
}

impl Shell {
    /// Takes a signal: notes it for its trap, ignores it, or returns true if it ends the shell.
    pub(crate) fn signal(&mut self, call: &Call<'_>, signal: Signal) -> bool {
        match self.traps.get(&Event::Signal(signal)) {
            Some(action) if action.is_empty() => false,
            Some(_) => {
                self.caught.push(signal);
                false
            }
            None if self.is_interactive() && matches!(signal, Signal::Term | Signal::Quit | Signal::Int) => {
                if signal == Signal::Int {
                    self.interrupted = true;
                }
                false
            }
            None => crate::programs::default_action(call, signal).is_some(),
        }
    }

    /// Begins the trap of the first signal that was caught.
    pub(super) fn run_trap(&mut self, call: &mut Call<'_>) -> Step {
        let signal = self.caught.remove(0);
        let Some(action) = self.traps.get(&Event::Signal(signal)).cloned() else { return Ok(()) };
        self.push_frame(call, FrameKind::Trap(self.status), Some(Source::new(action)), None)
    }

    /// Reports whether a signal was caught whose trap interrupts `wait` and `read`.
    pub(super) fn caught_signal(&self) -> Option<Signal> {
        self.caught.first().copied()
    }

    /// Drops the command that is being typed or run after an interrupt from the terminal.
    pub(super) fn take_interrupt(&mut self, call: &mut Call<'_>) {
        if !std::mem::take(&mut self.interrupted) {
            return;
        }
        let waits_for_child = !matches!(self.pending, Pending::Nothing | Pending::Builtin(_));
        if !waits_for_child {
            self.pending = Pending::Nothing;
            self.say(call, "\n");
            self.input.clear();
            self.is_prompted = false;
            self.reset(call);
            self.status = 130;
        }
    }
}
