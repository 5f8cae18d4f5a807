//! SIGKILL at any moment: acknowledged commands are durable, and all others are applied completely or not at all.
//!
//! Power failures cannot be tested from a process; the engine's own tests simulate them.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use kctl_base::object::ValueRead as _;

use crate::harness::Sandbox;
use crate::harness::cluster::{get, list};
use crate::harness::random::Random;

/// The number of commands of a short run.
const ROUNDS: u64 = 60;
/// The number of commands between two checks of the store.
const BETWEEN_CHECKS: u64 = 15;
/// One of this many commands creates so much that the journal is full, and runs are written and merged.
const LARGE: u64 = 4;
/// One of this many rounds also kills a compaction.
const COMPACTED: u64 = 10;
/// One of this many commands runs to its end, and its duration determines when the following ones are killed.
const UNDISTURBED: u64 = 6;

/// The outcome of a `create -f`, as far as the test can know it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Outcome {
    /// The command acknowledged the creation.
    Created,
    /// It was killed before it printed anything.
    Unknown,
}

/// Three objects of two kinds in one file, which one command creates atomically. The ConfigMaps have `size` bytes.
fn manifest(name: &str, size: usize) -> String {
    let config = |part: &str| {
        let text = "x".repeat(size);
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}-{part}\ndata:\n  of: {name}{text}\n")
    };
    let set = format!(
        "apiVersion: apps/v1\nkind: ReplicaSet\nmetadata:\n  name: {name}\nspec:\n  replicas: 2\n  selector:\n    matchLabels: {{app: {name}}}\n  template:\n    metadata:\n      labels: {{app: {name}}}\n    spec:\n      containers:\n      - {{name: c, image: nginx}}\n"
    );
    [config("a"), set, config("b")].join("---\n")
}

/// Runs a command, kills it after a while if one is given, and returns its standard output.
fn run_and_kill(sandbox: &Sandbox, args: &[&str], after: Option<Duration>) -> String {
    let mut child = sandbox.kctl(args).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the program");
    if let Some(after) = after {
        thread::sleep(after);
        // Fails if the command has already exited.
        let _ = child.kill();
    }
    let mut printed = String::new();
    child.stdout.take().expect("a pipe").read_to_string(&mut printed).expect("text");
    child.wait().expect("an exit status");
    printed
}

/// Checks the store, and that every file was created completely or not at all.
fn check(sandbox: &Sandbox, outcomes: &BTreeMap<String, Outcome>) {
    let problems = sandbox.problems();
    assert!(problems.is_empty(), "the store is damaged:\n{}", problems.join("\n"));
    let mut cluster = sandbox.cluster();
    for (name, outcome) in outcomes {
        let mut exists = |resource: &str, name: &str| get(&mut cluster, resource, "default", name).is_some();
        let parts = [
            exists("configmaps", &format!("{name}-a")),
            exists("configmaps", &format!("{name}-b")),
            exists("replicasets.apps", name),
        ];
        assert!(parts.iter().all(|p| *p == parts[0]), "{name} was created in part: {parts:?}");
        assert!(parts[0] || *outcome == Outcome::Unknown, "{name} was acknowledged and is lost");
        if parts[0] {
            let pods = list(&mut cluster, "pods", Some("default"));
            let own = pods.iter().filter(|p| p.str("/metadata/labels/app") == name).count();
            assert_eq!(own, 2, "{name} was created without its pods, which belong to the same commit");
        }
    }
}

#[test]
fn a_killed_command_loses_no_acknowledged_write_and_leaves_no_partial_one() {
    let seed = Random::seed(1);
    let mut random = Random::new(seed);
    let sandbox = Sandbox::new(seed);
    let mut outcomes = BTreeMap::new();
    // The duration of a command; an estimate until one has run to its end.
    let mut usual = Duration::from_millis(100);
    let rounds = Random::rounds(ROUNDS);
    for round in 1..=rounds {
        let name = format!("web{round}");
        let file = sandbox.path("manifest.yaml");
        let size = if round % LARGE == 0 { 60_000 } else { 0 };
        std::fs::write(&file, manifest(&name, size)).expect("a manifest");
        let percent = random.below(160) as u32;
        let after = (round % UNDISTURBED != 0).then_some(usual * percent / 100);
        let start = Instant::now();
        let printed = run_and_kill(&sandbox, &["create", "-f", &file.to_string_lossy()], after);
        if after.is_none() {
            usual = start.elapsed();
        }
        if round % COMPACTED == 0 {
            run_and_kill(&sandbox, &["store", "compact"], Some(usual * percent / 50));
        }
        let acknowledged = printed.contains("created");
        outcomes.insert(name, if acknowledged { Outcome::Created } else { Outcome::Unknown });
        if round % BETWEEN_CHECKS == 0 {
            check(&sandbox, &outcomes);
        }
    }
    let created = outcomes.values().filter(|outcome| **outcome == Outcome::Created).count();
    println!("seed {seed}: {created} of {rounds} commands were acknowledged");
    assert!(created < outcomes.len(), "no command was killed in time");
}
