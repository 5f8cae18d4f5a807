//! DefaultIngressClass: sets the default class in Ingresses that name none (`plugin/pkg/admission/network/defaultingressclass`).

use super::{Admission, Result};
use crate::default_class;
use kctl_base::object::{ObjectMeta, ValueRead, ValueWrite};

/// The annotation that named the class before `spec.ingressClassName`.
const CLASS_ANNOTATION: &str = "kubernetes.io/ingress.class";

/// Sets the class of a new Ingress.
pub(super) fn admit(admission: &mut Admission<'_>) -> Result<()> {
    if !admission.creates("ingresses.networking.k8s.io") {
        return Ok(());
    }
    let ingress = &*admission.new;
    if ingress.at("/spec/ingressClassName").is_some() || ingress.annotation(CLASS_ANNOTATION).is_some() {
        return Ok(());
    }
    let classes = admission.server.read_all("ingressclasses.networking.k8s.io", None)?;
    if let Some(class) = default_class::pick(classes, default_class::INGRESS) {
        admission.new.put("/spec/ingressClassName", class.name());
    }
    Ok(())
}
