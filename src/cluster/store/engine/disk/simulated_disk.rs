//! A disk that records every write, and builds what a power failure would have left of them.
//!
//! It assumes as little as POSIX promises: a write is sure to survive only if the same file was synchronized after it. Of
//! every other write any subset of its sectors may have reached the disk, in any order; the name of a file is sure only
//! once the directory has been synchronized.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use super::files::{Disk, DiskFile};

/// The size of the pieces in which a disk writes.
const SECTOR: usize = 512;

/// A change of the disk. Files are identified by number, because names come and go.
#[derive(Clone, Debug)]
enum Event {
    Write { file: usize, offset: u64, bytes: Vec<u8> },
    Truncate { file: usize, len: u64 },
    Sync { file: usize },
    Name { name: String, file: Option<usize> },
    SyncNames,
}

/// The contents of a disk.
#[derive(Clone, Debug, Default)]
struct Contents {
    files: Vec<Vec<u8>>,
    names: BTreeMap<String, usize>,
}

impl Contents {
    /// Drops the bytes of files without a name: nobody can open them.
    fn clear_removed(&mut self) {
        let named: BTreeSet<usize> = self.names.values().copied().collect();
        for (file, bytes) in self.files.iter_mut().enumerate() {
            if !named.contains(&file) {
                *bytes = Vec::new();
            }
        }
    }
}

#[derive(Clone, Debug, Default)]
struct State {
    now: Contents,
    /// The contents before the first event.
    before: Contents,
    events: Vec<Event>,
    /// The number of bytes that can still be written; `None` for no limit.
    room: Option<usize>,
    /// The number of changes after which every change fails; `None` for no limit.
    breaks_after: Option<usize>,
}

/// A disk in memory, for tests. Clones are the same disk.
#[derive(Clone, Debug, Default)]
pub struct SimulatedDisk(Arc<Mutex<State>>);

#[derive(Debug)]
struct SimulatedFile(Arc<Mutex<State>>, usize);

impl SimulatedDisk {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("nothing panics while it holds the lock")
    }

    /// Limits the number of bytes that can still be written.
    pub fn set_room(&self, room: Option<usize>) {
        self.state().room = room;
    }

    /// Returns true before the first file has been created.
    pub fn is_empty(&self) -> bool {
        self.state().now.names.is_empty()
    }

    /// Makes every change fail after a number of further ones.
    pub fn break_after(&self, changes: Option<usize>) {
        self.state().breaks_after = changes;
    }

    /// The number of changes so far.
    pub fn events(&self) -> usize {
        self.state().events.len()
    }

    /// The number of times that a file or the directory was synchronized.
    pub fn syncs(&self) -> usize {
        self.state().events.iter().filter(|e| matches!(e, Event::Sync { .. } | Event::SyncNames)).count()
    }

    /// Flips one bit of a file.
    pub fn flip_bit(&self, name: &str, bit: usize) {
        let mut state = self.state();
        let file = state.now.names[name];
        state.now.files[file][bit / 8] ^= 1 << (bit % 8);
    }

    /// The length of a file in bytes.
    pub fn len(&self, name: &str) -> usize {
        let state = self.state();
        state.now.files[state.now.names[name]].len()
    }

    /// Builds the disk after a power failure that followed the first `events` changes. `chance` decides for every sector,
    /// name and truncation that was not synchronized whether it reached the disk.
    pub fn after_power_failure(&self, events: usize, chance: &mut dyn FnMut() -> bool) -> SimulatedDisk {
        let state = self.state();
        let events = &state.events[..events];
        let mut left = state.before.clone();
        left.files.resize(state.now.files.len(), Vec::new());
        let names_sync = events.iter().rposition(|event| matches!(event, Event::SyncNames));
        let mut file_syncs = vec![None; state.now.files.len()];
        for (index, event) in events.iter().enumerate() {
            if let Event::Sync { file } = event {
                file_syncs[*file] = Some(index);
            }
        }
        for (index, event) in events.iter().enumerate() {
            let synchronized = |file: usize| file_syncs[file] > Some(index);
            match event {
                Event::Write { file, offset, bytes } => {
                    let sure = synchronized(*file);
                    for (at, sector) in sectors(*offset as usize, bytes) {
                        if sure || chance() {
                            write(&mut left.files[*file], at, sector);
                        }
                    }
                }
                Event::Truncate { file, len } => {
                    if synchronized(*file) || chance() {
                        left.files[*file].truncate(*len as usize);
                    }
                }
                Event::Name { name, file } => {
                    if names_sync > Some(index) || chance() {
                        set_name(&mut left.names, name, *file);
                    }
                }
                Event::Sync { .. } | Event::SyncNames => {}
            }
        }
        left.clear_removed();
        let left = State { now: left.clone(), before: left, ..State::default() };
        SimulatedDisk(Arc::new(Mutex::new(left)))
    }
}

/// Splits a write at the boundaries of sectors.
fn sectors(offset: usize, bytes: &[u8]) -> Vec<(usize, &[u8])> {
    let (mut pieces, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let len = (SECTOR - (offset + at) % SECTOR).min(bytes.len() - at);
        pieces.push((offset + at, &bytes[at..at + len]));
        at += len;
    }
    pieces
}

fn write(file: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    let end = at + bytes.len();
    file.resize(file.len().max(end), 0);
    file[at..end].copy_from_slice(bytes);
}

fn set_name(names: &mut BTreeMap<String, usize>, name: &str, file: Option<usize>) {
    match file {
        Some(file) => names.insert(name.into(), file),
        None => names.remove(name),
    };
}

impl State {
    fn name(&mut self, name: &str, file: Option<usize>) {
        set_name(&mut self.now.names, name, file);
        self.events.push(Event::Name { name: name.into(), file });
    }

    /// Counts a change; an error if the disk is broken.
    fn change(&mut self) -> io::Result<()> {
        match &mut self.breaks_after {
            Some(0) => Err(io::Error::other("the disk is broken")),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

impl Disk for SimulatedDisk {
    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let file = *self.state().now.names.get(name).ok_or(io::ErrorKind::NotFound)?;
        Ok(Arc::new(SimulatedFile(self.0.clone(), file)))
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let mut state = self.state();
        state.change()?;
        let file = state.now.files.len();
        state.now.files.push(Vec::new());
        state.name(name, Some(file));
        Ok(Arc::new(SimulatedFile(self.0.clone(), file)))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.state();
        state.change()?;
        let file = *state.now.names.get(from).ok_or(io::ErrorKind::NotFound)?;
        state.name(to, Some(file));
        state.name(from, None);
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut state = self.state();
        state.change()?;
        let file = *state.now.names.get(name).ok_or(io::ErrorKind::NotFound)?;
        let len = state.now.files[file].len();
        state.room = state.room.map(|room| room + len);
        state.name(name, None);
        Ok(())
    }

    fn names(&self) -> io::Result<Vec<String>> {
        Ok(self.state().now.names.keys().cloned().collect())
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.state();
        state.change()?;
        state.events.push(Event::SyncNames);
        Ok(())
    }
}

impl SimulatedFile {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("nothing panics while it holds the lock")
    }
}

impl DiskFile for SimulatedFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.state().now.files[self.1].len() as u64)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let state = self.state();
        let bytes = state.now.files[self.1].get(offset as usize..offset as usize + buffer.len());
        buffer.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.state();
        state.change()?;
        if state.room.is_some_and(|room| room < bytes.len()) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        state.room = state.room.map(|room| room - bytes.len());
        write(&mut state.now.files[self.1], offset as usize, bytes);
        state.events.push(Event::Write { file: self.1, offset, bytes: bytes.to_vec() });
        Ok(())
    }

    fn truncate(&self, len: u64) -> io::Result<()> {
        let mut state = self.state();
        state.change()?;
        state.now.files[self.1].truncate(len as usize);
        state.events.push(Event::Truncate { file: self.1, len });
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.state();
        state.change()?;
        state.events.push(Event::Sync { file: self.1 });
        Ok(())
    }
}
