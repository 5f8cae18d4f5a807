//! Runs scripts of `sed`. It may have to wait at any command, and goes on there.

use serde::{Deserialize, Serialize};

use super::script::{Action, Address, Command, End};
use crate::call::{Call, Stop};
use crate::programs::io::{Event, Io};
use crate::programs::opts::{Options, is_busybox};

/// Most commands that are run for one line: loops end.
const MAX_STEPS: u64 = 1_000_000;

/// The step behind the present line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Ahead {
    Line(Vec<u8>),
    /// The end of all input, or of the file when files are separate.
    End,
}

/// The state of `sed`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Machine {
    pub(super) pattern: Vec<u8>,
    pub(super) hold: Vec<u8>,
    pub(super) line: u64,
    ahead: Option<Ahead>,
    /// The line of the pattern has an end.
    pub(super) has_end: bool,
    /// The next command; `None` before the first line and between lines.
    next: Option<usize>,
    /// Ranges that have begun: by the index of their command, with the number of their first line.
    pub(super) ranges: Vec<(usize, u64)>,
    pub(super) has_substituted: bool,
    /// Texts and files that are printed at the end of the cycle.
    pub(super) queue: Vec<Queued>,
    /// The last line that was printed has no end yet.
    lacks_end: bool,
    /// The present file, edited in place.
    edited: Vec<u8>,
    pub(super) outputs: Vec<(String, i32)>,
    steps: u64,
    pub(super) keeps_pattern: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Queued {
    Text(Vec<u8>),
    File(String),
}

/// Where a command leads.
pub(super) enum Flow {
    Next,
    Goto(usize),
    /// Ends the cycle, printing the pattern unless it was deleted.
    EndCycle {
        prints: bool,
    },
    Quit {
        code: i32,
        prints: bool,
    },
}

impl Machine {
    pub(super) fn run(
        &mut self,
        call: &mut Call<'_>,
        io: &mut Io,
        commands: &[Command],
        options: &Options,
    ) -> Result<i32, Stop> {
        let script = Script { commands, options };
        loop {
            if self.next.is_none() {
                if !self.keeps_pattern && !self.fetch(call, io, &script)? {
                    return Ok(if is_busybox(call) { io.code() } else { 2 * io.code() });
                }
                self.keeps_pattern = false;
                self.next = Some(0);
                self.steps = 0;
            }
            let flow = self.cycle(call, io, &script)?;
            if let Flow::Quit { code, prints } = flow {
                self.end_cycle(call, io, &script, prints);
                self.finish_file(call, io, &script)?;
                return Ok(code);
            }
            let prints = matches!(flow, Flow::EndCycle { prints: true });
            self.end_cycle(call, io, &script, prints);
            self.next = None;
            io.pause(call, 1)?;
        }
    }

    /// Runs commands until the cycle ends.
    fn cycle(&mut self, call: &mut Call<'_>, io: &mut Io, script: &Script<'_>) -> Result<Flow, Stop> {
        while let Some(command) = self.next.and_then(|next| script.commands.get(next)) {
            let index = self.next.unwrap_or(0);
            self.steps += 1;
            if self.steps > MAX_STEPS {
                call.complain("the script does not end");
                return Err(Stop::Exit(4));
            }
            let applies = self.matches(call, io, script, index)? != command.is_negated;
            if !applies {
                self.next = Some(if let Action::Block(end) = command.action { end + 1 } else { index + 1 });
                continue;
            }
            match self.act(call, io, script, index)? {
                Flow::Next => self.next = Some(index + 1),
                Flow::Goto(target) => self.next = Some(target),
                other => return Ok(other),
            }
        }
        Ok(Flow::EndCycle { prints: true })
    }

    /// Looks at what follows the present line.
    fn peek(&mut self, call: &mut Call<'_>, io: &mut Io, script: &Script<'_>) -> Result<&Ahead, Stop> {
        while self.ahead.is_none() {
            self.ahead = match io.next(call, script.separator())? {
                Event::Line(line) => Some(Ahead::Line(line)),
                Event::Done => Some(Ahead::End),
                Event::End if script.is_separate() => Some(Ahead::End),
                Event::Start | Event::End => None,
            };
        }
        Ok(self.ahead.get_or_insert(Ahead::End))
    }

    /// Takes the next line as the pattern; `false` at the end of all input.
    pub(super) fn fetch(&mut self, call: &mut Call<'_>, io: &mut Io, script: &Script<'_>) -> Result<bool, Stop> {
        loop {
            self.peek(call, io, script)?;
            match self.ahead.take() {
                Some(Ahead::Line(line)) => {
                    self.take_line(line, script);
                    return Ok(true);
                }
                _ if script.is_separate() => {
                    self.finish_file(call, io, script)?;
                    // The end of a file is followed by another one, or by the end of all.
                    match io.next(call, script.separator())? {
                        Event::Done => return Ok(false),
                        Event::Line(line) => self.ahead = Some(Ahead::Line(line)),
                        Event::Start | Event::End => {}
                    }
                }
                _ => return Ok(false),
            }
        }
    }

    fn take_line(&mut self, line: Vec<u8>, script: &Script<'_>) {
        self.line += 1;
        self.has_end = line.last() == Some(&script.separator());
        let length = line.len() - usize::from(self.has_end);
        self.pattern.clear();
        self.pattern.extend_from_slice(&line[..length]);
    }

    /// Writes a file that was edited in place.
    fn finish_file(&mut self, call: &mut Call<'_>, io: &mut Io, script: &Script<'_>) -> Result<(), Stop> {
        if !script.options.has('i') {
            return Ok(());
        }
        // After `q` the rest of the file is kept as it is.
        if let Some(Ahead::Line(line)) = self.ahead.take() {
            self.edited.extend_from_slice(&line);
        }
        while let Event::Line(line) = io.next(call, script.separator())? {
            self.edited.extend_from_slice(&line);
        }
        let name = io.name().to_owned();
        let text = std::mem::take(&mut self.edited);
        self.lacks_end = false;
        if let Some(suffix) = script.options.value('i').filter(|suffix| !suffix.is_empty()) {
            let old = call.files().read(&name).unwrap_or_default();
            let written = call.files().write(&format!("{name}{suffix}"), &old);
            self.check(call, &name, written)?;
        }
        let written = call.files().write(&name, &text);
        self.check(call, &name, written)
    }

    fn check(&self, call: &mut Call<'_>, name: &str, written: Result<(), crate::errno::Errno>) -> Result<(), Stop> {
        written.map_err(|errno| {
            call.complain(&format!("couldn't open temporary file {name}: {}", errno.text()));
            Stop::Exit(4)
        })
    }

    fn end_cycle(&mut self, call: &mut Call<'_>, io: &mut Io, script: &Script<'_>, prints: bool) {
        if prints && !script.options.has('n') {
            let pattern = self.pattern.clone();
            self.print(io, script, &pattern, self.has_end);
        }
        self.has_substituted = false;
        self.flush_queue(call, io, script);
    }

    pub(super) fn flush_queue(&mut self, call: &mut Call<'_>, io: &mut Io, script: &Script<'_>) {
        for queued in std::mem::take(&mut self.queue) {
            let is_file = matches!(queued, Queued::File(_));
            let text = match queued {
                Queued::Text(text) => text,
                // A file that cannot be read is left out without a word.
                Queued::File(name) => call.files().read(&name).unwrap_or_default(),
            };
            let (body, has_end) = text.strip_suffix(b"\n").map_or((text.as_slice(), false), |body| (body, true));
            // GNU copies a file as it is, even if its last line has no end.
            if is_file && !is_busybox(call) {
                self.print(io, script, &text, false);
                self.lacks_end = false;
            } else if !text.is_empty() {
                self.print(io, script, body, has_end);
            }
        }
    }

    /// Prints a line, after the end that the last one lacked.
    pub(super) fn print(&mut self, io: &mut Io, script: &Script<'_>, text: &[u8], has_end: bool) {
        let mut bytes = Vec::with_capacity(text.len() + 2);
        if std::mem::replace(&mut self.lacks_end, !has_end) {
            bytes.push(script.separator());
        }
        bytes.extend_from_slice(text);
        if has_end {
            bytes.push(script.separator());
        }
        if script.options.has('i') {
            self.edited.extend_from_slice(&bytes);
        } else {
            io.print(bytes);
        }
    }

    /// Reports whether the present line is in the range of a command.
    fn matches(&mut self, call: &mut Call<'_>, io: &mut Io, script: &Script<'_>, index: usize) -> Result<bool, Stop> {
        let command = &script.commands[index];
        let Some(first) = &command.first else { return Ok(true) };
        let Some(last) = &command.last else { return self.is_at(call, io, script, first) };
        if let Some(at) = self.ranges.iter().position(|(range, _)| *range == index) {
            let started = self.ranges[at].1;
            let ends = match last {
                // A range whose end lies before the line has ended already.
                End::Line(line) if *line < self.line => {
                    self.ranges.remove(at);
                    return self.begins(call, io, script, index);
                }
                End::Line(line) => *line == self.line,
                End::Last => self.is_last(call, io, script)?,
                End::Match(regex) => regex.is_match(&self.pattern),
                End::After(count) => self.line >= started.saturating_add(*count),
                End::Multiple(count) => *count == 0 || self.line.is_multiple_of(*count),
            };
            if ends {
                self.ranges.remove(at);
            }
            return Ok(true);
        }
        // From line 0 on the pattern of the end is looked for in the first line, too.
        if let (Address::Line(0), End::Match(regex), 1, false) = (first, last, self.line, is_busybox(call)) {
            if !regex.is_match(&self.pattern) {
                self.ranges.push((index, 0));
            }
            return Ok(true);
        }
        self.begins(call, io, script, index)
    }

    fn begins(&mut self, call: &mut Call<'_>, io: &mut Io, script: &Script<'_>, index: usize) -> Result<bool, Stop> {
        let command = &script.commands[index];
        let Some(first) = &command.first else { return Ok(true) };
        if !self.is_at(call, io, script, first)? {
            return Ok(false);
        }
        let is_one_line = match &command.last {
            Some(End::Line(line)) => *line <= self.line,
            Some(End::After(0) | End::Multiple(0)) => true,
            Some(End::Multiple(count)) => self.line.is_multiple_of(*count),
            _ => false,
        };
        if !is_one_line {
            self.ranges.push((index, self.line));
        }
        Ok(true)
    }

    fn is_at(&mut self, call: &mut Call<'_>, io: &mut Io, script: &Script<'_>, at: &Address) -> Result<bool, Stop> {
        Ok(match at {
            Address::Line(line) => *line == self.line,
            Address::Last => self.is_last(call, io, script)?,
            Address::Match(regex) => regex.is_match(&self.pattern),
            Address::Step(first, 0) => *first == self.line,
            Address::Step(first, step) => self.line >= *first && (self.line - first).is_multiple_of(*step),
        })
    }

    pub(super) fn is_last(&mut self, call: &mut Call<'_>, io: &mut Io, script: &Script<'_>) -> Result<bool, Stop> {
        Ok(*self.peek(call, io, script)? == Ahead::End)
    }
}

/// The script with the options that say how it is run.
pub(super) struct Script<'a> {
    pub(super) commands: &'a [Command],
    pub(super) options: &'a Options,
}

impl Script<'_> {
    fn is_separate(&self) -> bool {
        self.options.last_of("is").is_some()
    }

    pub(super) fn separator(&self) -> u8 {
        if self.options.has('z') { 0 } else { b'\n' }
    }

    pub(super) fn has_more_files(&self, io: &Io) -> bool {
        self.is_separate() && io.has_more()
    }
}
