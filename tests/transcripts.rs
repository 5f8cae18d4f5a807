//! Sessions recorded from a real v1.36 control plane, replayed against the binary by `kctl test --like-cluster`.
//!
//! [`recording`](crate::harness::recording) describes the format. Steps that are known to differ are listed in
//! `testdata/parity/differs.txt`, which may only get shorter: a listed step that agrees fails the test. Every session runs
//! twice with the same seed and must print the same bytes both times.

use std::collections::BTreeSet;

use crate::harness::recording::{Replayed, failures, known_differences, replay, to_cram};
use crate::harness::{Sandbox, copy_tree, testdata};

/// Replays a session in a new sandbox.
fn run(session: &str) -> Vec<Replayed> {
    let sandbox = Sandbox::new(7);
    copy_tree(&testdata().join("parity/manifests"), &sandbox.path("parity/manifests"));
    copy_tree(&testdata().join("seeds"), &sandbox.path("testdata/seeds"));
    replay(&sandbox, &to_cram(session, 7, "parity"))
}

/// Replays a session twice and compares the outputs with the recorded ones and with each other.
fn check(name: &str) {
    let file = testdata().join("parity").join(format!("{name}.parity"));
    let session = std::fs::read_to_string(file).expect("a session");
    let (first, second) = (run(&session), run(&session));
    assert_eq!(first.len(), session.lines().filter(|line| line.starts_with("$ ")).count(), "{name}");
    let list = std::fs::read_to_string(testdata().join("parity/differs.txt")).expect("the list");
    let mut failed = failures(name, &first, &known_differences(&list, name));
    for (number, (step, again)) in first.iter().zip(&second).enumerate() {
        // The names of temporary files differ from run to run.
        if step != again && !step.command.contains("mktemp") {
            failed.push(format!("{name}:{} prints something else the second time: {step:?}\n{again:?}", number + 1));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
}

macro_rules! transcripts {
    ($($test:ident => $name:literal),* $(,)?) => {
        $(#[test] fn $test() { check($name); })*

        #[test]
        fn every_transcript_is_listed() {
            let listed: BTreeSet<String> = [$($name.to_string()),*].into();
            let entries = std::fs::read_dir(testdata().join("parity")).expect("transcripts");
            let names = entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
            let found: BTreeSet<String> =
                names.filter_map(|name| name.strip_suffix(".parity").map(str::to_string)).collect();
            assert_eq!(listed, found);
        }
    };
}

transcripts! {
    t01_deployment_tutorial => "01-deployment-tutorial",
    t02_deployment_canary => "02-deployment-canary",
    t03_deployment_failed_update => "03-deployment-failed-update",
    t04_replicaset => "04-replicaset",
    t05_statefulset_web => "05-statefulset-web",
    t06_statefulset_nfs => "06-statefulset-nfs",
    t07_statefulset_orphan => "07-statefulset-orphan",
    t08_daemonset => "08-daemonset",
    t09_namespaces_and_errors => "09-namespaces-and-errors",
    t10_jobs => "10-jobs",
    t11_create_generators => "11-create-generators",
    t12_output_formats => "12-output-formats",
    t13_selectors => "13-selectors",
    t14_apply => "14-apply",
    t15_server_side_apply => "15-server-side-apply",
    t16_patch => "16-patch",
    t17_services => "17-services",
    t18_volumes => "18-volumes",
    t19_scheduling => "19-scheduling",
    t20_pod_lifecycle => "20-pod-lifecycle",
    t21_cascading_deletion => "21-cascading-deletion",
    t22_statefulset_options => "22-statefulset-options",
    t23_daemonset_options => "23-daemonset-options",
    t24_jobs_options => "24-jobs-options",
    t25_cronjobs => "25-cronjobs",
    t26_configmaps_secrets => "26-configmaps-secrets",
    t27_rbac => "27-rbac",
    t28_quota_limits_pdb_priority => "28-quota-limits-pdb-priority",
    t29_autoscalers => "29-autoscalers",
    t30_custom_resources => "30-custom-resources",
    t31_deployment_strategies => "31-deployment-strategies",
    t32_set => "32-set",
    t33_label_annotate_taint => "33-label-annotate-taint",
    t34_wait_events => "34-wait-events",
    t35_delete => "35-delete",
    t36_replace_edit_diff => "36-replace-edit-diff",
    t38_describe => "38-describe",
    t39_kustomize => "39-kustomize",
    t40_rc_and_adoption => "40-rc-and-adoption",
    t41_validation_errors => "41-validation-errors",
    t42_containers_probes_qos => "42-containers-probes-qos",
    t43_history => "43-history",
    t44_node_failure => "44-node-failure",
    t45_apply_more => "45-apply-more",
    t46_drain => "46-drain",
    t47_statefulset_claims => "47-statefulset-claims",
    t48_namespaces_contexts => "48-namespaces-contexts",
    t49_rollout_kinds => "49-rollout-kinds",
    t50_create => "50-create",
    t51_scale => "51-scale",
}
