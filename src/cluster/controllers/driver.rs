//! The work queue: changes become keys, keys are reconciled until nothing is left to do at this instant.
//!
//! One entry a (controller, key), first in first out. What a reconciler wants to look at later goes to the timeline, where
//! it has one entry too. The queue is empty whenever a command ends, so only the timeline needs to be stored.

use std::collections::{HashMap, VecDeque};
use std::sync::LazyLock;

use rustc_hash::FxHashSet;

use super::{Action, CONTROLLERS, Context, Controller, EVERY_RESOURCE, Key, Wake};
use crate::api::Server;
use kctl_base::sim::{Due, Duration, Time};
use kctl_base::status::Status;

/// Reconciling more often than this at one instant is a defect of a controller, not work.
const BUDGET: usize = 10_000_000;
/// The first delay after a failure; it doubles with every further one.
const FIRST_RETRY: Duration = Duration::from_millis(5);
/// The longest delay after a failure.
const LAST_RETRY: Duration = Duration::from_secs(1000);

/// Drives the controllers over one server.
pub struct Driver {
    /// The revision up to which changes have been turned into keys.
    seen: u64,
    queue: VecDeque<(usize, Key)>,
    queued: FxHashSet<(usize, Key)>,
    /// The rows that count failures, once somebody has asked. Never iterated.
    failures: Option<FxHashSet<String>>,
}

/// What the names of rows that count failures begin with.
const FAILURES: &str = "retry/";

impl Driver {
    /// A driver that has nothing to do: everything up to `revision` has been worked off.
    pub fn new(revision: u64) -> Driver {
        Driver { seen: revision, queue: VecDeque::new(), queued: FxHashSet::default(), failures: None }
    }

    /// Runs the controllers until nothing is left to do at this instant.
    pub fn settle(&mut self, server: &mut Server, now: Time) -> Result<(), Status> {
        for _ in 0..BUDGET {
            self.feed(server, now)?;
            let Some((index, key)) = self.queue.pop_front() else { return Ok(()) };
            self.queued.remove(&(index, key.clone()));
            self.reconcile(server, &CONTROLLERS[index], &key, now);
        }
        Err(Status::internal("the controllers do not come to rest"))
    }

    /// Puts one entry of the timeline into the queue.
    pub fn wake(&mut self, due: &Due) {
        if let Some(index) = CONTROLLERS.iter().position(|c| c.name == due.controller) {
            self.push(index, Key::parse(&due.key));
        }
    }

    /// Turns the changes since the last time into keys.
    fn feed(&mut self, server: &mut Server, now: Time) -> Result<(), Status> {
        if server.revision() == self.seen {
            return Ok(());
        }
        let changes = server.changes_since(self.seen).map_err(|e| Status::internal(e.to_string()))?;
        self.seen = server.revision();
        for change in changes {
            for (index, wake) in wakes_of(&change.key.resource) {
                for key in wake.keys(&change, server) {
                    self.push(*index, key);
                }
            }
        }
        server.settle_changes(self.seen, now);
        Ok(())
    }

    fn push(&mut self, index: usize, key: Key) {
        if self.queued.insert((index, key.clone())) {
            self.queue.push_back((index, key));
        }
    }

    /// Most reconcilers never fail: their rows are not looked for one by one.
    fn failures(&mut self, server: &mut Server) -> &mut FxHashSet<String> {
        self.failures.get_or_insert_with(|| server.row_names(FAILURES).unwrap_or_default().into_iter().collect())
    }

    fn reconcile(&mut self, server: &mut Server, controller: &'static Controller, key: &Key, now: Time) {
        let mut context = Context::new(server, controller.name, now);
        let result = (controller.reconcile)(&mut context, key);
        let text = key.to_string();
        let row = [FAILURES, controller.name, "/", &text].concat();
        match result {
            Ok(action) => {
                if self.failures(server).remove(&row) {
                    server.set_row(&row, None);
                }
                match action {
                    Action::Done => server.unschedule(controller.name, &text),
                    Action::At(time) => server.schedule(controller.name, &text, time.max(now), false),
                    Action::Recurring(time) => server.schedule(controller.name, &text, time.max(now), true),
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

/// Which controllers, by their place in [`CONTROLLERS`], a change of a resource may wake.
fn wakes_of(resource: &str) -> &'static [(usize, &'static Wake)] {
    type Wakes = Vec<(usize, &'static Wake)>;
    fn of(resource: &str) -> Wakes {
        let all = CONTROLLERS.iter().enumerate().flat_map(|(index, c)| c.wakes.iter().map(move |wake| (index, wake)));
        all.filter(|(_, wake)| wake.resource == resource || wake.resource == EVERY_RESOURCE).collect()
    }
    static ALL: LazyLock<HashMap<&'static str, Wakes>> = LazyLock::new(|| {
        let named = CONTROLLERS.iter().flat_map(|c| c.wakes).map(|wake| wake.resource);
        named.map(|resource| (resource, of(resource))).collect()
    });
    ALL.get(resource).or_else(|| ALL.get(EVERY_RESOURCE)).map_or(&[], Vec::as_slice)
}

/// The delay after the `failures`th failure: 5 ms doubling up to 1000 s, client-go's per-item limiter.
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
