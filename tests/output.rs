//! Output that cannot be written: the command fails, however it prints, unless its reader has closed the pipe.

use crate::harness::Sandbox;

/// Runs a command whose standard output is on a full disk.
fn on_full_disk(sandbox: &Sandbox, command: &str) -> (String, i32) {
    let got = sandbox.run(&format!("{command} > /dev/full"));
    (got.err, got.code)
}

#[test]
fn every_way_to_print_fails_on_a_full_disk() {
    let sandbox = Sandbox::new(1);
    sandbox.must("kctl create configmap a --from-literal=k=v");
    sandbox.must("kctl run web --image=busybox --restart=Never -- echo hello && kctl clock advance 1m");
    sandbox.must("kctl create configmap b --dry-run=client -o yaml --from-literal=k=v > b.yaml");
    for command in [
        "kctl get configmaps",
        "kctl get configmaps -o yaml",
        "kctl get configmaps -o json",
        "kctl get configmaps -o name",
        "kctl get configmaps -o jsonpath='{.items[*].metadata.name}'",
        "kctl get configmaps -o go-template='{{len .items}}'",
        "kctl get configmaps -o custom-columns=NAME:.metadata.name",
        "kctl get pods --watch",
        "kctl logs --follow web",
        "kctl describe configmap a",
        "kctl explain pods",
        "kctl --help",
        "kctl get --help",
        "kctl options",
        "kctl version",
        "kctl completion bash",
        "KCTL_COMPLETE=fish kctl -- kctl ge",
        "kctl config view",
        "kctl config get-contexts",
        "kctl store path",
        "kctl create configmap c",
        "kctl scale --help",
    ] {
        let got = on_full_disk(&sandbox, command);
        assert_eq!(got, ("error: write /dev/stdout: no space left on device\n".into(), 1), "$ {command}");
    }
    // Status 1 would mean that there are differences.
    let (err, code) = on_full_disk(&sandbox, "kctl diff -f b.yaml");
    assert_eq!((err.as_str(), code), ("error: write /dev/stdout: no space left on device\n", 2));
}

#[test]
fn changes_are_kept_when_their_report_cannot_be_written() {
    let sandbox = Sandbox::new(1);
    assert_eq!(on_full_disk(&sandbox, "kctl create configmap a").1, 1);
    assert_eq!(sandbox.must("kctl get configmap a -o name"), "configmap/a\n");
}

#[test]
fn the_error_of_the_command_comes_first() {
    let sandbox = Sandbox::new(1);
    sandbox.must("kctl create configmap a");
    let (err, code) = on_full_disk(&sandbox, "kctl get configmaps a b");
    let expected =
        "Error from server (NotFound): configmaps \"b\" not found\nerror: write /dev/stdout: no space left on device\n";
    assert_eq!((err.as_str(), code), (expected, 1));
}

#[test]
fn a_descriptor_that_is_not_open_for_writing_is_an_error() {
    let sandbox = Sandbox::new(1);
    let got = sandbox.run("kctl version 1< /dev/null");
    assert_eq!((got.err.as_str(), got.code), ("error: write /dev/stdout: bad file descriptor\n", 1));
}
