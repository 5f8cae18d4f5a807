//! CronJobs: a Job whenever a schedule says so.
//!
//! [`schedule`] reads schedules, [`due`] says which run is due and when to look again, [`active`] keeps the list of running
//! jobs, [`sync`] reads and does.

mod active;
mod due;
mod schedule;
mod sync;
#[cfg(test)]
mod tests;

use super::context::Result;
use super::{Action, Context, Controller, Key, Wake, job};
use crate::api::Server;
use crate::machinery::object::Meta;
use crate::store::{Change, ChangeKind};

const CRON_JOBS: &str = "cronjobs.batch";
const JOBS: &str = "jobs.batch";

/// The controller.
pub const CONTROLLER: Controller = Controller {
    name: "cronjob-controller",
    wakes: &[Wake::own(CRON_JOBS), Wake::custom(JOBS, job_to_owner)],
    reconcile,
};

/// A job concerns its CronJob when it comes, goes or ends; how far it is does not.
fn job_to_owner(change: &Change, _: &mut Server) -> Vec<Key> {
    let owner_of = |job: &std::sync::Arc<_>| Meta::controller_of(&**job).filter(|owner| owner.kind == "CronJob");
    let (now, before) = (owner_of(&change.object), change.old.as_ref().and_then(owner_of));
    let same_end = change.old.as_ref().is_some_and(|old| job::has_finished(old) == job::has_finished(&change.object));
    if change.kind == ChangeKind::Modified && same_end && now == before {
        return Vec::new();
    }
    let namespace = change.object.namespace();
    let mut keys: Vec<Key> =
        [now, before].into_iter().flatten().map(|owner| Key::new(namespace, &owner.name)).collect();
    keys.dedup();
    keys
}

fn reconcile(context: &mut Context<'_>, key: &Key) -> Result<Action> {
    match context.get_key(CRON_JOBS, key)? {
        Some(cron_job) => sync::run(context, &cron_job),
        None => Ok(Action::Done),
    }
}
