//! `configMapGenerator` and `secretGenerator` (`api/internal/generators`).

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::build_annotations::GenerationBehavior;
use super::error::{Result, fail};
use super::kv_pairs;
use super::loader::Loader;
use super::resource::Resource;
use super::types::{GeneratorArgs, GeneratorOptions};
use kctl_base::json::{SharedStr, Value, json};
use kctl_base::object::ValueWrite;

/// The kind of generated objects.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum GeneratorKind {
    ConfigMap,
    Secret,
}

impl GeneratorKind {
    /// Returns the name of the generator, such as `ConfigMapGenerator`.
    pub(super) fn generator(self) -> &'static str {
        match self {
            GeneratorKind::ConfigMap => "ConfigMapGenerator",
            GeneratorKind::Secret => "SecretGenerator",
        }
    }
}

/// Merges `generatorOptions` into the options of one generator, which take precedence
/// (`MergeGlobalOptionsIntoLocal`).
pub(super) fn merge_global_options(
    own: Option<&GeneratorOptions>,
    global: Option<&GeneratorOptions>,
) -> GeneratorOptions {
    let (own, global) = (own.cloned().unwrap_or_default(), global.cloned().unwrap_or_default());
    let merged = |own: BTreeMap<String, String>, mut strings: BTreeMap<String, String>| {
        strings.extend(own);
        strings
    };
    GeneratorOptions {
        labels: merged(own.labels, global.labels),
        annotations: merged(own.annotations, global.annotations),
        disable_name_suffix_hash: own.disable_name_suffix_hash || global.disable_name_suffix_hash,
        immutable: own.immutable || global.immutable,
    }
}

/// Generates an object.
///
/// # Errors
/// When the name is missing, a source cannot be read, or a key is repeated.
pub(super) fn generate(
    kind: GeneratorKind,
    generator: &GeneratorArgs,
    options: &GeneratorOptions,
    loader: &Loader,
) -> Result<Resource> {
    if generator.name.is_empty() {
        return fail("a configmap must have a name");
    }
    let mut object = match kind {
        GeneratorKind::ConfigMap => json!({"apiVersion": "v1", "kind": "ConfigMap"}),
        GeneratorKind::Secret => {
            let secret_type = generator.secret_type.as_str();
            let secret_type = if secret_type.is_empty() { "Opaque" } else { secret_type };
            json!({"apiVersion": "v1", "kind": "Secret", "type": secret_type})
        }
    };
    object.put("/metadata/name", generator.name.as_str());
    if !generator.namespace.is_empty() {
        object.put("/metadata/namespace", generator.namespace.as_str());
    }
    add_data(&mut object, kind, generator, loader)?;
    for (field, strings) in [("labels", &options.labels), ("annotations", &options.annotations)] {
        if !strings.is_empty() {
            object.put(&format!("/metadata/{field}"), json!(strings));
        }
    }
    let keys: Vec<String> = ["data", "binaryData"]
        .iter()
        .filter_map(|field| object[*field].as_object())
        .flat_map(|data| data.keys().map(SharedStr::to_string))
        .collect();
    if options.immutable {
        object.put("/immutable", true);
    }
    let mut resource = Resource::new(object);
    keys.iter().for_each(|key| resource.track_key(key));
    if !options.disable_name_suffix_hash {
        resource.enable_hash_suffix();
    }
    resource.set_behavior(GenerationBehavior::parse(&generator.behavior));
    Ok(resource)
}

fn add_data(object: &mut Value, kind: GeneratorKind, generator: &GeneratorArgs, loader: &Loader) -> Result<()> {
    if kind == GeneratorKind::Secret {
        object.map_mut("/data");
    }
    let mut keys = BTreeSet::new();
    for (key, bytes) in kv_pairs::read(generator, loader)? {
        if !keys.insert(key.clone()) {
            return fail(format!("configmap {} illegally repeats the key `{key}`", generator.name));
        }
        let (field, text) = match (kind, String::from_utf8(bytes)) {
            (GeneratorKind::ConfigMap, Ok(text)) => ("/data", text),
            (GeneratorKind::ConfigMap, Err(binary)) => ("/binaryData", encode_base64(binary.as_bytes())),
            (GeneratorKind::Secret, Ok(text)) => ("/data", encode_base64(text.as_bytes())),
            (GeneratorKind::Secret, Err(binary)) => ("/data", encode_base64(binary.as_bytes())),
        };
        object.map_mut(field).insert(key, text.into());
    }
    Ok(())
}

/// Encodes bytes in Base64 (`kyaml/yaml/datamap.go`): 70 characters or more are wrapped into lines of 70.
fn encode_base64(bytes: &[u8]) -> String {
    const LINE: usize = 70;
    let text = STANDARD.encode(bytes);
    if text.len() < LINE {
        return text;
    }
    let mut lines = String::new();
    for (at, c) in text.chars().enumerate() {
        if at > 0 && at % LINE == 0 {
            lines.push('\n');
        }
        lines.push(c);
    }
    lines.push('\n');
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_base64_is_wrapped() {
        assert_eq!(encode_base64(b"abc"), "YWJj");
        let text = encode_base64(&[b'x'; 60]);
        assert_eq!(text.lines().map(str::len).collect::<Vec<_>>(), [70, 10]);
        assert!(text.ends_with('\n'));
    }

    #[test]
    fn own_options_take_precedence() {
        let options = |label: &str, hash: bool| GeneratorOptions {
            labels: BTreeMap::from([("a".to_string(), label.to_string())]),
            disable_name_suffix_hash: hash,
            ..GeneratorOptions::default()
        };
        let merged = merge_global_options(Some(&options("own", false)), Some(&options("global", true)));
        assert_eq!(merged.labels["a"], "own");
        assert!(merged.disable_name_suffix_hash);
    }
}
