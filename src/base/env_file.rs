//! Files of `KEY=value` lines, as `create --from-env-file` and the generators of kustomize read them. How a file becomes a
//! text, and which keys are refused, each of them decides.

/// The pairs of a text, in order. Blank lines and comments are passed over, and so is a mark of the byte order in front; a
/// name alone takes its value from the environment.
pub fn pairs(text: &str) -> impl Iterator<Item = (&str, String)> {
    let lines = text.trim_start_matches('\u{feff}').lines().map(str::trim_start);
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(|line| match line.split_once('=') {
        Some((key, value)) => (key, value.to_string()),
        None => (line, std::env::var(line).unwrap_or_default()),
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
    fn a_name_alone_is_looked_up() {
        let path = std::env::var("PATH").unwrap_or_default();
        let found: Vec<_> = pairs("PATH\nNO_SUCH_VARIABLE_OF_THIS_TEST").collect();
        assert_eq!(found, [("PATH", path), ("NO_SUCH_VARIABLE_OF_THIS_TEST", String::new())]);
    }
}
