//! Taking pods away: eviction, again and again where a disruption budget is in the way, and waiting until they are gone.

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

/// How pods are taken away.
pub(super) struct Eviction {
    /// Delete instead of evicting.
    pub(super) disable: bool,
    /// Seconds to end in, unless the pod says.
    pub(super) grace: Option<i64>,
    /// How long to try; zero is for ever.
    pub(super) timeout: Duration,
    /// True when it is meant.
    pub(super) dry_run: DryRun,
}

/// After how long a refused eviction is tried again.
const RETRY: Duration = Duration::from_secs(5);

/// Where one pod is on its way.
enum Stage {
    /// To be evicted at this instant.
    At(Time),
    /// Evicted, not gone yet.
    Leaving,
    /// Gone, or given up.
    Over,
}

impl Eviction {
    /// Takes the pods away; answers what went wrong.
    pub(super) fn run(&self, ctx: &mut Ctx, pods: &[Arc<Object>]) -> CliResult<Vec<String>> {
        let deadline = targets::deadline(ctx, self.timeout)?;
        let start = ctx.now()?;
        let mut stages: Vec<Stage> = pods.iter().map(|_| Stage::At(start)).collect();
        let mut errors = Vec::new();
        loop {
            for (pod, stage) in pods.iter().zip(&mut stages) {
                self.step(ctx, pod, stage, &mut errors)?;
            }
            if stages.iter().all(|s| matches!(s, Stage::Over)) {
                return Ok(errors);
            }
            let retry = stages.iter().filter_map(|s| if let Stage::At(at) = s { Some(*at) } else { None }).min();
            let end = [retry, deadline].into_iter().flatten().min();
            let waited = ctx.wait(end, WaitFor::Work)?;
            let now = ctx.now()?;
            let over = deadline.is_some_and(|d| now >= d);
            if over || (waited != WaitOutcome::Progress && retry.is_none()) {
                self.give_up(ctx, pods, &mut stages, &mut errors)?;
                return Ok(errors);
            }
        }
    }

    /// Moves one pod on its way as far as it goes now.
    fn step(&self, ctx: &mut Ctx, pod: &Object, stage: &mut Stage, errors: &mut Vec<String>) -> CliResult<()> {
        let now = ctx.now()?;
        if let Stage::At(at) = stage
            && *at <= now
        {
            *stage = self.try_one(ctx, pod, errors)?;
        }
        if matches!(stage, Stage::Leaving) && !is_there(ctx, pod)? {
            let done = if self.disable { "deleted" } else { "evicted" };
            ctx.print_line(format!("pod/{} {done}", pod.name()));
            *stage = Stage::Over;
        }
        Ok(())
    }

    fn try_one(&self, ctx: &mut Ctx, pod: &Object, errors: &mut Vec<String>) -> CliResult<Stage> {
        if !self.disable {
            ctx.print_line(format!("evicting pod {}{}", full_name(pod), self.dry_run.suffix()));
        }
        let (name, namespace) = (quote(pod.name()), quote(pod.namespace()));
        let error = match self.remove(ctx, pod) {
            Ok(_) if self.dry_run.is_server() => return Ok(Stage::Over),
            Ok(_) => return Ok(Stage::Leaving),
            Err(error) if error.is_not_found() => return Ok(Stage::Over),
            Err(error) => error,
        };
        match error {
            CliError::Status(status) if status.reason == Reason::TooManyRequests => {
                ctx.print_error(format!(
                    "error when evicting pods/{name} -n {namespace} (will retry after 5s): {}",
                    status.message
                ));
                Ok(Stage::At(ctx.now()? + RETRY))
            }
            CliError::Status(status) => {
                errors.push(format!("error when evicting pods/{name} -n {namespace}: {}", status.message));
                Ok(Stage::Over)
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

    /// The time is up.
    fn give_up(
        &self,
        ctx: &mut Ctx,
        pods: &[Arc<Object>],
        stages: &mut [Stage],
        errors: &mut Vec<String>,
    ) -> CliResult<()> {
        let timeout = self.timeout;
        for (pod, stage) in pods.iter().zip(stages) {
            let (name, namespace) = (quote(pod.name()), quote(pod.namespace()));
            match stage {
                Stage::At(_) => errors.push(format!(
                    "error when evicting pods/{name} -n {namespace}: global timeout reached: {timeout}"
                )),
                Stage::Leaving if is_there(ctx, pod)? => errors.push(format!(
                    "error when waiting for pod {name} in namespace {namespace} to terminate: global timeout reached: {timeout}"
                )),
                _ => {}
            }
            *stage = Stage::Over;
        }
        Ok(())
    }
}

fn is_there(ctx: &mut Ctx, pod: &Object) -> CliResult<bool> {
    let found = ctx.api(|client| client.get_opt(&ResourcePath::one("pods", pod.namespace(), pod.name())))?;
    Ok(found.is_some_and(|now| now.uid() == pod.uid()))
}
