//! Which of the nodes that take a pod is the best, by the scheduler's usual scores and weights.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::terms::{Taint, tolerates};
use super::view::{Node, Pod};
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::sim::Ids;

const TAINT_WEIGHT: i64 = 3;
const NODE_AFFINITY_WEIGHT: i64 = 2;
/// The weight of the topology spread score.
pub(super) const SPREAD_WEIGHT: i64 = 2;
/// The weight of the affinity between pods.
pub(super) const NEAR_WEIGHT: i64 = 2;

/// Images smaller than this do not matter.
const SMALL_IMAGE: i64 = 23 * 1024 * 1024;
/// Images (a container) larger than this matter no more.
const LARGE_IMAGE: i64 = 1000 * 1024 * 1024;

/// The sums of the scores that need nothing but the pod and the nodes, in the order of the nodes.
pub(super) fn basic(pod: &Pod, feasible: &[Arc<Node>], all: &BTreeMap<String, Arc<Node>>) -> Vec<i64> {
    let mut sums = vec![0; feasible.len()];
    let mut add = |weight: i64, scores: Vec<i64>| sums.iter_mut().zip(scores).for_each(|(sum, s)| *sum += weight * s);
    add(1, feasible.iter().map(|n| least_allocated(pod, n)).collect());
    add(1, feasible.iter().map(|n| balanced(pod, n)).collect());
    add(TAINT_WEIGHT, reversed(feasible.iter().map(|n| soft_taints(pod, n)).collect()));
    add(NODE_AFFINITY_WEIGHT, normal(feasible.iter().map(|n| preferred(pod, n)).collect()));
    if feasible.iter().any(|n| !n.images.is_empty()) {
        add(1, image_locality(&pod.object, feasible, all));
    }
    sums
}

/// Picks one of the best nodes; which one is drawn for the pod.
pub(super) fn pick(pod: &Object, feasible: &[Arc<Node>], sums: &[i64], ids: Ids) -> Option<Arc<Node>> {
    let best = sums.iter().max()?;
    let ties = feasible.iter().zip(sums).filter(|(_, sum)| *sum == best).map(|(node, _)| node);
    ties.min_by_key(|node| ids.draw("schedule", &format!("{}/{}", pod.uid(), node.name()), 0)).cloned()
}

/// The higher, the emptier the node would still be.
fn least_allocated(pod: &Pod, node: &Node) -> i64 {
    let (cpu, memory) = node.usage.assumed;
    let free = |taken: i64, all: i64| if all == 0 || taken > all { 0 } else { (all - taken) * 100 / all };
    let resources =
        [(cpu + pod.share.assumed.0, node.allocatable.cpu), (memory + pod.share.assumed.1, node.allocatable.memory)];
    let known = resources.iter().filter(|(_, all)| *all > 0);
    let (sum, count) = known.fold((0, 0), |(sum, count), (taken, all)| (sum + free(*taken, *all), count + 1));
    if count == 0 { 0 } else { sum / count }
}

/// The higher, the more evenly CPU and memory would be used. Pods that ask for neither do not care.
fn balanced(pod: &Pod, node: &Node) -> i64 {
    let (asked, taken, all) = (&pod.share.requests, &node.usage.requests, &node.allocatable);
    if asked.cpu == 0 && asked.memory == 0 {
        return 0;
    }
    let resources = [(taken.cpu + asked.cpu, all.cpu), (taken.memory + asked.memory, all.memory)];
    let known = resources.iter().filter(|(_, all)| *all > 0);
    let fractions: Vec<f64> = known.map(|(taken, all)| (*taken as f64 / *all as f64).min(1.0)).collect();
    let deviation = if let [cpu, memory] = fractions[..] { ((cpu - memory) / 2.0).abs() } else { 0.0 };
    ((1.0 - deviation) * 100.0) as i64
}

fn soft_taints(pod: &Pod, node: &Node) -> i64 {
    let untolerated = |t: &&Taint| t.effect == "PreferNoSchedule" && !tolerates(pod.tolerations(), t);
    node.taints.iter().filter(untolerated).count() as i64
}

fn preferred(pod: &Pod, node: &Node) -> i64 {
    pod.preferred_nodes.iter().filter(|(_, term)| term.matches(&node.object)).map(|(weight, _)| weight).sum()
}

/// Scores in parts of the highest.
fn normal(scores: Vec<i64>) -> Vec<i64> {
    let most = scores.iter().copied().max().unwrap_or(0);
    scores.into_iter().map(|s| if most == 0 { 0 } else { 100 * s / most }).collect()
}

/// The same where less is better.
fn reversed(scores: Vec<i64>) -> Vec<i64> {
    let most = scores.iter().copied().max().unwrap_or(0);
    scores.into_iter().map(|s| if most == 0 { 100 } else { 100 - 100 * s / most }).collect()
}

/// The higher, the more of the pod's images are there already; images that few nodes have count less.
fn image_locality(pod: &Object, feasible: &[Arc<Node>], all: &BTreeMap<String, Arc<Node>>) -> Vec<i64> {
    let containers: Vec<_> = pod.list("/spec/initContainers").iter().chain(pod.list("/spec/containers")).collect();
    let images: Vec<(String, f64)> = containers
        .iter()
        .map(|c| {
            let image = with_tag(c.str("/image"));
            let having = all.values().filter(|n| n.images.contains_key(&image)).count();
            (image, having as f64 / all.len().max(1) as f64)
        })
        .collect();
    let most = LARGE_IMAGE * containers.len().max(1) as i64;
    let score = |node: &Arc<Node>| {
        let sizes = images.iter().filter_map(|(image, spread)| Some(*node.images.get(image)? as f64 * spread));
        let sum = (sizes.map(|s| s as i64).sum::<i64>()).clamp(SMALL_IMAGE, most);
        100 * (sum - SMALL_IMAGE) / (most - SMALL_IMAGE)
    };
    feasible.iter().map(score).collect()
}

fn with_tag(image: &str) -> String {
    let tagged = image.rfind(':').is_some_and(|colon| image.rfind('/').is_none_or(|slash| slash < colon));
    if tagged { image.into() } else { format!("{image}:latest") }
}

#[cfg(test)]
mod tests {
    use super::super::view::Usage;
    use super::*;
    use kctl_base::json::{Value, json};

    fn node(name: &str, status: Value, cpu_taken: &[&str]) -> Arc<Node> {
        let mut object = json!({"metadata": {"name": name}, "status": {"allocatable": {"cpu": "8", "memory": "16Gi"}}});
        for (key, value) in status.as_object().into_iter().flatten() {
            object[key] = value.clone();
        }
        let pods: Vec<Value> = cpu_taken
            .iter()
            .map(|cpu| json!({"spec": {"nodeName": name, "containers": [{"resources": {"requests": {"cpu": cpu}}}]}}))
            .collect();
        Arc::new(Node::new(Arc::new(object), Usage::count("", &pods)))
    }

    fn pod(spec: Value) -> Pod {
        Pod::new(Arc::new(json!({"metadata": {"uid": "u"}, "spec": spec})))
    }

    #[test]
    fn empty_nodes_are_better() {
        let nodes = [node("a", json!({}), &["2"]), node("b", json!({}), &[])];
        let small = pod(json!({"containers": [{}]}));
        assert_eq!(nodes.each_ref().map(|n| least_allocated(&small, n)), [85, 98]);
        let sums = basic(&small, &nodes, &BTreeMap::new());
        assert_eq!(pick(&small.object, &nodes, &sums, Ids::new(1)).expect("a node").name(), "b");
    }

    #[test]
    fn balance_counts_for_pods_that_ask() {
        let asking = pod(json!({"containers": [{"resources": {"requests": {"cpu": "4", "memory": "4Gi"}}}]}));
        assert_eq!(balanced(&asking, &node("a", json!({}), &[])), 87);
        assert_eq!(balanced(&pod(json!({"containers": [{}]})), &node("a", json!({}), &[])), 0);
    }

    #[test]
    fn ties_are_drawn_for_each_pod() {
        let nodes = [node("a", json!({}), &[]), node("b", json!({}), &[])];
        let pick_for = |uid: &str| {
            let pod = json!({"metadata": {"uid": uid}});
            pick(&pod, &nodes, &[1, 1], Ids::new(7)).expect("a node").name().to_string()
        };
        let first = (0..32).filter(|n| pick_for(&n.to_string()) == "a").count();
        assert!((4..28).contains(&first), "{first} of 32");
        assert_eq!(pick_for("x"), pick_for("x"));
    }

    #[test]
    fn images_that_are_there_count() {
        let with = json!({"status": {"images": [{"names": ["big:latest"], "sizeBytes": 800 * 1024 * 1024}]}});
        let nodes = [node("a", with, &[]), node("b", json!({}), &[])];
        let all = nodes.iter().map(|n| (n.name().to_string(), n.clone())).collect();
        let pod = json!({"spec": {"containers": [{"image": "big"}]}});
        assert_eq!(image_locality(&pod, &nodes, &all), [38, 0]);
    }
}
