//! From the words of a command line to a verb and its matches, with pflag's rules and kubectl's complaints.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgMatches, Command};

use super::args::global;
use super::verbs::VERBS;
use super::{CliError, CliResult, Verb};

/// What a command line asks for.
pub(super) enum Parsed {
    /// Run a verb.
    Run(&'static Verb, ArgMatches),
    /// Print a help text.
    Help(String),
}

/// The command tree. `only` names the one verb that is built: a command needs no others. `None` builds all, for completion;
/// so does a word that is no verb, without their flags.
pub(super) fn command(program: &str, only: Option<&str>) -> Command {
    let mut root = Command::new(program.to_string())
        .about("kubectl and the Kubernetes control plane behind it, in one binary")
        .disable_version_flag(true)
        .disable_help_subcommand(true)
        .args_override_self(true)
        .subcommand_required(false)
        .args(global::args());
    let known = only.and_then(|word| VERBS.iter().find(|verb| is_called(verb, word)));
    for verb in VERBS.iter().filter(|verb| known.is_none_or(|known| known.name == verb.name)) {
        root = root.subcommand(tree(verb, only.is_none() || known.is_some()));
    }
    root
}

/// Whether a word is the name or an alias of a verb.
fn is_called(verb: &Verb, word: &str) -> bool {
    verb.name == word || verb.aliases.contains(&word)
}

fn tree(verb: &'static Verb, whole: bool) -> Command {
    let command = Command::new(verb.name).about(verb.about).visible_aliases(verb.aliases.iter().copied());
    if !whole {
        return command;
    }
    let command = (verb.args)(command.args_override_self(true).disable_help_subcommand(true));
    verb.family.iter().fold(command, |command, member| command.subcommand(tree(member, true)))
}

/// Parses a command line.
pub(super) fn parse(argv: &[String], program: &str) -> CliResult<Parsed> {
    let argv = normalise(argv);
    let verb = verb_position(&argv).map(|at| argv[at].clone()).unwrap_or_default();
    let mut root = command(program, Some(&verb));
    match root.try_get_matches_from_mut(&argv) {
        Ok(matches) => find(matches, &mut root),
        Err(error) => complain(&error, &argv, program, &root),
    }
}

/// The command tree with the flags of the verb that a command line names.
pub(super) fn whole_command(program: &str, argv: &[String]) -> Command {
    let argv = normalise(argv);
    let verb = verb_position(&argv).map(|at| argv[at].clone()).unwrap_or_default();
    command(program, Some(&verb))
}

/// The verb at the end of the chain of subcommands, with its matches.
fn find(mut matches: ArgMatches, root: &mut Command) -> CliResult<Parsed> {
    let mut verbs: &'static [Verb] = VERBS;
    let mut found: Option<&'static Verb> = None;
    while let Some((name, inner)) = matches.remove_subcommand() {
        let Some(verb) = verbs.iter().find(|v| v.name == name) else { break };
        (verbs, found, matches) = (verb.family, Some(verb), inner);
    }
    match found {
        Some(verb) => Ok(Parsed::Run(verb, matches)),
        None => Ok(Parsed::Help(root.render_long_help().to_string())),
    }
}

/// Rewrites what clap would read differently from pflag: words before the verb and underscores in flags.
///
/// cobra finds the verb by skipping unknown flags together with the word after them, so that a flag that belongs to the
/// verb may stand before it; here such words are moved behind the verb.
fn normalise(argv: &[String]) -> Vec<String> {
    let mut words: Vec<String> = argv.iter().map(|w| underscores(w)).collect();
    let Some(verb_at) = verb_position(&words) else { return words };
    let mut early: Vec<String> = Vec::new();
    let mut index = 1;
    let mut at = verb_at;
    while index < at {
        let takes_value = global::takes_value(&words[index]);
        match takes_value {
            Some(true) => index += 2,
            Some(false) => index += 1,
            None => {
                early.push(words.remove(index));
                at -= 1;
            }
        }
    }
    let mut end = at + 1;
    let family = VERBS.iter().find(|v| v.name == words[at] || v.aliases.contains(&words[at].as_str()));
    if let Some(verb) = family.filter(|v| !v.family.is_empty())
        && words.get(end).is_some_and(|w| verb.family.iter().any(|m| m.name == w || m.aliases.contains(&w.as_str())))
    {
        end += 1;
    }
    words.splice(end..end, early);
    words
}

/// `--dry_run` is `--dry-run`, and the value of `-p=` is `=`, as in kubectl.
fn underscores(word: &str) -> String {
    if let ['-', letter, '='] = word.chars().collect::<Vec<_>>()[..]
        && letter.is_ascii_alphabetic()
    {
        return format!("-{letter}==");
    }
    match word.strip_prefix("--") {
        Some(flag) if !flag.is_empty() => {
            let (name, value) = flag.split_once('=').map_or((flag, None), |(n, v)| (n, Some(v)));
            let name = name.replace('_', "-");
            value.map_or_else(|| format!("--{name}"), |v| format!("--{name}={v}"))
        }
        _ => word.into(),
    }
}

/// Where the verb stands, as cobra looks for it.
fn verb_position(words: &[String]) -> Option<usize> {
    let mut index = 1;
    while index < words.len() {
        let word = &words[index];
        if word == "--" {
            return None;
        }
        match (word.strip_prefix('-'), global::takes_value(word)) {
            (None, _) => return Some(index),
            (Some(_), Some(true)) => index += 2,
            (Some(_), Some(false)) => index += 1,
            // An unknown long flag without a value swallows the next word.
            (Some(rest), None) if rest.starts_with('-') && !word.contains('=') => index += 2,
            (Some(_), None) => index += 1,
        }
    }
    None
}

/// clap's complaint in kubectl's words.
fn complain(error: &clap::Error, argv: &[String], program: &str, root: &Command) -> CliResult<Parsed> {
    let path = verb_path(argv, program);
    let context = |kind: ContextKind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(list)) => list.first().cloned().unwrap_or_default(),
        _ => String::new(),
    };
    let usage = |text: String| CliError::Raw(format!("error: {text}\nSee '{path} --help' for usage.\n"), 1);
    let argument = context(ContextKind::InvalidArg);
    let flag = argument.split([' ', '=', '[']).next().unwrap_or("").to_string();
    Err(match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            return Ok(Parsed::Help(error.render().to_string()));
        }
        ErrorKind::UnknownArgument if argument.starts_with("--") => usage(format!("unknown flag: {flag}")),
        ErrorKind::UnknownArgument if argument.starts_with('-') => usage(unknown_shorthand(&argument, argv)),
        ErrorKind::UnknownArgument => CliError::text(format!("unexpected argument: {argument}")),
        ErrorKind::InvalidSubcommand if path != program => {
            let words = words_from(&context(ContextKind::InvalidSubcommand), argv);
            CliError::Raw(format!("error: unknown command \"{words}\"\nSee '{path} -h' for help and examples\n"), 1)
        }
        ErrorKind::InvalidSubcommand => unknown_command(&context(ContextKind::InvalidSubcommand), &path),
        ErrorKind::InvalidValue if context(ContextKind::InvalidValue).is_empty() => usage(needs_argument(&flag, argv)),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            let value = context(ContextKind::InvalidValue);
            let source = std::error::Error::source(error).map(|s| format!(": {s}")).unwrap_or_default();
            usage(format!("invalid argument \"{value}\" for \"{}\" flag{source}", named(&flag, root)))
        }
        ErrorKind::MissingRequiredArgument => CliError::text(missing_flags(error)),
        _ => CliError::text(error.to_string().trim_end().trim_start_matches("error: ").to_string()),
    })
}

/// A word that is no member of a family, with the words after it: the family complains about all of them.
fn words_from(word: &str, argv: &[String]) -> String {
    let at = argv.iter().position(|w| w == word).unwrap_or(argv.len());
    argv[at..].iter().filter(|w| !w.starts_with('-')).map(String::as_str).collect::<Vec<_>>().join(" ")
}

/// cobra's complaint about flags that must be there, in the order of their names.
fn missing_flags(error: &clap::Error) -> String {
    let Some(ContextValue::Strings(missing)) = error.get(ContextKind::InvalidArg) else { return error.to_string() };
    let bare = |argument: &String| argument.trim_start_matches('-').split([' ', '=', '[']).next().map(String::from);
    let mut names: Vec<String> = missing.iter().filter_map(bare).map(|n| format!("\"{n}\"")).collect();
    names.sort();
    format!("required flag(s) {} not set", names.join(", "))
}

/// The words of the verb that was reached: `kubectl rollout status`.
fn verb_path(argv: &[String], program: &str) -> String {
    let mut path = program.to_string();
    let mut verbs: &'static [Verb] = VERBS;
    // A verb that an unknown flag has swallowed was not reached.
    let first = verb_position(argv).filter(|at| VERBS.iter().any(|v| is_called(v, &argv[*at])));
    for word in argv.iter().skip(first.unwrap_or(argv.len())).filter(|w| !w.starts_with('-')) {
        let Some(verb) = verbs.iter().find(|v| v.name == word || v.aliases.contains(&word.as_str())) else { continue };
        path = format!("{path} {}", verb.name);
        verbs = verb.family;
        if verbs.is_empty() {
            break;
        }
    }
    path
}

fn unknown_shorthand(argument: &str, argv: &[String]) -> String {
    let letter = argument.chars().nth(1).unwrap_or('-');
    let word = argv.iter().find(|w| w.starts_with('-') && !w.starts_with("--") && w.contains(letter));
    format!("unknown shorthand flag: '{letter}' in {}", word.map_or(argument, |w| w.as_str()))
}

/// Only the last word can lack its value; it may be a group of short flags.
fn needs_argument(flag: &str, argv: &[String]) -> String {
    match argv.last().filter(|w| w.starts_with('-') && !w.starts_with("--")) {
        Some(word) => format!("flag needs an argument: '{}' in {word}", word.chars().last().unwrap_or('-')),
        None => format!("flag needs an argument: {flag}"),
    }
}

/// The flag as pflag names it in a complaint: `-o, --output` when it has a short form.
fn named(flag: &str, root: &Command) -> String {
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

/// `unknown command "x" for "kubectl"`, with near names.
fn unknown_command(word: &str, path: &str) -> CliError {
    let near: Vec<&str> = VERBS.iter().map(|v| v.name).filter(|name| is_near(word, name)).collect();
    let mut text = format!("error: unknown command \"{word}\" for \"{path}\"\n");
    if !near.is_empty() {
        text.push_str("\nDid you mean this?\n");
        for name in near {
            text.push_str(&format!("\t{name}\n"));
        }
    }
    CliError::Raw(text, 1)
}

/// cobra's rule: a Levenshtein distance of at most two, or a prefix.
fn is_near(word: &str, name: &str) -> bool {
    distance(&word.to_lowercase(), name) <= 2 || name.starts_with(&word.to_lowercase())
}

fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_cobra_s() {
        assert_eq!((distance("nope", "top"), distance("", "abc"), distance("scale", "scale")), (2, 3, 0));
    }

    #[test]
    fn an_unknown_flag_swallows_the_word_after_it() {
        let message = |line: &str| {
            let argv: Vec<String> = line.split(' ').map(String::from).collect();
            match parse(&argv, "kubectl") {
                Ok(Parsed::Run(verb, _)) => verb.name.to_string(),
                Ok(Parsed::Help(_)) => "help".to_string(),
                Err(CliError::Raw(text, _)) => text.lines().next().unwrap_or_default().to_string(),
                Err(_) => "other".to_string(),
            }
        };
        for (line, want) in [
            ("kubectl --record d/a set image d/a c=i", "image"),
            ("kubectl --record=true set image d/a c=i", "image"),
            ("kubectl --record set image d/a c=i", "error: unknown command \"image\" for \"kubectl\""),
            ("kubectl -n x set imagine", "error: unknown command \"imagine\""),
        ] {
            assert_eq!(message(line), want, "{line}");
        }
    }

    #[test]
    fn flags_take_dashes_for_underscores() {
        assert_eq!(underscores("--dry_run=a_b"), "--dry-run=a_b");
        assert_eq!(underscores("a_b"), "a_b");
    }
}
