//! The files that `edit` and `diff` write for other programs: private, with names that nobody can foresee, and removed even
//! when a signal ends the command.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::harness::{Output, Sandbox};

/// A sandbox with a Secret, its manifest, and an empty directory for temporary files.
struct Scene(Sandbox);

impl Scene {
    fn new() -> Scene {
        let sandbox = Sandbox::new(1);
        sandbox.must("kctl create secret generic s --from-literal=k=v && mkdir tmp");
        sandbox.must("kctl create secret generic s --dry-run=client -o yaml --from-literal=k=w > s.yaml");
        Scene(sandbox)
    }

    /// Runs a command with a script as editor and as program that compares.
    fn run(&self, command: &str, script: &str) -> Output {
        let program = self.0.path("program");
        fs::write(&program, format!("#!/bin/sh\n{script}\n")).expect("a script");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).expect("an executable script");
        let program = program.display();
        self.0.run(&format!(
            "export TMPDIR=$PWD/tmp EDITOR={program} KUBECTL_EXTERNAL_DIFF={program}; umask 0; {command}"
        ))
    }

    /// The names of the temporary files that are left.
    fn left(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path("tmp")).expect("the directory");
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
    }

    /// The line that the program has written about its arguments.
    fn seen(&self) -> String {
        fs::read_to_string(self.0.path("seen")).expect("what the program has seen")
    }
}

/// Writes the modes and names of the arguments into the file `seen`.
const LOOK: &str = "stat -c '%a %n' \"$@\" > seen";

#[test]
fn the_edited_file_is_private_and_removed() {
    let scene = Scene::new();
    let mut names = Vec::new();
    for _ in 0..2 {
        let got = scene.run("kubectl edit secret s", LOOK);
        assert_eq!((got.err.as_str(), got.code), ("Edit cancelled, no changes made.\n", 0));
        let seen = scene.seen();
        let (mode, path) = seen.trim().split_once(' ').expect("a mode and a name");
        assert_eq!(mode, "600");
        assert!(path.contains("/tmp/kubectl-edit-") && path.ends_with(".yaml"), "{path}");
        names.push(path.to_string());
        assert_eq!(scene.left(), Vec::<String>::new());
    }
    assert_ne!(names[0], names[1]);
    assert_eq!(scene.run("kctl edit secret s", "exit 3").code, 1);
    assert_eq!(scene.left(), Vec::<String>::new());
}

#[test]
fn the_compared_directories_are_private_and_removed() {
    let scene = Scene::new();
    let got = scene.run("kctl diff -f s.yaml", &format!("{LOOK}; echo different; exit 1"));
    assert_eq!((got.out.as_str(), got.code), ("different\n", 1));
    let seen = scene.seen();
    let lines: Vec<&str> = seen.lines().collect();
    assert!(lines[0].starts_with("700 ") && lines[0].contains("/tmp/LIVE-"), "{seen}");
    assert!(lines[1].starts_with("700 ") && lines[1].contains("/tmp/MERGED-"), "{seen}");
    assert_eq!(scene.left(), Vec::<String>::new());
    scene.run("kctl diff -f s.yaml | true", "seq 100000");
    assert_eq!(scene.left(), Vec::<String>::new());
}

#[test]
fn a_signal_ends_the_command_and_removes_the_files() {
    let scene = Scene::new();
    for (signal, status) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
        for command in ["kctl edit secret s", "kctl diff -f s.yaml"] {
            let script = format!("exec > /dev/null 2>&1; kill -{signal} $PPID; tail --pid=$PPID -f /dev/null");
            let got = scene.run(&format!("{command}; echo $?"), &script);
            assert_eq!(got.out, format!("{status}\n"), "{command} and SIG{signal}: {got:?}");
            assert_eq!(scene.left(), Vec::<String>::new(), "{command} and SIG{signal}");
        }
    }
}

#[test]
fn an_ignored_signal_stays_ignored() {
    let scene = Scene::new();
    let got = scene.run("trap '' HUP; kctl diff -f s.yaml; echo $?", "kill -HUP $PPID; exit 1");
    assert_eq!(got.out, "1\n", "{got:?}");
    assert_eq!(scene.left(), Vec::<String>::new());
}

#[test]
fn a_copy_is_kept_after_an_edit_that_failed() {
    let scene = Scene::new();
    // The first version is not valid; the second one is the same, or the editor fails.
    let again = [":", "exit 1"];
    let says = ["error: Edit cancelled, no valid changes were saved.\n", "error: there was a problem with the editor"];
    for (again, says) in again.into_iter().zip(says) {
        let script = format!("if grep -q wrong \"$1\"; then {again}; else echo wrong > \"$1\"; fi");
        let got = scene.run("kctl edit secret s", &script);
        assert_eq!(got.code, 1);
        let (_, copy) = got.err.split_once("A copy of your changes has been stored to \"").expect("a copy");
        let (copy, error) = copy.split_once("\"\n").expect("an error");
        assert!(error.starts_with(says), "{error}");
        assert_eq!(fs::metadata(copy).expect("the copy").permissions().mode() & 0o777, 0o600);
        assert!(fs::read_to_string(copy).expect("the copy").contains("wrong"));
        assert_eq!(scene.left().len(), 1);
        fs::remove_file(copy).expect("to remove the copy");
    }
}
