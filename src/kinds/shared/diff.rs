//! The differences that the API server prints when it refuses a change (`k8s.io/apimachinery/pkg/util/diff`).

use super::go_struct;
use kctl_base::json::Value;
use similar::TextDiff;

/// The diff of two values of an internal type, as indented JSON.
pub(crate) fn of_structs(of: &str, old: &Value, new: &Value) -> String {
    unified(&go_struct::to_pretty(of, old), &go_struct::to_pretty(of, new))
}

/// The hunks of a unified diff, with three lines of context and without file names.
fn unified(old: &str, new: &str) -> String {
    TextDiff::from_lines(old, new).unified_diff().context_radius(3).missing_newline_hint(false).to_string()
}

#[cfg(test)]
mod tests {
    #[test]
    fn hunks_have_three_lines_of_context() {
        let old = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
        let got = super::unified(old, &old.replace('5', "x"));
        assert_eq!(got, "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+x\n 6\n 7\n 8\n");
    }
}
