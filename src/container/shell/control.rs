//! Loops and `case`.

use serde::{Deserialize, Serialize};

use super::Shell;
use super::code::Position;
use crate::call::Call;

/// A loop or `case` command that is being executed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Control {
    pub(super) kind: ControlKind,
    /// Number of saved descriptors outside of it.
    saved: usize,
    /// Conditions around it.
    guards: u32,
}

/// The kind of a loop or `case`, with its state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum ControlKind {
    /// A loop: its end, where the next round begins, and the status of the last one.
    Loop { end: Position, next: Position, status: i32 },
    /// A loop over words, which are kept in reverse.
    For { end: Position, next: Position, status: i32, words: Vec<String>, trace: String },
    /// `select`: its words, whether the menu is due, and whether the prompt has been written.
    Select { end: Position, next: Position, status: i32, words: Vec<String>, shows_menu: bool, is_prompted: bool },
    /// `case` with its subject.
    Case(String),
}

impl Shell {
    pub(super) fn push_control(&mut self, kind: ControlKind) {
        self.controls.push(Control { kind, saved: self.saved.len(), guards: self.guards });
    }

    /// Notes the status of a round of the innermost loop.
    pub(super) fn end_round(&mut self) {
        let last = self.status;
        if let Some(
            ControlKind::Loop { status, .. } | ControlKind::For { status, .. } | ControlKind::Select { status, .. },
        ) = self.controls.last_mut().map(|control| &mut control.kind)
        {
            *status = last;
        }
    }

    /// Makes the innermost loop fail.
    pub(super) fn fail_loop(&mut self) {
        self.status = 1;
        self.end_round();
    }

    /// Ends the innermost loop, whose status becomes that of the shell.
    pub(super) fn end_loop(&mut self) {
        if let Some(
            ControlKind::Loop { status, .. } | ControlKind::For { status, .. } | ControlKind::Select { status, .. },
        ) = self.controls.pop().map(|control| control.kind)
        {
            self.status = status;
        }
    }

    /// Returns the number of loops of the innermost frame.
    pub(super) fn loop_depth(&self) -> usize {
        let base = self.frames.last().map_or(0, |frame| frame.controls);
        self.controls[base.min(self.controls.len())..]
            .iter()
            .filter(|control| !matches!(control.kind, ControlKind::Case(_)))
            .count()
    }

    /// Leaves `levels` loops, or with `again` begins the next round of the outermost of them.
    pub(super) fn leave_loops(&mut self, call: &mut Call<'_>, levels: usize, again: bool) {
        let mut left = levels.min(self.loop_depth());
        while left > 0 {
            let Some(control) = self.controls.last_mut() else { return };
            let (saved, guards) = (control.saved, control.guards);
            let target = match &mut control.kind {
                ControlKind::Case(_) => {
                    self.controls.pop();
                    continue;
                }
                ControlKind::Loop { end, next, status }
                | ControlKind::For { end, next, status, .. }
                | ControlKind::Select { end, next, status, .. } => {
                    *status = 0;
                    if again { *next } else { *end }
                }
            };
            left -= 1;
            if left > 0 {
                self.controls.pop();
                continue;
            }
            while self.saved.len() > saved {
                self.restore_files(call);
            }
            self.guards = guards;
            if let Some(frame) = self.frames.last_mut() {
                frame.at = target;
            }
        }
        self.status = 0;
    }
}
