//! A transcript as data, whatever file format it comes from.

use std::path::Path;

use super::expectation::ExpectedLine;
use super::settings::Settings;
use super::step::{Mistake, Step, without_indent};
use super::{cram, markdown};

/// A transcript: the lines of its file, and where its commands and their output are.
#[derive(Debug)]
pub(crate) struct Transcript {
    /// The lines with their line breaks.
    lines: Vec<String>,
    /// The settings of its cluster.
    pub(crate) settings: Settings,
    /// The commands in the order of the file.
    pub(crate) steps: Vec<Step>,
}

/// A format of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// Markdown: commands and output are in fenced blocks.
    Markdown,
    /// cram: commands and output are indented by two blanks.
    Cram,
}

impl Format {
    /// The format that the extension of a path names; `None` for any other file.
    pub(crate) fn of(path: &Path) -> Option<Format> {
        match path.extension()?.to_str()? {
            "md" | "markdown" => Some(Format::Markdown),
            "t" => Some(Format::Cram),
            _ => None,
        }
    }
}

impl Transcript {
    /// Parses a file.
    ///
    /// # Errors
    /// Bytes that are not text, an unclosed block, output that no command precedes, or a wrong setting.
    pub(crate) fn parse(format: Format, bytes: &[u8]) -> Result<Transcript, Mistake> {
        let text = text_of(bytes)?;
        let lines: Vec<String> = text.split_inclusive('\n').map(String::from).collect();
        let mut settings = Settings::default();
        let contents: Vec<&str> = lines.iter().map(|line| content(line)).collect();
        let steps = match format {
            Format::Markdown => markdown::parse(&contents, &mut settings)?,
            Format::Cram => cram::parse(&contents, &mut settings)?,
        };
        let transcript = Transcript { lines, settings, steps };
        transcript.steps.iter().try_for_each(|step| transcript.check_output(step))?;
        Ok(transcript)
    }

    /// Refuses lines of expected output that make no sense.
    fn check_output(&self, step: &Step) -> Result<(), Mistake> {
        for (at, line) in self.expected(step).into_iter().enumerate() {
            ExpectedLine::parse(line).map_err(|message| Mistake::new(step.output.start + at + 1, message))?;
        }
        Ok(())
    }

    /// The text of the file.
    pub(crate) fn text(&self) -> String {
        self.lines.concat()
    }

    /// The lines of expected output of a step, without indentation and line breaks.
    pub(crate) fn expected(&self, step: &Step) -> Vec<&str> {
        self.lines[step.output.clone()].iter().map(|line| without_indent(content(line), &step.indent)).collect()
    }

    /// The text of the file with other output for its first steps, as many as there are in `outputs`.
    pub(crate) fn with_outputs(&self, outputs: &[Vec<String>]) -> String {
        let line_break = if self.lines.first().is_some_and(|line| line.ends_with("\r\n")) { "\r\n" } else { "\n" };
        let mut text = String::new();
        let mut next = 0;
        for (step, output) in self.steps.iter().zip(outputs) {
            text.extend(self.lines[next..step.output.start].iter().map(String::as_str));
            if !output.is_empty() && !text.is_empty() && !text.ends_with('\n') {
                text.push_str(line_break);
            }
            for line in output {
                // Blanks at the end of a line would be all that is left of the indentation, except where it is the syntax.
                let indent = if line.is_empty() && step.indent != cram::INDENT { "" } else { &step.indent };
                text.extend([indent, line, line_break]);
            }
            next = step.output.end;
        }
        text.extend(self.lines[next..].iter().map(String::as_str));
        text
    }
}

/// The text of a file.
///
/// # Errors
/// A byte that no text has, or bytes that are not UTF-8, with their line.
fn text_of(bytes: &[u8]) -> Result<&str, Mistake> {
    let line_of = |at: usize| bytes[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
    if let Some(at) = bytes.iter().position(|byte| *byte == 0) {
        return Err(Mistake::new(line_of(at), "not a text file: there is a zero byte"));
    }
    let not_utf8 = |e: std::str::Utf8Error| Mistake::new(line_of(e.valid_up_to()), "not a text file: it is not UTF-8");
    std::str::from_utf8(bytes).map_err(not_utf8)
}

/// A line without its line break.
fn content(line: &str) -> &str {
    let line = line.strip_suffix('\n').unwrap_or(line);
    line.strip_suffix('\r').unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binary_files_are_refused_with_the_line() {
        let refused = |bytes: &[u8]| Transcript::parse(Format::Cram, bytes).map(|_| ());
        assert_eq!(refused(b"a\n\0"), Err(Mistake::new(2, "not a text file: there is a zero byte")));
        assert_eq!(refused(b"a\nb\n\xff"), Err(Mistake::new(3, "not a text file: it is not UTF-8")));
    }

    #[test]
    fn only_output_is_replaced() {
        let text = "# A title\r\n  $ one\r\n  > more\r\n  old\r\n  old\r\ntext\r\n  $ two\r\n  $ three\r\n  same";
        let transcript = Transcript::parse(Format::Cram, text.as_bytes()).expect("a transcript");
        assert_eq!(transcript.text(), text);
        let outputs = [vec!["new".to_string(), String::new()], vec!["[1]".into()]];
        let expected =
            "# A title\r\n  $ one\r\n  > more\r\n  new\r\n  \r\ntext\r\n  $ two\r\n  [1]\r\n  $ three\r\n  same";
        assert_eq!(transcript.with_outputs(&outputs), expected);
    }

    #[test]
    fn output_can_follow_the_last_line() {
        let transcript = Transcript::parse(Format::Cram, b"  $ one").expect("a transcript");
        assert_eq!(transcript.with_outputs(&[vec!["new".into()]]), "  $ one\n  new\n");
        assert_eq!(transcript.with_outputs(&[vec![]]), "  $ one");
    }
}
