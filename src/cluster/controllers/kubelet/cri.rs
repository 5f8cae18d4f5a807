//! What the container runtimes of nodes say differently: the names of containers and images, and what they support.

use super::images;
use kctl_base::object::{Object, ValueRead};

/// The container runtime of a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::controllers) enum Cri {
    /// containerd, as which any other runtime counts that is not Docker.
    #[default]
    Containerd,
    /// Docker behind `cri-dockerd`.
    Docker,
}

impl Cri {
    /// Returns the runtime that a node reports.
    pub(in crate::controllers) fn of(node: &Object) -> Cri {
        match node.str("/status/nodeInfo/containerRuntimeVersion").starts_with("docker://") {
            true => Cri::Docker,
            false => Cri::Containerd,
        }
    }

    /// Returns the scheme of the ids of its containers.
    pub(super) const fn scheme(self) -> &'static str {
        match self {
            Cri::Containerd => "containerd",
            Cri::Docker => "docker",
        }
    }

    /// Returns `image` of a container that has been created: the first tag of the image (`toCRIContainerStatus` in containerd
    /// and `ContainerStatus` in `cri-dockerd`), or its id if it was pulled by digest.
    pub(super) fn image(self, image: &str) -> String {
        match image.contains('@') {
            true => images::config_digest(image),
            false => self.familiar(images::canonical(image)),
        }
    }

    /// Returns `imageID` of a container that has been created.
    pub(super) fn image_id(self, image: &str) -> String {
        let id = self.familiar(images::digested(image));
        match self {
            Cri::Containerd => id,
            Cri::Docker => format!("docker-pullable://{id}"),
        }
    }

    /// Returns the error of the pull of an image that does not exist. Docker 29 keeps images in containerd.
    pub(super) fn pull_error(self, image: &str) -> String {
        let full = images::canonical(image);
        let not_found = format!("failed to resolve reference \"{full}\": {full}: not found");
        match self {
            Cri::Containerd => {
                format!("rpc error: code = NotFound desc = failed to pull and unpack image \"{full}\": {not_found}")
            }
            Cri::Docker => format!("Error response from daemon: {not_found}"),
        }
    }

    /// Reports whether it tells the user of a container, obeys `supplementalGroupsPolicy` and mounts recursively read-only.
    pub(in crate::controllers) const fn has_handler_features(self) -> bool {
        matches!(self, Cri::Containerd)
    }

    /// Returns the name of an image as the runtime writes it: Docker leaves out its own registry.
    fn familiar(self, name: String) -> String {
        let short = name.strip_prefix("docker.io/library/").or_else(|| name.strip_prefix("docker.io/"));
        match (self, short) {
            (Cri::Docker, Some(short)) => short.to_owned(),
            _ => name,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    #[test]
    fn runtimes_name_images_differently() {
        let of = |version: &str| Cri::of(&json!({"status": {"nodeInfo": {"containerRuntimeVersion": version}}}));
        let (containerd, docker) = (of("containerd://2.1.4"), of("docker://29.2.1"));
        assert_eq!((containerd, docker), (Cri::Containerd, Cri::Docker));
        for (image, by_containerd, by_docker) in [
            ("nginx", "docker.io/library/nginx:latest", "nginx:latest"),
            ("me/app:v1", "docker.io/me/app:v1", "me/app:v1"),
            ("registry.k8s.io/pause:3.9", "registry.k8s.io/pause:3.9", "registry.k8s.io/pause:3.9"),
        ] {
            assert_eq!((containerd.image(image), docker.image(image)), (by_containerd.into(), by_docker.into()));
        }
        assert_eq!(
            docker.pull_error("nginx:1.161"),
            "Error response from daemon: failed to resolve reference \"docker.io/library/nginx:1.161\": docker.io/library/nginx:1.161: not found"
        );
        let pinned = "nginx@sha256:0123456789abcdef0123456789abcdef";
        assert!(containerd.image(pinned).starts_with("sha256:"));
        assert_eq!(containerd.image_id(pinned), format!("docker.io/library/{pinned}"));
        assert_eq!(docker.image_id(pinned), format!("docker-pullable://{pinned}"));
    }
}
