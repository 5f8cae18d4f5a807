//! The kinds for which kubectl has Go types. Verbs that look into the fields of objects decode them into these types, and fail
//! for all others.
//!
//! Upstream: `kubectl/pkg/scheme/install.go`.

use crate::{CliError, CliResult};
use kctl_base::field::quote;
use kctl_base::gvk::split_api_version;
use kctl_base::object::{Object, ObjectMeta};
use kctl_base::schema::Schema;

/// Groups of built-in kinds whose types other modules of Kubernetes define.
const FOREIGN_GROUPS: [&str; 3] = ["apiextensions.k8s.io", "apiregistration.k8s.io", "metrics.k8s.io"];

/// Returns the name of the definition of a kind.
///
/// # Errors
/// kubectl has no type for the kind.
pub(crate) fn definition(api_version: &str, kind: &str) -> CliResult<&'static str> {
    let (group, version) = split_api_version(api_version);
    let known = if FOREIGN_GROUPS.contains(&group) { None } else { Schema::builtin().root(group, version, kind) };
    known.ok_or_else(|| {
        CliError::new(format!(
            "no kind {} is registered for version {} in scheme \"pkg/scheme/scheme.go:28\"",
            quote(kind),
            quote(api_version)
        ))
    })
}

/// Checks that kubectl can decode an object.
///
/// # Errors
/// kubectl has no type for its kind.
pub(crate) fn check(object: &Object) -> CliResult<()> {
    definition(object.api_version(), object.kind()).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_definitions_have_no_type() {
        assert!(definition("apps/v1", "Deployment").is_ok());
        for (api_version, kind) in [("ex.com/v1", "Gadget"), ("apiextensions.k8s.io/v1", "CustomResourceDefinition")] {
            let expected = format!(
                "error: no kind \"{kind}\" is registered for version \"{api_version}\" in scheme \"pkg/scheme/scheme.go:28\"\n"
            );
            assert_eq!(definition(api_version, kind).map_err(|error| error.message()), Err(expected));
        }
    }
}
