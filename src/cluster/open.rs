//! Opening a cluster: the directory and its lock, the engine, the clock, a first filling where it is new.

use std::path::PathBuf;

use crate::api::{Backends, Server, Settings, index_entries};
use crate::cluster::{CLOCK, Cluster, ClusterError};
use crate::controllers::kubelet;
use crate::controllers::{CONTROLLERS, Driver};
use crate::simulation;
use crate::store::{Held, Home, MemoryEngine, Store};
use kctl_base::json::{self, json};
use kctl_base::object::ValueRead;
use kctl_base::sim::{ClockMode, ClockState, Duration, Ids, Time, clock, ids};

/// The row that holds what a store was created with.
const ORIGIN: &str = "origin";

/// Where a cluster lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Backend {
    /// In a directory.
    Directory(PathBuf),
    /// In memory, for as long as the process runs: tests and experiments.
    Memory,
}

/// How a cluster is opened. What concerns only its creation is ignored when it exists.
#[derive(Clone, Debug)]
pub struct OpenOptions {
    /// Where it lives.
    pub backend: Backend,
    /// Whose time it lives by; real when nothing is said. Only at creation.
    pub clock: Option<ClockMode>,
    /// Where a virtual clock starts. Only at creation.
    pub epoch: Option<Time>,
    /// The seed of all names and numbers; random when nothing is said. Only at creation.
    pub seed: Option<u64>,
    /// How long a step of a pod's life takes.
    pub latency: Duration,
    /// How long to wait for another process that holds the store; zero is for ever.
    pub lock_timeout: Duration,
    /// Called once when the wait for the lock has taken a second.
    pub on_wait: fn(),
}

impl OpenOptions {
    /// The usual options for a directory.
    pub fn at(directory: PathBuf) -> OpenOptions {
        OpenOptions {
            backend: Backend::Directory(directory),
            clock: None,
            epoch: None,
            seed: None,
            latency: Duration::from_secs(1),
            lock_timeout: Duration::from_secs(30),
            on_wait: || {},
        }
    }

    /// A virtual cluster in memory with a seed.
    pub fn memory(seed: u64) -> OpenOptions {
        OpenOptions {
            backend: Backend::Memory,
            clock: Some(ClockMode::Virtual),
            seed: Some(seed),
            ..OpenOptions::at(PathBuf::new())
        }
    }
}

/// How a cluster was opened, and what holds its directory.
pub(crate) struct Place {
    options: OpenOptions,
    /// The directory; `None` in memory.
    home: Option<Home>,
    /// The lock on it; `None` while a watcher sleeps.
    held: Option<Held>,
}

/// The longest sleep of a watcher that has nothing to wait for.
const LONGEST_SLEEP: std::time::Duration = std::time::Duration::from_secs(3600);

impl Cluster {
    /// Opens a cluster, makes it where there is none, and catches up with the wall clock.
    ///
    /// # Errors
    /// When another process holds the store for too long, or the directory is not a store or can not be used.
    pub fn open(options: OpenOptions) -> Result<Cluster, ClusterError> {
        let home = match &options.backend {
            Backend::Directory(directory) => Some(Home::open(directory)?),
            Backend::Memory => None,
        };
        let (held, mut store) = open_store(home.as_ref(), &options)?;
        let is_new = store.is_new();
        let (clock, seed) = origin(&mut store, &options)?;
        let settings = Settings { latency: options.latency };
        let server = Server::new(store, Ids::new(seed), settings, backends())?;
        let driver = Driver::new(CONTROLLERS, server.revision());
        let mut cluster = Cluster { server, driver, clock, place: Place { options, home, held } };
        if is_new {
            cluster.bootstrap()?;
        }
        if cluster.clock.mode == ClockMode::Real {
            cluster.catch_up(clock::wall())?;
        }
        Ok(cluster)
    }

    /// Gives the store back while the process sleeps, until somebody else changed it or `at_most` has passed.
    pub(crate) fn sleep(&mut self, at_most: Option<std::time::Duration>) -> Result<(), ClusterError> {
        let for_now = at_most.map_or(LONGEST_SLEEP, |d| d.min(LONGEST_SLEEP));
        let Some(home) = &self.place.home else {
            std::thread::sleep(for_now);
            return Ok(());
        };
        let nothing = Store::new(Box::new(MemoryEngine::new()), index_entries)?;
        self.server.replace_store(nothing)?;
        self.place.held = None;
        home.wait_for_change(for_now)?;
        let (held, mut store) = open_store(Some(home), &self.place.options)?;
        let (clock, _) = origin(&mut store, &self.place.options)?;
        self.server.replace_store(store)?;
        self.driver = Driver::new(CONTROLLERS, self.server.revision());
        (self.place.held, self.clock) = (held, clock);
        Ok(())
    }
}

/// The components that the API server forwards requests to.
fn backends() -> Backends {
    Backends { container_log: kubelet::container_log, pod_usage: simulation::pod_usage }
}

/// Takes the lock and opens the engine.
fn open_store(home: Option<&Home>, options: &OpenOptions) -> Result<(Option<Held>, Store), ClusterError> {
    let Some(home) = home else {
        return Ok((None, Store::new(Box::new(MemoryEngine::new()), index_entries)?));
    };
    let forever = std::time::Duration::from_secs(u64::from(u32::MAX));
    let timeout = if options.lock_timeout == Duration::ZERO { forever } else { options.lock_timeout.to_std() };
    let mut held = home.lock(timeout, &mut || (options.on_wait)())?;
    let store = Store::new(Box::new(held.engine()?), index_entries)?;
    Ok((Some(held), store))
}

/// The clock and the seed of the store; a new one gets them from the options.
fn origin(store: &mut Store, options: &OpenOptions) -> Result<(ClockState, u64), ClusterError> {
    let stored = store.row(CLOCK)?.and_then(|v| json::from_value(&v).ok());
    let seed = store.row(ORIGIN)?.map(|v| v.str("/seed").parse().unwrap_or(0));
    if let (Some(clock), Some(seed)) = (stored, seed) {
        return Ok((clock, seed));
    }
    let mode = options.clock.unwrap_or(ClockMode::Real);
    let now = match mode {
        ClockMode::Real => clock::wall(),
        ClockMode::Virtual => options.epoch.unwrap_or(clock::DEFAULT_EPOCH),
    };
    let seed = options.seed.unwrap_or_else(ids::fresh_seed);
    // As text: JSON numbers above 2^53 do not survive every reader.
    store.set_row(ORIGIN, Some(json!({"seed": seed.to_string(), "created": now.rfc3339()})));
    Ok((ClockState { mode, now }, seed))
}
