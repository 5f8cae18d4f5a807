//! The difference between two pod specs, as it stands below the refusal to change a pod.

use kctl_base::json::Value;

/// The lines in which two values differ, each with the lines around it.
pub(super) fn difference(old: &Value, new: &Value) -> String {
    let [old, new] = [old, new].map(|v| serde_json::to_string_pretty(v).unwrap_or_default());
    similar::TextDiff::from_lines(&old, &new).unified_diff().context_radius(3).to_string()
}
