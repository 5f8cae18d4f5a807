//! `images` (`api/filters/imagetag`, `api/internal/image/image.go`).

use regex::Regex;

use super::Transformer;
use crate::error::{Result, fail, wrong_node_kind};
use crate::field_path::CreateKind;
use crate::field_spec::FieldSpec;
use crate::go_regexp;
use crate::res_map::ResMap;
use crate::types::Image;
use kctl_base::json::Value;

/// Replaces the name, tag or digest of images.
pub(crate) struct Images {
    pub(crate) image: Image,
    pub(crate) fields: Vec<FieldSpec>,
}

/// The parts of `registry:5000/name:tag@digest`.
struct Parts<'a> {
    name: &'a str,
    tag: &'a str,
    digest: &'a str,
}

impl<'a> Parts<'a> {
    /// Splits an image reference (`image.Split`).
    fn split(image: &'a str) -> Parts<'a> {
        let (named, digest) = image.split_once('@').unwrap_or((image, ""));
        // A colon before the first slash belongs to the port of the registry.
        let from = named.find('/').filter(|at| *at > 0).unwrap_or(0);
        let (name, tag) = match named[from..].find(':') {
            Some(at) => (&named[..from + at], &named[from + at + 1..]),
            None => (named, ""),
        };
        Parts { name, tag, digest }
    }
}

impl Images {
    /// Returns the expression for references to the image with any tag and digest. The name is an expression itself.
    fn pattern(&self) -> Result<Regex> {
        let pattern = format!("^{}(:[a-zA-Z0-9_.{{}}-]*)?(@sha256:[a-zA-Z0-9_.{{}}-]*)?$", self.image.name);
        go_regexp::compile(&pattern)
    }

    /// Returns the new reference for a matching one.
    fn updated(&self, image: &str) -> String {
        let new = &self.image;
        let Parts { name, tag, digest } = Parts::split(image);
        let name = if new.new_name.is_empty() { name } else { &new.new_name };
        let suffixed;
        let (tag, digest) = match (new.new_tag.as_str(), new.digest.as_str()) {
            ("", "") if !new.tag_suffix.is_empty() => {
                suffixed = format!("{tag}{}", new.tag_suffix);
                (suffixed.as_str(), "")
            }
            ("", "") => (tag, digest),
            tag_and_digest => tag_and_digest,
        };
        let tag = if tag.is_empty() { String::new() } else { format!(":{tag}") };
        let digest = if digest.is_empty() { String::new() } else { format!("@{digest}") };
        format!("{name}{tag}{digest}")
    }

    fn set(&self, pattern: &Regex, value: &mut Value) -> Result<()> {
        match value {
            Value::Null => Ok(()),
            Value::String(image) => {
                if pattern.is_match(image) {
                    *image = self.updated(image).into();
                }
                Ok(())
            }
            Value::Object(_) | Value::Array(_) => fail(wrong_node_kind("ScalarNode", value)),
            _ => Ok(()),
        }
    }

    /// Updates the images of all `containers` and `initContainers`, at any depth (`legacyFilter`).
    fn update_containers(&self, pattern: &Regex, value: &mut Value) -> Result<()> {
        match value {
            Value::Array(items) => items.iter_mut().try_for_each(|item| self.update_containers(pattern, item)),
            Value::Object(fields) => {
                for (key, inner) in fields {
                    self.update_containers(pattern, inner)?;
                    if !matches!(key.as_str(), "containers" | "initContainers") {
                        continue;
                    }
                    for container in inner.as_array_mut().into_iter().flatten() {
                        if let Some(image) = container.get_mut("image") {
                            self.set(pattern, image)?;
                        }
                    }
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

impl Transformer for Images {
    fn transform(&self, resources: &mut ResMap) -> Result<()> {
        let pattern = self.pattern()?;
        for resource in resources.iter_mut() {
            if resource.kind() == "CustomResourceDefinition" {
                continue;
            }
            self.update_containers(&pattern, &mut resource.value)?;
            // Fields of containers were updated above. As in kustomize, a tag suffix is added to them a second time.
            for field in &self.fields {
                field.visit(resource, CreateKind::None, &mut |value| self.set(&pattern, value))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_split_and_rebuilt() {
        let change = |image: &str, name: &str, new_name: &str, new_tag: &str, digest: &str| {
            let image_rule = Image {
                name: name.into(),
                new_name: new_name.into(),
                new_tag: new_tag.into(),
                digest: digest.into(),
                ..Image::default()
            };
            let images = Images { image: image_rule, fields: Vec::new() };
            let mut value = Value::from(image);
            images.pattern().and_then(|p| images.set(&p, &mut value)).map(|()| value)
        };
        let cases = [
            ("nginx", "nginx", "", "1", "", "nginx:1"),
            ("nginx:2", "nginx", "", "1", "", "nginx:1"),
            ("nginx@sha256:ab", "nginx", "", "1", "", "nginx:1"),
            ("my/nginx:2", "nginx", "", "1", "", "my/nginx:2"),
            ("host:5000/a:2", "host:5000/a", "b", "", "", "b:2"),
            ("host:5000/a", "host:5000/a", "b", "", "", "b"),
            ("redis:7", "redis", "", "", "sha256:ab", "redis@sha256:ab"),
            ("redis:7@sha256:cd", "redis", "", "8", "sha256:ab", "redis:8@sha256:ab"),
            ("redis:7@sha256:cd", "redis", "r", "", "", "r:7@sha256:cd"),
        ];
        for (image, name, new_name, new_tag, digest, expected) in cases {
            assert_eq!(change(image, name, new_name, new_tag, digest), Ok(expected.into()), "{image}");
        }
    }
}
