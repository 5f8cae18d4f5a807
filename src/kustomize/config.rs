//! What the transformers work on: the built-in places, and those that `configurations` and `crds` add.

use serde::Deserialize;

use super::error::{KustomizeError, Result};
use super::field_spec::{FieldSpec, merge_all};
use super::ids::Gvk;
use super::loader::Loader;
use super::{defaults, parse};
use kctl_base::json::{self, Value, kind_name};
use kctl_base::yaml::{self, Dialect};

/// Places for each transformer.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Config {
    pub(super) name_prefix: Vec<FieldSpec>,
    pub(super) name_suffix: Vec<FieldSpec>,
    pub(super) namespace: Vec<FieldSpec>,
    pub(super) common_labels: Vec<FieldSpec>,
    pub(super) labels: Vec<FieldSpec>,
    pub(super) template_labels: Vec<FieldSpec>,
    pub(super) common_annotations: Vec<FieldSpec>,
    pub(super) name_reference: Vec<References>,
    pub(super) var_reference: Vec<FieldSpec>,
    pub(super) images: Vec<FieldSpec>,
    pub(super) replicas: Vec<FieldSpec>,
}

/// The places where objects of a kind are named.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct References {
    #[serde(flatten)]
    pub(super) target: Gvk,
    pub(super) field_specs: Vec<FieldSpec>,
}

impl Config {
    /// The built-in places with those of the files.
    pub(super) fn load(loader: &Loader, files: &[String]) -> Result<Config> {
        let mut config = defaults::config();
        for file in files {
            config.merge(Config::parse(&loader.load_text(file)?)?)?;
        }
        Ok(config)
    }

    fn parse(text: &str) -> Result<Config> {
        let loaded = yaml::to_json_in(text, Dialect::Yaml11).map_err(|e| KustomizeError::new(parse::yaml_text(e)))?;
        if loaded.value.is_null() {
            return Ok(Config::default());
        }
        json::from_value(&loaded.value).map_err(|e| KustomizeError::new(format!("error unmarshaling JSON: {e}")))
    }

    /// Adds the places of another configuration.
    pub(super) fn merge(&mut self, other: Config) -> Result<()> {
        let pairs: [(&str, &mut Vec<FieldSpec>, &[FieldSpec]); 10] = [
            ("NamePrefix", &mut self.name_prefix, &other.name_prefix),
            ("NameSuffix", &mut self.name_suffix, &other.name_suffix),
            ("NameSpace", &mut self.namespace, &other.namespace),
            ("CommonAnnotations", &mut self.common_annotations, &other.common_annotations),
            ("CommonLabels", &mut self.common_labels, &other.common_labels),
            ("Labels", &mut self.labels, &other.labels),
            ("TemplateLabels", &mut self.template_labels, &other.template_labels),
            ("VarReference", &mut self.var_reference, &other.var_reference),
            ("Images", &mut self.images, &other.images),
            ("Replicas", &mut self.replicas, &other.replicas),
        ];
        for (name, own, new) in pairs {
            merge_all(own, new).map_err(|e| e.within(format!("failed to merge {name} fieldSpec")))?;
            own.sort_by_key(|spec| rank(&spec.gvk));
        }
        for references in other.name_reference {
            self.add_references(references).map_err(|e| e.within("failed to merge NameReference fieldSpec"))?;
        }
        self.name_reference.sort_by_key(|references| rank(&references.target));
        Ok(())
    }

    /// Adds the places where objects of a kind are named.
    pub(super) fn add_references(&mut self, new: References) -> Result<()> {
        match self.name_reference.iter_mut().find(|old| old.target == new.target) {
            Some(old) => merge_all(&mut old.field_specs, &new.field_specs),
            None => {
                self.name_reference.push(new);
                Ok(())
            }
        }
    }
}

/// Kinds in the order in which they depend on each other, the first ones first.
pub(super) const FIRST: &[&str] = &[
    "Namespace",
    "ResourceQuota",
    "StorageClass",
    "CustomResourceDefinition",
    "ServiceAccount",
    "PodSecurityPolicy",
    "Role",
    "ClusterRole",
    "RoleBinding",
    "ClusterRoleBinding",
    "ConfigMap",
    "Secret",
    "Endpoints",
    "Service",
    "LimitRange",
    "PriorityClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Deployment",
    "StatefulSet",
    "CronJob",
    "PodDisruptionBudget",
];

/// Kinds that come last.
pub(super) const LAST: &[&str] = &["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];

/// Where a kind comes in an order that two lists of kinds give.
pub(super) fn rank_in(gvk: &Gvk, first: &[String], last: &[String]) -> (i64, String) {
    let at = |list: &[String]| list.iter().rposition(|kind| *kind == gvk.kind).map(|at| at as i64);
    let rank = match (at(first), at(last)) {
        (_, Some(at)) => at + 1,
        (Some(at), None) => at - first.len() as i64,
        (None, None) => 0,
    };
    (rank, gvk.sort_text())
}

fn rank(gvk: &Gvk) -> (i64, String) {
    let owned = |list: &[&str]| list.iter().map(|kind| kind.to_string()).collect::<Vec<_>>();
    rank_in(gvk, &owned(FIRST), &owned(LAST))
}

/// The references that the schemas of custom types declare.
pub(super) fn from_crds(loader: &Loader, files: &[String]) -> Result<Config> {
    let mut config = Config::default();
    for file in files {
        let text = loader.load_text(file)?;
        let problem =
            |e: String| KustomizeError::new(e).within(format!("unable to parse open API definition from '{file}'"));
        let loaded = yaml::to_json(&text).map_err(|e| problem(parse::yaml_text(e)))?;
        for (name, api) in loaded.value.as_object().into_iter().flatten() {
            if !api.is_object() {
                let found = kind_name(api);
                return Err(problem(format!(
                    "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {found} into Go value of type accumulator.OpenAPIDefinition"
                )));
            }
            let properties = &api["Schema"]["properties"];
            if ["kind", "apiVersion", "metadata"].iter().all(|field| properties.get(field).is_some()) {
                let kind = name.rsplit('.').next().unwrap_or(name);
                let holder = Gvk { kind: kind.into(), ..Gvk::default() };
                read_definition(&mut config, &holder, &loaded.value, name, &[])?;
            }
        }
    }
    Ok(config)
}

/// Reads the extensions of a definition's fields, and of the definitions that they refer to.
fn read_definition(config: &mut Config, holder: &Gvk, all: &Value, name: &str, path: &[&str]) -> Result<()> {
    let Some(api) = all.get(name) else { return Ok(()) };
    for (field, property) in api["Schema"]["properties"].as_object().into_iter().flatten() {
        let mut place: Vec<&str> = path.to_vec();
        place.push(field);
        let spec = |place: &[&str]| FieldSpec { gvk: holder.clone(), path: place.join("/"), create: false };
        let text = |key: &str| property.get(key).and_then(Value::as_str);
        for (extension, list) in [
            ("x-kubernetes-annotation", &mut config.common_annotations),
            ("x-kubernetes-label-selector", &mut config.common_labels),
            ("x-kubernetes-identity", &mut config.name_prefix),
        ] {
            if text(extension).is_some() {
                merge_all(list, &[spec(&place)])?;
            }
        }
        if let (Some(version), Some(kind)) =
            (text("x-kubernetes-object-ref-api-version"), text("x-kubernetes-object-ref-kind"))
        {
            let mut named = place.clone();
            named.push(text("x-kubernetes-object-ref-name-key").unwrap_or("name"));
            let target = Gvk { kind: kind.into(), version: version.into(), group: String::new() };
            config.add_references(References { target, field_specs: vec![spec(&named)] })?;
        }
        // A path is never longer than the chain of definitions: a definition within itself ends here.
        if let (Some(next), true) = (text("$ref"), place.len() < 20) {
            read_definition(config, holder, all, next, &place)?;
        }
    }
    Ok(())
}
