//! Probes of servers in the inside of pods.

use super::tests::{advance, sh, start, status, warnings};
use crate::controllers::shared::testing::Bench;
use kctl_base::json::{Value, json};
use kctl_base::object::ValueRead;

/// Creates a pod with a container of an image and a probe for its readiness.
fn probed(name: &str, image: &str, args: &[&str], probe: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"containers": [
        {"name": "c", "image": image, "args": args, "readinessProbe": probe}]}})
}

#[test]
fn probes_over_grpc_and_tls_are_answered_by_what_listens() {
    let agnhost = "registry.k8s.io/e2e-test-images/agnhost:2.40";
    let health = ["grpc-health-checking", "--service=shop"];
    let timeout = "within 1s: context deadline exceeded";
    let cases = [
        (agnhost, &health[..], json!({"grpc": {"port": 5000, "service": "shop"}}), ""),
        (
            agnhost,
            &health[..],
            json!({"grpc": {"port": 5000}}),
            "error: health rpc probe failed: rpc error: code = NotFound desc = unknown service",
        ),
        (agnhost, &health[..], json!({"grpc": {"port": 8080, "service": "shop"}}), timeout),
        (
            agnhost,
            &["grpc-health-checking", "--delay-unhealthy-sec=0"][..],
            json!({"grpc": {"port": 5000}}),
            "service unhealthy (responded with \"NOT_SERVING\")",
        ),
        ("registry.k8s.io/etcd:3.5.1-0", &[][..], json!({"grpc": {"port": 2379}}), ""),
        ("nginx", &[][..], json!({"grpc": {"port": 80}}), timeout),
        ("team/app", &[][..], json!({"grpc": {"port": 80}}), ""),
        (
            "nginx",
            &[][..],
            json!({"httpGet": {"port": 80, "scheme": "HTTPS"}}),
            ":80/\": http: server gave HTTP response to HTTPS client",
        ),
        ("nginx", &[][..], json!({"httpGet": {"port": 443, "scheme": "HTTPS"}}), ":443: connect: connection refused"),
        ("team/app", &[][..], json!({"httpGet": {"port": 443, "scheme": "HTTPS"}}), ""),
    ];
    let mut bench = Bench::open();
    for (number, (image, args, probe, failure)) in cases.into_iter().enumerate() {
        let name = format!("p{number}");
        start(&mut bench, probed(&name, image, args, probe));
        let pod = bench.get("pods", &name);
        assert_eq!(status(&pod).flag("/ready"), failure.is_empty(), "{image} {failure}");
        let found = warnings(&mut bench, &name, "Unhealthy");
        assert_eq!(found.is_empty(), failure.is_empty(), "{image} {found:?}");
        assert!(found.iter().all(|text| text.ends_with(failure)), "{image} {found:?}");
    }
}

#[test]
fn a_declared_answer_is_that_of_all_probes() {
    let mut bench = Bench::open();
    for (declared, is_ready) in [("200 ok", true), ("503", false)] {
        for (number, probe) in
            [json!({"grpc": {"port": 80}}), json!({"httpGet": {"port": 80, "scheme": "HTTPS"}})].into_iter().enumerate()
        {
            let name = format!("{}{number}", if is_ready { "up" } else { "down" });
            let mut pod = probed(&name, "nginx", &[], probe);
            pod["metadata"]["annotations"] = json!({"kctl.dev/http": declared});
            start(&mut bench, pod);
            assert_eq!(status(&bench.get("pods", &name)).flag("/ready"), is_ready, "{name}");
        }
    }
}

#[test]
fn a_grpc_server_can_be_made_unhealthy() {
    let mut bench = Bench::open();
    let image = "registry.k8s.io/e2e-test-images/agnhost:2.40";
    start(
        &mut bench,
        probed("p", image, &["grpc-health-checking"], json!({"grpc": {"port": 5000}, "periodSeconds": 2})),
    );
    assert!(status(&bench.get("pods", "p")).flag("/ready"));
    sh(&mut bench, "p", "curl -s localhost:8080/make-not-serving");
    advance(&mut bench, 10);
    assert!(!status(&bench.get("pods", "p")).flag("/ready"));
}
