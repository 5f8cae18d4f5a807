//! Random operations on a cluster whose disk fails, fills up or loses power: what was committed is there, what was not
//! leaves no trace, and the store is consistent.

use crate::api::{PatchType, Request};
use crate::store::disk::random::Random;
use crate::testing::{SimulatedDisk, open_on};
use crate::{Cluster, OpenOptions};
use kctl_base::json::{Value, json};
use kctl_base::sim::Duration;

/// The number of operations of a short run; `KCTL_TEST_SCALE` multiplies it.
const STEPS: usize = 150;

/// Opens the cluster on a disk. It commits only when a test says so: a commit in the middle of an operation, which is
/// measured by the real clock, would let an injected fault fail whatever runs on a slow machine.
fn open(disk: &SimulatedDisk) -> Cluster {
    let mut cluster = open_on(disk, OpenOptions::memory(7)).expect("the cluster opens");
    cluster.commit_work = u64::MAX;
    cluster
}

/// Everything that the store of a cluster holds: objects and time.
fn content(cluster: &mut Cluster) -> String {
    let mut text = cluster.now().rfc3339_micro();
    for resource in ["deployments.apps", "replicasets.apps", "pods", "configmaps", "events", "nodes"] {
        for object in cluster.server().read_all(resource, None).expect("a list") {
            text.push_str(&object.to_string());
        }
    }
    text
}

fn deployment(name: &str, replicas: usize) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": {"replicas": replicas,
        "selector": {"matchLabels": {"app": name}}, "template": {"metadata": {"labels": {"app": name}},
        "spec": {"containers": [{"name": "c", "image": "nginx"}]}}}})
}

/// Performs a random operation; one that the server refuses changes nothing, which is fine too.
fn operate(cluster: &mut Cluster, random: &mut Random) {
    let name = format!("web{}", random.below(4));
    let request = match random.below(6) {
        0 => Request::create("deployments.apps", "default", deployment(&name, random.below(6))),
        1 => {
            let patch = json!({"spec": {"replicas": random.below(8)}});
            Request::patch("deployments.apps", "default", &name, PatchType::Merge, patch)
        }
        2 => Request::delete("deployments.apps", "default", &name),
        3 => {
            let data = json!({"text": "x".repeat(random.below(30_000))});
            let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data});
            Request::create("configmaps", "default", map)
        }
        4 => Request::delete("configmaps", "default", &name),
        _ => {
            cluster.advance(Duration::from_secs(random.below(30) as i64)).expect("time passes");
            return;
        }
    };
    drop(cluster.handle(&request));
}

#[test]
fn a_failing_disk_loses_nothing_that_was_committed() {
    let (mut failures, mut cuts, mut disk) = (0, 0, SimulatedDisk::default());
    let mut random = Random::new(3);
    let mut cluster = open(&disk);
    cluster.commit().expect("a commit");
    // The states around the commits that have failed since the last one that did not. A disk that reports an error may have
    // written everything nevertheless, and which state it is shows only after a power failure.
    let mut failed: Vec<String> = Vec::new();
    for step in 0..Random::rounds(STEPS) {
        let before = content(&mut open(&disk));
        let started = disk.events();
        let fault = random.below(4);
        match fault {
            0 => disk.set_room(Some(random.below(40_000))),
            1 => disk.break_after(Some(random.below(6))),
            _ => {}
        }
        operate(&mut cluster, &mut random);
        let staged = content(&mut cluster);
        let committed = cluster.commit().is_ok();
        failures += usize::from(!committed);
        disk.set_room(None);
        disk.break_after(None);
        if random.below(5) == 0 {
            // The power fails during the commit or after it.
            let cut = started + random.below(disk.events() - started + 1);
            // A command without changes commits nothing.
            let was_acknowledged = committed && cut == disk.events() && cut > started;
            let likely = random.below(101);
            disk = disk.after_power_failure(cut, &mut || random.below(100) < likely);
            let left = content(&mut open(&disk));
            let is_old = left == before || failed.contains(&left);
            assert!(left == staged || !was_acknowledged && is_old, "step {step}: half of a commit");
            cuts += 1;
            cluster = open(&disk);
            failed.clear();
        } else if committed {
            assert!(content(&mut open(&disk)) == staged, "step {step}: a commit is not there");
            // A command without changes synchronizes nothing.
            if disk.events() > started {
                failed.clear();
            }
        } else {
            // A disk that fails for good may also fail to take a batch back, but leaves no half of it.
            let left = content(&mut open(&disk));
            assert!(left == before || fault == 1 && left == staged, "step {step}: a failed commit has left a trace");
            failed.extend([before, staged]);
            // The command ends with its error; the next one is a new process.
            cluster = open(&disk);
        }
        if step % 10 == 0 {
            assert_eq!(cluster.server().store().check().expect("a check"), Vec::<String>::new(), "step {step}");
        }
    }
    assert!(failures > STEPS / 20 && cuts > STEPS / 20, "{failures} failures, {cuts} cuts");
}
