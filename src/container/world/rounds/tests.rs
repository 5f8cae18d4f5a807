//! Skipped rounds leave what would be there if they had run.

use kctl_base::sim::Duration;

use crate::shell::tests::{Nowhere, start, world};
use crate::world::World;

/// Runs a script with and without skipping and compares everything.
fn check(image: &str, script: &str, seconds: i64) {
    let mut skipped = world(image, &["sh", "-c", script]);
    let mut run = skipped.clone();
    let until = start() + Duration::from_secs(seconds);
    let ended = skipped.run(&mut Nowhere(1), until, u64::MAX);
    let expected = run.run_plainly(&mut Nowhere(1), until, u64::MAX);
    assert_eq!(ended, expected, "{script}");
    let logs = |world: &World| {
        let log = &world.containers["main"].log;
        (log.lines().cloned().collect::<Vec<_>>(), log.bytes(), log.count())
    };
    let (found, expected) = (logs(&skipped), logs(&run));
    assert_eq!(found.0.len(), expected.0.len(), "{script}");
    assert!(found == expected, "{script}: {:?} {:?} {:?} {:?}", found.0.last(), expected.0.last(), found.1, expected.1);
    let pids = |world: &World| world.containers["main"].processes.keys().copied().collect::<Vec<_>>();
    assert_eq!(pids(&skipped), pids(&run), "{script}");
}

#[test]
fn a_loop_that_prints_nothing_is_skipped() {
    check("busybox", "while true; do sleep 7; done", 3_000);
    check("debian", "while true; do sleep 5; done & while true; do sleep 3; done", 3_000);
}

#[test]
fn loops_are_skipped_with_exact_logs() {
    let pad = "x".repeat(1_000_000);
    check("busybox", &format!("while true; do echo {pad} $(date); sleep 1; done"), 150);
    check("debian", &format!("i=0; while true; do echo \"$i: $(date) {pad}\"; i=$((i+1)); sleep 1; done"), 150);
    check("busybox", &format!("i=8; while :; do echo $i {pad}; i=$((i + 3)); sleep 2; echo b; sleep 1; done"), 350);
}

#[test]
fn what_depends_on_a_counter_runs() {
    check("busybox", "i=0; while true; do if [ $i -gt 500 ]; then echo $i; fi; i=$((i+1)); sleep 1; done", 1_000);
    check("debian", "i=0; while [ $i -lt 500 ]; do i=$((i+1)); sleep 1; done; echo end $i", 1_000);
    check("debian", "i=0; while true; do i=$((i+1)); sleep $((i/100+1)); echo $i; done", 1_000);
    check("debian", "i=0; while true; do i=$((i+1)); case $i in 300) exit 3;; esac; sleep 1; done", 1_000);
    check("debian", "i=0; while true; do i=$((i+1)); echo $i | grep 99; sleep 1; done", 1_000);
}

#[test]
fn a_year_of_a_loop_takes_no_time() {
    for script in
        ["while true; do date; sleep 1; done", "i=0; while true; do echo \"$i: $(date)\"; i=$((i+1)); sleep 1; done"]
    {
        let mut world = world("busybox", &["sh", "-c", script]);
        world.lines_wanted = 10;
        let outcome = world.run(&mut Nowhere(1), start() + Duration::from_secs(365 * 86_400), 10_000);
        assert!(!outcome.is_exhausted, "{script}");
        let log = &world.containers["main"].log;
        let last = log.lines().next_back().expect("a line");
        assert!(last.text.ends_with("Fri Jan  1 00:00:00 UTC 2027"), "{script}: {}", last.text);
        assert_eq!(log.count(), 365 * 86_400 + 1);
    }
}

#[test]
fn loops_in_sessions_are_skipped_where_nobody_wants_to_see_them() {
    let mut world = world("debian", &["sleep", "infinity"]);
    let argv = ["sh", "-c", "i=0; while true; do i=$((i+1)); echo $i; date; sleep 1; done"].map(String::from);
    world.exec(&mut Nowhere(1), "main", &argv, false, false).expect("the shell starts");
    world.lines_wanted = 0;
    let outcome = world.run(&mut Nowhere(1), start() + Duration::from_secs(10 * 365 * 86_400), 10_000);
    assert!(!outcome.is_exhausted);
}
