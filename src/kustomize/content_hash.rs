//! The hash that kubectl and kustomize put behind the names of ConfigMaps and Secrets, so that other content is another
//! object. What of an object is hashed, and how, each of them decides.

use sha2::{Digest, Sha256};

use kctl_base::json::{self, Value};

/// Ten letters that stand for a value: the first digits of the SHA-256 of its JSON, without those that might spell something.
pub fn content_hash(content: &Value) -> String {
    let digest = Sha256::digest(json::to_compact(content));
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let letter = |digit: char| match digit {
        '0' => 'g',
        '1' => 'h',
        '3' => 'k',
        'a' => 'm',
        'e' => 't',
        other => other,
    };
    hex.chars().take(10).map(letter).collect()
}
