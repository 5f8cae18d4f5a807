//! The report on transcripts that do not agree: a unified diff with the line numbers of the file, and messages.

use similar::{ChangeTag, TextDiff};

use super::format::Transcript;
use super::run::Stop;

/// The number of unchanged lines around a difference.
const CONTEXT: usize = 3;

/// The colours of reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Colours {
    /// As `git diff` has them on a terminal.
    On,
    /// None.
    Off,
}

impl Colours {
    /// Puts a line, which may end in a line break, in a colour of ANSI.
    fn paint(self, colour: u8, line: &str) -> String {
        match (self, line.strip_suffix('\n')) {
            (Colours::Off, _) => line.into(),
            (Colours::On, Some(line)) => format!("\x1b[{colour}m{line}\x1b[m\n"),
            (Colours::On, None) => format!("\x1b[{colour}m{line}\x1b[m"),
        }
    }
}

/// The colours of a diff.
const BOLD: u8 = 1;
const RED: u8 = 31;
const GREEN: u8 = 32;
const CYAN: u8 = 36;

/// The differences between a transcript and its text with the actual output; empty if there are none. The header of each
/// hunk has the numbers of its lines and the command.
pub(crate) fn unified_diff(name: &str, transcript: &Transcript, new: &str, colours: Colours) -> String {
    let old = transcript.text();
    if old == new {
        return String::new();
    }
    let diff = TextDiff::from_lines(old.as_str(), new);
    let mut text = colours.paint(BOLD, &format!("--- {name}\n"));
    text += &colours.paint(BOLD, &format!("+++ {name} (actual)\n"));
    for hunk in diff.unified_diff().context_radius(CONTEXT).iter_hunks() {
        let changed = hunk.iter_changes().find(|change| change.tag() != ChangeTag::Equal);
        let at = changed.and_then(|change| change.old_index().or(change.new_index())).unwrap_or(0);
        let command = command_at(transcript, at + 1);
        let header = format!("{} $ {command}", hunk.header());
        text += &colours.paint(CYAN, &format!("{}\n", header.trim_end()));
        for change in hunk.iter_changes() {
            let (sign, colour) = match change.tag() {
                ChangeTag::Equal => (' ', None),
                ChangeTag::Delete => ('-', Some(RED)),
                ChangeTag::Insert => ('+', Some(GREEN)),
            };
            let line = format!("{sign}{change}");
            text += &colour.map_or(line.clone(), |colour| colours.paint(colour, &line));
        }
    }
    text
}

/// The first line of the last command that begins at or before a line.
fn command_at(transcript: &Transcript, line: usize) -> &str {
    let step = transcript.steps.iter().take_while(|step| step.line <= line).last();
    step.and_then(|step| step.command.lines().next()).unwrap_or_default()
}

/// Why a transcript did not run to its end, in a sentence without a full stop.
pub(crate) fn describe_stop(stop: &Stop, timeout: std::time::Duration) -> String {
    let what = match stop.is_exit {
        true => "the command ended the shell".to_string(),
        false => format!("the command did not end within {timeout:?} and was killed"),
    };
    match stop.next {
        Some(next) => format!("{what}; nothing from line {next} on was run"),
        None => what,
    }
}

#[cfg(test)]
mod tests {
    use super::super::format::Format;
    use super::*;

    #[test]
    fn hunks_have_the_lines_of_the_file_and_the_command() {
        let text = "Title\n\n  $ one\n  a\n  $ two\n  1\n  2\n  3\n  4\n  5\n";
        let transcript = Transcript::parse(Format::Cram, text.as_bytes()).expect("a transcript");
        let new = text.replace("  5\n", "  6\n  [1]\n");
        let expected = "--- x.t\n+++ x.t (actual)\n@@ -7,4 +7,5 @@ $ two\n   2\n   3\n   4\n-  5\n+  6\n+  [1]\n";
        assert_eq!(unified_diff("x.t", &transcript, &new, Colours::Off), expected);
        assert_eq!(unified_diff("x.t", &transcript, text, Colours::Off), "");
        let coloured = unified_diff("x.t", &transcript, &new, Colours::On);
        assert!(coloured.contains("\n\x1b[31m-  5\x1b[m\n\x1b[32m+  6\x1b[m\n"), "{coloured:?}");
    }
}
