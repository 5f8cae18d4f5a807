//! The states of static pods, whose containers go on when a mirror is deleted (`tryReconcileMirrorPods` of the kubelet).

use super::runtime::PodRuntime;
use super::{inside, pod_state};
use crate::controllers::node::static_pods::is_mirror;
use crate::controllers::{Context, Key};
use kctl_base::object::{Object, ObjectMeta};
use kctl_base::status::Status;

/// Keeps the state of a static pod, which goes on without its mirror. Both are named alike.
///
/// # Errors
/// A row that cannot be read.
pub(super) fn leave(ctx: &mut Context<'_>, uid: &str, mirror: &Key) -> Result<(), Status> {
    if let Some(runtime) = ctx.state::<PodRuntime>(&pod_state(uid))? {
        let name = mirror.text();
        inside::rename(ctx.server(), uid, &name)?;
        ctx.set_state(&pod_state(&name), runtime);
    }
    Ok(())
}

/// Returns the state of the static pod of which a pod is the new mirror.
///
/// # Errors
/// A row that cannot be read.
pub(super) fn take_over(ctx: &mut Context<'_>, pod: &Object) -> Result<Option<PodRuntime>, Status> {
    if !is_mirror(pod) {
        return Ok(None);
    }
    let name = Key::of(pod).text();
    let Some(runtime) = ctx.state::<PodRuntime>(&pod_state(&name))? else { return Ok(None) };
    ctx.clear_state(&pod_state(&name));
    inside::rename(ctx.server(), &name, pod.uid())?;
    ctx.set_state(&pod_state(pod.uid()), runtime.clone());
    Ok(Some(runtime))
}
