//! Commands with endless work stay within a bound of memory: they do it in portions, and keep a bounded size of objects.

use crate::harness::Sandbox;

/// The address space that a command may use, in KiB: 400 MiB, and 128 MiB that are only reserved, for its stack.
const LIMIT_KIB: u64 = (400 + 128) << 10;

/// Runs a command that must succeed within the limit.
fn must_fit(sandbox: &Sandbox, command: &str) -> String {
    sandbox.must(&format!("ulimit -v {LIMIT_KIB}; {command}"))
}

#[test]
fn replicas_without_number_are_created_in_portions() {
    let sandbox = Sandbox::new(1);
    must_fit(&sandbox, "kctl create deployment web --image=nginx --replicas=2147483647");
    must_fit(&sandbox, "kctl clock advance 1s");
    let pods: usize =
        must_fit(&sandbox, "kctl get deployment web -o jsonpath='{.status.replicas}'").parse().expect("a number");
    assert!((500..=2_000).contains(&pods), "{pods} pods");
    must_fit(&sandbox, "kctl delete deployment web");
}

#[test]
fn a_long_time_is_caught_up_with_in_portions() {
    let sandbox = Sandbox::new(1);
    sandbox.must("kctl create cronjob often --image=busybox --schedule='*/5 * * * *' -- true");
    must_fit(&sandbox, "kctl clock advance 24h");
    // The history limit, and one that may be running.
    assert!((3..=4).contains(&must_fit(&sandbox, "kctl get jobs -o name").lines().count()));
}
