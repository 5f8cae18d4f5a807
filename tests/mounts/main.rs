//! Full and read-only disks: a clear error, exit code 1, and an unchanged store.
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
        ("a_read_only_store_is_refused", a_read_only_store_is_refused),
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
        dd if=/dev/zero of=disk/rest bs=1k 2>/dev/null
        head -c 400000 /dev/zero | tr '\0' x > big
        for i in 1 2 3; do kctl create configmap big$i --from-file=big; echo "= $?"; done
        mount -o remount,size=8m disk || exit 7
        kctl get configmaps -o name
        kctl create configmap last || exit 6
        kctl get configmaps -o name
    "#;
    fs::write(sandbox.path("script"), script).expect("a script");
    let got = sandbox.run("unshare -rm bash script");
    let names = "configmap/first\nconfigmap/kube-root-ca.crt\n";
    let refused = "= 1\n".repeat(3);
    let after = "configmap/first\nconfigmap/kube-root-ca.crt\nconfigmap/last\n";
    assert_eq!(
        got.out,
        format!("configmap/first created\n{refused}{names}configmap/last created\n{after}"),
        "{}",
        got.err
    );
    assert_eq!(got.err.matches("error: no space left on the disk of ").count(), 3, "{}", got.err);
    assert_eq!(got.err.lines().count(), 3, "{}", got.err);
}

fn a_read_only_store_is_refused() {
    let sandbox = sandbox();
    let before = content(&sandbox);
    let script = "mount --bind $KCTL_HOME $KCTL_HOME && mount -o remount,bind,ro $KCTL_HOME || exit 9
        kctl create configmap new; echo \"= $?\" >&2; exit 1";
    fs::write(sandbox.path("script"), script).expect("a script");
    assert_refused(
        "read-only",
        &sandbox.run("unshare -rm bash script"),
        "cannot be written: read-only file system\n= 1",
    );
    assert_eq!(content(&sandbox), before);
}
