//! Updates of the ephemeral containers of a pod (`ValidatePodEphemeralContainersUpdate` in
//! `pkg/apis/core/validation/validation.go`).

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
            None => "removed",
            Some(now) if now != had => "changed",
            Some(_) => continue,
        };
        errors.push(forbidden(&path, &format!("existing ephemeral containers {} may not be {what}\n", quote(name))));
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
        let errors = |new: &Object| validate_ephemeral_update(new, &pod(&["a"], "x")).len();
        assert_eq!(errors(&pod(&["a", "b"], "x")), 0);
        assert_eq!(errors(&pod(&["b"], "x")), 1);
        assert_eq!(errors(&pod(&["a"], "y")), 1);
    }
}
