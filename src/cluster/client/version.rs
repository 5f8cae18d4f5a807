//! The versions of the program, which is the client, and of the cluster.

use serde::Serialize;

use crate::profile;

/// The version of Kubernetes that the program follows; it has the same one.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A version (`Info` in `apimachinery/pkg/version/types.go`). What is known of a build of Kubernetes only is empty.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Info {
    major: &'static str,
    minor: &'static str,
    #[serde(flatten)]
    emulation: Option<Emulation>,
    git_version: String,
    git_commit: &'static str,
    git_tree_state: &'static str,
    build_date: &'static str,
    go_version: &'static str,
    compiler: &'static str,
    platform: String,
}

/// The versions that a server emulates.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Emulation {
    emulation_major: &'static str,
    emulation_minor: &'static str,
    min_compatibility_major: &'static str,
    min_compatibility_minor: String,
}

impl Info {
    /// Returns the version as a client reports it.
    pub fn client() -> Info {
        let mut numbers = VERSION.split('.');
        Info {
            major: numbers.next().unwrap_or_default(),
            minor: numbers.next().unwrap_or_default(),
            emulation: None,
            git_version: format!("v{VERSION}"),
            git_commit: "",
            git_tree_state: "clean",
            build_date: "",
            go_version: "",
            compiler: "",
            platform: platform(),
        }
    }

    /// Returns the version as the server reports it at `/version`: that of the other components. It can emulate the minor
    /// version before its own.
    pub fn server() -> Info {
        let own = Info::client();
        let oldest = own.minor.parse::<u32>().unwrap_or_default().saturating_sub(1);
        let emulation = Emulation {
            emulation_major: own.major,
            emulation_minor: own.minor,
            min_compatibility_major: own.major,
            min_compatibility_minor: oldest.to_string(),
        };
        Info { emulation: Some(emulation), git_version: profile::VERSION.into(), ..own }
    }

    /// Returns the version with its patch: `v1.36.2`.
    pub fn git_version(&self) -> &str {
        &self.git_version
    }
}

/// Returns what the program says of itself in its requests.
pub(super) fn user_agent() -> String {
    format!("kubectl/v{VERSION} ({})", platform())
}

/// Returns the operating system and the architecture as Go names them: `linux/amd64`.
pub(super) fn platform() -> String {
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    format!("{}/{architecture}", std::env::consts::OS)
}
