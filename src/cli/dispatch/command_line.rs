//! A command line in the order that clap expects, and the verb that it names.
//!
//! Upstream: `Find`, `stripFlags` and `Traverse` in cobra's `command.go`; flag normalisation in kubectl's `pkg/cmd/cmd.go`
//! (`WarnWordSepNormalizeFunc`).

use std::ffi::OsString;

use crate::Verb;
use crate::args::global;
use crate::verbs;

/// The arguments of the process after normalisation.
pub(super) struct CommandLine {
    /// The arguments, the program among them, with underscores in flag names replaced and flags of the verb behind it.
    pub(super) words: Vec<OsString>,
    /// The same arguments as text; bytes that are not UTF-8 are replaced.
    pub(super) texts: Vec<String>,
    /// The position of the first argument that is not a flag or its value.
    verb_at: Option<usize>,
}

impl CommandLine {
    /// Normalises the arguments of the process.
    ///
    /// cobra finds the verb by skipping unknown flags together with the argument after them, so that a flag of the verb may
    /// precede it; such flags are moved behind the verb.
    pub(super) fn new(argv: &[OsString]) -> CommandLine {
        let mut words: Vec<OsString> = argv.iter().map(normalise_word).collect();
        let mut texts = as_texts(&words);
        let Some(mut at) = verb_position(&texts) else { return CommandLine { words, texts, verb_at: None } };
        let mut early: Vec<OsString> = Vec::new();
        let mut index = 1;
        while index < at {
            match global::takes_next(&texts[index]) {
                Some(true) => index += 2,
                Some(false) => index += 1,
                None => {
                    early.push(words.remove(index));
                    texts.remove(index);
                    at -= 1;
                }
            }
        }
        let family = verbs::find(&texts[at]).map_or(&[][..], |verb| verb.family);
        let names_member = texts.get(at + 1).is_some_and(|word| family.iter().any(|member| member.is_called(word)));
        let end = at + 1 + usize::from(names_member);
        words.splice(end..end, early);
        CommandLine { texts: as_texts(&words), words, verb_at: Some(at) }
    }

    /// The position of that argument; `None` without one.
    pub(super) fn verb_at(&self) -> Option<usize> {
        self.verb_at
    }

    /// The argument where cobra expects the verb; empty when there is none.
    pub(super) fn verb_word(&self) -> &str {
        self.verb_at.map_or("", |at| &self.texts[at])
    }

    /// The verb and its subcommands that the command line names: `rollout`, `status`. Empty when the first argument is not a
    /// verb, for example because an unknown flag has taken the verb as its value.
    pub(super) fn path(&self) -> Vec<&'static Verb> {
        let Some((at, verb)) = self.verb_at.and_then(|at| Some((at, verbs::find(&self.texts[at])?))) else {
            return Vec::new();
        };
        let mut path = vec![verb];
        for word in self.texts[at + 1..].iter().filter(|word| !word.starts_with('-')) {
            let family = path.last().map_or(&[][..], |verb| verb.family);
            path.extend(family.iter().find(|member| member.is_called(word)));
        }
        path
    }
}

/// The names of a program and its verbs as they are typed: `kubectl rollout status`.
pub(super) fn path_text(program: &str, path: &[&'static Verb]) -> String {
    std::iter::once(program).chain(path.iter().map(|verb| verb.name)).collect::<Vec<_>>().join(" ")
}

/// The arguments as text.
pub(super) fn as_texts(words: &[OsString]) -> Vec<String> {
    words.iter().map(|word| word.to_string_lossy().into_owned()).collect()
}

/// Normalises an argument. One that is not UTF-8 holds a path, and stays as it is.
fn normalise_word(word: &OsString) -> OsString {
    word.to_str().map_or_else(|| word.clone(), |text| normalise_flag(text).into())
}

/// Rewrites what clap reads differently from pflag: `--dry_run` is `--dry-run`, and the value of `-p=` is `=`.
fn normalise_flag(word: &str) -> String {
    if let ['-', letter, '='] = word.chars().collect::<Vec<_>>()[..]
        && letter.is_ascii_alphabetic()
    {
        return format!("-{letter}==");
    }
    match word.strip_prefix("--") {
        Some(flag) if !flag.is_empty() => {
            let (name, value) = flag.split_once('=').map_or((flag, None), |(name, value)| (name, Some(value)));
            let name = name.replace('_', "-");
            value.map_or_else(|| format!("--{name}"), |value| format!("--{name}={value}"))
        }
        _ => word.into(),
    }
}

/// The position of the verb, found as cobra does before it knows the flags of the verb.
fn verb_position(words: &[String]) -> Option<usize> {
    let mut index = 1;
    while index < words.len() {
        let word = &words[index];
        if word == "--" {
            return None;
        }
        match (word.strip_prefix('-'), global::takes_next(word)) {
            (None, _) => return Some(index),
            (Some(_), Some(true)) => index += 2,
            (Some(_), Some(false)) => index += 1,
            // cobra takes the next argument for the value of an unknown long flag.
            (Some(rest), None) if rest.starts_with('-') && !word.contains('=') => index += 2,
            (Some(_), None) => index += 1,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_take_dashes_for_underscores() {
        assert_eq!(normalise_flag("--dry_run=a_b"), "--dry-run=a_b");
        assert_eq!(normalise_flag("a_b"), "a_b");
    }
}
