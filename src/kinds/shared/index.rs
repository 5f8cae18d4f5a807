//! Index entries by label, for kinds that controllers list by selector.

use kctl_base::object::{Object, ObjectMeta, ValueRead};

/// Returns `("label", "namespace/key=value")` for each label of an object.
pub(crate) fn labels(object: &Object) -> Vec<(&'static str, String)> {
    let namespace = object.namespace();
    let pairs = object.map("/metadata/labels").into_iter().flatten();
    let pairs = pairs.filter_map(|(key, value)| Some((key, value.as_str()?)));
    pairs.map(|(key, value)| ("label", [namespace, "/", key, "=", value].concat())).collect()
}
