//! Single commands: what starting costs, on a small store, and beside many objects.

use super::Scene;
use crate::bench::{Bench, COMPLETION, Task};
use crate::load;
use crate::manifests::deployment;
use crate::row::{Goal, Row};

pub(super) const SCENES: &[Scene] = &[
    Scene {
        about: "commands that need no store",
        rows: &["version-client", "help", "explain", "completion"],
        sizes: &[1],
        unnamed_max: usize::MAX,
        run: |_| start(),
    },
    Scene {
        about: "a store as on a laptop",
        rows: &["get-pods", "set-image", "apply", "label"],
        sizes: &[1],
        unnamed_max: usize::MAX,
        run: |_| small(),
    },
    Scene {
        about: "the same beside 10,000 pods",
        rows: &["get-pods-beside-10k", "set-image-beside-10k", "apply-beside-10k", "label-beside-10k"],
        sizes: &[1],
        unnamed_max: usize::MAX,
        run: |_| beside("10k", 10_000),
    },
    Scene {
        about: "the same beside 100,000 pods",
        rows: &["get-pods-beside-100k", "set-image-beside-100k", "apply-beside-100k", "label-beside-100k"],
        sizes: &[1],
        unnamed_max: usize::MAX,
        run: |_| beside("100k", 100_000),
    },
    Scene {
        about: "plans of a rollout of three pods, alone and beside 10,000 others",
        rows: &["plan-rollout", "plan-rollout-beside-10k"],
        sizes: &[1],
        unnamed_max: usize::MAX,
        run: |_| plans(),
    },
    Scene {
        about: "lists of pods",
        rows: &["list-pods", "list-pods-json"],
        sizes: &[100, 1_000, 6_000, 10_000],
        unnamed_max: usize::MAX,
        run: lists,
    },
];

/// The goal of a command beside many objects is so many times what it takes on a small store.
const BESIDE: f64 = 1.5;

/// Measures commands that must not even create a store.
fn start() -> Vec<Row> {
    let bench = Bench::new();
    let (completion, variables) = COMPLETION;
    let tasks = [
        Task::new("version-client", "version --client").with_kubectl(),
        Task::new("help", "--help").with_kubectl(),
        Task::new("explain", "explain pods").with_kubectl(),
        Task::new("completion", completion).completion(variables, "__complete get dep"),
    ];
    let rows = tasks.iter().map(|task| bench.measure(task)).collect();
    assert!(!bench.store().exists(), "a command that needs no store has created one");
    rows
}

fn small() -> Vec<Row> {
    let bench = Bench::new();
    write_files(&bench);
    bench.prepare("apply -f old.json; rollout status deployment/web");
    let rows = measure_commands(&bench, "");
    rows.into_iter().map(|row| row.goal(Goal::ms(5).mib(12))).collect()
}

/// Measures the commands on a store with many pods. The goal follows from the same on a small store.
fn beside(name: &str, pods: usize) -> Vec<Row> {
    let bench = [0, pods].map(|count| {
        let bench = Bench::alone();
        write_files(&bench);
        load::fill(&bench.store(), count);
        // The first command may merge parts of the store.
        bench.run("apply -f old.json");
        bench
    });
    let [small, large] = bench.map(|bench| measure_commands(&bench, &format!("-beside-{name}")));
    let limits = small.iter().map(|row| row.cost.wall.mul_f64(BESIDE));
    large.into_iter().zip(limits).map(|(row, wall)| row.goal(Goal { wall: Some(wall), ..Goal::default() })).collect()
}

/// Writes two versions of the Deployment `web`.
fn write_files(bench: &Bench) {
    bench.write("old.json", deployment("web", 3, "nginx:1.25"));
    bench.write("new.json", deployment("web", 3, "nginx:1.26"));
}

/// Measures small commands on the Deployment `web`.
fn measure_commands(bench: &Bench, suffix: &str) -> Vec<Row> {
    let commands = [
        ("get-pods", "get pods", ""),
        ("set-image", "set image deployment/web c=nginx:1.26", "set image deployment/web c=nginx:1.25"),
        ("apply", "apply -f new.json", "apply -f old.json"),
        ("label", "label deployment/web tier=front", "label deployment/web tier-"),
    ];
    let measure = |(name, command, undo): (&str, &str, &str)| {
        let name = format!("{name}{suffix}");
        let task = Task::new(&name, command).with_kubectl();
        bench.measure(&if undo.is_empty() { task } else { task.undo(undo) })
    };
    commands.into_iter().map(measure).collect()
}

/// Measures a plan, which must not depend on the number of objects that it does not touch.
fn plans() -> Vec<Row> {
    let stores = [("plan-rollout", 0), ("plan-rollout-beside-10k", 10_000)];
    let measure = |(name, pods): (&str, usize)| {
        let bench = Bench::alone();
        load::fill(&bench.store(), pods);
        bench.measure(&Task::new(name, "plan -- set image deployment/web c=nginx:1.26"))
    };
    let [alone, beside] = stores.map(measure);
    let wall = alone.cost.wall.mul_f64(BESIDE);
    vec![alone, beside.goal(Goal { wall: Some(wall), ..Goal::default() })]
}

fn lists(pods: usize) -> Vec<Row> {
    let bench = Bench::alone();
    load::fill(&bench.store(), pods);
    bench.expect_lines("get pods -A --no-headers", pods + 3);
    let human = bench.measure(&Task::new("list-pods", "get pods -A").reads(pods));
    let json = bench.measure(&Task::new("list-pods-json", "get pods -A -o json").reads(pods));
    if pods != 6_000 {
        return vec![human, json];
    }
    vec![human.goal(Goal::ms(80).mib(60)), json.goal(Goal::ms(200).mib(60))]
}
