//! The documentation of definitions and fields for `explain`. A block of it is decompressed when one of its definitions is
//! asked for.

use std::{collections::BTreeMap, sync::OnceLock};

use miniz_oxide::inflate::decompress_to_vec;

/// The blocks: the first definition of each and its length in bytes (see `build.rs`).
static INDEX: &str = include_str!(concat!(env!("OUT_DIR"), "/texts.index"));

/// The compressed blocks, one after the other. Their lines are those of `texts.txt`, whose format `derive/texts.rs` has.
static COMPRESSED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/texts.bin"));

/// The documentation of all definitions.
#[derive(Debug)]
pub struct Texts {
    /// Sorted by the first definition.
    blocks: Vec<Block>,
}

/// The documentation of some definitions with neighbouring names.
#[derive(Debug)]
struct Block {
    first: &'static str,
    compressed: &'static [u8],
    definitions: OnceLock<BTreeMap<String, DefinitionText>>,
}

/// The documentation of a definition and its fields.
#[derive(Debug, Default)]
struct DefinitionText {
    text: String,
    fields: BTreeMap<String, FieldText>,
}

/// The documentation of a field, and the definition that it refers to, directly or through lists and maps; empty for a
/// scalar.
#[derive(Debug)]
struct FieldText {
    text: String,
    target: String,
}

impl Texts {
    /// Returns the documentation of the built-in kinds.
    pub fn builtin() -> &'static Texts {
        static TEXTS: OnceLock<Texts> = OnceLock::new();
        TEXTS.get_or_init(|| Texts::read(INDEX, COMPRESSED))
    }

    fn read(index: &'static str, mut bytes: &'static [u8]) -> Texts {
        let block = |line: &'static str| {
            let (first, length) = line.split_once('\t')?;
            let (compressed, rest) = bytes.split_at_checked(length.parse().ok()?)?;
            bytes = rest;
            Some(Block { first, compressed, definitions: OnceLock::new() })
        };
        Texts { blocks: index.lines().filter_map(block).collect() }
    }

    /// Returns the description of a definition, or an empty string.
    pub fn definition(&self, definition: &str) -> &str {
        self.definition_text(definition).map_or("", |found| &found.text)
    }

    /// Returns the description of a field, or an empty string.
    pub fn field(&self, definition: &str, field: &str) -> &str {
        self.field_text(definition, field).map_or("", |found| &found.text)
    }

    /// Returns the definition that a field refers to, directly or through lists and maps, even if that is a scalar.
    pub fn target(&self, definition: &str, field: &str) -> Option<&str> {
        self.field_text(definition, field).map(|found| found.target.as_str()).filter(|target| !target.is_empty())
    }

    fn field_text(&self, definition: &str, field: &str) -> Option<&FieldText> {
        self.definition_text(definition)?.fields.get(field)
    }

    fn definition_text(&self, name: &str) -> Option<&DefinitionText> {
        let after = self.blocks.partition_point(|block| block.first <= name);
        self.blocks.get(after.checked_sub(1)?)?.definitions().get(name)
    }
}

impl Block {
    fn definitions(&self) -> &BTreeMap<String, DefinitionText> {
        self.definitions.get_or_init(|| {
            // The build script wrote these bytes, and a test decodes them.
            let bytes = decompress_to_vec(self.compressed).unwrap_or_default();
            read_lines(&String::from_utf8_lossy(&bytes))
        })
    }
}

fn read_lines(text: &str) -> BTreeMap<String, DefinitionText> {
    let mut definitions = BTreeMap::new();
    let mut current = None;
    for line in text.lines() {
        if let Some(field) = line.strip_prefix('\t') {
            current.iter_mut().for_each(|found: &mut &mut DefinitionText| found.fields.extend(read_field(field)));
        } else if let Some((name, text)) = line.split_once('\t') {
            let found: &mut DefinitionText = definitions.entry(name.to_owned()).or_default();
            found.text = unescaped(text);
            current = Some(found);
        }
    }
    definitions
}

fn read_field(line: &str) -> Option<(String, FieldText)> {
    let mut columns = line.splitn(3, '\t');
    let (name, target, text) = (columns.next()?, columns.next()?, columns.next()?);
    Some((name.to_owned(), FieldText { text: unescaped(text), target: target.to_owned() }))
}

/// Returns a text with its line breaks and backslashes.
fn unescaped(text: &str) -> String {
    let mut parts = text.split('\\');
    let mut out = parts.next().unwrap_or_default().to_owned();
    while let Some(part) = parts.next() {
        match part.strip_prefix('n') {
            Some(rest) => {
                out.push('\n');
                out.push_str(rest);
            }
            // Between the two backslashes that stand for one is nothing.
            None => {
                out.push('\\');
                out.push_str(parts.next().unwrap_or_default());
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Schema;

    #[test]
    fn every_definition_has_an_entry() {
        let texts = Texts::builtin();
        for name in Schema::builtin().names() {
            assert!(texts.definition_text(name).is_some(), "{name}");
        }
        let documented: usize = texts.blocks.iter().map(|block| block.definitions().len()).sum();
        assert_eq!(documented, Schema::builtin().names().count());
        assert!(texts.field("io.k8s.api.apps.v1.DeploymentSpec", "replicas").starts_with("Number of desired pods."));
        assert_eq!(
            texts.target("io.k8s.api.apps.v1.RollingUpdateDeployment", "maxSurge"),
            Some("io.k8s.apimachinery.pkg.util.intstr.IntOrString")
        );
        assert_eq!(texts.target("io.k8s.api.apps.v1.DeploymentSpec", "replicas"), None);
        assert_eq!(texts.field("io.k8s.api.core.v1.Pod", "nope"), "");
        assert_eq!(texts.definition("a"), "");
    }

    #[test]
    fn only_what_is_asked_for_is_decompressed() {
        let texts = Texts::read(INDEX, COMPRESSED);
        assert!(!texts.definition("io.k8s.api.core.v1.Pod").is_empty());
        assert_eq!(texts.blocks.iter().filter(|block| block.definitions.get().is_some()).count(), 1);
    }

    #[test]
    fn line_breaks_and_backslashes_are_restored() {
        assert_eq!(unescaped(r"a\nb \\n c\\\nd\\"), "a\nb \\n c\\\nd\\");
    }
}
