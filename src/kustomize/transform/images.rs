//! `images`.

use regex::Regex;

use super::Transformer;
use crate::error::{Result, fail};
use crate::field_spec::{FieldSpec, Leaf, wrong_kind};
use crate::model::Image;
use crate::resources::{Resources, regex_error};
use kctl_base::json::Value;

/// Gives images other names, tags and digests.
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
    fn of(image: &'a str) -> Parts<'a> {
        let (named, digest) = image.split_once('@').unwrap_or((image, ""));
        // A colon before the first slash is that of the registry's port.
        let from = named.find('/').filter(|at| *at > 0).unwrap_or(0);
        let (name, tag) = match named[from..].find(':') {
            Some(at) => (&named[..from + at], &named[from + at + 1..]),
            None => (named, ""),
        };
        Parts { name, tag, digest }
    }
}

impl Images {
    fn pattern(&self) -> Result<Regex> {
        let pattern = format!("^{}(:[a-zA-Z0-9_.{{}}-]*)?(@sha256:[a-zA-Z0-9_.{{}}-]*)?$", self.image.name);
        Regex::new(&pattern).map_err(|e| regex_error(&pattern, &e))
    }

    fn changed(&self, image: &str) -> String {
        let wanted = &self.image;
        let Parts { name, tag, digest } = Parts::of(image);
        let name = if wanted.new_name.is_empty() { name } else { &wanted.new_name };
        let suffixed;
        let (tag, digest) = match (wanted.new_tag.as_str(), wanted.digest.as_str()) {
            ("", "") if !wanted.tag_suffix.is_empty() => {
                suffixed = format!("{tag}{}", wanted.tag_suffix);
                (suffixed.as_str(), "")
            }
            ("", "") => (tag, digest),
            new => new,
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
                    *image = self.changed(image).into();
                }
                Ok(())
            }
            Value::Object(_) | Value::Array(_) => fail(wrong_kind("ScalarNode", value)),
            _ => Ok(()),
        }
    }

    /// Every list of containers, wherever it stands.
    fn in_containers(&self, pattern: &Regex, value: &mut Value) -> Result<()> {
        match value {
            Value::Array(items) => items.iter_mut().try_for_each(|item| self.in_containers(pattern, item)),
            Value::Object(fields) => {
                for (key, inner) in fields {
                    self.in_containers(pattern, inner)?;
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
    fn transform(&self, resources: &mut Resources) -> Result<()> {
        let pattern = self.pattern()?;
        for resource in &mut resources.list {
            if resource.kind() == "CustomResourceDefinition" {
                continue;
            }
            self.in_containers(&pattern, &mut resource.value)?;
            // What stands at the known places was changed above; only what is added by each time is seen twice.
            for field in &self.fields {
                field.visit(resource, Leaf::Nothing, &mut |value| self.set(&pattern, value))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_taken_apart_and_put_together() {
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
