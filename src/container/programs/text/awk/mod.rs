//! `awk`: the language of POSIX without pipes, `system` and `getline`.

mod ast;
mod builtins;
mod expressions;
mod lexer;
mod machine;
mod memory;
mod parser;
mod records;
mod statements;
mod value;

use serde::{Deserialize, Serialize};

use crate::call::{Call, Stop};
use crate::programs::io::{Io, Wording};
use crate::programs::opts::{Options, Spec, is_busybox};
use ast::Program;
use machine::{Flow, Machine};
use memory::Memory;
use value::Value;

const AWK: Spec = Spec::new("+F:v:f:e:", &[], "[OPTIONS] [AWK_PROGRAM] [FILE]...").code(2);

/// `awk`: its variables between records.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Awk {
    memory: Memory,
    has_begun: bool,
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
        let mut machine = Machine::new(&mut self.memory, &program, call, io);
        let result = run(&mut machine, &options, &mut self.has_begun);
        match result {
            Ok(code) => Ok(code),
            Err(Problem::Stop(stop)) => Err(stop),
            Err(Problem::Message(message)) => Err(fail(call, &message)),
        }
    }
}

/// Why the machine leaves off.
pub(super) enum Problem {
    Stop(Stop),
    Message(String),
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

fn run(machine: &mut Machine<'_, '_>, options: &Options, has_begun: &mut bool) -> Result<i32, Problem> {
    let program: &Program = machine.program;
    let operands = options.operands.clone();
    let (assignments, files): (Vec<&String>, Vec<&String>) = operands.iter().partition(|word| is_assignment(word));
    let files: Vec<String> = files.into_iter().cloned().collect();
    let wording = match is_busybox(machine.call) {
        true => Wording::PLAIN,
        false => Wording::new("cannot open {} ({e})", "{}"),
    };
    if !*has_begun {
        *has_begun = true;
        machine.set_up(options, &files);
        for block in &program.begin {
            if let Flow::Exit = machine.block(block)? {
                return end(machine, program);
            }
        }
        if program.rules.is_empty() && program.end.is_empty() {
            return Ok(machine.memory.code);
        }
        for assignment in assignments {
            if let Some((name, value)) = assignment.split_once('=') {
                machine.set(name, Value::input(value));
            }
        }
    }
    machine.io.start(&files, wording);
    while machine.next_record()? {
        if let Flow::Exit = machine.rules()? {
            return end(machine, program);
        }
        machine.io.pause(machine.call, 1)?;
    }
    end(machine, program)
}

/// Runs the rules for the end; an `exit` in them ends at once.
fn end(machine: &mut Machine<'_, '_>, program: &Program) -> Result<i32, Problem> {
    for block in &program.end {
        if let Flow::Exit = machine.block(block)? {
            break;
        }
    }
    let has_failed = machine.io.has_failed();
    let failure = if is_busybox(machine.call) { 1 } else { 2 };
    Ok(if has_failed && machine.memory.code == 0 { failure } else { machine.memory.code })
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        is_name && !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit())
    })
}
