//! Index entries by label, for kinds that controllers look up by selector.

use crate::machinery::object::{Meta, Object};

/// `("label", "namespace/key=value")` for each label of an object.
pub fn labels(object: &Object) -> Vec<(&'static str, String)> {
    let namespace = object.namespace();
    object.labels().iter().map(|(key, value)| ("label", format!("{namespace}/{key}={value}"))).collect()
}
