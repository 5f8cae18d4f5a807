//! Images: their full names, sizes and ids. Which ones cannot be pulled is in [`crate::simulation`].

use crate::simulation::tag;
use kctl_base::sim::Ids;

/// Returns the full reference of an image, with registry and tag, as containerd resolves it.
pub(super) fn canonical(image: &str) -> String {
    let first = image.split('/').next().unwrap_or("");
    let has_registry = image.contains('/') && (first.contains('.') || first.contains(':') || first == "localhost");
    let name = match (has_registry, image.contains('/')) {
        (true, _) => image.to_string(),
        (false, true) => format!("docker.io/{image}"),
        (false, false) => format!("docker.io/library/{image}"),
    };
    if name.contains('@') || tag(&name).is_some() { name } else { format!("{name}:latest") }
}

/// Begin of the message about an image whose name cannot be parsed.
const INVALID_NAME: &str = "Failed to apply default image tag";

/// Returns why an image has no name that can be parsed (`applyDefaultImageTag` in `pkg/kubelet/images`, `ParseNormalizedNamed` of
/// `github.com/distribution/reference`); `None` for a valid one.
pub(super) fn name_error(image: &str) -> Option<String> {
    let (name, digest) = image.split_once('@').map_or((image, None), |(name, digest)| (name, Some(digest)));
    let at = name.rfind(':').filter(|colon| name.rfind('/').is_none_or(|slash| *colon > slash));
    let (path, tag) = at.map_or((name, None), |at| (&name[..at], Some(&name[at + 1..])));
    let first = path.split('/').next().unwrap_or_default();
    let has_domain = path.contains('/') && (first.contains(['.', ':']) || first == "localhost");
    let path = if has_domain { &path[first.len() + 1..] } else { path };
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let is_tag =
        |tag: &str| tag.len() <= 128 && tag.starts_with(is_word) && tag.chars().all(|c| is_word(c) || ".-".contains(c));
    let is_digest = |digest: &str| digest.split_once(':').is_some_and(|(_, hex)| hex.len() >= 32);
    let reason = match path.split('/').all(is_path_component) {
        true if tag.is_none_or(is_tag) && digest.is_none_or(is_digest) => return None,
        false if path.to_lowercase().split('/').all(is_path_component) => {
            let library = if has_domain || path.contains('/') { "" } else { "library/" };
            format!("invalid reference format: repository name ({library}{path}) must be lowercase")
        }
        _ => "invalid reference format".to_owned(),
    };
    Some(format!("{INVALID_NAME} \"{image}\": couldn't parse image name \"{image}\": {reason}"))
}

fn is_path_component(part: &str) -> bool {
    let is_inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    part.starts_with(is_inner) && part.ends_with(is_inner) && part.chars().all(|c| is_inner(c) || "._-".contains(c))
}

/// Returns a plausible size in bytes, which depends only on the image.
pub(super) fn size(image: &str) -> u64 {
    20_000_000 + Ids::new(0).below("image-size", &canonical(image), 0, 80_000_000)
}

/// Returns the repository and the digest of an image: the digest that the reference names, or else one that follows from it.
pub(super) fn digested(image: &str) -> String {
    let full = canonical(image);
    let (name, digest) = full.split_once('@').map_or((full.as_str(), None), |(name, digest)| (name, Some(digest)));
    let name = match (name.rfind(':'), name.rfind('/')) {
        (Some(colon), slash) if slash.is_none_or(|s| colon > s) => &name[..colon],
        _ => name,
    };
    let draw = |counter| Ids::new(0).draw("image", &full, counter);
    digest
        .map_or_else(|| format!("{name}@sha256:{:032x}{:032x}", draw(0), draw(1)), |digest| format!("{name}@{digest}"))
}

/// Returns the id of an image: the digest of its configuration.
pub(super) fn config_digest(image: &str) -> String {
    let full = canonical(image);
    let draw = |counter| Ids::new(0).draw("image-config", &full, counter);
    format!("sha256:{:032x}{:032x}", draw(0), draw(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_completed() {
        assert_eq!(canonical("nginx"), "docker.io/library/nginx:latest");
        assert_eq!(canonical("ikubernetes/myapp:v1"), "docker.io/ikubernetes/myapp:v1");
        assert_eq!(canonical("localhost:5000/x:1"), "localhost:5000/x:1");
        assert!(digested("nginx:1.25").starts_with("docker.io/library/nginx@sha256:"));
        assert_eq!(digested("nginx:1.25@sha256:ab12"), "docker.io/library/nginx@sha256:ab12");
    }

    #[test]
    fn names_that_cannot_be_parsed_are_told() {
        let cases = [
            ("nginx", None),
            ("registry.k8s.io/e2e-test-images/agnhost:2.53", None),
            ("localhost:5000/a__b/c.d:v1_2.x-y", None),
            ("my_app@sha256:0123456789abcdef0123456789abcdef", None),
            ("<your-private-image>", Some("invalid reference format")),
            ("nginx:", Some("invalid reference format")),
            ("nginx: latest", Some("invalid reference format")),
            ("MyApp:1", Some("invalid reference format: repository name (library/MyApp) must be lowercase")),
        ];
        for (image, expected) in cases {
            let quoted = format!("\"{image}\"");
            let message =
                expected.map(|reason| format!("{INVALID_NAME} {quoted}: couldn't parse image name {quoted}: {reason}"));
            assert_eq!(name_error(image), message, "{image}");
        }
    }
}
