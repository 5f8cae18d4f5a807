//! Runs scripts of `sed`. It may have to wait at any command, and goes on there.

use serde::{Deserialize, Serialize};

use super::script::{Action, Address, Case, Command, End, Part, Substitution};
use crate::call::{Call, Stop};
use crate::process::OpenMode;
use crate::programs::io::{Event, Io};
use crate::programs::opts::{Options, is_busybox};

/// Most commands that are run for one line: loops end.
const MAX_STEPS: u64 = 1_000_000;

/// What follows the present line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Ahead {
    Line(Vec<u8>),
    /// The end of all input, or of the file when files are separate.
    End,
}

/// The state of `sed`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Machine {
    pattern: Vec<u8>,
    hold: Vec<u8>,
    line: u64,
    ahead: Option<Ahead>,
    /// The line of the pattern has an end.
    has_end: bool,
    /// The next command; `None` before the first line and between lines.
    next: Option<usize>,
    /// Ranges that have begun: by the index of their command, with the number of their first line.
    ranges: Vec<(usize, u64)>,
    has_substituted: bool,
    /// What is printed at the end of the cycle: texts, and files that are read.
    queue: Vec<Queued>,
    /// The last line that was printed has no end yet.
    lacks_end: bool,
    /// The present file, edited in place.
    edited: Vec<u8>,
    outputs: Vec<(String, i32)>,
    steps: u64,
    keeps_pattern: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Queued {
    Text(Vec<u8>),
    File(String),
}

/// Where a command leads.
enum Flow {
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
    fn fetch(&mut self, call: &mut Call<'_>, io: &mut Io, script: &Script<'_>) -> Result<bool, Stop> {
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
        loop {
            match io.next(call, script.separator())? {
                Event::Line(line) => self.edited.extend_from_slice(&line),
                _ => break,
            }
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

    fn flush_queue(&mut self, call: &mut Call<'_>, io: &mut Io, script: &Script<'_>) {
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
    fn print(&mut self, io: &mut Io, script: &Script<'_>, text: &[u8], has_end: bool) {
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
                End::Multiple(count) => *count == 0 || self.line % count == 0,
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
            Some(End::Multiple(count)) => self.line % count == 0,
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
            Address::Step(first, step) => self.line >= *first && (self.line - first) % step == 0,
        })
    }

    fn is_last(&mut self, call: &mut Call<'_>, io: &mut Io, script: &Script<'_>) -> Result<bool, Stop> {
        Ok(*self.peek(call, io, script)? == Ahead::End)
    }

    fn act(&mut self, call: &mut Call<'_>, io: &mut Io, script: &Script<'_>, index: usize) -> Result<Flow, Stop> {
        let command = &script.commands[index];
        match &command.action {
            Action::Block(_) | Action::EndBlock | Action::Label => {}
            Action::Branch(target) => return Ok(Flow::Goto(*target)),
            Action::BranchIfSubstituted(target) => {
                if std::mem::take(&mut self.has_substituted) {
                    return Ok(Flow::Goto(*target));
                }
            }
            Action::BranchUnlessSubstituted(target) => {
                if !std::mem::take(&mut self.has_substituted) {
                    return Ok(Flow::Goto(*target));
                }
            }
            Action::Substitute(substitution) => self.substitute(call, io, script, substitution)?,
            Action::Translate(table) => {
                for byte in &mut self.pattern {
                    *byte = table[usize::from(*byte)];
                }
            }
            Action::Print => {
                let pattern = self.pattern.clone();
                self.print(io, script, &pattern, self.has_end);
            }
            Action::PrintFirstLine => {
                let first = self.pattern.split(|byte| *byte == b'\n').next().unwrap_or_default().to_vec();
                self.print(io, script, &first, true);
            }
            Action::Delete => return Ok(Flow::EndCycle { prints: false }),
            Action::DeleteFirstLine => {
                if let Some(end) = self.pattern.iter().position(|byte| *byte == b'\n') {
                    self.pattern.drain(..=end);
                    self.keeps_pattern = true;
                }
                return Ok(Flow::EndCycle { prints: false });
            }
            Action::Next | Action::AppendNext => return self.next_line(call, io, script, index),
            Action::CopyToHold => self.hold.clone_from(&self.pattern),
            Action::AppendToHold => {
                self.hold.push(b'\n');
                self.hold.extend_from_slice(&self.pattern);
            }
            Action::CopyFromHold => self.pattern.clone_from(&self.hold),
            Action::AppendFromHold => {
                self.pattern.push(b'\n');
                self.pattern.extend_from_slice(&self.hold);
            }
            Action::Exchange => std::mem::swap(&mut self.pattern, &mut self.hold),
            Action::Append(text) => self.queue.push(Queued::Text(text.clone())),
            Action::Read(name) => self.queue.push(Queued::File(name.clone())),
            Action::Insert(text) => self.print(io, script, &text[..text.len() - 1], true),
            Action::Change(text) => {
                let is_inside = command.last.is_some() && self.ranges.iter().any(|(range, _)| *range == index);
                if !is_inside || command.is_negated {
                    self.print(io, script, &text[..text.len() - 1], true);
                }
                return Ok(Flow::EndCycle { prints: false });
            }
            Action::Quit(code) => return Ok(Flow::Quit { code: *code, prints: true }),
            Action::QuitSilently(code) => return Ok(Flow::Quit { code: *code, prints: false }),
            Action::PrintNumber => {
                let number = self.line.to_string();
                self.print(io, script, number.as_bytes(), true);
            }
            Action::List => {
                let text = list(&self.pattern);
                self.print(io, script, text.as_bytes(), true);
            }
            Action::Write(name) => {
                let line = [self.pattern.as_slice(), b"\n"].concat();
                self.write(call, io, name, &line)?;
            }
            Action::Empty => self.pattern.clear(),
            Action::FileName => {
                let name = io.name().to_owned();
                self.print(io, script, name.as_bytes(), true);
            }
        }
        io.check_memory(call, self.pattern.len().max(self.hold.len()))?;
        Ok(Flow::Next)
    }

    /// Runs `n` and `N`. Without a next line GNU prints the pattern and ends.
    fn next_line(&mut self, call: &mut Call<'_>, io: &mut Io, script: &Script<'_>, index: usize) -> Result<Flow, Stop> {
        let appends = matches!(script.commands[index].action, Action::AppendNext);
        if self.is_last(call, io, script)? && !script.has_more_files(io) {
            return Ok(Flow::Quit { code: 0, prints: true });
        }
        if appends {
            let old = std::mem::take(&mut self.pattern);
            self.flush_queue(call, io, script);
            self.fetch(call, io, script)?;
            self.pattern = [old.as_slice(), b"\n", &self.pattern].concat();
        } else {
            if !script.options.has('n') {
                let pattern = self.pattern.clone();
                self.print(io, script, &pattern, self.has_end);
            }
            self.flush_queue(call, io, script);
            self.fetch(call, io, script)?;
        }
        Ok(Flow::Next)
    }

    fn substitute(
        &mut self,
        call: &mut Call<'_>,
        io: &mut Io,
        script: &Script<'_>,
        substitution: &Substitution,
    ) -> Result<(), Stop> {
        let mut out = Vec::with_capacity(self.pattern.len());
        let mut copied = 0;
        let mut has_matched = false;
        for (at, found) in substitution.regex.captures_iter(&self.pattern).enumerate() {
            let Some(whole) = found.get(0) else { continue };
            if at + 1 < substitution.number {
                continue;
            }
            has_matched = true;
            out.extend_from_slice(&self.pattern[copied..whole.start()]);
            replace(&substitution.replacement, &found, &mut out);
            copied = whole.end();
            if !substitution.is_global {
                break;
            }
        }
        if !has_matched {
            return Ok(());
        }
        out.extend_from_slice(&self.pattern[copied..]);
        self.pattern = out;
        self.has_substituted = true;
        if substitution.prints {
            let pattern = self.pattern.clone();
            self.print(io, script, &pattern, self.has_end);
        }
        if let Some(name) = &substitution.file {
            let line = [self.pattern.as_slice(), b"\n"].concat();
            self.write(call, io, name, &line)?;
        }
        Ok(())
    }

    /// Writes a line to a file, which is emptied by the first one.
    fn write(&mut self, call: &mut Call<'_>, io: &mut Io, name: &str, line: &[u8]) -> Result<(), Stop> {
        if name == "/dev/stdout" {
            io.print(line);
            return Ok(());
        }
        let descriptor = match self.outputs.iter().find(|(known, _)| known == name) {
            Some((_, descriptor)) => Ok(*descriptor),
            None => call.open(name, OpenMode::Write, true),
        };
        let written = descriptor.and_then(|descriptor| {
            self.outputs.push((name.to_owned(), descriptor));
            self.outputs.dedup();
            call.write(descriptor, line)
        });
        written.map_err(|errno| {
            call.complain(&format!("couldn't open file {name}: {}", errno.text()));
            Stop::Exit(4)
        })
    }
}

/// The script with the options that say how it is run.
struct Script<'a> {
    commands: &'a [Command],
    options: &'a Options,
}

impl Script<'_> {
    fn is_separate(&self) -> bool {
        self.options.last_of("is").is_some()
    }

    fn separator(&self) -> u8 {
        if self.options.has('z') { 0 } else { b'\n' }
    }

    fn has_more_files(&self, io: &Io) -> bool {
        self.is_separate() && io.has_more()
    }
}

/// Adds a replacement for a match.
fn replace(parts: &[Part], found: &regex::bytes::Captures<'_>, out: &mut Vec<u8>) {
    let (mut case, mut once) = (None, None);
    for part in parts {
        let text = match part {
            Part::Text(text) => text.as_slice(),
            Part::Group(group) => found.get(*group).map_or(&[][..], |group| group.as_bytes()),
            Part::Case(Case::End) => {
                (case, once) = (None, None);
                continue;
            }
            Part::Case(first @ (Case::UpperFirst | Case::LowerFirst)) => {
                once = Some(*first);
                continue;
            }
            Part::Case(other) => {
                case = Some(*other);
                continue;
            }
        };
        if case.is_none() && once.is_none() {
            out.extend_from_slice(text);
            continue;
        }
        let text = String::from_utf8_lossy(text);
        let mut text = match case {
            Some(Case::Upper) => text.to_uppercase(),
            Some(Case::Lower) => text.to_lowercase(),
            _ => text.into_owned(),
        };
        if let (Some(first), Some(c)) = (once, text.chars().next()) {
            let changed: String =
                if first == Case::UpperFirst { c.to_uppercase().collect() } else { c.to_lowercase().collect() };
            text.replace_range(..c.len_utf8(), &changed);
            once = None;
        }
        out.extend_from_slice(text.as_bytes());
    }
}

/// Formats a text unambiguously, as `l` does: with escapes, in lines of 70 characters.
fn list(text: &[u8]) -> String {
    const WIDTH: usize = 69;
    let mut out = String::new();
    let mut width = 0;
    for byte in text {
        let shown = match byte {
            b'\\' => "\\\\".to_owned(),
            7 => "\\a".to_owned(),
            8 => "\\b".to_owned(),
            12 => "\\f".to_owned(),
            b'\n' => "\\n".to_owned(),
            b'\r' => "\\r".to_owned(),
            b'\t' => "\\t".to_owned(),
            11 => "\\v".to_owned(),
            32..127 => char::from(*byte).to_string(),
            other => format!("\\{other:03o}"),
        };
        if width + shown.len() > WIDTH {
            out.push_str("\\\n");
            width = 0;
        }
        width += shown.len();
        out.push_str(&shown);
    }
    out + "$"
}
