//! Checks of the architecture: cargo keeps the crates in order, and inside the control plane modules use lower layers only.
//! Also checks that no test file is forgotten.

use std::path::{Path, PathBuf};

/// The layers of the control plane, lowest first.
const LAYERS: &[&[&str]] = &[&["store"], &["api"], &["simulation"], &["controllers"], &["cluster"], &["why"]];

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|l| l.contains(&module))
}

fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).expect("a source directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// The top-level modules that a source file uses through `crate::`.
fn used(text: &str) -> Vec<String> {
    let mut modules = Vec::new();
    for line in text.lines().map(str::trim_start).filter(|l| !l.starts_with("//")) {
        for part in line.split("crate::").skip(1) {
            let names = match part.strip_prefix('{') {
                Some(list) => list.split(['}', ';']).next().unwrap_or("").split(',').map(str::trim).collect(),
                None => vec![part],
            };
            for name in names {
                modules.push(name.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
            }
        }
    }
    modules
}

/// The tests of a layer may use higher layers, to show the effects of a request.
fn is_test_code(file: &Path) -> bool {
    let name = file.file_stem().unwrap_or_default().to_string_lossy();
    name == "testing" || name == "tests" || name.ends_with("_tests")
}

#[test]
fn modules_use_lower_layers_only() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cluster");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut violations = Vec::new();
    for file in files.iter().filter(|f| !is_test_code(f)) {
        let inner = file.strip_prefix(&root).expect("below src");
        let top = inner.components().next().expect("a component").as_os_str().to_string_lossy().replace(".rs", "");
        let Some(own) = layer(&top) else { continue };
        let text = std::fs::read_to_string(file).expect("source text");
        for module in used(&text) {
            let allowed = module == top || layer(&module).is_none_or(|other| other < own);
            if !allowed {
                violations.push(format!("{} uses crate::{module}", inner.display()));
            }
        }
    }
    violations.dedup();
    assert!(violations.is_empty(), "uses of a higher or the same layer:\n{}", violations.join("\n"));
}

/// The compiler keeps the command line from naming the store and the controllers; these modules are public for front ends
/// and tests.
#[test]
fn the_command_line_uses_the_client_alone() {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli"), &mut files);
    assert!(!files.is_empty(), "the sources of the command line");
    for file in files {
        let text = std::fs::read_to_string(&file).expect("source text");
        for module in ["kctl_cluster::transport", "kctl_cluster::inspection"] {
            assert!(!text.contains(module), "{} uses {module}", file.display());
        }
    }
}

#[test]
fn every_test_file_is_listed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let list = std::fs::read_to_string(root.join("tests.rs")).expect("tests.rs");
    for entry in std::fs::read_dir(&root).expect("tests") {
        let name = entry.expect("an entry").file_name().to_string_lossy().into_owned();
        let module = name.trim_end_matches(".rs");
        let own_target = ["tests", "bench", "corpus", "mounts", "structure"].contains(&module);
        assert!(own_target || list.contains(&format!("mod {module};")), "{name} is not listed in tests.rs");
    }
}
