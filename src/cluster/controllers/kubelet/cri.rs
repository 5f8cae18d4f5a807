//! What the container runtimes of nodes say differently: the names of containers and images, and what they support.

use super::images;
use crate::profile::Profile;
use kctl_base::object::{Object, ValueRead};

/// The container runtime of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::controllers) enum Cri {
    /// That of a cluster without installer, the cluster of the recordings: a containerd that names images as pods do, and does not
    /// tell users and mounts.
    Plain,
    /// containerd, as which any other runtime counts that is not Docker.
    Containerd,
    /// Docker behind `cri-dockerd`.
    Docker,
}

impl Cri {
    /// Returns the runtime of a node in a cluster with a profile, as the node reports it.
    pub(in crate::controllers) fn of(profile: Profile, node: Option<&Object>) -> Cri {
        let version = node.map(|node| node.str("/status/nodeInfo/containerRuntimeVersion")).unwrap_or_default();
        match profile {
            _ if version.starts_with("docker://") => Cri::Docker,
            Profile::Bare => Cri::Plain,
            Profile::Kubeadm | Profile::Kind | Profile::Minikube => Cri::Containerd,
        }
    }

    /// Returns the scheme of the ids of its containers.
    pub(super) const fn scheme(self) -> &'static str {
        match self {
            Cri::Plain | Cri::Containerd => "containerd",
            Cri::Docker => "docker",
        }
    }

    /// Returns `image` of a container that has been created: the first tag of the image (`toCRIContainerStatus` in containerd
    /// and `ContainerStatus` in `cri-dockerd`), or its id if it was pulled by digest.
    pub(super) fn image(self, image: &str) -> String {
        match self {
            Cri::Plain => image.to_owned(),
            _ if image.contains('@') => images::config_digest(image),
            _ => self.familiar(images::canonical(image)),
        }
    }

    /// Returns `imageID` of a container that has been created.
    pub(super) fn image_id(self, image: &str) -> String {
        let id = self.familiar(images::digested(image));
        match self {
            Cri::Plain | Cri::Containerd => id,
            Cri::Docker => format!("docker-pullable://{id}"),
        }
    }

    /// Returns the error of the pull of an image that does not exist. Docker 29 keeps images in containerd.
    pub(super) fn pull_error(self, image: &str) -> String {
        let full = images::canonical(image);
        let not_found = format!("failed to resolve reference \"{full}\": {full}: not found");
        match self {
            Cri::Plain | Cri::Containerd => {
                format!("rpc error: code = NotFound desc = failed to pull and unpack image \"{full}\": {not_found}")
            }
            Cri::Docker => format!("Error response from daemon: {not_found}"),
        }
    }

    /// Reports whether it says that it obeys `supplementalGroupsPolicy` and mounts recursively read-only.
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
        let of = |profile, version: &str| {
            Cri::of(profile, Some(&json!({"status": {"nodeInfo": {"containerRuntimeVersion": version}}})))
        };
        let containerd = of(Profile::Kind, "containerd://2.1.4");
        let docker = of(Profile::Minikube, "docker://29.2.1");
        assert_eq!((containerd, docker), (Cri::Containerd, Cri::Docker));
        let plain = of(Profile::Bare, "containerd://2.1.4");
        assert_eq!((plain, plain.image("nginx")), (Cri::Plain, "nginx".to_owned()));
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
