//! cram's format: what is indented by two blanks are commands and output, everything else is text.
//!
//! Upstream: <https://bitheap.org/cram/>.

use super::settings::Settings;
use super::step::{Mistake, Step, Steps};

/// The indentation of commands and output.
pub(super) const INDENT: &str = "  ";

/// Finds the steps of a file, and reads its settings (`# kctl: KEY=VALUE...`).
///
/// # Errors
/// Output that no command precedes, a wrong setting, or settings behind a command.
pub(super) fn parse(lines: &[&str], settings: &mut Settings) -> Result<Vec<Step>, Mistake> {
    let mut steps = Steps::default();
    for (at, line) in lines.iter().enumerate() {
        if let Some(rest) = line.strip_prefix(INDENT) {
            steps.add_line(at, rest, INDENT)?;
            continue;
        }
        steps.close();
        if let Some(comment) = line.strip_prefix('#')
            && settings.read_comment(comment.trim()).map_err(|message| Mistake::new(at + 1, message))?
            && !steps.is_empty()
        {
            return Err(Mistake::new(at + 1, "settings come before the first command"));
        }
    }
    Ok(steps.into_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indented_lines_are_commands_and_output() {
        let text =
            "Text\n# kctl: seed=7\n\n  $ cat <<E\n  > a\n  > E\n  a\n  \n  > b\n\n  $ true\n text\n  $ false\n  [1]";
        let lines: Vec<&str> = text.lines().collect();
        let mut settings = Settings::default();
        let steps = parse(&lines, &mut settings).expect("a transcript");
        let step = |line, command: &str, output| Step { line, command: command.into(), output, indent: "  ".into() };
        assert_eq!(steps, [step(4, "cat <<E\na\nE", 6..9), step(11, "true", 11..11), step(13, "false", 13..14)]);
        assert!(settings.variables().any(|variable| variable == ("KCTL_SEED", "7")));
    }

    #[test]
    fn mistakes_have_lines() {
        for (text, line, message) in [
            ("text\n  output", 2, "output without a command (`$ COMMAND`) before it"),
            ("  $ a\ntext\n  output", 3, "output without a command (`$ COMMAND`) before it"),
            ("  $ a\n# kctl: seed=1", 2, "settings come before the first command"),
            ("#kctl: seed=x", 1, "invalid value \"x\" of seed"),
        ] {
            let lines: Vec<&str> = text.lines().collect();
            let mistake = Mistake::new(line, message);
            assert_eq!(parse(&lines, &mut Settings::default()), Err(mistake), "{text}");
        }
    }
}
