//! Image references: `[HOST/]REPOSITORY[:TAG][@DIGEST]`.

/// Directories in which registries mirror images under their own names.
const MIRRORS: [&str; 5] =
    ["library", "google_containers", "google-containers", "mirrorgooglecontainers", "google_samples"];

/// The parts of a reference that say what an image is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reference<'a> {
    /// Path without the host of the registry and without the directory of a mirror: `e2e-test-images/agnhost`.
    pub(super) repository: &'a str,
    /// Tag; `latest` if there is none.
    pub(super) tag: &'a str,
    /// It comes from a registry of Kubernetes, or from a mirror of one.
    pub(super) is_of_kubernetes: bool,
}

impl<'a> Reference<'a> {
    pub(super) fn parse(text: &'a str) -> Reference<'a> {
        let text = text.split('@').next().unwrap_or(text);
        let (host, path) = match text.split_once('/') {
            Some((host, rest)) if host == "localhost" || host.contains(['.', ':']) => (host, rest),
            _ => ("", text),
        };
        let (repository, tag) = path.split_once(':').unwrap_or((path, "latest"));
        let mirrored = repository.split_once('/').filter(|(directory, _)| MIRRORS.contains(directory));
        let is_of_kubernetes = matches!(host, "registry.k8s.io" | "k8s.gcr.io")
            || mirrored.is_some_and(|(directory, _)| directory.starts_with("google"));
        Reference { repository: mirrored.map_or(repository, |(_, name)| name), tag, is_of_kubernetes }
    }

    /// Returns the number at the start of the tag: `1.25` of `1.25-alpine` and of `v1.25`; empty if there is none.
    pub(super) fn version(&self) -> &'a str {
        let tag = self.tag.strip_prefix('v').unwrap_or(self.tag);
        let end = tag.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(tag.len());
        tag[..end].trim_end_matches('.')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_taken_apart() {
        let cases = [
            ("nginx", "nginx", "latest", ""),
            ("docker.io/library/nginx:1.25-alpine@sha256:00", "nginx", "1.25-alpine", "1.25"),
            ("localhost:5000/team/app:v2.1.", "team/app", "v2.1.", "2.1"),
            ("ikubernetes/myapp:v1", "ikubernetes/myapp", "v1", "1"),
            ("registry.k8s.io/e2e-test-images/agnhost:2.53", "e2e-test-images/agnhost", "2.53", "2.53"),
            ("registry.cn-hangzhou.aliyuncs.com/google_containers/pause:3.9", "pause", "3.9", "3.9"),
            ("", "", "latest", ""),
        ];
        for (text, repository, tag, version) in cases {
            let reference = Reference::parse(text);
            assert_eq!(
                (reference.repository, reference.tag, reference.version()),
                (repository, tag, version),
                "{text}"
            );
        }
    }
}
