//! The driver: turns changes into keys and reconciles them until nothing is left to do at this instant.
//!
//! A key that a reconciler wants to see later goes to the store's timeline, which holds at most one entry a controller and
//! key. The work queue is empty whenever a command ends, so only the timeline is stored.

use std::collections::HashMap;

use rustc_hash::FxHashSet;

use super::queue::WorkQueue;
use super::{Action, Context, Controller, EVERY_RESOURCE, Key, Watch};
use crate::api::Server;
use kctl_base::sim::{Due, Duration, Time};
use kctl_base::status::Status;

/// The number of reconciliations at one instant above which a controller must be defective.
const RECONCILES_MAX: usize = 10_000_000;
/// The first delay after a failure; it doubles with every further one.
const FIRST_RETRY: Duration = Duration::from_millis(5);
/// The longest delay after a failure.
const LAST_RETRY: Duration = Duration::from_secs(1000);
/// The prefix of the rows that count failures.
const FAILURES: &str = "retry/";

/// Drives a list of controllers over one server.
pub struct Driver {
    controllers: &'static [Controller],
    /// The watches of each resource that a controller names, in the order of the controllers, each with the index of its
    /// controller. A resource that is not here has those of [`EVERY_RESOURCE`].
    watches: HashMap<&'static str, Vec<(usize, &'static Watch)>>,
    /// The revision up to which changes have been turned into keys.
    observed: u64,
    queue: WorkQueue,
    /// The rows that count failures, read on first use. Never iterated.
    failures: Option<FxHashSet<String>>,
}

impl Driver {
    /// Creates a driver that regards every change up to `revision` as done.
    pub fn new(controllers: &'static [Controller], revision: u64) -> Driver {
        Driver {
            controllers,
            watches: watches_by_resource(controllers),
            observed: revision,
            queue: WorkQueue::default(),
            failures: None,
        }
    }

    /// Reconciles until the queue is empty and no change is left to observe at this instant.
    ///
    /// # Errors
    /// When the changes cannot be read, or when the controllers never come to rest.
    pub fn run_until_idle(&mut self, server: &mut Server, now: Time) -> Result<(), Status> {
        for _ in 0..RECONCILES_MAX {
            self.enqueue_changes(server, now)?;
            let Some((index, key)) = self.queue.pop() else { return Ok(()) };
            self.reconcile(server, &self.controllers[index], &key, now);
        }
        Err(Status::internal("the controllers do not come to rest"))
    }

    /// Enqueues the key of an entry of the timeline; an entry of an unknown controller is ignored.
    pub fn enqueue_due(&mut self, due: &Due) {
        if let Some(index) = self.controllers.iter().position(|c| c.name == due.controller) {
            self.queue.push(index, Key::parse(&due.key));
        }
    }

    /// Enqueues the keys to which the watches map the changes since the last call.
    fn enqueue_changes(&mut self, server: &mut Server, now: Time) -> Result<(), Status> {
        if server.revision() == self.observed {
            return Ok(());
        }
        let changes = server.changes_since(self.observed).map_err(|e| Status::internal(e.to_string()))?;
        self.observed = server.revision();
        for change in changes {
            let watches = self.watches.get(&*change.key.resource).or_else(|| self.watches.get(EVERY_RESOURCE));
            for (index, watch) in watches.map_or(&[][..], Vec::as_slice) {
                for key in watch.keys(&change, server) {
                    self.queue.push(*index, key);
                }
            }
        }
        server.settle_changes(self.observed, now);
        Ok(())
    }

    /// Returns the rows that count failures. Most reconcilers never fail, so the rows are not looked up one by one.
    fn failures(&mut self, server: &mut Server) -> &mut FxHashSet<String> {
        self.failures.get_or_insert_with(|| server.row_names(FAILURES).unwrap_or_default().into_iter().collect())
    }

    /// Reconciles one key and puts it on the timeline, or takes it off.
    fn reconcile(&mut self, server: &mut Server, controller: &'static Controller, key: &Key, now: Time) {
        let result = (controller.reconcile)(&mut Context::new(server, controller.name, now), key);
        let text = key.to_string();
        let row = [FAILURES, controller.name, "/", &text].concat();
        match result {
            Ok(action) => {
                if self.failures(server).remove(&row) {
                    server.set_row(&row, None);
                }
                match action {
                    Action::AwaitChange => server.unschedule(controller.name, &text),
                    Action::RequeueAt(time) => server.schedule(controller.name, &text, time.max(now), false),
                    Action::ResyncAt(time) => server.schedule(controller.name, &text, time.max(now), true),
                }
            }
            Err(_) => {
                let count = server.row(&row).ok().flatten().and_then(|v| v.as_i64()).unwrap_or(0);
                server.set_row(&row, Some((count + 1).into()));
                self.failures(server).insert(row);
                server.schedule(controller.name, &text, now + retry_delay(count), true);
            }
        }
    }
}

/// Groups the watches of all controllers by the resources that they name.
fn watches_by_resource(controllers: &'static [Controller]) -> HashMap<&'static str, Vec<(usize, &'static Watch)>> {
    let all =
        || controllers.iter().enumerate().flat_map(|(index, c)| c.watches.iter().map(move |watch| (index, watch)));
    let sees = |watch: &Watch, resource: &str| watch.resource == resource || watch.resource == EVERY_RESOURCE;
    let resources = all().map(|(_, watch)| watch.resource);
    resources.map(|resource| (resource, all().filter(|(_, watch)| sees(watch, resource)).collect())).collect()
}

/// Returns the delay after a failure that `failures` others precede: 5 ms, doubling up to 1000 s, as in client-go's
/// `ItemExponentialFailureRateLimiter` (`util/workqueue/default_rate_limiters.go`).
fn retry_delay(failures: i64) -> Duration {
    let factor = 1i64 << failures.clamp(0, 20);
    Duration::from_micros(FIRST_RETRY.micros().saturating_mul(factor).min(LAST_RETRY.micros()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_back_off_and_stop_growing() {
        assert_eq!(retry_delay(0), Duration::from_millis(5));
        assert_eq!(retry_delay(3), Duration::from_millis(40));
        assert_eq!(retry_delay(60), LAST_RETRY);
    }
}
