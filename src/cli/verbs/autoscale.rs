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
use kctl_base::json::{Value, json};
use kctl_base::object::{ObjectMeta, ValueRead, ValueWrite};
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
    let cause = record::change_cause(ctx, matches);
    let Some(max) = matches.int("max") else {
        return Err(CliError::new("required flag(s) \"max\" not set"));
    };
    let limits = Limits { min: matches.int("min").unwrap_or(-1), max };
    let dry_run = DryRun::read(ctx, matches)?;
    let mut output = Output::of_typed_report(matches)?;
    limits.check()?;
    let metrics = metrics(matches)?;
    let resolved = resolve(ctx, &Selection::from_matches(ctx, matches))?;
    let (targets, mut errors) = targets::load(ctx, resolved, Source::Files);
    let manager = groups::read_manager(matches, "kubectl-autoscale");
    let creation = Creation { manager: &manager, dry_run, save_config: matches.flag("save-config"), validation: None };
    for target in &targets {
        let made = autoscaler(matches, target, &limits, &metrics).and_then(|mut autoscaler| {
            record::annotate(&mut autoscaler, cause.as_deref());
            let made = creation.create(ctx, autoscaler);
            made.or_else(|error| creation.create(ctx, without_metrics(matches, target, &limits, error)?))
        });
        let result = made.and_then(|a| {
            let label = format!("horizontalpodautoscaler.autoscaling/{}", a.name());
            let done = if dry_run.is_client() { "created" } else { "autoscaled" };
            output.report(ctx, &a, &label, done, dry_run)
        });
        errors.extend(result.err());
    }
    CliError::all(errors)
}

/// The numbers of pods between which an autoscaler keeps a workload.
struct Limits {
    min: i64,
    max: i64,
}

impl Limits {
    fn check(&self) -> CliResult<()> {
        let Limits { min, max } = self;
        if *max < 1 {
            return Err(CliError::new(format!("--max=MAXPODS is required and must be at least 1, max: {max}")));
        }
        if max < min {
            let text = format!("--max=MAXPODS must be larger or equal to --min=MINPODS, max: {max}, min: {min}");
            return Err(CliError::new(text));
        }
        Ok(())
    }
}

/// The value of `--cpu-percent`, the former form of `--cpu`; -1 without it.
fn cpu_percent(matches: &ArgMatches) -> i64 {
    matches.int("cpu-percent").unwrap_or(-1)
}

/// Reads the metrics to aim at.
fn metrics(matches: &ArgMatches) -> CliResult<Vec<Value>> {
    let percent = cpu_percent(matches);
    if percent > 0 && !matches.string("cpu").is_empty() {
        return Err(CliError::new("--cpu-percent and --cpu are mutually exclusive"));
    }
    let mut targets: Vec<(&str, Value)> = Vec::new();
    if percent > 0 {
        targets.push(("cpu", utilization(percent)));
    }
    for resource in ["cpu", "memory"] {
        let text = matches.string(resource);
        if !text.is_empty() {
            targets.push((resource, target_of(resource, text)?));
        }
    }
    let metric = |(name, target)| json!({"resource": {"name": name, "target": target}, "type": "Resource"});
    Ok(targets.into_iter().map(metric).collect())
}

fn utilization(percent: i64) -> Value {
    json!({"averageUtilization": percent, "type": "Utilization"})
}

/// Reads the target of a resource, `80%` or `500m`. A number without a unit counts millicores or mebibytes
/// (`parseResourceInput`).
fn target_of(resource: &str, text: &str) -> CliResult<Value> {
    let text = text.trim();
    if text.is_empty() {
        return Err(CliError::new("empty input"));
    }
    if let Some(percent) = text.strip_suffix('%') {
        let number = percent.parse::<i32>().ok().filter(|number| *number >= 0);
        let number = number.ok_or_else(|| CliError::new(format!("invalid percentage value: {percent}")))?;
        return Ok(utilization(number.into()));
    }
    let invalid = |_| CliError::new(format!("invalid resource {resource} value: {text}"));
    let amount: Quantity = match text.parse::<f64>() {
        Ok(number) => {
            let unit = if resource == "cpu" { "m" } else { "Mi" };
            format!("{number}{unit}").parse().map_err(|error| CliError::new(format!("{error}")))?
        }
        Err(_) => text.parse().map_err(invalid)?,
    };
    Ok(json!({"averageValue": amount.canonical(), "type": "AverageValue"}))
}

/// Returns the autoscaling/v1 autoscaler that kubectl sends after the server has refused that of autoscaling/v2.
///
/// # Errors
/// That version cannot express the metrics: it knows a CPU percentage only.
fn without_metrics(matches: &ArgMatches, target: &EditTarget, limits: &Limits, refusal: CliError) -> CliResult<Value> {
    let incompatible = |why: &str| {
        CliError::new(format!(
            "failed to create autoscaling/v2 HPA and the configuration is incompatible with autoscaling/v1: {why}"
        ))
    };
    let cpu = target_of("cpu", matches.string("cpu")).map_err(|why| incompatible(&why.text()))?;
    let percent = cpu_percent(matches);
    let is_percentage = percent >= 0 || cpu.str("/type") == "Utilization";
    if !is_percentage || !matches.string("memory").is_empty() {
        // kubectl formats an error that there is not.
        return Err(incompatible("%!w(<nil>)"));
    }
    let mut autoscaler = autoscaler(matches, target, limits, &[]).map_err(|_| refusal)?;
    autoscaler.put("/apiVersion", "autoscaling/v1");
    autoscaler.put("/status", json!({"currentReplicas": 0, "desiredReplicas": 0}));
    if percent >= 0 {
        autoscaler.put("/spec/targetCPUUtilizationPercentage", percent);
    }
    Ok(autoscaler)
}

fn autoscaler(matches: &ArgMatches, target: &EditTarget, limits: &Limits, metrics: &[Value]) -> CliResult<Value> {
    let (item, object) = (&target.item, &target.object);
    if item.kind.scale().is_none() {
        let names = item.kind.names();
        let version = names.version;
        let at = format!("{}/{version}, Resource={}", names.group, names.plural);
        let kind = names.kind;
        return Err(CliError::new(format!(
            "cannot autoscale a {kind}: could not find scale subresource for {at} in discovery information"
        )));
    }
    let mut autoscaler = json!({
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": matches.value_of("name").filter(|n| !n.is_empty()).unwrap_or(&item.name)},
        "spec": {
            "maxReplicas": limits.max,
            "scaleTargetRef": {"apiVersion": object.api_version(), "kind": object.kind(), "name": item.name},
        },
        "status": {"currentMetrics": null, "desiredReplicas": 0},
    });
    if limits.min > 0 {
        autoscaler.put("/spec/minReplicas", limits.min);
    }
    if !metrics.is_empty() {
        autoscaler.put("/spec/metrics", metrics.to_vec());
    }
    Ok(autoscaler)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_percentages_or_amounts() {
        let target = |resource: &str, text: &str| target_of(resource, text).map_err(|error| error.text());
        let amount = |text: &str| Ok(json!({"averageValue": text, "type": "AverageValue"}));
        for (resource, text, expected) in [
            ("cpu", " 80% ", Ok(utilization(80))),
            ("cpu", "500", amount("500m")),
            ("cpu", "1.5", amount("1500u")),
            ("cpu", "2000m", amount("2")),
            ("memory", "512", amount("512Mi")),
            ("memory", "1Gi", amount("1Gi")),
            ("cpu", "x", Err("invalid resource cpu value: x".to_string())),
            ("cpu", "-5%", Err("invalid percentage value: -5".to_string())),
            ("memory", " ", Err("empty input".to_string())),
        ] {
            assert_eq!(target(resource, text), expected, "{resource} {text}");
        }
    }
}
