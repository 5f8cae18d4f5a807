//! What the labels of a namespace ask of its pods.

use std::fmt;

use kctl_base::field::{self, ErrorList, Path};
use kctl_base::object::{Object, ObjectMeta, ValueRead};

const PREFIX: &str = "pod-security.kubernetes.io/";

/// How much a pod may do; each level forbids what the one before it forbids, and more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// Everything.
    #[default]
    Privileged,
    /// Nothing that is known to lead to the node.
    Baseline,
    /// What hardened pods do.
    Restricted,
}

/// A level as of a version of Kubernetes: `restricted:latest`, `baseline:v1.30`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Standard {
    pub(super) level: Level,
    version: String,
}

/// What a namespace asks of its pods.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Policy {
    /// Other pods are refused.
    pub(super) enforce: Standard,
    /// Other pods are warned of.
    pub(super) warn: Standard,
}

impl Level {
    fn name(self) -> &'static str {
        match self {
            Level::Privileged => "privileged",
            Level::Baseline => "baseline",
            Level::Restricted => "restricted",
        }
    }

    fn parse(text: &str) -> Option<Level> {
        [Level::Privileged, Level::Baseline, Level::Restricted].into_iter().find(|level| level.name() == text)
    }
}

impl Default for Standard {
    fn default() -> Standard {
        Standard { level: Level::default(), version: "latest".into() }
    }
}

impl Standard {
    /// Returns whether both are of the same version.
    pub(super) fn is_as_old_as(&self, other: &Standard) -> bool {
        self.version == other.version
    }
}

impl fmt::Display for Standard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.level.name(), self.version)
    }
}

impl Policy {
    /// Reads the labels; what they say wrongly counts as not said, but for a wrong level of enforcement, which counts as the
    /// strictest one.
    pub(super) fn of(namespace: &Object) -> Policy {
        let labels = namespace.map("/metadata/labels");
        if !labels.is_some_and(|labels| labels.keys().any(|key| key.starts_with(PREFIX))) {
            return Policy::default();
        }
        let label = |name: &str| namespace.label(&format!("{PREFIX}{name}"));
        let standard = |mode: &str, wrong: Level| Standard {
            level: label(mode).map_or(Level::Privileged, |text| Level::parse(text).unwrap_or(wrong)),
            version: label(&format!("{mode}-version")).filter(|v| is_version(v)).unwrap_or("latest").into(),
        };
        let enforce = standard("enforce", Level::Restricted);
        let mut warn = standard("warn", Level::Privileged);
        // Who asks for no warnings in particular is warned of what would be refused.
        if label("warn").is_none() && label("warn-version").is_none() && enforce.level > warn.level {
            warn = enforce.clone();
        }
        Policy { enforce, warn }
    }
}

/// What is wrong with the labels of a namespace.
pub(super) fn label_errors(namespace: &Object) -> ErrorList {
    let labels = Path::new("metadata").child("labels");
    let mut errors = ErrorList::new();
    for mode in ["enforce", "audit", "warn"] {
        for (name, is_right, must) in [
            (mode.to_string(), is_level as fn(&str) -> bool, "must be one of privileged, baseline, restricted"),
            (format!("{mode}-version"), is_version, "must be \"latest\" or \"v1.x\""),
        ] {
            let key = format!("{PREFIX}{name}");
            let wrong = namespace.label(&key).filter(|value| !is_right(value));
            errors.extend(wrong.map(|value| field::invalid(&labels.key(&key), value, must)));
        }
    }
    errors
}

fn is_level(text: &str) -> bool {
    Level::parse(text).is_some()
}

fn is_version(text: &str) -> bool {
    let minor = text.strip_prefix("v1.").unwrap_or_default();
    text == "latest"
        || (!minor.is_empty() && minor.bytes().all(|b| b.is_ascii_digit()) && (minor == "0" || !minor.starts_with('0')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::{Value, json};

    fn namespace(labels: Value) -> Object {
        json!({"kind": "Namespace", "metadata": {"name": "n", "labels": labels}})
    }

    #[test]
    fn warnings_follow_what_is_enforced_unless_they_are_asked_for() {
        let read = |labels: Value| {
            let policy = Policy::of(&namespace(labels));
            (policy.enforce.to_string(), policy.warn.to_string())
        };
        let pair = |enforce: &str, warn: &str| (enforce.to_string(), warn.to_string());
        let (enforce, warn) = ("pod-security.kubernetes.io/enforce", "pod-security.kubernetes.io/warn");
        assert_eq!(read(json!({})), pair("privileged:latest", "privileged:latest"));
        assert_eq!(read(json!({enforce: "baseline"})), pair("baseline:latest", "baseline:latest"));
        assert_eq!(
            read(json!({enforce: "baseline", warn: "restricted"})),
            pair("baseline:latest", "restricted:latest")
        );
        assert_eq!(
            read(
                json!({enforce: "restricted", warn: "privileged", "pod-security.kubernetes.io/enforce-version": "v1.30"})
            ),
            pair("restricted:v1.30", "privileged:latest")
        );
        assert_eq!(read(json!({enforce: "nonsense"})), pair("restricted:latest", "restricted:latest"));
    }

    #[test]
    fn labels_are_checked() {
        let errors = label_errors(&namespace(json!({
            "pod-security.kubernetes.io/enforce": "strict", "pod-security.kubernetes.io/warn-version": "1.30",
            "pod-security.kubernetes.io/audit": "baseline",
        })));
        let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: \"strict\": must be one of privileged, baseline, restricted",
                "metadata.labels[pod-security.kubernetes.io/warn-version]: Invalid value: \"1.30\": must be \"latest\" or \"v1.x\"",
            ]
        );
    }
}
