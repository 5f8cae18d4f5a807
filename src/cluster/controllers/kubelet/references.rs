//! ConfigMaps and Secrets that a pod refers to, in volumes and environment variables.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::container_runtime::{CreateError, CreateReason};
use super::container_spec::containers;
use super::inside::volumes;
use super::pod_sync::PodEvent;
use super::{non_root, profiles};
use crate::controllers::Context;
use kctl_base::field::quote;
use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::status::Status;

/// Returns the message of the event `FailedMount` if a volume of the pod cannot be mounted.
pub(super) fn mount_error(ctx: &mut Context<'_>, pod: &Object) -> Result<Option<String>, Status> {
    for volume in pod.list("/spec/volumes") {
        if let Some(error) = claim_error(ctx, pod, volume)? {
            let name = volume.str("/name");
            return Ok(Some(format!(
                "Unable to attach or mount volumes: unmounted volumes=[{name}], unattached volumes=[], failed to process volumes=[{name}]: error processing PVC {}/{error}",
                pod.namespace()
            )));
        }
        if let Some(error) = driver_error(ctx, volume)? {
            return Ok(Some(error));
        }
        if let Some(source) = volume.at("/hostPath") {
            let node = pod.str("/spec/nodeName");
            if let Some(error) = volumes::shared::host_path_error(ctx.server(), node, source)? {
                return Ok(Some(format!("MountVolume.SetUp failed for volume \"{}\" : {error}", volume.str("/name"))));
            }
        }
        let own = [("configMap", volume.at("/configMap"), "/name"), ("secret", volume.at("/secret"), "/secretName")];
        let projected = volume.list("/projected/sources").iter().flat_map(|source| {
            [("configMap", source.at("/configMap"), "/name"), ("secret", source.at("/secret"), "/name")]
        });
        for (kind, source, name_at) in own.into_iter().chain(projected) {
            let Some(source) = source.filter(|s| !s.flag("/optional")) else { continue };
            if let Some(error) = missing(ctx, pod, kind, source.str(name_at), source)? {
                return Ok(Some(format!("MountVolume.SetUp failed for volume \"{}\" : {error}", volume.str("/name"))));
            }
        }
    }
    Ok(None)
}

/// Returns why the claim of a volume cannot be used (`getPVCExtractPV` in `pkg/kubelet/volumemanager/populator`).
fn claim_error(ctx: &mut Context<'_>, pod: &Object, volume: &Value) -> Result<Option<String>, Status> {
    let claim = match (volume.at("/persistentVolumeClaim"), volume.at("/ephemeral")) {
        (Some(source), _) => source.str("/claimName").to_owned(),
        (None, Some(_)) => format!("{}-{}", pod.name(), volume.str("/name")),
        (None, None) => return Ok(None),
    };
    Ok(match ctx.get("persistentvolumeclaims", pod.namespace(), &claim)? {
        None => {
            Some(format!("{claim}: failed to fetch PVC from API server: persistentvolumeclaims \"{claim}\" not found"))
        }
        Some(found) if found.str("/status/phase") != "Bound" || found.str("/spec/volumeName").is_empty() => {
            Some(format!("{claim}: PVC is not bound"))
        }
        Some(_) => None,
    })
}

/// Returns why the driver of a volume does not mount it: that of Git repositories is disabled, CSI drivers are not installed, and
/// images, which the API accepts, would have to be downloaded.
fn driver_error(ctx: &mut Context<'_>, volume: &Value) -> Result<Option<String>, Status> {
    let name = volume.str("/name");
    let why = match (volume.at("/image"), volume.at("/csi")) {
        (Some(image), _) => format!(
            "image volumes are not simulated: image {} is not downloaded, so that its files are not known",
            quote(image.str("/reference"))
        ),
        (None, Some(source)) => match ephemeral_error(ctx, source.str("/driver"))? {
            Some(why) => {
                return Ok(Some(format!("MountVolume.NewMounter initialization failed for volume \"{name}\" : {why}")));
            }
            None => format!(
                "kubernetes.io/csi: mounter.SetUpAt failed to get CSI client: driver name {} not found in the list of registered CSI drivers",
                source.str("/driver")
            ),
        },
        (None, None) if volume.at("/gitRepo").is_some() => {
            "git-repo volume plugin has been disabled; if necessary, it may be re-enabled by enabling the feature-gate `GitRepoVolumeDriver`".into()
        }
        (None, None) => return Ok(None),
    };
    Ok(Some(format!("MountVolume.SetUp failed for volume \"{name}\" : {why}")))
}

/// Returns why a CSI driver has no volumes that live as long as their pod (`supportsVolumeLifecycleMode` in `pkg/volume/csi`).
fn ephemeral_error(ctx: &mut Context<'_>, driver: &str) -> Result<Option<String>, Status> {
    let found = ctx.get("csidrivers.storage.k8s.io", "", driver)?;
    let modes: Option<Vec<&str>> =
        found.as_ref().map(|found| found.list("/spec/volumeLifecycleModes").iter().filter_map(Value::as_str).collect());
    let why = match modes {
        None => "no CSIDriver object".to_owned(),
        Some(modes) if modes.contains(&"Ephemeral") => return Ok(None),
        Some(modes) => {
            let modes: Vec<String> = modes.into_iter().map(quote).collect();
            format!("only supports [{}]", modes.join(" "))
        }
    };
    Ok(Some(format!("volume mode \"Ephemeral\" not supported by driver {driver} ({why})")))
}

/// Returns the event about secrets for the pull of images that do not exist (`getPullSecretsForPod`), if there are any.
pub(super) fn pull_secrets_event(ctx: &mut Context<'_>, pod: &Object) -> Result<Option<PodEvent>, Status> {
    let mut missing = Vec::new();
    for secret in pod.list("/spec/imagePullSecrets") {
        let name = secret.str("/name");
        if ctx.get("secrets", pod.namespace(), name)?.is_none() {
            missing.push(name);
        }
    }
    Ok((!missing.is_empty()).then(|| PodEvent {
        field_path: String::new(),
        is_warning: true,
        reason: "FailedToRetrieveImagePullSecret",
        message: format!(
            "Unable to retrieve some image pull secrets ({}); attempting to pull the image may not succeed.",
            missing.join(", ")
        ),
    }))
}

/// Returns an error if the source of a volume, or a key of it that is mounted, does not exist.
fn missing(
    ctx: &mut Context<'_>,
    pod: &Object,
    kind: &str,
    name: &str,
    source: &Value,
) -> Result<Option<String>, Status> {
    let (resource, word) = if kind == "secret" { ("secrets", "secret") } else { ("configmaps", "configmap") };
    let Some(found) = ctx.get(resource, pod.namespace(), name)? else {
        return Ok(Some(format!("{word} \"{name}\" not found")));
    };
    let missing_item = source.list("/items").iter().find(|item| !has_key(&found, item.str("/key")));
    Ok(missing_item.map(|item| format!("{word} references non-existent config key: {}", item.str("/key"))))
}

fn has_key(object: &Object, key: &str) -> bool {
    ["/data", "/binaryData"].iter().any(|part| object.map(part).is_some_and(|m| m.contains_key(key)))
}

/// Returns why containers cannot be created, by container name.
pub(super) fn create_errors(ctx: &mut Context<'_>, pod: &Object) -> Result<BTreeMap<String, CreateError>, Status> {
    let mut errors = BTreeMap::new();
    for container in containers(pod) {
        if let Some(error) = create_error(ctx, pod, container.spec)? {
            errors.insert(container.name().to_string(), error);
        }
    }
    Ok(errors)
}

/// Returns why a container cannot be created: its environment refers to something that does not exist, it may run as root against
/// its security context, or the container runtime refuses it.
fn create_error(ctx: &mut Context<'_>, pod: &Object, container: &Value) -> Result<Option<CreateError>, Status> {
    let of_config = config_error(ctx, pod, container)?.or_else(|| non_root::error(pod, container));
    if let Some(message) = of_config {
        return Ok(Some(CreateError { reason: CreateReason::Config, message }));
    }
    let of_runtime = profiles::error(ctx.server(), pod, container)?;
    Ok(of_runtime.map(|message| CreateError { reason: CreateReason::Runtime, message }))
}

fn config_error(ctx: &mut Context<'_>, pod: &Object, container: &Value) -> Result<Option<String>, Status> {
    for source in container.list("/envFrom") {
        for (word, resource, reference) in
            [("configmap", "configmaps", "/configMapRef"), ("secret", "secrets", "/secretRef")]
        {
            let Some(reference) = source.at(reference).filter(|r| !r.flag("/optional")) else { continue };
            if read(ctx, pod, resource, reference)?.is_none() {
                return Ok(Some(format!("{word} \"{}\" not found", reference.str("/name"))));
            }
        }
    }
    for variable in container.list("/env") {
        for (word, resource, reference) in [
            ("configmap", "configmaps", "/valueFrom/configMapKeyRef"),
            ("secret", "secrets", "/valueFrom/secretKeyRef"),
        ] {
            let Some(reference) = variable.at(reference).filter(|r| !r.flag("/optional")) else { continue };
            let key = reference.str("/key");
            match read(ctx, pod, resource, reference)? {
                None => return Ok(Some(format!("{word} \"{}\" not found", reference.str("/name")))),
                Some(found) if !has_key(&found, key) => {
                    let title = if word == "secret" { "Secret" } else { "ConfigMap" };
                    return Ok(Some(format!(
                        "couldn't find key {key} in {title} {}/{}",
                        pod.namespace(),
                        reference.str("/name")
                    )));
                }
                Some(_) => {}
            }
        }
    }
    Ok(None)
}

fn read(ctx: &mut Context<'_>, pod: &Object, resource: &str, reference: &Value) -> Result<Option<Arc<Object>>, Status> {
    ctx.get(resource, pod.namespace(), reference.str("/name"))
}
