//! The machine: executes instructions until the shell has to wait or ends.

use super::code::{Op, Position};
use super::control::ControlKind;
use super::frame::{FrameKind, Function};
use super::pattern::Pattern;
use super::pending::Pending;
use super::syntax::Dialect;
use super::{Interrupt, Shell, Step};
use crate::call::{Call, Stop};
use crate::process::Wait;

/// Instructions between two looks of the kernel at other processes.
const SLICE: u32 = 200;
/// Instructions at one instant after which time goes on: a loop that waits for nothing does take time.
const BURST: u32 = 100_000;
/// The time that so many instructions take.
const BURST_TIME: kctl_base::sim::Duration = kctl_base::sim::Duration::from_millis(10);

impl Shell {
    /// Goes on until the shell waits or ends.
    pub(crate) fn step(&mut self, call: &mut Call<'_>) -> Result<i32, Stop> {
        if !self.is_started {
            self.is_started = true;
            if let Err(status) = self.start(call) {
                return Ok(status);
            }
        }
        for _ in 0..SLICE {
            let interrupt = match self.advance(call) {
                Ok(()) => continue,
                Err(interrupt) => interrupt,
            };
            match interrupt {
                Interrupt::Stop(stop) => return Err(stop),
                Interrupt::Exit(status) => self.exit(call, status)?,
                Interrupt::Fail(status) => self.fail(call, status)?,
            }
            if self.frames.is_empty() {
                return Ok(self.status & 0xff);
            }
        }
        Err(Stop::Wait(Wait::Until(self.next_slice(call))))
    }

    /// Returns when the shell goes on that has used up its slice.
    fn next_slice(&mut self, call: &Call<'_>) -> kctl_base::sim::Time {
        let now = call.now();
        let count = if self.burst.0 == now { self.burst.1 + SLICE } else { SLICE };
        self.burst = (now, count);
        if count < BURST { now } else { now + BURST_TIME }
    }

    /// Executes one instruction, or goes on with what the shell waits for.
    fn advance(&mut self, call: &mut Call<'_>) -> Step {
        if !call.process.pending.is_empty() {
            // The kernel delivers a signal that the shell has sent to itself.
            return Err(Interrupt::Stop(Stop::Wait(Wait::Until(call.now()))));
        }
        self.take_interrupt(call);
        if !matches!(self.pending, Pending::Nothing) {
            return self.resume(call);
        }
        if !self.caught.is_empty() && self.stack.is_idle() {
            self.run_trap(call)?;
        }
        let Some(frame) = self.frames.last_mut() else { return Err(Interrupt::Exit(self.status)) };
        if frame.at < frame.end {
            let at = frame.at;
            frame.at += 1;
            let Some(unit) = frame.unit.clone() else { return Ok(()) };
            return match unit.ops().get(at) {
                Some(op) => self.execute(call, op),
                None => Ok(()),
            };
        }
        self.end_of_code(call)
    }

    fn end_of_code(&mut self, call: &mut Call<'_>) -> Step {
        if self.next_unit(call)? {
            return Ok(());
        }
        let kind = self.frames.last().map(|frame| frame.kind.clone());
        match kind {
            Some(FrameKind::Main | FrameKind::Child) | None => Err(Interrupt::Exit(self.status)),
            Some(FrameKind::Exit(status)) => {
                self.frames.clear();
                self.status = status;
                // The trap has run; nothing is left to execute.
                Err(Interrupt::Stop(Stop::Exit(status & 0xff)))
            }
            Some(_) => {
                let is_error_trap = self.is_in_error_trap();
                let has_run = self.frames.last().is_some_and(|frame| frame.unit.is_some());
                if !has_run {
                    // `eval` and `.` of nothing succeed.
                    self.status = 0;
                }
                self.pop_frame(call);
                if is_error_trap { self.check_errexit() } else { self.check_failure(call) }
            }
        }
    }

    fn jump(&mut self, to: Position) {
        if let Some(frame) = self.frames.last_mut() {
            frame.at = to;
        }
    }

    fn execute(&mut self, call: &mut Call<'_>, op: &Op) -> Step {
        match op {
            Op::Line(line) => {
                if self.options.has('n') && !self.is_interactive() {
                    let end = self.frames.last().map_or(0, |frame| frame.end);
                    self.jump(end);
                }
                // The traps of failures tell the line of the command.
                if !self.is_in_error_trap() {
                    self.line = *line;
                }
                self.substituted = None;
            }
            Op::Assign { .. } | Op::ArrayStart | Op::ArrayElement | Op::ArrayFields | Op::ArrayEnd { .. } => {
                self.collect(op);
            }
            Op::Redirect { descriptor, operator } => self.stack.take_redirect(*descriptor, *operator),
            Op::NoAlias => self.stack.has_no_alias = true,
            Op::Run => return self.run(call),
            Op::Open { end } => return self.open_compound(call, *end),
            Op::Close => self.restore_files(call),
            Op::Define { name, end } => self.define(name, *end),
            Op::Substitute { .. }
            | Op::Process { .. }
            | Op::Subshell { .. }
            | Op::Background { .. }
            | Op::Coprocess { .. } => {
                return self.fork(call, op);
            }
            Op::Stage { .. } | Op::PipelineEnd => return self.fork(call, op),
            Op::Jump(to) => self.jump(*to),
            Op::JumpIf(success, to) => {
                if (self.status == 0) == *success {
                    self.jump(*to);
                }
            }
            Op::Not => self.status = i32::from(self.status == 0),
            Op::Status(status) => self.status = *status,
            Op::Guard => self.guards += 1,
            Op::Unguard => self.guards = self.guards.saturating_sub(1),
            Op::Check => return self.check_failure(call),
            Op::TimeStart => self.timers.push(call.now()),
            Op::TimeEnd(is_posix) => self.print_time(call, *is_posix),
            Op::SelectStart { .. } | Op::SelectNext { .. } => return self.control(call, op),
            Op::LoopStart { .. } | Op::LoopRound | Op::LoopEnd | Op::ForStart { .. } | Op::ForNext { .. } => {
                return self.control(call, op);
            }
            Op::CaseStart | Op::CaseMatch(_) | Op::CaseEnd => return self.control(call, op),
            Op::TestUnary(_) | Op::TestBinary(_) | Op::Evaluate | Op::TraceTest { .. } => {
                return self.test_op(call, op);
            }
            _ => return self.word_op(call, op),
        }
        Ok(())
    }

    /// Makes the redirections of a compound command, or goes on behind it.
    fn open_compound(&mut self, call: &mut Call<'_>, end: Position) -> Step {
        let redirects = std::mem::take(&mut self.stack.redirects);
        if self.open(call, &redirects) {
            return Ok(());
        }
        self.status = if self.dialect == Dialect::Dash { 2 } else { 1 };
        self.jump(end);
        self.check_failure(call)
    }

    fn define(&mut self, name: &str, end: Position) {
        let Some(frame) = self.frames.last_mut() else { return };
        let Some(unit) = frame.unit.clone() else { return };
        self.functions.insert(name.to_owned(), Function { unit, start: frame.at, end });
        frame.at = end;
        self.status = 0;
    }

    fn control(&mut self, call: &mut Call<'_>, op: &Op) -> Step {
        match op {
            Op::LoopStart { end, next } => {
                self.push_control(ControlKind::Loop { end: *end, next: *next, status: 0 });
            }
            Op::LoopRound => self.end_round(),
            Op::LoopEnd => self.end_loop(),
            Op::ForStart { has_words, end } => {
                let mut words = if *has_words { std::mem::take(&mut self.stack.args) } else { self.parameters.clone() };
                let quoted: Vec<String> = words.iter().map(|word| super::trace::quote(word, false)).collect();
                let trace = if self.options.has('x') { quoted.join(" ") } else { String::new() };
                words.reverse();
                let next = self.frames.last().map_or(0, |frame| frame.at);
                self.push_control(ControlKind::For { end: *end, next, status: 0, words, trace });
            }
            Op::SelectStart { has_words, end } => {
                let words = if *has_words { std::mem::take(&mut self.stack.args) } else { self.parameters.clone() };
                let next = self.frames.last().map_or(0, |frame| frame.at);
                let (end, status, shows_menu, is_prompted) = (*end, 0, true, false);
                self.push_control(ControlKind::Select { end, next, status, words, shows_menu, is_prompted });
            }
            Op::SelectNext { name } => return self.choose(call, name),
            Op::ForNext { name } => {
                let Some(control) = self.controls.last_mut() else { return Ok(()) };
                let ControlKind::For { end, words, trace, .. } = &mut control.kind else { return Ok(()) };
                let (end, trace) = (*end, format!("for {name} in {trace}"));
                match words.pop() {
                    Some(word) => {
                        if !super::syntax::is_name(name) {
                            self.error(call, &format!("`{name}': not a valid identifier"));
                            self.jump(end);
                            self.fail_loop();
                            return Ok(());
                        }
                        self.trace_line(call, &trace);
                        self.assign(call, name, word)?;
                    }
                    None => self.jump(end),
                }
            }
            Op::CaseStart => {
                let subject = self.stack.take_value();
                self.trace_line(call, &format!("case {} in", super::trace::quote(&subject, false)));
                self.push_control(ControlKind::Case(subject));
            }
            Op::CaseMatch(to) => {
                let pattern = Pattern::new(&self.stack.take_value(), self.options.has_shopt("extglob"))
                    .with_case(!self.options.has_shopt("nocasematch"));
                if let Some(ControlKind::Case(subject)) = self.controls.last().map(|control| &control.kind)
                    && pattern.matches(subject)
                {
                    self.jump(*to);
                }
            }
            Op::CaseEnd => {
                self.controls.pop();
            }
            _ => {}
        }
        Ok(())
    }
}
