//! The `log` subresource of pods: what a container printed, as its kubelet returns it
//! (`pkg/registry/core/pod/rest/log.go`, `pkg/kubelet/kubelet_pods.go`).

use super::{Log, LogLine, LogOptions, LogQuery, Payload, Request, Response, Result, Server};
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::sim::Time;
use kctl_base::status::{Reason, Status};
use kctl_kinds::Kind;

impl Server {
    /// Reads the log of a container.
    pub(super) fn log(&mut self, kind: &dyn Kind, request: &Request, now: Time) -> Result<Response> {
        let pod = self.must_read(kind, &request.namespace, &request.name)?;
        let options = &request.options.log;
        let container = container_of(&pod, &options.container)?;
        let query = LogQuery { container: &container, previous: options.previous, lines: lines_wanted(options) };
        let lines = (self.backends.container_log)(self, &pod, &query, now)?;
        if lines.is_empty() && options.position == 0 {
            check_started(&pod, &container, options.previous)?;
        }
        let log = Log {
            text: format_lines(&lines, options),
            position: lines.len(),
            open: !options.previous && !has_ended(&pod),
        };
        Ok(Response { payload: Payload::Log(log), ..Response::default() })
    }
}

/// Returns how many of the newest lines have to be read: all, unless the request wants only the tail and nothing after it.
fn lines_wanted(options: &LogOptions) -> u64 {
    let is_tail_alone = !options.follow && options.position == 0 && options.since.is_none();
    options.tail_lines.filter(|_| is_tail_alone).map_or(u64::MAX, |lines| lines.max(1))
}

fn has_ended(pod: &Object) -> bool {
    ["Succeeded", "Failed"].contains(&pod.str("/status/phase"))
}

/// The containers for debugging, whose logs have to be asked for by name.
const EPHEMERAL: &str = "/spec/ephemeralContainers";

/// Returns the container of a request: the one that it names, or the only one of the pod.
pub(super) fn container_of(pod: &Object, requested: &str) -> Result<String> {
    let names = |list: &str| pod.list(list).iter().map(|c| c.str("/name").to_string()).collect::<Vec<_>>();
    let (init, regular) = (names("/spec/initContainers"), names("/spec/containers"));
    match (requested, regular.as_slice()) {
        ("", [only]) => Ok(only.clone()),
        ("", _) => {
            let init = if init.is_empty() {
                String::new()
            } else {
                format!(" or one of the init containers: [{}]", init.join(" "))
            };
            Err(Status::bad_request(format!(
                "a container name must be specified for pod {}, choose one of: [{}]{init}",
                pod.name(),
                regular.join(" ")
            )))
        }
        (name, _) if init.iter().chain(&regular).chain(&names(EPHEMERAL)).any(|container| container == name) => {
            Ok(name.to_string())
        }
        (name, _) => Err(Status::bad_request(format!("container {name} is not valid for pod {}", pod.name()))),
    }
}

/// Rejects a container that has not started yet, with the reason for which it is waiting.
fn check_started(pod: &Object, container: &str, previous: bool) -> Result<()> {
    let lists = ["/status/initContainerStatuses", "/status/containerStatuses", "/status/ephemeralContainerStatuses"];
    let status = lists.iter().flat_map(|list| pod.list(list)).find(|s| s.str("/name") == container);
    let has_terminated = status.is_some_and(|s| s.at("/lastState/terminated").is_some());
    if has_terminated {
        return Ok(());
    }
    if previous {
        let text = format!("previous terminated container \"{container}\" in pod \"{}\" not found", pod.name());
        return Err(Status::bad_request(text));
    }
    if status.is_none() && pod.str("/spec/nodeName").is_empty() {
        return Err(Status::bad_request(format!("pod {} does not have a host assigned", pod.name())));
    }
    match status.and_then(|s| s.at("/state/waiting")).map(|w| w.str("/reason")) {
        None => Ok(()),
        Some("ErrImagePull" | "ImagePullBackOff") => Err(waiting(pod, container, "trying and failing to pull image")),
        Some(reason) => Err(waiting(pod, container, reason)),
    }
}

fn waiting(pod: &Object, container: &str, detail: &str) -> Status {
    Status::new(
        Reason::BadRequest,
        format!("container \"{container}\" in pod \"{}\" is waiting to start: {detail}", pod.name()),
    )
}

/// Selects and formats lines: those after the position of the stream and not older than `since`, the last `tail_lines` of
/// them, at most `limit_bytes`.
fn format_lines(lines: &[LogLine], options: &LogOptions) -> String {
    let is_recent = |(at, _): &&LogLine| options.since.is_none_or(|since| *at >= since);
    let new: Vec<&LogLine> = lines.iter().skip(options.position).filter(is_recent).collect();
    let skipped = match options.tail_lines {
        // Only the request that opens a stream is limited to the tail.
        Some(tail) if options.position == 0 => new.len().saturating_sub(usize::try_from(tail).unwrap_or(usize::MAX)),
        _ => 0,
    };
    let mut text = String::new();
    for (at, line) in new.into_iter().skip(skipped) {
        if options.timestamps {
            text.push_str(&at.rfc3339_micro().replace('Z', "000Z"));
            text.push(' ');
        }
        text.push_str(line);
        text.push('\n');
    }
    if let Some(limit) = options.limit_bytes {
        text.truncate(floor_char_boundary(&text, usize::try_from(limit).unwrap_or(usize::MAX)));
    }
    text
}

/// Returns the largest index that is not greater than `at` and does not split a character.
fn floor_char_boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|index| text.is_char_boundary(*index)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_selected_by_position_time_number_and_bytes() {
        let at = |seconds: i64| Time::from_micros(seconds * 1_000_000);
        let lines = [(at(1), "one".to_string()), (at(2), "two".to_string()), (at(3), "drei\u{20ac}".to_string())];
        let of = |options: LogOptions| format_lines(&lines, &options);
        assert_eq!(of(LogOptions::default()), "one\ntwo\ndrei\u{20ac}\n");
        assert_eq!(of(LogOptions { position: 2, tail_lines: Some(0), ..LogOptions::default() }), "drei\u{20ac}\n");
        assert_eq!(of(LogOptions { tail_lines: Some(1), ..LogOptions::default() }), "drei\u{20ac}\n");
        assert_eq!(of(LogOptions { since: Some(at(3)), limit_bytes: Some(5), ..LogOptions::default() }), "drei");
        let stamped = of(LogOptions { timestamps: true, tail_lines: Some(1), ..LogOptions::default() });
        assert!(stamped.starts_with("1970-01-01T00:00:03.000000000Z drei"), "{stamped}");
    }

    #[test]
    fn a_pod_with_several_containers_needs_a_name() {
        let pod = kctl_base::json::json!({"metadata": {"name": "p"}, "spec": {
            "initContainers": [{"name": "i"}], "containers": [{"name": "a"}, {"name": "b"}]}});
        assert_eq!(container_of(&pod, "i"), Ok("i".into()));
        let ambiguous = container_of(&pod, "").expect_err("two containers").message;
        assert_eq!(
            ambiguous,
            "a container name must be specified for pod p, choose one of: [a b] or one of the init containers: [i]"
        );
        assert_eq!(container_of(&pod, "x").expect_err("none").message, "container x is not valid for pod p");
    }
}
