//! Many objects at once.

use super::Scene;
use crate::bench::{Bench, Task};
use crate::manifests::{self, list};
use crate::row::{Goal, Row};

pub(super) const SCENES: &[Scene] = &[
    Scene {
        about: "a Deployment from 0 replicas until all are Ready, on 3 nodes",
        rows: &["rollout-3-nodes", "undo-rollout-3-nodes"],
        sizes: &[100, 1_000, 5_000],
        unnamed_max: usize::MAX,
        run: |replicas| rollout(["rollout-3-nodes", "undo-rollout-3-nodes"], 0, replicas),
    },
    Scene {
        about: "the same on 1,003 nodes",
        rows: &["rollout-1003-nodes", "undo-rollout-1003-nodes"],
        sizes: &[100, 1_000, 5_000],
        unnamed_max: usize::MAX,
        run: |replicas| rollout(["rollout-1003-nodes", "undo-rollout-1003-nodes"], 1_000, replicas),
    },
    Scene {
        about: "pods created until Ready, and deleted",
        rows: &["pods-ready", "pods-deleted"],
        sizes: &[100, 1_000, 4_000, 10_000],
        unnamed_max: usize::MAX,
        run: pods,
    },
    Scene {
        about: "a file with many documents",
        rows: &["apply-documents", "apply-documents-again"],
        sizes: &[100, 1_000, 5_000],
        unnamed_max: usize::MAX,
        run: documents,
    },
    Scene {
        about: "the deletion of a namespace of many objects",
        rows: &["delete-namespace"],
        sizes: &[100, 1_000, 4_000, 10_000],
        unnamed_max: usize::MAX,
        run: namespace,
    },
    Scene {
        about: "Deployments of two replicas until all are Ready",
        rows: &["deployments-ready"],
        sizes: &[125, 250, 500],
        unnamed_max: usize::MAX,
        run: deployments,
    },
    Scene {
        about: "Services with their slices",
        rows: &["services"],
        sizes: &[100, 1_000, 4_000, 10_000],
        unnamed_max: 4_000,
        run: services,
    },
];

/// Scales a Deployment up until all pods are ready, and deletes it with them.
fn rollout([up, down]: [&str; 2], nodes: usize, replicas: usize) -> Vec<Row> {
    let bench = Bench::new();
    make_room(&bench, nodes, replicas);
    bench.write("web.json", manifests::deployment("web", 0, "nginx:1.25"));
    bench.prepare("create -f web.json");
    let scale = format!("scale deployment/web --replicas={replicas}; rollout status deployment/web --timeout=10m");
    let task = Task::bulk(up, replicas, &scale);
    let large = replicas > COMPARED_MAX;
    let ready = bench.measure(&if large { task } else { task.with_kubectl() });
    bench.expect_lines("get pods --no-headers --field-selector=status.phase=Running", replicas);
    let delete = "delete deployment web --cascade=foreground --wait=false; clock advance 60s";
    let gone = bench.measure(&Task::bulk(down, replicas, delete));
    bench.expect_lines("get pods --no-headers", 0);
    match (nodes, replicas) {
        (1_000, 1_000) => vec![ready.goal(Goal::ms(400).mib(100)), gone],
        (1_000, 5_000) => vec![ready.goal(Goal::ms(2_000).mib(300)), gone.goal(Goal::ms(1_000).mib(200))],
        _ => vec![ready, gone],
    }
}

/// The largest size that the real kubectl is asked for: it sends some fifty requests each second.
const COMPARED_MAX: usize = 1_000;

/// Creates nodes beside the three of a new cluster; without any, those three get the room for a number of pods.
fn make_room(bench: &Bench, nodes: usize, pods: usize) {
    if nodes > 0 {
        bench.write("nodes.json", list((0..nodes).map(manifests::node)));
        return bench.run("create -f nodes.json");
    }
    let room = format!(r#"{{"pods":"{pods}","cpu":"{pods}","memory":"{pods}Gi"}}"#);
    let patch = format!(r#"{{"status":{{"capacity":{room},"allocatable":{room}}}}}"#);
    for node in ["k8s-master", "k8s-node1", "k8s-node2"] {
        bench.run(&format!("patch node {node} --subresource=status -p {patch}"));
    }
}

fn pods(count: usize) -> Vec<Row> {
    let bench = Bench::alone();
    make_room(&bench, count.div_ceil(100), count);
    bench.write("pods.json", list((0..count).map(manifests::pod)));
    let ready = bench.measure(&Task::bulk("pods-ready", count, "create -f pods.json; clock advance 60s"));
    bench.expect_lines("get pods --no-headers --field-selector=status.phase=Running", count);
    let gone = bench.measure(&Task::bulk("pods-deleted", count, "delete pods --all --wait=false; clock advance 60s"));
    bench.expect_lines("get pods --no-headers", 0);
    if count != 10_000 {
        return vec![ready, gone];
    }
    vec![ready.goal(Goal::ms(4_000).mib(400)), gone.goal(Goal::ms(2_000).mib(400))]
}

fn documents(count: usize) -> Vec<Row> {
    let bench = Bench::new();
    let documents: Vec<_> = (0..count).map(|index| manifests::config_map(index).to_string()).collect();
    bench.write("documents.yaml", documents.join("\n---\n"));
    let large = count > COMPARED_MAX;
    let compared = |task: Task<'static>| if large { task } else { task.with_kubectl() };
    let first = bench.measure(&compared(Task::bulk("apply-documents", count, "apply -f documents.yaml")));
    bench.expect_lines("get configmaps --no-headers --field-selector=metadata.name!=kube-root-ca.crt", count);
    let again = Task::new("apply-documents-again", "apply -f documents.yaml").reads(count);
    vec![first, bench.measure(&compared(again))]
}

fn namespace(count: usize) -> Vec<Row> {
    let bench = Bench::alone();
    bench.write("objects.json", list((0..count).map(manifests::config_map)));
    bench.run("create namespace large; create -n large -f objects.json");
    let row = bench.measure(&Task::bulk("delete-namespace", count, "delete namespace large"));
    bench.expect_lines("get configmaps -n large --no-headers", 0);
    vec![row]
}

fn deployments(count: usize) -> Vec<Row> {
    let bench = Bench::alone();
    make_room(&bench, 0, 2 * count);
    bench.write(
        "deployments.json",
        list((0..count).map(|index| manifests::deployment(&format!("d{index}"), 2, "nginx:1.25"))),
    );
    let task = Task::bulk("deployments-ready", count, "create -f deployments.json; clock advance 60s");
    let row = bench.measure(&task);
    bench.expect_lines("get pods --no-headers --field-selector=status.phase=Running", 2 * count);
    vec![row]
}

fn services(count: usize) -> Vec<Row> {
    let bench = Bench::alone();
    bench.write("web.json", manifests::deployment("web", 3, "nginx:1.25"));
    bench.run("create -f web.json; clock advance 60s");
    bench.write("services.json", list((0..count).map(manifests::service)));
    let row = bench.measure(&Task::bulk("services", count, "create -f services.json"));
    bench.expect_lines("get endpointslices --no-headers -l kubernetes.io/service-name!=kubernetes", count);
    vec![row]
}
