//! The documentation of definitions and fields for `explain`. It is decompressed on first use, which takes a few
//! milliseconds.

use std::{collections::BTreeMap, sync::OnceLock};

use miniz_oxide::inflate::decompress_to_vec;
use serde::Deserialize;

/// The output of the build script (see `build/texts.rs` for the format).
static COMPRESSED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/texts.bin"));

/// The documentation of all definitions.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct Texts {
    definitions: BTreeMap<String, DefinitionText>,
}

/// The documentation of a definition and its fields.
#[derive(Debug, Deserialize)]
struct DefinitionText(String, BTreeMap<String, FieldText>);

/// The documentation of a field, and the definition that it refers to, directly or through lists and maps.
#[derive(Debug, Deserialize)]
struct FieldText(String, Option<String>);

impl Texts {
    /// Returns the documentation of the built-in kinds.
    pub fn builtin() -> &'static Texts {
        static TEXTS: OnceLock<Texts> = OnceLock::new();
        TEXTS.get_or_init(|| {
            // The build script wrote these bytes, and a test decodes them.
            decompress_to_vec(COMPRESSED).ok().and_then(|json| serde_json::from_slice(&json).ok()).unwrap_or_default()
        })
    }

    /// Returns the description of a definition, or an empty string.
    pub fn definition(&self, definition: &str) -> &str {
        self.definitions.get(definition).map_or("", |text| &text.0)
    }

    /// Returns the description of a field, or an empty string.
    pub fn field(&self, definition: &str, field: &str) -> &str {
        self.field_text(definition, field).map_or("", |text| &text.0)
    }

    /// Returns the definition that a field refers to, directly or through lists and maps, even if that is a scalar.
    pub fn target(&self, definition: &str, field: &str) -> Option<&str> {
        self.field_text(definition, field)?.1.as_deref()
    }

    fn field_text(&self, definition: &str, field: &str) -> Option<&FieldText> {
        self.definitions.get(definition)?.1.get(field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Schema;

    #[test]
    fn every_definition_has_an_entry() {
        let texts = Texts::builtin();
        for name in Schema::builtin().names() {
            assert!(texts.definitions.contains_key(name), "{name}");
        }
        assert!(texts.field("io.k8s.api.apps.v1.DeploymentSpec", "replicas").starts_with("Number of desired pods."));
        assert_eq!(
            texts.target("io.k8s.api.apps.v1.RollingUpdateDeployment", "maxSurge"),
            Some("io.k8s.apimachinery.pkg.util.intstr.IntOrString")
        );
        assert_eq!(texts.field("io.k8s.api.core.v1.Pod", "nope"), "");
    }
}
