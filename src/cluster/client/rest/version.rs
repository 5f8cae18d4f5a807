//! The document at `/version`.

use serde::Serialize;

/// The version of Kubernetes that is followed.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// `Info` of `apimachinery/pkg/version/types.go`. What is known of a build of Kubernetes only is empty.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Info {
    major: &'static str,
    minor: &'static str,
    emulation_major: &'static str,
    emulation_minor: &'static str,
    min_compatibility_major: &'static str,
    min_compatibility_minor: String,
    git_version: String,
    git_commit: &'static str,
    git_tree_state: &'static str,
    build_date: &'static str,
    go_version: &'static str,
    compiler: &'static str,
    platform: String,
}

/// Returns the document, indented by two blanks and without a line break at its end.
pub(super) fn document() -> String {
    let mut numbers = VERSION.split('.');
    let (major, minor) = (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default());
    // A server can emulate the version before its own.
    let oldest = minor.parse::<u32>().unwrap_or_default().saturating_sub(1);
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    let info = Info {
        major,
        minor,
        emulation_major: major,
        emulation_minor: minor,
        min_compatibility_major: major,
        min_compatibility_minor: oldest.to_string(),
        git_version: format!("v{VERSION}"),
        git_commit: "",
        git_tree_state: "clean",
        build_date: "",
        go_version: "",
        compiler: "",
        platform: format!("{}/{architecture}", std::env::consts::OS),
    };
    // Strings alone can always be written.
    serde_json::to_string_pretty(&info).unwrap_or_default()
}
