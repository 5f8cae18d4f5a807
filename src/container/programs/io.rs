//! Input and output of programs that read files one after the other.

use std::borrow::Cow;
use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::call::{Call, Stop};
use crate::errno::Errno;
use crate::process::{OpenMode, Target, Wait};

/// Bytes of one read.
const BLOCK: usize = 65_536;
/// Bytes after which a program lets others run.
const TURN: usize = 1 << 20;
/// Most bytes that a program keeps.
const MEMORY: usize = 64 << 20;

/// The messages about a file that cannot be opened or read; `{}` is its name, `{e}` the error, which else follows a colon.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Wording {
    open: Cow<'static, str>,
    read: Cow<'static, str>,
}

impl Wording {
    /// Creates a wording.
    pub(crate) const fn new(open: &'static str, read: &'static str) -> Wording {
        Wording { open: Cow::Borrowed(open), read: Cow::Borrowed(read) }
    }

    /// `NAME: FILE: error`.
    pub(crate) const PLAIN: Wording = Wording::new("{}", "{}");
    /// `NAME: can't open 'FILE': error`.
    pub(crate) const BUSYBOX: Wording = Wording::new("can't open '{}'", "read error");
    /// `NAME: cannot open 'FILE' for reading: error`.
    pub(crate) const GNU: Wording = Wording::new("cannot open '{}' for reading", "error reading '{}'");
}

impl Default for Wording {
    fn default() -> Wording {
        Wording::PLAIN
    }
}

/// The next event of the input.
#[derive(Debug)]
pub(crate) enum Event {
    /// A file begins.
    Start,
    /// A line with its end, which only the last of a file may lack.
    Line(Vec<u8>),
    /// The file has ended.
    End,
    /// There are no more files.
    Done,
}

/// The files that a program reads, and what it has printed but not yet written.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Io {
    is_started: bool,
    wording: Wording,
    rest: VecDeque<String>,
    /// Name of the present file; `-` is standard input.
    name: String,
    descriptor: Option<i32>,
    buffer: Vec<u8>,
    /// Bytes of `buffer` that were given out.
    taken: usize,
    /// The content of earlier files, for a program that needs all of them.
    gathered: Vec<u8>,
    is_file_complete: bool,
    #[serde(default)]
    opened: usize,
    has_failed: bool,
    is_unreadable: bool,
    out: Vec<u8>,
    /// Bytes that were read since the process runs.
    turn: usize,
}

impl Io {
    /// Names the files, at the first call only; without any it is standard input.
    pub(crate) fn start(&mut self, operands: &[String], wording: Wording) {
        if self.is_started {
            return;
        }
        self.is_started = true;
        self.wording = wording;
        self.rest = operands.iter().cloned().collect();
        if self.rest.is_empty() {
            self.rest.push_back("-".to_owned());
        }
    }

    /// Returns the name of the present file.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Returns the number of files that were opened, or could not be.
    pub(crate) fn opened(&self) -> usize {
        self.opened
    }

    /// Reports whether a file could not be read.
    pub(crate) fn has_failed(&self) -> bool {
        self.has_failed
    }

    /// Reports whether there are files that were not opened yet.
    pub(crate) fn has_more(&self) -> bool {
        !self.rest.is_empty()
    }

    /// Reports whether the last file could be opened, but not read.
    pub(crate) fn is_unreadable(&self) -> bool {
        self.is_unreadable
    }

    /// Notes a failure that the exit code tells.
    pub(crate) fn fail(&mut self) {
        self.has_failed = true;
    }

    /// Returns the exit code: 1 if a file could not be read.
    pub(crate) fn code(&self) -> i32 {
        i32::from(self.has_failed)
    }

    /// Prints at the end of the turn.
    pub(crate) fn print(&mut self, bytes: impl AsRef<[u8]>) {
        self.out.extend_from_slice(bytes.as_ref());
    }

    /// Begins a turn of the process.
    pub(crate) fn begin(&mut self) {
        self.turn = 0;
    }

    /// Writes what was printed.
    ///
    /// # Errors
    /// As [`Call::print`].
    pub(crate) fn flush(&mut self, call: &mut Call<'_>) -> Result<(), Stop> {
        if self.out.is_empty() {
            return Ok(());
        }
        call.print(std::mem::take(&mut self.out))
    }

    /// Lets others run from time to time, so that endless loops do not keep everything.
    ///
    /// # Errors
    /// [`Stop::Wait`] until the next turn.
    pub(crate) fn pause(&mut self, call: &Call<'_>, bytes: usize) -> Result<(), Stop> {
        self.turn += bytes;
        if self.turn > TURN || self.out.len() > TURN { Err(Stop::Wait(Wait::Until(call.now()))) } else { Ok(()) }
    }

    /// Returns what comes next. Files that cannot be opened are reported and skipped.
    ///
    /// # Errors
    /// [`Stop::Wait`] while there is nothing to read; [`Stop::Exit`] when a line is too long.
    pub(crate) fn next(&mut self, call: &mut Call<'_>, separator: u8) -> Result<Event, Stop> {
        if self.descriptor.is_none() {
            return Ok(if self.open_next(call) { Event::Start } else { Event::Done });
        }
        let mut searched = self.taken;
        loop {
            if let Some(at) = self.buffer[searched..].iter().position(|byte| *byte == separator) {
                let line = self.buffer[self.taken..=searched + at].to_vec();
                self.taken = searched + at + 1;
                return Ok(Event::Line(line));
            }
            if self.is_file_complete {
                let line = self.buffer.split_off(self.taken);
                self.buffer.clear();
                self.taken = 0;
                if line.is_empty() {
                    self.close(call);
                    return Ok(Event::End);
                }
                return Ok(Event::Line(line));
            }
            self.buffer.drain(..self.taken);
            self.taken = 0;
            searched = self.buffer.len();
            let block = self.read(call)?;
            self.buffer.extend(block);
            self.check_memory(call, self.buffer.len())?;
        }
    }

    /// Leaves the rest of the present file unread.
    pub(crate) fn skip(&mut self, call: &mut Call<'_>) {
        self.buffer.clear();
        self.taken = 0;
        self.close(call);
    }

    /// Returns the next line of all files, with its end; `None` after the last.
    ///
    /// # Errors
    /// As [`Io::next`].
    pub(crate) fn line(&mut self, call: &mut Call<'_>) -> Result<Option<Vec<u8>>, Stop> {
        loop {
            match self.next(call, b'\n')? {
                Event::Line(line) => return Ok(Some(line)),
                Event::Done => return Ok(None),
                Event::Start | Event::End => {}
            }
        }
    }

    /// Returns the next bytes of all files; `None` after the last.
    ///
    /// # Errors
    /// As [`Io::next`].
    pub(crate) fn block(&mut self, call: &mut Call<'_>) -> Result<Option<Vec<u8>>, Stop> {
        loop {
            if self.descriptor.is_none() && !self.open_next(call) {
                return Ok(None);
            }
            let block = self.read(call)?;
            if !block.is_empty() {
                return Ok(Some(block));
            }
            self.close(call);
        }
    }

    /// Opens the next file; after this [`Io::all`] returns its content. `false` when there is none.
    pub(crate) fn open_next(&mut self, call: &mut Call<'_>) -> bool {
        while let Some(name) = self.rest.pop_front() {
            self.opened += 1;
            let opened = if name == "-" { call.duplicate(0) } else { call.open(&name, OpenMode::Read, false) };
            self.name = name;
            match opened {
                Ok(descriptor) => {
                    self.descriptor = Some(descriptor);
                    self.is_file_complete = false;
                    self.is_unreadable = false;
                    return true;
                }
                Err(errno) => self.report(call, errno, true),
            }
        }
        false
    }

    /// Reads the next file to its end; `None` after the last. A file that cannot be read is empty or left out.
    ///
    /// # Errors
    /// As [`Io::next`].
    pub(crate) fn file(&mut self, call: &mut Call<'_>) -> Result<Option<Vec<u8>>, Stop> {
        if self.descriptor.is_none() && !self.open_next(call) {
            return Ok(None);
        }
        while !self.is_file_complete {
            let block = self.read(call)?;
            self.buffer.extend(block);
            self.check_memory(call, self.buffer.len())?;
        }
        self.close(call);
        self.taken = 0;
        Ok(Some(std::mem::take(&mut self.buffer)))
    }

    /// Reads all files to their end as one text, in which every line has an end.
    ///
    /// # Errors
    /// As [`Io::next`].
    pub(crate) fn all(&mut self, call: &mut Call<'_>, separator: u8) -> Result<Vec<u8>, Stop> {
        while let Some(file) = self.file(call)? {
            self.gathered.extend_from_slice(&file);
            if file.last().is_some_and(|last| *last != separator) {
                self.gathered.push(separator);
            }
            self.check_memory(call, self.gathered.len())?;
        }
        Ok(std::mem::take(&mut self.gathered))
    }

    /// Reads all files to their end as one text, byte by byte.
    ///
    /// # Errors
    /// As [`Io::next`].
    pub(crate) fn gather(&mut self, call: &mut Call<'_>) -> Result<Vec<u8>, Stop> {
        while let Some(file) = self.file(call)? {
            self.gathered.extend(file);
            self.check_memory(call, self.gathered.len())?;
        }
        Ok(std::mem::take(&mut self.gathered))
    }

    /// Writes what was printed to a file instead.
    ///
    /// # Errors
    /// [`Stop::Exit`] after a message if that fails.
    pub(crate) fn redirect(&mut self, call: &mut Call<'_>, path: &str) -> Result<(), Stop> {
        let out = std::mem::take(&mut self.out);
        call.files().write(path, &out).map_err(|errno| {
            call.complain(&format!("{path}: {}", errno.text()));
            Stop::Exit(1)
        })
    }

    /// Reads the next bytes of the present file; empty at its end.
    fn read(&mut self, call: &mut Call<'_>) -> Result<Vec<u8>, Stop> {
        self.read_at_most(call, BLOCK)
    }

    /// Reads at most `limit` bytes of the present file; empty at its end.
    ///
    /// # Errors
    /// [`Stop::Wait`] while there is nothing to read.
    pub(crate) fn read_at_most(&mut self, call: &mut Call<'_>, limit: usize) -> Result<Vec<u8>, Stop> {
        let Some(descriptor) = self.descriptor else { return Ok(Vec::new()) };
        self.pause(call, 0)?;
        match call.read(descriptor, BLOCK.min(limit))? {
            Ok(block) => {
                self.turn += block.len();
                self.is_file_complete = block.is_empty();
                Ok(block)
            }
            Err(errno) => {
                self.is_file_complete = true;
                self.report(call, errno, false);
                Ok(Vec::new())
            }
        }
    }

    /// Gives back bytes of the last read, so that others that share the open file get them; impossible for a pipe.
    pub(crate) fn unread(&mut self, call: &mut Call<'_>, bytes: usize) {
        if let Some(Target::File { offset, .. }) = self.descriptor.and_then(|descriptor| target(call, descriptor)) {
            *offset = offset.saturating_sub(bytes as u64);
        }
    }

    /// Closes the present file.
    pub(crate) fn close(&mut self, call: &mut Call<'_>) {
        if let Some(descriptor) = self.descriptor.take() {
            call.close(descriptor);
        }
    }

    fn report(&mut self, call: &mut Call<'_>, errno: Errno, is_open: bool) {
        self.has_failed = true;
        self.is_unreadable = !is_open;
        let wording = if is_open { &self.wording.open } else { &self.wording.read };
        let name = match (self.name.as_str(), is_open) {
            ("-", _) if wording == "{}" => "-",
            ("-", _) => "standard input",
            (name, _) => name,
        };
        if !wording.is_empty() {
            let message = wording.replace("{}", name);
            call.complain(&match message.contains("{e}") {
                true => message.replace("{e}", errno.text()),
                false => format!("{message}: {}", errno.text()),
            });
        }
    }

    /// Ends a program that keeps too much.
    ///
    /// # Errors
    /// [`Stop::Exit`] then.
    pub(crate) fn check_memory(&self, call: &mut Call<'_>, bytes: usize) -> Result<(), Stop> {
        if bytes > MEMORY {
            call.complain("memory exhausted");
            return Err(Stop::Exit(2));
        }
        Ok(())
    }
}

/// Returns what a descriptor leads to.
fn target<'a>(call: &'a mut Call<'_>, descriptor: i32) -> Option<&'a mut Target> {
    let id = call.process.files.get(&descriptor)?;
    call.world.files.get_mut(id).map(|file| &mut file.target)
}
