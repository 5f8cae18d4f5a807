//! The hash that kubectl and kustomize append to the names of ConfigMaps and Secrets, so that changed content makes a new
//! object (`api/hasher/hasher.go`; `k8s.io/kubectl/pkg/util/hash`). The callers choose the fields that are hashed.

use sha2::{Digest, Sha256};

use kctl_base::json::{self, Value};

/// Returns ten characters that identify a value: the first hexadecimal digits of the SHA-256 of its JSON, with some replaced
/// so that they cannot spell words.
pub fn content_hash(content: &Value) -> String {
    let digest = Sha256::digest(json::to_compact(content));
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let safe = |digit: char| match digit {
        '0' => 'g',
        '1' => 'h',
        '3' => 'k',
        'a' => 'm',
        'e' => 't',
        other => other,
    };
    hex.chars().take(10).map(safe).collect()
}
