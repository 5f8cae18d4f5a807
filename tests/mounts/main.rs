//! Full and read-only disks: they can be read, and what does not fit is a clear error and changes nothing.
//!
//! The tests mount file systems in a namespace of their own, which containers often forbid. Where it is forbidden the trials
//! are ignored: the summary counts them, and stderr gives the reason.

#[path = "../harness/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the harness serves several test programs")]
mod harness;

use std::fs;
use std::io::Write as _;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

use harness::Sandbox;
use harness::refusals::{assert_refused, content, sandbox};

fn main() -> ExitCode {
    let can_mount = Sandbox::new(3).run("unshare -rm mount -t tmpfs none /mnt").code == 0;
    if !can_mount {
        // A closed stderr must not fail the tests.
        let _ = writeln!(std::io::stderr(), "skipped: this system does not let tests mount a file system");
    }
    let cases: [(&str, fn()); 2] = [
        ("a_full_disk_fails_the_command_and_keeps_the_store", a_full_disk_fails_the_command_and_keeps_the_store),
        ("a_read_only_store_can_be_read", a_read_only_store_can_be_read),
    ];
    let trial = |(name, check): (&str, fn())| {
        let trial = Trial::test(name, move || {
            check();
            Ok(())
        });
        trial.with_ignored_flag(!can_mount)
    };
    libtest_mimic::run(&Arguments::from_args(), cases.into_iter().map(trial).collect()).exit_code()
}

fn a_full_disk_fails_the_command_and_keeps_the_store() {
    let sandbox = sandbox();
    let script = r#"
        mkdir disk && mount -t tmpfs -o size=1m none disk || exit 9
        export KCTL_HOME=$PWD/disk/store
        kctl create configmap first --from-literal=a=b || exit 8
        kctl create configmap second --from-literal=a=b || exit 8
        dd if=/dev/zero of=disk/rest bs=1k 2>/dev/null
        head -c 400000 /dev/zero | tr '\0' x > big
        for i in 1 2 3; do kctl create configmap big$i --from-file=big; echo "= $?"; done
        kctl get configmaps -o name
        kctl delete configmap first || exit 7
        kctl create configmap small || exit 6
        mount -o remount,size=8m disk || exit 5
        kctl create configmap last --from-file=big || exit 4
        kctl get configmaps -o name
    "#;
    fs::write(sandbox.path("script"), script).expect("a script");
    let got = sandbox.run("unshare -rm bash script");
    let created = ["first", "second"].map(|name| format!("configmap/{name} created\n")).concat();
    let refused = "= 1\n".repeat(3);
    let names = |names: &[&str]| names.iter().map(|name| format!("configmap/{name}\n")).collect::<String>();
    let before = names(&["first", "kube-root-ca.crt", "second"]);
    let after = names(&["kube-root-ca.crt", "last", "second", "small"]);
    let changed =
        "configmap \"first\" deleted from default namespace\nconfigmap/small created\nconfigmap/last created\n";
    assert_eq!(got.out, format!("{created}{refused}{before}{changed}{after}"), "{}", got.err);
    assert_eq!(got.err.matches("error: no space left on the disk of ").count(), 3, "{}", got.err);
    assert_eq!(got.err.matches("Free some space; ").count(), 3, "{}", got.err);
    assert_eq!(got.err.lines().count(), 6, "{}", got.err);
}

fn a_read_only_store_can_be_read() {
    let sandbox = sandbox();
    let before = content(&sandbox);
    let names = sandbox.must("kctl get configmaps -o name");
    let read_only = "mount --bind $KCTL_HOME $KCTL_HOME && mount -o remount,bind,ro $KCTL_HOME || exit 9";
    let run = |command: &str| {
        fs::write(sandbox.path("script"), format!("{read_only}\n{command}")).expect("a script");
        sandbox.run("unshare -rm bash script")
    };
    let read = run("kctl get configmaps -o name && kctl describe configmap kept && kctl store check");
    assert!(read.code == 0 && read.out.starts_with(&names) && read.err.is_empty(), "{read:?}");
    assert_refused("read-only", &run("kctl create configmap new"), "cannot be written: read-only file system");
    assert_eq!(content(&sandbox), before);
}
