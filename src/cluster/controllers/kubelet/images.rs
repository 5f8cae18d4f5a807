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

/// Returns the error of containerd for an image that does not exist.
pub(super) fn not_found(image: &str) -> String {
    let full = canonical(image);
    format!(
        "rpc error: code = NotFound desc = failed to pull and unpack image \"{full}\": failed to resolve reference \"{full}\": {full}: not found"
    )
}

/// Returns a plausible size in bytes, which depends only on the image.
pub(super) fn size(image: &str) -> u64 {
    20_000_000 + Ids::new(0).below("image-size", &canonical(image), 0, 80_000_000)
}

/// Returns `imageID` of a container status: repository and digest.
pub(super) fn id(image: &str) -> String {
    let full = canonical(image);
    let name = full.split('@').next().unwrap_or(&full);
    let name = match (name.rfind(':'), name.rfind('/')) {
        (Some(colon), slash) if slash.is_none_or(|s| colon > s) => &name[..colon],
        _ => name,
    };
    let ids = Ids::new(0);
    format!("{name}@sha256:{:032x}{:032x}", ids.draw("image", &full, 0), ids.draw("image", &full, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_completed() {
        assert_eq!(canonical("nginx"), "docker.io/library/nginx:latest");
        assert_eq!(canonical("ikubernetes/myapp:v1"), "docker.io/ikubernetes/myapp:v1");
        assert_eq!(canonical("localhost:5000/x:1"), "localhost:5000/x:1");
        assert!(id("nginx:1.25").starts_with("docker.io/library/nginx@sha256:"));
    }
}
