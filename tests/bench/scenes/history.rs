//! Going back: operations, snapshots and branches.

use super::Scene;
use crate::bench::{Bench, Task};
use crate::load;
use crate::manifests::deployment;
use crate::row::{Goal, Row};

pub(super) const SCENES: &[Scene] = &[
    Scene {
        about: "the history of a small store",
        rows: &["undo", "op-log", "snapshot-save", "snapshot-restore", "branch"],
        sizes: &[1],
        unnamed_max: usize::MAX,
        run: |_| small(),
    },
    Scene {
        about: "snapshots of many pods, all of which change or are deleted",
        rows: &["snapshot-save-pods", "snapshot-restore-changed", "snapshot-restore-deleted"],
        sizes: &[1_000, 10_000],
        unnamed_max: usize::MAX,
        run: pods,
    },
];

/// Measures the commands where they should take no longer than others.
fn small() -> Vec<Row> {
    let bench = Bench::alone();
    bench.write("web.json", deployment("web", 3, "nginx:1.25"));
    bench.run(
        "create -f web.json; rollout status deployment/web; snapshot save before; scale deployment/web --replicas=5",
    );
    let tasks = [
        Task::bulk("undo", 1, "undo"),
        Task::new("op-log", "op log"),
        Task::bulk("snapshot-save", 1, "snapshot save now"),
        Task::bulk("snapshot-restore", 1, "snapshot restore before"),
        Task::bulk("branch", 1, "branch other"),
    ];
    tasks.iter().map(|task| bench.measure(task).goal(Goal::ms(5).mib(16))).collect()
}

fn pods(count: usize) -> Vec<Row> {
    let bench = Bench::alone();
    load::fill(&bench.store(), count);
    // The first command may merge parts of the store.
    bench.run("create configmap first");
    let save = bench.measure(&Task::bulk("snapshot-save-pods", count, "snapshot save other"));
    bench.run("snapshot save before; label pods --all changed=yes");
    let changed = bench.measure(&Task::bulk("snapshot-restore-changed", count, "snapshot restore before"));
    bench.run("delete pods --all --wait=false; clock advance 60s");
    let deleted = bench.measure(&Task::bulk("snapshot-restore-deleted", count, "snapshot restore before"));
    [save, changed, deleted].into_iter().map(|row| row.goal(Goal::ms(300).mib(300))).collect()
}
