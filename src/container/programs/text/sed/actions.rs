//! What the commands of `sed` do.

use super::machine::{Flow, Machine, Queued, Script};
use super::replacement::{list, replace};
use super::script::{Action, Substitution};
use crate::call::{Call, Stop};
use crate::process::OpenMode;
use crate::programs::io::Io;

impl Machine {
    /// Does what a command says.
    pub(super) fn act(
        &mut self,
        call: &mut Call<'_>,
        io: &mut Io,
        script: &Script<'_>,
        index: usize,
    ) -> Result<Flow, Stop> {
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
            _ => return self.act_on_output(call, io, script, index),
        }
        io.check_memory(call, self.pattern.len().max(self.hold.len()))?;
        Ok(Flow::Next)
    }

    /// Does the actions that print, write or end something.
    fn act_on_output(
        &mut self,
        call: &mut Call<'_>,
        io: &mut Io,
        script: &Script<'_>,
        index: usize,
    ) -> Result<Flow, Stop> {
        let command = &script.commands[index];
        match &command.action {
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
            _ => {}
        }
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
        for (at, found) in substitution.regex.find_all(&self.pattern).enumerate() {
            let whole = found.whole();
            if at + 1 < substitution.number {
                continue;
            }
            has_matched = true;
            out.extend_from_slice(&self.pattern[copied..whole.start]);
            replace(&substitution.replacement, |group| found.text(&self.pattern, group), &mut out);
            copied = whole.end;
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
