//! The checks of the Pod Security Standards, with the messages of Kubernetes (`k8s.io/pod-security-admission/policy`,
//! <https://kubernetes.io/docs/concepts/security/pod-security-standards/>).
//!
//! The checks are those of the latest version. A namespace can select an older version; the differences are small and not
//! implemented.

mod baseline;
mod restricted;

use std::collections::BTreeSet;

use super::policy::Level;
use kctl_base::go::quote;
use kctl_base::json::Value;
use kctl_base::object::{Object, ValueRead};

/// A failed check: a short reason, and a detail that names the offending containers, volumes or fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Violation {
    pub(super) reason: String,
    pub(super) detail: String,
}

/// A check of a pod; returns its violation.
type Check = fn(&Pod<'_>) -> Option<Violation>;

/// The checks of the baseline level in the order in which they are reported, which is that of their identifiers upstream.
/// The flag is `true` for a check that the restricted level has as well, and `false` for one that it replaces.
const BASELINE: &[(Check, bool)] = &[
    (baseline::app_armor, true),
    (baseline::capabilities, false),
    (baseline::host_namespaces, true),
    (baseline::host_path_volumes, false),
    (baseline::host_ports, true),
    (baseline::privileged, true),
    (baseline::proc_mount, true),
    (baseline::se_linux_options, true),
    (baseline::seccomp_profile, false),
    (baseline::sysctls, true),
    (baseline::host_process, true),
];

/// The checks of the restricted level, in addition to those of the baseline that are marked `true`.
const RESTRICTED: &[Check] = &[
    restricted::privilege_escalation,
    restricted::capabilities,
    restricted::volume_types,
    restricted::run_as_non_root,
    restricted::run_as_user,
    restricted::seccomp_profile,
];

/// A pod or pod template that is checked.
pub(super) struct Pod<'a> {
    meta: &'a Object,
    spec: &'a Value,
    /// All containers, init containers first.
    containers: Vec<&'a Value>,
}

/// Returns all violations of a level by a pod or pod template.
pub(super) fn violations(level: Level, pod: &Object) -> Vec<Violation> {
    let Some(spec) = pod.get("spec") else { return Vec::new() };
    let lists = ["/initContainers", "/containers", "/ephemeralContainers"];
    let pod = Pod { meta: pod, spec, containers: lists.iter().flat_map(|list| spec.list(list)).collect() };
    let baseline = BASELINE.iter().filter(|(_, is_kept)| *is_kept || level == Level::Baseline).map(|(check, _)| *check);
    let checks: Vec<Check> = match level {
        Level::Privileged => Vec::new(),
        Level::Baseline => baseline.collect(),
        Level::Restricted => baseline.chain(RESTRICTED.iter().copied()).collect(),
    };
    checks.into_iter().filter_map(|check| check(&pod)).collect()
}

impl<'a> Pod<'a> {
    fn is_windows(&self) -> bool {
        self.spec.str("/os/name") == "windows"
    }

    /// Returns the names of the containers that fulfil a predicate.
    fn containers_that(&self, predicate: impl Fn(&Value) -> bool) -> Vec<&'a str> {
        self.containers.iter().filter(|c| predicate(c)).map(|c| c.str("/name")).collect()
    }

    /// Returns what has a forbidden security context: `pod`, `container "a"`, `containers "a", "b"`.
    fn setters(&self, is_forbidden: impl Fn(&Value) -> bool) -> Vec<String> {
        let context = |value: &Value| value.get("securityContext").is_some_and(&is_forbidden);
        let mut setters = Vec::new();
        if context(self.spec) {
            setters.push("pod".to_owned());
        }
        let containers = self.containers_that(context);
        if !containers.is_empty() {
            setters.push(named("container", &containers));
        }
        setters
    }

    /// Returns the distinct values of a field in the security contexts of the pod and its containers, sorted.
    fn values(&self, field: &str) -> BTreeSet<&'a str> {
        let all = std::iter::once(&self.spec).chain(&self.containers);
        all.map(|value| value.str(&format!("/securityContext{field}"))).filter(|value| !value.is_empty()).collect()
    }
}

fn violation(reason: &str, detail: String) -> Option<Violation> {
    Some(Violation { reason: reason.into(), detail })
}

/// Formats names with a noun: `container "a"`, `containers "a", "b"`.
fn named(what: &str, names: &[&str]) -> String {
    format!("{} {}", plural(what, names.len()), quoted(names))
}

/// Appends an `s` to a noun unless the count is one.
fn plural(what: &str, count: usize) -> String {
    if count == 1 { what.into() } else { format!("{what}s") }
}

/// Quotes and joins names: `"a", "b"`.
fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| quote(name)).collect::<Vec<_>>().join(", ")
}

/// Returns the containers with items of a list of strings that are not allowed, and those items, sorted.
fn forbidden<'a>(pod: &Pod<'a>, list: &str, allowed: &[&str]) -> (Vec<&'a str>, Vec<&'a str>) {
    let forbidden_items = |c: &&'a Value| -> Vec<&'a str> {
        c.list(list).iter().filter_map(Value::as_str).filter(|item| !allowed.contains(item)).collect()
    };
    let found: BTreeSet<&str> = pod.containers.iter().flat_map(forbidden_items).collect();
    let containers = pod.containers.iter().filter(|c| !forbidden_items(c).is_empty()).map(|c| c.str("/name")).collect();
    (containers, found.into_iter().collect())
}

/// Returns the detail of a violation by added capabilities that are not allowed.
fn added_capabilities(pod: &Pod<'_>, allowed: &[&str]) -> Option<String> {
    let (containers, added) = forbidden(pod, "/securityContext/capabilities/add", allowed);
    (!containers.is_empty()).then(|| {
        format!(
            "{} must not include {} in securityContext.capabilities.add",
            named("container", &containers),
            quoted(&added)
        )
    })
}

/// Returns the violation by seccomp profiles of a forbidden type.
fn seccomp(pod: &Pod<'_>, is_forbidden: impl Fn(&str) -> bool) -> Option<Violation> {
    let setters = pod.setters(|context| is_forbidden(context.str("/seccompProfile/type")));
    let kinds: Vec<&str> = pod.values("/seccompProfile/type").into_iter().filter(|kind| is_forbidden(kind)).collect();
    let detail =
        || format!("{} must not set securityContext.seccompProfile.type to {}", setters.join(" and "), quoted(&kinds));
    if setters.is_empty() { None } else { violation("seccompProfile", detail()) }
}

#[cfg(test)]
mod tests;
