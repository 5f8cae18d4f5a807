//! Standard output of the process.

use std::io::{self, ErrorKind, Write};
use std::time::Duration;

use crate::{CliError, CliResult};

/// The time between two attempts to write to a full pipe.
const RETRY: Duration = Duration::from_millis(2);

/// Writes bytes to standard output. A closed pipe ends the process with status 0, as it ends any filter.
///
/// # Errors
/// The bytes cannot be written for any other reason, for example because the disk is full.
pub(crate) fn write(bytes: &[u8]) -> CliResult<()> {
    if bytes.is_empty() {
        return Ok(());
    }
    match stream().and_then(|mut stream| write_all(&mut stream, bytes)) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => std::process::exit(0),
        Err(error) => Err(CliError::io("write /dev/stdout", error)),
    }
}

/// Writes all bytes. Waits for a reader that has made the pipe return at once when it is full (`O_NONBLOCK`), as Go does.
fn write_all(stream: &mut impl Write, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match stream.write(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::sleep(RETRY),
            Err(error) => return Err(error),
        }
    }
    stream.flush()
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes two bytes, then is full once, and so on, until all of its space is used.
    struct Pipe {
        taken: Vec<u8>,
        full: bool,
        space: usize,
    }

    impl Write for Pipe {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.full = !self.full;
            if self.full {
                return Err(ErrorKind::WouldBlock.into());
            }
            let bytes = &bytes[..bytes.len().min(2)];
            if self.taken.len() + bytes.len() > self.space {
                return Err(ErrorKind::StorageFull.into());
            }
            self.taken.extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_full_pipe_is_waited_for_and_other_errors_are_not() {
        let mut pipe = Pipe { taken: Vec::new(), full: false, space: 5 };
        write_all(&mut pipe, b"hello").expect("enough space");
        assert_eq!(pipe.taken, b"hello");
        assert_eq!(write_all(&mut pipe, b"!").map_err(|e| e.kind()), Err(ErrorKind::StorageFull));
    }
}
