//! Programs.

use serde::{Deserialize, Serialize};

use super::Program;
use crate::call::{Call, Stop};

/// The programs without a state.
pub(super) const PROGRAMS: &[(&str, Program)] = &[];

/// The names of the programs with a state.
pub(super) const NAMES: &[&str] = &[];

/// The state of a program of this family.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum State {}

impl State {
    /// Goes on until the program waits or ends.
    pub(super) fn step(&mut self, _call: &mut Call<'_>) -> Result<i32, Stop> {
        match *self {}
    }
}

/// Returns the first state of a program; `None` if it is not one of this family with a state.
pub(super) fn state(_name: &str, _argv: &[String]) -> Option<State> {
    None
}
