//! A plan changes nothing on disk: no byte of the store, whatever its clock, however the plan ends.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::harness::{Running, Sandbox, finish, poll};

/// The files below a directory with their contents.
fn files(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(dir).expect("a directory") {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => drop(found.insert(path.clone(), fs::read(&path).expect("a file"))),
        }
    }
    found
}

/// A Deployment whose pods are ready, beside a disruption budget.
fn web(sandbox: &Sandbox) {
    sandbox.must("kctl create deployment web --image=nginx:1.26 --replicas=3");
    sandbox.must("kctl create pdb web --selector=app=web --min-available=3");
    sandbox.must("kctl rollout status deployment/web");
}

#[test]
fn no_byte_of_the_store_changes() {
    let sandbox = Sandbox::new(1);
    web(&sandbox);
    let before = files(&sandbox.store());
    for (command, code) in [
        ("set image deployment/web nginx=nginx:1.27", 0),
        ("set image deployment/web nginx=nginx:notfound", 3),
        ("drain k8s-node1", 3),
        ("drain k8s-node1 --timeout=10s", 1),
        ("delete deployment web", 0),
        ("delete namespace kube-public", 1),
        ("get pods", 1),
        ("sim node stop k8s-node1", 0),
        ("create cronjob often --image=busybox --schedule='* * * * *' -- true", 0),
    ] {
        let got = sandbox.run(&format!("kctl plan -- {command}"));
        assert_eq!(got.code, code, "{command}\n{}{}", got.out, got.err);
        assert!(files(&sandbox.store()) == before, "{command} has changed the store");
    }
    // With a log, the store is opened before the command.
    assert_eq!(sandbox.run("kctl -v=6 plan -- scale deployment/web --replicas=1").code, 0);
    assert!(files(&sandbox.store()) == before, "a log has changed the store");
    assert_eq!(sandbox.problems(), Vec::<String>::new());
}

#[test]
fn a_real_clock_neither_moves_nor_makes_the_plan_wait() {
    let sandbox = Sandbox::new(1);
    let real = |command: &str| finish(sandbox.shell(command).env("KCTL_CLOCK", "real").env("KCTL_LATENCY", "100s"));
    assert_eq!(real("kctl create deployment web --image=nginx --replicas=2").code, 0);
    let before = files(&sandbox.store());
    let got = real("kctl plan -- scale deployment/web --replicas=1");
    assert!(got.code == 0 && got.out.contains("spec.replicas: 2 -> 1"), "{}{}", got.out, got.err);
    assert!(files(&sandbox.store()) == before);
    let clock = real("kctl clock").out;
    assert!(clock.contains("real"), "{clock}");
}

#[test]
fn a_cluster_that_does_not_exist_is_not_created() {
    let sandbox = Sandbox::new(1);
    let got = sandbox.run("kctl plan -- create deployment web --image=nginx");
    assert!(got.code == 0 && got.out.contains("+ deployment/web\n"), "{}{}", got.out, got.err);
    assert!(!sandbox.store().exists());
}

#[test]
fn a_killed_plan_leaves_nothing() {
    let sandbox = Sandbox::new(1);
    web(&sandbox);
    sandbox.must("kctl create cronjob often --image=busybox --schedule='* * * * *' -- true");
    let before = files(&sandbox.store());
    let mut plan =
        sandbox.kctl(&["plan", "--until=9000h", "--timeout=9000h", "--", "label", "node", "k8s-node1", "a=b"]);
    let mut running = Running(plan.stdout(std::process::Stdio::null()).spawn().expect("the program"));
    // Another process finds the store locked once the plan is at work.
    let limit = std::time::Duration::from_secs(20);
    poll(limit, "the plan", || (sandbox.run("kctl get pods --request-timeout=10ms").code != 0).then_some(()));
    running.0.kill().expect("killed");
    running.0.wait().expect("an end");
    assert!(files(&sandbox.store()) == before);
}
