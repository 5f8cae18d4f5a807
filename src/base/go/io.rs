//! Errors of the operating system as Go prints them (`syscall.Errno`).

use std::io::{Error, ErrorKind};

/// Returns the message of an I/O error, such as `no such file or directory`.
pub fn io_error(error: &Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "no such file or directory".into(),
        ErrorKind::PermissionDenied => "permission denied".into(),
        ErrorKind::IsADirectory => "is a directory".into(),
        ErrorKind::NotADirectory => "not a directory".into(),
        _ => error.to_string(),
    }
}
