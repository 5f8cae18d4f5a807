//! Images that no registry has.

use std::collections::BTreeSet;

/// Images missing from a new cluster: those that tutorials mistype or invent on purpose.
const DEFAULT_NAMES: [&str; 5] = [
    "gcr.io/google-samples/kubernetes-bootcamp:v10",
    "nginx:1.91",
    "nginx:1.161",
    "nginx:sometag",
    "non-existing-repo/non-existing-image:example",
];
/// Tags missing from a new cluster, whatever the repository.
const DEFAULT_TAGS: [&str; 3] = ["bad", "does-not-exist", "notfound"];
/// Precedes a tag in the written form of a pattern: `*:notfound`.
const ANY_REPOSITORY: &str = "*:";

/// Images whose pull fails with NotFound: single references, and tags of any repository.
///
/// The default is the list that a new cluster starts with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingImages {
    /// References as pods write them: `nginx:1.91`.
    pub(super) names: BTreeSet<String>,
    /// Tags that are missing from every repository: `notfound`.
    pub(super) tags: BTreeSet<String>,
}

impl Default for MissingImages {
    fn default() -> MissingImages {
        MissingImages { names: DEFAULT_NAMES.map(String::from).into(), tags: DEFAULT_TAGS.map(String::from).into() }
    }
}

impl MissingImages {
    /// Reports whether pulling an image fails.
    pub fn contains(&self, image: &str) -> bool {
        self.names.contains(image) || self.tag_of(image).is_some()
    }

    /// Returns the missing tag that an image has, if any.
    pub fn tag_of<'a>(&self, image: &'a str) -> Option<&'a str> {
        tag(image).filter(|tag| self.tags.contains(*tag))
    }

    /// Adds an image, or with `*:TAG` a tag of all repositories.
    pub fn insert(&mut self, pattern: &str) {
        match pattern.strip_prefix(ANY_REPOSITORY) {
            Some(tag) => self.tags.insert(tag.into()),
            None => self.names.insert(pattern.into()),
        };
    }

    /// Removes what [`MissingImages::insert`] has added under the same pattern.
    pub fn remove(&mut self, pattern: &str) {
        match pattern.strip_prefix(ANY_REPOSITORY) {
            Some(tag) => self.tags.remove(tag),
            None => self.names.remove(pattern),
        };
    }

    /// Lists the patterns: first images, then tags as `*:TAG`.
    pub fn patterns(&self) -> Vec<String> {
        let tags = self.tags.iter().map(|tag| format!("{ANY_REPOSITORY}{tag}"));
        self.names.iter().cloned().chain(tags).collect()
    }
}

/// Returns the tag of an image reference: `1.25` of `registry:5000/nginx:1.25@sha256:...`.
pub(crate) fn tag(image: &str) -> Option<&str> {
    let name = image.rsplit('/').next()?.split('@').next()?;
    name.split_once(':').map(|(_, tag)| tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_missing_by_name_or_by_tag() {
        let mut images = MissingImages::default();
        let cases = [
            ("nginx:1.91", true),
            ("nginx:1.161", true),
            ("nginx:1.25", false),
            ("docker.io/nginx:1.91", false),
            ("x/y:does-not-exist", true),
            ("registry:5000/bad", false),
            ("bad", false),
        ];
        for (image, missing) in cases {
            assert_eq!(images.contains(image), missing, "{image}");
        }
        for pattern in DEFAULT_NAMES.iter().chain(&["*:bad"]) {
            images.remove(pattern);
        }
        images.insert("redis:7");
        images.insert("*:latest");
        assert_eq!(images.patterns(), ["redis:7", "*:does-not-exist", "*:latest", "*:notfound"]);
        assert!(!images.contains("nginx:1.91") && !images.contains("a:bad") && images.contains("a:latest"));
    }
}
