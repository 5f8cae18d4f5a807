//! `buildMetadata`: annotations for the origin of objects and the transformers that changed them
//! (`api/resource/origin.go`).

use kctl_base::yaml;

use super::repository::Repository;
use super::resource::Resource;

/// The annotation with the origin of an object.
pub(super) const ORIGIN: &str = "config.kubernetes.io/origin";
/// The annotation with the list of transformers that changed an object.
pub(super) const TRANSFORMATIONS: &str = "alpha.config.kubernetes.io/transformations";

/// The origin of an object or a transformer.
#[derive(Clone, Debug, Default)]
pub(super) struct Origin {
    /// The path of the file, relative to the directory of the build or the root of its repository.
    path: String,
    /// The URL of its repository; empty for a local file.
    repository: String,
    /// The branch, tag or commit in the repository; empty for the default branch.
    reference: String,
    /// For a built-in generator or transformer: the path of the kustomization file, and the kind.
    configured: Option<(String, &'static str)>,
}

impl Origin {
    /// Returns the origin of a file or directory at a path relative to this one, or in a repository.
    pub(super) fn append(&self, path: &str) -> Origin {
        let Some(Repository { url, directory, reference, .. }) = Repository::parse(path) else {
            return Origin { path: join(&self.path, path), configured: None, ..self.clone() };
        };
        // Upstream cuts the first part off `/notCloned/DIRECTORY`, and takes it for the directory if there is no other.
        let path = if directory.is_empty() { "notCloned".into() } else { join("", &directory) };
        Origin { path, repository: url, reference, configured: None }
    }

    /// Returns the origin of a built-in generator or transformer that a kustomization file configures.
    pub(super) fn configured(&self, file: &str, kind: &'static str) -> Origin {
        Origin { path: String::new(), configured: Some((join(&self.path, file), kind)), ..self.clone() }
    }

    /// Returns the origin as lines of YAML.
    fn lines(&self) -> Vec<String> {
        let field = |name: &str, text: &str| {
            let is_given = !text.is_empty();
            is_given.then(|| format!("{name}: {}", yaml::to_yaml(&text.into()).trim_end()))
        };
        let place = [
            field("path", &self.path),
            field("repo", &self.repository),
            field("ref", &self.reference),
            self.configured.as_ref().and_then(|(file, _)| field("configuredIn", file)),
        ];
        let mut lines: Vec<String> = place.into_iter().flatten().collect();
        if let Some((_, kind)) = &self.configured {
            lines.extend(["configuredBy:".into(), "  apiVersion: builtin".into(), format!("  kind: {kind}")]);
        }
        lines
    }

    /// Annotates an object with this origin unless it has one.
    pub(super) fn annotate(&self, resource: &mut Resource) {
        let mut annotations = resource.annotations();
        annotations.entry(ORIGIN.into()).or_insert_with(|| self.lines().join("\n") + "\n");
        resource.set_annotations(annotations);
    }

    /// Annotates an object as changed by this transformer. An object without an origin counts as made by it.
    pub(super) fn annotate_change(&self, resource: &mut Resource) {
        let mut annotations = resource.annotations();
        if !annotations.contains_key(ORIGIN) {
            return self.annotate(resource);
        }
        let list = annotations.entry(TRANSFORMATIONS.into()).or_default();
        list.push_str(&format!("- {}\n", self.lines().join("\n  ")));
        resource.set_annotations(annotations);
    }
}

/// Joins two paths and resolves `.` and `..`.
fn join(base: &str, path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in base.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            other => parts.push(other),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_relative_to_the_build() {
        let base = Origin::default().append("../base");
        assert_eq!(base.append("a/../b.yaml").path, "../base/b.yaml");
        assert_eq!(base.append("../other").path, "../other");
    }

    #[test]
    fn repositories_are_named() {
        let base = Origin::default().append("../base");
        let remote = base.append("github.com/a/b/c/../d?ref=1.0");
        assert_eq!(remote.append("x.yaml").lines(), ["path: d/x.yaml", "repo: https://github.com/a/b", "ref: \"1.0\""]);
        let generator = remote.configured("k.yaml", "K").lines();
        assert_eq!(generator[..3], ["repo: https://github.com/a/b", "ref: \"1.0\"", "configuredIn: d/k.yaml"]);
        assert_eq!(base.append("https://h/a/b").lines(), ["path: notCloned", "repo: https://h/a/b"]);
    }
}
