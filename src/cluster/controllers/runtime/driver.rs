//! The driver: turns changes into keys and reconciles them until nothing is left to do at this instant.
//!
//! A key that a reconciler wants to see later goes to the store's timeline, which holds at most one entry a controller and
//! key. The work queue is empty whenever a command ends, so only the timeline is stored.
//!
//! An error of a reconciler or of a watch's mapping is logged, kept as a [`super::Failure`], and retried with exponential
//! backoff. A change that could not be mapped is retried under the key `@change/WATCH/REVISION`.

use std::collections::HashMap;
use std::rc::Rc;

use super::cache::Cache;
use super::failures::Failures;
use super::queue::WorkQueue;
use super::{Action, Context, Controller, EVERY_RESOURCE, Key, Result};
use crate::api::Server;
use crate::store::{Cause, Change, Trigger};
use kctl_base::sim::{Due, Duration, Time};
use kctl_base::status::Status;

/// The number of reconciliations at one instant above which a controller must be defective.
const RECONCILES_MAX: u64 = 10_000_000;
/// The first delay after a failure; it doubles with every further one.
const FIRST_RETRY: Duration = Duration::from_millis(5);
/// The longest delay after a failure.
const LAST_RETRY: Duration = Duration::from_secs(1000);
/// The namespace of the keys of changes that could not be mapped. No object can be in a namespace of this name.
const CHANGE: &str = "@change";

/// A watch by the indices of its controller in the driver's list and of itself in the controller's.
#[derive(Clone, Copy)]
struct WatchIndex {
    controller: usize,
    watch: usize,
}

/// Drives a list of controllers over one server.
pub(crate) struct Driver {
    controllers: &'static [Controller],
    /// The watches of each resource that has changed so far, in the order of the controllers. Most commands change few
    /// resources, and many none.
    watches: HashMap<String, Rc<[WatchIndex]>>,
    /// One a controller, in the same order.
    caches: Vec<Cache>,
    /// The revision up to which changes have been turned into keys.
    observed: u64,
    queue: WorkQueue,
    failures: Failures,
    /// The changes since the last call of [`Driver::take_recorded`]; `None` unless they are recorded.
    recorded: Option<Vec<Change>>,
}

impl Driver {
    /// Creates a driver that regards every change up to `revision` as done.
    pub(crate) fn new(controllers: &'static [Controller], revision: u64) -> Driver {
        Driver {
            controllers,
            watches: HashMap::new(),
            caches: controllers.iter().map(|_| Cache::default()).collect(),
            observed: revision,
            queue: WorkQueue::default(),
            failures: Failures::default(),
            recorded: None,
        }
    }

    /// Records every change from now on.
    pub(crate) fn record(&mut self) {
        self.recorded = Some(Vec::new());
    }

    /// Returns the changes that have been recorded since the last call.
    pub(crate) fn take_recorded(&mut self) -> Vec<Change> {
        self.recorded.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Drops all caches of the controllers, as a new process begins without them.
    #[cfg(test)]
    pub(crate) fn clear_caches(&mut self) {
        self.caches.fill_with(Cache::default);
    }

    /// Reconciles until the queue is empty and no change is left to observe at this instant.
    ///
    /// # Errors
    /// When the store cannot be read, or when the controllers never come to rest. An error of a controller is kept as a
    /// [`super::Failure`] instead.
    pub(crate) fn run_until_idle(&mut self, server: &mut Server, now: Time) -> Result<()> {
        for round in 0..RECONCILES_MAX {
            self.enqueue_changes(server, now)?;
            let Some((index, key, trigger)) = self.next_key(server, now, round) else { return Ok(()) };
            server.store().set_cause(Cause::controller(now, self.controllers[index].name, trigger));
            self.process(server, index, &key, now)?;
        }
        Err(Status::internal("the controllers do not come to rest"))
    }

    /// Takes the next key to reconcile: the oldest one, or the oldest of a controller that chance selects, since the
    /// controllers of a real cluster work at the same time. A draw depends on the state of the cluster and on the `round` of
    /// this run alone, so that another process goes on in the same way.
    fn next_key(&mut self, server: &Server, now: Time, round: u64) -> Option<(usize, Key, Option<Trigger>)> {
        let chance = server.settings().chance;
        if !chance.is_on() {
            return self.queue.pop();
        }
        let owner = format!("{}/{}", now.micros(), server.revision());
        self.queue.pop_by(|count| chance.index(count, "controller", &owner, round))
    }

    /// Enqueues the key of an entry of the timeline; an entry of an unknown controller is ignored.
    pub(crate) fn enqueue_due(&mut self, due: &Due) {
        if let Some(index) = self.controllers.iter().position(|c| c.name == due.controller) {
            self.enqueue(index, Key::parse(&due.key), due.cause.map(Trigger::Timer));
        }
    }

    /// Enqueues the keys to which the watches map the changes since the last call.
    fn enqueue_changes(&mut self, server: &mut Server, now: Time) -> Result<()> {
        if server.revision() == self.observed {
            return Ok(());
        }
        let changes = server.changes_since(self.observed).map_err(|e| Status::internal(e.to_string()))?;
        self.observed = server.revision();
        if let Some(recorded) = &mut self.recorded {
            recorded.extend(changes.iter().cloned());
        }
        for change in changes {
            for index in self.watches_of(&change.key.resource).iter() {
                if let Err(error) = self.map(server, *index, &change, now) {
                    let key = Key::new(CHANGE, &format!("{}/{}", index.watch, change.revision));
                    self.fail(server, index.controller, &key, &error, now)?;
                }
            }
        }
        server.mark_observed(self.observed, now);
        Ok(())
    }

    /// Returns the watches that see changes of a resource.
    fn watches_of(&mut self, resource: &str) -> Rc<[WatchIndex]> {
        if let Some(watches) = self.watches.get(resource) {
            return watches.clone();
        }
        let watches = find_watches(self.controllers, resource);
        self.watches.insert(resource.to_owned(), watches.clone());
        watches
    }

    /// Enqueues the keys to which one watch maps a change.
    fn map(&mut self, server: &mut Server, index: WatchIndex, change: &Change, now: Time) -> Result<()> {
        let controller = &self.controllers[index.controller];
        let mut ctx = Context::new(server, &mut self.caches[index.controller], controller.name, now);
        for key in controller.watches[index.watch].keys(change, &mut ctx)? {
            self.enqueue(index.controller, key, Some(Trigger::Change(change.revision)));
        }
        Ok(())
    }

    fn enqueue(&mut self, index: usize, key: Key, trigger: Option<Trigger>) {
        tracing::trace!(controller = self.controllers[index].name, %key, "enqueue");
        self.queue.push(index, key, trigger);
    }

    /// Reconciles one key, and puts it on the timeline or takes it off.
    fn process(&mut self, server: &mut Server, index: usize, key: &Key, now: Time) -> Result<()> {
        let controller = &self.controllers[index];
        let result = match key.namespace.as_str() {
            CHANGE => self.map_again(server, index, &key.name, now),
            _ => {
                let mut ctx = Context::new(server, &mut self.caches[index], controller.name, now);
                (controller.reconcile)(&mut ctx, key)
            }
        };
        match result {
            Ok(action) => {
                tracing::debug!(controller = controller.name, %key, result = ?action, "reconciled");
                self.failures.clear(server, controller.name, key)?;
                match action {
                    Action::AwaitChange => server.unschedule(controller.name, &key.text()),
                    Action::RequeueAt(time) => schedule(server, controller, key, time.max(now), false),
                    Action::ResyncAt(time) => schedule(server, controller, key, time.max(now), true),
                }
                Ok(())
            }
            Err(error) => self.fail(server, index, key, &error, now),
        }
    }

    /// Logs and keeps an error, and puts the key on the timeline to be tried again.
    fn fail(&mut self, server: &mut Server, index: usize, key: &Key, error: &Status, now: Time) -> Result<()> {
        let controller = &self.controllers[index];
        let before = self.failures.record(server, controller.name, key, error, now)?;
        let retry = retry_delay(before);
        tracing::error!(controller = controller.name, %key, %error, ?retry, "reconcile failed");
        schedule(server, controller, key, now + retry, true);
        Ok(())
    }

    /// Maps a change again whose mapping failed; `position` is `WATCH/REVISION`.
    fn map_again(&mut self, server: &mut Server, controller: usize, position: &str, now: Time) -> Result<Action> {
        let numbers = position.split_once('/').and_then(|(w, r)| Some((w.parse().ok()?, r.parse::<u64>().ok()?)));
        // An entry of another version of this program may name a watch that does not exist here.
        let Some((watch, revision)) = numbers.filter(|(w, _)| *w < self.controllers[controller].watches.len()) else {
            return Ok(Action::AwaitChange);
        };
        let changes = server.changes_since(revision.saturating_sub(1)).map_err(|e| Status::internal(e.to_string()))?;
        if let Some(change) = changes.first() {
            self.map(server, WatchIndex { controller, watch }, change, now)?;
        }
        Ok(Action::AwaitChange)
    }
}

fn schedule(server: &mut Server, controller: &Controller, key: &Key, at: Time, recurring: bool) {
    server.schedule(controller.name, &key.text(), at, recurring);
}

/// Finds the watches of all controllers that name a resource or [`EVERY_RESOURCE`].
fn find_watches(controllers: &[Controller], resource: &str) -> Rc<[WatchIndex]> {
    let mut found = Vec::new();
    for (controller, Controller { watches, .. }) in controllers.iter().enumerate() {
        let sees = |watched: &str| watched == resource || watched == EVERY_RESOURCE;
        let indices = watches.iter().enumerate().filter(|(_, w)| sees(w.resource));
        found.extend(indices.map(|(watch, _)| WatchIndex { controller, watch }));
    }
    found.into()
}

/// Returns the delay after a failure that `failures` others precede: 5 ms, doubling up to 1000 s, as in client-go's
/// `ItemExponentialFailureRateLimiter` (`util/workqueue/default_rate_limiters.go`).
fn retry_delay(failures: u32) -> Duration {
    let factor = 1i64 << failures.min(20);
    Duration::from_micros(FIRST_RETRY.micros().saturating_mul(factor).min(LAST_RETRY.micros()))
}

#[cfg(test)]
mod tests;
