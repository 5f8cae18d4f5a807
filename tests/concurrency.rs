//! Many processes use one store concurrently: every command succeeds or fails as Kubernetes would fail it, and no
//! acknowledged write is lost.

use std::sync::Barrier;
use std::thread;

use kctl_base::object::{ObjectMeta as _, ValueRead as _};

use crate::harness::cluster::get;
use crate::harness::random::Random;
use crate::harness::{Output, Sandbox, finish};

/// The number of concurrent processes of a short run; `KCTL_TEST_SCALE` multiplies it.
const WORKERS: u64 = 8;
/// The number of times each of them repeats its commands.
const ROUNDS: usize = 2;

/// A command and its result.
struct Done {
    command: String,
    output: Output,
}

/// A worker, which runs one command after the other and records the results.
struct Worker<'a> {
    sandbox: &'a Sandbox,
    number: usize,
    done: Vec<Done>,
}

impl Worker<'_> {
    /// Runs a command; returns true if it succeeded.
    fn run(&mut self, command: &str) -> bool {
        let args: Vec<&str> = command.split_whitespace().collect();
        let output = finish(&mut self.sandbox.kctl(&args));
        let succeeded = output.code == 0;
        self.done.push(Done { command: command.into(), output });
        succeeded
    }

    /// Works on objects that no other worker touches: every command must succeed.
    fn own(&mut self, round: usize) {
        let (worker, name) = (self.number, format!("own-{}-{round}", self.number));
        for command in [
            format!("create configmap {name} --from-literal=worker={worker}"),
            format!("create deployment {name} --image=nginx --replicas=1"),
            format!("scale deployment {name} --replicas=3"),
            format!("label configmap {name} round={round}"),
            format!("label configmap shared worker{worker}-{round}=seen"),
            format!("create configmap gone-{worker}-{round}"),
            format!("delete configmap gone-{worker}-{round}"),
        ] {
            assert!(self.run(&command), "$ kctl {command}\n{:?}", self.done.last().map(|d| &d.output));
        }
    }

    /// Works on objects that all workers compete for.
    fn shared(&mut self, round: usize) {
        self.run(&format!("create configmap race-{round}"));
        self.run(&format!("delete configmap race-{round}"));
        self.run(&format!("scale deployment shared --current-replicas={round} --replicas={}", round + 1));
    }
}

/// Runs all workers at once and returns all results.
fn work(sandbox: &Sandbox, workers: usize) -> Vec<Done> {
    let start = Barrier::new(workers);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..workers)
            .map(|number| {
                let start = &start;
                scope.spawn(move || {
                    let mut worker = Worker { sandbox, number, done: Vec::new() };
                    start.wait();
                    for round in 0..ROUNDS {
                        worker.own(round);
                        worker.shared(round);
                    }
                    worker.done
                })
            })
            .collect();
        workers.into_iter().flat_map(|w| w.join().expect("no failure in a worker")).collect()
    })
}

/// The number of commands with a prefix that succeeded.
fn succeeded(done: &[Done], command: &str) -> usize {
    done.iter().filter(|d| d.command.starts_with(command) && d.output.code == 0).count()
}

#[test]
fn concurrent_processes_lose_no_write() {
    let sandbox = Sandbox::new(17);
    sandbox.must("kctl create configmap shared && kctl create deployment shared --image=nginx --replicas=0");
    let workers = Random::rounds(WORKERS) as usize;
    let done = work(&sandbox, workers);

    for Done { command, output } in done.iter().filter(|d| d.output.code != 0) {
        let expected = ["already exists", "(NotFound)", "(Conflict)", "Expected replicas to be"];
        let one_line = output.code == 1 && output.err.lines().count() == 1;
        assert!(one_line && expected.iter().any(|k| output.err.contains(k)), "$ kctl {command}\n{output:?}");
    }
    for round in 0..ROUNDS {
        let created = succeeded(&done, &format!("create configmap race-{round}"));
        let deleted = succeeded(&done, &format!("delete configmap race-{round}"));
        assert!(
            created >= 1 && (created == deleted || created == deleted + 1),
            "race-{round}: created {created} times, deleted {deleted} times"
        );
        let scaled = succeeded(&done, &format!("scale deployment shared --current-replicas={round}"));
        assert_eq!(scaled, 1, "shared was scaled from {round}");
    }
    assert_eq!(sandbox.problems(), Vec::<String>::new());

    let mut cluster = sandbox.cluster();
    let mut read = |resource: &str, name: &str| get(&mut cluster, resource, "default", name);
    for worker in 0..workers {
        for round in 0..ROUNDS {
            let name = format!("own-{worker}-{round}");
            let config = read("configmaps", &name).unwrap_or_else(|| panic!("{name} is lost"));
            assert_eq!(config.label("round"), Some(round.to_string().as_str()), "{name}");
            let deployment = read("deployments.apps", &name).unwrap_or_else(|| panic!("{name} is lost"));
            assert_eq!(deployment.int("/spec/replicas"), Some(3), "{name}");
            assert!(read("configmaps", &format!("gone-{worker}-{round}")).is_none());
            let shared = read("configmaps", "shared").expect("the shared one");
            assert_eq!(shared.label(&format!("worker{worker}-{round}")), Some("seen"), "a lost update");
        }
    }
    assert_eq!(read("deployments.apps", "shared").and_then(|d| d.int("/spec/replicas")), Some(ROUNDS as i64));
}
