//! Defaults of a pod spec (`pkg/apis/core/v1/defaults.go`).

use super::resources::normalize;
use kctl_base::json::{Value, json};
use kctl_base::object::{ValueRead, ValueWrite};
use kctl_base::schema::shape::drop_zero_values;

/// Default mode of projected files: 0644 in decimal.
const FILE_MODE: i64 = 420;

/// Sets the defaults of a pod template: metadata, spec and everything inside.
pub(crate) fn default_template(template: &mut Value) {
    drop_zero_values("io.k8s.api.core.v1.PodTemplateSpec", template);
    template.put_default("/metadata", json!({}));
    template.put_default("/spec", json!({}));
    default_spec(&mut template["spec"]);
}

/// Sets the defaults of the spec of a pod or pod template.
pub(crate) fn default_spec(spec: &mut Value) {
    drop_zero_values("io.k8s.api.core.v1.PodSpec", spec);
    default_service_account(spec);
    spec.put_default("/dnsPolicy", "ClusterFirst");
    spec.put_default("/restartPolicy", "Always");
    spec.put_default("/schedulerName", "default-scheduler");
    spec.put_default("/securityContext", json!({}));
    spec.put_default("/terminationGracePeriodSeconds", 30);
    for field in ["/initContainers", "/containers", "/ephemeralContainers"] {
        spec.items_mut(field).for_each(default_container);
    }
    spec.items_mut("/volumes").for_each(default_volume);
    normalize(spec.pointer_mut("/overhead"));
    for field in ["/resources/limits", "/resources/requests"] {
        normalize(spec.pointer_mut(field));
    }
}

/// Copies container ports to host ports for pods on the host network. Not for pod templates.
pub(crate) fn default_host_ports(spec: &mut Value) {
    if !spec.flag("/hostNetwork") {
        return;
    }
    for field in ["/initContainers", "/containers"] {
        for port in spec.items_mut(field).flat_map(|container| container.items_mut("/ports")) {
            if let Some(number) = port.int("/containerPort") {
                port.put_default("/hostPort", number);
            }
        }
    }
}

/// Keeps `serviceAccount`, the deprecated name of the field, equal to `serviceAccountName`.
fn default_service_account(spec: &mut Value) {
    let name = match spec.str("/serviceAccountName") {
        "" => spec.str("/serviceAccount").to_owned(),
        name => name.to_owned(),
    };
    if !name.is_empty() {
        spec.put("/serviceAccount", name.clone());
        spec.put("/serviceAccountName", name);
    }
}

fn default_container(container: &mut Value) {
    let policy = if pulls_always(container.str("/image")) { "Always" } else { "IfNotPresent" };
    container.put_default("/imagePullPolicy", policy);
    container.put_default("/resources", json!({}));
    container.put_default("/terminationMessagePath", "/dev/termination-log");
    container.put_default("/terminationMessagePolicy", "File");
    for field in ["/resources/limits", "/resources/requests"] {
        normalize(container.pointer_mut(field));
    }
    for port in container.items_mut("/ports") {
        port.put_default("/protocol", "TCP");
    }
    for variable in container.items_mut("/env") {
        default_field_ref(variable.pointer_mut("/valueFrom"));
        if let Some(file) = variable.pointer_mut("/valueFrom/fileKeyRef") {
            file.put_default("/optional", false);
        }
    }
    for probe in ["/livenessProbe", "/readinessProbe", "/startupProbe"] {
        if let Some(probe) = container.pointer_mut(probe).filter(|p| p.is_object()) {
            default_probe(probe);
        }
    }
    for hook in ["/lifecycle/postStart", "/lifecycle/preStop"] {
        default_http_get(container.pointer_mut(hook));
    }
}

/// Returns whether the default pull policy of an image is `Always`: its tag is `latest`, or it has neither tag nor digest.
fn pulls_always(image: &str) -> bool {
    let (name, digest) = image.split_once('@').map_or((image, None), |(name, digest)| (name, Some(digest)));
    let tag_at = name.rfind(':').filter(|at| !name[*at..].contains('/'));
    let (repository, tag) = tag_at.map_or((name, None), |at| (&name[..at], Some(&name[at + 1..])));
    is_repository(repository)
        && match (tag, digest) {
            (Some(tag), _) => tag == "latest",
            (None, digest) => digest.is_none(),
        }
}

/// Returns whether a string is a valid repository name. An invalid image name has no tag either, so its policy is
/// `IfNotPresent` (`pkg/util/parsers/parsers.go`).
fn is_repository(name: &str) -> bool {
    let mut parts: Vec<&str> = name.split('/').collect();
    let is_host = |p: &str| p.contains(['.', ':']) || p == "localhost" || p.chars().any(|c| c.is_ascii_uppercase());
    if parts.len() > 1 && is_host(parts[0]) {
        parts.remove(0);
    }
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    parts.iter().all(|p| p.starts_with(good) && p.ends_with(good) && p.chars().all(|c| good(c) || "._-".contains(c)))
}

fn default_probe(probe: &mut Value) {
    default_http_get(Some(&mut *probe));
    if let Some(grpc) = probe.pointer_mut("/grpc") {
        grpc.put_default("/service", "");
    }
    for (field, value) in
        [("/timeoutSeconds", 1), ("/periodSeconds", 10), ("/successThreshold", 1), ("/failureThreshold", 3)]
    {
        probe.put_default(field, value);
    }
}

fn default_http_get(handler: Option<&mut Value>) {
    if let Some(get) = handler.and_then(|h| h.pointer_mut("/httpGet")).filter(|g| g.is_object()) {
        get.put_default("/path", "/");
        get.put_default("/scheme", "HTTP");
    }
}

/// Sets the defaults of a downward API source: the `apiVersion` of a field reference, the `divisor` of a resource
/// reference.
fn default_field_ref(source: Option<&mut Value>) {
    let Some(source) = source else { return };
    if let Some(field) = source.pointer_mut("/fieldRef").filter(|f| f.is_object()) {
        field.put_default("/apiVersion", "v1");
    }
    if let Some(resource) = source.pointer_mut("/resourceFieldRef").filter(|f| f.is_object()) {
        resource.put_default("/divisor", "0");
        super::resources::normalize_one(&mut resource["divisor"]);
    }
}

fn default_volume(volume: &mut Value) {
    if volume.as_object().is_some_and(|v| v.keys().all(|key| key == "name")) {
        volume.put("/emptyDir", json!({}));
    }
    for (source, field, value) in [
        ("/secret", "/defaultMode", json!(FILE_MODE)),
        ("/configMap", "/defaultMode", json!(FILE_MODE)),
        ("/downwardAPI", "/defaultMode", json!(FILE_MODE)),
        ("/projected", "/defaultMode", json!(FILE_MODE)),
        ("/hostPath", "/type", json!("")),
        ("/iscsi", "/iscsiInterface", json!("default")),
        ("/rbd", "/pool", json!("rbd")),
        ("/rbd", "/user", json!("admin")),
        ("/rbd", "/keyring", json!("/etc/ceph/keyring")),
        ("/azureDisk", "/cachingMode", json!("ReadWrite")),
        ("/azureDisk", "/kind", json!("Shared")),
        ("/azureDisk", "/fsType", json!("ext4")),
        ("/azureDisk", "/readOnly", json!(false)),
        ("/scaleIO", "/storageMode", json!("ThinProvisioned")),
        ("/scaleIO", "/fsType", json!("xfs")),
    ] {
        if let Some(source) = volume.pointer_mut(source).filter(|s| s.is_object()) {
            source.put_default(field, value);
        }
    }
    if let Some(limit) = volume.pointer_mut("/emptyDir/sizeLimit") {
        super::resources::normalize_one(limit);
    }
    volume.items_mut("/downwardAPI/items").for_each(|item| default_field_ref(Some(item)));
    for source in volume.items_mut("/projected/sources") {
        source.items_mut("/downwardAPI/items").for_each(|item| default_field_ref(Some(item)));
        if let Some(token) = source.pointer_mut("/serviceAccountToken").filter(|t| t.is_object()) {
            token.put_default("/expirationSeconds", 3600);
        }
    }
    if let Some(image) = volume.pointer_mut("/image").filter(|i| i.is_object()) {
        let policy = if pulls_always(image.str("/reference")) { "Always" } else { "IfNotPresent" };
        image.put_default("/pullPolicy", policy);
    }
    if let Some(claim) = volume.pointer_mut("/ephemeral/volumeClaimTemplate").filter(|c| c.is_object()) {
        claim.put_default("/metadata", json!({}));
        default_claim_spec(claim);
    }
}

/// Sets the defaults of the spec of a claim or claim template.
pub(crate) fn default_claim_spec(claim: &mut Value) {
    claim.put_default("/spec/volumeMode", "Filesystem");
    claim.put_default("/spec/resources", json!({}));
    for field in ["/spec/resources/limits", "/spec/resources/requests"] {
        normalize(claim.pointer_mut(field));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pull_policy_depends_on_the_tag() {
        for (image, always) in [
            ("nginx", true),
            ("nginx:latest", true),
            ("nginx:1.25", false),
            ("registry:5000/nginx", true),
            ("registry:5000/nginx:1", false),
            ("nginx@sha256:0123", false),
            ("K8S.gcr.io/nginx", true),
            ("Nginx", false),
            ("", false),
        ] {
            assert_eq!(pulls_always(image), always, "{image}");
        }
    }

    #[test]
    fn empty_specs_get_all_defaults() {
        let mut template = json!({"spec": {"containers": [{"name": "c", "image": "i:1", "ports": [{"containerPort": 80}]}], "hostNetwork": true, "volumes": [{"name": "v"}]}});
        default_template(&mut template);
        assert_eq!(
            template,
            json!({"metadata": {}, "spec": {
                "containers": [{
                    "name": "c", "image": "i:1", "imagePullPolicy": "IfNotPresent", "resources": {},
                    "ports": [{"containerPort": 80, "protocol": "TCP"}],
                    "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File"
                }],
                "dnsPolicy": "ClusterFirst", "hostNetwork": true, "restartPolicy": "Always",
                "schedulerName": "default-scheduler", "securityContext": {}, "terminationGracePeriodSeconds": 30,
                "volumes": [{"name": "v", "emptyDir": {}}]
            }})
        );
    }
}
