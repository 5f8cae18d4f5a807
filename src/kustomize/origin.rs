//! `buildMetadata`: where objects come from and what changed them.

use super::resource::Resource;

/// The annotation that says where an object is from.
pub(super) const ORIGIN: &str = "config.kubernetes.io/origin";
/// The annotation that lists what changed an object.
pub(super) const TRANSFORMATIONS: &str = "alpha.config.kubernetes.io/transformations";

/// Where an object or a transformer is from.
#[derive(Clone, Debug, Default)]
pub(super) struct Origin {
    /// The file, from the directory of the build.
    path: String,
    /// The file that asks for a generator or transformer, what that is, and its name.
    configured: Option<(String, &'static str)>,
}

impl Origin {
    /// Something below this, by a path.
    pub(super) fn below(&self, path: &str) -> Origin {
        Origin { path: join(&self.path, path), configured: None }
    }

    /// A built-in generator or transformer that a kustomization file asks for.
    pub(super) fn configured(&self, file: &str, kind: &'static str) -> Origin {
        Origin { path: String::new(), configured: Some((join(&self.path, file), kind)) }
    }

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

    /// Notes that an object is from here, unless it is known already.
    pub(super) fn note_on(&self, resource: &mut Resource) {
        let mut annotations = resource.annotations();
        annotations.entry(ORIGIN.into()).or_insert_with(|| self.lines().join("\n") + "\n");
        resource.set_annotations(annotations);
    }

    /// Notes that this changed an object; one from nowhere is taken for its work.
    pub(super) fn note_change_on(&self, resource: &mut Resource) {
        let mut annotations = resource.annotations();
        if !annotations.contains_key(ORIGIN) {
            return self.note_on(resource);
        }
        let list = annotations.entry(TRANSFORMATIONS.into()).or_default();
        list.push_str(&format!("- {}\n", self.lines().join("\n  ")));
        resource.set_annotations(annotations);
    }
}

/// Joins two paths and takes `.` and `..` out.
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
    fn paths_lead_from_the_build() {
        let base = Origin::default().below("../base");
        assert_eq!(base.below("a/../b.yaml").path, "../base/b.yaml");
        assert_eq!(base.below("../other").path, "../other");
    }
}
