//! Malformed files, closed pipes, damaged stores: a clear error, exit code 1, and an unchanged store.

use std::fs;
use std::path::Path;

use crate::harness::finish;
use crate::harness::random::Random;
use crate::harness::refusals::{assert_refused, content, sandbox};

#[test]
fn files_that_are_not_manifests_are_refused() {
    let sandbox = sandbox();
    let before = content(&sandbox);
    let nested = |open: &str| open.repeat(100_000);
    let bomb: String = (0..20).fold("a0: &a0 [x]\n".into(), |text, level| {
        let again = format!("*a{level},").repeat(9);
        format!("{text}a{}: &a{} [{again}]\n", level + 1, level + 1)
    });
    let mut random = Random::new(Random::seed(5));
    let noise: Vec<u8> = (0..5000).map(|_| random.below(256) as u8).collect();
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        (
            "broken.yaml",
            b"apiVersion: v1\nkind: [\n".to_vec(),
            "error parsing broken.yaml: error converting YAML to JSON",
        ),
        ("tab.yaml", b"a:\n\t- b\n".to_vec(), "found character that cannot start any token"),
        ("broken.json", b"{\"kind\": \"Pod\",".to_vec(), "error parsing broken.json"),
        ("binary.yaml", b"\x7fELF\x02\x01\x01\0\0\0\0\0".to_vec(), "control characters are not allowed"),
        ("noise.yaml", noise.clone(), "error"),
        ("noise.json", noise, "error"),
        ("empty.yaml", Vec::new(), "no objects passed to create"),
        ("comment.yaml", b"# nothing\n---\n---\n".to_vec(), "no objects passed to create"),
        ("scalar.yaml", b"hello\n".to_vec(), "error validating \"scalar.yaml\""),
        ("list.yaml", b"- a\n- b\n".to_vec(), "error validating \"list.yaml\""),
        ("untyped.yaml", b"kind: ConfigMap\n".to_vec(), "apiVersion not set"),
        (
            "foreign.yaml",
            b"apiVersion: v9\nkind: ConfigMap\n".to_vec(),
            "no matches for kind \"ConfigMap\" in version \"v9\"",
        ),
        ("deep.yaml", format!("a: {}", nested("[")).into(), "error parsing deep.yaml"),
        ("deep.json", nested("{\"a\":").into(), "error parsing deep.json"),
        ("bomb.yaml", bomb.into(), "error parsing bomb.yaml"),
    ];
    for (name, bytes, says) in cases {
        fs::write(sandbox.path(name), &bytes).expect("a file");
        assert_refused(name, &sandbox.run(&format!("kctl create -f {name}")), says);
        let got = sandbox.run(&format!("kctl create -f - < {name}"));
        assert!(got.code == 1 && got.err.starts_with("error: ") && got.out.is_empty(), "{name} as stdin: {got:?}");
    }
    fs::create_dir(sandbox.path("folder")).expect("a folder");
    assert_refused("folder", &sandbox.run("kctl create -f folder"), "error reading [folder]");
    assert_refused("missing", &sandbox.run("kctl create -f missing.yaml"), "the path \"missing.yaml\" does not exist");
    assert_eq!(content(&sandbox), before);
}

#[test]
fn objects_are_nested_as_deeply_as_in_a_cluster() {
    const DEPTH: usize = 9900;
    let sandbox = sandbox();
    let schema = r#"{"type": "object", "x-kubernetes-preserve-unknown-fields": true}"#;
    let definition = format!(
        r#"{{"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {{"name": "deeps.x.io"}},
        "spec": {{"group": "x.io", "scope": "Namespaced", "names": {{"plural": "deeps", "singular": "deep", "kind": "Deep"}},
        "versions": [{{"name": "v1", "served": true, "storage": true, "schema": {{"openAPIV3Schema": {schema}}}}}]}}}}"#
    );
    fs::write(sandbox.path("definition.json"), definition).expect("a file");
    let (open, close) = (r#"{"a":"#.repeat(DEPTH), "}".repeat(DEPTH));
    let object =
        |spec: &str| format!(r#"{{"apiVersion":"x.io/v1","kind":"Deep","metadata":{{"name":"d"}},"spec":{spec}}}"#);
    fs::write(sandbox.path("deep.json"), object(&format!("{open}1{close}"))).expect("a file");
    fs::write(sandbox.path("deeper.json"), object(&format!("{open}{open}1{close}{close}"))).expect("a file");
    sandbox.must("kctl create -f definition.json");
    sandbox.must("kctl create -f deep.json");
    sandbox.must("kctl label deep d a=b");
    let (out, field) = (sandbox.must("kctl get deep d -o go-template={{.spec}}"), "map[a:".repeat(DEPTH));
    assert_eq!(out, format!("{field}1{}", "]".repeat(DEPTH)));
    sandbox.must("kctl delete deep d");
    let got = sandbox.run("kctl create -f deeper.json");
    assert!(got.code == 1 && got.err.contains("exceeded max depth"), "{}", &got.err[..got.err.len().min(300)]);
}

#[test]
fn documents_before_a_malformed_one_are_created_and_acknowledged_or_neither() {
    let sandbox = sandbox();
    let before = content(&sandbox);
    let good = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: good}\n";
    fs::write(sandbox.path("half.yaml"), format!("{good}---\nkind: [\n")).expect("a file");
    let got = sandbox.run("kctl create -f half.yaml");
    assert!(got.code == 1 && got.err.contains("error parsing half.yaml"), "{got:?}");
    // kubectl streams: the documents before the malformed one are created and acknowledged.
    let created = got.out.contains("configmap/good created");
    assert_eq!(created, content(&sandbox) != before, "{got:?}");
    assert_eq!(created, sandbox.run("kctl get configmap good").code == 0);
}

#[test]
fn a_pipe_that_closes_early_ends_the_command_quietly() {
    let sandbox = sandbox();
    for command in [
        "kctl get configmaps | head -0",
        "kctl get clusterroles -o yaml | head -1",
        "for i in 1 2 3 4 5; do kctl get clusterroles,nodes,configmaps -A -o yaml; done | head -1",
        "kctl --help | head -0",
        "kctl get configmaps -w | head -1",
    ] {
        let got = sandbox.run(&format!("{command}; echo \"${{PIPESTATUS[*]}}\""));
        assert!(got.err.is_empty() && got.out.trim_end().ends_with(" 0"), "$ {command}\n{got:?}");
        assert!(!got.out.contains("101 "), "a panic in: $ {command}");
    }
    let got = sandbox.run("kctl get configmaps >&-");
    assert!(!got.err.contains("panicked"), "{got:?}");
    let got = sandbox.run("kctl get nonsense 2>&-");
    assert_eq!((got.out.as_str(), got.code), ("", 1));
}

#[test]
fn a_store_without_write_permission_is_refused() {
    let sandbox = sandbox();
    let before = content(&sandbox);
    // Root may write everything, unless it gives up its capabilities.
    let is_root = sandbox.must("id -u").trim() == "0";
    let restricted = if is_root { "setpriv --bounding-set=-all --inh-caps=-all " } else { "" };
    sandbox.must("chmod -R a-w $KCTL_HOME");
    let got = sandbox.run(&format!("{restricted}kctl create configmap new"));
    sandbox.must("chmod a-x $KCTL_HOME");
    let closed = sandbox.run(&format!("{restricted}kctl create configmap new"));
    sandbox.must("chmod u+x $KCTL_HOME && chmod -R u+w $KCTL_HOME");
    for got in [got, closed] {
        assert_refused("no permission", &got, "cannot be written: permission denied");
    }
    assert_eq!(content(&sandbox), before);
}

#[test]
fn directories_that_are_not_stores_are_refused_and_unchanged() {
    type Plant = fn(&Path);
    let cases: [(&str, Plant, &str); 4] = [
        (
            "notes",
            |d| fs::write(d.join("notes.txt"), "mine").expect("write"),
            "is not a store of this program: it contains \"notes.txt\"",
        ),
        (
            "other",
            |d| fs::write(d.join("store"), "a store of something else").expect("write"),
            "is not a store of this program",
        ),
        ("newer", |d| fs::write(d.join("store"), "kctl-store 999\n").expect("write"), "its format is 999"),
        ("lost", |d| fs::create_dir(d.join("data-1")).expect("mkdir"), "is damaged"),
    ];
    let sandbox = sandbox();
    for (name, plant, says) in cases {
        let dir = sandbox.path(name);
        fs::create_dir(&dir).expect("a directory");
        plant(&dir);
        let names = |dir: &Path| {
            fs::read_dir(dir).expect("a directory").map(|e| e.expect("an entry").file_name()).collect::<Vec<_>>()
        };
        let before = names(&dir);
        for command in ["get pods", "create configmap x"] {
            assert_refused(name, &sandbox.run(&format!("kctl {command} --store {name}")), says);
        }
        assert_eq!(names(&dir), before, "{name} was changed");
    }
    fs::write(sandbox.path("file"), "x").expect("a file");
    sandbox.must("ln -s gone link");
    for (name, reason) in [
        ("file", "it is not a directory"),
        ("file/below", "a part of its path is not a directory"),
        ("link", "it is a link to gone, which does not exist"),
    ] {
        for command in ["get pods", "store check", "config use-context kctl-admin@kctl", "clock"] {
            let got = sandbox.run(&format!("kctl {command} --store {name}"));
            assert_refused(name, &got, &format!("error: {name} is not a store of this program: {reason}"));
        }
    }
    assert_eq!(fs::read(sandbox.path("file")).expect("the file"), b"x");
    assert!(!sandbox.path("gone").exists());
}

#[test]
fn files_of_the_store_are_private_whatever_the_umask() {
    let sandbox = sandbox();
    sandbox.must("rm -r $KCTL_HOME; umask 0; kctl create configmap a && kctl config use-context kctl-admin@kctl");
    sandbox.must("umask 0; kctl config set-context b --namespace=c && kctl store compact && kctl get configmap a");
    assert_eq!(sandbox.must("find $KCTL_HOME -perm /077"), "");
}

#[test]
fn a_corrupt_store_is_read_correctly_or_refused() {
    let seed = Random::seed(11);
    let mut random = Random::new(seed);
    for round in 0..Random::rounds(15) {
        let sandbox = sandbox();
        let file = sandbox.store().join(["data-1/journal", "data-1/runs"][random.below(2) as usize]);
        let mut bytes = fs::read(&file).expect("the data");
        let written = bytes.len() as u64;
        match round % 3 {
            0 => (0..16).for_each(|_| bytes[random.below(written) as usize] ^= 1 << random.below(8)),
            1 => bytes.truncate(random.below(written) as usize),
            _ => {
                let from = random.below(written) as usize;
                (from..bytes.len().min(from + 4096)).for_each(|at| bytes[at] = random.below(256) as u8);
            }
        }
        fs::write(&file, &bytes).expect("the data");
        let got = sandbox.run("kctl get configmaps -o name");
        let whole = "configmap/kept\nconfigmap/kube-root-ca.crt\n";
        let intact = got.code == 0 && got.out == whole && got.err.is_empty();
        let refused = got.code == 1 && got.out.is_empty() && got.err.starts_with("error: the store ");
        assert!(intact || refused, "seed {seed}, round {round}: {got:?}");
    }
}

#[test]
fn the_wait_for_a_locked_store_times_out() {
    let sandbox = sandbox();
    let before = content(&sandbox);
    let locked = sandbox.cluster();
    let got = finish(&mut sandbox.kctl(&["create", "configmap", "new", "--request-timeout=1s"]));
    assert_refused("locked", &got, "is in use by another process (waited 1 s)");
    drop(locked);
    assert_eq!(content(&sandbox), before);
}
