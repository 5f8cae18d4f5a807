//! The log of a container, as the container runtime keeps it.

use std::collections::VecDeque;

use kctl_base::sim::Time;
use serde::{Deserialize, Serialize};

/// Bytes of a log file after which the kubelet begins a new one (`containerLogMaxSize`); `logs` shows the last file.
const MAX_BYTES: usize = 10 * 1024 * 1024;
/// Bytes that the container runtime adds to a line: time, stream and tag.
const LINE_OVERHEAD: usize = 45;

/// An output of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// A line that a container has printed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// When it was completed.
    pub at: Time,
    /// Where it was printed.
    pub stream: Stream,
    /// The bytes as text, without the line end.
    pub text: String,
    /// The line has no end: the container ended first.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_partial: bool,
}

/// The newest lines of a container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Log {
    lines: VecDeque<LogLine>,
    bytes: usize,
    /// Bytes after the last line end, of standard output and error.
    rest: [Vec<u8>; 2],
}

impl Log {
    /// Returns the lines, oldest first.
    pub fn lines(&self) -> impl DoubleEndedIterator<Item = &LogLine> {
        self.lines.iter()
    }

    /// Returns what standard output has written behind the last line end.
    pub(crate) fn open_line(&self) -> &[u8] {
        &self.rest[Stream::Out as usize]
    }

    pub(crate) fn write(&mut self, at: Time, stream: Stream, bytes: &[u8]) {
        let rest = &mut self.rest[stream as usize];
        rest.extend(bytes);
        let Some(end) = rest.iter().rposition(|byte| *byte == b'\n') else { return };
        let complete: Vec<u8> = rest.drain(..=end).collect();
        for line in complete[..end].split(|byte| *byte == b'\n') {
            self.add(LogLine { at, stream, text: String::from_utf8_lossy(line).into_owned(), is_partial: false });
        }
    }

    /// Adds what has no line end, when the container has ended.
    pub(crate) fn finish(&mut self, at: Time) {
        for stream in [Stream::Out, Stream::Err] {
            let rest = std::mem::take(&mut self.rest[stream as usize]);
            if !rest.is_empty() {
                self.add(LogLine { at, stream, text: String::from_utf8_lossy(&rest).into_owned(), is_partial: true });
            }
        }
    }

    fn add(&mut self, line: LogLine) {
        self.bytes += line.text.len() + LINE_OVERHEAD;
        self.lines.push_back(line);
        if self.bytes > MAX_BYTES {
            // The kubelet has begun a new file.
            self.lines.clear();
            self.bytes = 0;
        }
    }
}
