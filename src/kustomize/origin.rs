//! `buildMetadata`: annotations for the origin of objects and the transformers that changed them
//! (`api/resource/origin.go`).

use super::resource::Resource;

/// The annotation with the origin of an object.
pub(super) const ORIGIN: &str = "config.kubernetes.io/origin";
/// The annotation with the list of transformers that changed an object.
pub(super) const TRANSFORMATIONS: &str = "alpha.config.kubernetes.io/transformations";

/// The origin of an object or a transformer.
#[derive(Clone, Debug, Default)]
pub(super) struct Origin {
    /// The path of the file, relative to the directory of the build.
    path: String,
    /// For a built-in generator or transformer: the path of the kustomization file, and the kind.
    configured: Option<(String, &'static str)>,
}

impl Origin {
    /// Returns the origin of a file or directory at a path relative to this one.
    pub(super) fn append(&self, path: &str) -> Origin {
        Origin { path: join(&self.path, path), configured: None }
    }

    /// Returns the origin of a built-in generator or transformer that a kustomization file configures.
    pub(super) fn configured(&self, file: &str, kind: &'static str) -> Origin {
        Origin { path: String::new(), configured: Some((join(&self.path, file), kind)) }
    }

    /// Returns the origin as lines of YAML.
    fn lines(&self) -> Vec<String> {
        match &self.configured {
            None => vec![format!("path: {}", self.path)],
            Some((file, kind)) => vec![
                format!("configuredIn: {file}"),
                "configuredBy:".into(),
                "  apiVersion: builtin".into(),
                format!("  kind: {kind}"),
            ],
        }
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
}
