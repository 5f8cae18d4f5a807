//! What a pod does that a level of the Pod Security Standards forbids, in the words of the admission plugin
//! (<https://kubernetes.io/docs/concepts/security/pod-security-standards/>).
//!
//! The rules are those of the latest version; older ones, which a namespace may ask for, differ in little and are not told
//! apart here.

use std::collections::BTreeSet;

use super::policy::Level;
use kctl_base::json::{SharedStr, Value};
use kctl_base::object::{Object, ValueRead};

/// Something forbidden: what, and who does it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Violation {
    pub(super) reason: String,
    pub(super) detail: String,
}

type Check = fn(&Pod<'_>) -> Option<Violation>;

/// In the order in which they are told, which is that of their names.
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

/// What the restricted level asks for, beside the baseline's checks or in their place (those marked `false` there).
const RESTRICTED: &[Check] =
    &[privilege_escalation, restricted_capabilities, volume_types, run_as_non_root, run_as_user, restricted_seccomp];

/// A pod, or the template of one.
pub(super) struct Pod<'a> {
    meta: &'a Object,
    spec: &'a Value,
    /// Init containers first.
    containers: Vec<&'a Value>,
}

/// Everything about a pod that a level forbids.
pub(super) fn violations(level: Level, pod: &Object) -> Vec<Violation> {
    let Some(spec) = pod.get("spec") else { return Vec::new() };
    let lists = ["/initContainers", "/containers", "/ephemeralContainers"];
    let pod = Pod { meta: pod, spec, containers: lists.iter().flat_map(|list| spec.list(list)).collect() };
    let baseline = BASELINE.iter().filter(|(_, stays)| *stays || level == Level::Baseline).map(|(check, _)| *check);
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

    /// The names of the containers that do something.
    fn who(&self, does: impl Fn(&Value) -> bool) -> Vec<&'a str> {
        self.containers.iter().filter(|c| does(c)).map(|c| c.str("/name")).collect()
    }

    /// Who sets a field of the security context to something wrong: `pod`, `container "a"`, `containers "a", "b"`.
    fn setters(&self, wrong: impl Fn(&Value) -> bool) -> Vec<String> {
        let context = |value: &Value| value.get("securityContext").is_some_and(&wrong);
        let mut setters = Vec::new();
        if context(self.spec) {
            setters.push("pod".to_owned());
        }
        let containers = self.who(context);
        if !containers.is_empty() {
            setters.push(named("container", &containers));
        }
        setters
    }

    /// The different values of a field in the security contexts of the pod and its containers, sorted.
    fn values(&self, field: &str) -> BTreeSet<&'a str> {
        let all = std::iter::once(&self.spec).chain(&self.containers);
        all.map(|value| value.str(&format!("/securityContext{field}"))).filter(|value| !value.is_empty()).collect()
    }
}

fn violation(reason: &str, detail: String) -> Option<Violation> {
    Some(Violation { reason: reason.into(), detail })
}

/// `container "a"`, `containers "a", "b"`.
fn named(what: &str, names: &[&str]) -> String {
    format!("{} {}", plural(what, names.len()), quoted(names))
}

fn plural(what: &str, count: usize) -> String {
    if count == 1 { what.into() } else { format!("{what}s") }
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ")
}

/// The sorted items of a list of texts, of all containers, that are not allowed; and who has them.
fn forbidden<'a>(pod: &Pod<'a>, list: &str, allowed: &[&str]) -> (Vec<&'a str>, Vec<&'a str>) {
    let wrong = |c: &&'a Value| -> Vec<&'a str> {
        c.list(list).iter().filter_map(Value::as_str).filter(|item| !allowed.contains(item)).collect()
    };
    let found: BTreeSet<&str> = pod.containers.iter().flat_map(wrong).collect();
    let who = pod.containers.iter().filter(|c| !wrong(c).is_empty()).map(|c| c.str("/name")).collect();
    (who, found.into_iter().collect())
}

fn app_armor(pod: &Pod<'_>) -> Option<Violation> {
    const FIELD: &str = "/appArmorProfile/type";
    const ANNOTATION: &str = "container.apparmor.security.beta.kubernetes.io/";
    let is_wrong = |kind: &str| !matches!(kind, "" | "RuntimeDefault" | "Localhost");
    let mut setters = pod.setters(|context| is_wrong(context.str(FIELD)));
    let mut values: BTreeSet<String> =
        pod.values(FIELD).into_iter().filter(|kind| is_wrong(kind)).map(String::from).collect();
    let annotations = pod.meta.map("/metadata/annotations").into_iter().flatten();
    let allowed = |value: &str| value.is_empty() || value == "runtime/default" || value.starts_with("localhost/");
    let wrong: Vec<(&str, &str)> = annotations
        .filter_map(|(key, value)| Some((key.as_str(), value.as_str()?)))
        .filter(|(key, value)| key.starts_with(ANNOTATION) && !allowed(value))
        .collect();
    if !wrong.is_empty() {
        let keys: Vec<&str> = wrong.iter().map(|(key, _)| *key).collect();
        setters.push(named("annotation", &keys));
        values.extend(wrong.iter().map(|(_, value)| (*value).to_owned()));
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
    let (who, added) = forbidden(pod, "/securityContext/capabilities/add", allowed);
    (!who.is_empty()).then(|| {
        format!("{} must not include {} in securityContext.capabilities.add", named("container", &who), quoted(&added))
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
    let who = pod.who(|c| !ports(c).is_empty());
    let all: BTreeSet<String> = pod.containers.iter().flat_map(|c| ports(c)).map(|port| port.to_string()).collect();
    let uses = if who.len() == 1 { "uses" } else { "use" };
    let list: Vec<String> = all.into_iter().collect();
    let detail =
        || format!("{} {uses} {} {}", named("container", &who), plural("hostPort", list.len()), list.join(", "));
    if who.is_empty() { None } else { violation("hostPort", detail()) }
}

fn privileged(pod: &Pod<'_>) -> Option<Violation> {
    let who = pod.who(|c| c.flag("/securityContext/privileged"));
    let detail = || format!("{} must not set securityContext.privileged=true", named("container", &who));
    if who.is_empty() { None } else { violation("privileged", detail()) }
}

fn proc_mount(pod: &Pod<'_>) -> Option<Violation> {
    let kind = |c: &Value| !matches!(c.str("/securityContext/procMount"), "" | "Default");
    let who = pod.who(kind);
    let kinds: Vec<&str> = pod.values("/procMount").into_iter().filter(|kind| *kind != "Default").collect();
    let detail =
        || format!("{} must not set securityContext.procMount to {}", named("container", &who), quoted(&kinds));
    if who.is_empty() { None } else { violation("procMount", detail()) }
}

fn se_linux_options(pod: &Pod<'_>) -> Option<Violation> {
    let types = ["container_t", "container_init_t", "container_kvm_t", "container_engine_t"];
    let is_wrong_type = |kind: &str| !kind.is_empty() && !types.contains(&kind);
    let setters = pod.setters(|context| {
        is_wrong_type(context.str("/seLinuxOptions/type"))
            || ["user", "role"].iter().any(|field| !context.str(&format!("/seLinuxOptions/{field}")).is_empty())
    });
    if setters.is_empty() {
        return None;
    }
    let wrong: Vec<&str> = pod.values("/seLinuxOptions/type").into_iter().filter(|kind| is_wrong_type(kind)).collect();
    let mut data = Vec::new();
    if !wrong.is_empty() {
        data.push(named("type", &wrong));
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
    let wrong = seccomp(pod, |kind| !matches!(kind, "" | "RuntimeDefault" | "Localhost"));
    if wrong.is_some() || !pod.spec.str(FIELD).is_empty() {
        return wrong;
    }
    let who = pod.who(|c| c.str(FIELD).is_empty());
    let detail = || {
        let must = "must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\"";
        format!("pod or {} {must}", named("container", &who))
    };
    if who.is_empty() { None } else { violation("seccompProfile", detail()) }
}

fn seccomp(pod: &Pod<'_>, is_wrong: impl Fn(&str) -> bool) -> Option<Violation> {
    let setters = pod.setters(|context| is_wrong(context.str("/seccompProfile/type")));
    let kinds: Vec<&str> = pod.values("/seccompProfile/type").into_iter().filter(|kind| is_wrong(kind)).collect();
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
    let wrong: Vec<&str> = names.filter(|name| !allowed.contains(name)).collect();
    if wrong.is_empty() { None } else { violation("forbidden sysctls", wrong.join(", ")) }
}

fn host_process(pod: &Pod<'_>) -> Option<Violation> {
    let setters = pod.setters(|context| context.flag("/windowsOptions/hostProcess"));
    let detail = || format!("{} must not set securityContext.windowsOptions.hostProcess=true", setters.join(" and "));
    if setters.is_empty() { None } else { violation("hostProcess", detail()) }
}

fn privilege_escalation(pod: &Pod<'_>) -> Option<Violation> {
    let may = |c: &Value| c.at("/securityContext/allowPrivilegeEscalation").and_then(Value::as_bool) != Some(false);
    let who = if pod.is_windows() { Vec::new() } else { pod.who(may) };
    let detail = || format!("{} must set securityContext.allowPrivilegeEscalation=false", named("container", &who));
    if who.is_empty() { None } else { violation("allowPrivilegeEscalation != false", detail()) }
}

fn restricted_capabilities(pod: &Pod<'_>) -> Option<Violation> {
    if pod.is_windows() {
        return None;
    }
    let keeps = |c: &Value| !c.list("/securityContext/capabilities/drop").iter().any(|item| item == "ALL");
    let who = pod.who(keeps);
    let must = || format!("{} must set securityContext.capabilities.drop=[\"ALL\"]", named("container", &who));
    let details: Vec<String> =
        (!who.is_empty()).then(must).into_iter().chain(added_capabilities(pod, &["NET_BIND_SERVICE"])).collect();
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
    let who = if setting(pod.spec) == Some(true) { Vec::new() } else { pod.who(|c| setting(c).is_none()) };
    let detail = || format!("pod or {} must set securityContext.runAsNonRoot=true", named("container", &who));
    if who.is_empty() { None } else { violation(REASON, detail()) }
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

    fn told(level: Level, spec: Value) -> Vec<String> {
        let found = violations(level, &json!({"metadata": {"name": "p"}, "spec": spec}));
        found.into_iter().map(|v| format!("{} ({})", v.reason, v.detail)).collect()
    }

    #[test]
    fn a_plain_pod_is_baseline_and_not_restricted() {
        let spec = json!({"containers": [{"name": "nginx", "image": "nginx"}]});
        assert_eq!(told(Level::Baseline, spec.clone()), Vec::<String>::new());
        assert_eq!(
            told(Level::Restricted, spec),
            [
                "allowPrivilegeEscalation != false (container \"nginx\" must set securityContext.allowPrivilegeEscalation=false)",
                "unrestricted capabilities (container \"nginx\" must set securityContext.capabilities.drop=[\"ALL\"])",
                "runAsNonRoot != true (pod or container \"nginx\" must set securityContext.runAsNonRoot=true)",
                "seccompProfile (pod or container \"nginx\" must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\")",
            ]
        );
    }

    #[test]
    fn a_hardened_pod_is_restricted() {
        let context =
            json!({"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}});
        let spec = json!({
            "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [{"name": "c", "securityContext": context}],
            "volumes": [{"name": "v", "emptyDir": {}}, {"name": "w", "secret": {"secretName": "s"}}],
        });
        assert_eq!(told(Level::Restricted, spec), Vec::<String>::new());
    }

    #[test]
    fn what_leads_to_the_node_is_no_baseline() {
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
            told(Level::Baseline, spec.clone()),
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
        let restricted = told(Level::Restricted, spec);
        assert!(
            restricted.contains(
                &"restricted volume types (volumes \"v\", \"w\" use restricted volume types \"hostPath\", \"nfs\")"
                    .to_string()
            )
        );
        assert!(!restricted.iter().any(|text| text.starts_with("hostPath volumes") || text.starts_with("non-default")));
    }

    #[test]
    fn who_may_be_root_is_told() {
        let containers =
            json!([{"name": "a", "securityContext": {"runAsNonRoot": false, "runAsUser": 0}}, {"name": "b"}]);
        let all =
            told(Level::Restricted, json!({"securityContext": {"runAsNonRoot": false}, "containers": containers}));
        assert!(
            all.contains(
                &"runAsNonRoot != true (pod and container \"a\" must not set securityContext.runAsNonRoot=false)"
                    .to_string()
            )
        );
        assert!(all.contains(&"runAsUser=0 (container \"a\" must not set runAsUser=0)".to_string()));
    }
}
