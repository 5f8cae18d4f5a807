//! `volumeMounts` in the status of a container (`convertToAPIContainerStatuses` in `pkg/kubelet/kubelet_pods.go`).

use super::cri::Cri;
use kctl_base::json::{Value, json};
use kctl_base::object::ValueRead;

/// Returns how each volume is mounted; `None` for a container without any, and where that is not told.
pub(super) fn of_container(container: &Value, cri: Cri) -> Option<Value> {
    let mounts = container.list("/volumeMounts");
    (cri != Cri::Plain && !mounts.is_empty()).then(|| mounts.iter().map(|mount| of_mount(mount, cri)).collect())
}

fn of_mount(mount: &Value, cri: Cri) -> Value {
    let mut status = json!({"name": mount.str("/name"), "mountPath": mount.str("/mountPath")});
    if mount.flag("/readOnly") {
        status["readOnly"] = true.into();
        status["recursiveReadOnly"] = if is_recursive(mount, cri) { "Enabled" } else { "Disabled" }.into();
    }
    status
}

/// Reports whether mounts below a read-only one are read-only, too (`resolveRecursiveReadOnly`).
fn is_recursive(mount: &Value, cri: Cri) -> bool {
    cri.has_handler_features() && matches!(mount.str("/recursiveReadOnly"), "Enabled" | "IfPossible")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_mounts_that_are_read_only_say_whether_those_below_are() {
        let status = |mount: Value, cri| of_container(&json!({"volumeMounts": [mount]}), cri);
        let mount = |more: Value| {
            let mut mount = json!({"name": "data", "mountPath": "/data", "subPath": "a"});
            for (key, value) in more.as_object().into_iter().flatten() {
                mount[key] = value.clone();
            }
            mount
        };
        assert_eq!(of_container(&json!({}), Cri::Containerd), None);
        assert_eq!(status(mount(json!({})), Cri::Containerd), Some(json!([{"name": "data", "mountPath": "/data"}])));
        for (mode, cri, expected) in [
            ("", Cri::Containerd, "Disabled"),
            ("IfPossible", Cri::Containerd, "Enabled"),
            ("IfPossible", Cri::Docker, "Disabled"),
        ] {
            let mounted = status(mount(json!({"readOnly": true, "recursiveReadOnly": mode})), cri);
            let expected = json!([{"name": "data", "mountPath": "/data", "readOnly": true,
                "recursiveReadOnly": expected}]);
            assert_eq!(mounted, Some(expected), "{mode} {cri:?}");
        }
    }
}
