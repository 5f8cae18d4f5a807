//! Records a transcript: runs commands as a test would, and writes down what they print.

use std::ffi::OsStr;
use std::fs::File;
use std::path::Path;
use std::time::Duration;

use super::actual::ActualLine;
use super::cram;
use super::format::Format;
use super::run::lines_of;
use super::sandbox::Sandboxes;
use super::session::{End, Session};
use super::settings::Settings;
use super::statements::is_complete;
use super::suite::replace;
use crate::{CliError, CliResult};

/// The time that a command may take. Whoever records sees it hang.
const NO_LIMIT: Duration = Duration::from_secs(u32::MAX as u64);

/// The transcript to record.
pub(crate) struct Recording<'a> {
    /// The file, which must not exist.
    pub(crate) file: &'a Path,
    /// The format of the file.
    pub(crate) format: Format,
    /// The shell.
    pub(crate) shell: &'a OsStr,
    /// The program that the commands call.
    pub(crate) program: &'a Path,
    /// The seed; `None` for the one that transcripts have without a setting.
    pub(crate) seed: Option<u64>,
}

/// Where commands come from and their output goes to, beside the transcript.
pub(crate) trait Console {
    /// Reads the next line, without its line break; `None` at the end. `continues` is true within a command.
    ///
    /// # Errors
    /// It cannot be read.
    fn read_line(&mut self, continues: bool) -> CliResult<Option<String>>;

    /// Shows output.
    fn show(&mut self, output: &[u8]);
}

impl Recording<'_> {
    /// Records until there are no more commands or one ends the shell, and returns the number of commands. The file is
    /// written after each one, so that nothing is lost if a signal ends the process.
    ///
    /// # Errors
    /// The file exists, or cannot be written; the shell cannot be run; there are no commands.
    pub(crate) fn record(&self, console: &mut dyn Console) -> CliResult<usize> {
        let name = self.file.display();
        let mut settings = Settings::default();
        self.seed.into_iter().for_each(|seed| settings.set_seed(seed));
        let sandboxes = Sandboxes::new(self.program)?;
        let sandbox = sandboxes.create(self.file, &settings, false)?;
        let failed = |e| CliError::io(format!("run {}", self.shell.to_string_lossy()), e);
        let mut session = Session::start(self.shell, &sandbox).map_err(failed)?;
        File::create_new(self.file).map_err(|e| CliError::io(format!("create {name}"), e))?;
        let mut writer = Writer::new(self.format, self.seed);
        let mut commands = 0;
        while let Some(part) = self.next_part(console)? {
            let command = match part {
                Part::Comment(text) => {
                    writer.add_text(&text);
                    continue;
                }
                Part::Command(command) => command,
            };
            let ran = session.run(&command, NO_LIMIT, &mut |output| console.show(output)).map_err(failed)?;
            let (End::Code(code) | End::Shell(code)) = ran.end else { break };
            writer.add_step(&command, &ActualLine::of_output(&sandbox.hide(ran.output)), code);
            commands += 1;
            replace(self.file, &writer.text()).map_err(|e| CliError::io(format!("write {name}"), e))?;
            if matches!(ran.end, End::Shell(_)) {
                break;
            }
        }
        if commands == 0 {
            std::fs::remove_file(self.file).map_err(|e| CliError::io(format!("remove {name}"), e))?;
            return Err(CliError::new("there was no command to record"));
        }
        Ok(commands)
    }

    /// Reads the next command or comment; `None` at the end.
    fn next_part(&self, console: &mut dyn Console) -> CliResult<Option<Part>> {
        let mut text = loop {
            match console.read_line(false)? {
                None => return Ok(None),
                Some(line) if line.trim().is_empty() || line.starts_with("#!") => {}
                Some(line) => break line,
            }
        };
        if let Some(comment) = text.trim_start().strip_prefix('#') {
            return Ok(Some(Part::Comment(comment.trim().into())));
        }
        let failed = |e| CliError::io(format!("run {}", self.shell.to_string_lossy()), e);
        while !is_complete(self.shell, &text).map_err(failed)? {
            let Some(line) = console.read_line(true)? else { break };
            text.push('\n');
            text.push_str(&line);
        }
        Ok(Some(Part::Command(text)))
    }
}

/// A part of a script.
enum Part {
    /// A comment, without its sign.
    Comment(String),
    /// A command, perhaps of several lines.
    Command(String),
}

/// Writes the text of a transcript.
struct Writer {
    format: Format,
    text: String,
    /// True within a block of commands.
    in_block: bool,
}

impl Writer {
    fn new(format: Format, seed: Option<u64>) -> Writer {
        let text = match (format, seed) {
            (_, None) => String::new(),
            (Format::Markdown, Some(seed)) => format!("<!-- kctl: seed={seed} -->\n"),
            (Format::Cram, Some(seed)) => format!("# kctl: seed={seed}\n"),
        };
        Writer { format, text, in_block: false }
    }

    /// The text of the file so far.
    fn text(&self) -> String {
        match self.in_block && self.format == Format::Markdown {
            true => format!("{}```\n", self.text),
            false => self.text.clone(),
        }
    }

    /// Adds a line of text.
    fn add_text(&mut self, line: &str) {
        if self.in_block {
            self.text = self.text() + "\n";
            self.in_block = false;
        }
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// Adds a command with its output.
    fn add_step(&mut self, command: &str, output: &[ActualLine], code: i32) {
        if !self.in_block {
            let separator = if self.text.is_empty() { "" } else { "\n" };
            let fence = if self.format == Format::Markdown { "```console\n" } else { "" };
            self.text.extend([separator, fence]);
            self.in_block = true;
        }
        for (number, line) in command.split('\n').enumerate() {
            self.add_line(&format!("{} {line}", if number == 0 { '$' } else { '>' }));
        }
        lines_of(output, code).for_each(|line| self.add_line(&line));
    }

    fn add_line(&mut self, line: &str) {
        let indent = if self.format == Format::Cram { cram::INDENT } else { "" };
        self.text.extend([indent, line, "\n"]);
    }
}

#[cfg(test)]
mod tests {
    use super::super::format::Transcript;
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        for format in [Format::Markdown, Format::Cram] {
            let mut writer = Writer::new(format, Some(7));
            writer.add_text("A title");
            writer.add_step("cat <<E\n$ a\nE", &ActualLine::of_output(b"$ a\n\n> b"), 0);
            writer.add_step("false", &[], 1);
            writer.add_text("Text");
            writer.add_step("echo '```'", &ActualLine::of_output(b"```\n"), 0);
            let transcript = Transcript::parse(format, writer.text().as_bytes()).expect("a transcript");
            let steps: Vec<(&str, Vec<&str>)> =
                transcript.steps.iter().map(|step| (step.command.as_str(), transcript.expected(step))).collect();
            let expected = [
                ("cat <<E\n$ a\nE", vec!["\\x24 a (esc)", "", "> b (no-eol)"]),
                ("false", vec!["[1]"]),
                ("echo '```'", vec!["\\x60`` (esc)"]),
            ];
            assert_eq!(steps, expected, "{}", writer.text());
            assert!(transcript.settings.variables().any(|variable| variable == ("KCTL_SEED", "7")));
        }
    }
}
