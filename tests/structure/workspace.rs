//! The packages of a checkout and their targets, as cargo lists them.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Failure;

/// The kinds of targets that matter here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A library: what it exports may be used by other targets.
    Library,
    /// A binary or a build script.
    Binary,
    /// Integration tests and benchmarks.
    Test,
}

/// A crate: one root file and the modules below it.
#[derive(Debug)]
pub(crate) struct Target {
    /// The name that code uses: `kctl_base`.
    pub(crate) name: String,
    /// Its kind.
    pub(crate) kind: Kind,
    /// The absolute path of its root file.
    pub(crate) source: PathBuf,
}

/// A checkout.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// Its absolute path.
    pub(crate) root: PathBuf,
    /// Its targets; libraries come first.
    pub(crate) targets: Vec<Target>,
}

/// Reads the checkout at an absolute path.
///
/// # Errors
/// When cargo cannot read its manifests.
pub(crate) fn read(root: &Path) -> Result<Workspace, Failure> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root)
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let packages = metadata["packages"].as_array().ok_or("cargo lists no packages")?;
    let mut targets: Vec<Target> =
        packages.iter().flat_map(|package| package["targets"].as_array()).flatten().filter_map(target).collect();
    targets.sort_by_key(|target| target.kind != Kind::Library);
    Ok(Workspace { root: root.to_path_buf(), targets })
}

/// A target from cargo's description of it; `None` for this program, which is no subject of its own.
fn target(json: &serde_json::Value) -> Option<Target> {
    let name = json["name"].as_str()?.replace('-', "_");
    let kind = match json["kind"][0].as_str()? {
        "lib" | "rlib" => Kind::Library,
        "test" | "bench" | "example" => Kind::Test,
        _ => Kind::Binary,
    };
    let source = PathBuf::from(json["src_path"].as_str()?);
    let is_this = kind == Kind::Test && name == "structure";
    (!is_this).then_some(Target { name, kind, source })
}
