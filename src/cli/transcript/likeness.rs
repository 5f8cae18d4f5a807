//! The table of rules behind `--like-cluster`: the differences between two clusters, or between two runs of a real one, that
//! mean nothing.
//!
//! Each line is normalized by the rules in their order; the lines of a step may then be in another order ([`arrange`](super::arrange)). Names
//! that a cluster makes up are kept beside a normalized line: they must be used alike ([`names`](super::names)).

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};

/// The alphabet of generated names (`k8s.io/apimachinery/pkg/util/rand`).
macro_rules! safe {
    () => {
        "bcdfghjklmnpqrstvwxz2456789"
    };
}

/// A rule: what matches a pattern is replaced before a comparison.
struct Rule {
    /// The name of what is replaced, as the documentation has it.
    name: &'static str,
    /// The regular expression.
    pattern: &'static str,
    /// Refuses a match by the character before it and by what follows it.
    accepts: fn(before: Option<char>, matched: &str, after: &str) -> bool,
    /// The replacement, in which `$1` is a group of the pattern.
    to: &'static str,
}

/// Accepts every match.
const ANYWHERE: fn(Option<char>, &str, &str) -> bool = |_, _, _| true;
/// Accepts a match that is the end of a name or has a suffix behind it.
const WORD_END: fn(Option<char>, &str, &str) -> bool = |_, _, after| !starts_alphanumeric(after);
/// Accepts a match that is the end of a name.
const NAME_END: fn(Option<char>, &str, &str) -> bool =
    |_, _, after| !starts_alphanumeric(after) && !after.starts_with('-');

/// The rules, in the order in which they are applied.
const RULES: &[Rule] = &[
    // The directory for temporary files is in the sandbox here.
    Rule { name: "temporary files", pattern: r"\$SANDBOX/tmp/", accepts: ANYWHERE, to: "/tmp/" },
    Rule {
        name: "temporary files",
        pattern: r"(/tmp/(?:kubectl-edit-|LIVE-|MERGED-))\d+",
        accepts: ANYWHERE,
        to: "$1<number>",
    },
    Rule {
        name: "uids",
        pattern: "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
        accepts: ANYWHERE,
        to: "<uid>",
    },
    Rule {
        name: "dates",
        pattern: r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z| [+-]\d{4} UTC)",
        accepts: ANYWHERE,
        to: "<time>",
    },
    Rule {
        name: "dates",
        pattern: r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}",
        accepts: ANYWHERE,
        to: "<date>",
    },
    Rule {
        name: "addresses",
        pattern: r"\b(?:10|192|172)\.\d{1,3}\.\d{1,3}\.\d{1,3}\b",
        accepts: ANYWHERE,
        to: "<ip>",
    },
    Rule {
        name: "log lines",
        pattern: r"^[IWEF]\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ \w+\.go:\d+\] ",
        accepts: ANYWHERE,
        to: "<log> ",
    },
    Rule { name: "node ports", pattern: r"\b3[0-2]\d{3}(/(?:TCP|UDP|SCTP))", accepts: ANYWHERE, to: "<nodeport>$1" },
    Rule { name: "node ports", pattern: r#"("?nodePort"?: )3[0-2]\d{3}\b"#, accepts: ANYWHERE, to: "$1<nodeport>" },
    Rule { name: "event names", pattern: r"\.[0-9a-f]{16}\b", accepts: ANYWHERE, to: ".<event>" },
    Rule { name: "scheduled minutes", pattern: r"-\d{8}", accepts: WORD_END, to: "-<minute>" },
    Rule { name: "resource versions", pattern: r#"("?resourceVersion"?: *"?)\d+"#, accepts: ANYWHERE, to: "$1<rv>" },
    Rule {
        name: "template hashes",
        pattern: concat!(
            r#"((?:pod-template-hash|controller-revision-hash|controller.kubernetes.io/hash)[=:]\s*"?)(["#,
            safe!(),
            "0-9]{6,10})"
        ),
        accepts: ANYWHERE,
        to: "$1<hash>",
    },
    Rule {
        name: "template hashes",
        pattern: concat!("(-)([", safe!(), "]{7,10})"),
        accepts: |_, matched, after| {
            !starts_alphanumeric(after) && (has_suffix(after) || (NAME_END(None, matched, after) && has_digit(matched)))
        },
        to: "$1<hash>",
    },
    Rule { name: "name suffixes", pattern: concat!("(-)([", safe!(), "]{5})"), accepts: NAME_END, to: "$1<rand>" },
    Rule {
        name: "ages and durations",
        pattern: r"(?:\d+(?:d|h|s|ms)|\d?\dm)(?:\d+[hms])|\d+(?:d|h|s|ms)",
        accepts: |before, _, after| {
            !before.is_some_and(|c| c.is_ascii_alphanumeric() || ".=-".contains(c))
                && !starts_alphanumeric(after)
                && !after.starts_with(" seconds")
        },
        to: "<age>",
    },
    Rule {
        name: "ages and durations",
        pattern: r"\d?\dm\b",
        accepts: |before, _, _| !before.is_some_and(|c| c.is_ascii_alphanumeric() || ".=:\" -".contains(c)),
        to: "<age>",
    },
    Rule {
        name: "ages and durations",
        pattern: r"[1-9]m",
        accepts: |before, _, after| {
            before.is_some_and(char::is_whitespace) && after.chars().next().is_none_or(char::is_whitespace)
        },
        to: "<age>",
    },
    Rule { name: "repeated events", pattern: r"\(x\d+ over <age>\)", accepts: ANYWHERE, to: "(xN over <age>)" },
    Rule { name: "node names", pattern: r"\bk8s-node\d\b", accepts: ANYWHERE, to: "<node>" },
    Rule {
        name: "widths of columns",
        pattern: " {2,}",
        accepts: |before, _, _| before.is_some_and(|c| !c.is_whitespace()),
        to: " ",
    },
];

/// The placeholders whose originals are names: they must be used alike on both sides.
const NAMES: [&str; 2] = ["<hash>", SUFFIX];
/// The placeholder of the last part of the name of an object.
const SUFFIX: &str = "<rand>";

/// The names of the rules, each once.
pub(crate) fn rule_names() -> Vec<&'static str> {
    let mut names: Vec<&str> = RULES.iter().map(|rule| rule.name).collect();
    names.dedup();
    names
}

static PATTERNS: LazyLock<Vec<Regex>> = LazyLock::new(|| RULES.iter().map(|rule| constant(rule.pattern)).collect());

fn starts_alphanumeric(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
}

fn has_digit(text: &str) -> bool {
    text.contains(|c: char| c.is_ascii_digit())
}

/// Returns whether the last part of a name follows, a random suffix.
fn has_suffix(after: &str) -> bool {
    let Some(suffix) = after.strip_prefix('-') else { return false };
    let length = suffix.chars().take_while(|c| safe!().contains(*c)).count();
    length == 5 && !suffix[length..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == '-')
}

/// A pattern of this program.
pub(super) fn constant(pattern: &str) -> Regex {
    // A test compiles all of them.
    Regex::new(pattern).expect("a pattern")
}

/// A normalized line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Normal {
    /// The text with placeholders.
    pub(super) text: String,
    /// The originals of the names in it, by rule and place.
    pub(super) names: Vec<Name>,
}

/// A name that a cluster has made up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name {
    /// The name, without what precedes it.
    pub(super) text: String,
    /// True for the suffix of one of several objects that are alike, false for a hash.
    pub(super) is_suffix: bool,
}

impl Normal {
    /// Returns whether there are made-up names in the line.
    pub(super) fn has_names(&self) -> bool {
        NAMES.iter().any(|name| self.text.contains(name))
    }
}

/// Normalizes a line.
pub(super) fn normalize(line: &str) -> Normal {
    let mut names = Vec::new();
    let text = apply(line, &mut |name| names.push(name));
    Normal { text: text.trim_end().into(), names }
}

/// Replaces the made-up names in a command by others.
pub(super) fn rename(command: &str, other: &mut dyn FnMut(&str) -> Option<String>) -> String {
    let mut text = Cow::Borrowed(command);
    for (rule, pattern) in RULES.iter().zip(PATTERNS.iter()).filter(|(rule, _)| is_of_names(rule)) {
        text = Cow::Owned(replace(rule, pattern, &text, &mut |captures| {
            other(&captures[2]).map(|name| format!("{}{name}", &captures[1]))
        }));
    }
    text.into_owned()
}

fn is_of_names(rule: &Rule) -> bool {
    NAMES.iter().any(|name| rule.to.ends_with(name))
}

/// Applies all rules to a line. `on_name` gets each name that is replaced.
fn apply(line: &str, on_name: &mut dyn FnMut(Name)) -> String {
    let mut text = line.to_string();
    for (rule, pattern) in RULES.iter().zip(PATTERNS.iter()) {
        text = replace(rule, pattern, &text, &mut |captures| {
            if is_of_names(rule) {
                on_name(Name { text: captures[2].into(), is_suffix: rule.to.ends_with(SUFFIX) });
            }
            let mut replacement = String::new();
            captures.expand(rule.to, &mut replacement);
            Some(replacement)
        });
    }
    text
}

/// Replaces what a rule matches and accepts; a match for which there is no replacement stays.
fn replace(
    rule: &Rule,
    pattern: &Regex,
    text: &str,
    replacement: &mut dyn FnMut(&Captures<'_>) -> Option<String>,
) -> String {
    let mut replaced = String::new();
    let (mut copied, mut at) = (0, 0);
    while let Some(captures) = pattern.captures_at(text, at) {
        // The whole match is always there.
        let found = captures.get_match();
        let before = text[..found.start()].chars().next_back();
        if (rule.accepts)(before, found.as_str(), &text[found.end()..]) {
            if let Some(new) = replacement(&captures) {
                replaced.push_str(&text[copied..found.start()]);
                replaced.push_str(&new);
                copied = found.end();
            }
            at = found.end().max(found.start() + 1);
        } else {
            at = found.start() + text[found.start()..].chars().next().map_or(1, char::len_utf8);
        }
        if at > text.len() {
            break;
        }
    }
    replaced.push_str(&text[copied..]);
    replaced
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(line: &str) -> String {
        normalize(line).text
    }

    #[test]
    fn chance_and_time_are_replaced() {
        for (line, expected) in [
            (
                "see /tmp/kubectl-edit-12.yaml $SANDBOX/tmp/LIVE-3/a",
                "see /tmp/kubectl-edit-<number>.yaml /tmp/LIVE-<number>/a",
            ),
            ("uid: 0d5e7a3e-2a0c-4a0b-8f8e-6b1f0e9d7c55", "uid: <uid>"),
            ("at 2026-01-01T00:00:07Z, Fri, 02 Jan 2026 00:00:07 +0000", "at <time>, <date>"),
            ("10.96.0.1 192.168.1.7:80 8.8.8.8", "<ip> <ip>:80 8.8.8.8"),
            ("W0101 00:00:07.000000   123 a.go:9] text", "<log> text"),
            ("80:30080/TCP nodePort: 31000 30080", "80:<nodeport>/TCP nodePort: <nodeport> 30080"),
            ("web-0.18a1b2c3d4e5f607", "web-0.<event>"),
            ("job-29453760-x2b4c job-29453760", "job-<minute>-<rand> job-<minute>"),
            (
                "resourceVersion: \"12\" \"resourceVersion\": \"7\"",
                "resourceVersion: \"<rv>\" \"resourceVersion\": \"<rv>\"",
            ),
            ("a,pod-template-hash=98d45795f,b", "a,pod-template-hash=<hash>,b"),
            (
                "web-98d45795f-8rz7f web-98d45795f web-bcdfghj web-bcdfghj-x",
                "web-<hash>-<rand> web-<hash> web-bcdfghj web-bcdfghj-x",
            ),
            ("web-8rz7f web-nginx web-8rz7f-x", "web-<rand> web-nginx web-8rz7f-x"),
            (
                "x 5m x 10m 2m30s 1d5h 90s ago 30 seconds cpu=250m 5s seconds",
                "x <age> x 10m <age> <age> <age> ago 30 seconds cpu=250m 5s seconds",
            ),
            ("Pulling  (x3 over 2m5s)  kubelet", "Pulling (xN over <age>) kubelet"),
            ("  on k8s-node2   now  ", "  on <node> now"),
        ] {
            assert_eq!(text(line), expected, "{line}");
        }
    }

    #[test]
    fn names_are_kept_beside_a_line() {
        let names = normalize("pod/web-98d45795f-8rz7f pod-template-hash=98d45795f").names;
        let texts: Vec<(&str, bool)> = names.iter().map(|name| (name.text.as_str(), name.is_suffix)).collect();
        assert_eq!(texts, [("98d45795f", false), ("98d45795f", false), ("8rz7f", true)]);
        let other = |name: &str| (name == "8rz7f").then(|| "xxxxx".to_string());
        assert_eq!(
            rename("kubectl logs web-98d45795f-8rz7f -c a-8rz7f", &mut { other }),
            "kubectl logs web-98d45795f-xxxxx -c a-xxxxx"
        );
    }

    /// The rules are documented where users look.
    #[test]
    fn the_readme_has_a_row_for_each_rule() {
        let readme = include_str!("../../../README.md");
        for name in rule_names() {
            assert!(readme.contains(&format!("\n| {name} |")), "no row for {name}");
        }
    }
}
