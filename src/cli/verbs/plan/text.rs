//! The report as text.

use std::fmt::Write as _;

use super::{Planned, diff, moment};
use crate::printers::columns;
use crate::verbs::why;
use crate::{CliError, CliResult};
use kctl_base::json::Value;
use kctl_base::order::Order as _;
use kctl_base::sim::Time;
use kctl_cluster::chronicle::{ObjectRef, PodState};
use kctl_cluster::trial::{Effect, FieldChange, ObjectEffect, Obstacle, PodChange, Report, WorkloadPods};

/// The number of objects of a kind, and of pods of a workload, that are listed one by one.
const LISTED: usize = 10;

/// The number of characters of a value that are shown.
const VALUE_WIDTH: usize = 60;

/// The number of characters of a message that are shown.
const MESSAGE_WIDTH: usize = 180;

/// How a report is printed.
pub(super) struct Text {
    /// True to list everything.
    pub(super) wide: bool,
    /// True to show whole differences.
    pub(super) diff: bool,
    /// The namespace of the command, which is not named.
    pub(super) namespace: String,
    /// True to show the output of the command.
    pub(super) is_verbose: bool,
}

impl Text {
    /// Returns the text of a plan.
    ///
    /// # Errors
    /// Text that cannot be formatted.
    pub(super) fn of(&self, command: &str, planned: &Planned) -> CliResult<String> {
        let mut out = String::new();
        self.write(&mut out, command, planned).map_err(|_| CliError::new("the report cannot be written"))?;
        Ok(out)
    }

    fn write(&self, out: &mut String, command: &str, planned: &Planned) -> std::fmt::Result {
        let Planned { report, ending, command: ended, .. } = planned;
        writeln!(out, "{command}")?;
        if self.is_verbose {
            ended.out.lines().chain(ended.err.lines()).try_for_each(|line| writeln!(out, "    {line}"))?;
        }
        if !report.objects.is_empty() {
            writeln!(out, "\nOBJECTS")?;
            self.write_objects(out, &report.objects)?;
        }
        if !report.workloads.is_empty() {
            writeln!(out, "\nPODS")?;
            report.workloads.iter().try_for_each(|workload| self.write_pods(out, report, workload))?;
        }
        if !report.obstacles.is_empty() {
            writeln!(out, "\nIN THE WAY")?;
            report.obstacles.iter().try_for_each(|obstacle| self.write_obstacle(out, report.started, obstacle))?;
        }
        writeln!(out, "\n{ending}")?;
        if planned.is_waiting {
            writeln!(out, "  the command does not come to its end")?;
            self.write_latest(out, report)?;
        }
        let unfinished = if ending.is_good() { &[][..] } else { report.unfinished.as_slice() };
        for (index, found) in unfinished.iter().enumerate() {
            writeln!(out, "  {}: {}", self.name(&found.object), found.state)?;
            let lines = match planned.diagnoses.get(index) {
                Some(Some(diagnosis)) => why::text::findings(diagnosis),
                _ => found.causes.clone(),
            };
            lines.iter().try_for_each(|line| writeln!(out, "    {}", self.message(line)))?;
        }
        Ok(())
    }

    /// Writes what was in the way at the end.
    fn write_latest(&self, out: &mut String, report: &Report) -> std::fmt::Result {
        let latest = report.obstacles.iter().map(|obstacle| obstacle.last).max();
        for found in report.obstacles.iter().filter(|obstacle| Some(obstacle.last) == latest) {
            writeln!(out, "    {}: {}", self.names(found), self.message(&found.message))?;
        }
        Ok(())
    }

    /// The objects in whose way an obstacle was.
    fn names(&self, found: &Obstacle) -> String {
        match found.others.len() {
            0 => self.name(&found.object),
            others => format!("{} and {others} more", self.name(&found.object)),
        }
    }

    /// The name of an object, with its namespace unless it is that of the command.
    fn name(&self, object: &ObjectRef) -> String {
        match object.namespace.is_empty() || object.namespace == self.namespace {
            true => object.to_string(),
            false => format!("{object} -n {}", object.namespace),
        }
    }

    /// A message, cut off unless everything is to be shown.
    fn message(&self, text: &str) -> String {
        cut(text, if self.wide { usize::MAX } else { MESSAGE_WIDTH })
    }

    /// Writes the objects by kind; many of one kind in one line.
    fn write_objects(&self, out: &mut String, objects: &[ObjectEffect]) -> std::fmt::Result {
        let is_alike = |a: &ObjectEffect, b: &ObjectEffect| {
            (&a.resource, a.effect, &a.object.namespace) == (&b.resource, b.effect, &b.object.namespace)
        };
        for alike in objects.chunk_by(is_alike) {
            match alike {
                [first, ..] if alike.len() > LISTED && !self.wide => {
                    let namespace = &first.object.namespace;
                    let place = match namespace.is_empty() || *namespace == self.namespace {
                        true => String::new(),
                        false => format!(" -n {namespace}"),
                    };
                    writeln!(out, "  {} {} {}{place}", mark(first.effect), alike.len(), first.resource)?;
                }
                _ => alike.iter().try_for_each(|effect| self.write_object(out, effect))?,
            }
        }
        Ok(())
    }

    fn write_object(&self, out: &mut String, found: &ObjectEffect) -> std::fmt::Result {
        writeln!(out, "  {} {}", mark(found.effect), self.name(&found.object))?;
        match self.diff {
            true => diff::unified(found).iter().try_for_each(|line| writeln!(out, "      {line}")),
            false => found.fields.iter().try_for_each(|field| writeln!(out, "      {}", field_line(field))),
        }
    }

    /// Writes what happened to the pods of a workload.
    fn write_pods(&self, out: &mut String, report: &Report, found: &WorkloadPods) -> std::fmt::Result {
        let count = |is: fn(&PodChange) -> bool| found.pods.iter().filter(|pod| is(pod)).count();
        let (started, ended) = (count(|pod| pod.started.is_some()), count(|pod| pod.terminating.is_some()));
        let name = found.workload.as_ref().map_or_else(|| "without a workload".into(), |object| self.name(object));
        write!(out, "  {name}: {started} started, {ended} ended")?;
        if let Some(fewest) = found.fewest {
            write!(out, ", at least {} of {} available", fewest.available, fewest.desired)?;
            if fewest.available < fewest.desired {
                write!(out, " ({})", moment::since(report.started, fewest.at))?;
            }
        }
        writeln!(out)?;
        let listed = if self.wide { found.pods.len() } else { found.pods.len().min(LISTED * 2) };
        let rows = found.pods[..listed].iter().map(|pod| {
            let (at, steps) = steps(report.started, pod);
            [at, pod.name.clone(), steps]
        });
        columns::lines(rows).iter().try_for_each(|line| writeln!(out, "    {line}"))?;
        match found.pods.len() - listed {
            0 => Ok(()),
            more => writeln!(out, "    and {more} more (-o wide lists them)"),
        }
    }

    fn write_obstacle(&self, out: &mut String, start: Time, found: &Obstacle) -> std::fmt::Result {
        let (first, last) = (moment::since(start, found.first), moment::since(start, found.last));
        let times = match found.count {
            1 => format!("at {first}"),
            count => format!("{count} times, {first} to {last}"),
        };
        let (name, message) = (self.names(found), self.message(&found.message));
        writeln!(out, "  {name} ({}, {times}): {message}", found.kind.as_str())
    }
}

fn mark(effect: Effect) -> char {
    match effect {
        Effect::Created => '+',
        Effect::Changed => '~',
        Effect::Deleted => '-',
        Effect::Replaced => '!',
    }
}

/// `spec.replicas: 3 -> 5`.
fn field_line(change: &FieldChange) -> String {
    let text = |value: &Option<Value>| value.as_ref().map_or_else(|| "<none>".into(), short);
    format!("{}: {} -> {}", change.path, text(&change.old), text(&change.new))
}

/// A value in one line: a string without quotes where that is clear, and anything long cut off.
fn short(value: &Value) -> String {
    let text = match value.as_str() {
        Some(text) if !text.is_empty() && !text.contains(char::is_whitespace) => text.to_string(),
        _ => value.to_string(),
    };
    cut(&text, VALUE_WIDTH)
}

/// Cuts off what is longer than a number of characters.
fn cut(text: &str, width: usize) -> String {
    match text.chars().count() > width {
        true => text.chars().take(width - 3).chain("...".chars()).collect(),
        false => text.into(),
    }
}

/// Returns the time of the first step of a pod, and all steps: `started, ready t+5s`.
fn steps(start: Time, pod: &PodChange) -> (String, String) {
    let mut steps: Vec<(Time, &str)> = Vec::new();
    let known = [(pod.started, "started"), (pod.ready, "ready"), (pod.terminating, "terminating"), (pod.gone, "gone")];
    steps.extend(known.into_iter().filter_map(|(at, name)| Some((at?, name))));
    let is_told = pod.gone.is_some() || matches!(pod.state, PodState::Ready | PodState::Terminating);
    if !is_told {
        steps.push((pod.since, pod.state.label()));
    }
    steps.order_by_key(|(at, _)| *at);
    let first = steps.first().map_or_else(String::new, |(at, _)| moment::since(start, *at));
    let text = |(index, (at, name)): (usize, &(Time, &str))| match index {
        0 => (*name).to_string(),
        _ => format!("{name} {}", moment::since(start, *at)),
    };
    let detail = if is_told || pod.detail.is_empty() { String::new() } else { format!(" ({})", pod.detail) };
    (first, steps.iter().enumerate().map(text).collect::<Vec<_>>().join(", ") + &detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    #[test]
    fn values_take_little_space() {
        assert_eq!(short(&json!("nginx:1.27")), "nginx:1.27");
        assert_eq!(short(&json!("two words")), "\"two words\"");
        assert_eq!(short(&json!("")), "\"\"");
        assert_eq!(short(&json!({"a": [1, 2]})), "{\"a\":[1,2]}");
        assert_eq!(short(&json!("x".repeat(80))).len(), VALUE_WIDTH);
        let change = FieldChange { path: "spec.replicas".into(), old: None, new: Some(json!(3)) };
        assert_eq!(field_line(&change), "spec.replicas: <none> -> 3");
    }
}
