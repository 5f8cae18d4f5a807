//! What a container is created with (`generateContainerConfig` in `pkg/kubelet/kuberuntime`).

use std::collections::BTreeMap;

use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::status::Status;
use kctl_container::{ContainerConfig, Credentials, Image, ProcessNamespace, Tree, UnknownProgram};
use kctl_kinds::shared::pod_spec::resources::limit_of;

use super::environment::{self, Sources, Variables, expand, find};
use super::fields::quantity;
use super::{capabilities, name_files, volumes};
use crate::controllers::kubelet::container_spec::ContainerSpec;
use crate::controllers::kubelet::start::strings;

/// Annotation of the pod that declares what its HTTP servers answer: a status code and a body. Followed by `.NAME` it is that
/// of a container.
const HTTP: &str = "kctl.dev/http";

/// Creates the configuration of a container. `declared` are the variables that it got when it was started, if they were kept.
///
/// # Errors
/// A volume that is not simulated, or an object that cannot be read.
pub(super) fn config(
    sources: &mut Sources<'_>,
    trees: &mut BTreeMap<String, Tree>,
    spec: ContainerSpec<'_>,
    declared: Option<&Variables>,
) -> Result<ContainerConfig, Status> {
    let container = spec.spec;
    let declared = match declared {
        Some(kept) => kept.clone(),
        None => environment::declared(sources, container)?,
    };
    let environment = environment::complete(sources, &declared)?;
    let words = |field: &str| -> Vec<String> {
        strings(container.list(field)).iter().map(|word| expand(word, |name| find(&environment, name))).collect()
    };
    let (command, args) = (words("/command"), words("/args"));
    let mounts = volumes::mounts(sources, trees, container, &environment)?;
    let (pod, place) = (sources.pod, sources.place);
    let image = container.str("/image");
    Ok(ContainerConfig {
        image: image.to_owned(),
        command,
        args,
        environment,
        working_dir: Some(container.str("/workingDir")).filter(|path| !path.is_empty()).map(String::from),
        credentials: credentials(pod, container, image),
        mounts,
        is_root_read_only: container.flag("/securityContext/readOnlyRootFilesystem"),
        root_capacity: bytes(container.pointer("/resources/limits/ephemeral-storage")).unwrap_or(place.storage),
        hostname: name_files::hostname(pod),
        fqdn: name_files::names(pod).1,
        address: place.ip.clone(),
        resolv_conf: name_files::resolv_conf(pod, place),
        hosts: name_files::hosts(pod, place),
        termination_message_path: message_path(container).to_owned(),
        memory: place.memory,
        memory_limit: bytes(limit_of(pod, container, "memory")),
        cpu_limit: millis(limit_of(pod, container, "cpu")),
        processors: place.processors,
        booted: place.booted,
        ports: ports(container),
        declared_http: declared_http(pod, spec.name()),
        capabilities: capabilities::of(container),
        mapped_root: mapped_root(pod),
        unknown_program: if is_service(pod, spec) { UnknownProgram::Service } else { UnknownProgram::Task },
        has_stdin: container.flag("/stdin"),
        has_tty: container.flag("/tty"),
        sysctls: sysctls(pod),
        process_namespace: process_namespace(pod, container),
    })
}

/// Returns the parameters of the kernel that a pod sets.
fn sysctls(pod: &Object) -> Vec<(String, String)> {
    let pair = |sysctl: &Value| (sysctl.str("/name").to_owned(), sysctl.str("/value").to_owned());
    pod.list("/spec/securityContext/sysctls").iter().map(pair).collect()
}

/// Returns whose processes a container sees (`NamespacesForPod` and `namespaceModeForContainer` of the kubelet).
fn process_namespace(pod: &Object, container: &Value) -> ProcessNamespace {
    match container.str("/targetContainerName") {
        _ if pod.flag("/spec/shareProcessNamespace") => ProcessNamespace::Pod,
        "" => ProcessNamespace::Container,
        target => ProcessNamespace::Target(target.to_owned()),
    }
}

/// Reports whether a program that is not simulated is taken for a service, which runs until it is stopped.
pub(in crate::controllers::kubelet) fn is_service(pod: &Object, spec: ContainerSpec<'_>) -> bool {
    let is_always = !matches!(pod.str("/spec/restartPolicy"), "Never" | "OnFailure");
    match spec.is_ephemeral {
        // A shell waits for its input.
        true => spec.spec.flag("/stdin"),
        false => !spec.is_init && is_always || spec.is_sidecar,
    }
}

/// Returns the path of the termination message of a container.
pub(super) fn message_path(container: &Value) -> &str {
    match container.str("/terminationMessagePath") {
        "" => "/dev/termination-log",
        path => path,
    }
}

fn bytes(value: Option<&Value>) -> Option<u64> {
    quantity(value).and_then(|amount| u64::try_from(amount.value()).ok()).filter(|bytes| *bytes > 0)
}

fn millis(value: Option<&Value>) -> Option<u64> {
    quantity(value).and_then(|amount| u64::try_from(amount.milli_value()).ok()).filter(|millis| *millis > 0)
}

fn ports(container: &Value) -> Vec<u16> {
    let ports = container.list("/ports").iter().filter(|port| ["", "TCP"].contains(&port.str("/protocol")));
    ports.filter_map(|port| port.int("/containerPort").and_then(|number| u16::try_from(number).ok())).collect()
}

/// Returns the user and groups of the first process of a container.
pub(in crate::controllers::kubelet) fn first_credentials(pod: &Object, container: &Value) -> Credentials {
    let image = container.str("/image");
    credentials(pod, container, image).unwrap_or_else(|| Image::of(image).credentials())
}

/// Returns the user and groups that the security contexts ask for; `None` for those of the image. The settings of the container
/// are stronger than those of the pod. With the policy `Merge` for supplementary groups, the default, those that the image gives
/// to the user come in addition.
fn credentials(pod: &Object, container: &Value, image: &str) -> Option<Credentials> {
    let number = |value: i64| u32::try_from(value).ok();
    let setting = |field: &str| {
        let own = container.int(&format!("/securityContext/{field}"));
        own.or_else(|| pod.int(&format!("/spec/securityContext/{field}"))).and_then(number)
    };
    let (user, group) = (setting("runAsUser"), setting("runAsGroup"));
    let further = pod.list("/spec/securityContext/supplementalGroups").iter().filter_map(Value::as_i64);
    let further = further.chain(pod.int("/spec/securityContext/fsGroup")).filter_map(number).collect::<Vec<_>>();
    let is_strict = pod.str("/spec/securityContext/supplementalGroupsPolicy") == "Strict";
    if user.is_none() && group.is_none() && further.is_empty() && !is_strict {
        return None;
    }
    let image = Image::of(image);
    let own = image.uid;
    let uid = user.unwrap_or(own);
    let implied = if is_strict { Vec::new() } else { image.groups_of(uid) };
    // A user of whom the image knows nothing is in the group of root.
    let gid = group.unwrap_or(if uid == own { own } else { 0 });
    let mut groups = vec![gid];
    for more in further.into_iter().chain(implied) {
        if !groups.contains(&more) {
            groups.push(more);
        }
    }
    // The kernel keeps them in order.
    groups.sort_unstable();
    Some(Credentials { uid, gid, groups })
}

/// Returns the user of the node that is root in a pod with a user namespace of its own. The kubelet gives each pod another
/// range of 65,536 users.
fn mapped_root(pod: &Object) -> Option<u32> {
    let is_own = pod.at("/spec/hostUsers") == Some(&Value::Bool(false));
    let digits: String = pod.uid().chars().filter(char::is_ascii_hexdigit).take(4).collect();
    is_own.then(|| (u32::from_str_radix(&digits, 16).unwrap_or(0) % 0x7FFF + 1) << 16)
}

/// Reports whether the pod declares what the servers of a container answer.
pub(super) fn declares_http(pod: &Object, container: &str) -> bool {
    declared_http(pod, container).is_some()
}

/// Reads `200 ok`: the status code and the body that the servers of a container answer with.
fn declared_http(pod: &Object, container: &str) -> Option<(u16, String)> {
    let text = pod.annotation(&format!("{HTTP}.{container}")).or_else(|| pod.annotation(HTTP))?;
    let (code, body) = text.split_once(' ').unwrap_or((text, ""));
    Some((code.parse().ok()?, body.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    #[test]
    fn security_contexts_say_who_runs() {
        let pod = json!({"spec": {"securityContext": {"runAsUser": 1000, "runAsGroup": 3000, "fsGroup": 2000,
            "supplementalGroups": [4000]}}});
        let of = |container: Value| credentials(&pod, &container, "busybox").expect("a user");
        let expected = Credentials { uid: 1000, gid: 3000, groups: vec![2000, 3000, 4000] };
        assert_eq!(of(json!({})), expected);
        assert_eq!(of(json!({"securityContext": {"runAsUser": 2000}})), Credentials { uid: 2000, ..expected });
        assert_eq!(credentials(&json!({}), &json!({}), "busybox"), None);
    }

    #[test]
    fn groups_of_the_image_are_added_unless_the_policy_is_strict() {
        let groups = |policy: &str| {
            let context = json!({"runAsUser": 1000, "runAsGroup": 3000, "supplementalGroups": [4000],
                "supplementalGroupsPolicy": policy});
            let pod = json!({"spec": {"securityContext": context}});
            credentials(&pod, &json!({}), "registry.k8s.io/e2e-test-images/agnhost:2.45").expect("a user").groups
        };
        assert_eq!(groups("Merge"), [3000, 4000, 50000]);
        assert_eq!(groups("Strict"), [3000, 4000]);
        let strict = json!({"spec": {"securityContext": {"supplementalGroupsPolicy": "Strict"}}});
        assert_eq!(credentials(&strict, &json!({}), "busybox").expect("a user").groups, [0]);
    }

    #[test]
    fn an_annotation_declares_what_servers_answer() {
        let pod = json!({"metadata": {"annotations": {"kctl.dev/http": "200 ok", "kctl.dev/http.b": "503", "kctl.dev/http.c": "x"}}});
        assert_eq!(declared_http(&pod, "a"), Some((200, "ok".into())));
        assert_eq!(declared_http(&pod, "b"), Some((503, String::new())));
        assert_eq!(declared_http(&pod, "c"), None);
    }
}
