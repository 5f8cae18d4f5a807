//! Files of `KEY=value` lines (kubectl, `pkg/cmd/util/env_file.go`), as for `create --from-env-file` and kustomize
//! generators.
//!
//! Callers read the file and validate the keys.

/// Parses the pairs of a file, in order. Blank lines, comments and a leading byte order mark are skipped; a key without
/// `=` takes its value from the environment.
pub fn pairs(text: &str) -> impl Iterator<Item = (&str, String)> {
    let lines = text.trim_start_matches('\u{feff}').lines().map(str::trim_start);
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(|line| match line.split_once('=') {
        Some((key, value)) => (key, value.to_string()),
        None => (line, std::env::var_os(line).unwrap_or_default().to_string_lossy().into_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_pairs() {
        let read = |text| pairs(text).map(|(key, value)| format!("{key}:{value}|")).collect::<String>();
        assert_eq!(read("# c\nA=1\r\n\n  B= x \n"), "A:1|B: x |");
        assert_eq!(read("\u{feff}A=b=c\n=d\nE="), "A:b=c|:d|E:|");
        assert_eq!(read("\n # A=1\n"), "");
    }

    #[test]
    fn keys_without_a_value_are_looked_up_in_the_environment() {
        let path = std::env::var("PATH").unwrap_or_default();
        let found: Vec<_> = pairs("PATH\nNO_SUCH_VARIABLE_OF_THIS_TEST").collect();
        assert_eq!(found, [("PATH", path), ("NO_SUCH_VARIABLE_OF_THIS_TEST", String::new())]);
    }
}
