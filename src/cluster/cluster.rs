//! The composition root: a directory, its lock, the store, the clock, the API server and the controllers.
//!
//! Every request goes to the server and then the controllers run until nothing is left to do at this instant. Time moves
//! here and nowhere else: [`Cluster::open`] catches up with the wall clock, [`Cluster::advance`] moves a virtual one, and
//! [`Cluster::wait`] is how a command waits in either. Nothing a command did is kept before [`Cluster::commit`].

use std::sync::Arc;

use crate::api::{Request, Response, Result, Server};
use crate::client::{Transport, WaitFor, WaitOutcome};
use crate::controllers::runtime::{Failure, failures};
use crate::controllers::{CONTROLLERS, Driver};
use crate::store::StoreError;
use kctl_base::object::Object;
use kctl_base::sim::{ClockState, Ids, Time};
use kctl_base::status::Status;
use kctl_kinds::Catalog;

/// How many entries of one instant are worked off one by one: the controllers see a few pods become ready one after the
/// other, as in a cluster. Of a crowd they see the rest at once, or they would count all pods for every pod.
const ONE_BY_ONE: usize = 3;
/// The number of rounds at one instant after which the controllers are considered to loop.
const ROUNDS_MAX: usize = 100_000;

/// A whole cluster, opened by one process.
pub struct Cluster {
    pub(crate) server: Server,
    pub(crate) driver: Driver,
    pub(crate) clock: ClockState,
    /// The storage and its lock, which is released while a watch sleeps.
    pub(crate) location: crate::location::Location,
}

impl Cluster {
    /// Handles a request and runs the controllers until nothing is left to do at this instant.
    ///
    /// # Errors
    /// The status that the server reports; then nothing has changed.
    pub fn handle(&mut self, request: &Request) -> Result<Response> {
        self.send(request.clone())
    }

    /// Runs the controllers until nothing is left to do at this instant.
    pub fn run(&mut self) -> Result<()> {
        self.driver.run_until_idle(&mut self.server, self.clock.now)?;
        // What takes no time is due at this very instant.
        for round in 0..ROUNDS_MAX {
            let most = if round < ONE_BY_ONE { 1 } else { usize::MAX };
            if !self.enqueue_due(most)? {
                return Ok(());
            }
            self.driver.run_until_idle(&mut self.server, self.clock.now)?;
        }
        Err(Status::internal("the timeline does not come to rest"))
    }

    /// Enqueues the next entries of the timeline that are due now; returns `false` when there is none.
    fn enqueue_due(&mut self, most: usize) -> Result<bool> {
        let mut count = 0;
        while count < most
            && let Some(due) = self.server.take_due(self.clock.now)?
        {
            self.driver.enqueue_due(&due);
            count += 1;
        }
        Ok(count > 0)
    }

    /// Enqueues one key of a controller, as if it were due, and runs the controllers. For causes that change no object, such
    /// as an injected fault.
    ///
    /// # Errors
    /// As [`Cluster::run`].
    pub fn enqueue(&mut self, controller: &str, key: &str) -> Result<()> {
        let due = kctl_base::sim::Due {
            at: self.now(),
            sequence: 0,
            controller: controller.into(),
            key: key.into(),
            recurring: false,
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

    /// The present.
    pub fn now(&self) -> Time {
        self.clock.now
    }

    /// The clock: mode and present.
    pub fn clock(&self) -> ClockState {
        self.clock
    }

    /// The deterministic generator of names and numbers.
    pub fn ids(&self) -> Ids {
        self.server.ids()
    }

    /// The API server, for reads that are no requests.
    #[cfg(test)]
    pub(crate) fn server(&mut self) -> &mut Server {
        &mut self.server
    }

    /// Keeps everything that was done: one atomic, durable batch.
    ///
    /// # Errors
    /// When the disk is full or the directory can not be written; then nothing of it is kept.
    pub fn commit(&mut self) -> std::result::Result<(), StoreError> {
        if self.server.store().is_dirty() {
            self.stage_clock();
        }
        self.server.store().commit(self.clock.now)
    }

    /// Forgets everything since the last commit.
    pub fn discard(&mut self) {
        self.server.store().discard();
        self.driver = Driver::new(CONTROLLERS, self.server.revision());
    }
}

/// The in-process connection to the API server: a request is a function call, and what follows from it has happened when it
/// returns.
impl Transport for Cluster {
    fn send(&mut self, request: Request) -> Result<Response> {
        let changes = !request.verb.is_read_only() && !request.options.dry_run;
        let response = self.server.handle(request, self.clock.now)?;
        if changes {
            self.run()?;
        }
        Ok(response)
    }

    fn catalog(&mut self) -> Catalog {
        self.server.catalog().clone()
    }

    fn definition(&mut self, resource: &str) -> Result<Option<Arc<Object>>> {
        self.server.read(crate::api::DEFINITIONS, "", resource)
    }

    fn clock(&mut self) -> ClockState {
        self.clock
    }

    fn wait(&mut self, deadline: Option<Time>, wait_for: WaitFor) -> std::result::Result<WaitOutcome, ClusterError> {
        Cluster::wait(self, deadline, wait_for)
    }
}

/// Why a cluster could not be opened or moved.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The server or a controller.
    #[error("{0}")]
    Status(#[from] Status),
    /// What was asked for makes no sense for this clock.
    #[error("{0}")]
    Clock(String),
}
