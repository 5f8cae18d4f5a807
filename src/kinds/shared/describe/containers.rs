//! The containers of a pod or pod template in a description (`describeContainers` in
//! `kubectl/pkg/describe/describe.go`).

use std::collections::BTreeMap;

use super::format::stamp;
use super::probes::probe_text;
use crate::PrefixWriter;
use crate::shared::pod_spec::resources::amounts;
use kctl_base::go::quote;
use kctl_base::json::Value;
use kctl_base::object::{Object, ValueRead};
use kctl_base::order::Order as _;
use kctl_base::quantity::{Format, Quantity};

/// A titled list of containers with their statuses.
#[derive(Debug)]
pub(crate) struct Containers<'a> {
    title: &'a str,
    list: &'a [Value],
    statuses: &'a [Value],
    pod: Option<&'a Object>,
    indent: &'a str,
}

impl<'a> Containers<'a> {
    /// The containers of a pod template, which have no statuses.
    pub(crate) fn of_template(title: &'a str, list: &'a [Value]) -> Containers<'a> {
        Containers { title, list, statuses: &[], pod: None, indent: "  " }
    }

    /// The containers of a pod.
    pub(crate) fn of_pod(title: &'a str, list: &'a [Value], statuses: &'a [Value], pod: &'a Object) -> Containers<'a> {
        Containers { title, list, statuses, pod: Some(pod), indent: "" }
    }
}

/// Writes the title and one block for each container.
pub(crate) fn describe_containers(what: &Containers, out: &mut PrefixWriter) {
    let none = if what.list.is_empty() { " <none>" } else { "" };
    out.line(0, format!("{}{}:{none}", what.indent, what.title));
    for container in what.list {
        let status = what.statuses.iter().find(|s| s.str("/name") == container.str("/name"));
        let blank = if what.indent.is_empty() { "" } else { " " };
        out.line(1, format!("{blank}{}:", container.str("/name")));
        describe_basics(container, status, out);
        describe_words("Command", container.list("/command"), out);
        describe_words("Args", container.list("/args"), out);
        if let Some(status) = status {
            describe_status(status, out);
        }
        describe_resources(container, 2, out);
        for (title, field) in
            [("Liveness", "/livenessProbe"), ("Readiness", "/readinessProbe"), ("Startup", "/startupProbe")]
        {
            if let Some(probe) = container.at(field) {
                out.pair(2, title, probe_text(probe));
            }
        }
        describe_env_from(container.list("/envFrom"), out);
        describe_env(container, what.pod, out);
        describe_mounts(container, out);
    }
}

fn describe_basics(container: &Value, status: Option<&Value>, out: &mut PrefixWriter) {
    if let Some(status) = status {
        out.pair(2, "Container ID", status.str("/containerID"));
    }
    out.pair(2, "Image", container.str("/image"));
    if let Some(status) = status {
        out.pair(2, "Image ID", status.str("/imageID"));
    }
    describe_ports("Port", container.list("/ports"), "/containerPort", out);
    describe_ports("Host Port", container.list("/ports"), "/hostPort", out);
    if let Some(profile) = container.at("/securityContext/seccompProfile") {
        out.pair(2, "SeccompProfile", profile.str("/type"));
        if profile.str("/type") == "Localhost" {
            out.pair(3, "LocalhostProfile", profile.str("/localhostProfile"));
        }
    }
}

fn describe_ports(title: &str, ports: &[Value], field: &str, out: &mut PrefixWriter) {
    let text = |port: &Value| {
        let name = Some(port.str("/name")).filter(|n| !n.is_empty()).map_or(String::new(), |n| format!(" ({n})"));
        format!("{}/{}{name}", port.int(field).unwrap_or(0), port.str("/protocol"))
    };
    let texts: Vec<String> = ports.iter().map(text).collect();
    match texts.len() {
        0 => out.pair(2, title, "<none>"),
        1 => out.pair(2, title, &texts[0]),
        _ => out.pair(2, &format!("{title}s"), texts.join(", ")),
    }
}

fn describe_words(title: &str, words: &[Value], out: &mut PrefixWriter) {
    if words.is_empty() {
        return;
    }
    out.line(2, format!("{title}:"));
    for word in words.iter().filter_map(Value::as_str) {
        word.split('\n').for_each(|line| out.line(3, line));
    }
}

fn describe_status(status: &Value, out: &mut PrefixWriter) {
    describe_state("State", status.get("state").unwrap_or(&Value::Null), out);
    if let Some(last) = status.get("lastState").filter(|s| s.at("/terminated").is_some()) {
        describe_state("Last State", last, out);
    }
    out.pair(2, "Ready", if status.flag("/ready") { "True" } else { "False" });
    out.pair(2, "Restart Count", status.int("/restartCount").unwrap_or(0));
}

fn describe_state(title: &str, state: &Value, out: &mut PrefixWriter) {
    if let Some(running) = state.at("/running") {
        out.pair(2, title, "Running");
        out.pair(3, "Started", stamp(running, "/startedAt"));
    } else if let Some(ended) = state.at("/terminated") {
        out.pair(2, title, "Terminated");
        for (label, field) in [("Reason", "/reason"), ("Message", "/message")] {
            if !ended.str(field).is_empty() {
                out.pair(3, label, ended.str(field));
            }
        }
        out.pair(3, "Exit Code", ended.int("/exitCode").unwrap_or(0));
        if let Some(signal) = ended.int("/signal").filter(|s| *s > 0) {
            out.pair(3, "Signal", signal);
        }
        out.pair(3, "Started", stamp(ended, "/startedAt"));
        out.pair(3, "Finished", stamp(ended, "/finishedAt"));
    } else {
        out.pair(2, title, "Waiting");
        if !state.str("/waiting/reason").is_empty() {
            out.pair(3, "Reason", state.str("/waiting/reason"));
        }
    }
}

/// Writes limits and requests of a container, or of a pod as a whole.
pub(crate) fn describe_resources(container: &Value, level: usize, out: &mut PrefixWriter) {
    for (title, field) in [("Limits", "/resources/limits"), ("Requests", "/resources/requests")] {
        let list = amounts(container, field);
        if !list.is_empty() {
            out.line(level, format!("{title}:"));
        }
        for (name, amount) in &list {
            out.pair(level + 1, name, amount);
        }
    }
}

fn describe_env_from(sources: &[Value], out: &mut PrefixWriter) {
    if !sources.is_empty() {
        out.line(2, "Environment Variables from:");
    }
    for source in sources {
        let (kind, reference) = match (source.at("/configMapRef"), source.at("/secretRef")) {
            (Some(reference), _) => ("ConfigMap", reference),
            (None, Some(reference)) => ("Secret", reference),
            (None, None) => ("", &Value::Null),
        };
        let prefix = match source.str("/prefix") {
            "" => String::new(),
            prefix => format!(" with prefix '{prefix}'"),
        };
        let (name, optional) = (reference.str("/name"), reference.flag("/optional"));
        out.line(3, format!("{name}\t{kind}{prefix}\tOptional: {optional}"));
    }
}

fn describe_env(container: &Value, pod: Option<&Object>, out: &mut PrefixWriter) {
    let variables = container.list("/env");
    out.line(2, if variables.is_empty() { "Environment:\t<none>" } else { "Environment:" });
    for variable in variables {
        let name = variable.str("/name");
        let Some(source) = variable.at("/valueFrom") else {
            for (index, line) in variable.str("/value").split('\n').enumerate() {
                let lead = if index == 0 { format!("{name}:") } else { String::new() };
                out.line(3, format!("{lead}\t{line}"));
            }
            continue;
        };
        if let Some(field) = source.at("/fieldRef") {
            let value = pod.map_or(String::new(), |pod| field_value(pod, field.str("/fieldPath")));
            let (version, path) = (field.str("/apiVersion"), field.str("/fieldPath"));
            out.pair(3, name, format!("{value} ({version}:{path})"));
        } else if let Some(field) = source.at("/resourceFieldRef") {
            out.pair(3, name, format!("{} ({})", resource_value(container, field), field.str("/resource")));
        } else if let Some(key) = source.at("/secretKeyRef") {
            let text = format!("<set to the key '{}' in secret '{}'>", key.str("/key"), key.str("/name"));
            out.pair(3, name, format!("{text}\tOptional: {}", key.flag("/optional")));
        } else if let Some(key) = source.at("/configMapKeyRef") {
            let text = format!("<set to the key '{}' of config map '{}'>", key.str("/key"), key.str("/name"));
            out.pair(3, name, format!("{text}\tOptional: {}", key.flag("/optional")));
        }
    }
}

/// The value of a downward API field, as far as the metadata of the pod determines it.
fn field_value(pod: &Object, path: &str) -> String {
    let subscript = path.strip_suffix("']").and_then(|p| p.split_once("['"));
    match (path, subscript) {
        ("metadata.name" | "metadata.namespace" | "metadata.uid", _) => {
            pod.str(&format!("/{}", path.replace('.', "/"))).to_owned()
        }
        ("metadata.labels" | "metadata.annotations", _) => {
            let map: BTreeMap<String, String> = pod.strings(&format!("/{}", path.replace('.', "/")));
            let lines: Vec<String> = map.iter().map(|(k, v)| format!("{k}={}", quote(v))).collect();
            lines.join("\n")
        }
        (_, Some((map @ ("metadata.labels" | "metadata.annotations"), key))) => {
            pod.strings(&format!("/{}", map.replace('.', "/"))).remove(key).unwrap_or_default()
        }
        _ => String::new(),
    }
}

/// The value of a `resourceFieldRef`: a request or limit of the container in units of the divisor, rounded up.
fn resource_value(container: &Value, field: &Value) -> String {
    let resource = field.str("/resource");
    let Some((list, name)) = resource.split_once('.') else { return String::new() };
    let amount = amounts(container, &format!("/resources/{list}")).remove(name).unwrap_or(Quantity::ZERO);
    let divisor = field.at("/divisor").and_then(|d| Quantity::from_value(d).ok()).unwrap_or(Quantity::ZERO);
    let divisor = if divisor.is_zero() { Quantity::new(1, Format::DecimalSi) } else { divisor };
    let (amount, divisor) = match name {
        "cpu" => (amount.milli_value(), divisor.milli_value()),
        _ => (amount.value(), divisor.value()),
    };
    let units = amount.saturating_add(divisor - 1).div_euclid(divisor.max(1));
    match (units, resource) {
        (0, "limits.cpu" | "limits.memory") => "node allocatable".into(),
        (units, _) => units.to_string(),
    }
}

fn describe_mounts(container: &Value, out: &mut PrefixWriter) {
    let mut mounts: Vec<&Value> = container.list("/volumeMounts").iter().collect();
    mounts.order_by_key(|m| m.str("/mountPath"));
    out.line(2, if mounts.is_empty() { "Mounts:\t<none>" } else { "Mounts:" });
    for mount in mounts {
        let mode = if mount.flag("/readOnly") { "ro" } else { "rw" };
        let sub = match mount.str("/subPath") {
            "" => String::new(),
            path => format!(",path={}", quote(path)),
        };
        out.line(3, format!("{} from {} ({mode}{sub})", mount.str("/mountPath"), mount.str("/name")));
    }
    let mut devices: Vec<&Value> = container.list("/volumeDevices").iter().collect();
    devices.order_by_key(|d| d.str("/devicePath"));
    if !devices.is_empty() {
        out.line(2, "Devices:");
    }
    for device in devices {
        out.line(3, format!("{} from {}", device.str("/devicePath"), device.str("/name")));
    }
}
