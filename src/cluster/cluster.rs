//! The composition root: a directory, its lock, the store, the clock, the API server and the controllers.
//!
//! After each write, the controllers run until nothing is left to do at the current instant. Only this type moves time:
//! [`Cluster::open`] catches up with the wall clock, [`Cluster::advance`] advances a virtual clock, and [`Cluster::wait`]
//! waits in either mode. Nothing is persisted before [`Cluster::commit`].

use std::sync::Arc;

use crate::api::{Request, Response, Result, Server, User};
use crate::client::{Transport, WaitFor, WaitOutcome};
use crate::controllers::runtime::{Failure, failures};
use crate::controllers::{CONTROLLERS, Driver};
use crate::error::ClusterError;
use crate::hints;
use crate::invariants::{Broken, Invariants};
use crate::origin::CLOCK;
use crate::profile::Profile;
use crate::recorder::Recorder;
use crate::store::{Cause, OperationKind, StoreError};
use kctl_base::object::Object;
use kctl_base::sim::{ClockState, Ids, Time};
use kctl_base::status::Status;
use kctl_kinds::Catalog;

/// Number of timeline entries of one instant that are processed one at a time, so that the controllers see the first few
/// pods become ready one after the other, as in a real cluster. The remaining entries are processed together: otherwise the
/// controllers would count all pods once for every pod.
const SINGLE_ENTRY_ROUNDS: usize = 3;
/// Number of rounds at one instant after which the controllers are considered to be in an endless loop.
const ROUNDS_MAX: usize = 100_000;

/// A simulated cluster, opened by one process.
pub struct Cluster {
    pub(crate) server: Server,
    pub(crate) driver: Driver,
    pub(crate) clock: ClockState,
    /// True once anything but the passing of time has changed the cluster, so that it has to be persisted.
    pub(crate) is_changed: bool,
    /// True if opening the cluster has created it.
    pub(crate) is_new: bool,
    /// The work since the last commit.
    pub(crate) uncommitted: Uncommitted,
    /// [`COMMIT_WORK`](crate::clock::COMMIT_WORK), except in tests.
    pub(crate) commit_work: u64,
    /// The real time of the last report of progress, or of the opening.
    pub(crate) reported_at: std::time::Instant,
    /// The invariants of this process; `None` without any.
    pub(crate) invariants: Option<Invariants>,
    /// The invariant that has been found broken, after which nothing is committed any more.
    pub(crate) broken: Option<Broken>,
    /// The storage and its lock, which is released while a watch sleeps.
    pub(crate) location: crate::location::Location,
    /// The operation at work.
    pub(crate) recorder: Recorder,
    /// The trial that is running.
    pub(crate) trial: Option<Box<crate::trial::Trial>>,
}

/// The work of a cluster since its last commit.
#[derive(Default)]
pub(crate) struct Uncommitted {
    /// The number of entries of the timeline that have been taken.
    pub(crate) entries: u64,
    /// The revision of the last commit.
    pub(crate) since_revision: u64,
}

impl Cluster {
    /// Handles a request and runs the controllers until nothing is left to do at this instant.
    ///
    /// # Errors
    /// The status that the server reports, in which case nothing has changed; or the error of a controller.
    pub fn handle(&mut self, request: &Request) -> Result<Response> {
        self.send(request.clone())
    }

    /// Runs the controllers until nothing is left to do at this instant.
    ///
    /// # Errors
    /// A store that cannot be read, or controllers that do not come to rest.
    pub fn run(&mut self) -> Result<()> {
        self.run_controllers()?;
        self.check_invariants()
    }

    fn run_controllers(&mut self) -> Result<()> {
        let is_by_chance = self.server.settings().chance.is_on();
        if is_by_chance {
            // What is due at one instant is queued together, so that any of it may come first.
            self.enqueue_due(usize::MAX)?;
        }
        self.driver.run_until_idle(&mut self.server, self.clock.now)?;
        // Steps without a duration are due at this very instant.
        for round in 0..ROUNDS_MAX {
            let limit = if round < SINGLE_ENTRY_ROUNDS && !is_by_chance { 1 } else { usize::MAX };
            if !self.enqueue_due(limit)? {
                self.record_trial();
                return Ok(());
            }
            self.driver.run_until_idle(&mut self.server, self.clock.now)?;
        }
        Err(Status::internal("the timeline does not come to rest"))
    }

    /// Checks the invariants after every change that has not been checked yet.
    fn check_invariants(&mut self) -> Result<()> {
        let Some(invariants) = &mut self.invariants else { return Ok(()) };
        if self.broken.is_none() {
            self.broken = invariants.check(&mut self.server)?;
        }
        match &self.broken {
            Some(broken) => Err(Status::internal(broken.to_string())),
            None => Ok(()),
        }
    }

    /// Returns the invariant that has been found broken; `None` if all hold.
    pub fn broken_invariant(&self) -> Option<&Broken> {
        self.broken.as_ref()
    }

    /// Enqueues at most `limit` entries of the timeline that are due now; returns `false` when there are none.
    fn enqueue_due(&mut self, limit: usize) -> Result<bool> {
        let mut count = 0;
        while count < limit
            && let Some(due) = self.server.take_due(self.clock.now)?
        {
            self.driver.enqueue_due(&due);
            count += 1;
        }
        Ok(count > 0)
    }

    /// Enqueues a key of a controller as if it were due, and runs the controllers. Serves causes that change no object, such
    /// as an injected fault.
    ///
    /// # Errors
    /// As [`Cluster::run`].
    pub fn enqueue(&mut self, controller: &str, key: &str) -> Result<()> {
        self.is_changed = true;
        let due = kctl_base::sim::Due {
            at: self.now(),
            sequence: 0,
            controller: controller.into(),
            key: key.into(),
            recurring: false,
            cause: None,
        };
        self.driver.enqueue_due(&due);
        self.run()
    }

    /// Returns the reconciliations that have failed and not succeeded since, by controller and key.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn failures(&mut self) -> Result<Vec<Failure>> {
        failures(&mut self.server)
    }

    /// Returns the current time.
    pub fn now(&self) -> Time {
        self.clock.now
    }

    /// Returns the clock: its mode and the current time.
    pub fn clock(&self) -> ClockState {
        self.clock
    }

    /// Returns the deterministic generator of names and numbers.
    pub fn ids(&self) -> Ids {
        self.server.ids()
    }

    /// Returns whether opening the cluster has created it.
    pub fn is_new(&self) -> bool {
        self.is_new
    }

    /// Returns the installer whose clusters this one is like.
    pub fn profile(&self) -> Profile {
        self.server.settings().installation.profile
    }

    /// Returns the number of nodes.
    ///
    /// # Errors
    /// A store that cannot be read.
    pub fn node_count(&mut self) -> Result<usize> {
        Ok(self.server.read_all("nodes", None)?.len())
    }

    /// Returns the API server, for reads that need no request.
    #[cfg(test)]
    pub(crate) fn server(&mut self) -> &mut Server {
        &mut self.server
    }

    /// Persists everything since the last commit in one atomic, durable batch. What time alone has done need not be
    /// persisted: on a full disk or in a directory that cannot be written it stays staged, and the next command does it
    /// again.
    ///
    /// # Errors
    /// A full disk or a directory that cannot be written; nothing of the batch is persisted then.
    pub fn commit(&mut self) -> std::result::Result<(), StoreError> {
        self.stage_record()?;
        self.commit_staged()
    }

    /// Stages what every commit adds: the clock, and the record of the operation. Does nothing if nothing is staged.
    pub(crate) fn stage_record(&mut self) -> std::result::Result<(), StoreError> {
        if self.server.store().is_dirty() {
            self.server.set_typed_row(CLOCK, Some(self.clock));
            let is_command = self.is_changed || self.recorder.is_command;
            self.record(if is_command { OperationKind::Command } else { OperationKind::Time })?;
        }
        Ok(())
    }

    /// Persists what is staged, as [`Cluster::commit`].
    pub(crate) fn commit_staged(&mut self) -> std::result::Result<(), StoreError> {
        self.uncommitted = Uncommitted { entries: 0, since_revision: self.server.revision() };
        self.recorder.is_command |= self.is_changed;
        match self.server.store().commit(self.clock.now) {
            Ok(()) => {
                self.is_changed = false;
                self.recorded();
            }
            Err(StoreError::Full { .. } | StoreError::ReadOnly { .. }) if !self.is_changed => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Discards everything since the last commit.
    pub fn discard(&mut self) {
        self.server.discard();
        self.driver = Driver::new(CONTROLLERS, self.server.revision());
    }
}

/// The in-process connection to the API server. A request is a function call; when it returns, the controllers have reacted
/// to it.
impl Transport for Cluster {
    fn send(&mut self, request: Request) -> Result<Response> {
        // What is passed on to a pod changes its inside.
        let changes = !request.verb.is_read_only() && !request.options.dry_run || request.subresource == "proxy";
        self.is_changed |= changes;
        let cause = match request.is_from_control_plane() {
            true => Cause::control_plane(self.clock.now),
            false => Cause::request(self.clock.now),
        };
        self.server.store().set_cause(cause);
        let is_about_storage = hints::concern(&request);
        let mut response = match self.trial.is_some() {
            true => self.handle_in_trial(request)?,
            false => self.server.handle(request, self.clock.now)?,
        };
        if changes {
            self.run()?;
        }
        if is_about_storage {
            hints::at_storage(&mut self.server, &mut response)?;
        }
        Ok(response)
    }

    fn catalog(&mut self) -> Catalog {
        self.server.catalog().clone()
    }

    fn definition(&mut self, resource: &str) -> Result<Option<Arc<Object>>> {
        self.server.read(crate::api::DEFINITIONS, "", resource)
    }

    fn issuer_document(&mut self, user: &User, path: &str) -> Result<Option<String>> {
        self.server.issuer_document(user, path)
    }

    fn clock(&mut self) -> ClockState {
        self.clock
    }

    fn wait(&mut self, deadline: Option<Time>, wait_for: WaitFor) -> std::result::Result<WaitOutcome, ClusterError> {
        Cluster::wait(self, deadline, wait_for)
    }
}
