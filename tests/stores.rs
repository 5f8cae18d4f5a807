//! Stores of every format that a version of this program has written: each opens, is whole, and can be changed.
//!
//! `testdata/stores/format-N` was written by the last version with format `N`, by the same commands.

use crate::harness::{Sandbox, copy_tree, testdata};

/// The objects that every one of them holds.
const CONTENT: &str = "\
NAME                  READY   UP-TO-DATE   AVAILABLE   AGE
deployment.apps/web   2/2     2            2           60m

NAME                       READY   STATUS      RESTARTS   AGE
pod/tick-29453820-6vq76    0/1     Completed   0          2s
pod/web-74fd449f5c-8tbcl   1/1     Running     0          60m
pod/web-74fd449f5c-zxrvf   1/1     Running     0          60m

NAME                         DATA   AGE
configmap/kube-root-ca.crt   1      60m
configmap/settings           1      60m
";

#[test]
fn stores_of_every_format_open_and_go_on() {
    let formats = std::fs::read_dir(testdata().join("stores")).expect("stores");
    let mut count = 0;
    for format in formats {
        let format = format.expect("a store").path();
        let sandbox = Sandbox::new(1);
        copy_tree(&format, &sandbox.store());
        assert_eq!(sandbox.must("kctl get deployments,pods,configmaps"), CONTENT, "{}", format.display());
        assert_eq!(sandbox.problems(), Vec::<String>::new(), "{}", format.display());
        assert_eq!(sandbox.must("kctl get configmap settings -o jsonpath='{.metadata.labels.x}'"), "y");
        let certificate = "kctl get configmap kube-root-ca.crt -o jsonpath='{.data.ca\\.crt}'";
        let published = sandbox.must(certificate);
        sandbox.must("kctl delete configmap kube-root-ca.crt");
        assert_eq!(sandbox.must(certificate), published, "that of the authority");
        sandbox.must("kctl clock advance 1h");
        assert!(sandbox.must("kctl get jobs -o name").lines().count() == 2);
        sandbox.must("kctl store compact");
        assert_eq!(sandbox.problems(), Vec::<String>::new(), "{}", format.display());
        count += 1;
    }
    assert_eq!(count, 4, "the formats of this program");
}

#[test]
fn a_later_format_is_refused() {
    let sandbox = Sandbox::new(1);
    sandbox.must("kctl create configmap a");
    let manifest = sandbox.store().join("store");
    let text = std::fs::read_to_string(&manifest).expect("a manifest");
    std::fs::write(&manifest, text.replacen("kctl-store 4", "kctl-store 5", 1)).expect("written");
    let got = sandbox.run("kctl get configmaps");
    assert_eq!((got.code, got.out.as_str()), (1, ""));
    assert!(got.err.ends_with("its format is 5, and this program supports up to 4: update kctl\n"), "{}", got.err);
}
