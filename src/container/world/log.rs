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
    /// Number of lines that were ever printed.
    #[serde(default)]
    count: u64,
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

    /// Returns the number of lines that were ever printed.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Returns the bytes after the last line ends.
    pub(super) fn rest(&self) -> &[Vec<u8>; 2] {
        &self.rest
    }

    /// Takes the lines, so that the rest can be copied cheaply.
    pub(super) fn take_lines(&mut self) -> VecDeque<LogLine> {
        std::mem::take(&mut self.lines)
    }

    /// Puts back lines that were taken.
    pub(super) fn put_lines(&mut self, lines: VecDeque<LogLine>) {
        self.lines = lines;
    }

    /// Returns the sizes of the newest lines in their order; `None` if there are not so many any more.
    pub(super) fn newest_sizes(&self, lines: u64) -> Option<Vec<usize>> {
        let first = self.lines.len().checked_sub(usize::try_from(lines).ok()?)?;
        Some(self.lines.range(first..).map(size).collect())
    }

    /// Returns the bytes of the present file.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Pretends that `count` lines were printed, none of which is wanted, and that the present file has so many bytes.
    pub(super) fn skip(&mut self, count: u64, bytes: usize) {
        self.lines.clear();
        self.count += count;
        self.bytes = bytes;
    }

    fn add(&mut self, line: LogLine) {
        self.bytes += size(&line);
        self.count += 1;
        self.lines.push_back(line);
        if self.bytes > MAX_BYTES {
            // The kubelet has begun a new file.
            self.lines.clear();
            self.bytes = 0;
        }
    }
}

fn size(line: &LogLine) -> usize {
    line.text.len() + LINE_OVERHEAD
}

/// The growth of a log file by rounds that print lines of the same sizes.
#[derive(Clone, Debug)]
pub(crate) struct Growth {
    /// Bytes of the file.
    pub(super) bytes: usize,
    /// Round in which the file was begun, counted from the first one that was added; 0 if it is older.
    pub(super) begun: u64,
    /// Rounds so far.
    rounds: u64,
}

impl Growth {
    pub(super) fn new(bytes: usize) -> Growth {
        Growth { bytes, begun: 0, rounds: 0 }
    }

    /// Adds rounds, each with lines of these sizes.
    pub(super) fn add(&mut self, rounds: u64, sizes: &[usize]) {
        let total: usize = sizes.iter().sum();
        let mut left = rounds;
        if total == 0 {
            self.rounds += rounds;
            return;
        }
        while left > 0 {
            // Whole rounds that surely fit, then one line by line.
            let fitting = (MAX_BYTES.saturating_sub(self.bytes) / total) as u64;
            let whole = fitting.saturating_sub(1).min(left);
            self.bytes += whole as usize * total;
            self.rounds += whole;
            left -= whole;
            if left == 0 {
                return;
            }
            for size in sizes {
                self.bytes += size;
                if self.bytes > MAX_BYTES {
                    self.bytes = 0;
                    self.begun = self.rounds;
                }
            }
            self.rounds += 1;
            left -= 1;
        }
    }
}
