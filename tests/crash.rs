//! Kill -9 at any moment: what was acknowledged is there, what was not is there as a whole or not at all.
//!
//! A power cut is another matter: it is what the engine's own synchronisation is for, and cannot be tested from a process.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use kctl_base::object::ValueRead as _;

use crate::harness::Sandbox;
use crate::harness::random::Random;

/// Commands that are killed or not.
const ROUNDS: u64 = 60;
/// After how many of them the store is looked at.
const BETWEEN_CHECKS: u64 = 15;
/// One command in so many is let go on to its end, and its time decides when the next ones are killed.
const LET_GO: u64 = 6;

/// What is known of one of the files that were given to `create -f`.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Known {
    /// The command said so before it ended.
    Created,
    /// It was killed before it said anything.
    Unknown,
}

/// Three objects of two kinds in one file: one command, so all or none.
fn manifest(name: &str) -> String {
    let config = |part: &str| {
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}-{part}\ndata:\n  of: {name}\n")
    };
    let set = format!(
        "apiVersion: apps/v1\nkind: ReplicaSet\nmetadata:\n  name: {name}\nspec:\n  replicas: 2\n  selector:\n    matchLabels: {{app: {name}}}\n  template:\n    metadata:\n      labels: {{app: {name}}}\n    spec:\n      containers:\n      - {{name: c, image: nginx}}\n"
    );
    [config("a"), set, config("b")].join("---\n")
}

/// Runs one command and kills it after a while, if it still runs; answers what it printed.
fn run_and_kill(sandbox: &Sandbox, args: &[&str], after: Option<Duration>) -> String {
    let mut child = sandbox.kctl(args).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the program");
    if let Some(after) = after {
        thread::sleep(after);
        // Fails when it has ended already, which is just as well.
        let _ = child.kill();
    }
    let mut said = String::new();
    child.stdout.take().expect("a pipe").read_to_string(&mut said).expect("text");
    child.wait().expect("its end");
    said
}

fn check(sandbox: &Sandbox, known: &BTreeMap<String, Known>) {
    let problems = sandbox.problems();
    assert!(problems.is_empty(), "the store is not whole:\n{}", problems.join("\n"));
    let mut cluster = sandbox.cluster();
    for (name, known) in known {
        let mut there = |resource: &str, name: &str| {
            cluster.server().read(resource, "default", name).expect("a readable store").is_some()
        };
        let parts = [
            there("configmaps", &format!("{name}-a")),
            there("configmaps", &format!("{name}-b")),
            there("replicasets.apps", name),
        ];
        assert!(parts.iter().all(|p| *p == parts[0]), "{name} is half there: {parts:?}");
        assert!(parts[0] || *known == Known::Unknown, "{name} was acknowledged and is not there");
        if parts[0] {
            let pods = cluster.server().read_all("pods", Some("default")).expect("a readable store");
            let own = pods.iter().filter(|p| p.str("/metadata/labels/app") == name).count();
            assert_eq!(own, 2, "{name} is there without the pods that follow from it at the same instant");
        }
    }
}

#[test]
fn kill_nine_loses_nothing_and_leaves_nothing_half_done() {
    let seed = Random::seed(1);
    let mut random = Random::new(seed);
    let sandbox = Sandbox::new(seed);
    let mut known = BTreeMap::new();
    // What one command takes, as long as none has been let go on to its end.
    let mut usual = Duration::from_millis(100);
    for round in 1..=ROUNDS {
        let name = format!("web{round}");
        let file = sandbox.path("manifest.yaml");
        std::fs::write(&file, manifest(&name)).expect("a manifest");
        let percent = random.below(160) as u32;
        let after = (round % LET_GO != 0).then_some(usual * percent / 100);
        let start = Instant::now();
        let said = run_and_kill(&sandbox, &["create", "-f", &file.to_string_lossy()], after);
        if after.is_none() {
            usual = start.elapsed();
        }
        known.insert(name, if said.contains("created") { Known::Created } else { Known::Unknown });
        if round % BETWEEN_CHECKS == 0 {
            check(&sandbox, &known);
        }
    }
    let created = known.values().filter(|k| **k == Known::Created).count();
    println!("seed {seed}: {created} of {ROUNDS} commands were acknowledged");
    assert!(created < known.len(), "no command was killed in time");
}
