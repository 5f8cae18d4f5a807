//! Where a command of a script ends: it may take several lines.

use std::ffi::OsStr;
use std::io::{self, Write as _};
use std::process::{Command, Stdio};

/// Returns whether lines are a whole command for a shell, or will never become one.
///
/// The shell itself is asked, which parses the text without running it.
///
/// # Errors
/// The shell cannot be started.
pub(super) fn is_complete(shell: &OsStr, text: &str) -> io::Result<bool> {
    if ends_in_continuation(text) {
        return Ok(false);
    }
    match parse(shell, text)? {
        Parsed::Incomplete => Ok(false),
        Parsed::Wrong => Ok(true),
        // Shells accept a here-document without an end. In one, even this is no mistake.
        Parsed::Right => Ok(!text.contains("<<") || parse(shell, &format!("{text}\n)"))? != Parsed::Right),
    }
}

/// Returns whether a text ends in a backslash that takes away the line break behind it.
fn ends_in_continuation(text: &str) -> bool {
    text.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1
}

/// The opinion of a shell on a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Parsed {
    Right,
    Wrong,
    /// There must be more.
    Incomplete,
}

fn parse(shell: &OsStr, text: &str) -> io::Result<Parsed> {
    let mut command = Command::new(shell);
    command.arg("-n").env("LC_ALL", "C").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    if let Some(mut input) = child.stdin.take() {
        match input.write_all(format!("{text}\n").as_bytes()) {
            // The shell has seen enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
            written => written?,
        }
    }
    let output = child.wait_with_output()?;
    // dash, bash, ksh and busybox say it in these words.
    let message = String::from_utf8_lossy(&output.stderr).to_lowercase();
    Ok(match output.status.success() {
        true => Parsed::Right,
        false if ["end of file", "eof", "unterminated", "unmatched"].iter().any(|word| message.contains(word)) => {
            Parsed::Incomplete
        }
        false => Parsed::Wrong,
    })
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn commands_end_where_the_shell_says_so() {
        let complete = |text: &str| is_complete(OsStr::new("sh"), text).expect("a shell");
        for text in [
            "echo a",
            "",
            "for i in 1; do echo; done",
            "cat <<E\na\nE",
            "echo 'a\nb'",
            "echo )",
            "echo \\\\",
            "a <<< b",
        ] {
            assert!(complete(text), "{text}");
        }
        for text in
            ["for i in 1", "if true; then", "cat <<E", "cat <<E\na", "echo 'a", "echo \"a", "f() {", "echo \\", "a |"]
        {
            assert!(!complete(text), "{text}");
        }
    }
}
