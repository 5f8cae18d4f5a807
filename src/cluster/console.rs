//! The console of the simulation: the clock, injected faults, name resolution, the state of the store.
//!
//! These are no objects of the API. A user needs the permission to `post` to the path `/simulation`, which by default only
//! the administrator has.

use crate::api::{Attributes, User};
use crate::cluster::{Cluster, ClusterError};
use crate::controllers::runtime::Failure;
use crate::dns::{self, Answer, RecordType};
use crate::simulation::Faults;
use kctl_base::sim::{ClockMode, ClockState, Due, Duration};

/// The non-resource path that stands for the console in authorization.
const PATH: &str = "/simulation";

/// Result of an operation on the console.
type Result<T> = std::result::Result<T, ClusterError>;

/// The console of a cluster, for a user who may use it.
pub struct Console<'a> {
    cluster: &'a mut Cluster,
}

impl Cluster {
    /// Opens the console for a user.
    ///
    /// # Errors
    /// Status 403 for a user without the permission.
    pub fn console(&mut self, user: &User) -> Result<Console<'_>> {
        self.server.authorize_user(user, &Attributes::of_path("post", PATH))?;
        Ok(Console { cluster: self })
    }
}

impl Console<'_> {
    /// The clock: its mode and the current time.
    pub fn clock(&self) -> ClockState {
        self.cluster.clock()
    }

    /// The next entry of the timeline; `None` when nothing is due.
    ///
    /// # Errors
    /// A store that cannot be read.
    pub fn next_due(&mut self) -> Result<Option<Due>> {
        Ok(self.cluster.server.due(1)?.into_iter().next())
    }

    /// Switches between the wall clock and virtual time.
    ///
    /// # Errors
    /// See [`Cluster::set_mode`].
    pub fn set_mode(&mut self, mode: ClockMode) -> Result<()> {
        Ok(self.cluster.set_mode(mode)?)
    }

    /// Lets a span of virtual time pass.
    ///
    /// # Errors
    /// A cluster that lives by the wall clock, a negative span, a controller that fails.
    pub fn advance(&mut self, span: Duration) -> Result<()> {
        self.cluster.advance(span)
    }

    /// Lets virtual time pass until nothing has changed for `quiet`, at most for `timeout`; returns whether it calmed down.
    ///
    /// # Errors
    /// As for [`Console::advance`].
    pub fn settle(&mut self, quiet: Duration, timeout: Duration) -> Result<bool> {
        self.cluster.settle(quiet, timeout)
    }

    /// The injected faults and declared metrics.
    ///
    /// # Errors
    /// Rows that cannot be read.
    pub fn faults(&mut self) -> Result<Faults> {
        Ok(self.cluster.faults()?)
    }

    /// Replaces the injected faults and declared metrics, and runs the controllers that a difference concerns.
    ///
    /// # Errors
    /// Rows that cannot be read or written, a controller that fails.
    pub fn set_faults(&mut self, faults: &Faults) -> Result<()> {
        Ok(self.cluster.set_faults(faults)?)
    }

    /// The reconciles that fail at present.
    ///
    /// # Errors
    /// A store that cannot be read.
    pub fn failures(&mut self) -> Result<Vec<Failure>> {
        Ok(self.cluster.failures()?)
    }

    /// Resolves a name as a pod of a namespace does.
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
}

/// The state of a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreReport {
    /// What is wrong with it, a sentence each; empty for a sound store.
    pub problems: Vec<String>,
    /// The newest revision.
    pub revision: u64,
    /// Size on disk in bytes.
    pub bytes: u64,
}
