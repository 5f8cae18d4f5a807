//! Operations, snapshots and branches of stores on disk, and SIGKILL while they are gone back to or made.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use crate::harness::random::Random;
use crate::harness::{Running, Sandbox};

/// The objects and the time of the cluster, as commands show them.
fn state(sandbox: &Sandbox, flags: &str) -> String {
    sandbox.must(&format!("kctl {flags} get all,configmaps,secrets,events -A -o yaml && kctl {flags} clock"))
}

#[test]
fn a_branch_is_a_cluster_of_its_own() {
    let sandbox = Sandbox::new(31);
    sandbox
        .must("kctl create deployment web --image=nginx --replicas=2 && kctl clock advance 1m && kctl snapshot save s");
    let before = state(&sandbox, "");
    assert_eq!(sandbox.must("kctl branch experiment"), "branch experiment created\n");
    sandbox.must("kctl --branch=experiment scale deployment web --replicas=0");
    sandbox.must("KCTL_BRANCH=experiment kctl clock advance 1m");
    assert_eq!(state(&sandbox, ""), before);
    let there = state(&sandbox, "--branch=experiment");
    assert_ne!(there, before);
    // What has been done to the first branch since does not reach the second one.
    sandbox.must("kctl create configmap other && kctl store compact && kctl op keep --operations=0");
    assert_eq!(state(&sandbox, "--branch=experiment"), there);
    assert_eq!(
        sandbox.must("kctl snapshot diff main experiment --names | grep other; true"),
        "deleted  configmaps/default/other\n"
    );
    let time = sandbox.must("kctl --branch experiment clock");
    assert_eq!(sandbox.must("kctl branch switch experiment"), "switched to branch experiment\n");
    assert_eq!(sandbox.must("kctl clock"), time);
    assert_eq!(sandbox.must("kctl branch"), "CURRENT   NAME\n          main\n*         experiment\n");
    // The history up to the beginning of the branch is its own, too.
    sandbox.must("kctl undo 4 && kctl snapshot restore s");
    assert_eq!(state(&sandbox, ""), before);
    assert!(sandbox.must("kctl store path").ends_with("/branches/experiment\n"));
    for store in ["", "--branch=main"] {
        assert!(sandbox.must(&format!("kctl store check {store}")).contains("problems  none"));
    }
}

#[test]
fn branches_are_refused_listed_deleted_and_reset() {
    let sandbox = Sandbox::new(32);
    sandbox.must("kctl create configmap a && kctl branch b && kctl --branch=b branch c && kctl branch switch b");
    for (command, error) in [
        ("branch b", "there is a branch \"b\" already"),
        ("branch main", "there is a branch \"main\" already"),
        (
            "branch B",
            "invalid name \"B\": it must consist of at most 63 lower-case letters, digits and \"-\", and begin and end with a letter or a digit",
        ),
        ("branch switch d", "there is no branch \"d\" (to create it: kctl --branch=main branch d)"),
        ("branch delete b", "the branch \"b\" is the current one (to use another: kctl branch switch main)"),
        ("branch delete main", "the branch \"main\" cannot be deleted (to delete the cluster: kctl store reset)"),
        ("--branch=d get pods", "there is no branch \"d\" (to create it: kctl --branch=main branch d)"),
        ("--branch=../b get pods", "there is no branch \"../b\" (to create it: kctl --branch=main branch ../b)"),
        ("snapshot diff d", "there is no snapshot and no branch \"d\""),
    ] {
        let got = sandbox.run(&format!("kctl {command}"));
        assert_eq!((got.err, got.out.as_str()), (format!("error: {error}\n"), ""), "{command}");
        assert!(got.code > 0, "{command}");
    }
    assert_eq!(sandbox.must("kctl branch list -o name"), "branch/main\nbranch/b\nbranch/c\n");
    assert_eq!(sandbox.must("kctl branch delete c"), "branch c deleted\n");
    assert_eq!(fs::read_dir(sandbox.store().join("branches")).expect("branches").count(), 1);
    sandbox.must("kctl store reset --branch=b");
    assert_eq!(
        sandbox.must("kctl get configmaps -o name | grep /a; kctl get configmaps -o name --branch=main | grep /a"),
        "configmap/a\n"
    );
    sandbox.must("kctl store reset --branch=main");
    assert!(!sandbox.store().join("branches").exists());
    assert_eq!(sandbox.must("kctl branch"), "CURRENT   NAME\n*         main\n");
}

#[test]
fn files_that_do_not_change_are_shared_by_branches() {
    use std::os::unix::fs::MetadataExt as _;
    let sandbox = Sandbox::new(33);
    sandbox.must("kctl create configmap a && kctl branch b");
    let shared = |branch: &str| {
        let data = sandbox.store().join(branch).join("data-1");
        let runs = fs::read_dir(data).expect("data").map(|entry| entry.expect("a file"));
        let runs = runs.filter(|entry| entry.file_name().to_string_lossy().starts_with("run-"));
        runs.map(|entry| entry.metadata().expect("metadata"))
            .map(|m| (m.ino(), m.nlink(), m.mode() & 0o777))
            .collect::<Vec<_>>()
    };
    assert_eq!(shared(""), shared("branches/b"));
    assert!(shared("").iter().all(|(_, links, mode)| (*links, *mode) == (2, 0o600)));
}

#[test]
fn a_watch_ends_when_the_cluster_goes_back() {
    let sandbox = Sandbox::new(34);
    let real = |command: &str| {
        let mut process = sandbox.kctl(&command.split(' ').collect::<Vec<_>>());
        process.env("KCTL_CLOCK", "real");
        process
    };
    for command in ["create configmap first", "create configmap second"] {
        assert!(real(command).status().expect("run").success());
    }
    let mut child = real("get configmaps -w");
    let child = child.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a watch");
    let mut running = Running(child);
    let mut rows = BufReader::new(running.0.stdout.take().expect("a pipe")).lines();
    assert!(rows.by_ref().any(|row| row.expect("text").starts_with("second")));
    assert!(real("undo").status().expect("run").success());
    assert_eq!(rows.count(), 0);
    let mut error = String::new();
    running.0.stderr.take().expect("a pipe").read_to_string(&mut error).expect("text");
    assert!(error.ends_with(" to another state of its history\n"), "{error}");
    assert_eq!(running.0.wait().expect("a status").code(), Some(1));
}

#[test]
fn a_real_clock_goes_on_after_an_undo() {
    let sandbox = Sandbox::new(35);
    let run = |command: &str| sandbox.must(&format!("export KCTL_CLOCK=real; kctl {command}"));
    run("create deployment web --image=nginx");
    let before = run("get deployment web -o jsonpath={.spec.replicas}");
    run("scale deployment web --replicas=3");
    run("get pods");
    assert!(run("undo").starts_with("undone: operation "));
    assert_eq!(run("get deployment web -o jsonpath={.spec.replicas}"), before);
    assert!(run("clock").contains("mode  real"));
    run("redo");
    assert_eq!(run("get deployment web -o jsonpath={.spec.replicas}"), "3");
}

#[test]
fn an_exported_file_is_private_and_whole() {
    use std::os::unix::fs::PermissionsExt as _;
    let sandbox = Sandbox::new(36);
    sandbox.must("kctl create secret generic s --from-literal=a=b && kctl snapshot save s");
    sandbox.must("umask 0; kctl snapshot export s s.kctl");
    let metadata = fs::metadata(sandbox.path("s.kctl")).expect("a file");
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    assert_eq!(sandbox.run("kctl snapshot export s missing/s.kctl").code, 1);
    assert!(!sandbox.path("s.kctl.partial").exists());
    let other = Sandbox::new(37);
    fs::copy(sandbox.path("s.kctl"), other.path("s.kctl")).expect("copied");
    other.must("kctl snapshot import s.kctl s && kctl snapshot restore s");
    assert_eq!(state(&other, ""), state(&sandbox, ""));
    assert_eq!(other.problems(), Vec::<String>::new());
}

#[test]
fn no_value_of_a_secret_is_in_the_history() {
    let sandbox = Sandbox::new(38);
    sandbox.must("kctl create secret generic s --from-literal=k=hidden-value");
    sandbox.must("kctl patch secret s -p '{\"stringData\":{\"k\":\"hidden-value\"}}'");
    sandbox.must("kctl create configmap c --token hidden-value");
    let log =
        sandbox.must("kctl op log -o json") + &sandbox.must("kctl op show 2 -p") + &sandbox.must("kctl op show 3 -p");
    assert!(log.contains("--from-literal=k=***") && !log.contains("hidden") && !log.contains("aGlkZGVu"), "{log}");
}

#[test]
fn a_compaction_keeps_the_history() {
    let sandbox = Sandbox::new(39);
    sandbox.must("kctl create deployment web --image=nginx --replicas=2 && kctl snapshot save s");
    let before = state(&sandbox, "");
    sandbox.must("kctl clock advance 1h && kctl store compact && kctl clock advance 1h && kctl store compact");
    sandbox.must("kctl undo && kctl undo");
    assert_eq!(state(&sandbox, ""), before);
    sandbox.must("kctl redo && kctl snapshot restore s");
    assert_eq!(state(&sandbox, ""), before);
    assert_eq!(sandbox.problems(), Vec::<String>::new());
}

/// The number of processes that are killed for each command of the next test.
const ROUNDS: u64 = 8;

#[test]
fn a_killed_process_leaves_the_old_or_the_new_state() {
    let mut random = Random::new(Random::seed(40));
    let sandbox = Sandbox::new(40);
    sandbox
        .must("kctl create deployment web --image=nginx --replicas=4 && kctl clock advance 1m && kctl snapshot save s");
    let old = state(&sandbox, "");
    sandbox.must("kctl scale deployment web --replicas=2 && kctl clock advance 1m");
    let new = state(&sandbox, "");
    let mut killed = 0;
    for _ in 0..Random::rounds(ROUNDS) {
        for (command, before) in [
            ("undo", "kctl op restore 3 && kctl op restore 5"),
            ("redo", "kctl op restore 3 && kctl op restore 5 && kctl undo"),
            ("snapshot restore s", "kctl op restore 5"),
            ("op restore 5", "kctl op restore 3"),
        ] {
            sandbox.must(before);
            let start = Instant::now();
            let child = sandbox
                .kctl(&command.split(' ').collect::<Vec<_>>())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn();
            let mut process = Running(child.expect("the program"));
            thread::sleep(Duration::from_micros(random.below(30_000)));
            // Fails if the command has already ended.
            let _ = process.0.kill();
            killed +=
                u32::from(!process.0.wait().expect("a status").success() && start.elapsed() < Duration::from_secs(9));
            let found = state(&sandbox, "");
            assert!(found == old || found == new, "{command}");
        }
    }
    assert_eq!(sandbox.problems(), Vec::<String>::new());
    assert!(killed > 0, "no command was killed in time");
}

#[test]
fn a_branch_that_is_killed_at_its_beginning_is_there_or_not() {
    let mut random = Random::new(Random::seed(41));
    let sandbox = Sandbox::new(41);
    sandbox.must("kctl create deployment web --image=nginx --replicas=4");
    let expected = state(&sandbox, "");
    let mut made = 0;
    let rounds = Random::rounds(ROUNDS);
    for round in 0..rounds {
        let name = format!("b{round}");
        let child = sandbox.kctl(&["branch", &name]).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let mut process = Running(child.expect("the program"));
        thread::sleep(Duration::from_micros(random.below(30_000)));
        // Fails if the command has already ended.
        let _ = process.0.kill();
        process.0.wait().expect("a status");
        let is_there = sandbox.must("kctl branch -o name").lines().any(|line| line == format!("branch/{name}"));
        if is_there {
            assert_eq!(state(&sandbox, &format!("--branch={name}")), expected);
            made += 1;
        }
    }
    sandbox.must("kctl branch last");
    let names = fs::read_dir(sandbox.store().join("branches")).expect("branches");
    assert_eq!(names.count(), made + 1, "nothing else is left");
    assert_eq!(state(&sandbox, "--branch=last"), expected);
}
