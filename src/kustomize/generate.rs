//! `configMapGenerator` and `secretGenerator`.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::build_notes::Behavior;
use super::error::{Result, fail};
use super::loader::Loader;
use super::model::{Generator, GeneratorOptions};
use super::pairs;
use super::resource::Resource;
use kctl_base::json::{SharedStr, Value, json};
use kctl_base::object::ValueWrite;

/// What is generated.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Generated {
    ConfigMap,
    Secret,
}

impl Generated {
    /// The name of the generator.
    pub(super) fn generator(self) -> &'static str {
        match self {
            Generated::ConfigMap => "ConfigMapGenerator",
            Generated::Secret => "SecretGenerator",
        }
    }
}

/// Options of one generator with those for all of them.
pub(super) fn with_global(own: Option<&GeneratorOptions>, global: Option<&GeneratorOptions>) -> GeneratorOptions {
    let (own, global) = (own.cloned().unwrap_or_default(), global.cloned().unwrap_or_default());
    let merged = |own: BTreeMap<String, String>, mut all: BTreeMap<String, String>| {
        all.extend(own);
        all
    };
    GeneratorOptions {
        labels: merged(own.labels, global.labels),
        annotations: merged(own.annotations, global.annotations),
        disable_name_suffix_hash: own.disable_name_suffix_hash || global.disable_name_suffix_hash,
        immutable: own.immutable || global.immutable,
    }
}

/// Generates an object.
pub(super) fn generate(
    kind: Generated,
    generator: &Generator,
    options: &GeneratorOptions,
    loader: &Loader,
) -> Result<Resource> {
    if generator.name.is_empty() {
        return fail("a configmap must have a name");
    }
    let mut object = match kind {
        Generated::ConfigMap => json!({"apiVersion": "v1", "kind": "ConfigMap"}),
        Generated::Secret => {
            let wanted = generator.secret_type.as_str();
            json!({"apiVersion": "v1", "kind": "Secret", "type": if wanted.is_empty() { "Opaque" } else { wanted }})
        }
    };
    object.put("/metadata/name", generator.name.as_str());
    if !generator.namespace.is_empty() {
        object.put("/metadata/namespace", generator.namespace.as_str());
    }
    add_data(&mut object, kind, generator, loader)?;
    for (field, texts) in [("labels", &options.labels), ("annotations", &options.annotations)] {
        if !texts.is_empty() {
            object.put(&format!("/metadata/{field}"), json!(texts));
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
    keys.iter().for_each(|key| resource.note_key(key));
    if !options.disable_name_suffix_hash {
        resource.want_hash();
    }
    resource.set_behavior(Behavior::parse(&generator.behavior));
    Ok(resource)
}

fn add_data(object: &mut Value, kind: Generated, generator: &Generator, loader: &Loader) -> Result<()> {
    if kind == Generated::Secret {
        object.map_mut("/data");
    }
    let mut known = BTreeSet::new();
    for (key, bytes) in pairs::read(generator, loader)? {
        if !known.insert(key.clone()) {
            return fail(format!("configmap {} illegally repeats the key `{key}`", generator.name));
        }
        let (field, text) = match (kind, String::from_utf8(bytes)) {
            (Generated::ConfigMap, Ok(text)) => ("/data", text),
            (Generated::ConfigMap, Err(binary)) => ("/binaryData", in_lines(binary.as_bytes())),
            (Generated::Secret, Ok(text)) => ("/data", in_lines(text.as_bytes())),
            (Generated::Secret, Err(binary)) => ("/data", in_lines(binary.as_bytes())),
        };
        object.map_mut(field).insert(key, text.into());
    }
    Ok(())
}

/// Base64, in lines when it is long.
fn in_lines(bytes: &[u8]) -> String {
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
    fn long_base64_is_broken_into_lines() {
        assert_eq!(in_lines(b"abc"), "YWJj");
        let text = in_lines(&[b'x'; 60]);
        assert_eq!(text.lines().map(str::len).collect::<Vec<_>>(), [70, 10]);
        assert!(text.ends_with('\n'));
    }

    #[test]
    fn own_options_win() {
        let options = |label: &str, hash: bool| GeneratorOptions {
            labels: BTreeMap::from([("a".to_string(), label.to_string())]),
            disable_name_suffix_hash: hash,
            ..GeneratorOptions::default()
        };
        let merged = with_global(Some(&options("own", false)), Some(&options("all", true)));
        assert_eq!(merged.labels["a"], "own");
        assert!(merged.disable_name_suffix_hash);
    }
}
