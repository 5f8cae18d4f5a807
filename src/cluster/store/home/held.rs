//! A store that this process holds: opening its engine, emptying it, compacting it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::marker::Marker;
use super::state::{self, State};
use super::{names_in, size_of, sync_dir};
use crate::store::{SledEngine, StoreError};

/// Where data is made before it is complete.
const NEW: &str = "new";

/// What the names of data directories start with.
const DATA: &str = "data-";

/// Data below this size is never worth compacting.
const SMALL: u64 = 16 << 20;

/// Data is compacted when it takes up so many times the space of what lives in it.
const WASTE: u64 = 8;

/// Whether a name in the directory can only be that of a store's data.
pub(super) fn is_data(name: &str) -> bool {
    name.strip_prefix(DATA).is_some_and(|n| n.parse::<u64>().is_ok())
}

/// The lock. It is given back when this and every engine that was opened are gone.
struct Guard {
    dir: PathBuf,
    seen: Arc<Mutex<Option<State>>>,
    _lock: File,
}

impl Drop for Guard {
    fn drop(&mut self) {
        // Still locked: nobody can commit between this look and the unlocking.
        if let Ok(mut seen) = self.seen.lock() {
            *seen = State::read(&self.dir);
        }
    }
}

/// A store that no other process can use at the moment.
pub struct Held {
    dir: PathBuf,
    marker: Marker,
    guard: Arc<Guard>,
}

impl Held {
    pub(super) fn new(dir: &Path, lock: File, seen: Arc<Mutex<Option<State>>>) -> Result<Held, StoreError> {
        let guard = Arc::new(Guard { dir: dir.to_path_buf(), seen, _lock: lock });
        let marker = match Marker::read(dir)? {
            Some(marker) => marker,
            None => {
                make_private(dir)?;
                Marker::default().write(dir)?;
                Marker::default()
            }
        };
        let held = Held { dir: dir.to_path_buf(), marker, guard };
        held.remove_leftovers()?;
        Ok(held)
    }

    /// Whether the store has no data yet.
    pub fn is_new(&self) -> bool {
        !self.marker.written
    }

    /// Opens the engine; makes it when the store is new, and compacts it when it is time to. The lock is kept as long as
    /// the engine lives. One engine can be open at a time.
    pub fn engine(&mut self) -> Result<SledEngine, StoreError> {
        if !self.marker.written {
            self.make()?;
        }
        let engine = self.open_data()?;
        let mut engine = if self.is_to_be_weighed(&engine) { self.weigh(engine)? } else { engine };
        self.announce(&mut engine)?;
        Ok(engine)
    }

    /// Removes everything; the next engine is that of a new store. No engine may be open.
    pub fn reset(&mut self) -> Result<(), StoreError> {
        self.turn_to(Marker { generation: self.marker.generation + 1, written: false, weighed: 0 })
    }

    /// Rewrites the data without what is no longer in use, and answers its size before and after. No engine may be open.
    pub fn compact(&mut self) -> Result<(u64, u64), StoreError> {
        let before = size_of(&self.data());
        if self.marker.written {
            let engine = self.open_data()?;
            self.rewrite(engine)?;
        }
        Ok((before, size_of(&self.data())))
    }

    fn data(&self) -> PathBuf {
        self.dir.join(format!("{DATA}{}", self.marker.generation))
    }

    /// Makes empty data, complete before anything leads to it.
    fn make(&mut self) -> Result<(), StoreError> {
        let mut engine = SledEngine::open(&self.empty_new()?)?;
        engine.begin()?;
        drop(engine);
        self.adopt(0)
    }

    fn open_data(&self) -> Result<SledEngine, StoreError> {
        // The state of other data says nothing about this one.
        let state = State::read(&self.dir).filter(|s| s.generation == self.marker.generation);
        let engine = SledEngine::open_written(&self.data(), state.map_or(0, |s| s.batches));
        engine.map_err(|error| match error {
            StoreError::Damaged { reason, .. } => StoreError::Damaged { path: self.dir.clone(), reason },
            other => other,
        })
    }

    /// Counting what lives takes a walk over everything, so it is done again only when the size has doubled.
    fn is_to_be_weighed(&self, engine: &SledEngine) -> bool {
        use crate::store::Engine as _;
        engine.bytes_on_disk() >= SMALL.max(self.marker.weighed.saturating_mul(2))
    }

    /// Compares the data with what lives in it, and rewrites it when most of it does not.
    fn weigh(&mut self, engine: SledEngine) -> Result<SledEngine, StoreError> {
        let size = size_of(&self.data());
        if size > WASTE * engine.live_bytes()? {
            match self.rewrite(engine) {
                // Without the space to compact, the store goes on as it is.
                Ok(()) | Err(StoreError::Full { .. }) => {}
                Err(error) => return Err(error),
            }
            return self.open_data();
        }
        self.marker.weighed = size;
        self.marker.write(&self.dir)?;
        Ok(engine)
    }

    /// Copies what lives into new data, and turns to it in one step: whenever this ends early, one of the two is whole.
    fn rewrite(&mut self, old: SledEngine) -> Result<(), StoreError> {
        let path = self.empty_new()?;
        let mut new = SledEngine::open(&path)?;
        let copied = new.load(&old);
        drop((old, new));
        match copied {
            Ok(()) => self.adopt(size_of(&path)),
            Err(error) => {
                remove(&path)?;
                Err(error)
            }
        }
    }

    /// An empty place for new data.
    fn empty_new(&self) -> Result<PathBuf, StoreError> {
        let path = self.dir.join(NEW);
        remove(&path)?;
        make_private(&path)?;
        Ok(path)
    }

    /// Gives new data its name and turns to it.
    fn adopt(&mut self, weighed: u64) -> Result<(), StoreError> {
        let marker = Marker { generation: self.marker.generation + 1, written: true, weighed };
        let (new, data) = (self.dir.join(NEW), self.dir.join(format!("{DATA}{}", marker.generation)));
        sync_dir(&new)?;
        remove(&data)?;
        fs::rename(&new, &data).map_err(|e| StoreError::from_io(&data, e))?;
        sync_dir(&self.dir)?;
        self.turn_to(marker)
    }

    /// From here on the store is what the marker says.
    fn turn_to(&mut self, marker: Marker) -> Result<(), StoreError> {
        marker.write(&self.dir)?;
        self.marker = marker;
        let mut file = state::open(&self.dir)?;
        let state = State { generation: marker.generation, batches: 0 };
        state.write(&mut file).map_err(|e| StoreError::from_io(&self.dir, e))?;
        self.remove_leftovers()
    }

    fn remove_leftovers(&self) -> Result<(), StoreError> {
        let current = self.marker.written.then(|| self.data());
        for name in names_in(&self.dir)? {
            let path = self.dir.join(&name);
            if (name == NEW || is_data(&name)) && current.as_ref() != Some(&path) {
                remove(&path)?;
            }
        }
        Ok(())
    }

    /// Lets the engine tell watchers of every commit, and keep the lock.
    fn announce(&self, engine: &mut SledEngine) -> Result<(), StoreError> {
        let mut file = state::open(&self.dir)?;
        let (generation, guard) = (self.marker.generation, self.guard.clone());
        engine.on_apply(move |batches| {
            let _held = &guard;
            // The commit is durable; when this fails, watchers only hear of it later.
            drop(State { generation, batches }.write(&mut file));
        });
        Ok(())
    }
}

/// Removes a directory, if it is there.
fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_dir_all(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(StoreError::from_io(path, e)),
        _ => Ok(()),
    }
}

/// Makes a directory its owner's alone, if need be the directory itself.
fn make_private(path: &Path) -> Result<(), StoreError> {
    super::make_private(path)?;
    #[cfg(unix)]
    {
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        fs::set_permissions(path, private).map_err(|e| StoreError::from_io(path, e))?;
    }
    Ok(())
}
