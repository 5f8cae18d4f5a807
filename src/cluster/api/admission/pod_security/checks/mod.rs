//! The checks of the Pod Security Standards, with the messages of Kubernetes (`k8s.io/pod-security-admission/policy`,
//! <https://kubernetes.io/docs/concepts/security/pod-security-standards/>).
//!
//! A check can have several revisions; the version that a namespace names selects one of each. Versions above that of the newest
//! revision select the newest ones.

mod baseline;
mod restricted;

pub(crate) use baseline::SAFE_SYSCTLS;

use std::collections::BTreeSet;
use std::ops::Range;

use super::policy::{LATEST, Level, Minor, Standard};
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

/// A revision of a check.
struct Revision {
    /// The identifier of the check upstream.
    id: &'static str,
    level: Level,
    /// The versions that select the revision: the first one, and the first one that no longer does.
    versions: Range<Minor>,
    check: Check,
    /// The check of the baseline level that this one replaces in the restricted level.
    replaces: &'static str,
}

/// Returns a revision of a check of the baseline level.
const fn baseline(id: &'static str, versions: Range<Minor>, check: Check) -> Revision {
    Revision { id, level: Level::Baseline, versions, check, replaces: "" }
}

/// Returns a revision of a check of the restricted level.
const fn restricted(id: &'static str, versions: Range<Minor>, check: Check) -> Revision {
    Revision { id, level: Level::Restricted, versions, check, replaces: "" }
}

impl Revision {
    const fn replacing(self, id: &'static str) -> Revision {
        Revision { replaces: id, ..self }
    }
}

/// No newer revision replaces this one.
const ON: Minor = LATEST;

/// The revisions in the order in which they are reported: those of the baseline first, each level by identifier.
const REVISIONS: &[Revision] = &[
    baseline("appArmorProfile", 0..ON, baseline::app_armor),
    baseline("capabilities_baseline", 0..ON, baseline::capabilities),
    baseline("hostNamespaces", 0..ON, baseline::host_namespaces),
    baseline("hostPathVolumes", 0..ON, baseline::host_path_volumes),
    baseline("hostPorts", 0..ON, baseline::host_ports),
    baseline("hostProbesAndHostLifecycle", 34..ON, baseline::probe_hosts),
    baseline("privileged", 0..ON, baseline::privileged),
    baseline("procMount", 0..35, baseline::proc_mount),
    baseline("procMount", 35..ON, |pod| with_host_users(pod, baseline::proc_mount)),
    baseline("seLinuxOptions", 0..31, baseline::se_linux_options_1_0),
    baseline("seLinuxOptions", 31..ON, baseline::se_linux_options),
    baseline("seccompProfile_baseline", 0..19, baseline::seccomp_annotations),
    baseline("seccompProfile_baseline", 19..ON, baseline::seccomp_profile),
    baseline("sysctls", 0..27, baseline::sysctls_1_0),
    baseline("sysctls", 27..29, baseline::sysctls_1_27),
    baseline("sysctls", 29..32, baseline::sysctls_1_29),
    baseline("sysctls", 32..ON, baseline::sysctls),
    baseline("windowsHostProcess", 0..ON, baseline::host_process),
    restricted("allowPrivilegeEscalation", 8..25, restricted::privilege_escalation),
    restricted("allowPrivilegeEscalation", 25..ON, |pod| unless_windows(pod, restricted::privilege_escalation)),
    restricted("capabilities_restricted", 22..25, restricted::capabilities).replacing("capabilities_baseline"),
    restricted("capabilities_restricted", 25..ON, |pod| unless_windows(pod, restricted::capabilities))
        .replacing("capabilities_baseline"),
    restricted("procMount_restricted", 35..ON, baseline::proc_mount).replacing("procMount"),
    restricted("restrictedVolumes", 0..ON, restricted::volume_types).replacing("hostPathVolumes"),
    restricted("runAsNonRoot", 0..35, restricted::run_as_non_root),
    restricted("runAsNonRoot", 35..ON, |pod| with_host_users(pod, restricted::run_as_non_root)),
    restricted("runAsUser", 23..35, restricted::run_as_user),
    restricted("runAsUser", 35..ON, |pod| with_host_users(pod, restricted::run_as_user)),
    restricted("seccompProfile_restricted", 19..25, restricted::seccomp_profile).replacing("seccompProfile_baseline"),
    restricted("seccompProfile_restricted", 25..ON, |pod| unless_windows(pod, restricted::seccomp_profile))
        .replacing("seccompProfile_baseline"),
];

/// Runs a check on pods for other systems than Windows.
fn unless_windows(pod: &Pod<'_>, check: Check) -> Option<Violation> {
    if pod.spec.str("/os/name") == "windows" { None } else { check(pod) }
}

/// Runs a check on pods without a user namespace of their own (`relaxPolicyForUserNamespacePod`).
fn with_host_users(pod: &Pod<'_>, check: Check) -> Option<Violation> {
    if pod.spec.at("/hostUsers") == Some(&Value::Bool(false)) { None } else { check(pod) }
}

/// A pod or pod template that is checked.
pub(super) struct Pod<'a> {
    meta: &'a Object,
    spec: &'a Value,
    /// All containers, init containers first.
    containers: Vec<&'a Value>,
}

/// Returns all violations of a standard by a pod or pod template.
pub(super) fn violations(standard: Standard, pod: &Object) -> Vec<Violation> {
    let Some(spec) = pod.get("spec").filter(|_| standard.level != Level::Privileged) else { return Vec::new() };
    let lists = ["/initContainers", "/containers", "/ephemeralContainers"];
    let pod = Pod { meta: pod, spec, containers: lists.iter().flat_map(|list| spec.list(list)).collect() };
    let version = standard.version.min(LATEST - 1);
    let selected: Vec<&Revision> = REVISIONS.iter().filter(|revision| revision.versions.contains(&version)).collect();
    let is_replaced = |revision: &Revision| selected.iter().any(|other| other.replaces == revision.id);
    let applies = |revision: &&&Revision| match standard.level {
        Level::Restricted => revision.level == Level::Restricted || !is_replaced(revision),
        _ => revision.level == Level::Baseline,
    };
    selected.iter().filter(applies).filter_map(|revision| (revision.check)(&pod)).collect()
}

impl<'a> Pod<'a> {
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
