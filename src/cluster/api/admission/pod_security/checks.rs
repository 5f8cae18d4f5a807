//! The checks of the Pod Security Standards, with the messages of Kubernetes (`k8s.io/pod-security-admission/policy`,
//! <https://kubernetes.io/docs/concepts/security/pod-security-standards/>).
//!
//! The checks are those of the latest version. A namespace can select an older version; the differences are small and not
//! implemented.

use std::collections::BTreeSet;

use super::policy::Level;
use kctl_base::json::{SharedStr, Value};
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
/// The flag says whether the restricted level has the check too; otherwise it replaces it by a stricter one.
const BASELINE: &[(Check, bool)] = &[
    (app_armor, true),
    (baseline_capabilities, false),
    (host_namespaces, true),
    (host_path_volumes, false),
    (host_ports, true),
    (privileged, true),
    (proc_mount, true),
    (se_linux_options, true),
    (baseline_seccomp, false),
    (sysctls, true),
    (host_process, true),
];

/// The checks of the restricted level, in addition to those of the baseline that are marked `true`.
const RESTRICTED: &[Check] =
    &[privilege_escalation, restricted_capabilities, volume_types, run_as_non_root, run_as_user, restricted_seccomp];

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

fn plural(what: &str, count: usize) -> String {
    if count == 1 { what.into() } else { format!("{what}s") }
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ")
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

fn app_armor(pod: &Pod<'_>) -> Option<Violation> {
    const FIELD: &str = "/appArmorProfile/type";
    const ANNOTATION: &str = "container.apparmor.security.beta.kubernetes.io/";
    let is_forbidden = |kind: &str| !matches!(kind, "" | "RuntimeDefault" | "Localhost");
    let mut setters = pod.setters(|context| is_forbidden(context.str(FIELD)));
    let mut values: BTreeSet<String> =
        pod.values(FIELD).into_iter().filter(|kind| is_forbidden(kind)).map(String::from).collect();
    let annotations = pod.meta.map("/metadata/annotations").into_iter().flatten();
    let allowed = |value: &str| value.is_empty() || value == "runtime/default" || value.starts_with("localhost/");
    let forbidden: Vec<(&str, &str)> = annotations
        .filter_map(|(key, value)| Some((key.as_str(), value.as_str()?)))
        .filter(|(key, value)| key.starts_with(ANNOTATION) && !allowed(value))
        .collect();
    if !forbidden.is_empty() {
        let keys: Vec<&str> = forbidden.iter().map(|(key, _)| *key).collect();
        setters.push(named("annotation", &keys));
        values.extend(forbidden.iter().map(|(_, value)| (*value).to_owned()));
    }
    if setters.is_empty() {
        return None;
    }
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    let detail = format!("{} must not set AppArmor profile type to {}", setters.join(" and "), quoted(&values));
    violation(&plural("forbidden AppArmor profile", values.len()), detail)
}

fn baseline_capabilities(pod: &Pod<'_>) -> Option<Violation> {
    let allowed = [
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    ];
    violation("non-default capabilities", added_capabilities(pod, &allowed)?)
}

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

fn host_namespaces(pod: &Pod<'_>) -> Option<Violation> {
    let shared = ["hostNetwork", "hostPID", "hostIPC"].into_iter().filter(|field| pod.spec.flag(&format!("/{field}")));
    let shared: Vec<String> = shared.map(|field| format!("{field}=true")).collect();
    if shared.is_empty() { None } else { violation("host namespaces", shared.join(", ")) }
}

fn host_path_volumes(pod: &Pod<'_>) -> Option<Violation> {
    let volumes = pod.spec.list("/volumes").iter().filter(|v| v.at("/hostPath").is_some());
    let names: Vec<&str> = volumes.map(|v| v.str("/name")).collect();
    if names.is_empty() { None } else { violation("hostPath volumes", named("volume", &names)) }
}

fn host_ports(pod: &Pod<'_>) -> Option<Violation> {
    let ports = |c: &Value| -> Vec<i64> {
        c.list("/ports").iter().filter_map(|port| port.int("/hostPort")).filter(|port| *port != 0).collect()
    };
    let containers = pod.containers_that(|c| !ports(c).is_empty());
    let all: BTreeSet<String> = pod.containers.iter().flat_map(|c| ports(c)).map(|port| port.to_string()).collect();
    let uses = if containers.len() == 1 { "uses" } else { "use" };
    let list: Vec<String> = all.into_iter().collect();
    let detail =
        || format!("{} {uses} {} {}", named("container", &containers), plural("hostPort", list.len()), list.join(", "));
    if containers.is_empty() { None } else { violation("hostPort", detail()) }
}

fn privileged(pod: &Pod<'_>) -> Option<Violation> {
    let containers = pod.containers_that(|c| c.flag("/securityContext/privileged"));
    let detail = || format!("{} must not set securityContext.privileged=true", named("container", &containers));
    if containers.is_empty() { None } else { violation("privileged", detail()) }
}

fn proc_mount(pod: &Pod<'_>) -> Option<Violation> {
    let kind = |c: &Value| !matches!(c.str("/securityContext/procMount"), "" | "Default");
    let containers = pod.containers_that(kind);
    let kinds: Vec<&str> = pod.values("/procMount").into_iter().filter(|kind| *kind != "Default").collect();
    let detail =
        || format!("{} must not set securityContext.procMount to {}", named("container", &containers), quoted(&kinds));
    if containers.is_empty() { None } else { violation("procMount", detail()) }
}

fn se_linux_options(pod: &Pod<'_>) -> Option<Violation> {
    let types = ["container_t", "container_init_t", "container_kvm_t", "container_engine_t"];
    let is_forbidden_type = |kind: &str| !kind.is_empty() && !types.contains(&kind);
    let setters = pod.setters(|context| {
        is_forbidden_type(context.str("/seLinuxOptions/type"))
            || ["user", "role"].iter().any(|field| !context.str(&format!("/seLinuxOptions/{field}")).is_empty())
    });
    if setters.is_empty() {
        return None;
    }
    let forbidden: Vec<&str> =
        pod.values("/seLinuxOptions/type").into_iter().filter(|kind| is_forbidden_type(kind)).collect();
    let mut data = Vec::new();
    if !forbidden.is_empty() {
        data.push(named("type", &forbidden));
    }
    for field in ["user", "role"] {
        if !pod.values(&format!("/seLinuxOptions/{field}")).is_empty() {
            data.push(format!("{field} may not be set"));
        }
    }
    let detail = format!("{} set forbidden securityContext.seLinuxOptions: {}", setters.join(" and "), data.join("; "));
    violation("seLinuxOptions", detail)
}

fn baseline_seccomp(pod: &Pod<'_>) -> Option<Violation> {
    seccomp(pod, |kind| kind == "Unconfined")
}

fn restricted_seccomp(pod: &Pod<'_>) -> Option<Violation> {
    const FIELD: &str = "/securityContext/seccompProfile/type";
    if pod.is_windows() {
        return None;
    }
    let found = seccomp(pod, |kind| !matches!(kind, "" | "RuntimeDefault" | "Localhost"));
    if found.is_some() || !pod.spec.str(FIELD).is_empty() {
        return found;
    }
    let containers = pod.containers_that(|c| c.str(FIELD).is_empty());
    let detail = || {
        let must = "must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\"";
        format!("pod or {} {must}", named("container", &containers))
    };
    if containers.is_empty() { None } else { violation("seccompProfile", detail()) }
}

fn seccomp(pod: &Pod<'_>, is_forbidden: impl Fn(&str) -> bool) -> Option<Violation> {
    let setters = pod.setters(|context| is_forbidden(context.str("/seccompProfile/type")));
    let kinds: Vec<&str> = pod.values("/seccompProfile/type").into_iter().filter(|kind| is_forbidden(kind)).collect();
    let detail =
        || format!("{} must not set securityContext.seccompProfile.type to {}", setters.join(" and "), quoted(&kinds));
    if setters.is_empty() { None } else { violation("seccompProfile", detail()) }
}

fn sysctls(pod: &Pod<'_>) -> Option<Violation> {
    let allowed = [
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.ping_group_range",
        "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
        "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_rmem",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.tcp_wmem",
    ];
    let names = pod.spec.list("/securityContext/sysctls").iter().map(|sysctl| sysctl.str("/name"));
    let forbidden: Vec<&str> = names.filter(|name| !allowed.contains(name)).collect();
    if forbidden.is_empty() { None } else { violation("forbidden sysctls", forbidden.join(", ")) }
}

fn host_process(pod: &Pod<'_>) -> Option<Violation> {
    let setters = pod.setters(|context| context.flag("/windowsOptions/hostProcess"));
    let detail = || format!("{} must not set securityContext.windowsOptions.hostProcess=true", setters.join(" and "));
    if setters.is_empty() { None } else { violation("hostProcess", detail()) }
}

fn privilege_escalation(pod: &Pod<'_>) -> Option<Violation> {
    let may = |c: &Value| c.at("/securityContext/allowPrivilegeEscalation").and_then(Value::as_bool) != Some(false);
    let containers = if pod.is_windows() { Vec::new() } else { pod.containers_that(may) };
    let detail =
        || format!("{} must set securityContext.allowPrivilegeEscalation=false", named("container", &containers));
    if containers.is_empty() { None } else { violation("allowPrivilegeEscalation != false", detail()) }
}

fn restricted_capabilities(pod: &Pod<'_>) -> Option<Violation> {
    if pod.is_windows() {
        return None;
    }
    let keeps = |c: &Value| !c.list("/securityContext/capabilities/drop").iter().any(|item| item == "ALL");
    let containers = pod.containers_that(keeps);
    let must = || format!("{} must set securityContext.capabilities.drop=[\"ALL\"]", named("container", &containers));
    let details: Vec<String> =
        (!containers.is_empty()).then(must).into_iter().chain(added_capabilities(pod, &["NET_BIND_SERVICE"])).collect();
    if details.is_empty() { None } else { violation("unrestricted capabilities", details.join("; ")) }
}

fn volume_types(pod: &Pod<'_>) -> Option<Violation> {
    let allowed =
        ["configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"];
    let kind = |volume: &'_ Value| -> Option<String> {
        volume
            .as_object()?
            .keys()
            .find(|key| *key != "name" && !allowed.contains(&key.as_str()))
            .map(SharedStr::to_string)
    };
    let volumes: Vec<&Value> = pod.spec.list("/volumes").iter().filter(|v| kind(v).is_some()).collect();
    let names: Vec<&str> = volumes.iter().map(|v| v.str("/name")).collect();
    let kinds: BTreeSet<String> = volumes.iter().filter_map(|v| kind(v)).collect();
    let kinds: Vec<&str> = kinds.iter().map(String::as_str).collect();
    let uses = if names.len() == 1 { "uses" } else { "use" };
    let detail = || format!("{} {uses} {}", named("volume", &names), named("restricted volume type", &kinds));
    if names.is_empty() { None } else { violation("restricted volume types", detail()) }
}

fn run_as_non_root(pod: &Pod<'_>) -> Option<Violation> {
    const REASON: &str = "runAsNonRoot != true";
    let setting = |value: &Value| value.at("/securityContext/runAsNonRoot").and_then(Value::as_bool);
    let setters = pod.setters(|context| context.at("/runAsNonRoot").and_then(Value::as_bool) == Some(false));
    if !setters.is_empty() {
        return violation(REASON, format!("{} must not set securityContext.runAsNonRoot=false", setters.join(" and ")));
    }
    let containers =
        if setting(pod.spec) == Some(true) { Vec::new() } else { pod.containers_that(|c| setting(c).is_none()) };
    let detail = || format!("pod or {} must set securityContext.runAsNonRoot=true", named("container", &containers));
    if containers.is_empty() { None } else { violation(REASON, detail()) }
}

fn run_as_user(pod: &Pod<'_>) -> Option<Violation> {
    let setters = pod.setters(|context| context.int("/runAsUser") == Some(0));
    if setters.is_empty() {
        None
    } else {
        violation("runAsUser=0", format!("{} must not set runAsUser=0", setters.join(" and ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    fn found(level: Level, spec: Value) -> Vec<String> {
        let violations = violations(level, &json!({"metadata": {"name": "p"}, "spec": spec}));
        violations.into_iter().map(|v| format!("{} ({})", v.reason, v.detail)).collect()
    }

    #[test]
    fn a_plain_pod_meets_the_baseline_level_only() {
        let spec = json!({"containers": [{"name": "nginx", "image": "nginx"}]});
        assert_eq!(found(Level::Baseline, spec.clone()), Vec::<String>::new());
        assert_eq!(
            found(Level::Restricted, spec),
            [
                "allowPrivilegeEscalation != false (container \"nginx\" must set securityContext.allowPrivilegeEscalation=false)",
                "unrestricted capabilities (container \"nginx\" must set securityContext.capabilities.drop=[\"ALL\"])",
                "runAsNonRoot != true (pod or container \"nginx\" must set securityContext.runAsNonRoot=true)",
                "seccompProfile (pod or container \"nginx\" must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\")",
            ]
        );
    }

    #[test]
    fn a_hardened_pod_meets_the_restricted_level() {
        let context =
            json!({"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}});
        let spec = json!({
            "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [{"name": "c", "securityContext": context}],
            "volumes": [{"name": "v", "emptyDir": {}}, {"name": "w", "secret": {"secretName": "s"}}],
        });
        assert_eq!(found(Level::Restricted, spec), Vec::<String>::new());
    }

    #[test]
    fn privilege_escalations_violate_the_baseline_level() {
        let spec = json!({
            "hostNetwork": true, "hostPID": true,
            "securityContext": {"seccompProfile": {"type": "Unconfined"}, "sysctls": [{"name": "kernel.msgmax"}],
                                "seLinuxOptions": {"type": "spc_t", "user": "u"}},
            "initContainers": [{"name": "i", "ports": [{"containerPort": 1, "hostPort": 90}]}],
            "containers": [
                {"name": "a", "ports": [{"containerPort": 1, "hostPort": 80}],
                 "securityContext": {"privileged": true, "procMount": "Unmasked", "capabilities": {"add": ["SYS_ADMIN", "NET_ADMIN", "KILL"]}}},
                {"name": "b", "securityContext": {"privileged": true, "windowsOptions": {"hostProcess": true},
                                                  "appArmorProfile": {"type": "Unconfined"}}},
            ],
            "volumes": [{"name": "v", "hostPath": {"path": "/"}}, {"name": "w", "nfs": {"server": "s", "path": "/"}}],
        });
        assert_eq!(
            found(Level::Baseline, spec.clone()),
            [
                "forbidden AppArmor profile (container \"b\" must not set AppArmor profile type to \"Unconfined\")",
                "non-default capabilities (container \"a\" must not include \"NET_ADMIN\", \"SYS_ADMIN\" in securityContext.capabilities.add)",
                "host namespaces (hostNetwork=true, hostPID=true)",
                "hostPath volumes (volume \"v\")",
                "hostPort (containers \"i\", \"a\" use hostPorts 80, 90)",
                "privileged (containers \"a\", \"b\" must not set securityContext.privileged=true)",
                "procMount (container \"a\" must not set securityContext.procMount to \"Unmasked\")",
                "seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type \"spc_t\"; user may not be set)",
                "seccompProfile (pod must not set securityContext.seccompProfile.type to \"Unconfined\")",
                "forbidden sysctls (kernel.msgmax)",
                "hostProcess (container \"b\" must not set securityContext.windowsOptions.hostProcess=true)",
            ]
        );
        let restricted = found(Level::Restricted, spec);
        assert!(
            restricted.contains(
                &"restricted volume types (volumes \"v\", \"w\" use restricted volume types \"hostPath\", \"nfs\")"
                    .to_string()
            )
        );
        assert!(!restricted.iter().any(|text| text.starts_with("hostPath volumes") || text.starts_with("non-default")));
    }

    #[test]
    fn containers_that_may_run_as_root_are_reported() {
        let containers =
            json!([{"name": "a", "securityContext": {"runAsNonRoot": false, "runAsUser": 0}}, {"name": "b"}]);
        let all =
            found(Level::Restricted, json!({"securityContext": {"runAsNonRoot": false}, "containers": containers}));
        assert!(
            all.contains(
                &"runAsNonRoot != true (pod and container \"a\" must not set securityContext.runAsNonRoot=false)"
                    .to_string()
            )
        );
        assert!(all.contains(&"runAsUser=0 (container \"a\" must not set runAsUser=0)".to_string()));
    }
}
