//! `awk`: the language of POSIX.

mod ast;
mod builtins;
mod expressions;
mod lexer;
mod machine;
mod memory;
mod outside;
mod parser;
mod records;
mod statements;
mod value;

use serde::{Deserialize, Serialize};

use crate::call::{Call, Stop};
use crate::programs::io::{Io, Wording};
use crate::programs::opts::{Options, Spec, is_busybox};
use ast::{Program, Statement};
use machine::{Flow, Machine};
use memory::Memory;
use outside::Outside;

const AWK: Spec = Spec::new("+F:v:f:e:", &[], "[OPTIONS] [AWK_PROGRAM] [FILE]...").code(2);

/// `awk`: its variables between records.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Awk {
    memory: Memory,
    outside: Outside,
    phase: Phase,
}

impl Awk {
    pub(super) fn run(&mut self, call: &mut Call<'_>, io: &mut Io) -> Result<i32, Stop> {
        let spec = if is_busybox(call) { AWK.code(1) } else { AWK };
        let mut options = spec.parse(call)?;
        let text = program_text(call, spec, &mut options)?;
        let program = match parser::parse(&text) {
            Ok(program) => program,
            Err(message) => return Err(fail(call, &message)),
        };
        let mut machine = Machine::new(&mut self.memory, &mut self.outside, &program, call, io);
        let result = run(&mut machine, &options, &mut self.phase);
        match result {
            Ok(code) => Ok(code),
            Err(Problem::Stop(stop)) => Err(stop),
            Err(Problem::Message(message)) => Err(fail(call, &message)),
            Err(Problem::Exit) => Ok(self.memory.code),
        }
    }
}

/// Why the machine leaves off.
pub(super) enum Problem {
    Stop(Stop),
    Message(String),
    /// `exit` in a function.
    Exit,
}

impl From<Stop> for Problem {
    fn from(stop: Stop) -> Problem {
        Problem::Stop(stop)
    }
}

impl From<String> for Problem {
    fn from(message: String) -> Problem {
        Problem::Message(message)
    }
}

fn fail(call: &mut Call<'_>, message: &str) -> Stop {
    let message = match is_busybox(call) && message.starts_with("runaway string") {
        true => "Unexpected end of string",
        false => message,
    };
    let line = if is_busybox(call) { format!("cmd. line:1: {message}") } else { format!("line 1: {message}") };
    call.complain(&line);
    Stop::Exit(if is_busybox(call) { 1 } else { 2 })
}

/// Returns the program: that of `-f`, or the first operand, which is taken.
fn program_text(call: &mut Call<'_>, spec: Spec, options: &mut Options) -> Result<String, Stop> {
    let mut parts = Vec::new();
    let given: Vec<(char, String)> = options.given().map(|(option, value)| (option, value.to_owned())).collect();
    for (option, value) in given {
        match option {
            'e' => parts.push(value),
            'f' => match call.files().read(&value) {
                Ok(text) => parts.push(String::from_utf8_lossy(&text).into_owned()),
                Err(errno) => {
                    let message = match is_busybox(call) {
                        true => format!("can't open '{value}': {}", errno.text()),
                        false => format!("cannot open {value} ({})", errno.text()),
                    };
                    call.complain(&message);
                    return Err(Stop::Exit(if is_busybox(call) { 1 } else { 2 }));
                }
            },
            _ => {}
        }
    }
    if parts.is_empty() {
        if options.operands.is_empty() {
            return Err(if is_busybox(call) {
                spec.usage(call, "")
            } else {
                call.warn(b"usage: mawk [Options] [Program] [file ...]\n");
                Stop::Exit(2)
            });
        }
        parts.push(options.operands.remove(0));
    }
    Ok(parts.join("\n"))
}

/// The progress of a program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
enum Phase {
    #[default]
    Start,
    Begin,
    /// It reads the next record.
    Reading,
    Rules,
    End,
    /// It waits for its commands.
    Closing,
}

fn run(machine: &mut Machine<'_, '_>, options: &Options, phase: &mut Phase) -> Result<i32, Problem> {
    let program: &Program = machine.program;
    let is_file = |word: &&String| !is_assignment(word);
    let files: Vec<String> = options.operands.iter().filter(is_file).cloned().collect();
    let wording = match is_busybox(machine.call) {
        true => Wording::PLAIN,
        false => Wording::new("cannot open {} ({e})", "{}"),
    };
    machine.io.start(&files, wording);
    loop {
        *phase = match *phase {
            Phase::Start => {
                machine.set_up(options);
                Phase::Begin
            }
            Phase::Begin => match machine.unit(program.waits.begin, |machine| machine.blocks(&program.begin))? {
                Flow::Exit => Phase::End,
                _ if program.rules.is_empty() && program.end.is_empty() => Phase::Closing,
                _ => {
                    begin_operands(machine, options);
                    Phase::Reading
                }
            },
            Phase::Reading => {
                if machine.next_record()? {
                    Phase::Rules
                } else {
                    Phase::End
                }
            }
            Phase::Rules => match machine.unit(program.waits.rules, Machine::rules)? {
                Flow::Exit => Phase::End,
                _ => {
                    *phase = Phase::Reading;
                    machine.io.pause(machine.call, 1)?;
                    Phase::Reading
                }
            },
            Phase::End => {
                machine.unit(program.waits.end, |machine| machine.blocks(&program.end))?;
                Phase::Closing
            }
            Phase::Closing => {
                machine.close_all()?;
                let failure = if is_busybox(machine.call) { 1 } else { 2 };
                let has_failed = machine.io.has_failed() && machine.memory.code == 0;
                return Ok(if has_failed { failure } else { machine.memory.code });
            }
        };
    }
}

/// Carries out the assignments before the first file; those behind it have to wait until it has been read.
fn begin_operands(machine: &mut Machine<'_, '_>, options: &Options) {
    let has_files = options.operands.iter().any(|word| !is_assignment(word));
    let mut files = 0;
    for word in &options.operands {
        match is_assignment(word) {
            false => files += 1,
            true if files == 0 || !has_files => machine.assign_operand(word),
            true => machine.outside.late_assignments.push_back((files, word.clone())),
        }
    }
}

impl Machine<'_, '_> {
    /// Runs a unit of the program. One that has to wait begins again with the variables that it had at its start.
    fn unit(&mut self, waits: bool, part: impl FnOnce(&mut Self) -> Result<Flow, Problem>) -> Result<Flow, Problem> {
        match (&self.outside.before, waits) {
            (Some(before), _) => before.clone_into(self.memory),
            (None, true) => self.outside.before = Some(self.memory.clone()),
            (None, false) => {}
        }
        self.outside.rewind();
        let result = part(self);
        if let Err(Problem::Stop(stop @ Stop::Wait(_))) = result {
            return Err(stop.into());
        }
        self.outside.forget();
        match result {
            Err(Problem::Exit) => Ok(Flow::Exit),
            other => other,
        }
    }

    /// Runs the blocks of `BEGIN` or `END`; an `exit` ends them all.
    fn blocks(&mut self, blocks: &[Vec<Statement>]) -> Result<Flow, Problem> {
        for block in blocks {
            if let Flow::Exit = self.block(block)? {
                return Ok(Flow::Exit);
            }
        }
        Ok(Flow::Normal)
    }
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        is_name && !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit())
    })
}
