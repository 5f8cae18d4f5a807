//! clap's errors in the words of cobra and pflag.

use clap::Command;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::command_line::{CommandLine, path_text};
use crate::{CliError, verbs};
use kctl_base::order::Order as _;

/// The largest edit distance at which cobra suggests a verb (`SuggestionsMinimumDistance` in cobra's `command.go`).
const SUGGESTION_DISTANCE: usize = 2;

/// Translates an error of clap about a command line.
pub(super) fn from_clap(error: &clap::Error, line: &CommandLine, program: &str, root: &Command) -> CliError {
    let verbs = line.path();
    let path = path_text(program, &verbs);
    let usage = |message: String| CliError::Usage { message, hint: format!("See '{path} --help' for usage.") };
    let argument = context(error, ContextKind::InvalidArg);
    let flag = bare_flag(&argument);
    match error.kind() {
        ErrorKind::UnknownArgument if argument.starts_with("--") => usage(format!("unknown flag: {flag}")),
        ErrorKind::UnknownArgument if argument.starts_with('-') => usage(unknown_shorthand(&argument, &line.texts)),
        ErrorKind::UnknownArgument => CliError::new(format!("unexpected argument: {argument}")),
        ErrorKind::InvalidSubcommand if verbs.is_empty() => {
            unknown_verb(&context(error, ContextKind::InvalidSubcommand), program)
        }
        ErrorKind::InvalidSubcommand => {
            let words = arguments_from(&context(error, ContextKind::InvalidSubcommand), &line.texts);
            let hint = format!("See '{path} -h' for help and examples");
            CliError::Usage { message: format!("unknown command \"{words}\""), hint }
        }
        ErrorKind::InvalidValue if context(error, ContextKind::InvalidValue).is_empty() => {
            usage(needs_argument(flag, &line.texts))
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            let value = context(error, ContextKind::InvalidValue);
            let source = std::error::Error::source(error).map(|source| format!(": {source}")).unwrap_or_default();
            usage(format!("invalid argument \"{value}\" for \"{}\" flag{source}", with_shorthand(flag, root)))
        }
        ErrorKind::InvalidUtf8 => CliError::new("an argument is not valid UTF-8"),
        ErrorKind::MissingRequiredArgument => CliError::new(missing_flags(error)),
        _ => CliError::new(error.to_string().trim_end().trim_start_matches("error: ")),
    }
}

/// The first string that clap attaches to an error under `kind`, or the empty string.
fn context(error: &clap::Error, kind: ContextKind) -> String {
    match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(list)) => list.first().cloned().unwrap_or_default(),
        _ => String::new(),
    }
}

/// `--output` of `--output <output>` or `--output=x`.
fn bare_flag(argument: &str) -> &str {
    argument.split([' ', '=', '[']).next().unwrap_or("")
}

/// The argument that is not a subcommand and the arguments after it: cobra names all of them.
fn arguments_from(word: &str, words: &[String]) -> String {
    let at = words.iter().position(|w| w == word).unwrap_or(words.len());
    words[at..].iter().filter(|w| !w.starts_with('-')).map(String::as_str).collect::<Vec<_>>().join(" ")
}

/// cobra's message about required flags, sorted by name.
fn missing_flags(error: &clap::Error) -> String {
    let Some(ContextValue::Strings(missing)) = error.get(ContextKind::InvalidArg) else { return error.to_string() };
    let mut names: Vec<String> =
        missing.iter().map(|argument| format!("\"{}\"", bare_flag(argument.trim_start_matches('-')))).collect();
    names.order();
    format!("required flag(s) {} not set", names.join(", "))
}

fn unknown_shorthand(argument: &str, words: &[String]) -> String {
    let letter = argument.chars().nth(1).unwrap_or('-');
    let group = words.iter().find(|w| w.starts_with('-') && !w.starts_with("--") && w.contains(letter));
    format!("unknown shorthand flag: '{letter}' in {}", group.map_or(argument, |word| word.as_str()))
}

/// The message for a flag without its value. Only the last argument can lack one; it may be a group of short flags.
fn needs_argument(flag: &str, words: &[String]) -> String {
    match words.last().filter(|w| w.starts_with('-') && !w.starts_with("--")) {
        Some(word) => format!("flag needs an argument: '{}' in {word}", word.chars().last().unwrap_or('-')),
        None => format!("flag needs an argument: {flag}"),
    }
}

/// The flag as pflag names it in messages: `-o, --output` when it has a short form.
fn with_shorthand(flag: &str, root: &Command) -> String {
    fn find(command: &Command, flag: &str) -> Option<String> {
        let short = |arg: &clap::Arg| arg.get_short().map(|letter| format!("-{letter}"));
        let is = |arg: &&clap::Arg| {
            short(arg).as_deref() == Some(flag) || arg.get_long().is_some_and(|l| flag.strip_prefix("--") == Some(l))
        };
        let here = command.get_arguments().find(is).and_then(|a| Some(format!("{}, --{}", short(a)?, a.get_long()?)));
        here.or_else(|| command.get_subcommands().find_map(|member| find(member, flag)))
    }
    find(root, flag).unwrap_or_else(|| flag.to_string())
}

/// `unknown command "x" for "kubectl"`, with the verbs that resemble it.
fn unknown_verb(word: &str, program: &str) -> CliError {
    let suggested = |name: &&str| resembles(word, name) || suggest_for(name).contains(&word.to_lowercase().as_str());
    let suggestions: Vec<&str> = verbs::of_kubectl().map(|verb| verb.name).filter(suggested).collect();
    let mut text = format!("error: unknown command \"{word}\" for \"{program}\"\n");
    if !suggestions.is_empty() {
        text.push_str("\nDid you mean this?\n");
        for name in suggestions {
            text.push_str(&format!("\t{name}\n"));
        }
    }
    CliError::Verbatim(text, 1)
}

/// Words for which kubectl suggests a verb (`SuggestFor` of its commands).
fn suggest_for(name: &str) -> &'static [&'static str] {
    match name {
        "delete" => &["remove", "rm"],
        "describe" => &["inspect"],
        "get" => &["list", "ls"],
        "top" => &["stats"],
        _ => &[],
    }
}

/// cobra's rule for suggestions: a small edit distance, or a prefix.
fn resembles(word: &str, name: &str) -> bool {
    let word = word.to_lowercase();
    strsim::levenshtein(&word, name) <= SUGGESTION_DISTANCE || name.starts_with(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verbs_are_suggested_in_the_order_of_kubectl() {
        for (word, expected) in [
            ("gett", "\n\nDid you mean this?\n\tset\n\tget\n"),
            ("rm", "\n\nDid you mean this?\n\trun\n\tdelete\n\tcp\n"),
            ("list", "\n\nDid you mean this?\n\tget\n"),
            ("stores", "\n"),
        ] {
            let message = unknown_verb(word, "kubectl").message();
            assert_eq!(message, format!("error: unknown command \"{word}\" for \"kubectl\"{expected}"));
        }
    }
}
