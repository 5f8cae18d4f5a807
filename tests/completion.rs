//! Completion in shells: it never waits for the store, never makes one, and completes file names.

use std::time::{Duration, Instant};

use crate::harness::Sandbox;

/// The candidates for the last word of a command line.
fn candidates(sandbox: &Sandbox, line: &str) -> Vec<String> {
    let index = line.split(' ').count() - 1;
    let variables = format!("KCTL_COMPLETE=bash _CLAP_IFS=$'\\n' _CLAP_COMPLETE_INDEX={index}");
    sandbox.must(&format!("{variables} kctl -- {line}")).lines().map(String::from).collect()
}

#[test]
fn no_store_is_made() {
    let sandbox = Sandbox::new(1);
    assert!(candidates(&sandbox, "kctl get po").contains(&"pods".to_string()));
    assert_eq!(candidates(&sandbox, "kctl get pods w"), Vec::<String>::new());
    assert!(!sandbox.store().exists());
    sandbox.must("kctl create configmap web");
    assert_eq!(candidates(&sandbox, "kctl get configmaps w"), ["web"]);
    assert_eq!(candidates(&sandbox, "kctl get cm/w"), ["cm/web"]);
}

#[test]
fn nothing_is_offered_while_the_store_is_in_use() {
    let sandbox = Sandbox::new(1);
    sandbox.must("kctl create configmap web");
    let held = sandbox.cluster();
    let start = Instant::now();
    assert_eq!(candidates(&sandbox, "kctl get configmaps w"), Vec::<String>::new());
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    drop(held);
    assert_eq!(candidates(&sandbox, "kctl get configmaps w"), ["web"]);
}

#[test]
fn verbs_and_their_flags_are_completed() {
    let sandbox = Sandbox::new(1);
    for (line, wanted) in [
        ("kctl roll", "rollout"),
        ("kctl -n default rollout res", "restart"),
        ("kctl rollout restart --sel", "--selector"),
        ("kctl --namespace default delete pods --grace", "--grace-period"),
        ("kctl get --names", "--namespace"),
    ] {
        let got = candidates(&sandbox, line);
        assert!(got.iter().any(|candidate| candidate == wanted), "{line}: {got:?}");
    }
}

#[test]
fn operations_snapshots_and_branches_are_completed() {
    let sandbox = Sandbox::new(1);
    assert_eq!(candidates(&sandbox, "kctl undo ''"), Vec::<String>::new());
    sandbox.must("kctl create configmap a && kctl snapshot save before && kctl branch other");
    for (line, wanted) in [
        ("kctl undo ''", &["2", "1"][..]),
        ("kctl op show 2", &["2"]),
        ("kctl snapshot restore ''", &["before"]),
        ("kctl snapshot diff before ''", &["before", "main", "other"]),
        ("kctl branch switch o", &["other"]),
    ] {
        assert_eq!(candidates(&sandbox, line), wanted, "{line}");
    }
}

#[test]
fn files_are_completed() {
    let sandbox = Sandbox::new(1);
    sandbox.must("touch file.yaml && mkdir folder");
    for flag in ["apply -f", "create configmap a --from-file", "patch -n default --patch-file", "get --kubeconfig"] {
        assert_eq!(candidates(&sandbox, &format!("kctl {flag} fi")), ["file.yaml"], "{flag}");
    }
    assert_eq!(candidates(&sandbox, "kctl apply -f=fo"), ["-f=folder/"]);
    assert_eq!(candidates(&sandbox, "kctl apply -k fo"), ["folder/"]);
    // Elsewhere, bash completes them itself.
    let registered = sandbox.must("source <(kctl completion bash) && complete -p kctl");
    assert!(registered.contains("-o bashdefault") && registered.contains("-o default"), "{registered}");
}

#[test]
fn an_unknown_shell_is_an_error() {
    let sandbox = Sandbox::new(1);
    let got = sandbox.run("KCTL_COMPLETE=tcsh kctl -- kctl get");
    assert_eq!((got.err.as_str(), got.code), ("error: unsupported shell type \"tcsh\"\n", 1));
}
