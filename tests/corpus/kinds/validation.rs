//! Errors and warnings about manifests against those that a server returned.

use kctl_base::object::ObjectMeta;
use kctl_kinds::shared::formats::dns_subdomain_problems;

use super::{create, is_workload, key, kind_of, manifests, recorded, stored};

/// Whatever a kind refuses, the server refused with the same message, and it refused nothing that the kind accepts.
pub(super) fn errors_are_among_those_of_the_server() {
    let mut refused = 0;
    for manifest in manifests() {
        let output = recorded(&manifest, ".err");
        for object in &manifest.objects {
            let Some(kind) = kind_of(object) else { continue };
            // The API server validates metadata for all kinds alike.
            if !dns_subdomain_problems(object.name()).is_empty() {
                continue;
            }
            for error in kind.validate(&create(&kind, object.clone(), "u")) {
                assert!(output.contains(&error.to_string()), "{}: {error} is not in\n{output}", manifest.stem);
                refused += 1;
            }
        }
    }
    assert!(refused > 0, "no manifest was refused");
}

/// Definitions of custom kinds that the server stored are valid here too, with all their CEL rules.
pub(super) fn definitions_that_the_server_accepted_are_valid() {
    let (mut accepted, mut refused) = (0, Vec::new());
    for manifest in manifests() {
        let stored = stored(&manifest);
        let definitions = manifest.objects.iter().filter(|object| object.kind() == "CustomResourceDefinition");
        for object in definitions.filter(|object| stored.contains_key(&key(object))) {
            let Some(kind) = kind_of(object) else { continue };
            let created = create(&kind, object.clone(), "u");
            let errors = kind.validate(&created).into_iter().chain(kind.name_error(&created));
            refused.extend(errors.map(|error| format!("{}: {error}", manifest.stem)));
            accepted += 1;
        }
    }
    assert!(refused.is_empty(), "{}", refused.join("\n"));
    assert!(accepted >= 6, "only {accepted} definitions");
}

/// The warnings about valid workloads are those of the server, in the same order.
pub(super) fn workload_warnings_match() {
    let mut matched = 0;
    for manifest in manifests() {
        let output = recorded(&manifest, ".err");
        let mut recorded = output.lines().filter_map(|line| line.strip_prefix("Warning: "));
        for object in manifest.objects.iter().filter(|object| is_workload(object)) {
            let Some(kind) = kind_of(object) else { continue };
            let object = create(&kind, object.clone(), "u");
            if !dns_subdomain_problems(object.name()).is_empty() || !kind.validate(&object).is_empty() {
                continue;
            }
            for warning in kind.warnings(&object, None) {
                assert!(recorded.any(|line| line == warning), "{}: {warning}", manifest.stem);
                matched += 1;
            }
        }
        let from_kinds = |line: &&str| line.starts_with("spec.template") || line.starts_with("metadata.name");
        assert_eq!(recorded.find(from_kinds), None, "{}: this warning is missing", manifest.stem);
    }
    assert!(matched > 0, "no manifest was warned about");
}
