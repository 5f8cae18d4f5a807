//! Markdown: `console` blocks hold commands and output; a `shell` block is one command if a block with its output follows.
//!
//! ````text
//! ```console                  ```shell
//! $ echo one                  echo one
//! one                         ```
//! ```                         The output is:
//!                             ```
//!                             one
//!                             ```
//! ````
//!
//! Between a `shell` block (or `sh`, `bash`) and the block of its output, which is marked `text`, `output` or nothing, there may
//! be blank lines and one line that contains `output` and ends in a colon. All other blocks are left alone.

use std::ops::Range;

use super::settings::Settings;
use super::step::{Mistake, Step, Steps, without_indent};

/// The languages of blocks with commands alone.
const SHELLS: &[&str] = &["shell", "bash", "sh"];
/// The languages of blocks with output alone.
const OUTPUTS: &[&str] = &["", "text", "output"];
/// The language of blocks with both.
const CONSOLE: &str = "console";

/// A fenced block.
struct Block {
    /// The text before the fence, perhaps of a list.
    indent: String,
    /// The first word behind the fence.
    language: String,
    /// The positions of its lines without the fences.
    lines: Range<usize>,
    /// False if the file ends before the block.
    closed: bool,
}

impl Block {
    /// Reads the block that begins at a line, if one does. A fence is at least three backticks or tildes, and is closed by at
    /// least as many (CommonMark 0.31, 4.5).
    fn at(lines: &[&str], at: usize) -> Option<Block> {
        let (indent, fence, info) = fence(lines[at])?;
        let closes = |line: &&str| {
            let (_, other, info) = super::markdown::fence(line)?;
            (other.starts_with(fence) && info.trim().is_empty()).then_some(())
        };
        let length = lines[at + 1..].iter().position(|line| closes(line).is_some());
        Some(Block {
            indent: indent.into(),
            language: info.split_whitespace().next().unwrap_or_default().to_lowercase(),
            lines: at + 1..length.map_or(lines.len(), |length| at + 1 + length),
            closed: length.is_some(),
        })
    }

    /// The position behind the closing fence.
    fn end(&self) -> usize {
        self.lines.end + usize::from(self.closed)
    }

    /// Refuses a block that the file does not close.
    fn check_closed(&self) -> Result<(), Mistake> {
        match self.closed {
            true => Ok(()),
            false => Err(Mistake::new(self.lines.start, "the block that begins here has no end")),
        }
    }
}

/// Splits a line that is a fence into its indentation, the fence and what follows.
fn fence(line: &str) -> Option<(&str, &str, &str)> {
    let text = line.trim_start_matches([' ', '\t']);
    let sign = text.chars().next().filter(|sign| matches!(sign, '`' | '~'))?;
    let info = text.trim_start_matches(sign);
    let (indent, fence) = (&line[..line.len() - text.len()], &text[..text.len() - info.len()]);
    (fence.len() >= 3 && !(sign == '`' && info.contains('`'))).then_some((indent, fence, info))
}

/// Finds the steps of a file, and reads its settings (`<!-- kctl: KEY=VALUE... -->`).
///
/// # Errors
/// A block of commands without an end or with output that no command precedes, a wrong setting, or settings behind a
/// command.
pub(super) fn parse(lines: &[&str], settings: &mut Settings) -> Result<Vec<Step>, Mistake> {
    let mut steps = Steps::default();
    let mut at = 0;
    while at < lines.len() {
        let Some(block) = Block::at(lines, at) else {
            if let Some(comment) = comment(lines[at])
                && settings.read_comment(comment).map_err(|message| Mistake::new(at + 1, message))?
                && !steps.is_empty()
            {
                return Err(Mistake::new(at + 1, "settings come before the first command"));
            }
            at += 1;
            continue;
        };
        at = block.end();
        if block.language == CONSOLE {
            add_console(lines, &block, &mut steps)?;
        } else if SHELLS.contains(&block.language.as_str())
            && let Some(output) = output_of(lines, &block)
        {
            at = output.end();
            add_pair(lines, &block, output, &mut steps)?;
        }
    }
    Ok(steps.into_vec())
}

/// The text of a comment on a line of its own.
fn comment(line: &str) -> Option<&str> {
    line.trim().strip_prefix("<!--")?.strip_suffix("-->").map(str::trim)
}

/// Adds the steps of a block with commands and output. One without commands shows something else.
fn add_console(lines: &[&str], block: &Block, steps: &mut Steps) -> Result<(), Mistake> {
    let text = |at: usize| without_indent(lines[at], &block.indent);
    if !block.lines.clone().any(|at| text(at).starts_with("$ ")) {
        return Ok(());
    }
    block.check_closed()?;
    steps.close();
    block.lines.clone().try_for_each(|at| steps.add_line(at, text(at), &block.indent))
}

/// The block with the output of a block of commands.
fn output_of(lines: &[&str], commands: &Block) -> Option<Block> {
    let is_caption = |line: &str| line.to_lowercase().contains("output") && line.ends_with(':');
    let mut captions = 0;
    for at in commands.end()..lines.len() {
        let line = lines[at].trim();
        if let Some(block) = Block::at(lines, at) {
            return OUTPUTS.contains(&block.language.as_str()).then_some(block);
        }
        captions += usize::from(is_caption(line));
        if captions > 1 || !(line.is_empty() || is_caption(line)) {
            return None;
        }
    }
    None
}

/// Adds a block of commands with the block of its output as one step. Prompts are optional.
fn add_pair(lines: &[&str], commands: &Block, output: Block, steps: &mut Steps) -> Result<(), Mistake> {
    commands.check_closed()?;
    output.check_closed()?;
    let text = |at: usize| without_indent(lines[at], &commands.indent);
    let command = |at: usize| text(at).strip_prefix("$ ").unwrap_or(text(at));
    steps.close();
    steps.add(Step {
        line: commands.lines.start + 1,
        command: commands.lines.clone().map(command).collect::<Vec<_>>().join("\n"),
        output: output.lines,
        indent: output.indent,
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(text: &str) -> Result<Vec<Step>, Mistake> {
        parse(&text.lines().collect::<Vec<_>>(), &mut Settings::default())
    }

    fn step(line: usize, command: &str, output: Range<usize>, indent: &str) -> Step {
        Step { line, command: command.into(), output, indent: indent.into() }
    }

    #[test]
    fn console_blocks_hold_commands_and_output() {
        let text = "# T\n```console\n$ a\n> b\nout\n\nout\n$ c\n```\n- x\n\n  ~~~~ console {.dark}\n  $ d\n  ~~~\n\n  o\n  ~~~~\n";
        let expected = [step(3, "a\nb", 4..7, ""), step(8, "c", 8..8, ""), step(13, "d", 13..16, "  ")];
        assert_eq!(steps(text), Ok(expected.to_vec()));
    }

    #[test]
    fn shell_blocks_need_a_block_of_output() {
        let pair = "```sh\n$ a\nb\n```\n\nThe Output is similar to this:\n\n```\nout\n```\n";
        assert_eq!(steps(pair), Ok(vec![step(2, "a\nb", 8..9, "")]));
        for alone in ["```sh\na\n```\ntext\n```\nout\n```", "```sh\na\n```\n```yaml\na: b\n```", "```sh\na\n```"] {
            assert_eq!(steps(alone), Ok(vec![]), "{alone}");
        }
    }

    #[test]
    fn other_blocks_are_left_alone() {
        let inner =
            "````md\n```console\n$ a\n```\n````\n```yaml\n$ a\n```\n```console\njust output\n```\n`` `console` ``\n";
        assert_eq!(steps(inner), Ok(vec![]));
    }

    #[test]
    fn mistakes_have_lines() {
        for (text, line, message) in [
            ("text\n```console\n$ a\n", 2, "the block that begins here has no end"),
            ("```sh\na\n```\n```\nb", 4, "the block that begins here has no end"),
            ("```console\nout\n$ a\n```", 2, "output without a command (`$ COMMAND`) before it"),
            ("```console\n$ a\n```\n```console\nout\n$ a\n```", 5, "output without a command (`$ COMMAND`) before it"),
            (
                "<!-- kctl: a=b -->",
                1,
                "unknown setting \"a\"; there are chance, clock, epoch, latency, nodes, profile, seed",
            ),
            ("```console\n$ a\n```\n<!-- kctl: seed=1 -->", 4, "settings come before the first command"),
        ] {
            assert_eq!(steps(text), Err(Mistake::new(line, message)), "{text}");
        }
    }
}
