//! Evicts or deletes pods, retries while a PodDisruptionBudget does not allow it, and waits for their deletion.
//!
//! Upstream: `kubectl/pkg/drain/drain.go` (`evictPods`, `deletePods`).

use std::sync::Arc;

use super::pods::full_name;
use crate::dry_run::DryRun;
use crate::verbs::targets;
use crate::{CliError, CliResult, Ctx};
use kctl_base::field::quote;
use kctl_base::json::json;
use kctl_base::object::{Object, ObjectMeta, ValueWrite};
use kctl_base::sim::{Duration, Time};
use kctl_base::status::Reason;
use kctl_cluster::client::{DeleteParams, ResourcePath, WriteParams};
use kctl_cluster::{WaitFor, WaitOutcome};

/// The flags that decide how pods are deleted.
pub(super) struct Eviction {
    /// True to delete pods instead of evicting them.
    pub(super) disable: bool,
    /// The grace period in seconds; `None` for that of the pod.
    pub(super) grace: Option<i64>,
    /// The time to wait for all pods; zero is no limit.
    pub(super) timeout: Duration,
    /// The value of `--dry-run`.
    pub(super) dry_run: DryRun,
}

/// The time after which a refused eviction is retried.
const RETRY_DELAY: Duration = Duration::from_secs(5);

/// The progress of the eviction of one pod.
enum EvictionState {
    /// The pod is to be evicted at this instant.
    Pending(Time),
    /// The pod has been evicted, but still exists.
    Terminating,
    /// The pod has been deleted, or its eviction has failed.
    Done,
}

impl Eviction {
    /// Evicts the pods and waits until they are deleted. Returns the errors of those that are not.
    pub(super) fn run(&self, ctx: &mut Ctx, pods: &[Arc<Object>]) -> CliResult<Vec<String>> {
        let deadline = targets::deadline(ctx, self.timeout)?;
        let start = ctx.now()?;
        let mut states: Vec<EvictionState> = pods.iter().map(|_| EvictionState::Pending(start)).collect();
        let mut errors = Vec::new();
        loop {
            self.step(ctx, pods, &mut states, &mut errors)?;
            if states.iter().all(|s| matches!(s, EvictionState::Done)) {
                return Ok(errors);
            }
            let retry =
                states.iter().filter_map(|s| if let EvictionState::Pending(at) = s { Some(*at) } else { None }).min();
            let end = [retry, deadline].into_iter().flatten().min();
            let waited = ctx.wait(end, WaitFor::Work)?;
            let now = ctx.now()?;
            let timed_out = deadline.is_some_and(|d| now >= d);
            if timed_out || (waited != WaitOutcome::Progress && retry.is_none()) {
                self.give_up(ctx, pods, &mut states, &mut errors)?;
                return Ok(errors);
            }
        }
    }

    /// Evicts the pods that are due, and reports those that are deleted. They are evicted at the same time: each is announced
    /// before the first is answered.
    fn step(
        &self,
        ctx: &mut Ctx,
        pods: &[Arc<Object>],
        states: &mut [EvictionState],
        errors: &mut Vec<String>,
    ) -> CliResult<()> {
        let now = ctx.now()?;
        let is_due = |state: &EvictionState| matches!(state, EvictionState::Pending(at) if *at <= now);
        let due: Vec<usize> = (0..pods.len()).filter(|&index| is_due(&states[index])).collect();
        for &index in due.iter().filter(|_| !self.disable) {
            ctx.print_line(format!("evicting pod {}{}", full_name(&pods[index]), self.dry_run.suffix()));
        }
        for index in due {
            states[index] = self.try_evict(ctx, &pods[index], errors)?;
        }
        for (pod, state) in pods.iter().zip(states) {
            if matches!(state, EvictionState::Terminating) && !exists(ctx, pod)? {
                let done = if self.disable { "deleted" } else { "evicted" };
                ctx.print_line(format!("pod/{} {done}", pod.name()));
                *state = EvictionState::Done;
            }
        }
        Ok(())
    }

    /// Sends one eviction and returns the state after it.
    fn try_evict(&self, ctx: &mut Ctx, pod: &Object, errors: &mut Vec<String>) -> CliResult<EvictionState> {
        let (name, namespace) = (quote(pod.name()), quote(pod.namespace()));
        let error = match self.remove(ctx, pod) {
            Ok(_) if self.dry_run.is_server() => return Ok(EvictionState::Done),
            Ok(_) => return Ok(EvictionState::Terminating),
            Err(error) if error.is_not_found() => return Ok(EvictionState::Done),
            Err(error) => error,
        };
        match error {
            CliError::Status(status) if status.reason == Reason::TooManyRequests => {
                ctx.print_error(format!(
                    "error when evicting pods/{name} -n {namespace} (will retry after 5s): {}",
                    status.message
                ));
                Ok(EvictionState::Pending(ctx.now()? + RETRY_DELAY))
            }
            CliError::Status(status) => {
                errors.push(format!("error when evicting pods/{name} -n {namespace}: {}", status.message));
                Ok(EvictionState::Done)
            }
            other => Err(other),
        }
    }

    /// Evicts a pod, or deletes it where evictions are disabled.
    fn remove(&self, ctx: &mut Ctx, pod: &Object) -> CliResult<()> {
        let (namespace, name) = (pod.namespace(), pod.name());
        let path = ResourcePath::one("pods", namespace, name);
        if self.disable {
            let params =
                DeleteParams { grace: self.grace, dry_run: self.dry_run.is_server(), ..DeleteParams::default() };
            return ctx.api(|client| client.delete(&path, &params)).map(drop);
        }
        let mut eviction = json!({
            "apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": namespace},
        });
        if let Some(grace) = self.grace {
            eviction.put("/deleteOptions/gracePeriodSeconds", grace);
        }
        let params = WriteParams::default().dry_run(self.dry_run.is_server());
        ctx.api(|client| client.create(&path.subresource("eviction"), eviction, &params)).map(drop)
    }

    /// Ends all evictions that are not done, with an error for each.
    fn give_up(
        &self,
        ctx: &mut Ctx,
        pods: &[Arc<Object>],
        states: &mut [EvictionState],
        errors: &mut Vec<String>,
    ) -> CliResult<()> {
        let timeout = self.timeout;
        for (pod, state) in pods.iter().zip(states) {
            let (name, namespace) = (quote(pod.name()), quote(pod.namespace()));
            match state {
                EvictionState::Pending(_) => errors.push(format!(
                    "error when evicting pods/{name} -n {namespace}: global timeout reached: {timeout}"
                )),
                EvictionState::Terminating if exists(ctx, pod)? => errors.push(format!(
                    "error when waiting for pod {name} in namespace {namespace} to terminate: global timeout reached: {timeout}"
                )),
                _ => {}
            }
            *state = EvictionState::Done;
        }
        Ok(())
    }
}

/// Returns whether a pod of this name and uid still exists.
fn exists(ctx: &mut Ctx, pod: &Object) -> CliResult<bool> {
    let found = ctx.api(|client| client.get_opt(&ResourcePath::one("pods", pod.namespace(), pod.name())))?;
    Ok(found.is_some_and(|current| current.uid() == pod.uid()))
}
