//! The command line as the history of the cluster records it: what a user would type again, without the values of Secrets.

use std::ffi::OsString;

/// The size in bytes to which a command line is shortened.
const BYTES_MAX: usize = 4096;

/// In place of a value.
const HIDDEN: &str = "***";

/// The flags whose values are secret.
const SECRET_FLAGS: &[&str] = &["token", "password", "docker-password"];

/// The command line of a process, whose first word is the name of the program.
pub(super) fn command_line(argv: &[OsString], program: &str) -> String {
    let words: Vec<String> = argv.iter().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    let secrets = Secrets::of(&words);
    let mut line = program.to_string();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        line.push(' ');
        match secrets.hide(word) {
            Hidden::Nothing => line.push_str(&quoted(word)),
            Hidden::Inline(word) => line.push_str(&quoted(&word)),
            Hidden::Next => {
                line.push_str(&quoted(word));
                if let Some(value) = words.next() {
                    line.push(' ');
                    line.push_str(&quoted(&secrets.hidden_value(word, value)));
                }
            }
        }
    }
    shortened(line)
}

/// The secret part of a word of a command line.
enum Hidden {
    Nothing,
    /// A part of the word; this is what is left.
    Inline(String),
    /// The next word.
    Next,
}

/// The secrets of a command line, apart from [`SECRET_FLAGS`].
struct Secrets {
    /// `create secret generic --from-literal=KEY=VALUE`.
    literals: bool,
    /// `patch secret NAME -p PATCH`, and a patch of the objects in files, whatever they are.
    patches: bool,
}

impl Secrets {
    fn of(words: &[String]) -> Secrets {
        let has = |is: fn(&str) -> bool| words.iter().any(|word| is(word));
        let is_secret = |word: &str| {
            let types = word.split('/').next().unwrap_or_default();
            types.split(',').any(|name| ["secret", "secrets"].contains(&name.split('.').next().unwrap_or_default()))
        };
        let is_file = |word: &str| ["-f", "-k", "--filename", "--kustomize"].iter().any(|flag| word.starts_with(flag));
        Secrets {
            literals: has(|word| word == "create") && has(|word| word == "secret"),
            patches: has(|word| word == "patch") && (has(is_secret) || has(is_file)),
        }
    }

    fn hide(&self, word: &str) -> Hidden {
        let (flag, value) = match word.strip_prefix("--") {
            Some(long) => match long.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (long, None),
            },
            // Of the flags with one letter, only that of a patch matters.
            None => match word.strip_prefix("-p").filter(|_| self.patches) {
                Some("") => ("patch", None),
                Some(value) => ("patch", Some(value.strip_prefix('=').unwrap_or(value))),
                None => return Hidden::Nothing,
            },
        };
        match value {
            _ if !self.is_secret(flag) => Hidden::Nothing,
            None => Hidden::Next,
            Some(value) => {
                let kept = &word[..word.len() - value.len()];
                Hidden::Inline(format!("{kept}{}", self.hidden_value(word, value)))
            }
        }
    }

    fn is_secret(&self, flag: &str) -> bool {
        SECRET_FLAGS.contains(&flag) || self.literals && flag == "from-literal" || self.patches && flag == "patch"
    }

    /// Returns the value of a flag without its secret part: the key of a literal.
    fn hidden_value(&self, flag: &str, value: &str) -> String {
        match value.split_once('=').filter(|_| flag.starts_with("--from-literal")) {
            Some((key, _)) => format!("{key}={HIDDEN}"),
            None => HIDDEN.into(),
        }
    }
}

/// A word as a shell reads it.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_=/.,:@%+*".contains(c);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.into(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

fn shortened(mut line: String) -> String {
    if line.len() > BYTES_MAX {
        line.truncate(line.floor_char_boundary(BYTES_MAX - 3));
        line.push_str("...");
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(words: &[&str]) -> String {
        let argv: Vec<OsString> = words.iter().map(OsString::from).collect();
        command_line(&argv, "kctl")
    }

    #[test]
    fn a_command_can_be_typed_again() {
        assert_eq!(line(&["/bin/kctl", "scale", "deploy/web", "--replicas=5"]), "kctl scale deploy/web --replicas=5");
        assert_eq!(
            line(&["x", "annotate", "pod/a", "note=it's", "b=", ""]),
            r"kctl annotate pod/a 'note=it'\''s' b= ''"
        );
        let long = line(&["x", "annotate", &"ä".repeat(5_000)]);
        assert!(long.len() <= BYTES_MAX && long.ends_with("..."));
    }

    #[test]
    fn values_of_secrets_are_left_out() {
        for (words, expected) in [
            ("create secret generic a --from-literal=k=v=w", "create secret generic a --from-literal=k=***"),
            ("-n x create secret generic a --from-literal k=v", "-n x create secret generic a --from-literal k=***"),
            ("create configmap a --from-literal=k=v", "create configmap a --from-literal=k=v"),
            (
                "create secret docker-registry a --docker-username=u --docker-password p",
                "create secret docker-registry a --docker-username=u --docker-password ***",
            ),
            ("get pods --token=abc --password abc", "get pods --token=*** --password ***"),
            ("patch secret a -p {}", "patch secret a -p ***"),
            ("patch secrets/a -p={}", "patch secrets/a -p=***"),
            ("patch secret.v1. a -p{}", "patch secret.v1. a -p***"),
            ("patch --patch={} -f s.yaml", "patch --patch=*** -f s.yaml"),
            ("patch deploy/web -p {}", "patch deploy/web -p '{}'"),
            ("patch pod/secret --patch {}", "patch pod/secret --patch '{}'"),
        ] {
            let words: Vec<&str> = std::iter::once("kctl").chain(words.split(' ')).collect();
            assert_eq!(line(&words), format!("kctl {expected}"));
        }
    }
}
