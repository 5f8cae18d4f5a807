//! Children: subshells, pipelines, command substitutions and background jobs.

use serde::{Deserialize, Serialize};

use super::code::{Op, Position};
use super::expand::Stack;
use super::fields::Chunk;
use super::frame::{Frame, FrameKind};
use super::pending::Pending;
use super::redirect::FIRST_PRIVATE;
use super::syntax::Dialect;
use super::{Shell, Step};
use crate::call::Call;
use crate::fs::Device;
use crate::process::{Pid, Process, Signal, State, Status, Target};
use crate::programs::Task;

/// Children that the shell does not wait for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Jobs {
    /// In the order of their start.
    pub(super) list: Vec<Job>,
    /// `$!`
    pub(super) last: Option<Pid>,
    /// The present pipeline: the children so far, and the reading end for the next.
    pub(super) stages: Vec<Pid>,
    pub(super) stage_input: Option<i32>,
    /// Those of the parent, which `jobs` shows in a subshell.
    #[serde(default)]
    pub(super) inherited: Vec<Job>,
    /// Descriptors of process substitutions of the present command.
    pub(super) substitutions: Vec<i32>,
}

/// A background job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Job {
    pub(super) number: u32,
    pub(super) pid: Pid,
    pub(super) status: Option<Status>,
    pub(super) command: String,
    /// Somebody has waited for it.
    #[serde(default)]
    pub(super) is_awaited: bool,
    /// It is not listed.
    #[serde(default)]
    pub(super) is_hidden: bool,
}

impl Shell {
    /// Executes an instruction that starts a child.
    pub(super) fn fork(&mut self, call: &mut Call<'_>, op: &Op) -> Step {
        match op {
            Op::Subshell { end } => {
                let pid = self.child(call, *end, |_, _| {});
                self.pending = Pending::Foreground(pid);
            }
            Op::Background { end, text } => self.background(call, *end, text),
            Op::Coprocess { end, name } => self.coprocess(call, *end, name),
            Op::Substitute { end, is_quoted } => {
                let (reader, writer) = call.pipe_above(FIRST_PRIVATE);
                let is_bash = self.dialect == Dialect::Bash;
                let pid = self.child(call, *end, |process, shell| {
                    if let Some(file) = process.files.get(&writer).copied() {
                        process.files.insert(1, file);
                    }
                    if is_bash {
                        // Bash does not hand `set -e` down to substitutions.
                        shell.options.set('e', false);
                        shell.nesting = shell.nesting.saturating_add(1);
                    }
                });
                call.close(writer);
                let (bytes, is_quoted) = (Vec::new(), *is_quoted);
                self.pending = Pending::Substitution { pid, descriptor: reader, bytes, is_quoted };
            }
            Op::Process { end, is_output } => self.process_substitution(call, *end, *is_output),
            Op::Stage { end, is_last } => self.stage(call, *end, *is_last),
            _ => {
                let pids = std::mem::take(&mut self.jobs.stages);
                let statuses = vec![None; pids.len()];
                self.pending = Pending::Pipeline { pids, statuses };
            }
        }
        Ok(())
    }

    /// Starts a child that executes the instructions from here to `end`; the shell itself goes on behind them.
    fn child(&mut self, call: &mut Call<'_>, end: Position, prepare: impl FnOnce(&mut Process, &mut Shell)) -> Pid {
        let start = self.frames.last().map_or(0, |frame| frame.at);
        if let Some(frame) = self.frames.last_mut() {
            frame.at = end;
        }
        let mut shell = self.copy(start, end);
        let mut process = call.process.clone();
        prepare(&mut process, &mut shell);
        process.files.retain(|descriptor, _| *descriptor < FIRST_PRIVATE);
        process.pending.clear();
        process.listeners.clear();
        process.state = State::Ready;
        process.task = Task::Shell(Box::new(shell));
        call.spawn(process)
    }

    /// Copies what a child inherits: variables, functions and options, but neither traps nor what is being executed.
    fn copy(&self, start: Position, end: Position) -> Shell {
        let unit = self.frames.last().and_then(|frame| frame.unit.clone());
        let (kind, source) = (FrameKind::Child, None);
        let frame =
            Frame { unit, at: start, end, kind, source, controls: 0, saved: 0, guards: self.guards, undo: Vec::new() };
        Shell {
            dialect: self.dialect,
            name: self.name.clone(),
            options: self.options.clone(),
            variables: self.variables.clone(),
            functions: self.functions.clone(),
            parameters: self.parameters.clone(),
            status: self.status,
            line: self.line,
            pid: self.pid,
            frames: vec![frame],
            stack: Stack::default(),
            controls: Vec::new(),
            saved: Vec::new(),
            guards: self.guards,
            pending: Pending::Nothing,
            jobs: Jobs {
                last: self.jobs.last,
                inherited: if self.dialect == Dialect::Dash { Vec::new() } else { self.jobs.list.clone() },
                ..Jobs::default()
            },
            traps: self.traps.iter().filter(|(_, action)| action.is_empty()).map(|(e, a)| (*e, a.clone())).collect(),
            caught: Vec::new(),
            interrupted: false,
            is_subshell: true,
            is_function_body: self.is_in_function(),
            substituted: None,
            burst: self.burst,
            option_offset: self.option_offset,
            directories: self.directories.clone(),
            undo: Vec::new(),
            builtin: None,
            keeps_files: false,
            builtin_child: None,
            reading: Vec::new(),
            read_deadline: None,
            input: Vec::new(),
            is_prompted: false,
            origin: self.origin,
            is_started: true,
            aliases: self.aliases.clone(),
            timers: Vec::new(),
            limits: self.limits.clone(),
            nesting: self.nesting,
        }
    }

    fn background(&mut self, call: &mut Call<'_>, end: Position, text: &str) {
        let has_job_control = self.options.has('m');
        let null = (!has_job_control).then(|| call.world.add_file(Target::Device(Device::Null)));
        let pid = self.child(call, end, |process, _| {
            if let Some(null) = null {
                process.files.insert(0, null);
                for signal in [Signal::Int, Signal::Quit] {
                    if !process.ignored.contains(&signal) {
                        process.ignored.push(signal);
                    }
                }
            }
        });
        if let Some(null) = null {
            // The child holds it now.
            call.world.release_file(null);
        }
        // A shell of the ash family without job control does not keep the text.
        let has_text = self.dialect == Dialect::Bash || self.is_interactive();
        let number = self.add_job(pid, if has_text { text } else { "" });
        if self.is_interactive() && self.dialect == Dialect::Bash {
            self.say(call, &format!("[{number}] {pid}\n"));
        }
        self.jobs.last = Some(pid);
        self.status = 0;
    }

    /// Notes a job; returns its number. Those that somebody has waited for are forgotten.
    fn add_job(&mut self, pid: Pid, text: &str) -> u32 {
        self.jobs.list.retain(|job| job.status.is_none() || !job.is_awaited);
        let last = self.jobs.list.iter().map(|job| job.number).max().unwrap_or(0);
        let is_free = |number: &u32| self.jobs.list.iter().all(|job| job.number != *number);
        let number = match self.dialect {
            Dialect::Bash => last + 1,
            _ => (1..=last).find(is_free).unwrap_or(last + 1),
        };
        let command = text.to_owned();
        self.jobs.list.push(Job { number, pid, status: None, command, is_awaited: false, is_hidden: false });
        number
    }

    /// Starts a child whose standard input and output are pipes to the shell, which finds them in an array.
    fn coprocess(&mut self, call: &mut Call<'_>, end: Position, name: &str) {
        let (input_reader, input_writer) = call.pipe_above(FIRST_PRIVATE);
        let (output_reader, output_writer) = call.pipe_above(FIRST_PRIVATE);
        let pid = self.child(call, end, |process, _| {
            for (standard, descriptor) in [(0, input_reader), (1, output_writer)] {
                if let Some(file) = process.files.get(&descriptor).copied() {
                    process.files.insert(standard, file);
                }
            }
        });
        call.close(input_reader);
        call.close(output_writer);
        let mut public = Vec::new();
        for private in [output_reader, input_writer] {
            let free = (10..FIRST_PRIVATE).rev().find(|descriptor| !call.process.files.contains_key(descriptor));
            let free = free.unwrap_or(FIRST_PRIVATE - 1);
            // The pipe was opened just before.
            let _ = call.duplicate_to(private, free);
            call.close(private);
            public.push(free.to_string());
        }
        self.variables.entry(name).value = super::variables::Value::List((0..).zip(public).collect());
        self.variables.set(&format!("{name}_PID"), pid.to_string());
        self.add_job(pid, "");
        self.jobs.last = Some(pid);
        self.status = 0;
    }

    fn stage(&mut self, call: &mut Call<'_>, end: Position, is_last: bool) {
        let input = self.jobs.stage_input.take();
        let output = (!is_last).then(|| call.pipe_above(FIRST_PRIVATE));
        let pid = self.child(call, end, |process, _| {
            if let Some(file) = input.and_then(|input| process.files.get(&input).copied()) {
                process.files.insert(0, file);
            }
            if let Some(file) = output.and_then(|(_, writer)| process.files.get(&writer).copied()) {
                process.files.insert(1, file);
            }
        });
        if let Some(input) = input {
            call.close(input);
        }
        if let Some((reader, writer)) = output {
            call.close(writer);
            self.jobs.stage_input = Some(reader);
        }
        self.jobs.stages.push(pid);
    }

    /// Connects a child by a pipe whose path is `/dev/fd/N`.
    fn process_substitution(&mut self, call: &mut Call<'_>, end: Position, is_output: bool) {
        let (reader, writer) = call.pipe_above(FIRST_PRIVATE);
        let (inner, outer, standard) = if is_output { (reader, writer, 0) } else { (writer, reader, 1) };
        let pid = self.child(call, end, |process, _| {
            if let Some(file) = process.files.get(&inner).copied() {
                process.files.insert(standard, file);
            }
        });
        call.close(inner);
        let number = self.add_job(pid, "");
        if let Some(job) = self.jobs.list.iter_mut().find(|job| job.number == number) {
            // It is no job that anybody sees.
            job.is_hidden = true;
        }
        // The next command gets it under a number of its own.
        let free =
            (10..FIRST_PRIVATE).rev().find(|descriptor| !call.process.files.contains_key(descriptor)).unwrap_or(63);
        // The pipe was opened just before.
        let _ = call.duplicate_to(outer, free);
        call.close(outer);
        self.jobs.substitutions.push(free);
        self.stack.word().push(Chunk::Quoted(format!("/dev/fd/{free}")));
    }
}
