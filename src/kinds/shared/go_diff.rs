//! The difference of two texts as the API server shows it when it refuses a change: hunks without file names.

use similar::TextDiff;

/// The hunks of a unified difference with three lines of context.
pub fn lines(old: &str, new: &str) -> String {
    TextDiff::from_lines(old, new).unified_diff().context_radius(3).missing_newline_hint(false).to_string()
}

#[cfg(test)]
mod tests {
    #[test]
    fn hunks_have_three_lines_of_context() {
        let old = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
        let got = super::lines(old, &old.replace('5', "x"));
        assert_eq!(got, "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+x\n 6\n 7\n 8\n");
    }
}
