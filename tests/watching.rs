//! `get -w` in one process while another one writes: the rows appear in order, and the watch ends if nothing can follow.
//!
//! With the real clock the watch sleeps until another process commits. With a virtual clock it advances the clock itself and
//! ends when nothing is due.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::harness::{Running, Sandbox, copy_tree, finish, poll, testdata};

/// A time limit that is generous even on a busy machine.
const LIMIT: Duration = Duration::from_secs(20);

/// A watch in a process of its own, with the rows that it prints.
struct Watch {
    _process: Running,
    rows: Receiver<String>,
    seen: Vec<String>,
}

impl Watch {
    fn start(mut command: Command) -> Watch {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a watch");
        let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let (sender, rows) = channel();
        thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Watch { _process: Running(child), rows, seen: Vec::new() }
    }

    /// Waits for a row that contains these words in this order, whatever the spaces between them.
    #[track_caller]
    fn expect(&mut self, words: &str) {
        let start = Instant::now();
        while let Some(left) = LIMIT.checked_sub(start.elapsed()) {
            let Ok(row) = self.rows.recv_timeout(left) else { break };
            let found = row.split_whitespace().collect::<Vec<_>>().join(" ").contains(words);
            self.seen.push(row);
            if found {
                return;
            }
        }
        panic!("no row with {words:?} among:\n{}", self.seen.join("\n"));
    }
}

/// A call of the program with the real clock and without latency.
fn real(sandbox: &Sandbox, command: &str) -> Command {
    let args: Vec<&str> = command.split_whitespace().collect();
    let mut command = sandbox.kctl(&args);
    command.env("KCTL_CLOCK", "real").env("KCTL_LATENCY", "0");
    command
}

#[track_caller]
fn must(sandbox: &Sandbox, command: &str) {
    let done = finish(&mut real(sandbox, command));
    assert_eq!(done.code, 0, "$ kctl {command}\n{done:?}");
}

/// Some columns of the rows whose names have a prefix.
fn states(rows: &[String], name: &str, columns: std::ops::Range<usize>) -> Vec<String> {
    let own = rows.iter().filter(|r| r.starts_with(name));
    own.map(|r| r.split_whitespace().skip(columns.start).take(columns.len()).collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn a_watch_prints_the_changes_of_another_process() {
    let sandbox = Sandbox::new(21);
    must(&sandbox, "create configmap first");
    let mut watch = Watch::start(real(&sandbox, "get configmaps -w"));
    watch.expect("first 0");
    for name in ["second", "third"] {
        must(&sandbox, &format!("create configmap {name} --from-literal=a=b"));
        watch.expect(&format!("{name} 1"));
    }
    must(&sandbox, "label configmap first seen=yes");
    watch.expect("first 0");
    must(&sandbox, "create secret generic other");
    must(&sandbox, "delete configmap third");
    watch.expect("third 1");
}

#[test]
fn a_watch_ends_when_the_store_is_reset_or_removed() {
    let resets: [fn(&Sandbox); 2] =
        [|sandbox| must(sandbox, "store reset"), |sandbox| std::fs::remove_dir_all(sandbox.store()).expect("removed")];
    for reset in resets {
        let sandbox = Sandbox::new(29);
        must(&sandbox, "create configmap first");
        let mut child = real(&sandbox, "get configmaps -w");
        let child = child.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a watch");
        let mut running = Running(child);
        let mut rows = BufReader::new(running.0.stdout.take().expect("a pipe")).lines();
        assert!(rows.by_ref().any(|row| row.expect("text").starts_with("first")));
        reset(&sandbox);
        assert_eq!(rows.by_ref().filter(|row| row.as_ref().is_ok_and(|r| r.starts_with("first"))).count(), 0);
        let mut error = String::new();
        running.0.stderr.take().expect("a pipe").read_to_string(&mut error).expect("text");
        assert!(error.ends_with("has been removed or reset by another process\n"), "{error}");
        assert_eq!(running.0.wait().expect("a status").code(), Some(1));
        assert!(!sandbox.store().join("lock").exists() || sandbox.store().join("store").exists());
    }
}

#[test]
fn a_pod_passes_through_its_states() {
    let sandbox = Sandbox::new(22);
    must(&sandbox, "create configmap first");
    // The row of an existing pod shows that the watch has started.
    must(&sandbox, "run before --image=nginx --labels=app=web");
    let mut watch = Watch::start(real(&sandbox, "get pods -l app=web -w"));
    watch.expect("before");
    must(&sandbox, "create deployment web --image=nginx");
    watch.expect("1/1 Running");
    let rows = states(&watch.seen[1..], "web-", 1..3);
    let mut order = rows.clone();
    order.dedup();
    assert_eq!(order, ["0/1 Pending", "0/1 ContainerCreating", "1/1 Running"], "{rows:?}");
    must(&sandbox, "delete deployment web");
    watch.expect("1/1 Terminating");
    watch.expect("0/1");
}

#[test]
fn two_watches_follow_one_rollout() {
    let sandbox = Sandbox::new(23);
    must(&sandbox, "create deployment web --image=nginx:1.24 --replicas=2");
    let ready = || finish(&mut real(&sandbox, "get deployment web")).out.contains("2/2").then_some(());
    poll(LIMIT, "two pods", ready);
    let mut pods = Watch::start(real(&sandbox, "get pods -l app=web -w"));
    let mut deployment = Watch::start(real(&sandbox, "get deployment web -w"));
    pods.expect("1/1 Running");
    pods.expect("1/1 Running");
    deployment.expect("web 2/2 2 2");
    must(&sandbox, "set image deployment/web nginx=nginx:1.25");
    deployment.expect("web 2/2 0 2");
    deployment.expect("web 2/2 1 2");
    deployment.expect("web 3/2 1 3");
    deployment.expect("web 3/2 2 3");
    deployment.expect("web 2/2 2 2");
    for words in ["0/1 Pending", "0/1 ContainerCreating", "1/1 Running", "1/1 Terminating", "0/1"] {
        pods.expect(words);
    }
}

#[test]
fn a_virtual_watch_ends_when_nothing_is_due() {
    let sandbox = Sandbox::new(24);
    sandbox.must("kctl create deployment web --image=nginx --replicas=2");
    let rows: Vec<String> = sandbox.must("kctl get pods -w").lines().map(String::from).collect();
    assert_eq!(rows.iter().filter(|r| r.contains("1/1")).count(), 2, "{rows:#?}");
    let again = sandbox.must("kctl get pods -w");
    assert_eq!(again.lines().count(), 3, "{again}");
    assert_eq!(again, sandbox.must("kctl get pods"));
}

#[test]
fn ordinals_start_in_order() {
    let sandbox = Sandbox::new(25);
    std::fs::write(sandbox.path("set.yaml"), STATEFUL_SET).expect("a manifest");
    sandbox.must("kctl create -f set.yaml");
    let rows: Vec<String> = sandbox.must("kctl get pods -w").lines().skip(1).map(String::from).collect();
    let at =
        |words: &str| rows.iter().position(|r| r.split_whitespace().collect::<Vec<_>>().join(" ").starts_with(words));
    for ordinal in 0..2 {
        let (ready, next) = (at(&format!("db-{ordinal} 1/1 Running")), at(&format!("db-{} 0/1 Pending", ordinal + 1)));
        assert!(ready.is_some() && next.is_some() && ready < next, "{rows:#?}");
    }
    assert!(at("db-2 1/1 Running").is_some(), "{rows:#?}");
}

/// A sandbox with the manifests of the seed documents and a started watch on pods.
fn watched_seeds(seed: u64) -> (Sandbox, Watch) {
    let sandbox = Sandbox::new(seed);
    copy_tree(&testdata().join("seeds"), &sandbox.path("seeds"));
    must(&sandbox, "run before --image=nginx");
    let mut watch = Watch::start(real(&sandbox, "get pods -w"));
    watch.expect("before");
    (sandbox, watch)
}

/// The states of a starting pod; `pending` is the number of rows in which it is pending.
fn start_of_a_pod(pending: usize) -> Vec<&'static str> {
    let mut states = vec!["0/1 Pending"; pending];
    states.extend(["0/1 ContainerCreating", "1/1 Running"]);
    states
}

const END_OF_A_POD: [&str; 4] = ["1/1 Terminating", "0/1 Terminating", "0/1 Terminating", "0/1 Terminating"];

#[test]
fn a_watch_follows_the_whole_life_of_a_stateful_set_with_claims() {
    let (sandbox, mut watch) = watched_seeds(28);
    let name = |ordinal: usize| format!("nginx-statefulset-{ordinal}");
    must(&sandbox, "apply -f seeds/pv-nfs-as-shown.yaml");
    must(&sandbox, "apply -f seeds/statefulset-demo-as-shown.yaml");
    watch.expect("nginx-statefulset-2 1/1 Running");
    for ordinal in 0..3 {
        assert_eq!(states(&watch.seen, &name(ordinal), 1..3), start_of_a_pod(3), "a pod waits for its new claim");
    }
    watch.seen.clear();
    must(&sandbox, "set image sts/nginx-statefulset nginx=nginx:1.14");
    watch.expect("nginx-statefulset-0 1/1 Running");
    for ordinal in 0..3 {
        let both: Vec<&str> = END_OF_A_POD.into_iter().chain(start_of_a_pod(2)).collect();
        assert_eq!(states(&watch.seen, &name(ordinal), 1..3), both, "its claim is bound already");
    }
    let order: Vec<usize> = (0..3).map(|o| watch.seen.iter().position(|r| r.starts_with(&name(o))).unwrap()).collect();
    assert!(order[2] < order[1] && order[1] < order[0], "{:#?}", watch.seen);
    watch.seen.clear();
    must(&sandbox, "scale sts/nginx-statefulset --replicas=1");
    for _ in 0..4 {
        watch.expect("nginx-statefulset-1");
    }
    let names: Vec<&str> = watch.seen.iter().filter_map(|r| r.split_whitespace().next()).collect();
    let (last, first): (Vec<&str>, Vec<&str>) = names.into_iter().partition(|n| n.ends_with('1'));
    assert_eq!((first.len(), last.len()), (4, 4), "{:#?}", watch.seen);
    assert_eq!(states(&watch.seen, &name(1), 1..3), END_OF_A_POD);
    assert!(watch.seen[3].starts_with(&name(2)), "one pod is gone before the next one terminates: {:#?}", watch.seen);
}

#[test]
fn a_pod_with_a_volume_that_waits_for_its_first_consumer_is_pending_three_times() {
    let (sandbox, mut watch) = watched_seeds(30);
    let file = sandbox.path("seeds/local-pv.yaml");
    let text = std::fs::read_to_string(&file).expect("a manifest");
    let text = text.replace("kubesphere02", "k8s-node1").replace("kubesphere03", "k8s-node2");
    std::fs::write(&file, text).expect("a manifest");
    must(&sandbox, "create -f seeds/local-storage.yaml -f seeds/local-pv.yaml");
    must(&sandbox, "create -f seeds/web.yaml");
    watch.expect("web-1 1/1 Running");
    for name in ["web-0", "web-1"] {
        assert_eq!(states(&watch.seen, name, 1..3), start_of_a_pod(3), "created, nominated for a node, bound to it");
    }
}

#[test]
fn the_deletion_of_an_unscheduled_pod_is_printed() {
    let (sandbox, mut watch) = watched_seeds(29);
    must(&sandbox, "apply -f seeds/with-node-affinity-expressions.yaml");
    watch.expect("0/1 Pending");
    watch.expect("0/1 Pending");
    watch.seen.clear();
    must(&sandbox, "delete -f seeds/with-node-affinity-expressions.yaml");
    watch.expect("0/1 Terminating");
    watch.expect("0/1 Terminating");
}

#[test]
fn a_watch_does_not_lock_the_store() {
    let sandbox = Sandbox::new(26);
    must(&sandbox, "create configmap first");
    let mut watch = Watch::start(real(&sandbox, "get configmaps -w"));
    watch.expect("first");
    let done = finish(&mut real(&sandbox, "create configmap second --request-timeout=5s"));
    assert_eq!(done.code, 0, "{done:?}");
    watch.expect("second");
}

#[test]
fn a_watch_with_a_timeout_ends() {
    let sandbox = Sandbox::new(27);
    must(&sandbox, "create configmap first");
    let start = Instant::now();
    let done = finish(&mut real(&sandbox, "get configmaps -w --request-timeout=1s"));
    assert!(done.out.contains("first") && start.elapsed() < LIMIT, "{done:?}");
}

const STATEFUL_SET: &str = "apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: db
spec:
  replicas: 3
  serviceName: db
  selector:
    matchLabels: {app: db}
  template:
    metadata:
      labels: {app: db}
    spec:
      containers:
      - {name: c, image: nginx}
";
