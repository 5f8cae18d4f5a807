//! Containers that must not run as root.

use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_container::Image;

/// Returns why a container with `runAsNonRoot` is not started: it would run as root, or may do so (`verifyRunAsNonRoot` in
/// `pkg/kubelet/kuberuntime/security_context_others.go`).
pub(super) fn error(pod: &Object, container: &Value) -> Option<String> {
    let setting = |field: &str| {
        let own = container.at(&format!("/securityContext/{field}"));
        own.or_else(|| pod.at(&format!("/spec/securityContext/{field}")))
    };
    if setting("runAsNonRoot").and_then(Value::as_bool) != Some(true) {
        return None;
    }
    let image = Image::of(container.str("/image"));
    let why = match setting("runAsUser").and_then(Value::as_i64) {
        Some(0) => "container's runAsUser breaks non-root policy".to_owned(),
        Some(_) => return None,
        None if !image.user_name.is_empty() => format!(
            "container has runAsNonRoot and image has non-numeric user ({}), cannot verify user is non-root",
            image.user_name
        ),
        None if image.uid == 0 => "container has runAsNonRoot and image will run as root".to_owned(),
        None => return None,
    };
    let (name, namespace, uid) = (pod.name(), pod.namespace(), pod.uid());
    Some(format!("{why} (pod: \"{name}_{namespace}({uid})\", container: {})", container.str("/name")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    #[test]
    fn the_user_of_the_container_the_pod_or_the_image_decides() {
        let policy = "container's runAsUser breaks non-root policy";
        let root = "container has runAsNonRoot and image will run as root";
        let name =
            "container has runAsNonRoot and image has non-numeric user (curl_user), cannot verify user is non-root";
        let cases = [
            ("nginx", json!({}), json!({}), None),
            ("nginx", json!({"runAsNonRoot": true}), json!({}), Some(root)),
            ("nginx", json!({"runAsNonRoot": true}), json!({"runAsNonRoot": false}), None),
            ("nginx", json!({"runAsUser": 1000}), json!({"runAsNonRoot": true}), None),
            ("nginx", json!({"runAsUser": 1000}), json!({"runAsNonRoot": true, "runAsUser": 0}), Some(policy)),
            ("nginxinc/nginx-unprivileged", json!({"runAsNonRoot": true}), json!({}), None),
            ("curlimages/curl", json!({"runAsNonRoot": true}), json!({}), Some(name)),
            ("curlimages/curl", json!({"runAsNonRoot": true}), json!({"runAsUser": 100}), None),
        ];
        for (image, of_pod, own, why) in cases {
            let pod = json!({"metadata": {"name": "web", "namespace": "shop", "uid": "1-2"},
                "spec": {"securityContext": of_pod}});
            let container = json!({"name": "a", "image": image, "securityContext": own});
            let expected = why.map(|why| format!("{why} (pod: \"web_shop(1-2)\", container: a)"));
            assert_eq!(error(&pod, &container), expected, "{image} {of_pod} {own}");
        }
    }
}
