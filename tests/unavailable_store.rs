//! A store that cannot be used: every command that needs it says why, and the others work.

use crate::harness::Sandbox;
use crate::harness::refusals::assert_refused;

/// Commands that look up a resource.
const COMMANDS: &[&str] = &[
    "get configmaps",
    "describe configmaps",
    "explain gadgets",
    "explain gadgets.x.io.spec",
    "explain pods.x.io",
    "events --for=pod/a",
    "auth can-i get pods",
    "api-resources",
    "taint nodes a b=c:NoSchedule",
    "scale deployment/a --replicas=1",
    "create role a --verb=get --resource=pods",
    "store check",
    "clock",
];

#[test]
fn built_in_kinds_are_explained_without_a_store() {
    let sandbox = Sandbox::new(1);
    let held = sandbox.cluster();
    for subject in
        ["pods", "po.spec.containers", "deployments.apps.spec", "pods --api-version=v1", "ingress --recursive"]
    {
        let text = sandbox.must(&format!("kctl explain {subject}"));
        assert!(text.contains("KIND:"), "{subject}: {text}");
    }
    assert!(sandbox.must("unset HOME KCTL_HOME; kctl explain pods").starts_with("KIND:       Pod\n"));
    let got = sandbox.run("kctl explain pods.nope");
    assert_eq!((got.err.as_str(), got.code), ("error: field \"nope\" does not exist\n", 1));
    drop(held);
    sandbox.must("KCTL_HOME=$PWD/none kctl explain pods");
    assert!(!sandbox.path("none").exists());
}

#[test]
fn failures_of_the_store_show_as_themselves() {
    let sandbox = Sandbox::new(1);
    let held = sandbox.cluster();
    let store = sandbox.store();
    for command in COMMANDS {
        let got = sandbox.run(&format!("kctl {command} --request-timeout=10ms"));
        let says = format!("error: the store {} is in use by another process", store.display());
        assert!(got.err.starts_with(&says) && got.code == 1, "$ kctl {command}\n{got:?}");
    }
    drop(held);
    for command in COMMANDS {
        let got = sandbox.run(&format!("unset HOME KCTL_HOME; kctl {command}"));
        assert_refused(command, &got, "no place for the store: set KCTL_HOME or HOME");
    }
}
