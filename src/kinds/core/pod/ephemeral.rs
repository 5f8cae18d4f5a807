//! Updates of the ephemeral containers of a pod (`ValidatePodEphemeralContainersUpdate` in
//! `pkg/apis/core/validation/validation.go`).

use crate::shared::diff;
use kctl_base::field::{ErrorList, Path, forbidden, quote};
use kctl_base::object::{Object, ValueRead};

/// Refuses changed and removed ephemeral containers: they can only be added.
pub fn validate_ephemeral_update(new: &Object, old: &Object) -> ErrorList {
    let path = Path::new("spec").child("ephemeralContainers");
    let mut errors = ErrorList::new();
    let new = new.list("/spec/ephemeralContainers");
    for had in old.list("/spec/ephemeralContainers") {
        let name = had.str("/name");
        let what = match new.iter().find(|container| container.str("/name") == name) {
            None => "removed\n".into(),
            Some(now) if now != had => format!("changed\n{}", diff::of_structs("EphemeralContainer", had, now)),
            Some(_) => continue,
        };
        errors.push(forbidden(&path, &format!("existing ephemeral containers {} may not be {what}", quote(name))));
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    #[test]
    fn ephemeral_containers_can_only_be_added() {
        let pod = |names: &[&str], image: &str| {
            let list: Vec<_> = names.iter().map(|name| json!({"name": name, "image": image})).collect();
            json!({"spec": {"ephemeralContainers": list}})
        };
        let errors = |new: &Object| -> Vec<String> {
            validate_ephemeral_update(new, &pod(&["a"], "x")).iter().map(ToString::to_string).collect()
        };
        let start = "spec.ephemeralContainers: Forbidden: existing ephemeral containers \"a\" may not be";
        assert_eq!(errors(&pod(&["a", "b"], "x")), [""; 0]);
        assert_eq!(errors(&pod(&["b"], "x")), [format!("{start} removed\n")]);
        let hunk = "@@ -1,6 +1,6 @@\n {\n  \"Name\": \"a\",\n- \"Image\": \"x\",\n+ \"Image\": \"y\",\n  \"Command\": null,\n  \
                    \"Args\": null,\n  \"WorkingDir\": \"\",\n";
        assert_eq!(errors(&pod(&["a"], "y")), [format!("{start} changed\n{hunk}")]);
    }
}
