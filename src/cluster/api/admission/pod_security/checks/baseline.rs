//! The checks of the baseline level.

use std::collections::BTreeSet;

use super::{Pod, Violation, added_capabilities, named, plural, quoted, seccomp, violation};
use kctl_base::go::quote;
use kctl_base::json::Value;
use kctl_base::object::{ObjectMeta, ValueRead};

/// AppArmor profiles other than the default or a local one (`check_appArmorProfile.go`).
pub(super) fn app_armor(pod: &Pod<'_>) -> Option<Violation> {
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

/// Added capabilities beyond the default set (`check_capabilities_baseline.go`).
pub(super) fn capabilities(pod: &Pod<'_>) -> Option<Violation> {
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

/// Shared namespaces of the node (`check_hostNamespaces.go`).
pub(super) fn host_namespaces(pod: &Pod<'_>) -> Option<Violation> {
    let shared = ["hostNetwork", "hostPID", "hostIPC"].into_iter().filter(|field| pod.spec.flag(&format!("/{field}")));
    let shared: Vec<String> = shared.map(|field| format!("{field}=true")).collect();
    if shared.is_empty() { None } else { violation("host namespaces", shared.join(", ")) }
}

/// Volumes of type hostPath (`check_hostPathVolumes.go`).
pub(super) fn host_path_volumes(pod: &Pod<'_>) -> Option<Violation> {
    let volumes = pod.spec.list("/volumes").iter().filter(|v| v.at("/hostPath").is_some());
    let names: Vec<&str> = volumes.map(|v| v.str("/name")).collect();
    if names.is_empty() { None } else { violation("hostPath volumes", named("volume", &names)) }
}

/// Ports of the node (`check_hostPorts.go`).
pub(super) fn host_ports(pod: &Pod<'_>) -> Option<Violation> {
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

/// Probes and lifecycle handlers that connect to a host of their own (`check_hostProbesAndhostLifecycle.go`).
pub(super) fn probe_hosts(pod: &Pod<'_>) -> Option<Violation> {
    const HANDLERS: [&str; 5] =
        ["/livenessProbe", "/readinessProbe", "/startupProbe", "/lifecycle/postStart", "/lifecycle/preStop"];
    let hosts = |container: &Value| -> Vec<String> {
        let handlers = HANDLERS.iter().filter_map(|handler| container.at(handler));
        let hosts = handlers.flat_map(|handler| [handler.str("/httpGet/host"), handler.str("/tcpSocket/host")]);
        hosts.filter(|host| !host.is_empty()).map(String::from).collect()
    };
    let containers: BTreeSet<&str> = pod.containers_that(|c| !hosts(c).is_empty()).into_iter().collect();
    let containers: Vec<&str> = containers.into_iter().collect();
    let all: BTreeSet<String> = pod.containers.iter().flat_map(|c| hosts(c)).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let uses = if containers.len() == 1 { "uses" } else { "use" };
    let detail = || format!("{} {uses} {}", named("container", &containers), named("probe or lifecycle host", &all));
    if containers.is_empty() { None } else { violation("probe or lifecycle host", detail()) }
}

/// Privileged containers (`check_privileged.go`).
pub(super) fn privileged(pod: &Pod<'_>) -> Option<Violation> {
    let containers = pod.containers_that(|c| c.flag("/securityContext/privileged"));
    let detail = || format!("{} must not set securityContext.privileged=true", named("container", &containers));
    if containers.is_empty() { None } else { violation("privileged", detail()) }
}

/// Unmasked `/proc` mounts (`check_procMount_baseline.go`, `check_procMount_restricted.go`).
pub(super) fn proc_mount(pod: &Pod<'_>) -> Option<Violation> {
    let kind = |c: &Value| !matches!(c.str("/securityContext/procMount"), "" | "Default");
    let containers = pod.containers_that(kind);
    let kinds: Vec<&str> = pod.values("/procMount").into_iter().filter(|kind| *kind != "Default").collect();
    let detail =
        || format!("{} must not set securityContext.procMount to {}", named("container", &containers), quoted(&kinds));
    if containers.is_empty() { None } else { violation("procMount", detail()) }
}

/// The SELinux types of containers; the last one is allowed from v1.31 on.
const SE_LINUX_TYPES: [&str; 4] = ["container_t", "container_init_t", "container_kvm_t", "container_engine_t"];

/// SELinux types other than those of containers, and any user or role (`check_seLinuxOptions.go`).
pub(super) fn se_linux_options(pod: &Pod<'_>) -> Option<Violation> {
    se_linux(pod, &SE_LINUX_TYPES)
}

/// Like [`se_linux_options`], with the types that are allowed before v1.31.
pub(super) fn se_linux_options_1_0(pod: &Pod<'_>) -> Option<Violation> {
    se_linux(pod, &SE_LINUX_TYPES[..3])
}

fn se_linux(pod: &Pod<'_>, types: &[&str]) -> Option<Violation> {
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

/// Unconfined seccomp profiles (`check_seccompProfile_baseline.go`).
pub(super) fn seccomp_profile(pod: &Pod<'_>) -> Option<Violation> {
    seccomp(pod, |kind| kind == "Unconfined")
}

/// Annotations that select other seccomp profiles than the default or a local one, which fields have replaced since
/// (`check_seccompProfile_baseline.go`).
pub(super) fn seccomp_annotations(pod: &Pod<'_>) -> Option<Violation> {
    const OF_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
    const OF_CONTAINER: &str = "container.seccomp.security.alpha.kubernetes.io/";
    let is_allowed =
        |value: &str| ["runtime/default", "docker/default"].contains(&value) || value.starts_with("localhost/");
    let keys = pod.containers.iter().map(|container| format!("{OF_CONTAINER}{}", container.str("/name")));
    let keys = std::iter::once(OF_POD.to_owned()).chain(keys);
    let values = keys.filter_map(|key| pod.meta.annotation(&key).map(|value| (key.clone(), value)));
    let forbidden: BTreeSet<String> =
        values.filter(|(_, value)| !is_allowed(value)).map(|(key, value)| format!("{key}={}", quote(value))).collect();
    let list: Vec<String> = forbidden.into_iter().collect();
    let detail = || format!("forbidden {} {}", plural("annotation", list.len()), list.join(", "));
    if list.is_empty() { None } else { violation("seccompProfile", detail()) }
}

/// The sysctls that are considered safe, in the order of the versions that added them.
pub(crate) const SAFE_SYSCTLS: [&str; 12] = [
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_syncookies",
    // v1.27
    "net.ipv4.ip_local_reserved_ports",
    // v1.29
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    // v1.32
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_wmem",
];

/// Sysctls that are not considered safe (`check_sysctls.go`).
pub(super) fn sysctls(pod: &Pod<'_>) -> Option<Violation> {
    forbidden_sysctls(pod, &SAFE_SYSCTLS)
}

/// Like [`sysctls`], with those that are safe from v1.29 on.
pub(super) fn sysctls_1_29(pod: &Pod<'_>) -> Option<Violation> {
    forbidden_sysctls(pod, &SAFE_SYSCTLS[..10])
}

/// Like [`sysctls`], with those that are safe from v1.27 on.
pub(super) fn sysctls_1_27(pod: &Pod<'_>) -> Option<Violation> {
    forbidden_sysctls(pod, &SAFE_SYSCTLS[..6])
}

/// Like [`sysctls`], with those that have always been safe.
pub(super) fn sysctls_1_0(pod: &Pod<'_>) -> Option<Violation> {
    forbidden_sysctls(pod, &SAFE_SYSCTLS[..5])
}

fn forbidden_sysctls(pod: &Pod<'_>, safe: &[&str]) -> Option<Violation> {
    let names = pod.spec.list("/securityContext/sysctls").iter().map(|sysctl| sysctl.str("/name"));
    let forbidden: Vec<&str> = names.filter(|name| !safe.contains(name)).collect();
    if forbidden.is_empty() { None } else { violation("forbidden sysctls", forbidden.join(", ")) }
}

/// Windows containers with access to the node (`check_windowsHostProcess.go`).
pub(super) fn host_process(pod: &Pod<'_>) -> Option<Violation> {
    let setters = pod.setters(|context| context.flag("/windowsOptions/hostProcess"));
    let detail = || format!("{} must not set securityContext.windowsOptions.hostProcess=true", setters.join(" and "));
    if setters.is_empty() { None } else { violation("hostProcess", detail()) }
}
