//! Warnings about a pod spec (`pkg/api/pod/warnings.go`).

use std::collections::{BTreeMap, BTreeSet};

use super::all_containers;
use kctl_base::field::Path;
use kctl_base::go::quote;
use kctl_base::json::{Map, Value};
use kctl_base::object::ValueRead;
use kctl_base::quantity::Quantity;

/// Deprecated node labels and what to use instead.
const OLD_NODE_LABELS: &[(&str, &str)] = &[
    ("beta.kubernetes.io/arch", "deprecated since v1.14; use \"kubernetes.io/arch\" instead"),
    ("beta.kubernetes.io/os", "deprecated since v1.14; use \"kubernetes.io/os\" instead"),
    (
        "failure-domain.beta.kubernetes.io/region",
        "deprecated since v1.17; use \"topology.kubernetes.io/region\" instead",
    ),
    ("failure-domain.beta.kubernetes.io/zone", "deprecated since v1.17; use \"topology.kubernetes.io/zone\" instead"),
    ("beta.kubernetes.io/instance-type", "deprecated since v1.17; use \"node.kubernetes.io/instance-type\" instead"),
];

/// Annotations without effect.
const OLD_ANNOTATIONS: &[(&str, &str)] = &[
    (
        "scheduler.alpha.kubernetes.io/critical-pod",
        "non-functional in v1.16+; use the \"priorityClassName\" field instead",
    ),
    ("security.alpha.kubernetes.io/sysctls", "non-functional in v1.11+; use the \"sysctls\" field instead"),
    ("security.alpha.kubernetes.io/unsafe-sysctls", "non-functional in v1.11+; use the \"sysctls\" field instead"),
];

/// Seccomp and AppArmor annotations that fields of the security context have replaced; those of containers end in the
/// container's name.
const OLD_SECCOMP: &str = "seccomp.security.alpha.kubernetes.io/pod";
const OLD_SECCOMP_CONTAINER: &str = "container.seccomp.security.alpha.kubernetes.io/";
const SECCOMP_FIELD: &str = "non-functional in v1.27+; use the \"seccompProfile\" field instead";
const OLD_APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";
const APP_ARMOR_FIELD: &str = "deprecated since v1.30; use the \"appArmorProfile\" field instead";

/// Deprecated volume sources.
const OLD_VOLUMES: &[(&str, &str)] = &[
    ("photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"),
    ("gitRepo", "deprecated in v1.11, and disabled by default in v1.33+"),
    ("scaleIO", "deprecated in v1.16, non-functional in v1.22+"),
    ("flocker", "deprecated in v1.22, non-functional in v1.25+"),
    ("storageos", "deprecated in v1.22, non-functional in v1.25+"),
    ("quobyte", "deprecated in v1.22, non-functional in v1.25+"),
    ("glusterfs", "deprecated in v1.25, non-functional in v1.26+"),
    ("cephfs", "deprecated in v1.28, non-functional in v1.31+"),
    ("rbd", "deprecated in v1.28, non-functional in v1.31+"),
];

fn old_node_label(key: &str) -> Option<&'static str> {
    OLD_NODE_LABELS.iter().find(|(label, _)| *label == key).map(|(_, why)| *why)
}

/// Returns the warnings about a pod or pod template: the value with `metadata` and `spec` at `path`.
pub(crate) fn warnings(path: &Path, pod: &Value) -> Vec<String> {
    let mut out = Vec::new();
    let Some(spec) = pod.at("/spec") else { return out };
    let here = path.child("spec");
    warn_placement(&mut out, &here, spec);
    for (key, why) in OLD_ANNOTATIONS {
        if pod.map("/metadata/annotations").is_some_and(|a| a.contains_key(key)) {
            out.push(format!("{}: {why}", path.child("metadata").child("annotations").key(key)));
        }
    }
    for (index, volume) in spec.list("/volumes").iter().enumerate() {
        for (source, why) in OLD_VOLUMES {
            if volume.get(*source).is_some_and(|v| !v.is_null()) {
                out.push(format!("{}: {why}", here.child("volumes").index(index).child(source)));
            }
        }
    }
    warn_repetitions(&mut out, &here.child("hostAliases"), spec.list("/hostAliases"), "ip");
    warn_repetitions(&mut out, &here.child("imagePullSecrets"), spec.list("/imagePullSecrets"), "name");
    for (index, secret) in spec.list("/imagePullSecrets").iter().enumerate() {
        if secret.str("/name").is_empty() {
            let place = here.child("imagePullSecrets").index(index).child("name");
            out.push(format!("{place}: invalid empty name \"\""));
        }
    }
    warn_fractions(&mut out, &here.child("overhead"), spec.map("/overhead"));
    warn_profiles(&mut out, path, pod, spec);
    for (place, container) in all_containers(spec, &here) {
        for list in ["limits", "requests"] {
            let amounts = container.map(&format!("/resources/{list}"));
            warn_fractions(&mut out, &place.child("resources").child(list), amounts);
        }
        warn_env(&mut out, &place.child("env"), container.list("/env"));
    }
    warn_ports(&mut out, spec, &here);
    if spec.int("/terminationGracePeriodSeconds").is_some_and(|s| s < 0) {
        let place = here.child("terminationGracePeriodSeconds");
        out.push(format!("{place}: must be >= 0; negative values are invalid and will be treated as 1"));
    }
    warn_null_selectors(&mut out, &here, spec);
    out
}

/// Warns about profiles that are set by an annotation but not by the field.
fn warn_profiles(out: &mut Vec<String>, path: &Path, pod: &Value, spec: &Value) {
    let place = path.child("metadata").child("annotations");
    let known = |key: &str| pod.map("/metadata/annotations").is_some_and(|a| a.contains_key(key));
    let has = |settings: Option<&Value>, profile: &str| settings.is_some_and(|s| s.at(profile).is_some());
    let whole = spec.at("/securityContext");
    if known(OLD_SECCOMP) && !has(whole, "/seccompProfile") {
        out.push(format!("{}: {SECCOMP_FIELD}", place.key(OLD_SECCOMP)));
    }
    for (_, container) in all_containers(spec, path) {
        let own = container.at("/securityContext");
        let key = format!("{OLD_SECCOMP_CONTAINER}{}", container.str("/name"));
        if known(&key) && !has(own, "/seccompProfile") {
            out.push(format!("{}: {SECCOMP_FIELD}", place.key(&key)));
        }
        let key = format!("{OLD_APP_ARMOR}{}", container.str("/name"));
        // The annotations of a pod are copied to the fields, so only templates are warned about.
        let is_template = pod.at("/kind").is_none();
        if is_template && known(&key) && !has(whole, "/appArmorProfile") && !has(own, "/appArmorProfile") {
            out.push(format!("{}: {APP_ARMOR_FIELD}", place.key(&key)));
        }
    }
}

fn warn_placement(out: &mut Vec<String>, path: &Path, spec: &Value) {
    for key in spec.map("/nodeSelector").into_iter().flat_map(|m| m.keys()) {
        if let Some(why) = old_node_label(key) {
            out.push(format!("{}: {why}", path.child("nodeSelector").key(key)));
        }
    }
    let affinity = path.child("affinity").child("nodeAffinity");
    let needed = affinity.child("requiredDuringSchedulingIgnoredDuringExecution").child("nodeSelectorTerms");
    let terms = spec.list("/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms");
    for (index, term) in terms.iter().enumerate() {
        warn_term(out, &needed.index(index), term);
    }
    let wished = affinity.child("preferredDuringSchedulingIgnoredDuringExecution");
    let terms = spec.list("/affinity/nodeAffinity/preferredDuringSchedulingIgnoredDuringExecution");
    for (index, term) in terms.iter().enumerate() {
        warn_term(out, &wished.index(index).child("preference"), term.get("preference").unwrap_or(&Value::Null));
    }
    for (index, constraint) in spec.list("/topologySpreadConstraints").iter().enumerate() {
        let here = path.child("topologySpreadConstraints").index(index);
        let key = constraint.str("/topologyKey");
        if let Some(why) = old_node_label(key) {
            out.push(format!("{}: {key} is {why}", here.child("topologyKey")));
        }
        if constraint.at("/labelSelector").is_none() {
            let place = here.child("labelSelector");
            out.push(format!("{place}: a null labelSelector results in matching no pod"));
        }
    }
}

fn warn_term(out: &mut Vec<String>, path: &Path, term: &Value) {
    for (index, expression) in term.list("/matchExpressions").iter().enumerate() {
        let key = expression.str("/key");
        if let Some(why) = old_node_label(key) {
            out.push(format!("{}: {key} is {why}", path.child("matchExpressions").index(index).child("key")));
        }
    }
}

fn warn_repetitions(out: &mut Vec<String>, path: &Path, list: &[Value], field: &str) {
    let mut seen = BTreeSet::new();
    for (index, item) in list.iter().enumerate() {
        let value = item.get(field).and_then(Value::as_str).unwrap_or_default();
        if seen.contains(&value) {
            out.push(format!("{}: duplicate {field} {}", path.index(index).child(field), quote(value)));
        }
        seen.insert(value);
    }
}

fn warn_fractions(out: &mut Vec<String>, path: &Path, list: Option<&Map>) {
    for name in ["memory", "ephemeral-storage"] {
        let amount = list.and_then(|l| l.get(name)).and_then(|v| Quantity::from_value(v).ok());
        if let Some(amount) = amount.filter(|a| a.milli_value() % 1000 != 0) {
            out.push(format!("{}: fractional byte value \"{amount}\" is invalid, must be an integer", path.key(name)));
        }
    }
}

/// Warns about a variable that is set twice, unless the second value refers to the first.
fn warn_env(out: &mut Vec<String>, path: &Path, variables: &[Value]) {
    let mut seen = BTreeSet::new();
    for (index, variable) in variables.iter().enumerate() {
        let (name, value) = (variable.str("/name"), variable.str("/value"));
        let reference = format!("$({name})");
        let builds_on = variable.at("/valueFrom").is_none() && value != reference && value.contains(&reference);
        if seen.contains(&name) && !builds_on {
            let place = path.index(index);
            out.push(format!(
                "{place}: hides previous definition of {}, which may be dropped when using apply",
                quote(name)
            ));
        }
        seen.insert(name);
    }
}

/// Warns about ports and port names that several containers use.
fn warn_ports(out: &mut Vec<String>, spec: &Value, path: &Path) {
    let mut by_number: BTreeMap<String, Vec<(Path, &Value)>> = BTreeMap::new();
    for (place, container) in all_containers(spec, path) {
        for (index, port) in container.list("/ports").iter().enumerate() {
            let here = place.child("ports").index(index);
            let key = format!("{}/{}", port.int("/containerPort").unwrap_or(0), port.str("/protocol"));
            let others = by_number.entry(key).or_default();
            for (other_place, other) in others.iter() {
                let host = |p: &Value| p.int("/hostPort").unwrap_or(0);
                if port.str("/hostIP") == other.str("/hostIP") && host(port) == host(other) {
                    out.push(format!("{here}: duplicate port definition with {other_place}"));
                } else if host(port) == 0 || host(other) == 0 {
                    out.push(format!("{here}: overlapping port definition with {other_place}"));
                } else if host(port) == host(other)
                    && (port.str("/hostIP").is_empty() || other.str("/hostIP").is_empty())
                {
                    out.push(format!("{here}: dangerously ambiguous port definition with {other_place}"));
                }
            }
            others.push((here, port));
        }
    }
    let mut by_name: BTreeMap<&str, Path> = BTreeMap::new();
    for (place, container) in all_containers(spec, path) {
        for (index, port) in container.list("/ports").iter().enumerate() {
            let name = port.str("/name");
            if name.is_empty() {
                continue;
            }
            let here = place.child("ports").index(index);
            match by_name.get(name) {
                Some(first) => out.push(format!(
                    "{here}: duplicate port name {} with {first}, services and probes that select ports by name will use {first}",
                    quote(name)
                )),
                None => drop(by_name.insert(name, here)),
            }
        }
    }
}

fn warn_null_selectors(out: &mut Vec<String>, path: &Path, spec: &Value) {
    const NULL: &str = "a null labelSelector results in matching no pod";
    for field in ["podAffinity", "podAntiAffinity"] {
        let here = path.child("affinity").child(field);
        for (when, inner) in [
            ("requiredDuringSchedulingIgnoredDuringExecution", ""),
            ("preferredDuringSchedulingIgnoredDuringExecution", "podAffinityTerm"),
        ] {
            for (index, term) in spec.list(&format!("/affinity/{field}/{when}")).iter().enumerate() {
                let (mut place, mut term) = (here.child(when).index(index), term);
                if !inner.is_empty() {
                    place = place.child(inner);
                    term = term.get(inner).unwrap_or(&Value::Null);
                }
                if term.at("/labelSelector").is_none() {
                    out.push(format!("{}: {NULL}", place.child("labelSelector")));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use kctl_base::json::json;

    use super::*;

    #[test]
    fn replaced_annotations_are_warned_about() {
        let template = |profile: Value| {
            json!({
                "metadata": {"annotations": {
                    "scheduler.alpha.kubernetes.io/critical-pod": "", "seccomp.security.alpha.kubernetes.io/pod": "x",
                    "container.seccomp.security.alpha.kubernetes.io/c": "x",
                    "container.apparmor.security.beta.kubernetes.io/c": "x"}},
                "spec": {"securityContext": profile, "containers": [{"name": "c"}]},
            })
        };
        let of = |profile: Value| {
            let found = warnings(&Path::new("t"), &template(profile));
            found.iter().filter_map(|w| Some(w.split_once("[")?.1.split_once(']')?.0.to_string())).collect::<Vec<_>>()
        };
        let critical = "scheduler.alpha.kubernetes.io/critical-pod";
        let pod = "seccomp.security.alpha.kubernetes.io/pod";
        let container = "container.seccomp.security.alpha.kubernetes.io/c";
        let armor = "container.apparmor.security.beta.kubernetes.io/c";
        assert_eq!(of(Value::Null), [critical, pod, container, armor]);
        assert_eq!(of(json!({"seccompProfile": {}, "appArmorProfile": {}})), [critical, container]);
    }
}
