//! Opening a cluster: its lock, engine, clock and seed, and the objects of a new cluster.

use crate::api::{Backends, Server, Settings, index_entries};
use crate::clock::COMMIT_WORK;
use crate::cluster::{Cluster, Uncommitted};
use crate::controllers::{CONTROLLERS, Driver, kubelet};
use crate::error::ClusterError;
use crate::invariants::{self, Invariants};
use crate::location::Location;
use crate::options::OpenOptions;
use crate::origin::{self, Basis, CLOCK};
use crate::recorder::Recorder;
use crate::simulation;
use crate::store::{Cause, MemoryEngine, OperationKind, Store};
use kctl_base::sim::{ClockMode, Duration, Ids};

/// The longest sleep of a watch that has nothing to wait for.
const SLEEP_MAX: std::time::Duration = std::time::Duration::from_secs(3600);

impl Cluster {
    /// Opens a cluster, creating it if there is none, and catches up with the wall clock.
    ///
    /// # Errors
    /// A store that another process keeps open for longer than the timeout, a directory that is not a store or cannot be
    /// used, or a damaged store.
    pub fn open(options: OpenOptions) -> Result<Cluster, ClusterError> {
        let mut location = Location::new(options)?;
        let store = location.open_store()?;
        Cluster::start(location, store)
    }

    /// Starts the control plane over a store.
    pub(crate) fn start(location: Location, mut store: Store) -> Result<Cluster, ClusterError> {
        let is_new = store.is_new();
        if is_new {
            location.options().plan.check().map_err(ClusterError::Plan)?;
        }
        let Basis { clock, seed, chance, installation } =
            origin::load(&mut store, location.options()).map_err(|e| location.name(e))?;
        let settings = Settings { latency: location.options().latency, chance, installation };
        let server = Server::new(store, Ids::new(seed), settings, backends())?;
        let driver = Driver::new(CONTROLLERS, server.revision());
        let revision = server.revision();
        let invariants = invariants::compile(&location.options().invariants)?;
        let invariants = (!invariants.is_empty()).then(|| Invariants::new(invariants, revision));
        let uncommitted = Uncommitted { entries: 0, since_revision: revision };
        let mut cluster = Cluster {
            server,
            driver,
            clock,
            is_changed: is_new,
            is_new,
            uncommitted,
            commit_work: COMMIT_WORK,
            reported_at: std::time::Instant::now(),
            invariants,
            broken: None,
            location,
            recorder: Recorder::new(clock.now, revision),
            trial: None,
        };
        cluster.server.store().set_cause(Cause::control_plane(cluster.clock.now));
        match is_new {
            true => cluster.create_objects()?,
            false => cluster.complete_bootstrap()?,
        }
        if cluster.clock.mode == ClockMode::Real {
            cluster.catch_up(cluster.clock.present())?;
        }
        Ok(cluster)
    }

    /// Makes the objects of a new cluster, as an operation of its own, which the first command is not.
    ///
    /// What has pods has been at work for some time already when the first command comes.
    fn create_objects(&mut self) -> Result<(), ClusterError> {
        let plan = self.location.options().plan.clone();
        let (present, age) = (self.clock.now, plan.age(self.location.options().latency));
        self.clock.now = present - age;
        self.server.store().set_cause(Cause::control_plane(self.clock.now));
        // A cluster is there as a whole or not at all.
        let commit_work = std::mem::replace(&mut self.commit_work, u64::MAX);
        self.server.make_administrator()?;
        self.bootstrap(&plan)?;
        if age > Duration::ZERO {
            self.catch_up(present)?;
        }
        self.commit_work = commit_work;
        if self.server.store().has_past() {
            self.server.set_typed_row(CLOCK, Some(self.clock));
            self.record(OperationKind::Creation)?;
            self.commit_staged()?;
            self.server.store().begin_operation();
            self.recorder = Recorder::new(self.clock.now, self.server.revision());
        }
        Ok(())
    }

    /// Releases the store and sleeps until another process has changed it, for at most `timeout`.
    ///
    /// # Errors
    /// A store that cannot be opened again, or that has come to hold another cluster.
    pub(crate) fn sleep(&mut self, timeout: Option<std::time::Duration>) -> Result<(), ClusterError> {
        let timeout = timeout.map_or(SLEEP_MAX, |timeout| timeout.min(SLEEP_MAX));
        if !self.location.is_shared() {
            std::thread::sleep(timeout);
            return Ok(());
        }
        // What time has done may not have been committed.
        let revision = if self.server.store().is_dirty() { 0 } else { self.server.revision() };
        let restored = self.server.store().head()?.restored;
        self.recorder.keep_totals();
        // The server drops the store, and with it the lock, while the process sleeps.
        self.server.replace_store(Store::new(Box::new(MemoryEngine::new()), index_entries)?)?;
        self.location.wait_for_change(timeout);
        let mut store = self.location.open_store()?;
        if store.head()?.restored != restored {
            return Err(self.location.restored().into());
        }
        let is_reset = store.is_new() || store.revision() < revision;
        let Basis { clock, seed, .. } =
            origin::load(&mut store, self.location.options()).map_err(|e| self.location.name(e))?;
        if is_reset || seed != self.server.ids().seed() {
            return Err(self.location.replaced().into());
        }
        self.server.replace_store(store)?;
        self.driver = Driver::new(CONTROLLERS, self.server.revision());
        self.clock = clock;
        Ok(())
    }
}

/// Returns the components that the API server forwards requests to.
fn backends() -> Backends {
    Backends {
        container_log: kubelet::container_log,
        session: kubelet::session,
        forward: kubelet::forward,
        pod_usage: simulation::pod_usage,
    }
}
