//! The measured scenes.

use std::time::Duration;

use kctl_base::json::json;

use crate::load;
use crate::measure::{Bench, Row, Target};

/// A store with the rows that are measured on it.
pub(crate) struct Scene {
    /// A description.
    pub(crate) about: &'static str,
    /// The names of its rows.
    pub(crate) rows: &'static [&'static str],
    /// Creates the store and measures the rows.
    pub(crate) run: fn() -> Vec<Row>,
}

/// All scenes, the fastest first.
pub(crate) const SCENES: &[Scene] = &[
    Scene { about: "a store as on a laptop", rows: &["get-pods-small", "set-image-small"], run: small },
    Scene { about: "a Deployment from 0 to 1,000 replicas", rows: &["rollout-1000"], run: rollout },
    Scene { about: "an hourly CronJob for a year", rows: &["cronjob-year"], run: cron_job },
    Scene {
        about: "10,000 pods",
        rows: &["get-pods-10k", "get-1000-pods-10k", "set-image-10k"],
        run: || large("10k", 10_000),
    },
    Scene {
        about: "100,000 pods",
        rows: &["get-pods-100k", "get-1000-pods-100k", "set-image-100k"],
        run: || large("100k", 100_000),
    },
];

/// The limits of a command on a small store.
const COMMAND: Target = Target { wall: Duration::from_millis(8), memory: Some(25 << 20) };

const GET: &str = "get pods";
const SET: &str = "set image deployment/web c=nginx:1.26";
const BACK: &str = "set image deployment/web c=nginx:1.25";

fn small() -> Vec<Row> {
    let bench = Bench::new();
    load::fill(&bench.store(), 0);
    let get = bench.measure("get-pods-small", GET, "", 21);
    let set = bench.measure("set-image-small", SET, BACK, 21);
    [get, set].into_iter().map(|row| Row { target: Some(COMMAND), ..row }).collect()
}

fn large(name: &str, pods: usize) -> Vec<Row> {
    let bench = Bench::new();
    load::fill(&bench.store(), pods);
    // The first command may compact the store.
    bench.run(GET);
    vec![
        bench.measure(&format!("get-pods-{name}"), GET, "", 7),
        bench.measure(&format!("get-1000-pods-{name}"), "get pods -n team-0", "", 5),
        bench.measure(&format!("set-image-{name}"), SET, BACK, 7),
    ]
}

/// Scales up and advances the clock until all pods are ready, in two commands.
fn rollout() -> Vec<Row> {
    let bench = Bench::new();
    let nodes: Vec<_> = (0..10).map(load::node).collect();
    let list = json!({"apiVersion": "v1", "kind": "List", "items": nodes});
    let file = bench.store().with_extension("json");
    std::fs::write(&file, list.to_string()).expect("a file");
    bench.run(&format!("create -f {}", file.display()));
    bench.run("create deployment web --image=nginx --replicas=0");
    let scale =
        bench.measure("scale-to-1000", "scale deployment/web --replicas=1000", "scale deployment/web --replicas=0", 1);
    bench.run("clock settle");
    bench.run("scale deployment/web --replicas=0");
    bench.run("clock settle");
    bench.run("scale deployment/web --replicas=1000");
    let settle = bench.measure("settle-1000", "clock advance 30s", "", 1);
    let wall = scale.wall + settle.wall;
    let target = Target { wall: Duration::from_secs(1), memory: None };
    vec![Row { what: "rollout-1000".into(), wall, target: Some(target), instructions: None, ..scale }]
}

/// Creates and finishes 8,760 Jobs and deletes all but the last few.
fn cron_job() -> Vec<Row> {
    let bench = Bench::new();
    bench.run("create cronjob tick --image=busybox --schedule=@hourly -- date");
    let target = Target { wall: Duration::from_secs(10), memory: None };
    vec![Row { target: Some(target), ..bench.measure("cronjob-year", "clock advance 8760h", "", 1) }]
}
