//! The Pod Security policy of a namespace, read from its labels (`k8s.io/pod-security-admission/api`).

use std::fmt;

use kctl_base::field::{self, ErrorList, Path};
use kctl_base::object::{Object, ObjectMeta, ValueRead};

const PREFIX: &str = "pod-security.kubernetes.io/";

/// A level of the Pod Security Standards. Each level forbids what the one before it forbids, and more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// Unrestricted.
    #[default]
    Privileged,
    /// Prevents known privilege escalations.
    Baseline,
    /// Follows the current hardening practices for pods.
    Restricted,
}

/// A minor version of Kubernetes that defines the levels; [`LATEST`] is newer than all others.
pub(super) type Minor = u32;

/// The version `latest`.
pub(super) const LATEST: Minor = Minor::MAX;

/// A level as a version of Kubernetes defines it (`api.LevelVersion`): `restricted:latest`, `baseline:v1.30`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standard {
    pub(super) level: Level,
    pub(super) version: Minor,
}

/// The levels that a namespace selects, by mode.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Policy {
    /// Pods that violate it are rejected.
    pub(super) enforce: Standard,
    /// Pods that violate it cause a warning.
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
        Standard { level: Level::default(), version: LATEST }
    }
}

impl Standard {
    /// Returns whether both levels are defined by the same version.
    pub(super) fn has_version_of(&self, other: &Standard) -> bool {
        self.version == other.version
    }
}

impl fmt::Display for Standard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.version {
            LATEST => write!(f, "{}:latest", self.level.name()),
            minor => write!(f, "{}:v1.{minor}", self.level.name()),
        }
    }
}

impl Policy {
    /// Reads the labels of a namespace. An invalid label counts as missing, except for an invalid enforced level, which
    /// counts as the strictest one.
    pub(super) fn of(namespace: &Object) -> Policy {
        let labels = namespace.map("/metadata/labels");
        if !labels.is_some_and(|labels| labels.keys().any(|key| key.starts_with(PREFIX))) {
            return Policy::default();
        }
        let label = |name: &str| namespace.label(&format!("{PREFIX}{name}"));
        let standard = |mode: &str, fallback: Level| Standard {
            level: label(mode).map_or(Level::Privileged, |text| Level::parse(text).unwrap_or(fallback)),
            version: label(&format!("{mode}-version")).and_then(parse_version).unwrap_or(LATEST),
        };
        let enforce = standard("enforce", Level::Restricted);
        let mut warn = standard("warn", Level::Privileged);
        // Without labels for warnings, pod templates are warned about by the enforced level.
        if label("warn").is_none() && label("warn-version").is_none() && enforce.level > warn.level {
            warn = enforce;
        }
        Policy { enforce, warn }
    }
}

/// Validates the Pod Security labels of a namespace.
pub(super) fn label_errors(namespace: &Object) -> ErrorList {
    let labels = Path::new("metadata").child("labels");
    let mut errors = ErrorList::new();
    for mode in ["enforce", "audit", "warn"] {
        for (name, is_valid, must) in [
            (mode.to_string(), is_level as fn(&str) -> bool, "must be one of privileged, baseline, restricted"),
            (format!("{mode}-version"), is_version, "must be \"latest\" or \"v1.x\""),
        ] {
            let key = format!("{PREFIX}{name}");
            let invalid = namespace.label(&key).filter(|value| !is_valid(value));
            errors.extend(invalid.map(|value| field::invalid(&labels.key(&key), value, must)));
        }
    }
    errors
}

fn is_level(text: &str) -> bool {
    Level::parse(text).is_some()
}

fn is_version(text: &str) -> bool {
    parse_version(text).is_some()
}

/// Parses `latest`, or `v1.` with a minor version (`api.ParseVersion`).
fn parse_version(text: &str) -> Option<Minor> {
    if text == "latest" {
        return Some(LATEST);
    }
    let minor = text.strip_prefix("v1.")?;
    let is_plain = minor.bytes().all(|b| b.is_ascii_digit()) && (minor == "0" || !minor.starts_with('0'));
    minor.parse().ok().filter(|minor| is_plain && *minor != LATEST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::{Value, json};

    fn namespace(labels: Value) -> Object {
        json!({"kind": "Namespace", "metadata": {"name": "n", "labels": labels}})
    }

    #[test]
    fn the_warning_level_defaults_to_the_enforced_level() {
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
    fn labels_are_validated() {
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
