//! Transformer configuration from the files that a kustomization names: `configurations`
//! (`api/internal/plugins/builtinconfig/loaddefaultconfig.go`) and `crds`
//! (`api/internal/accumulator/loadconfigfromcrds.go`).

use kctl_base::json::{self, Value, kind_name};
use kctl_base::yaml::{self, Dialect};

use super::config::{NameBackReferences, TransformerConfig};
use super::error::{KustomizeError, Result};
use super::field_spec::{FieldSpec, merge_all};
use super::loader::Loader;
use super::res_id::Gvk;
use super::{defaults, parse};

/// The longest field path that is read from a schema. It ends the recursion of a definition that refers to itself.
const MAX_PATH_LENGTH: usize = 20;

/// Returns the built-in configuration merged with the `configurations` files.
pub(super) fn load(loader: &Loader, files: &[String]) -> Result<TransformerConfig> {
    let mut config = defaults::config();
    for file in files {
        config.merge(parse_config(&loader.load_string(file)?)?)?;
    }
    Ok(config)
}

fn parse_config(text: &str) -> Result<TransformerConfig> {
    let loaded = yaml::to_json_in(text, Dialect::Yaml11).map_err(|e| KustomizeError::new(parse::yaml_message(e)))?;
    if loaded.value.is_null() {
        return Ok(TransformerConfig::default());
    }
    json::from_value(&loaded.value).map_err(|e| KustomizeError::new(format!("error unmarshaling JSON: {e}")))
}

/// Reads the `crds` files: OpenAPI definitions whose `x-kubernetes-*` extensions mark labels, annotations and references.
pub(super) fn load_crds(loader: &Loader, files: &[String]) -> Result<TransformerConfig> {
    let mut config = TransformerConfig::default();
    for file in files {
        let text = loader.load_string(file)?;
        let invalid =
            |e: String| KustomizeError::new(e).wrap(format!("unable to parse open API definition from '{file}'"));
        let loaded = yaml::to_json(&text).map_err(|e| invalid(parse::yaml_message(e)))?;
        for (name, definition) in loaded.value.as_object().into_iter().flatten() {
            if !definition.is_object() {
                let found = kind_name(definition);
                return Err(invalid(format!(
                    "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {found} into Go value of type accumulator.OpenAPIDefinition"
                )));
            }
            if is_resource(definition) {
                let kind = name.rsplit('.').next().unwrap_or(name);
                let gvk = Gvk { kind: kind.into(), ..Gvk::default() };
                read_definition(&mut config, &gvk, &loaded.value, name, &[])?;
            }
        }
    }
    Ok(config)
}

/// Returns whether a definition describes a whole resource, not a part of one.
fn is_resource(definition: &Value) -> bool {
    let properties = &definition["Schema"]["properties"];
    ["kind", "apiVersion", "metadata"].iter().all(|field| properties.get(field).is_some())
}

/// Reads the extensions of the fields of the definition `name`, and of the definitions that they refer to.
fn read_definition(
    config: &mut TransformerConfig,
    gvk: &Gvk,
    definitions: &Value,
    name: &str,
    path: &[&str],
) -> Result<()> {
    let Some(definition) = definitions.get(name) else { return Ok(()) };
    for (field, property) in definition["Schema"]["properties"].as_object().into_iter().flatten() {
        let field_path = [path, &[field.as_str()]].concat();
        read_property(config, gvk, property, &field_path)?;
        if let (Some(next), true) = (string(property, "$ref"), field_path.len() < MAX_PATH_LENGTH) {
            read_definition(config, gvk, definitions, next, &field_path)?;
        }
    }
    Ok(())
}

fn read_property(config: &mut TransformerConfig, gvk: &Gvk, property: &Value, path: &[&str]) -> Result<()> {
    let spec = |path: &[&str]| FieldSpec { gvk: gvk.clone(), path: path.join("/"), create: false };
    for (extension, specs) in [
        ("x-kubernetes-annotation", &mut config.common_annotations),
        ("x-kubernetes-label-selector", &mut config.common_labels),
        ("x-kubernetes-identity", &mut config.name_prefix),
    ] {
        if string(property, extension).is_some() {
            merge_all(specs, &[spec(path)])?;
        }
    }
    if let (Some(version), Some(kind)) =
        (string(property, "x-kubernetes-object-ref-api-version"), string(property, "x-kubernetes-object-ref-kind"))
    {
        let name_key = string(property, "x-kubernetes-object-ref-name-key").unwrap_or("name");
        // Like kustomize, takes the whole apiVersion for the version.
        let target = Gvk { kind: kind.into(), version: version.into(), group: String::new() };
        let field_specs = vec![spec(&[path, &[name_key]].concat())];
        config.add_references(NameBackReferences { target, field_specs })?;
    }
    Ok(())
}

fn string<'v>(property: &'v Value, key: &str) -> Option<&'v str> {
    property.get(key).and_then(Value::as_str)
}
