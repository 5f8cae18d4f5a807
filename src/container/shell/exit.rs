//! The end of a shell, and `set -e`.

use super::expand::Stack;
use super::frame::{FrameKind, Source};
use super::pending::Pending;
use super::signals::Event;
use super::{Interrupt, Shell, Step};
use crate::call::{Call, Stop};

impl Shell {
    /// Ends the shell with a status; its trap runs before.
    pub(super) fn exit(&mut self, call: &mut Call<'_>, status: i32) -> Result<(), Stop> {
        self.status = status;
        let is_in_trap = self.frames.iter().any(|frame| matches!(frame.kind, FrameKind::Exit(_)));
        let action =
            if is_in_trap { None } else { self.traps.remove(&Event::Exit).filter(|action| !action.is_empty()) };
        self.abandon(call);
        let Some(action) = action else {
            self.frames.clear();
            return Err(Stop::Exit(status & 0xff));
        };
        self.frames.clear();
        let source = Some(Source::new(action));
        match self.push_frame(call, FrameKind::Exit(status), source, None) {
            Ok(()) => Ok(()),
            Err(_) => Err(Stop::Exit(status & 0xff)),
        }
    }

    /// Acts on an error: an interactive shell goes on with the next command, any other exits.
    pub(super) fn fail(&mut self, call: &mut Call<'_>, status: i32) -> Result<(), Stop> {
        if !self.is_interactive() || self.is_subshell {
            return self.exit(call, status);
        }
        self.reset(call);
        self.status = status;
        Ok(())
    }

    /// Goes back to the main script, behind its present command.
    pub(super) fn reset(&mut self, call: &mut Call<'_>) {
        self.abandon(call);
        while self.frames.len() > 1 {
            self.pop_frame(call);
        }
        self.controls.clear();
        while !self.saved.is_empty() {
            self.restore_files(call);
        }
        self.guards = 0;
        if let Some(frame) = self.frames.last_mut() {
            frame.at = frame.end;
        }
    }

    /// Forgets the command that is being put together.
    fn abandon(&mut self, call: &mut Call<'_>) {
        self.stack = Stack::default();
        self.pending = Pending::Nothing;
        self.jobs.stages.clear();
        if let Some(input) = self.jobs.stage_input.take() {
            call.close(input);
        }
        for (name, old) in std::mem::take(&mut self.undo).into_iter().rev() {
            self.variables.restore(&name, old);
        }
        self.close_substitutions(call);
    }

    /// Acts on the failure of the last command, unless it stands in a condition: runs the trap of failures, then does what
    /// `set -e` says. Functions do not inherit the trap.
    pub(super) fn check_failure(&mut self, call: &mut Call<'_>) -> Step {
        if self.status == 0 || self.guards > 0 {
            return Ok(());
        }
        let is_inherited = self.options.has('E') || !self.is_in_function();
        match self.traps.get(&Event::Error).filter(|_| is_inherited && !self.is_in_error_trap()).cloned() {
            Some(action) => self.push_frame(call, FrameKind::ErrorTrap(self.status), Some(Source::new(action)), None),
            None => self.check_errexit(),
        }
    }

    /// Reports whether the trap of a failed command runs.
    pub(super) fn is_in_error_trap(&self) -> bool {
        self.frames.iter().any(|frame| matches!(frame.kind, FrameKind::ErrorTrap(_)))
    }

    /// Prints how long a pipeline has taken. Programs take no processor time.
    pub(super) fn print_time(&mut self, call: &mut Call<'_>, is_posix: bool) {
        let Some(started) = self.timers.pop() else { return };
        let micros = (call.now() - started).micros();
        let (seconds, millis) = (micros / 1_000_000, micros / 1000 % 1000);
        let text = match is_posix {
            true => format!("real {seconds}.{:02}\nuser 0.00\nsys 0.00\n", millis / 10),
            false => {
                format!("\nreal\t{}m{}.{millis:03}s\nuser\t0m0.000s\nsys\t0m0.000s\n", seconds / 60, seconds % 60)
            }
        };
        self.say(call, &text);
    }

    /// Ends the shell if the last command has failed and `set -e` is on, but not in a condition.
    pub(super) fn check_errexit(&mut self) -> Step {
        if self.status == 0 || self.guards > 0 {
            return Ok(());
        }
        if self.options.has('e') { Err(Interrupt::Exit(self.status)) } else { Ok(()) }
    }
}
