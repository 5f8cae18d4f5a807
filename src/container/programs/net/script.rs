//! What a client prints, with pauses between.

use std::collections::VecDeque;

use kctl_base::sim::{Duration, Time};
use serde::{Deserialize, Serialize};

use crate::call::{Call, Stop};
use crate::process::Wait;

/// A step of a script.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Action {
    /// Writes to a descriptor.
    Print(i32, Vec<u8>),
    /// Lets time pass.
    Pause(Duration),
}

/// The actions of a client until its end.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Script {
    actions: VecDeque<Action>,
    /// Exit code.
    pub(super) code: i32,
    /// End of the present pause.
    until: Option<Time>,
    elapsed: Duration,
    #[serde(skip)]
    marked: Duration,
}

impl Script {
    /// Prints to standard output.
    pub(crate) fn out(&mut self, bytes: impl AsRef<[u8]>) {
        self.print(1, bytes.as_ref());
    }

    /// Prints to standard error.
    pub(crate) fn err(&mut self, bytes: impl AsRef<[u8]>) {
        self.print(2, bytes.as_ref());
    }

    /// Prints to a descriptor.
    pub(crate) fn print(&mut self, descriptor: i32, bytes: &[u8]) {
        match self.actions.back_mut() {
            Some(Action::Print(last, text)) if *last == descriptor => text.extend(bytes),
            _ => self.actions.push_back(Action::Print(descriptor, bytes.to_vec())),
        }
    }

    /// Lets time pass.
    pub(crate) fn pause(&mut self, duration: Duration) {
        self.elapsed = Duration::from_micros(self.elapsed.micros().saturating_add(duration.micros()));
        self.actions.push_back(Action::Pause(duration));
    }

    /// Returns the time that passes from the start to here.
    pub(crate) fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// Begins to measure the time of a transfer.
    pub(crate) fn mark(&mut self) {
        self.marked = self.elapsed;
    }

    /// Returns the time that passes from the last mark to here.
    pub(crate) fn since_mark(&self) -> Duration {
        self.elapsed - self.marked
    }

    /// Goes on until a pause or the end.
    ///
    /// # Errors
    /// [`Stop::Wait`] during a pause.
    pub(super) fn play(&mut self, call: &mut Call<'_>) -> Result<i32, Stop> {
        while let Some(action) = self.actions.front() {
            match action {
                Action::Print(1, bytes) => call.print(bytes)?,
                Action::Print(descriptor, bytes) => {
                    // As in a real program, nobody hears that standard error is closed.
                    let _ = call.write(*descriptor, bytes);
                }
                Action::Pause(duration) => {
                    let until = *self.until.get_or_insert(call.now() + *duration);
                    if call.now() < until {
                        return Err(Stop::Wait(Wait::Until(until)));
                    }
                    self.until = None;
                }
            }
            self.actions.pop_front();
        }
        Ok(self.code)
    }
}
