//! The line that tells where the output of a command ends.

/// Begins the line, together with a line break; the exit code of the command and the options of the shell end it.
const STATUS_LINE: &[u8] = b"\n\x01kctl-step-";

/// Stands for the options of the shell where a resident process has run the command. It is none of their letters.
pub(super) const RESIDENT: &str = "@";

/// The command of a shell that prints the line to a descriptor.
pub(super) fn shell_command(descriptor: u8) -> String {
    format!("printf '\\n\\001kctl-step-%s %s\\n' $? \"$-\" >&{descriptor}")
}

/// The line of a resident process behind a command that ended with `code`.
pub(super) fn of_resident(code: i32) -> Vec<u8> {
    [STATUS_LINE, format!("{code} {RESIDENT}\n").as_bytes()].concat()
}

/// The line behind the output of a command.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct StatusLine {
    /// Where it begins and ends.
    pub(super) start: usize,
    pub(super) end: usize,
    /// The exit code of the command.
    pub(super) code: i32,
    /// The options of the shell (`$-`), or [`RESIDENT`].
    pub(super) flags: String,
}

impl StatusLine {
    /// The largest length of the line.
    const MOST: usize = 64;

    /// Finds the line in output, of which the first `seen` bytes hold no complete one.
    pub(super) fn find(output: &[u8], seen: usize) -> Option<StatusLine> {
        let mut from = seen.saturating_sub(StatusLine::MOST);
        loop {
            let start = from + output[from..].windows(STATUS_LINE.len()).position(|window| window == STATUS_LINE)?;
            let rest = &output[start + STATUS_LINE.len()..];
            let length = rest.iter().position(|byte| *byte == b'\n')?;
            let words = std::str::from_utf8(&rest[..length]).ok().and_then(|text| text.split_once(' '));
            if let Some((code, flags)) = words
                && let Ok(code) = code.parse()
            {
                let end = start + STATUS_LINE.len() + length + 1;
                return Some(StatusLine { start, end, code, flags: flags.into() });
            }
            from = start + 1;
        }
    }
}

/// The end of the output that cannot be the beginning of a status line.
pub(super) fn end_of_text(output: &[u8]) -> usize {
    let line = output.iter().rposition(|byte| *byte == b'\n').unwrap_or(output.len());
    let rest = &output[line..];
    let may_be_status = STATUS_LINE.starts_with(rest) || rest.starts_with(STATUS_LINE);
    if may_be_status { line } else { output.len() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_of_a_line_is_no_text() {
        for (output, end) in [(&b"a"[..], 1), (b"a\n", 1), (b"a\n\x01kc", 1), (b"a\nb", 3), (b"a\n\x01kctl-step-3", 1)]
        {
            assert_eq!(end_of_text(output), end, "{output:?}");
        }
    }

    #[test]
    fn status_lines_are_found_in_any_parts() {
        let output = b"a\n\n\x01kctl-step-%s %s\n\n\x01kctl-step-12 ehB\nb";
        let expected = Some(StatusLine { start: 20, end: 39, code: 12, flags: "ehB".into() });
        for seen in 0..39 {
            assert_eq!(StatusLine::find(output, seen), expected, "{seen}");
        }
        assert_eq!(StatusLine::find(&output[..38], 0), None);
    }
}
