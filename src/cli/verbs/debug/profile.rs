//! Debugging profiles: what a container for debugging may do (`kubectl/pkg/cmd/debug/profiles.go`).

use kctl_base::json::{Value, json};
use kctl_base::object::{ValueRead, ValueWrite};

/// The object to debug decides what a profile changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// A container is added to a running pod.
    Ephemeral,
    /// A copy of a pod is created.
    Copy,
    /// A pod on a node is created.
    Node,
}

/// A profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Profile {
    Legacy,
    General,
    Baseline,
    Restricted,
    NetAdmin,
    SysAdmin,
}

impl Profile {
    /// Returns the profile with a name; `None` for an unknown one.
    pub(super) fn named(name: &str) -> Option<Profile> {
        Some(match name {
            "legacy" => Profile::Legacy,
            "" | "general" => Profile::General,
            "baseline" => Profile::Baseline,
            "restricted" => Profile::Restricted,
            "netadmin" => Profile::NetAdmin,
            "sysadmin" => Profile::SysAdmin,
            _ => return None,
        })
    }

    /// Changes a pod, and its container for debugging, which is outside of it.
    pub(super) fn apply(self, style: Style, pod: &mut Value, container: &mut Value) {
        match self {
            Profile::Legacy => {}
            Profile::General if style == Style::Node => drop(container.remove_at("/securityContext")),
            Profile::General => add_capabilities(container, &["SYS_PTRACE"]),
            Profile::Baseline => drop(container.remove_at("/securityContext")),
            Profile::Restricted => container.put(
                "/securityContext",
                json!({"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}, "runAsNonRoot": true,
                       "seccompProfile": {"type": "RuntimeDefault"}}),
            ),
            Profile::NetAdmin => add_capabilities(container, &["NET_ADMIN", "NET_RAW"]),
            Profile::SysAdmin => container.put("/securityContext/privileged", true),
        }
        match style {
            Style::Ephemeral => {}
            Style::Copy if self != Profile::Legacy => pod.put_default("/spec/shareProcessNamespace", true),
            Style::Copy => {}
            Style::Node => self.open_node(pod, container),
        }
    }

    /// Gives a pod access to its node.
    fn open_node(self, pod: &mut Value, container: &mut Value) {
        if matches!(self, Profile::Legacy | Profile::General | Profile::SysAdmin) {
            pod.list_mut("/spec/volumes").push(json!({"name": "host-root", "hostPath": {"path": "/"}}));
            container.list_mut("/volumeMounts").push(json!({"mountPath": "/host", "name": "host-root"}));
        }
        if !matches!(self, Profile::Baseline | Profile::Restricted) {
            for field in ["hostIPC", "hostNetwork", "hostPID"] {
                pod.put(&format!("/spec/{field}"), true);
            }
        }
    }
}

fn add_capabilities(container: &mut Value, names: &[&str]) {
    let added = "/securityContext/capabilities/add";
    let known = container.list(added).to_vec();
    let list = container.list_mut(added);
    list.extend(names.iter().map(|name| Value::from(*name)).filter(|name| !known.contains(name)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_differ_in_capabilities_and_access_to_the_node() {
        let applied = |name: &str, style| {
            let (mut pod, mut container) = (json!({"spec": {}}), json!({"name": "c"}));
            Profile::named(name).expect("a profile").apply(style, &mut pod, &mut container);
            (pod, container)
        };
        let (pod, container) = applied("general", Style::Node);
        assert!(pod.flag("/spec/hostPID") && container.at("/securityContext").is_none());
        assert_eq!(container.str("/volumeMounts/0/mountPath"), "/host");
        let (pod, container) = applied("netadmin", Style::Copy);
        assert_eq!(container.list("/securityContext/capabilities/add").len(), 2);
        assert!(pod.flag("/spec/shareProcessNamespace"));
        let (pod, container) = applied("restricted", Style::Node);
        assert!(container.flag("/securityContext/runAsNonRoot") && !pod.flag("/spec/hostPID"));
        assert_eq!(applied("legacy", Style::Copy), (json!({"spec": {}}), json!({"name": "c"})));
        assert_eq!(Profile::named("x"), None);
    }
}
