//! Errors of system calls.

use serde::{Deserialize, Serialize};

/// The result of a system call.
pub type SysResult<T> = Result<T, Errno>;

/// The error of a system call, by its name in `errno.h`.
#[allow(missing_docs, reason = "the names are those of errno.h")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Errno {
    EPERM,
    ENOENT,
    ESRCH,
    EBADF,
    ECHILD,
    EACCES,
    EBUSY,
    EEXIST,
    EXDEV,
    ENOTDIR,
    EISDIR,
    EINVAL,
    ETXTBSY,
    EFBIG,
    ENOSPC,
    ESPIPE,
    EROFS,
    EMLINK,
    EPIPE,
    ENAMETOOLONG,
    ENOTEMPTY,
    ELOOP,
    ENOEXEC,
    ECONNREFUSED,
    ETIMEDOUT,
    EHOSTUNREACH,
}

impl Errno {
    /// Returns the description of `strerror(3)`; the C libraries of busybox and Debian images agree on these.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Errno::EPERM => "Operation not permitted",
            Errno::ENOENT => "No such file or directory",
            Errno::ESRCH => "No such process",
            Errno::EBADF => "Bad file descriptor",
            Errno::ECHILD => "No child processes",
            Errno::EACCES => "Permission denied",
            Errno::EBUSY => "Device or resource busy",
            Errno::EEXIST => "File exists",
            Errno::EXDEV => "Invalid cross-device link",
            Errno::ENOTDIR => "Not a directory",
            Errno::EISDIR => "Is a directory",
            Errno::EINVAL => "Invalid argument",
            Errno::ETXTBSY => "Text file busy",
            Errno::EFBIG => "File too large",
            Errno::ENOSPC => "No space left on device",
            Errno::ESPIPE => "Illegal seek",
            Errno::EROFS => "Read-only file system",
            Errno::EMLINK => "Too many links",
            Errno::EPIPE => "Broken pipe",
            Errno::ENAMETOOLONG => "File name too long",
            Errno::ENOTEMPTY => "Directory not empty",
            Errno::ELOOP => "Too many levels of symbolic links",
            Errno::ENOEXEC => "Exec format error",
            Errno::ECONNREFUSED => "Connection refused",
            Errno::ETIMEDOUT => "Connection timed out",
            Errno::EHOSTUNREACH => "No route to host",
        }
    }
}
