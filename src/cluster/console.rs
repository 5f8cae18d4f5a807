//! The console of the simulation: the clock, injected faults, name resolution, the history, and the state of the store.
//!
//! None of them is an API object. A user needs the permission to `post` to the non-resource path `/simulation`, or to `get` it
//! in order to read the history, which by default only the administrator has.

mod history;
mod snapshots;

use crate::api::{Attributes, User};
use crate::chronicle::History;
use crate::cluster::Cluster;
use crate::controllers::runtime::Failure;
use crate::dns::{self, Answer, RecordType};
use crate::error::ClusterError;
use crate::inspection;
use crate::simulation::Faults;
use crate::store::StoreError;
use crate::why::{ObjectName, Story};
use kctl_base::sim::{ClockMode, ClockState, Due, Duration};

/// The non-resource path by which authorization rules name the console.
const PATH: &str = "/simulation";

pub use history::Kept;
pub use snapshots::SavedState;

/// The resources whose objects a history has even if they did not change.
const RESOURCES: &[&str] = &[
    "controllerrevisions.apps",
    "cronjobs.batch",
    "daemonsets.apps",
    "deployments.apps",
    "events",
    "jobs.batch",
    "pods",
    "replicasets.apps",
    "replicationcontrollers",
    "statefulsets.apps",
];

/// The result of an operation on the console.
type Result<T> = std::result::Result<T, ClusterError>;

/// The console of a cluster, opened for an authorized user.
pub struct Console<'a> {
    cluster: &'a mut Cluster,
}

impl Cluster {
    /// Opens the console for a user.
    ///
    /// # Errors
    /// Status 403 for a user without the permission; roles and bindings that cannot be read.
    pub fn console(&mut self, user: &User) -> Result<Console<'_>> {
        self.server.authorize_user(user, &Attributes::of_path("post", PATH))?;
        Ok(Console { cluster: self })
    }

    /// Opens the console for a user who only reads.
    ///
    /// # Errors
    /// As [`Cluster::console`], for the permission to `get`.
    pub fn console_to_read(&mut self, user: &User) -> Result<Console<'_>> {
        self.server.authorize_user(user, &Attributes::of_path("get", PATH))?;
        Ok(Console { cluster: self })
    }
}

impl Console<'_> {
    /// Returns the clock: its mode and the current time.
    pub fn clock(&self) -> ClockState {
        self.cluster.clock()
    }

    /// Returns the next entry of the timeline; `None` when the timeline is empty.
    ///
    /// # Errors
    /// A store that cannot be read.
    pub fn next_due(&mut self) -> Result<Option<Due>> {
        Ok(self.cluster.server.due(1)?.into_iter().next())
    }

    /// Switches between the wall clock and virtual time.
    ///
    /// # Errors
    /// As [`Cluster::set_mode`].
    pub fn set_mode(&mut self, mode: ClockMode) -> Result<()> {
        Ok(self.cluster.set_mode(mode)?)
    }

    /// Advances the virtual clock by a span.
    ///
    /// # Errors
    /// A real clock, a negative span, or a controller that fails.
    pub fn advance(&mut self, span: Duration) -> Result<()> {
        self.cluster.advance(span)
    }

    /// Advances the virtual clock until nothing has changed for `quiet`, by at most `timeout`. Returns `false` after the
    /// timeout.
    ///
    /// # Errors
    /// A real clock, or a controller that fails.
    pub fn settle(&mut self, quiet: Duration, timeout: Duration) -> Result<bool> {
        self.cluster.settle(quiet, timeout)
    }

    /// Returns the injected faults and declared metrics.
    ///
    /// # Errors
    /// Rows that cannot be read.
    pub fn faults(&mut self) -> Result<Faults> {
        Ok(self.cluster.faults()?)
    }

    /// Replaces the injected faults and declared metrics, and runs the controllers that a difference concerns.
    ///
    /// # Errors
    /// Rows that cannot be read or written, or a controller that fails.
    pub fn set_faults(&mut self, faults: &Faults) -> Result<()> {
        Ok(self.cluster.set_faults(faults)?)
    }

    /// Returns the reconciliations that have failed and not succeeded since, by controller and key.
    ///
    /// # Errors
    /// A store that cannot be read.
    pub fn failures(&mut self) -> Result<Vec<Failure>> {
        Ok(self.cluster.failures()?)
    }

    /// Tells how an object came to be what it is, also one that is gone; `None` for an object that nothing is known of.
    ///
    /// # Errors
    /// A store that cannot be read.
    pub fn causes(&mut self, object: &ObjectName) -> Result<Option<Story>> {
        Ok(crate::why::tell(&mut self.cluster.server, object)?)
    }

    /// Returns the changes after a revision and the objects before them; without one, all changes that the log still has.
    ///
    /// # Errors
    /// Status 410 for a revision that the change log no longer reaches; a store that cannot be read.
    pub fn history(&mut self, since: Option<u64>) -> Result<History> {
        let since = match since {
            Some(revision) => revision,
            None => self.cluster.server.log_start(),
        };
        let changes = inspection::changes_since(self.cluster, since)?;
        let mut present = Vec::new();
        for resource in RESOURCES {
            present.extend(self.cluster.server.read_all(resource, None)?);
        }
        Ok(History::until(present, changes, self.cluster.now()))
    }

    /// Resolves a name as a pod in `namespace` would.
    ///
    /// # Errors
    /// A store that cannot be read.
    pub fn resolve(&mut self, namespace: &str, name: &str, record: RecordType) -> Result<Answer> {
        Ok(dns::lookup(&mut self.cluster.server, namespace, name, record)?)
    }

    /// Commits what is staged and checks the store; returns its state.
    ///
    /// # Errors
    /// A store that cannot be written or read.
    pub fn check_store(&mut self) -> Result<StoreReport> {
        self.cluster.commit()?;
        let problems = self.cluster.server.store().check()?;
        let bytes = self.cluster.server.store().bytes_on_disk()?;
        Ok(StoreReport { problems, revision: self.cluster.server.revision(), bytes })
    }

    /// Removes the objects that cannot be decoded, after `save` has kept the bytes of each under its name. The controllers
    /// react to the removal.
    ///
    /// # Errors
    /// A store that cannot be written or read, or the error of `save`; then nothing is removed.
    pub fn repair_store<E: From<ClusterError>>(
        &mut self,
        mut save: impl FnMut(&str, &[u8]) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        let failed = |error: StoreError| E::from(ClusterError::from(error));
        self.cluster.commit().map_err(failed)?;
        let unreadable = self.cluster.server.store().unreadable_objects().map_err(failed)?;
        for (key, bytes) in &unreadable {
            save(&key.to_string(), bytes)?;
        }
        for (key, _) in &unreadable {
            self.cluster.server.store().remove_unreadable(key).map_err(failed)?;
        }
        self.cluster.server.reload_custom_kinds().map_err(failed)?;
        self.cluster.run().map_err(ClusterError::from)?;
        self.cluster.commit().map_err(failed)
    }
}

/// The state of a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreReport {
    /// The inconsistencies found, one sentence each; empty for a consistent store.
    pub problems: Vec<String>,
    /// The newest revision.
    pub revision: u64,
    /// Size on disk in bytes.
    pub bytes: u64,
}
