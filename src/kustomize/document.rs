//! A kustomization file: reading it, its old words, and what it has to say.

use super::error::{KustomizeError, Result, fail};
use super::loader::Loader;
use super::model::Kustomization;
use super::{Notes, decode, fields, parse};
use kctl_base::json::{self, Value, json};
use kctl_base::yaml;

/// The names of the file.
const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

impl Kustomization {
    /// Reads the file of a directory.
    pub(super) fn read(loader: &Loader, notes: &mut Notes) -> Result<Kustomization> {
        let found: Vec<(&str, Vec<u8>)> =
            NAMES.iter().filter_map(|name| Some((*name, loader.load(name).ok()?))).collect();
        let (name, bytes) = match found.as_slice() {
            [one] => one,
            [] => return fail(missing(loader)),
            _ => return fail(format!("Found multiple kustomization files under: {}", loader.root())),
        };
        let mut kustomization = Kustomization::parse(&String::from_utf8_lossy(bytes), notes)?;
        kustomization.file = (*name).into();
        kustomization.enforce(loader)?;
        Ok(kustomization)
    }

    fn parse(text: &str, notes: &mut Notes) -> Result<Kustomization> {
        let invalid = |problem: String| KustomizeError::new(format!("invalid Kustomization: {problem}"));
        let loaded = yaml::to_json(text).map_err(|e| invalid(parse::yaml_text(e)))?;
        let value = decode::decode(&loaded.value, &fields::KUSTOMIZATION).map_err(invalid)?;
        for (field, instead, experimental) in DEPRECATED {
            if value.get(field).is_some() {
                let mark = if *experimental { "[EXPERIMENTAL] " } else { "" };
                notes.warn(format!("# Warning: '{field}' is deprecated. Please use '{instead}' instead. {mark}Run 'kustomize edit fix' to update your Kustomization automatically."));
            }
        }
        if says_nothing(&value) {
            return fail("kustomization.yaml is empty");
        }
        let mut kustomization: Kustomization = json::from_value(&value).map_err(|e| invalid(e.to_string()))?;
        kustomization.modernise(&value);
        Ok(kustomization)
    }

    /// Moves what stands in old fields to where it belongs.
    fn modernise(&mut self, value: &Value) {
        if self.kind.is_empty() {
            self.kind = KIND.into();
        }
        if self.api_version.is_empty() {
            self.api_version = version_of(&self.kind).into();
        }
        self.resources.append(&mut self.bases);
        self.images.append(&mut self.image_tags);
        self.helm_charts.append(&mut self.helm_chart_inflation_generator);
        for generator in self.config_map_generator.iter_mut().chain(&mut self.secret_generator) {
            if !generator.env.is_empty() {
                generator.envs.push(std::mem::take(&mut generator.env));
            }
        }
        for (field, patches) in [("patches", &mut self.patches), ("patchesJson6902", &mut self.patches_json6902)] {
            for (patch, shown) in patches.iter_mut().zip(value[field].as_array().into_iter().flatten()) {
                patch.shown = shown.clone();
            }
        }
        self.replacements_shown = value["replacements"].clone();
    }

    fn enforce(&self, loader: &Loader) -> Result<()> {
        let mut problems = Vec::new();
        if self.kind != KIND && self.kind != COMPONENT {
            problems.push(format!("kind should be {KIND} or {COMPONENT}"));
        }
        let version = version_of(&self.kind);
        if self.api_version != version {
            problems.push(format!("apiVersion for {} should be {version}", self.kind));
        }
        match problems.is_empty() {
            true => Ok(()),
            false => {
                fail(format!("Failed to read kustomization file under {}:\n{}", loader.root(), problems.join("\n")))
            }
        }
    }
}

const KIND: &str = "Kustomization";
/// The kind of a kustomization that changes what the including one has.
pub(super) const COMPONENT: &str = "Component";

fn version_of(kind: &str) -> &'static str {
    match kind {
        COMPONENT => "kustomize.config.k8s.io/v1alpha1",
        _ => "kustomize.config.k8s.io/v1beta1",
    }
}

/// Old fields, what to use instead, and whether the tool that rewrites them is sure of itself.
const DEPRECATED: &[(&str, &str, bool)] = &[
    ("bases", "resources", false),
    ("commonLabels", "labels", false),
    ("imageTags", "images", false),
    ("patchesJson6902", "patches", false),
    ("patchesStrategicMerge", "patches", false),
    ("vars", "replacements", true),
];

/// Whether there is nothing but a kind and empty values.
fn says_nothing(value: &Value) -> bool {
    let empty = |value: &Value| *value == json!("") || *value == json!(false);
    let fields = value.as_object().into_iter().flatten();
    fields.filter(|(key, _)| !matches!(key.as_str(), "kind" | "apiVersion")).all(|(_, value)| empty(value))
}

fn missing(loader: &Loader) -> String {
    let [yaml, yml, plain] = NAMES;
    format!("unable to find one of '{yaml}', '{yml}' or '{plain}' in directory '{}'", loader.root())
}
