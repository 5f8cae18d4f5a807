//! Processes, signals, files and terminals as scripts see them.

use kctl_base::sim::Duration;

use super::{Nowhere, answer, start, world};
use crate::process::{Signal, Status};
use crate::world::{StoredWorld, Stream, World};

fn check(script: &str, out: &str) {
    for image in ["busybox", "debian"] {
        let found = answer(image, &["sh", "-c", script], "");
        assert_eq!(found.out, out, "{script} in {image}: {found:?}");
    }
}

#[test]
fn a_file_that_is_open_can_be_read_after_it_was_removed() {
    check("echo a >/tmp/f; exec 3</tmp/f; rm /tmp/f; cat <&3; ls /tmp/f 2>/dev/null || echo gone", "a\ngone\n");
}

#[test]
fn named_pipes_connect_processes() {
    check("mkfifo /tmp/p; (echo one; echo two) >/tmp/p & cat /tmp/p", "one\ntwo\n");
    check("mkfifo /tmp/p; cat /tmp/p & echo x >/tmp/p; wait", "x\n");
}

#[test]
fn proc_has_files_about_processes() {
    check("X=5 sh -c 'tr \"\\0\" \"\\n\" </proc/self/environ' | grep ^X", "X=5\n");
    check("tr '\\0' '\\n' </proc/1/cmdline", "sleep\ninfinity\n");
    check("cd /proc/self && [ -e status ] && cat /proc/sys/kernel/hostname", "pod\n");
}

#[test]
fn a_full_pipe_waits_for_its_reader() {
    check("yes | head -n 2; yes | { sleep 1; head -n 1; }", "y\ny\ny\n");
    check("i=0; while [ $i -lt 9000 ]; do echo 0123456789; i=$((i+1)); done | sort | tail -n 1", "0123456789\n");
}

#[test]
fn a_broken_pipe_ends_the_writer() {
    check("{ while true; do echo y; done; echo never >&2; } | head -n 1", "y\n");
}

#[test]
fn background_jobs_are_waited_for() {
    check("sleep 2 & sleep 1 & wait; date +%s", "1767225602\n");
    check("(sleep 1; echo child) & echo parent; wait; echo end", "parent\nchild\nend\n");
    check("sleep 50 & p=$!; kill $p; wait $p 2>/dev/null; echo $?", "143\n");
}

/// Runs a world for some seconds after it was sent a signal.
fn stop(script: &str, image: &str) -> (World, Option<Status>) {
    let mut world = world(image, &["sh", "-c", script]);
    world.run(&mut Nowhere(1), start() + Duration::from_secs(10), 10_000);
    world.signal("main", Signal::Term);
    world.run(&mut Nowhere(1), start() + Duration::from_secs(40), 10_000);
    let status = world.containers["main"].exit.map(|exit| exit.status);
    (world, status)
}

#[test]
fn a_main_shell_without_a_trap_ignores_a_signal() {
    let (_, status) = stop("while true; do sleep 5; done", "busybox");
    assert_eq!(status, None);
    let (_, status) = stop("sleep 3600", "debian");
    assert_eq!(status, None);
}

#[test]
fn a_trap_runs_when_the_foreground_child_has_ended() {
    let (world, status) = stop("trap 'date +%s; exit 3' TERM; while true; do sleep 7; done", "debian");
    assert_eq!(status, Some(Status::Exited(3)));
    let lines: Vec<&str> = world.containers["main"].log.lines().map(|line| line.text.as_str()).collect();
    assert_eq!(lines, ["1767225614"]);
    let (world, status) = stop("trap 'echo stop; exit 0' TERM; sleep 3600 & wait $!", "busybox");
    assert_eq!(status, Some(Status::Exited(0)));
    assert_eq!(world.containers["main"].exit.map(|exit| exit.at), Some(start() + Duration::from_secs(10)));
}

/// Types lines on a terminal and returns what is shown after each.
fn type_lines(image: &str, argv: &[&str], lines: &[&str]) -> (Vec<String>, Option<Status>) {
    let mut world = world(image, &["sleep", "3600"]);
    let argv: Vec<String> = argv.iter().map(ToString::to_string).collect();
    let session = world.exec(&mut Nowhere(1), "main", &argv, true, true).expect("the shell starts");
    let mut shown = Vec::new();
    let mut now = start();
    for line in std::iter::once(&"").chain(lines) {
        world.feed(session, line.as_bytes());
        now += Duration::from_secs(1);
        world.run(&mut Nowhere(1), now, 10_000);
        let output = world.take_output(session).into_iter().flat_map(|(_, bytes): (Stream, Vec<u8>)| bytes).collect();
        shown.push(String::from_utf8(output).expect("text"));
    }
    (shown, world.sessions[&session].status)
}

#[test]
fn an_interactive_shell_prompts_and_goes_on_after_errors() {
    let lines = ["echo hi\n", "nope\n", "cd /tmp\n", "if true; then\n", "echo yes; fi\n", "fi\n", "exit 3\n"];
    let (shown, status) = type_lines("busybox", &["sh"], &lines);
    let expected = [
        "/ # ",
        "hi\n/ # ",
        "sh: nope: not found\n/ # ",
        "/tmp # ",
        "> ",
        "yes\n/tmp # ",
        "sh: syntax error: unexpected \"fi\"\n/tmp # ",
        "",
    ];
    assert_eq!((shown, status), (expected.map(String::from).to_vec(), Some(Status::Exited(3))));
    let (shown, status) = type_lines("debian", &["bash"], &["cd /usr/bin\n", "false\n", "\u{4}"]);
    let expected = ["root@pod:/# ", "root@pod:/usr/bin# ", "root@pod:/usr/bin# ", "exit\n"];
    assert_eq!((shown, status), (expected.map(String::from).to_vec(), Some(Status::Exited(1))));
}

#[test]
fn an_interrupt_ends_the_foreground_and_not_the_shell() {
    let (shown, status) =
        type_lines("busybox", &["sh"], &["sleep 100\n", "\u{3}", "echo $?\n", "echo partial\u{3}", "echo on\n"]);
    let expected = ["/ # ", "", "\n/ # ", "130\n/ # ", "\n/ # ", "on\n/ # "];
    assert_eq!((shown, status), (expected.map(String::from).to_vec(), None));
}

#[test]
fn a_world_can_be_stored_after_every_step() {
    let script = "f() { local x=$1; [ $x -gt 0 ] && { echo $x; f $((x-1)); }; return 0; }
        f 3 | while read a; do echo \"got $a\"; done
        for i in 1 2; do case $i in 1) echo one;; *) echo $(echo two);; esac; done
        trap 'echo bye' EXIT; sleep 1 & wait; cat <<E
doc $?
E
        x=5; while [ $x -gt 3 ]; do x=$((x-1)); sleep 1; done; (exit 4) || echo $?";
    for (image, shell) in [("busybox", "sh"), ("debian", "sh"), ("debian", "bash")] {
        let mut run = world(image, &[shell, "-c", script]);
        let mut stored = run.clone();
        let until = start() + Duration::from_secs(100);
        run.run(&mut Nowhere(1), until, 100_000);
        let mut steps = 0;
        while stored.run(&mut Nowhere(1), until, 1).is_exhausted {
            let text = serde_json::to_string(&StoredWorld::from(stored.clone())).expect("a world can be stored");
            let loaded: StoredWorld = serde_json::from_str(&text).expect("a world can be loaded");
            let loaded = World::from(loaded);
            assert_eq!(loaded, stored, "{script} after {steps} steps");
            stored = loaded;
            steps += 1;
        }
        assert!(steps > 15, "{steps}");
        let lines = |world: &World| world.containers["main"].log.lines().cloned().collect::<Vec<_>>();
        assert_eq!(lines(&stored), lines(&run));
        assert_eq!(stored.containers["main"].exit, run.containers["main"].exit);
        assert_eq!(lines(&run).len(), 8, "{:?}", lines(&run));
    }
}
