//! Scheduling requirements of pods, parsed from their specs: node affinity, pod affinity, topology spread constraints,
//! tolerations.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::node_identity::NodeIdentity;
use kctl_base::json::Value;
use kctl_base::labels::{Operator, Requirement, Selector};
use kctl_base::object::{Object, ObjectMeta, ValueRead};

/// A taint of a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::controllers) struct Taint {
    pub(super) key: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) value: String,
    pub(in crate::controllers) effect: String,
}

impl Taint {
    /// Parses the taints of a node.
    pub(in crate::controllers) fn of(node: &Object) -> Vec<Taint> {
        let read = |t: &Value| Taint {
            key: t.str("/key").into(),
            value: t.str("/value").into(),
            effect: t.str("/effect").into(),
        };
        node.list("/spec/taints").iter().map(read).collect()
    }
}

/// Writes a taint as `kubectl taint` takes it: `key=value:Effect`.
impl std::fmt::Display for Taint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let separator = if self.value.is_empty() { "" } else { "=" };
        write!(f, "{}{separator}{}:{}", self.key, self.value, self.effect)
    }
}

/// Reports whether one of the tolerations (`spec.tolerations`) tolerates a taint.
pub(in crate::controllers) fn tolerates(tolerations: &[Value], taint: &Taint) -> bool {
    tolerations.iter().any(|t| {
        let (key, effect) = (t.str("/key"), t.str("/effect"));
        if (!effect.is_empty() && effect != taint.effect) || (!key.is_empty() && key != taint.key) {
            return false;
        }
        let numbers = || taint.value.parse::<i64>().ok().zip(t.str("/value").parse::<i64>().ok());
        match t.str("/operator") {
            "" | "Equal" => t.str("/value") == taint.value,
            "Exists" => true,
            "Lt" => numbers().is_some_and(|(taint, bound)| taint < bound),
            "Gt" => numbers().is_some_and(|(taint, bound)| taint > bound),
            _ => false,
        }
    })
}

/// A term of a node selector; a node has to match all its requirements.
#[derive(Clone, Debug)]
pub(super) struct NodeTerm {
    /// `None` for a term that is empty or invalid, which matches no node.
    labels: Option<Selector>,
    /// Node names of `matchFields`; true for the operator `In`, false for `NotIn`.
    names: Vec<(bool, Vec<String>)>,
}

impl NodeTerm {
    /// Parses a `NodeSelectorTerm`.
    pub(super) fn read(term: &Value) -> NodeTerm {
        let expressions = term.list("/matchExpressions");
        let fields = term.list("/matchFields");
        let labels: Option<Vec<Requirement>> = expressions.iter().map(requirement).collect();
        let names = fields.iter().map(|f| (f.str("/operator") == "In", strings(f.list("/values")))).collect();
        let empty = expressions.is_empty() && fields.is_empty();
        NodeTerm { labels: labels.filter(|_| !empty).map(Selector::All), names }
    }

    /// Reports whether a node matches.
    pub(super) fn matches(&self, node: NodeIdentity<'_>) -> bool {
        let named = |(is_in, names): &(bool, Vec<String>)| names.iter().any(|n| n == node.name) == *is_in;
        self.labels.as_ref().is_some_and(|s| s.matches_with(|key| node.label(key))) && self.names.iter().all(named)
    }
}

fn requirement(expression: &Value) -> Option<Requirement> {
    let operator = match expression.str("/operator") {
        "In" => Operator::In,
        "NotIn" => Operator::NotIn,
        "Exists" => Operator::Exists,
        "DoesNotExist" => Operator::DoesNotExist,
        "Gt" => Operator::GreaterThan,
        "Lt" => Operator::LessThan,
        _ => return None,
    };
    Requirement::new(expression.str("/key"), operator, strings(expression.list("/values"))).ok()
}

fn strings(values: &[Value]) -> Vec<String> {
    values.iter().filter_map(|v| v.as_str().map(String::from)).collect()
}

/// Reports whether a node matches one of the terms of a `NodeSelector`.
pub(super) fn node_selector_matches(selector: &Value, node: NodeIdentity<'_>) -> bool {
    selector.list("/nodeSelectorTerms").iter().any(|term| NodeTerm::read(term).matches(node))
}

/// `nodeSelector` and required node affinity of a pod (`nodeaffinity.RequiredNodeAffinity`).
#[derive(Clone, Debug)]
pub(in crate::controllers) struct NodeAffinity {
    labels: Selector,
    terms: Option<Vec<NodeTerm>>,
}

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";

/// Returns the node affinity of a pod.
fn node_affinity(pod: &Object) -> Option<&Value> {
    pod.at("/spec/affinity/nodeAffinity")
}

impl NodeAffinity {
    /// Parses the requirements of a pod.
    pub(in crate::controllers) fn of(pod: &Object) -> NodeAffinity {
        let labels = pod.map("/spec/nodeSelector").map_or_else(Selector::everything, Selector::from_map);
        let required = node_affinity(pod).and_then(|affinity| affinity.get(REQUIRED)).filter(|r| !r.is_null());
        let terms = required.map(|r| r.list("/nodeSelectorTerms").iter().map(NodeTerm::read).collect());
        NodeAffinity { labels, terms }
    }

    /// Reports whether the pod requires nothing of nodes.
    pub(super) fn matches_all(&self) -> bool {
        self.terms.is_none() && self.labels == Selector::everything()
    }

    /// Reports whether a node matches.
    pub(in crate::controllers) fn matches(&self, node: NodeIdentity<'_>) -> bool {
        self.labels.matches_with(|key| node.label(key))
            && self.terms.as_ref().is_none_or(|ts| ts.iter().any(|t| t.matches(node)))
    }

    /// Returns the only nodes that can match, if every term names its nodes, as those of DaemonSet pods do; otherwise `None`.
    pub(super) fn named_nodes(&self) -> Option<BTreeSet<&str>> {
        let mut all = BTreeSet::new();
        for term in self.terms.as_ref()? {
            let mut lists = term.names.iter().filter(|(is_in, _)| *is_in).map(|(_, names)| names);
            let mut named: BTreeSet<&str> = lists.next()?.iter().map(String::as_str).collect();
            for list in lists {
                named.retain(|n| list.iter().any(|m| m == n));
            }
            all.extend(named);
        }
        Some(all)
    }
}

/// Parses the preferred node affinity of a pod: terms with their weights.
pub(super) fn preferred_nodes(pod: &Object) -> Vec<(i64, NodeTerm)> {
    let terms = node_affinity(pod).and_then(|affinity| affinity.get(PREFERRED)?.as_array());
    terms.into_iter().flatten().map(|t| (t.int("/weight").unwrap_or(0), NodeTerm::read(&t["preference"]))).collect()
}

/// A term of pod affinity or anti-affinity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PodTerm {
    /// The pods that the term selects.
    pub(super) pods: PodSet,
    /// Label of nodes whose values are the topology domains.
    pub(super) topology_key: String,
    /// Weight of a preferred term; 0 for required ones.
    pub(super) weight: i64,
}

/// A set of pods, selected by namespace and labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PodSet {
    /// Names of the namespaces.
    pub(super) namespaces: BTreeSet<String>,
    /// Selects further namespaces by their labels.
    pub(super) namespace_selector: Option<Selector>,
    /// Selects the pods by their labels.
    pub(super) selector: Selector,
}

impl PodSet {
    /// Reports whether a pod is in the set. Selected namespaces count only after [`PodTerms::resolve_namespaces`].
    pub(super) fn contains(&self, pod: &Object) -> bool {
        (self.is_every_namespace() || self.namespaces.contains(pod.namespace())) && self.selector.matches_object(pod)
    }

    /// Reports whether the set spans all namespaces.
    pub(super) fn is_every_namespace(&self) -> bool {
        self.namespace_selector.as_ref().is_some_and(Selector::is_everything)
    }

    /// Replaces the namespace selector by the names of the namespaces that it selects.
    fn resolve_namespaces(&mut self, namespaces: &[Arc<Object>]) {
        if let Some(selector) = self.namespace_selector.take_if(|s| !s.is_everything()) {
            let chosen = namespaces.iter().filter(|n| selector.matches_object(n));
            self.namespaces.extend(chosen.map(|n| n.name().to_string()));
        }
    }
}

/// Affinity and anti-affinity terms of a pod.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct PodTerms {
    pub(super) required: Vec<PodTerm>,
    pub(super) required_anti: Vec<PodTerm>,
    pub(super) preferred: Vec<PodTerm>,
    pub(super) preferred_anti: Vec<PodTerm>,
}

impl PodTerms {
    /// Parses the terms of a pod.
    pub(super) fn of(pod: &Object) -> PodTerms {
        let Some(affinity) = pod.at("/spec/affinity") else { return PodTerms::default() };
        let terms = |kind: &str, when: &str| affinity[kind][when].as_array().into_iter().flatten();
        let required = |kind: &str| terms(kind, REQUIRED).map(|t| pod_term(t, pod, 0)).collect();
        let preferred = |kind: &str| {
            let terms = terms(kind, PREFERRED);
            terms.map(|t| pod_term(&t["podAffinityTerm"], pod, t.int("/weight").unwrap_or(0))).collect()
        };
        PodTerms {
            required: required("podAffinity"),
            required_anti: required("podAntiAffinity"),
            preferred: preferred("podAffinity"),
            preferred_anti: preferred("podAntiAffinity"),
        }
    }

    /// Reports whether a term selects namespaces by their labels, so that [`PodTerms::resolve_namespaces`] is needed.
    pub(super) fn needs_namespaces(&self) -> bool {
        let lists = [&self.required, &self.required_anti, &self.preferred, &self.preferred_anti];
        let by_label = |t: &PodTerm| t.pods.namespace_selector.is_some() && !t.pods.is_every_namespace();
        lists.into_iter().flatten().any(by_label)
    }

    /// Replaces all namespace selectors by the names of the namespaces that they select.
    pub(super) fn resolve_namespaces(&mut self, namespaces: &[Arc<Object>]) {
        let lists = [&mut self.required, &mut self.required_anti, &mut self.preferred, &mut self.preferred_anti];
        lists.into_iter().flatten().for_each(|term| term.pods.resolve_namespaces(namespaces));
    }
}

fn pod_term(term: &Value, pod: &Object, weight: i64) -> PodTerm {
    let mut namespaces: BTreeSet<String> = strings(term.list("/namespaces")).into_iter().collect();
    let namespace_selector = term.at("/namespaceSelector").and_then(|s| Selector::from_object(s).ok());
    if namespaces.is_empty() && namespace_selector.is_none() {
        namespaces.insert(pod.namespace().into());
    }
    let selector = with_pod_labels(&term["labelSelector"], term, pod);
    let pods = PodSet { namespaces, namespace_selector, selector };
    PodTerm { pods, topology_key: term.str("/topologyKey").into(), weight }
}

/// Parses a label selector and adds the requirements of `matchLabelKeys` and `mismatchLabelKeys` for the labels of the pod.
fn with_pod_labels(selector: &Value, term: &Value, pod: &Object) -> Selector {
    let mut selector = Selector::from_object(selector).unwrap_or(Selector::Nothing);
    for (field, operator) in [("/matchLabelKeys", Operator::In), ("/mismatchLabelKeys", Operator::NotIn)] {
        for key in term.list(field).iter().filter_map(Value::as_str) {
            let value = pod.label(key).map(|v| vec![v.to_string()]);
            if let Some(more) = value.and_then(|v| Requirement::new(key, operator, v).ok()) {
                selector = selector.and(Selector::All(vec![more]));
            }
        }
    }
    selector
}

/// A topology spread constraint.
#[derive(Clone, Debug)]
pub(super) struct SpreadConstraint {
    pub(super) topology_key: String,
    pub(super) max_skew: i64,
    pub(super) min_domains: i64,
    pub(super) selector: Selector,
    /// `nodeAffinityPolicy: Honor`: nodes that the node affinity of the pod excludes are not counted.
    pub(super) honors_node_affinity: bool,
    /// `nodeTaintsPolicy: Honor`: nodes with taints that the pod does not tolerate are not counted.
    pub(super) honors_node_taints: bool,
}

impl SpreadConstraint {
    /// Parses the constraints of a pod with `DoNotSchedule` (`hard`) or with `ScheduleAnyway`.
    pub(super) fn of(pod: &Object, hard: bool) -> Vec<SpreadConstraint> {
        let action = if hard { "DoNotSchedule" } else { "ScheduleAnyway" };
        let constraints = pod.list("/spec/topologySpreadConstraints").iter();
        let constraints = constraints.filter(|c| c.str("/whenUnsatisfiable") == action);
        let read = |c: &Value| SpreadConstraint {
            topology_key: c.str("/topologyKey").into(),
            max_skew: c.int("/maxSkew").unwrap_or(1),
            min_domains: c.int("/minDomains").unwrap_or(1),
            selector: with_pod_labels(&c["labelSelector"], c, pod),
            honors_node_affinity: c.str("/nodeAffinityPolicy") != "Ignore",
            honors_node_taints: c.str("/nodeTaintsPolicy") == "Honor",
        };
        constraints.map(read).collect()
    }

    /// Returns the default constraints of the cluster (`defaultingType: System`), for pods without their own.
    pub(super) fn defaults(selector: &Selector) -> Vec<SpreadConstraint> {
        let soft = |topology_key: &str, max_skew| SpreadConstraint {
            topology_key: topology_key.into(),
            max_skew,
            min_domains: 1,
            selector: selector.clone(),
            honors_node_affinity: true,
            honors_node_taints: false,
        };
        vec![soft("kubernetes.io/hostname", 3), soft("topology.kubernetes.io/zone", 5)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    #[test]
    fn tolerations_match_by_key_value_and_effect() {
        let taint = Taint { key: "k".into(), value: "5".into(), effect: "NoSchedule".into() };
        let cases = [
            (json!({}), false),
            (json!({"operator": "Exists"}), true),
            (json!({"key": "k", "operator": "Exists"}), true),
            (json!({"key": "k", "operator": "Exists", "effect": "NoExecute"}), false),
            (json!({"key": "k", "value": "5", "effect": "NoSchedule"}), true),
            (json!({"key": "k", "operator": "Equal", "value": "6"}), false),
            (json!({"key": "k", "operator": "Lt", "value": "6"}), true),
            (json!({"key": "k", "operator": "Gt", "value": "6"}), false),
            (json!({"key": "x", "operator": "Exists"}), false),
        ];
        for (toleration, expected) in cases {
            assert_eq!(tolerates(std::slice::from_ref(&toleration), &taint), expected, "{toleration}");
        }
    }

    #[test]
    fn node_terms_match_labels_and_names() {
        let node = json!({"metadata": {"name": "n1", "labels": {"zone": "a", "cores": "8"}}});
        let expression = |key: &str, operator: &str, values: Value| json!({"matchExpressions": [{"key": key, "operator": operator, "values": values}]});
        let cases = [
            (json!({}), false),
            (expression("zone", "In", json!(["a", "b"])), true),
            (expression("zone", "NotIn", json!(["a"])), false),
            (expression("zone", "Exists", Value::Null), true),
            (expression("disk", "DoesNotExist", Value::Null), true),
            (expression("cores", "Gt", json!(["7"])), true),
            (expression("cores", "Lt", json!(["8"])), false),
            (expression("zone", "Gt", json!(["7"])), false),
            (json!({"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n1"]}]}), true),
            (json!({"matchFields": [{"key": "metadata.name", "operator": "NotIn", "values": ["n1"]}]}), false),
        ];
        for (term, expected) in cases {
            assert_eq!(NodeTerm::read(&term).matches((&node).into()), expected, "{term}");
        }
    }

    #[test]
    fn node_affinity_of_daemon_pods_names_their_node() {
        let term = json!({"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n1"]}]});
        let required = json!({"nodeSelectorTerms": [term]});
        let pod = |required: Value| json!({"spec": {"affinity": {"nodeAffinity": {REQUIRED: required}}}});
        let affinity = NodeAffinity::of(&pod(required));
        assert_eq!(affinity.named_nodes(), Some(BTreeSet::from(["n1"])));
        assert_eq!(NodeAffinity::of(&json!({"spec": {}})).named_nodes(), None);
    }

    #[test]
    fn terms_select_pods_of_the_own_namespace_by_default() {
        let mut pod = json!({"metadata": {"namespace": "a", "labels": {"hash": "1"}}});
        pod["spec"]["affinity"]["podAntiAffinity"][REQUIRED] = json!([
            {"labelSelector": {"matchLabels": {"app": "x"}}, "topologyKey": "zone", "matchLabelKeys": ["hash"]},
            {"labelSelector": {}, "topologyKey": "zone", "namespaceSelector": {}},
        ]);
        let terms = PodTerms::of(&pod);
        let other = |namespace: &str, hash: &str| json!({"metadata": {"namespace": namespace, "labels": {"app": "x", "hash": hash}}});
        let contains = |index: usize, pod: &Value| terms.required_anti[index].pods.contains(pod);
        assert!(contains(0, &other("a", "1")));
        assert!(!contains(0, &other("a", "2")) && !contains(0, &other("b", "1")));
        assert!(contains(1, &other("b", "2")));
    }
}
