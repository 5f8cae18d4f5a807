//! The pod spec of an object, and the selection of its containers.

use crate::{CliError, CliResult};
use kctl_base::gvk::split_api_version;
use kctl_base::json::Value;
use kctl_base::object::{ObjectMeta, ValueRead};
use kctl_kinds::pod_spec_path;

/// The JSON pointer to the pod spec of an object.
pub(super) fn pointer(object: &Value) -> CliResult<&'static str> {
    let (group, version) = split_api_version(object.api_version());
    // `kubectl set` does not change PodTemplates (UpdatePodSpecForObject in polymorphichelpers/updatepodspec.go).
    match pod_spec_path(group, object.kind()).filter(|_| object.kind() != "PodTemplate") {
        Some(path) => Ok(path),
        None => {
            let kind = object.kind();
            Err(CliError::new(format!("the object is not a pod or does not have a pod template: *{version}.{kind}")))
        }
    }
}

/// The containers and then the init containers whose names match the pattern.
pub(super) fn containers<'a>(spec: &'a mut Value, pattern: &str) -> Vec<&'a mut Value> {
    let mut found = Vec::new();
    let Some(spec) = spec.as_object_mut() else { return found };
    let mut init = Vec::new();
    for (key, value) in spec.iter_mut() {
        let list = match key.as_str() {
            "containers" => &mut found,
            "initContainers" => &mut init,
            _ => continue,
        };
        let items = value.as_array_mut().into_iter().flatten();
        list.extend(items.filter(|c| matches(c.str("/name"), pattern)));
    }
    found.append(&mut init);
    found
}

/// True when a name matches a pattern in which `*` matches any characters.
pub(super) fn matches(name: &str, pattern: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or("");
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let middle: Vec<&str> = parts.collect();
    let Some((last, middle)) = middle.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_choose_containers() {
        for (name, pattern, expected) in [
            ("main", "*", true),
            ("main", "main", true),
            ("main", "mai", false),
            ("main", "m*n", true),
            ("main", "*x", false),
        ] {
            assert_eq!(matches(name, pattern), expected, "{name} {pattern}");
        }
    }
}
