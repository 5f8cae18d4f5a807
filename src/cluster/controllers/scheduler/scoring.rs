//! Score plugins with their default weights (`pkg/scheduler/apis/config/v1/default_plugins.go`). Every score is 0 to 100.

use super::node_info::NodeInfo;
use super::nodes::Nodes;
use super::pod_info::PodInfo;
use super::ratings::Ratings;
use super::terms::{Taint, tolerates};
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::sim::Ids;

const TAINT_TOLERATION_WEIGHT: i64 = 3;
const NODE_AFFINITY_WEIGHT: i64 = 2;
/// Weight of PodTopologySpread.
pub(super) const POD_TOPOLOGY_SPREAD_WEIGHT: i64 = 2;
/// Weight of InterPodAffinity.
pub(super) const INTERPOD_AFFINITY_WEIGHT: i64 = 2;

/// Sum of image sizes in bytes up to which the score of ImageLocality is 0.
const MIN_IMAGES_SIZE: i64 = 23 * 1024 * 1024;
/// Image size per container in bytes from which the score of ImageLocality is 100.
const MAX_IMAGE_SIZE: i64 = 1000 * 1024 * 1024;

/// The scores that depend only on the requirements of a pod and one node.
#[derive(Clone, Copy)]
pub(super) struct NodeScores {
    /// The sum of the scores of the resources.
    resources: i64,
    /// The number of untolerated taints, which is not normalized.
    taints: i64,
    /// The weight of the preferred terms that match, which is not normalized.
    affinity: i64,
}

/// Returns the scores of a node for a pod.
pub(super) fn node_scores(pod: &PodInfo, node: &NodeInfo) -> NodeScores {
    NodeScores {
        resources: least_allocated(pod, node) + balanced_allocation(pod, node),
        taints: intolerable_taints(pod, node),
        affinity: node_affinity(pod, node),
    }
}

/// Returns the weighted sum of the scores that depend only on the pod and the nodes, in the order of `feasible`.
pub(super) fn sum_scores(pod: &PodInfo, feasible: &[&NodeInfo], ratings: &mut Ratings, all: &Nodes) -> Vec<i64> {
    let scores: Vec<NodeScores> = feasible.iter().map(|node| ratings.rate(pod, node).scores).collect();
    let most = |of: fn(&NodeScores) -> i64| scores.iter().map(of).max().unwrap_or(0);
    let (most_taints, most_affinity) = (most(|scores| scores.taints), most(|scores| scores.affinity));
    let sum = |scores: &NodeScores| {
        let tolerated = 100 - normalized(scores.taints, most_taints);
        let preferred = normalized(scores.affinity, most_affinity);
        scores.resources + TAINT_TOLERATION_WEIGHT * tolerated + NODE_AFFINITY_WEIGHT * preferred
    };
    let mut sums: Vec<i64> = scores.iter().map(sum).collect();
    if feasible.iter().any(|n| !n.images.is_empty()) {
        let locality = image_locality(&pod.object, feasible, all);
        sums.iter_mut().zip(locality).for_each(|(sum, score)| *sum += score);
    }
    sums
}

/// Selects one of the nodes with the highest score; ties are decided by a draw for the pod.
pub(super) fn select_host<'n>(pod: &Object, feasible: &[&'n NodeInfo], sums: &[i64], ids: Ids) -> Option<&'n NodeInfo> {
    let best = sums.iter().max()?;
    let ties = feasible.iter().zip(sums).filter(|(_, sum)| *sum == best).map(|(node, _)| *node);
    let prefix = [pod.uid(), "/"].concat();
    let mut draws = ids.draws("schedule", &prefix);
    ties.min_by_key(|node| draws.draw(&node.name, 0))
}

/// NodeResourcesFit with the LeastAllocated strategy: the higher, the less of the node would be allocated.
fn least_allocated(pod: &PodInfo, node: &NodeInfo) -> i64 {
    let (cpu, memory) = node.usage.non_zero_requested;
    let free = |used: i64, all: i64| if all == 0 || used > all { 0 } else { (all - used) * 100 / all };
    let resources = [
        (cpu + pod.requests.non_zero.0, node.allocatable.cpu),
        (memory + pod.requests.non_zero.1, node.allocatable.memory),
    ];
    let known = resources.iter().filter(|(_, all)| *all > 0);
    let (sum, count) = known.fold((0, 0), |(sum, count), (used, all)| (sum + free(*used, *all), count + 1));
    if count == 0 { 0 } else { sum / count }
}

/// NodeResourcesBalancedAllocation: the higher, the more evenly CPU and memory would be allocated. Best-effort pods are
/// not scored.
fn balanced_allocation(pod: &PodInfo, node: &NodeInfo) -> i64 {
    let (requested, used, all) = (&pod.requests.resources, &node.usage.requested, &node.allocatable);
    if requested.cpu == 0 && requested.memory == 0 {
        return 0;
    }
    let resources = [(used.cpu + requested.cpu, all.cpu), (used.memory + requested.memory, all.memory)];
    let [cpu, memory] = resources.map(|(used, all)| (all > 0).then(|| (used as f64 / all as f64).min(1.0)));
    let deviation = cpu.zip(memory).map_or(0.0, |(cpu, memory)| ((cpu - memory) / 2.0).abs());
    ((1.0 - deviation) * 100.0) as i64
}

/// TaintToleration: the number of untolerated `PreferNoSchedule` taints.
fn intolerable_taints(pod: &PodInfo, node: &NodeInfo) -> i64 {
    let untolerated = |t: &&Taint| t.effect == "PreferNoSchedule" && !tolerates(pod.tolerations(), t);
    node.taints.iter().filter(untolerated).count() as i64
}

/// NodeAffinity: the sum of the weights of the preferred terms that match.
fn node_affinity(pod: &PodInfo, node: &NodeInfo) -> i64 {
    pod.preferred_nodes.iter().filter(|(_, term)| term.matches(node.identity())).map(|(weight, _)| weight).sum()
}

/// Scales a score so that the highest one, `most`, becomes 100; 0 if that is 0.
fn normalized(score: i64, most: i64) -> i64 {
    if most == 0 { 0 } else { 100 * score / most }
}

/// ImageLocality: the higher, the larger the images of the pod that are on the node; an image counts by the share of nodes
/// that have it.
fn image_locality(pod: &Object, feasible: &[&NodeInfo], all: &Nodes) -> Vec<i64> {
    let containers: Vec<_> = pod.list("/spec/initContainers").iter().chain(pod.list("/spec/containers")).collect();
    let images: Vec<(String, f64)> = containers
        .iter()
        .map(|c| {
            let image = with_tag(c.str("/image"));
            let spread = all.with_image(&image) as f64 / all.len().max(1) as f64;
            (image, spread)
        })
        .collect();
    let most = MAX_IMAGE_SIZE * containers.len().max(1) as i64;
    let score = |node: &&NodeInfo| {
        let sizes = images.iter().filter_map(|(image, spread)| Some(*node.images.get(image)? as f64 * spread));
        let sum = (sizes.map(|s| s as i64).sum::<i64>()).clamp(MIN_IMAGES_SIZE, most);
        100 * (sum - MIN_IMAGES_SIZE) / (most - MIN_IMAGES_SIZE)
    };
    feasible.iter().map(score).collect()
}

/// Returns the image reference with the tag that is pulled by default.
fn with_tag(image: &str) -> String {
    let tagged = image.rfind(':').is_some_and(|colon| image.rfind('/').is_none_or(|slash| slash < colon));
    if tagged { image.into() } else { format!("{image}:latest") }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::node_usage::NodeUsage;
    use super::*;
    use kctl_base::json::{Value, json};

    fn node(name: &str, status: Value, cpu_used: &[&str]) -> NodeInfo {
        let mut object = json!({"metadata": {"name": name}, "status": {"allocatable": {"cpu": "8", "memory": "16Gi"}}});
        for (key, value) in status.as_object().into_iter().flatten() {
            object[key] = value.clone();
        }
        let pods: Vec<Value> = cpu_used
            .iter()
            .map(|cpu| json!({"spec": {"nodeName": name, "containers": [{"resources": {"requests": {"cpu": cpu}}}]}}))
            .collect();
        NodeInfo::new(&object, NodeUsage::count(&pods))
    }

    fn pod(spec: Value) -> PodInfo {
        PodInfo::new(Arc::new(json!({"metadata": {"uid": "u"}, "spec": spec})))
    }

    #[test]
    fn the_least_allocated_node_wins() {
        let nodes = [node("a", json!({}), &["2"]), node("b", json!({}), &[])];
        let small = pod(json!({"containers": [{}]}));
        assert_eq!(nodes.each_ref().map(|n| least_allocated(&small, n)), [85, 98]);
        let nodes = nodes.each_ref();
        let mut ratings = Ratings::default();
        ratings.begin(&small);
        let sums = sum_scores(&small, &nodes, &mut ratings, &Nodes::default());
        assert_eq!(select_host(&small.object, &nodes, &sums, Ids::new(1)).expect("a node").name, "b");
    }

    #[test]
    fn balance_is_scored_for_pods_with_requests() {
        let requesting = pod(json!({"containers": [{"resources": {"requests": {"cpu": "4", "memory": "4Gi"}}}]}));
        assert_eq!(balanced_allocation(&requesting, &node("a", json!({}), &[])), 87);
        assert_eq!(balanced_allocation(&pod(json!({"containers": [{}]})), &node("a", json!({}), &[])), 0);
    }

    #[test]
    fn ties_are_drawn_for_each_pod() {
        let nodes = [node("a", json!({}), &[]), node("b", json!({}), &[])];
        let pick_for = |uid: &str| {
            let pod = json!({"metadata": {"uid": uid}});
            select_host(&pod, &nodes.each_ref(), &[1, 1], Ids::new(7)).expect("a node").name.clone()
        };
        let first = (0..32).filter(|n| pick_for(&n.to_string()) == "a").count();
        assert!((4..28).contains(&first), "{first} of 32");
        assert_eq!(pick_for("x"), pick_for("x"));
    }

    #[test]
    fn images_on_the_node_raise_its_score() {
        let with = json!({"status": {"images": [{"names": ["big:latest"], "sizeBytes": 800 * 1024 * 1024}]}});
        let nodes = [node("a", with, &[]), node("b", json!({}), &[])];
        let all = nodes.iter().cloned().collect();
        let pod = json!({"spec": {"containers": [{"image": "big"}]}});
        assert_eq!(image_locality(&pod, &nodes.each_ref(), &all), [38, 0]);
    }
}
