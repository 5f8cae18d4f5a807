//! Errors of the operating system as Go prints them (`syscall.Errno`).

use std::io::{Error, ErrorKind};

/// Returns the message of an I/O error, such as `no such file or directory`.
pub fn io_error(error: &Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "no such file or directory".into(),
        ErrorKind::PermissionDenied => "permission denied".into(),
        ErrorKind::IsADirectory => "is a directory".into(),
        ErrorKind::NotADirectory => "not a directory".into(),
        _ => match error.raw_os_error() {
            Some(code) => system_message(&error.to_string(), code),
            None => error.to_string(),
        },
    }
}

/// Returns the message of the C library as Go's table has it: in lower case, without the number that Rust adds.
fn system_message(text: &str, code: i32) -> String {
    let text = text.strip_suffix(&format!(" (os error {code})")).unwrap_or(text);
    let mut letters = text.chars();
    letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn system_errors_read_as_in_go() {
        assert_eq!(system_message("No space left on device (os error 28)", 28), "no space left on device");
        assert_eq!(system_message("Is (os error 2) a name", 2), "is (os error 2) a name");
        assert_eq!(io_error(&Error::other("Broken")), "Broken");
        assert_eq!(io_error(&ErrorKind::NotFound.into()), "no such file or directory");
    }
}
