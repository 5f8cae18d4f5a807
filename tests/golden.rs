//! `kctl test`: transcripts of users run, are compared, updated and recorded.

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::harness::{Output, Running, Sandbox, poll};

/// A sandbox with transcripts, and the result of `kctl test` with arguments there.
fn run(files: &[(&str, &str)], arguments: &str) -> (Sandbox, Output) {
    let sandbox = Sandbox::new(1);
    sandbox.must("mkdir t");
    for (name, text) in files {
        let path = sandbox.path("t").join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        fs::write(path, text).expect("a transcript");
    }
    let output = sandbox.run(&format!("cd t && kctl test {arguments}"));
    (sandbox, output)
}

const GOOD: &str =
    "```console\n$ kctl create configmap a\nconfigmap/a created\n$ x=5; cd sub\n$ echo $x; cat file\n5\ntext\n```\n";

#[test]
fn transcripts_that_agree_are_counted() {
    let files =
        [("a.md", GOOD), ("sub/file", "text\n"), ("sub/b.t", "  $ kubectl get cm a\n  ... \n"), ("notes.md", "text")];
    let (_, done) = run(&files, "a.md");
    assert_eq!((done.out.as_str(), done.code), ("1 transcript, 3 steps: all agree\n", 0), "{done:?}");
    let (_, done) = run(&files, ". --run 'a\\.md$' -v");
    assert_eq!(done.out, "agrees  a.md (3 steps)\n1 transcript, 3 steps: all agree\n", "{done:?}");
}

#[test]
fn differences_have_the_lines_of_the_file() {
    let text = "Title\n\n  $ kctl create configmap a\n  created\n  $ kctl get configmap b\n";
    let (sandbox, done) = run(&[("a.t", text), ("b.md", GOOD), ("sub/file", "text\n")], ".");
    let diff = "--- a.t\n+++ a.t (actual)\n@@ -1,5 +1,7 @@ $ kctl create configmap a\n Title\n \n   \
                $ kctl create configmap a\n-  created\n+  configmap/a created\n   $ kctl get configmap b\n+  \
                Error from server (NotFound): configmaps \"b\" not found\n+  [1]\n2 transcripts, 5 steps: 1 agree, 1 differs\n";
    assert_eq!((done.out.as_str(), done.err.as_str(), done.code), (diff, "", 1));
    assert_eq!(fs::read_to_string(sandbox.path("t/a.t")).expect("the file"), text);
}

#[test]
fn an_update_replaces_output_and_keeps_what_still_matches() {
    let text = "# kctl: seed=4\n  $ kctl create configmap a\n  *created (glob)\n  $ kctl get cm -o name\n  ...\n  configmap/b\n";
    let updated = text.replace("  configmap/b\n", "  configmap/kube-root-ca.crt\n");
    let (sandbox, done) = run(&[("a.t", text)], "--update a.t");
    assert_eq!((done.out.as_str(), done.code), ("1 transcript, 2 steps: 1 updated\n", 0), "{done:?}");
    assert_eq!(fs::read_to_string(sandbox.path("t/a.t")).expect("the file"), updated);
    assert_eq!(sandbox.run("kctl test t/a.t").code, 0);
    // Nothing else was left beside it.
    assert_eq!(sandbox.must("ls -A t"), "a.t\n");
}

#[test]
fn each_file_has_its_own_cluster_and_settings() {
    let pods = "  $ kubectl run a --image=nginx > /dev/null\n  $ kubectl get nodes --no-headers | wc -l\n  5\n  $ kctl clock\n  ...\n";
    let five = format!(
        "# kctl: nodes=5 latency=0\n{pods}  $ kubectl get pod a --no-headers\n  a     1/1   Running   0     0s\n"
    );
    let env = "  $ env | sed 's/=.*//' | grep -v -e _ -e PWD | sort\n  HOME\n  PATH\n  SANDBOX\n  TMPDIR\n  TZ\n  $ echo $KCTL_CLOCK $KCTL_SEED $HOME\n  virtual 1 $SANDBOX/home\n";
    let (_, done) = run(&[("a.t", &five), ("b.t", env)], "a.t b.t");
    assert_eq!((done.out.as_str(), done.code), ("2 transcripts, 6 steps: all agree\n", 0), "{done:?}");
    let seeded = "  $ kctl create deployment w --image=nginx && kctl clock settle && kctl get pods -o name\n";
    let (sandbox, _) = run(&[("a.t", seeded), ("b.t", seeded)], "--update --seed 7 a.t");
    assert_eq!(sandbox.run("kctl test --seed=7 t/a.t").code, 0);
    assert_eq!(sandbox.run("kctl test --seed=8 t/a.t").code, 1);
}

#[test]
fn files_that_make_no_sense_are_named_with_the_line() {
    let files = [
        ("binary.t", "  $ a\n\0"),
        ("empty.md", "text"),
        ("open.md", "\n```console\n$ a\n"),
        ("orphan.t", "  output\n"),
        ("regex.t", "  $ true\n  ( (re)\n"),
        ("setting.md", "<!-- kctl: nodes=none -->\n```console\n$ a\n```\n"),
        ("good.t", "  $ true\n"),
    ];
    let names = files.map(|(name, _)| name).join(" ");
    let (_, done) = run(&files, &names);
    let errors = "binary.t:2: not a text file: there is a zero byte\n\
                  empty.md: there are no commands in it: they begin with `$ `, in a block marked `console` or indented by two blanks\n\
                  open.md:2: the block that begins here has no end\n\
                  orphan.t:1: output without a command (`$ COMMAND`) before it\n\
                  regex.t:2: \"(\" is not a regular expression\n\
                  setting.md:1: invalid value \"none\" of nodes\n";
    assert_eq!((done.err.as_str(), done.code), (errors, 2));
    assert_eq!(done.out, "7 transcripts, 1 step: 1 agree, 6 broken\n");
    for (arguments, error) in [
        ("nope.md", "error: open nope.md: no such file or directory\n"),
        ("a.txt", "error: a.txt: a transcript is a Markdown file (.md) or cram's (.t)\n"),
        ("good.t --run '('", "error: --run \"(\" is no regular expression\n"),
    ] {
        let (_, done) = run(&[("good.t", "  $ true\n"), ("a.txt", "")], arguments);
        assert_eq!((done.err.as_str(), done.code), (error, 2), "{arguments}");
    }
}

#[test]
fn commands_that_do_not_end_or_end_the_shell_are_named() {
    let files =
        [("a.t", "  $ echo a\n  a\n  $ sleep 1000\n  $ echo b\n"), ("b.t", "  $ exit 3\n  [3]\n\n  $ echo b\n")];
    let (sandbox, done) = run(&files, "--timeout 300ms --update --junit report.xml .");
    let errors = "a.t:3: the command did not end within 300ms and was killed; nothing from line 4 on was run\n\
                  b.t:1: the command ended the shell; nothing from line 4 on was run\n";
    assert_eq!((done.err.as_str(), done.code), (errors, 1), "{done:?}");
    assert_eq!(fs::read_to_string(sandbox.path("t/a.t")).expect("the file"), files[0].1);
    let report = fs::read_to_string(sandbox.path("t/report.xml")).expect("the report");
    assert!(report.contains("tests=\"5\" failures=\"0\" errors=\"2\" skipped=\"2\""), "{report}");
}

#[test]
fn sessions_of_other_clusters_agree() {
    let text = "```console\n$ kubectl create deployment w --image=nginx --replicas=2\ndeployment.apps/w created\n\
                $ kubectl rollout status deploy/w\n...\ndeployment \"w\" successfully rolled out\n$ kubectl get pods -o wide\n\
                NAME                READY   STATUS    RESTARTS   AGE    IP           NODE        NOMINATED NODE   READINESS GATES\n\
                w-5d98f97559-9ntlz  1/1     Running   0          5m2s   10.42.0.7   k8s-node1   <none>           <none>\n\
                w-5d98f97559-gw2fl  1/1     Running   0          5m2s   10.42.0.9   k8s-node1   <none>           <none>\n\
                $ kubectl delete pod w-5d98f97559-gw2fl --namespace=default\npod \"w-5d98f97559-gw2fl\" deleted from default namespace\n```\n";
    let (_, done) = run(&[("a.md", text)], "--like-cluster a.md");
    assert_eq!((done.out.as_str(), done.code), ("1 transcript, 4 steps: all agree\n", 0), "{done:?}");
    // A name cannot stand for two.
    let (_, done) =
        run(&[("a.md", &text.replace("pod \"w-5d98f97559-gw2fl", "pod \"w-5d98f97559-9ntlz"))], "--like-cluster a.md");
    assert_eq!(done.code, 1, "{done:?}");
}

#[test]
fn a_signal_ends_everything_and_leaves_nothing() {
    let sandbox = Sandbox::new(1);
    let pid_file = sandbox.path("pid");
    let text = format!("  $ sleep 1000 & echo $! > {0}.new && mv {0}.new {0}; sleep 1000\n", pid_file.display());
    fs::write(sandbox.path("a.t"), text).expect("a transcript");
    fs::create_dir(sandbox.path("tmp")).expect("a directory");
    let mut process = sandbox.kctl(&["test", "a.t"]);
    process.env("TMPDIR", sandbox.path("tmp")).env("PATH", "/usr/bin:/bin").stdout(Stdio::null()).stderr(Stdio::null());
    let mut running = Running(process.spawn().expect("the program"));
    let limit = Duration::from_secs(30);
    let pid = poll(limit, "the command runs", || fs::read_to_string(&pid_file).ok());
    let sent = Command::new("kill").args(["-s", "INT", &running.0.id().to_string()]).status().expect("kill");
    assert!(sent.success());
    poll(limit, "kctl test ends", || running.0.try_wait().expect("a status"));
    let is_gone = || {
        let state = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
        (state.is_empty() || state.contains(") Z ")).then_some(())
    };
    poll(limit, "the background job is killed", is_gone);
    assert_eq!(fs::read_dir(sandbox.path("tmp")).expect("the directory").count(), 0);
}

#[test]
fn recordings_run_again() {
    let sandbox = Sandbox::new(1);
    let script = "#!/bin/sh\n# Text.\nkubectl create configmap a\n\nfor i in 1 2\ndo echo $i\ndone\nkubectl get nope\n";
    fs::write(sandbox.path("script"), script).expect("a script");
    for (file, header) in
        [("a.md", "<!-- kctl: seed=7 -->\nText.\n\n```console\n$ k"), ("a.t", "# kctl: seed=7\nText.\n\n  $ k")]
    {
        let done = sandbox.run(&format!("kctl test record {file} --seed=7 -- bash script"));
        assert_eq!((done.out.as_str(), done.code), (format!("{file}: 3 commands\n").as_str(), 0), "{done:?}");
        let text = fs::read_to_string(sandbox.path(file)).expect("a transcript");
        assert!(text.starts_with(header) && text.contains("> do echo $i\n"), "{text}");
        assert_eq!(sandbox.must(&format!("kctl test {file}")), "1 transcript, 3 steps: all agree\n");
        let again = sandbox.run(&format!("kctl test record {file} script"));
        assert_eq!((again.code, again.err.as_str()), (2, format!("error: create {file}: file exists\n").as_str()));
    }
    sandbox.must("echo 'echo a' | kctl test record b.t && kctl test b.t");
    for (command, error) in [
        ("kctl test record c.t </dev/null", "error: there was no command to record\n"),
        ("KCTL_TEST_SHELL=nope kctl test record c.t script", "error: run nope: no such file or directory\n"),
        ("kctl test record c.txt", "error: c.txt: a transcript is a Markdown file (.md) or cram's (.t)\n"),
    ] {
        assert_eq!(sandbox.run(command).err, error, "{command}");
        assert!(!sandbox.path("c.t").exists(), "{command}");
    }
}

/// The README shows real output.
#[test]
fn the_readme_agrees() {
    let sandbox = Sandbox::new(1);
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    fs::copy(root.join("README.md"), sandbox.path("README.md")).expect("the README");
    crate::harness::copy_tree(&root.join("testdata/seeds"), &sandbox.path("testdata/seeds"));
    let done = sandbox.run("kctl test README.md");
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
}
