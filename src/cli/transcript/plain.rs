//! Commands of which a shell makes nothing but the words of one call of this program.

/// The characters, besides letters and digits, that stand for themselves anywhere in a word.
const LITERAL: &str = "%+,-./:=@_";
/// The characters that mean something between double quotes.
const SPECIAL: &[char] = &['$', '`', '\\'];

/// Returns the words of a call of one of `programs`, in which the shell would replace nothing; `None` for any other command.
pub(super) fn words(command: &str, programs: &[&str]) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut rest = command;
    while let Some(character) = rest.chars().next() {
        rest = &rest[character.len_utf8()..];
        match character {
            ' ' | '\t' => words.extend(word.take()),
            '\'' | '"' => {
                let (text, behind) = rest.split_once(character)?;
                if character == '"' && text.contains(SPECIAL) {
                    return None;
                }
                word.get_or_insert_default().push_str(text);
                rest = behind;
            }
            // The command goes on in the next line.
            '\\' => rest = rest.strip_prefix('\n')?,
            _ if character.is_ascii_alphanumeric() || LITERAL.contains(character) => {
                word.get_or_insert_default().push(character);
            }
            _ => return None,
        }
    }
    words.extend(word);
    // A quoted name escapes aliases.
    let is_call = programs.iter().any(|program| {
        command.trim_start().strip_prefix(program).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t']))
    });
    is_call.then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(command: &str) -> Option<Vec<String>> {
        words(command, &["kctl", "kubectl"])
    }

    #[test]
    fn literal_words_are_taken_out_of_their_quotes() {
        for (command, expected) in [
            ("kctl", &["kctl"][..]),
            ("  kubectl get\tpods -o=name ", &["kubectl", "get", "pods", "-o=name"]),
            (
                "kctl get pods -o jsonpath='{.items[*].metadata.name}'",
                &["kctl", "get", "pods", "-o", "jsonpath={.items[*].metadata.name}"],
            ),
            ("kctl a \"it's b\"'\"c' '' \"\"", &["kctl", "a", "it's b\"c", "", ""]),
            (
                "kctl create deployment web \\\n  --image=nginx",
                &["kctl", "create", "deployment", "web", "--image=nginx"],
            ),
            ("kctl a\\\nb 'c\nd \\'", &["kctl", "ab", "c\nd \\"]),
        ] {
            let expected = Some(expected.iter().map(|word| (*word).to_owned()).collect());
            assert_eq!(parse(command), expected, "{command}");
        }
    }

    #[test]
    fn whatever_a_shell_may_change_is_left_to_it() {
        for command in [
            "",
            "echo a",
            "kctlx get",
            "./kctl get",
            "'kctl' get",
            "k\\\nctl get",
            "! kctl get",
            "A=b kctl get",
            "kctl get $x",
            "kctl get \"$x\"",
            "kctl get `x`",
            "kctl get \"`x`\"",
            "kctl get $(x)",
            "kctl get $'x'",
            "kctl get ~",
            "kctl get *",
            "kctl get a?",
            "kctl get [a]",
            "kctl get {a,b}",
            "kctl get \\a",
            "kctl get \"\\a\"",
            "kctl get 'a",
            "kctl get \"a",
            "kctl get \\",
            "kctl get # all",
            "kctl get!",
            "kctl get ^",
            "kctl get | cat",
            "kctl get > a",
            "kctl get < a",
            "kctl get &",
            "kctl get; kctl get",
            "kctl get && kctl get",
            "kctl get\nkctl get",
            "kctl apply -f - <<E\na\nE",
            "(kctl get)",
            "kctl() { :; }",
            "kctl get ä",
        ] {
            assert_eq!(parse(command), None, "{command}");
        }
    }
}
