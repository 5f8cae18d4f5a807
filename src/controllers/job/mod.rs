//! Jobs: pods that are made until enough of them have succeeded, or too many have failed.
//!
//! [`judge`] says how a job stands, [`manage`] which pods come and go, [`tracking`] counts every pod exactly once,
//! [`policy`] knows what the end of a pod means, [`backoff`] when a failed one is replaced, [`pods`] makes them; [`sync`]
//! reads and does. [`release`] lets go of pods whose job is no more.

mod backoff;
mod indexes;
mod judge;
mod manage;
mod pods;
mod policy;
mod release;
mod sync;
#[cfg(test)]
mod tests;
mod tracking;
mod view;

pub use release::CONTROLLER as RELEASE;

use super::context::Result;
use super::shared::wakes;
use super::{Action, Context, Controller, Key, Wake};
use crate::api::Server;
use crate::machinery::labels::Selector;
use crate::machinery::object::{Object, Reading};
use crate::store::Change;

const JOBS: &str = "jobs.batch";

/// The controller.
pub const CONTROLLER: Controller = Controller {
    name: "job-controller",
    wakes: &[Wake::own(JOBS), Wake::controller("pods", "Job"), Wake::custom("pods", orphan_to_jobs)],
    reconcile,
};

fn selector(job: &Object) -> Selector {
    job.at("/spec/selector").and_then(|s| Selector::from_object(s).ok()).unwrap_or(Selector::Nothing)
}

fn orphan_to_jobs(change: &Change, server: &mut Server) -> Vec<Key> {
    wakes::possible_owners(change, server, JOBS, selector)
}

/// Whether a job has ended for good.
pub(super) fn has_finished(job: &Object) -> bool {
    job.get("status").is_some_and(tracking::has_finished)
}

fn reconcile(context: &mut Context<'_>, key: &Key) -> Result<Action> {
    let job = context.get_key(JOBS, key)?;
    let managed_by = job.as_ref().map_or("", |job| job.str("/spec/managedBy"));
    match &job {
        Some(_) if !matches!(managed_by, "" | "kubernetes.io/job-controller") => Ok(Action::Done),
        Some(job) if !has_finished(job) => sync::run(context, job),
        _ => {
            sync::forget(context, key);
            Ok(Action::Done)
        }
    }
}
