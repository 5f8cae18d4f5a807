//! Reads a kustomization file (`api/internal/target/kusttarget.go`, `Load`) and fixes its deprecated fields
//! (`api/types/kustomization.go`, `FixKustomizationPostUnmarshalling`, `EnforceFields`).

use super::error::{KustomizeError, Result, fail};
use super::loader::Loader;
use super::notes::Notes;
use super::types::Kustomization;
use super::{decode, go_types, parse};
use kctl_base::json::{self, Value, json};
use kctl_base::yaml;

/// The names that a kustomization file can have.
const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

impl Kustomization {
    /// Reads the kustomization file of a directory.
    ///
    /// # Errors
    /// When there is not exactly one, or it is invalid.
    pub(super) fn read(loader: &Loader, notes: &mut Notes) -> Result<Kustomization> {
        let found: Vec<(&str, Vec<u8>)> =
            NAMES.iter().filter_map(|name| Some((*name, loader.load(name).ok()?))).collect();
        let (name, bytes) = match found.as_slice() {
            [one] => one,
            [] => return fail(not_found(loader)),
            _ => return fail(format!("Found multiple kustomization files under: {}", loader.root())),
        };
        let mut kustomization = Kustomization::parse(&String::from_utf8_lossy(bytes), notes)?;
        kustomization.file = (*name).into();
        kustomization.enforce_fields(loader)?;
        Ok(kustomization)
    }

    fn parse(text: &str, notes: &mut Notes) -> Result<Kustomization> {
        let invalid = |problem: String| KustomizeError::new(format!("invalid Kustomization: {problem}"));
        let loaded = yaml::to_json(text).map_err(|e| invalid(parse::yaml_message(e)))?;
        let value = decode::decode(&loaded.value, &go_types::KUSTOMIZATION).map_err(invalid)?;
        for (field, successor, experimental) in DEPRECATED {
            if value.get(field).is_some() {
                let label = if *experimental { "[EXPERIMENTAL] " } else { "" };
                notes.warn(format!("# Warning: '{field}' is deprecated. Please use '{successor}' instead. {label}Run 'kustomize edit fix' to update your Kustomization automatically."));
            }
        }
        if is_empty(&value) {
            return fail("kustomization.yaml is empty");
        }
        let mut kustomization: Kustomization = json::from_value(&value).map_err(|e| invalid(e.to_string()))?;
        kustomization.fix_deprecated_fields();
        kustomization.keep_raw_entries(&value);
        Ok(kustomization)
    }

    /// Fills in the defaults and moves the values of deprecated fields to their successors.
    fn fix_deprecated_fields(&mut self) {
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
    }

    /// Keeps entries that error messages show as they are written.
    fn keep_raw_entries(&mut self, value: &Value) {
        for (field, patches) in [("patches", &mut self.patches), ("patchesJson6902", &mut self.patches_json6902)] {
            for (patch, raw) in patches.iter_mut().zip(value[field].as_array().into_iter().flatten()) {
                patch.raw = raw.clone();
            }
        }
        self.raw_replacements = value["replacements"].clone();
    }

    fn enforce_fields(&self, loader: &Loader) -> Result<()> {
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
/// The kind of a component: a kustomization that is applied to the objects of the one that includes it.
pub(super) const COMPONENT: &str = "Component";

fn version_of(kind: &str) -> &'static str {
    match kind {
        COMPONENT => "kustomize.config.k8s.io/v1alpha1",
        _ => "kustomize.config.k8s.io/v1beta1",
    }
}

/// Deprecated fields with their successors. The flag marks those for which `kustomize edit fix` is experimental.
const DEPRECATED: &[(&str, &str, bool)] = &[
    ("bases", "resources", false),
    ("commonLabels", "labels", false),
    ("imageTags", "images", false),
    ("patchesJson6902", "patches", false),
    ("patchesStrategicMerge", "patches", false),
    ("vars", "replacements", true),
];

/// Returns whether a file has nothing but a kind and empty values.
fn is_empty(value: &Value) -> bool {
    let is_zero = |value: &Value| *value == json!("") || *value == json!(false);
    let fields = value.as_object().into_iter().flatten();
    fields.filter(|(key, _)| !matches!(key.as_str(), "kind" | "apiVersion")).all(|(_, value)| is_zero(value))
}

fn not_found(loader: &Loader) -> String {
    let [yaml, yml, plain] = NAMES;
    format!("unable to find one of '{yaml}', '{yml}' or '{plain}' in directory '{}'", loader.root())
}
