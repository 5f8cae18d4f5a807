//! What a program of `awk` exchanges with the outside: files, commands, random numbers and the time.
//!
//! A program can wait in the middle of an expression. It does not keep its place: the unit that waits (`BEGIN`, the rules for a
//! record, `END`) is run again from its start with the variables of then, and what the outside has answered so far is not asked
//! for again.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::Problem;
use super::ast::Channel;
use super::machine::Machine;
use super::memory::Memory;
use crate::call::Stop;
use crate::process::{OpenMode, Pid, Status, Wait};
use crate::programs::child;

/// Bytes of one read.
const BLOCK: usize = 65_536;
/// Most bytes of a record.
const MAX_RECORD: usize = 16 << 20;

/// An answer of the outside.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Answer {
    /// So many times in a row there was nothing to answer.
    Done(u32),
    Number(f64),
    /// A record of a file or command; `None` at its end.
    Record(Option<String>),
    /// A record of the input, and the file that has begun before it.
    Input(Input),
    /// A file cannot be read.
    Failed,
}

/// The next piece of the input.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Input {
    /// The file that has begun.
    pub(super) file: Option<String>,
    /// Assignments among the operands that were passed since the last record.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) assignments: Vec<String>,
    /// `None` at the end of the last file.
    pub(super) record: Option<String>,
}

/// A file or command that is open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Stream {
    name: String,
    channel: Channel,
    descriptor: i32,
    /// The command.
    child: Option<Pid>,
    /// Status of a command that has ended before somebody asked.
    ended: Option<Status>,
    /// Bytes that were read, but belong to later records.
    buffer: Vec<u8>,
}

/// The state that outlives the repetition of a unit.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Outside {
    streams: Vec<Stream>,
    /// Records that were read, but not yet processed.
    pub(super) queue: VecDeque<String>,
    /// The file that has begun since the last record, and the assignments before it.
    pub(super) new_file: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) new_assignments: Vec<String>,
    /// Assignments that stand behind files, with the number of those.
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    pub(super) late_assignments: VecDeque<(usize, String)>,
    /// The command that is waited for, and how it has ended.
    child: Option<Pid>,
    ended: Option<Status>,
    /// The variables at the start of a unit that can wait.
    pub(super) before: Option<Memory>,
    answers: Vec<Answer>,
    /// Number of answers that the present repetition has taken, and how often it has taken the next one.
    #[serde(skip)]
    taken: (usize, u32),
}

impl Outside {
    /// Lets a unit take the answers of its last repetition.
    pub(super) fn rewind(&mut self) {
        self.taken = (0, 0);
    }

    /// Forgets the unit, which has ended.
    pub(super) fn forget(&mut self) {
        self.before = None;
        self.answers.clear();
        self.rewind();
    }

    fn next(&mut self) -> Option<Answer> {
        let (at, repeated) = self.taken;
        let answer = self.answers.get(at)?.clone();
        self.taken = match answer {
            Answer::Done(times) if repeated + 1 < times => (at, repeated + 1),
            _ => (at + 1, 0),
        };
        Some(answer)
    }

    fn keep(&mut self, answer: Answer) {
        match (self.answers.last_mut(), &answer) {
            (Some(Answer::Done(times)), Answer::Done(_)) => *times += 1,
            _ => self.answers.push(answer),
        }
        self.taken = (self.answers.len(), 0);
    }
}

impl Machine<'_, '_> {
    /// Asks the outside, unless it has answered already.
    pub(super) fn ask(
        &mut self,
        question: impl FnOnce(&mut Self) -> Result<Answer, Problem>,
    ) -> Result<Answer, Problem> {
        if let Some(answer) = self.outside.next() {
            return Ok(answer);
        }
        let answer = question(self)?;
        if self.outside.before.is_some() {
            self.outside.keep(answer.clone());
        }
        Ok(answer)
    }

    /// Asks for a number.
    pub(super) fn ask_number(
        &mut self,
        question: impl FnOnce(&mut Self) -> Result<f64, Problem>,
    ) -> Result<f64, Problem> {
        match self.ask(|machine| question(machine).map(Answer::Number))? {
            Answer::Number(number) => Ok(number),
            _ => Ok(0.0),
        }
    }

    /// Writes to a file or command, which is opened for it.
    pub(super) fn write_to(&mut self, channel: Channel, name: &str, bytes: &[u8]) -> Result<Answer, Problem> {
        let is_it = |stream: &&Stream| stream.name == name && stream.channel.is_output();
        let descriptor = match self.outside.streams.iter().find(is_it) {
            Some(stream) => stream.descriptor,
            None => match name {
                "/dev/stderr" => 2,
                _ => self.open(channel, name)?.descriptor,
            },
        };
        self.call.write(descriptor, bytes).map_err(|errno| format!("write failure on {name}: {}", errno.text()))?;
        Ok(Answer::Done(1))
    }

    fn open(&mut self, channel: Channel, name: &str) -> Result<&mut Stream, Problem> {
        let file = |machine: &mut Self, mode, truncates| {
            let opened = match name {
                "-" | "/dev/stdin" if mode == OpenMode::Read => machine.call.duplicate(0),
                _ => machine.call.open(name, mode, truncates),
            };
            opened.map_err(|errno| format!("can't redirect to {name} ({})", errno.text()))
        };
        let (descriptor, child) = match channel {
            Channel::File => (file(self, OpenMode::Write, true)?, None),
            Channel::Append => (file(self, OpenMode::Append, false)?, None),
            Channel::Input => (file(self, OpenMode::Read, false)?, None),
            Channel::Pipe => {
                let (reader, writer) = self.call.pipe();
                let child = self.spawn(name, Some((0, reader)));
                self.call.close(reader);
                (writer, Some(child?))
            }
            Channel::Command => {
                let (reader, writer) = self.call.pipe();
                let child = self.spawn(name, Some((1, writer)));
                self.call.close(writer);
                (reader, Some(child?))
            }
        };
        let stream = Stream { name: name.to_owned(), channel, descriptor, child, ended: None, buffer: Vec::new() };
        self.outside.streams.push(stream);
        self.outside.streams.last_mut().ok_or_else(|| Problem::Message(String::new()))
    }

    /// Starts a shell with a command, of which a descriptor is another one of the program.
    fn spawn(&mut self, command: &str, replaced: Option<(i32, i32)>) -> Result<Pid, Problem> {
        self.io.flush(self.call)?;
        let own = &self.call.process.files;
        let mut files: BTreeMap<i32, u64> = own.range(0..3).map(|(descriptor, id)| (*descriptor, *id)).collect();
        if let Some((descriptor, id)) = replaced.and_then(|(to, from)| Some((to, *own.get(&from)?))) {
            files.insert(descriptor, id);
        }
        let argv = ["sh", "-c", command].map(String::from).to_vec();
        child::spawn_with(self.call, argv, files).map_err(|errno| format!("can't run sh: {}", errno.text()).into())
    }

    /// Reads the next record of a file or command.
    pub(super) fn read_from(&mut self, channel: Channel, name: &str) -> Result<Answer, Problem> {
        let separator = match self.variable("RS").text("%.6g").as_bytes() {
            [one] => *one,
            _ => b'\n',
        };
        let is_it = |stream: &Stream| stream.name == name && stream.channel == channel;
        let at = match self.outside.streams.iter().position(is_it) {
            Some(at) => at,
            None => {
                if channel == Channel::Input
                    && !matches!(name, "-" | "/dev/stdin")
                    && self.call.files().stat(name).is_err()
                {
                    return Ok(Answer::Failed);
                }
                self.open(channel, name)?;
                self.outside.streams.len() - 1
            }
        };
        loop {
            let Stream { buffer, descriptor, .. } = &mut self.outside.streams[at];
            if let Some(end) = buffer.iter().position(|byte| *byte == separator) {
                let record: Vec<u8> = buffer.drain(..=end).collect();
                return Ok(Answer::Record(Some(String::from_utf8_lossy(&record[..end]).into_owned())));
            }
            let block = match self.call.read(*descriptor, BLOCK)? {
                Ok(block) => block,
                Err(_) => return Ok(Answer::Failed),
            };
            if block.is_empty() || buffer.len() > MAX_RECORD {
                let rest = std::mem::take(buffer);
                let record = (!rest.is_empty()).then(|| String::from_utf8_lossy(&rest).into_owned());
                return Ok(Answer::Record(record));
            }
            buffer.extend(block);
        }
    }

    /// Closes a file, or a command after its end; returns its exit status, or -1 if it is not open.
    pub(super) fn close(&mut self, name: &str) -> Result<f64, Problem> {
        if self.outside.child.is_none() {
            let Some(at) = self.outside.streams.iter().position(|stream| stream.name == name) else { return Ok(-1.0) };
            self.close_at(at);
        }
        self.wait()
    }

    fn close_at(&mut self, at: usize) {
        let stream = self.outside.streams.remove(at);
        self.call.close(stream.descriptor);
        (self.outside.child, self.outside.ended) = (stream.child, stream.ended);
    }

    /// Closes everything, and waits for the commands.
    pub(super) fn close_all(&mut self) -> Result<(), Problem> {
        self.io.flush(self.call)?;
        self.wait()?;
        while !self.outside.streams.is_empty() {
            self.close_at(0);
            self.wait()?;
        }
        Ok(())
    }

    /// Runs a command; returns its exit status.
    pub(super) fn system(&mut self, command: &str) -> Result<f64, Problem> {
        if self.outside.child.is_none() {
            self.outside.child = Some(self.spawn(command, None)?);
        }
        self.wait()
    }

    /// Waits for the command that ends; returns its exit status, 0 if there is none.
    fn wait(&mut self) -> Result<f64, Problem> {
        let Some(child) = self.outside.child else { return Ok(0.0) };
        let ended = match self.outside.ended.take() {
            Some(ended) => Ok(Some(ended)),
            None => self.call.reap(child),
        };
        let status = match ended {
            Ok(None) => {
                self.note_ends();
                return Err(Stop::Wait(Wait::Child).into());
            }
            Ok(Some(Status::Exited(code))) => f64::from(code),
            Ok(Some(Status::Killed(signal))) => 256.0 + f64::from(signal as u8),
            Err(_) => 0.0,
        };
        self.outside.child = None;
        Ok(status)
    }

    /// Notes which commands have ended, so that they do not wake the program up again.
    fn note_ends(&mut self) {
        for stream in &mut self.outside.streams {
            if let (Some(child), None) = (stream.child, stream.ended)
                && let Ok(Some(status)) = self.call.reap(child)
            {
                stream.ended = Some(status);
            }
        }
    }
}
