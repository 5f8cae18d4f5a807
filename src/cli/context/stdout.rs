//! Standard output of the process.

use std::io::{self, ErrorKind, Write};

use crate::{CliError, CliResult};

/// Writes bytes to standard output. A closed pipe ends the process with status 0, as it ends any filter.
///
/// # Errors
/// The bytes cannot be written for any other reason, for example because the disk is full.
pub(crate) fn write(bytes: &[u8]) -> CliResult<()> {
    if bytes.is_empty() {
        return Ok(());
    }
    match stream().and_then(|mut stream| stream.write_all(bytes)) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => std::process::exit(0),
        Err(error) => Err(CliError::io("write /dev/stdout", error)),
    }
}

/// Returns standard output as a file: without a buffer that could fail later, and with an error for a descriptor that is not
/// open for writing, which the stream of the standard library ignores.
#[cfg(unix)]
fn stream() -> io::Result<std::fs::File> {
    use std::os::fd::AsFd as _;
    Ok(std::fs::File::from(io::stdout().as_fd().try_clone_to_owned()?))
}

#[cfg(not(unix))]
fn stream() -> io::Result<impl Write> {
    Ok(io::LineWriter::new(io::stdout()))
}
