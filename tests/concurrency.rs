//! Many processes work on one store at once: everything succeeds or is refused as Kubernetes would refuse it, every
//! acknowledged write is there, no update is lost.

use std::sync::Barrier;
use std::thread;

use kctl_base::object::{ObjectMeta as _, ValueRead as _};

use crate::harness::{Output, Sandbox, finish};

/// Processes at once.
const WORKERS: usize = 8;
/// What each of them does so many times.
const ROUNDS: usize = 2;

/// What one command was, and how it ended.
struct Done {
    command: String,
    output: Output,
}

/// A worker: runs commands one after the other and remembers how they ended.
struct Worker<'a> {
    sandbox: &'a Sandbox,
    number: usize,
    done: Vec<Done>,
}

impl Worker<'_> {
    fn run(&mut self, command: &str) -> bool {
        let args: Vec<&str> = command.split_whitespace().collect();
        let output = finish(&mut self.sandbox.kctl(&args));
        let succeeded = output.code == 0;
        self.done.push(Done { command: command.into(), output });
        succeeded
    }

    /// Objects of its own: every command must succeed.
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

    /// Objects that all want to make, change or delete: one of them succeeds.
    fn shared(&mut self, round: usize) {
        self.run(&format!("create configmap race-{round}"));
        self.run(&format!("delete configmap race-{round}"));
        self.run(&format!("scale deployment shared --current-replicas={round} --replicas={}", round + 1));
    }
}

fn work(sandbox: &Sandbox) -> Vec<Done> {
    let start = Barrier::new(WORKERS);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS)
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
        workers.into_iter().flat_map(|w| w.join().expect("a worker without a failure")).collect()
    })
}

/// How often a command succeeded.
fn succeeded(done: &[Done], command: &str) -> usize {
    done.iter().filter(|d| d.command.starts_with(command) && d.output.code == 0).count()
}

#[test]
fn many_processes_on_one_store() {
    let sandbox = Sandbox::new(17);
    sandbox.must("kctl create configmap shared && kctl create deployment shared --image=nginx --replicas=0");
    let done = work(&sandbox);

    for Done { command, output } in done.iter().filter(|d| d.output.code != 0) {
        let known = ["already exists", "(NotFound)", "(Conflict)", "Expected replicas to be"];
        let refused = output.code == 1 && output.err.lines().count() == 1;
        assert!(refused && known.iter().any(|k| output.err.contains(k)), "$ kctl {command}\n{output:?}");
    }
    for round in 0..ROUNDS {
        let made = succeeded(&done, &format!("create configmap race-{round}"));
        let gone = succeeded(&done, &format!("delete configmap race-{round}"));
        assert!(
            made >= 1 && (made == gone || made == gone + 1),
            "race-{round}: made {made} times, deleted {gone} times"
        );
        let scaled = succeeded(&done, &format!("scale deployment shared --current-replicas={round}"));
        assert_eq!(scaled, 1, "shared was scaled from {round}");
    }
    assert_eq!(sandbox.problems(), Vec::<String>::new());

    let mut cluster = sandbox.cluster();
    let server = cluster.server();
    let mut read = |resource: &str, name: &str| server.read(resource, "default", name).expect("readable");
    for worker in 0..WORKERS {
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
