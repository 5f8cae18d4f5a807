//! `autoscale`: creates a HorizontalPodAutoscaler for a workload.
//!
//! Upstream: `kubectl/pkg/cmd/autoscale/autoscale.go`.

use clap::{ArgMatches, Command};

use super::creation::{self, Creation};
use super::targets::{self, EditTarget, Source};
use crate::args::groups;
use crate::args::{self, ArgProperties, Matches};
use crate::dry_run::DryRun;
use crate::output::Output;
use crate::resolve::{Selection, resolve};
use crate::{CliError, CliResult, Ctx, Verb, record};
use kctl_base::go::quote;
use kctl_base::json::{Value, json};
use kctl_base::object::{ObjectMeta, ValueWrite};
use kctl_base::quantity::Quantity;

/// The `autoscale` verb.
pub(super) const VERB: Verb = Verb {
    name: "autoscale",
    aliases: &[],
    about: "Auto-scale a deployment, replica set, stateful set, or replication controller",
    long: "Create an autoscaler that sets the number of pods of a workload by their load.

 The autoscaler refers to a deployment, replica set, stateful set or replication controller by name and changes \
    its number of replicas between --min and --max.",
    examples: &[
        (
            "Keep a deployment between 2 and 10 pods, without a target of its own",
            "autoscale deployment web --min=2 --max=10",
        ),
        ("Aim at 80 percent of the requested CPU", "autoscale deployment web --max=5 --cpu=80%"),
        (
            "Aim at an average of 500 millicores and 200 mebibytes",
            "autoscale deployment web --max=5 --cpu=500m --memory=200Mi",
        ),
    ],
    usage: "(-f FILENAME | TYPE NAME | TYPE/NAME) [--min=MINPODS] --max=MAXPODS [--cpu=CPU] [--memory=MEMORY]",
    flags,
    run,
    family: &[],
};

fn flags(command: Command) -> Command {
    let command = groups::record(groups::files(creation::flags(command, "kubectl-autoscale")));
    command
        .arg(args::number("min", "Smallest number of pods.").help_default("-1"))
        .arg(args::number("max", "Largest number of pods. Required.").help_default("-1"))
        .arg(args::number("cpu-percent", "Former name of --cpu, in percent.").help_default("-1").hide(true))
        .arg(args::text(
            "cpu",
            "Average CPU usage to aim at: a percentage of the request, such as 70%, or a quantity, such as 500m.",
        ))
        .arg(args::text(
            "memory",
            "Average memory usage to aim at: a percentage of the request, such as 70%, or a quantity, such as 200Mi.",
        ))
        .arg(args::text("name", "Name of the autoscaler. Defaults to the name of the workload."))
}

fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    if matches.is_set("cpu-percent") {
        ctx.print_error("Flag --cpu-percent has been deprecated, Use --cpu with percentage or resource quantity format (e.g., '70%' for utilization or '500m' for milliCPU).");
    }
    if matches.is_set("cpu-percent") && matches.is_set("cpu") {
        return Err(CliError::new("--cpu-percent and --cpu are mutually exclusive"));
    }
    let cause = record::change_cause(ctx, matches);
    let Some(max) = matches.int("max") else {
        return Err(CliError::new("required flag(s) \"max\" not set"));
    };
    let min = matches.int("min").unwrap_or(-1);
    if max < 1 {
        return Err(CliError::new(format!("--max=MAXPODS is required and must be at least 1, max: {max}")));
    }
    if max < min {
        let text = format!("--max=MAXPODS must be larger or equal to --min=MINPODS, max: {max}, min: {min}");
        return Err(CliError::new(text));
    }
    let dry_run = DryRun::read(ctx, matches)?;
    let mut output = Output::of_typed_report(matches)?;
    let metrics = metrics(matches)?;
    let resolved = resolve(ctx, &Selection::from_matches(ctx, matches))?;
    let (targets, mut errors) = targets::load(ctx, resolved, Source::Files);
    let manager = groups::read_manager(matches, "kubectl-autoscale");
    let creation = Creation { manager: &manager, dry_run, save_config: matches.flag("save-config"), validation: None };
    for target in &targets {
        let mut autoscaler = match autoscaler(matches, target, (min, max), &metrics) {
            Ok(autoscaler) => autoscaler,
            Err(error) => {
                errors.push(error);
                continue;
            }
        };
        record::annotate(&mut autoscaler, cause.as_deref());
        let made = creation.create(ctx, autoscaler).map_err(|error| without_cpu(matches, error));
        let result = made.and_then(|a| {
            let label = format!("horizontalpodautoscaler.autoscaling/{}", a.name());
            let done = if dry_run.is_client() { "created" } else { "autoscaled" };
            output.report(ctx, &a, &label, done, dry_run)
        });
        errors.extend(result.err());
    }
    CliError::all(errors)
}

/// When the server refuses autoscaling/v2, kubectl falls back to v1, which needs a CPU percentage; without one the error is
/// about that.
fn without_cpu(matches: &ArgMatches, error: CliError) -> CliError {
    let cpu = cpu(matches);
    let why = match cpu.as_deref() {
        None => "empty input".to_string(),
        Some(text) if text.ends_with('%') => return error,
        Some(text) => format!("invalid CPU percentage: {text}"),
    };
    CliError::new(format!(
        "failed to create autoscaling/v2 HPA and the configuration is incompatible with autoscaling/v1: {why}"
    ))
}

/// The value of `--cpu` or of its former name.
fn cpu(matches: &ArgMatches) -> Option<String> {
    let percent = matches.int("cpu-percent").filter(|p| *p >= 0).map(|p| format!("{p}%"));
    matches.value_of("cpu").filter(|c| !c.is_empty()).map(String::from).or(percent)
}

fn metrics(matches: &ArgMatches) -> CliResult<Vec<Value>> {
    let mut metrics = Vec::new();
    let memory = matches.value_of("memory").filter(|m| !m.is_empty()).map(String::from);
    for (resource, text) in [("cpu", cpu(matches)), ("memory", memory)] {
        let Some(text) = text else { continue };
        let invalid = |why: String| CliError::new(format!("invalid {resource} resource input {}: {why}", quote(&text)));
        let target = match text.strip_suffix('%') {
            Some(percent) => {
                let percent: i64 =
                    percent.parse().map_err(|_| invalid(format!("invalid percentage value: {percent}")))?;
                json!({"averageUtilization": percent, "type": "Utilization"})
            }
            None => {
                let amount: Quantity = text.parse().map_err(|e| invalid(format!("{e}")))?;
                json!({"averageValue": amount.canonical(), "type": "AverageValue"})
            }
        };
        metrics.push(json!({"resource": {"name": resource, "target": target}, "type": "Resource"}));
    }
    Ok(metrics)
}

fn autoscaler(
    matches: &ArgMatches,
    target: &EditTarget,
    (min, max): (i64, i64),
    metrics: &[Value],
) -> CliResult<Value> {
    let (item, object) = (&target.item, &target.object);
    if item.kind.scale().is_none() {
        let names = item.kind.names();
        let version = names.version;
        let at = format!("{}/{version}, Resource={}", names.group, names.plural);
        let kind = if names.group.is_empty() { names.kind.into() } else { format!("{}.{}", names.kind, names.group) };
        return Err(CliError::new(format!(
            "cannot autoscale a {kind}: could not find scale subresource for {at} in discovery information"
        )));
    }
    let mut autoscaler = json!({
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": matches.value_of("name").filter(|n| !n.is_empty()).unwrap_or(&item.name)},
        "spec": {
            "maxReplicas": max,
            "scaleTargetRef": {"apiVersion": object.api_version(), "kind": object.kind(), "name": item.name},
        },
        "status": {"currentMetrics": null, "desiredReplicas": 0},
    });
    if min > 0 {
        autoscaler.put("/spec/minReplicas", min);
    }
    if !metrics.is_empty() {
        autoscaler.put("/spec/metrics", metrics.to_vec());
    }
    Ok(autoscaler)
}
