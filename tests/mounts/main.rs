//! Full and read-only disks: they can be read, and what does not fit is a clear error and changes nothing.
//!
//! The tests mount file systems in a namespace of their own, and one of them an image of ext4, which containers often forbid.
//! Where it is forbidden the trials are ignored: the summary counts them, and stderr gives the reason.

#[path = "../harness/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the harness serves several test programs")]
mod harness;

use std::fs;
use std::io::Write as _;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

use harness::refusals::{assert_refused, content, sandbox};
use harness::{Sandbox, copy_tree, testdata};

/// A trial with the command that shows whether this system lets it mount what it needs.
struct Case {
    name: &'static str,
    possible: &'static str,
    check: fn(),
}

const TMPFS: &str = "unshare -rm mount -t tmpfs none /mnt";
const IMAGE: &str = "PATH=$PATH:/usr/sbin:/sbin; truncate -s 8M i && mkfs.ext4 -q i && mkdir d && unshare -m env PATH=$PATH mount -o loop i d";

const CASES: [Case; 4] = [
    Case {
        name: "a_full_disk_fails_the_command_and_keeps_the_store",
        possible: TMPFS,
        check: a_full_disk_fails_the_command_and_keeps_the_store,
    },
    Case { name: "a_read_only_store_can_be_read", possible: TMPFS, check: a_read_only_store_can_be_read },
    Case {
        name: "an_image_of_ext4_has_what_was_acknowledged",
        possible: IMAGE,
        check: an_image_of_ext4_has_what_was_acknowledged,
    },
    Case {
        name: "an_image_of_ext4_has_stores_that_were_made_compacted_reset_or_taken_over",
        possible: IMAGE,
        check: an_image_of_ext4_has_stores_that_were_made_compacted_reset_or_taken_over,
    },
];

fn main() -> ExitCode {
    let trial = |case: Case| {
        let is_possible = Sandbox::new(3).run(case.possible).code == 0;
        if !is_possible {
            // A closed stderr must not fail the tests.
            let reason = "this system does not let tests mount the file system";
            drop(writeln!(std::io::stderr(), "skipped: {}: {reason}", case.name));
        }
        let trial = Trial::test(case.name, move || {
            (case.check)();
            Ok(())
        });
        trial.with_ignored_flag(!is_possible)
    };
    libtest_mimic::run(&Arguments::from_args(), CASES.into_iter().map(trial).collect()).exit_code()
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

/// The beginning of scripts that copy the image of a mounted file system while commands write to it, as a power failure would
/// leave it. The copy shows what has reached the disk, and mounting it replays the journal of the file system.
///
/// `acknowledge TEXT` replaces what a cut finds in `$before`; `cut PROCESS_GROUP` mounts a copy as `cut`.
const CUTS: &str = r#"
    PATH=$PATH:/usr/sbin:/sbin
    truncate -s 32M disk.img && mkfs.ext4 -q disk.img && mkdir disk cut && mount -o loop disk.img disk || exit 9
    echo 0 > acknowledged
    acknowledge() { echo "$1" > acknowledged.new && mv acknowledged.new acknowledged; }
    cut() {
        sleep 0.$((RANDOM % 4))$((RANDOM % 10))
        # Nothing is written while the copy is made.
        kill -STOP -- -$1
        before=$(cat acknowledged)
        cp disk.img cut.img
        kill -CONT -- -$1
        mount -o loop cut.img cut || exit 8
    }
    set -m
"#;

/// Runs a script that begins with [`CUTS`] and prints a line for everything that is wrong, and at the end what was
/// acknowledged.
fn run_with_cuts(script: &str) {
    let sandbox = sandbox();
    fs::write(sandbox.path("script"), format!("{CUTS}{script}")).expect("a script");
    copy_tree(&testdata().join("stores/format-1"), &sandbox.path("old"));
    let rounds = harness::random::Random::rounds(3);
    let got = sandbox.run(&format!("ROUNDS={rounds} unshare -m bash script"));
    let acknowledged = got.out.strip_prefix("acknowledged: ").is_some_and(|text| !text.trim().is_empty());
    assert!(got.code == 0 && acknowledged, "{got:?}");
}

fn an_image_of_ext4_has_what_was_acknowledged() {
    run_with_cuts(
        r#"
        write() {
            for i in $(seq 100000); do
                kctl create configmap c$i --from-literal=a=b --store disk/store > created && acknowledge $i
            done
        }
        write & writer=$!
        for round in $(seq $ROUNDS); do
            cut $writer
            if [ -d cut/store ]; then
                kctl store check --store cut/store > check || { cat check; echo "damaged after $before"; }
                found=$(kctl get configmaps -o name --store cut/store | grep -c /c)
            else
                found=0
            fi
            [ $found -ge $before ] && [ $found -le $((before + 1)) ] || echo "$found of $before"
            if [ $found -gt 0 ]; then
                kctl undo --store cut/store > undone || echo "the past of $found is lost"
                left=$(kctl get configmaps -o name --store cut/store | grep -c /c)
                [ $left -eq $((found - 1)) ] || echo "$left after the undo of $found"
            fi
            umount cut
        done
        kill -KILL -- -$writer
        echo "acknowledged: $before"
        "#,
    );
}

/// Every round of the writer has stores of its own, so that a cut finds no half of an earlier removal. What is acknowledged
/// is the number of the round, and a ConfigMap for every store that must have it.
fn an_image_of_ext4_has_stores_that_were_made_compacted_reset_or_taken_over() {
    run_with_cuts(
        r#"
        write() {
            for i in $(seq 100000); do
                said=$i
                add() { said="$said $1"; acknowledge "$said"; }
                mkdir disk/$i && acknowledge $i && rm -rf disk/$((i - 1))
                create() { kctl create configmap $2 --store disk/$i/$1 > created && add $1/$2; }
                create new a
                kctl store compact --store disk/$i/new > compacted
                create new b
                kctl branch br --store disk/$i/new > made && add new/branches/br/b
                # Undone is the creation of b.
                said=${said/ new\/b/} && acknowledge "$said"
                kctl undo --store disk/$i/new > undone && add new/a
                kctl create configmap a --store disk/$i/reset > created
                kctl store reset --store disk/$i/reset > done
                create reset b
                cp -r old disk/$i/old && sync -f disk && add old/settings
                create old a
            done
        }
        write & writer=$!
        for round in $(seq $ROUNDS); do
            cut $writer
            set -- $before
            stores=cut/$1
            shift
            for store in new reset; do
                [ ! -d $stores/$store ] || kctl get configmaps --store $stores/$store > found || echo "$store after $*"
            done
            for expected; do
                store=$stores/${expected%/*}
                kctl store check --store $store > check || { cat check; echo "damaged after $*"; }
                kctl get configmap ${expected##*/} --store $store > found || echo "lost after $*"
            done
            umount cut
        done
        kill -KILL -- -$writer
        echo "acknowledged: $before"
        "#,
    );
}
