//! Paths are bytes; variables with a value that makes no sense are refused and change nothing.

use std::fs;

use crate::harness::Sandbox;
use crate::harness::refusals::assert_refused;

/// A word of a shell that is not UTF-8.
const ODD: &str = "\"$(printf 'odd\\377')\"";

#[test]
fn paths_need_not_be_utf_8() {
    let sandbox = Sandbox::new(1);
    sandbox.must(&format!("mkdir d e s && mv d {ODD}"));
    sandbox.must(&format!("cd {ODD} && echo text > {ODD} && mkdir bin home"));
    sandbox.must(&format!(
        "kctl create configmap a --dry-run=client -o yaml > {ODD}/a.yaml && cp {ODD}/a.yaml e/{ODD}.yaml"
    ));
    // Each with a store of its own, which holds what the command has created.
    let commands = [
        ("KCTL_HOME=DIR/bin", "kctl create configmap a"),
        ("XDG_DATA_HOME=DIR KCTL_HOME=", "kctl create configmap a"),
        ("HOME=DIR/home KCTL_HOME=", "kctl create configmap a"),
        ("KCTL_HOME=s/1", "kctl create -f DIR/a.yaml"),
        ("KCTL_HOME=s/2", "kctl create -f e"),
        ("KCTL_HOME=s/3", "kctl create configmap a --from-file=k=DIR/ODD"),
        ("KCTL_HOME=s/4", "kctl create configmap a --from-env-file DIR/ODD"),
        ("KCTL_HOME=s/5", "kctl -n default --store DIR/store create configmap a"),
    ];
    for (environment, command) in commands {
        let expand = |text: &str| text.replace("DIR", &ODD.replace('"', "")).replace("ODD", &ODD.replace('"', ""));
        let (environment, command) = (expand(environment), expand(command));
        let got = sandbox.run(&format!("export {environment}; {command}"));
        assert_eq!((got.out.as_str(), got.code), ("configmap/a created\n", 0), "{environment} {command}: {got:?}");
        let store = if command.contains("--store") { expand("--store=DIR/store") } else { String::new() };
        assert_eq!(
            sandbox.must(&format!("export {environment}; kctl get configmap a -o name {store}")),
            "configmap/a\n"
        );
    }
    sandbox.must(&format!("kctl config set-context c --kubeconfig={ODD}/config"));
    assert_eq!(sandbox.must(&format!("kctl config get-contexts -o name --kubeconfig={ODD}/config")), "c\n");
    let made: Vec<_> =
        fs::read_dir(&sandbox.cwd).expect("the directory").map(|e| e.expect("an entry").file_name()).collect();
    assert!(
        made.iter().all(|name| !name.to_string_lossy().contains('\u{fffd}') || name.to_str().is_none()),
        "{made:?}"
    );
}

#[test]
fn editors_and_programs_that_compare_need_not_be_utf_8() {
    let sandbox = Sandbox::new(1);
    sandbox.must("kctl create configmap a && kctl get configmap a -o yaml > a.yaml");
    sandbox.must(&format!("printf '#!/bin/sh\\necho \"$1\" > seen' > {ODD} && chmod +x {ODD}"));
    sandbox.must(&format!("EDITOR=\"./\"{ODD}\" --flag\" kctl edit configmap a && grep -e --flag seen"));
    sandbox.must(&format!("KUBECTL_EXTERNAL_DIFF=\"./\"{ODD}\" --flag\" kctl diff -f a.yaml && grep -e --flag seen"));
}

#[test]
fn a_variable_turns_on_apply_sets() {
    let sandbox = Sandbox::new(1);
    sandbox.must("kctl create configmap a --dry-run=client -o yaml > a.yaml");
    sandbox.must("kctl create configmap b --dry-run=client -o yaml > b.yaml");
    let apply = |file: &str| format!("kctl apply -f {file} -n default --prune --applyset=set");
    assert_refused("off", &sandbox.run(&apply("a.yaml")), "unknown flag: --applyset");
    assert!(!sandbox.must("kctl apply --help").contains("--applyset"));
    assert!(sandbox.must("KUBECTL_APPLYSET=TRUE kctl apply --help").contains("--applyset"));
    sandbox.must(&format!("KUBECTL_APPLYSET=true {}", apply("a.yaml")));
    let pruned = sandbox.must(&format!("KUBECTL_APPLYSET=true {}", apply("b.yaml")));
    assert_eq!(pruned, "configmap/b created\nconfigmap/a pruned\n");
}

#[test]
fn variables_without_a_sense_are_refused() {
    let sandbox = Sandbox::new(1);
    for (variable, values) in [
        ("KCTL_CLOCK", &["sundial", "\\377"] as &[&str]),
        ("KCTL_EPOCH", &["yesterday", "2026-01-01", "2026-01-01T00:00:00Z\\377"]),
        ("KCTL_SEED", &["-1", "x", "1\\377"]),
        ("KCTL_NODES", &["0", "-1", "5001", "many"]),
        ("KCTL_PROFILE", &["k3s", "Kind", "kind\\377"]),
        ("KCTL_LATENCY", &["-5s", "-1", "1h\\377", "9223372036854775807", "soon"]),
        ("KCTL_LOG", &["debug\\377"]),
    ] {
        for value in values {
            let command = format!("{variable}=\"$(printf -- '{value}')\" kctl create configmap a");
            assert_refused(&command, &sandbox.run(&command), &format!("of {variable}"));
            assert!(!sandbox.store().exists(), "$ {command}");
        }
    }
    for command in ["get configmaps --store=", "store reset --store ''"] {
        assert_refused(command, &sandbox.run(&format!("kctl {command}")), "--store needs the path of a directory");
    }
    assert!(!sandbox.store().exists());
    assert_refused("a name", &sandbox.run(&format!("kctl create configmap {ODD}")), "is not valid UTF-8");
    sandbox.must("KCTL_LATENCY=5 kctl create configmap a");
}

#[test]
fn a_new_cluster_has_as_many_nodes_as_a_variable_says() {
    let nodes = |count: &str| {
        let sandbox = Sandbox::new(1);
        sandbox.must(&format!("KCTL_NODES={count} kctl run a --image=nginx && kctl clock settle"));
        sandbox.must("kctl get nodes -o name && kctl get pod a -o jsonpath='{.spec.nodeName}'")
    };
    assert_eq!(nodes("1"), "node/k8s-master\nk8s-master");
    assert_eq!(nodes("2"), "node/k8s-master\nnode/k8s-node1\nk8s-node1");
    assert_eq!(nodes("12").lines().count(), 13);
}

#[test]
fn programs_that_cannot_be_started_are_named_as_kubectl_names_them() {
    let sandbox = Sandbox::new(5);
    sandbox.must("kctl create configmap a");
    fs::write(sandbox.path("b.yaml"), "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n").expect("a manifest");
    for (command, error) in [
        ("EDITOR=/nope/editor kctl edit configmap a", "there was a problem with the editor \"/nope/editor\""),
        ("EDITOR=nope kctl edit configmap a", "unable to launch the editor \"nope\""),
        (
            "KUBECTL_EXTERNAL_DIFF=/nope/diff kctl diff -f b.yaml",
            "failed to run \"/nope/diff\": executable file not found in $PATH",
        ),
        (
            "KUBECTL_EXTERNAL_DIFF=nope kctl diff -f b.yaml",
            "failed to run \"nope\": executable file not found in $PATH",
        ),
    ] {
        let got = sandbox.run(command);
        assert!(got.code != 0 && got.err == format!("error: {error}\n"), "{command}: {got:?}");
    }
}

#[test]
fn a_plugin_that_cannot_be_started_is_an_error() {
    let sandbox = Sandbox::new(1);
    sandbox.must("printf '\\177ELFjunk' > bin/kubectl-broken && printf '#!/bin/sh\\nexit 3\\n' > bin/kubectl-ends && chmod +x bin/*");
    let got = sandbox.run("kctl broken");
    assert_eq!((got.code, got.err.as_str()), (1, "Error: exec format error\n"), "{got:?}");
    assert_eq!(sandbox.run("kctl ends now").code, 3);
}

#[test]
fn editors_get_the_line_endings_that_were_asked_for() {
    let sandbox = Sandbox::new(1);
    sandbox.must("kctl create configmap a --from-literal=k=v --save-config");
    sandbox.must("kctl create configmap b --dry-run=client -o yaml > b.yaml");
    sandbox.must("printf '#!/bin/sh\\ncp \"$1\" seen' > editor && chmod +x editor");
    for (command, windows) in [
        ("edit configmap a --windows-line-endings", true),
        ("edit configmap a", false),
        ("apply edit-last-applied configmap a --windows-line-endings", true),
        ("create --edit -f b.yaml --windows-line-endings", true),
    ] {
        sandbox.must(&format!("EDITOR=./editor kctl {command}"));
        let seen = fs::read_to_string(sandbox.cwd.join("seen")).expect("the text in the editor");
        let ends = |line: &str| line.ends_with('\r');
        assert_eq!(seen.trim_end_matches('\n').split('\n').all(ends), windows, "{command}: {seen:?}");
    }
}

#[test]
fn plugins_that_hide_others_are_named() {
    let sandbox = Sandbox::new(1);
    sandbox.must("mkdir one two");
    for name in ["one/kubectl-foo", "two/kubectl-foo", "one/kubectl-get"] {
        sandbox.must(&format!("printf '#!/bin/sh\\necho plugin' > {name} && chmod +x {name}"));
    }
    let list = |command: &str| sandbox.run(&format!("export PATH=$PWD/one:$PWD/two:${{PATH%%:*}}; {command}"));
    let dir = sandbox.cwd.display();
    let got = list("kubectl plugin list");
    let expected = [
        "  - warning: kubectl-get overwrites existing command: \"kubectl get\"".to_string(),
        format!(
            "  - warning: {dir}/two/kubectl-foo is overshadowed by a similarly named plugin: {dir}/one/kubectl-foo"
        ),
        "error: 2 plugin warnings were found".to_string(),
    ];
    for line in expected {
        assert!(got.err.lines().any(|found| found == line), "no {line:?} in {got:?}");
    }
    assert_eq!(got.code, 1, "{got:?}");
    assert_eq!(list("kubectl foo").out, "plugin\n");
    // A verb takes precedence over a plugin.
    assert!(list("kubectl get configmaps").out.contains("kube-root-ca.crt"));
    let none = sandbox.run("kubectl plugin list");
    assert_eq!(none.err, "error: unable to find any kubectl plugins in your PATH\n");
}
