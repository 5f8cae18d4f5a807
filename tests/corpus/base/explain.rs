//! Recorded output of `kubectl explain`.

use kctl_base::schema::explain::{Subject, explain};

use crate::recordings::text;

/// The recorded session.
pub(super) const RECORDING: &str = "parity/37-api-resources-explain.parity";

/// Resource names of the session with group and kind; an empty kind is one that the server does not have.
const KINDS: [(&str, &str, &str); 11] = [
    ("deployment", "apps", "Deployment"),
    ("deploy", "apps", "Deployment"),
    ("pods", "", "Pod"),
    ("pod", "", "Pod"),
    ("po", "", "Pod"),
    ("statefulset", "apps", "StatefulSet"),
    ("ds", "apps", "DaemonSet"),
    ("rs", "apps", "ReplicaSet"),
    ("job", "batch", "Job"),
    ("svc", "", "Service"),
    ("nope", "", ""),
];

/// Explanations of built-in kinds, fields and unknown fields are those of kubectl.
pub(super) fn recorded_explanations() {
    let steps = recorded_steps();
    assert!(!steps.is_empty(), "no recorded explanations");
    for (command, recorded) in steps {
        let resource = command.split(' ').nth(2).expect("the resource of kubectl explain");
        let (name, path) = resource.split_once('.').unwrap_or((resource, ""));
        let path: Vec<&str> = path.split('.').filter(|field| !field.is_empty()).collect();
        let (_, group, kind) = KINDS.into_iter().find(|known| known.0 == name).expect("a known resource");
        if kind.is_empty() {
            continue;
        }
        let recursive = command.ends_with("--recursive");
        let subject = Subject { group, version: "v1", kind, path: &path, recursive };
        let explained = explain(&subject).unwrap_or_else(|error| error.heading);
        let explained: String = explained.lines().map(|line| format!("{}\n", line.trim_end())).collect();
        assert_eq!(without_enum_descriptions(&explained), without_enum_descriptions(&recorded), "{command}");
    }
}

/// Returns command line and output of each `kubectl explain` of a built-in version.
fn recorded_steps() -> Vec<(String, String)> {
    let mut steps: Vec<(String, String)> = Vec::new();
    for line in text(RECORDING).lines() {
        if let Some(command) = line.strip_prefix("$ ") {
            steps.push((command.to_owned(), String::new()));
        } else if let (Some(step), Some(output)) = (steps.last_mut(), line.strip_prefix('|')) {
            step.1.push_str(output.strip_prefix(' ').unwrap_or(output));
            step.1.push('\n');
        }
    }
    steps.retain(|(command, _)| {
        command.starts_with("kubectl explain ") && !command.contains("head") && !command.contains("--api-version")
    });
    steps
}

/// Drops the lists of enum values in descriptions: the schema has the values but not their descriptions.
fn without_enum_descriptions(text: &str) -> String {
    let mut in_list = false;
    let keep = |line: &&str| {
        in_list = line.ends_with("Possible enum values:") || in_list && !line.is_empty();
        !in_list
    };
    text.lines().filter(keep).map(|line| format!("{line}\n")).collect()
}
