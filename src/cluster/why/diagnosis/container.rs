//! The containers of a pod: what keeps them from running and being ready.

use super::reader::Reader;
use super::{Finding, probe, words};
use crate::api::Result;
use kctl_base::json::Value;
use kctl_base::object::{Object, ValueRead};
use kctl_base::sim::Time;
use kctl_kinds::shared::pod_spec::resources::limit_of;

/// Exit codes that say more than that a container failed.
const EXIT_CODES: &[(i64, &str)] = &[
    (126, "its command cannot be executed"),
    (127, "its command was not found"),
    (137, "it was killed"),
    (139, "it accessed memory that is not its own"),
    (143, "it was asked to end"),
];

/// A container with its state.
struct Container<'a> {
    /// The name in a sentence: `container web`, `init container migrate`.
    title: String,
    spec: &'a Value,
    status: &'a Value,
    /// True for init containers, before whose end the others do not start.
    blocks: bool,
}

impl Container<'_> {
    fn name(&self) -> &str {
        self.spec.str("/name")
    }

    /// Returns how the last run ended; `None` for a container that has not ended yet.
    fn last_end(&self) -> Option<&Value> {
        self.status.at("/state/terminated").or(self.status.at("/lastState/terminated"))
    }
}

/// Finds what keeps the containers of a pod from being ready. While an init container has not ended, only that one counts.
pub(super) fn diagnose(reader: &mut Reader<'_>, pod: &Object) -> Result<Vec<Finding>> {
    let next = reader.next_try("kubelet", pod)?;
    let mut found = Vec::new();
    for container in containers(pod) {
        let finding = match container.blocks && is_done(&container) {
            true => None,
            false => examine(reader, pod, &container, next)?,
        };
        let ends_search = container.blocks && finding.is_some();
        found.extend(finding);
        if ends_search {
            break;
        }
    }
    if found.is_empty() {
        found.extend(mount_failure(reader, pod, next)?);
    }
    Ok(found)
}

/// Describes how the containers of an ended pod have ended, a line each.
pub(super) fn ends(pod: &Object) -> Vec<String> {
    let failed = |container: &Container<'_>| {
        let end = container.last_end()?;
        (end.int("/exitCode") != Some(0)).then(|| format!("{}: {}", container.title, end_words(end)))
    };
    containers(pod).iter().filter_map(failed).collect()
}

fn containers(pod: &Object) -> Vec<Container<'_>> {
    const NONE: &Value = &Value::Null;
    let groups =
        [("/spec/initContainers", "/status/initContainerStatuses"), ("/spec/containers", "/status/containerStatuses")];
    let mut found = Vec::new();
    for (specs, statuses) in groups {
        for spec in pod.list(specs) {
            let name = spec.str("/name");
            let status = pod.list(statuses).iter().find(|status| status.str("/name") == name).unwrap_or(NONE);
            let is_sidecar = spec.str("/restartPolicy") == "Always";
            let kind = match (specs, is_sidecar) {
                ("/spec/containers", _) => "container",
                (_, true) => "sidecar",
                (_, false) => "init container",
            };
            found.push(Container {
                title: format!("{kind} {name}"),
                spec,
                status,
                blocks: specs == "/spec/initContainers",
            });
        }
    }
    found
}

/// Returns whether a container no longer keeps those after it from starting.
fn is_done(container: &Container<'_>) -> bool {
    let is_sidecar = container.spec.str("/restartPolicy") == "Always";
    match is_sidecar {
        true => container.status.flag("/started"),
        false => container.status.int("/state/terminated/exitCode") == Some(0),
    }
}

fn examine(
    reader: &mut Reader<'_>,
    pod: &Object,
    container: &Container<'_>,
    next: Option<Time>,
) -> Result<Option<Finding>> {
    let waiting = container.status.at("/state/waiting");
    let reason = waiting.map_or("", |waiting| waiting.str("/reason"));
    let message = waiting.map_or("", |waiting| waiting.str("/message"));
    Ok(match reason {
        "ErrImagePull" | "ImagePullBackOff" | "ErrImageNeverPull" | "InvalidImageName" => {
            Some(image(reader, pod, container, next)?)
        }
        "CrashLoopBackOff" => Some(crash(reader, pod, container, next)?),
        "CreateContainerConfigError" | "CreateContainerError" | "RunContainerError" => Some(
            Finding::problem(format!("{} cannot be created: {message}", container.title))
                .shown_by(words::next_try(next)),
        ),
        "" if container.status.at("/state/terminated").is_some() => ended(reader, pod, container, next)?,
        "" if container.status.at("/state/running").is_some() => running(reader, pod, container)?,
        _ => None,
    })
}

fn image(reader: &mut Reader<'_>, pod: &Object, container: &Container<'_>, next: Option<Time>) -> Result<Finding> {
    let image = container.spec.str("/image");
    let sentence = format!("{} cannot start, because its image {image} cannot be pulled", container.title);
    let event = reader.last_event(pod, &["Failed", "ErrImageNeverPull"])?;
    let message = event.as_ref().map(|event| event.str("/message")).filter(|text| text.contains(image));
    let message = message.unwrap_or(container.status.str("/state/waiting/message"));
    Ok(Finding::problem(sentence).shown_by(message).shown_by(words::next_try(next)))
}

/// Describes a container that crashes again and again, with the end of its log.
fn crash(reader: &mut Reader<'_>, pod: &Object, container: &Container<'_>, next: Option<Time>) -> Result<Finding> {
    let end = container.last_end().map_or_else(|| "it ended".into(), end_words);
    let restarts = container.status.int("/restartCount").unwrap_or(0);
    let sentence = format!("{} ends again and again after its start: {end}", container.title);
    let mut finding = Finding::problem(sentence)
        .shown_by(memory_limit(pod, container))
        .shown_by(format!("it has been restarted {}", times(restarts)));
    finding = log(reader, pod, container, finding)?;
    Ok(finding.shown_by(words::next_try(next).replace("next try", "next restart")))
}

fn times(number: i64) -> String {
    if number == 1 { "once".into() } else { format!("{number} times") }
}

fn log(reader: &mut Reader<'_>, pod: &Object, container: &Container<'_>, finding: Finding) -> Result<Finding> {
    let Some(lines) = reader.last_lines(pod, container.name())? else { return Ok(finding) };
    Ok(match lines.is_empty() {
        true => finding.shown_by("its log is empty"),
        false => lines.into_iter().fold(finding, |finding, line| finding.shown_by(format!("log: {line}"))),
    })
}

/// Describes a container that has ended: for good, or before its next start.
fn ended(
    reader: &mut Reader<'_>,
    pod: &Object,
    container: &Container<'_>,
    next: Option<Time>,
) -> Result<Option<Finding>> {
    let Some(end) = container.status.at("/state/terminated") else { return Ok(None) };
    if end.int("/exitCode") == Some(0) {
        return Ok(Some(Finding::remark(format!("{} has run to its end", container.title))));
    }
    let finding = Finding::problem(format!("{} has failed: {}", container.title, end_words(end)))
        .shown_by(memory_limit(pod, container));
    let finding = log(reader, pod, container, finding)?;
    Ok(Some(finding.shown_by(words::next_try(next))))
}

fn running(reader: &mut Reader<'_>, pod: &Object, container: &Container<'_>) -> Result<Option<Finding>> {
    if container.blocks && container.spec.str("/restartPolicy") != "Always" {
        let since = container.status.str("/state/running/startedAt");
        let sentence = format!("{} runs since {since}, and the containers after it wait for its end", container.title);
        return Ok(Some(Finding::progress(sentence)));
    }
    if container.status.flag("/ready") {
        return Ok(None);
    }
    probe::diagnose(reader, pod, &container.title, container.spec, container.status).map(Some)
}

/// Returns how a run ended: `it exited with code 1 (Error)`.
fn end_words(end: &Value) -> String {
    let code = end.int("/exitCode").unwrap_or(0);
    let reason = end.str("/reason");
    if reason == "OOMKilled" {
        return format!("it used more memory than its limit and was killed (OOMKilled, exit code {code})");
    }
    let meaning = EXIT_CODES.iter().find(|(known, _)| *known == code).map(|(_, meaning)| format!(": {meaning}"));
    let reason = if reason.is_empty() { String::new() } else { format!(" ({reason})") };
    format!("it exited with code {code}{reason}{}", meaning.unwrap_or_default())
}

/// Returns the memory limit of a container that was killed because of it; empty for others.
fn memory_limit(pod: &Object, container: &Container<'_>) -> String {
    let is_killed = container.last_end().is_some_and(|end| end.str("/reason") == "OOMKilled");
    match limit_of(pod, container.spec, "memory") {
        Some(limit) if is_killed => format!("its memory limit is {}", words::value(limit)),
        _ => String::new(),
    }
}

/// Finds a volume that cannot be mounted.
fn mount_failure(reader: &mut Reader<'_>, pod: &Object, next: Option<Time>) -> Result<Option<Finding>> {
    let is_creating =
        |status: &Value| matches!(status.str("/state/waiting/reason"), "ContainerCreating" | "PodInitializing");
    let statuses = ["/status/initContainerStatuses", "/status/containerStatuses"];
    if !statuses.iter().flat_map(|list| pod.list(list)).any(is_creating) {
        return Ok(None);
    }
    let event = reader.last_event(pod, &["FailedMount", "FailedAttachVolume"])?;
    Ok(event.map(|event| {
        Finding::problem("cannot start, because a volume cannot be mounted")
            .shown_by(event.str("/message"))
            .shown_by(words::next_try(next))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    #[test]
    fn ends_are_told_in_words() {
        let cases = [
            (json!({"exitCode": 1, "reason": "Error"}), "it exited with code 1 (Error)"),
            (json!({"exitCode": 127, "reason": "Error"}), "it exited with code 127 (Error): its command was not found"),
            (
                json!({"exitCode": 137, "reason": "OOMKilled"}),
                "it used more memory than its limit and was killed (OOMKilled, exit code 137)",
            ),
        ];
        for (end, words) in cases {
            assert_eq!(end_words(&end), words);
        }
        let pod = json!({
            "spec": {"initContainers": [{"name": "i"}, {"name": "s", "restartPolicy": "Always"}], "containers": [{"name": "c"}]},
            "status": {"initContainerStatuses": [{"name": "i", "state": {"terminated": {"exitCode": 0}}}],
                       "containerStatuses": [{"name": "c", "state": {"terminated": {"exitCode": 2, "reason": "Error"}}}]}});
        assert_eq!(ends(&pod), ["container c: it exited with code 2 (Error)"]);
        let titles: Vec<String> = containers(&pod).into_iter().map(|container| container.title).collect();
        assert_eq!(titles, ["init container i", "sidecar s", "container c"]);
    }
}
