//! Preferences of a user, the `kuberc` file: aliases, default values of flags, and the policy for credential plugins.
//!
//! Upstream: `kubectl/pkg/kuberc` and `kubectl/pkg/config`.

mod decode;
pub(crate) mod policy;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::klog::Site;
use crate::shared_file;
use crate::{CliError, CliResult};
use kctl_base::go::io_error;
use kctl_base::json::{Value, json};
use kctl_base::yaml;

pub(crate) use decode::to_known_fields;

/// The version in which preferences are written.
const API_VERSION: &str = "kubectl.config.k8s.io/v1beta1";

/// Reads a variable of the environment; `None` if it is not set.
pub(crate) type Variable = fn(&str) -> Option<OsString>;

/// The place of a file with preferences.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Location {
    /// The path.
    pub(crate) path: PathBuf,
    /// True when a flag or a variable names the file, which then has to exist.
    pub(crate) is_explicit: bool,
}

/// Preferences, and what reading them has brought to light.
#[derive(Default)]
pub(crate) struct Loaded {
    /// The first document of a known version, with its known fields; `None` without one.
    pub(crate) preference: Option<Value>,
    /// A warning for standard error, without a line break, as kubectl prints it; empty without one.
    pub(crate) warning: String,
    /// Lines of the log of level 5.
    pub(crate) log: Vec<(Site, String)>,
}

/// Returns the place of the preferences: the value of `--kuberc`, else `KUBERC`, else `~/.kube/kuberc`. `None` when
/// `KUBERC=off` turns them off, or nothing names a place.
///
/// # Errors
/// The flag together with `KUBERC=off`.
pub(crate) fn locate(flag: &str, variable: Variable) -> CliResult<Option<Location>> {
    let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
    let named = variable("KUBERC");
    if named.as_ref().is_some_and(|value| value == "off") {
        let text = "disabling kuberc via KUBERC=off and passing kuberc flag are mutually exclusive";
        return if flag.is_empty() { Ok(None) } else { Err(CliError::new(text)) };
    }
    let explicit = |path: PathBuf| Some(Location { path, is_explicit: true });
    if !flag.is_empty() {
        return Ok(explicit(flag.into()));
    }
    if let Some(path) = named {
        return Ok(explicit(path.into()));
    }
    let home = variable("HOME").map(PathBuf::from);
    Ok(home.map(|home| Location { path: home.join(".kube/kuberc"), is_explicit: false }))
}

/// Reads preferences. A file that nobody has named may be missing, and what is wrong with it is a warning only.
///
/// # Errors
/// A file that is named cannot be read, or has no preferences of a known version.
pub(crate) fn load(location: &Location) -> CliResult<Loaded> {
    let shown = location.path.display();
    let result = read(&location.path).and_then(|text| decode::decode(&text, &shown.to_string()));
    match result {
        Ok((preference, problems, log)) => {
            let warning = match problems.as_slice() {
                [] => String::new(),
                problems => {
                    let why = problems.join(", ");
                    format!("kuberc: ignoring strict decoding error in {shown}: strict decoding error: {why}")
                }
            };
            Ok(Loaded { preference, warning, log })
        }
        Err(why) if location.is_explicit => Err(CliError::new(format!("kuberc: {why}"))),
        Err(_) if !location.path.exists() => Ok(Loaded::default()),
        Err(why) => {
            let warning = format!("kuberc: no preferences loaded from {shown}: {why}");
            Ok(Loaded { warning, ..Loaded::default() })
        }
    }
}

fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("open {}: {}", path.display(), io_error(&error)))
}

/// Returns preferences without any content.
pub(crate) fn empty() -> Value {
    json!({"apiVersion": API_VERSION, "kind": "Preference", "aliases": null, "defaults": null})
}

/// Replaces the content of a file by preferences, as a whole or not at all.
///
/// # Errors
/// The file cannot be written.
pub(crate) fn save(path: &Path, preference: &Value) -> CliResult<()> {
    shared_file::replace(path, &yaml::to_yaml(preference))
        .map_err(|error| CliError::io(format!("open {}", path.display()), error))
}
