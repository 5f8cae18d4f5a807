//! The options with which a cluster is opened.

use std::path::PathBuf;

use crate::profile::ClusterPlan;
use kctl_base::sim::{ChanceMode, ClockMode, Duration, Time};

/// The storage of a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Backend {
    /// A directory on disk.
    Directory(PathBuf),
    /// Memory, for as long as the process runs: tests and experiments.
    Memory,
}

/// The options of [`Cluster::open`](crate::Cluster::open). Those that concern the creation of a cluster have no effect on
/// an existing one.
#[derive(Clone, Debug)]
pub struct OpenOptions {
    /// The storage.
    pub backend: Backend,
    /// The mode of the clock, real by default. Only at creation.
    pub clock: Option<ClockMode>,
    /// The initial time of a virtual clock. Only at creation.
    pub epoch: Option<Time>,
    /// The seed of all generated names and numbers, random by default. Only at creation.
    pub seed: Option<u64>,
    /// Whether the durations of steps and the order of what happens at once are left to chance, by default as when the cluster
    /// was created, where that is not by default.
    pub chance: Option<ChanceMode>,
    /// What a new cluster is like. Only at creation.
    pub plan: ClusterPlan,
    /// The duration of each step in the life of a pod, such as pulling an image.
    pub latency: Duration,
    /// Expressions that must hold after every change, as [`Invariant::parse`](crate::Invariant::parse) takes them.
    pub invariants: Vec<String>,
    /// The longest wait for another process that has the store open; zero waits for ever.
    pub lock_timeout: Duration,
    /// The command line that the history records; it holds no secrets.
    pub command: String,
    /// Called once when the wait for the lock has taken a second.
    pub on_wait: fn(),
    /// Called with the time of the cluster about once a second while it catches up or advances.
    pub on_progress: fn(Time),
}

impl OpenOptions {
    /// The default options for a directory.
    pub fn at(directory: PathBuf) -> OpenOptions {
        OpenOptions {
            backend: Backend::Directory(directory),
            clock: None,
            epoch: None,
            seed: None,
            chance: None,
            plan: ClusterPlan::default(),
            latency: Duration::from_secs(1),
            invariants: Vec::new(),
            lock_timeout: Duration::from_secs(30),
            command: String::new(),
            on_wait: || {},
            on_progress: |_| {},
        }
    }

    /// The options for a virtual cluster in memory with a fixed seed.
    pub fn memory(seed: u64) -> OpenOptions {
        OpenOptions {
            backend: Backend::Memory,
            clock: Some(ClockMode::Virtual),
            seed: Some(seed),
            ..OpenOptions::at(PathBuf::new())
        }
    }
}

/// A lock timeout for the store, where zero means for ever.
pub(crate) fn lock_timeout(timeout: Duration) -> std::time::Duration {
    const FOREVER: std::time::Duration = std::time::Duration::from_secs(u32::MAX as u64);
    if timeout == Duration::ZERO { FOREVER } else { timeout.to_std() }
}
