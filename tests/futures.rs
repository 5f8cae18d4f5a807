//! With chance, each seed is another future of a cluster; an invariant tells those apart in which it breaks.

use kctl_base::json::{Value, json};
use kctl_base::sim::{ChanceMode, Duration};

use crate::harness::Sandbox;
use crate::harness::cluster::{Cluster, OpenOptions, PatchType, Request};

/// The futures that are tried.
const SEEDS: std::ops::Range<u64> = 0..12;

/// Opens a cluster with chance in memory.
fn future(seed: u64, invariants: &[&str]) -> Cluster {
    let invariants = invariants.iter().map(|text| (*text).to_owned()).collect();
    let options = OpenOptions { chance: Some(ChanceMode::On), invariants, ..OpenOptions::memory(seed) };
    Cluster::open(options).expect("a cluster")
}

fn deployment(name: &str, replicas: i64, strategy: &Value) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "strategy": strategy, "template": {
            "metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "c", "image": "nginx:1.25"}]}}}
    })
}

/// Sends requests, one after the other, and lets time pass after each; returns the report on the first broken invariant.
fn play(mut cluster: Cluster, requests: &[Request]) -> Option<String> {
    for request in requests {
        let result = cluster.handle(request).map(drop);
        let result = result.map_err(Into::into).and_then(|()| cluster.advance(Duration::from_secs(60)));
        if let Some(broken) = cluster.broken_invariant() {
            return Some(broken.to_string());
        }
        result.expect("the request succeeds");
    }
    None
}

/// Plays the same requests in every future, twice, and returns the seeds in which an invariant breaks.
fn broken_seeds(invariant: &str, requests: &[Request]) -> Vec<u64> {
    let outcome = |seed| play(future(seed, &[invariant]), requests);
    SEEDS
        .filter(|seed| {
            let report = outcome(*seed);
            assert_eq!(report, outcome(*seed), "seed {seed} repeats exactly");
            report.is_some()
        })
        .collect()
}

#[test]
fn three_races_are_found_at_some_seeds_and_repeat() {
    let container = json!({"name": "c", "image": "busybox", "command": ["sleep", "2"]});
    let set = json!({
        "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db"},
        "spec": {"replicas": 2, "serviceName": "db", "podManagementPolicy": "Parallel",
                 "selector": {"matchLabels": {"app": "db"}}, "template": {
            "metadata": {"labels": {"app": "db"}}, "spec": {"containers": [{"name": "c", "image": "mysql"}]}}}
    });
    let job = json!({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "pi"},
        "spec": {"completions": 2, "parallelism": 2, "completionMode": "Indexed",
                 "template": {"spec": {"restartPolicy": "Never", "containers": [container]}}}
    });
    let races = [
        // The second pod of a StatefulSet that starts its pods in parallel may be the first that is ready.
        (
            "cluster.readyPods('statefulset.kubernetes.io/pod-name=db-1').size() == 0 || \
             cluster.readyPods('statefulset.kubernetes.io/pod-name=db-0').size() == 1",
            Request::create("statefulsets.apps", "default", set),
        ),
        // An image may take long to be pulled.
        (
            "cluster.objects('pods').all(p, p.status.phase != 'Pending' || \
             now - timestamp(p.metadata.creationTimestamp) < duration('3s'))",
            Request::create("deployments.apps", "default", deployment("web", 1, &json!({}))),
        ),
        // The second index of a Job may be done first.
        (
            "cluster.objects('jobs.batch').all(j, !has(j.status.completedIndexes) || j.status.completedIndexes != '1')",
            Request::create("jobs.batch", "default", job),
        ),
    ];
    for (invariant, request) in races {
        let broken = broken_seeds(invariant, &[request]);
        assert!(!broken.is_empty() && broken.len() < SEEDS.count(), "{invariant}: breaks at {broken:?}");
    }
}

#[test]
fn a_rollout_keeps_its_promise_in_every_future() {
    // A pod of the old ReplicaSet may outlive the creation of one of the new: the surge is promised for the sizes of both.
    let invariant = "!cluster.objects('configmaps').exists(c, c.metadata.name == 'live') || \
                     cluster.readyPods('app=web').size() >= 3 && \
                     cluster.objects('replicasets.apps').map(r, r.spec.replicas).sum() <= 5";
    let strategy = json!({"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 2}});
    let live = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "live"}});
    let restart = json!({"spec": {"template": {"metadata": {"annotations": {"a": "b"}}}}});
    let requests = [
        Request::create("deployments.apps", "default", deployment("web", 3, &strategy)),
        Request::create("configmaps", "default", live),
        Request::patch("deployments.apps", "default", "web", PatchType::Merge, restart),
    ];
    for seed in SEEDS {
        assert_eq!(play(future(seed, &[invariant]), &requests), None, "seed {seed}");
    }
}

#[test]
fn a_command_that_breaks_an_invariant_says_why_and_changes_nothing() {
    let sandbox = Sandbox::new(1);
    let set = "export KCTL_INVARIANTS=\"cluster.objects('pods').size() < 3\"";
    sandbox.must(&format!("{set}; kctl create deployment web --image=nginx --replicas=2"));
    let got = sandbox.run(&format!("{set}; kctl scale deployment web --replicas=3"));
    assert_eq!((got.out.as_str(), got.code), ("", 4));
    let lines: Vec<&str> = got.err.lines().collect();
    assert_eq!(
        lines[0],
        "error: the invariant \"cluster.objects('pods').size() < 3\" is false at 2026-01-01T00:00:00.000000Z"
    );
    assert!(lines[1].starts_with("  after pods/default/web-"), "{}", got.err);
    assert_eq!(lines[lines.len() - 1].trim(), "because of deployments.apps/default/web changed by a command");
    assert_eq!(sandbox.must("kctl get deployment web -o jsonpath='{.spec.replicas}'"), "2");
    let got = sandbox.run("export KCTL_INVARIANTS='1 +'; kctl scale deployment web --replicas=1");
    assert_eq!((got.out.as_str(), got.code), ("", 1));
    assert!(got.err.starts_with("error: invalid invariant \"1 +\": ERROR: <input>:1:4: "), "{}", got.err);
    assert_eq!(sandbox.must("kctl get deployment web -o jsonpath='{.spec.replicas}'"), "2");
}

#[test]
fn a_cluster_with_chance_keeps_its_future() {
    let (one, other) = (Sandbox::new(5), Sandbox::new(5));
    let play = "kctl create deployment web --image=nginx --replicas=3; unset KCTL_CHANCE; kctl clock settle; \
                kctl get pods -o yaml";
    let got = one.must(&format!("export KCTL_CHANCE=on; {play}"));
    assert_eq!(got, other.must(&format!("export KCTL_CHANCE=on; {play}")));
    assert_ne!(got, Sandbox::new(5).must(play), "without chance, images are pulled in other times");
}
