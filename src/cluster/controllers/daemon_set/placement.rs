//! Decides which nodes are eligible for a pod of a DaemonSet, and makes the pod for a node.

use crate::controllers::history::HASH_LABEL;
use crate::controllers::scheduler::terms::{NodeAffinity, Taint, tolerates};
use crate::controllers::shared::template::pod_from_template;
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead, ValueWrite};

/// The label with the template generation from which a pod was created.
pub(super) const GENERATION_LABEL: &str = "pod-template-generation";
/// The annotation of a set with the number of changes of its template.
const GENERATION: &str = "deprecated.daemonset.template.generation";

/// The node affinity of a pod spec that ties the pod to its node.
const REQUIRED: &str = "/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution";

/// The taints that every daemon pod tolerates (`AddOrUpdateDaemonPodTolerations` in `pkg/controller/daemon/util`).
const TOLERATED: [(&str, &str); 6] = [
    ("node.kubernetes.io/not-ready", "NoExecute"),
    ("node.kubernetes.io/unreachable", "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"),
    ("node.kubernetes.io/unschedulable", "NoSchedule"),
];
/// The taint that daemon pods in the host network tolerate too.
const NETWORK: (&str, &str) = ("node.kubernetes.io/network-unavailable", "NoSchedule");

/// The decision about a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NodeDecision {
    /// A pod is created there.
    pub(super) should_run: bool,
    /// An existing pod may stay there.
    pub(super) should_continue_running: bool,
}

/// What decides about the nodes of a set.
pub(super) struct Placement {
    /// The only node, if the template names one.
    bound: String,
    affinity: NodeAffinity,
    tolerations: Vec<Value>,
}

impl Placement {
    /// Reads the template of a set.
    pub(super) fn of(set: &Object) -> Placement {
        let template = &set["spec"]["template"];
        let bound = template.str("/spec/nodeName").to_owned();
        Placement { bound, affinity: NodeAffinity::of(template), tolerations: tolerations(&template["spec"]) }
    }

    /// Decides whether the set has a pod on a node (`NodeShouldRunDaemonPod`).
    pub(super) fn decide(&self, node: &Object) -> NodeDecision {
        if (!self.bound.is_empty() && self.bound != node.name()) || !self.affinity.matches(node.into()) {
            return NodeDecision { should_run: false, should_continue_running: false };
        }
        let taints = Taint::of(node);
        let repels = |effects: &[&str]| {
            taints.iter().any(|t| effects.contains(&t.effect.as_str()) && !tolerates(&self.tolerations, t))
        };
        NodeDecision {
            should_run: !repels(&["NoSchedule", "NoExecute"]),
            should_continue_running: !repels(&["NoExecute"]),
        }
    }
}

/// Returns the tolerations of a pod spec with those that every daemon pod has.
fn tolerations(spec: &Value) -> Vec<Value> {
    let mut all = spec.list("/tolerations").to_vec();
    let network = spec.flag("/hostNetwork").then_some(&NETWORK);
    for (key, effect) in TOLERATED.iter().chain(network) {
        let same = |t: &Value| {
            t.str("/key") == *key
                && t.str("/effect") == *effect
                && t.str("/operator") == "Exists"
                && t.str("/value").is_empty()
        };
        let toleration = json!({"key": key, "operator": "Exists", "effect": effect});
        match all.iter_mut().find(|t| same(t)) {
            Some(known) => *known = toleration,
            None => all.push(toleration),
        }
    }
    all
}

/// Returns the number of changes of the set's template; `None` without the annotation.
pub(super) fn template_generation(set: &Object) -> Option<i64> {
    set.annotation(GENERATION)?.parse().ok()
}

/// Returns the pod of a set, which [`tie`] makes one for a node.
pub(super) fn make_pod(set: &Object, hash: &str) -> Object {
    let none = Value::Null;
    let mut pod = pod_from_template(set, set.at("/spec/template").unwrap_or(&none));
    if let Some(generation) = template_generation(set) {
        pod.set_label(GENERATION_LABEL, &generation.to_string());
    }
    pod.set_label(HASH_LABEL, hash);
    let spec = &mut pod["spec"];
    let tolerations = tolerations(spec);
    spec.put("/tolerations", tolerations);
    pod
}

/// Returns the pod for a node. A node affinity to its name makes the scheduler bind the pod there.
pub(super) fn tie(pod: &Object, node: &str) -> Object {
    let mut pod = pod.clone();
    let field = json!({"key": "metadata.name", "operator": "In", "values": [node]});
    pod["spec"].put(REQUIRED, json!({"nodeSelectorTerms": [{"matchFields": [field]}]}));
    pod
}

/// Returns the node of a pod: the one it is bound to, or else the one its node affinity names (`GetTargetNodeName`). Empty
/// when there is neither.
pub(super) fn node_of(pod: &Object) -> &str {
    let bound = pod.str("/spec/nodeName");
    if !bound.is_empty() {
        return bound;
    }
    let terms =
        pod.list("/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms");
    let fields = terms.iter().flat_map(|term| term.list("/matchFields"));
    let named = fields.into_iter().find(|f| f.str("/key") == "metadata.name" && f.str("/operator") == "In");
    named.map_or("", |field| field.str("/values/0"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(labels: Value, taints: &[&str]) -> Object {
        let taint = |text: &&str| {
            let (key, effect) = text.split_once(':').unwrap();
            json!({"key": key, "effect": effect})
        };
        let taints: Vec<Value> = taints.iter().map(taint).collect();
        json!({"metadata": {"name": "n1", "labels": labels}, "spec": {"taints": taints}})
    }

    fn set(spec: Value) -> Object {
        json!({"apiVersion": "apps/v1", "kind": "DaemonSet",
               "metadata": {"name": "agent", "namespace": "n", "uid": "u", "annotations": {GENERATION: "3"}},
               "spec": {"template": {"metadata": {"labels": {"app": "agent"}}, "spec": spec}}})
    }

    #[test]
    fn nodes_are_chosen_by_labels_names_and_taints() {
        let required = |term: Value| {
            json!({"affinity": {"nodeAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}}})
        };
        let zone = json!({"zone": "north"});
        let cases = [
            (json!({}), node(json!({}), &[]), (true, true)),
            (json!({"nodeName": "n2"}), node(json!({}), &[]), (false, false)),
            (json!({"nodeSelector": zone}), node(zone.clone(), &[]), (true, true)),
            (json!({"nodeSelector": zone}), node(json!({}), &[]), (false, false)),
            (
                required(json!({"matchExpressions": [{"key": "zone", "operator": "Exists"}]})),
                node(zone.clone(), &[]),
                (true, true),
            ),
            (
                required(json!({"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n2"]}]})),
                node(json!({}), &[]),
                (false, false),
            ),
            (
                required(json!({"matchExpressions": [{"key": "metadata.name", "operator": "In", "values": ["n1"]}]})),
                node(json!({}), &[]),
                (false, false),
            ),
            (required(json!({})), node(json!({}), &[]), (false, false)),
            (json!({}), node(json!({}), &["dedicated:NoSchedule"]), (false, true)),
            (json!({}), node(json!({}), &["dedicated:NoExecute"]), (false, false)),
            (json!({}), node(json!({}), &["dedicated:PreferNoSchedule"]), (true, true)),
            (json!({}), node(json!({}), &["node.kubernetes.io/unschedulable:NoSchedule"]), (true, true)),
            // An unreachable node keeps its pod and gets no new one.
            (
                json!({}),
                node(
                    json!({}),
                    &["node.kubernetes.io/unreachable:NoExecute", "node.kubernetes.io/unreachable:NoSchedule"],
                ),
                (false, true),
            ),
            (json!({}), node(json!({}), &["node.kubernetes.io/network-unavailable:NoSchedule"]), (false, true)),
            (
                json!({"hostNetwork": true}),
                node(json!({}), &["node.kubernetes.io/network-unavailable:NoSchedule"]),
                (true, true),
            ),
            (json!({"tolerations": [{"operator": "Exists"}]}), node(json!({}), &["any:NoExecute"]), (true, true)),
        ];
        for (spec, node, (should_run, should_continue_running)) in cases {
            let want = NodeDecision { should_run, should_continue_running };
            assert_eq!(Placement::of(&set(spec.clone())).decide(&node), want, "{spec} on {node}");
        }
    }

    #[test]
    fn pods_are_tied_to_their_node_and_tolerate_what_daemons_do() {
        let own = json!({"key": "node.kubernetes.io/pid-pressure", "operator": "Exists", "effect": "NoSchedule"});
        let preferred = json!([{"weight": 1}]);
        let spec = json!({"tolerations": [{"key": "mine"}, own],
            "affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": preferred}}});
        let pod = tie(&make_pod(&set(spec), "abc"), "n1");
        assert_eq!(node_of(&pod), "n1");
        assert_eq!(pod["metadata"]["labels"], json!({"app": "agent", GENERATION_LABEL: "3", HASH_LABEL: "abc"}));
        let keys: Vec<&str> =
            pod.list("/spec/tolerations").iter().map(|t| t.str("/key").rsplit('/').next().unwrap()).collect();
        let want =
            ["mine", "pid-pressure", "not-ready", "unreachable", "disk-pressure", "memory-pressure", "unschedulable"];
        assert_eq!(keys, want);
        assert!(pod.at("/spec/affinity/nodeAffinity/preferredDuringSchedulingIgnoredDuringExecution").is_some());
    }
}
