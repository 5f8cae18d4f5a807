//! The classes that an annotation marks as default, which admission plugins and controllers set in objects that name none.

use std::sync::Arc;

use kctl_base::object::{Object, ObjectMeta};
use kctl_base::order::Order as _;

/// The annotations that mark the default StorageClass, the stable and the beta one.
pub(crate) const STORAGE: &[&str] =
    &["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"];

/// The annotation that marks the default IngressClass.
pub(crate) const INGRESS: &[&str] = &["ingressclass.kubernetes.io/is-default-class"];

/// Returns the default class: of several the newest one, then the first by name; `None` when none is marked.
pub(crate) fn pick(mut classes: Vec<Arc<Object>>, annotations: &[&str]) -> Option<Arc<Object>> {
    classes.retain(|class| annotations.iter().any(|a| class.annotation(a) == Some("true")));
    classes.order_by(|a, b| b.creation_time().cmp(&a.creation_time()).then_with(|| a.name().cmp(b.name())));
    classes.into_iter().next()
}
