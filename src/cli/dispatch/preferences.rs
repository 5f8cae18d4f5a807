//! Applies the preferences of a user to a command line: expands an alias, or adds the default values of flags.
//!
//! Upstream: `kubectl/pkg/kuberc/kuberc.go`.

use std::ffi::OsString;

use clap::Command;

use super::command_line::{CommandLine, as_texts};
use crate::args::global;
use crate::klog::Site;
use crate::kuberc::policy::PluginPolicy;
use crate::kuberc::{self, Loaded};
use crate::{CliError, CliResult, Ctx, Verb, verbs};
use kctl_base::field::quote;
use kctl_base::json::Value;
use kctl_base::object::ValueRead;

/// A command line after the preferences, and lines of the log of level 5.
pub(super) struct Applied {
    pub(super) argv: Vec<OsString>,
    pub(super) log: Vec<(Site, String)>,
}

/// Applies the preferences to a command line, which begins with the program.
///
/// # Errors
/// The preferences cannot be read or are not valid.
pub(super) fn apply(ctx: &mut Ctx, argv: &[OsString]) -> CliResult<Applied> {
    let unchanged = || Applied { argv: argv.to_vec(), log: Vec::new() };
    let is_off = (ctx.variable)("KUBECTL_KUBERC").is_some_and(|value| value == "false");
    // The verb that edits the preferences must not depend on them.
    if argv.len() <= 1 || is_off || CommandLine::new(argv).verb_word() == "kuberc" {
        return Ok(unchanged());
    }
    let failed = |why: String| CliError::line(format!("error occurred while applying preferences {why}"));
    let bare = |error: CliError| match error {
        CliError::Failed(message) => message,
        other => other.message(),
    };
    let flag = explicit_file(&as_texts(argv)).map_err(failed)?;
    let located =
        kuberc::locate(&flag, ctx.variable).and_then(|location| location.as_ref().map(kuberc::load).transpose());
    let loaded = located.map_err(|error| failed(format!("kuberc error {}", bare(error))))?;
    let Some(Loaded { preference, warning, log }) = loaded else { return Ok(unchanged()) };
    ctx.push_error(&warning);
    let Some(preference) = preference else { return Ok(Applied { log, ..unchanged() }) };
    validate(&preference).map_err(failed)?;
    ctx.plugin_policy = PluginPolicy::of(&preference).map_err(failed)?;
    let argv = match expand_alias(ctx, &preference, argv).map_err(failed)? {
        Some(expanded) => expanded,
        None => add_defaults(ctx, &preference, argv).map_err(failed)?,
    };
    Ok(Applied { argv, log })
}

/// The value of `--kuberc`, found before flags are parsed; empty without one.
fn explicit_file(words: &[String]) -> Result<String, String> {
    let missing = || "kuberc file is not found".to_string();
    let before = words.iter().position(|word| word == "--").unwrap_or(words.len());
    for (at, word) in words[..before].iter().enumerate() {
        if word == "--kuberc" {
            return words.get(at + 1).cloned().ok_or_else(missing);
        }
        if let Some(value) = word.strip_prefix("--kuberc=") {
            return Some(value.to_string()).filter(|value| !value.is_empty()).ok_or_else(missing);
        }
    }
    Ok(String::new())
}

/// Checks the names of aliases and flags.
fn validate(preference: &Value) -> Result<(), String> {
    let check_flags = |entry: &Value| {
        let names = entry.list("/options").iter().map(|option| option.str("/name"));
        match names.into_iter().find(|name| name.starts_with('-')) {
            Some(name) => Err(format!("flag name {name} should be in long form without dashes")),
            None => Ok(()),
        }
    };
    let aliases = preference.list("/aliases");
    for (at, alias) in aliases.iter().enumerate() {
        let name = alias.str("/name");
        if name.is_empty() || !name.chars().all(|letter| letter.is_ascii_alphabetic()) {
            return Err("invalid alias name, can only include alphabetical characters".into());
        }
        check_flags(alias)?;
        if aliases[..at].iter().any(|other| other.str("/name") == name) {
            return Err(format!("duplicate alias name {name}"));
        }
    }
    preference.list("/defaults").iter().try_for_each(check_flags)
}

/// The verb that words name, and the number of words that name it; `None` if the first word is no verb.
fn find_verb(words: &[&str]) -> Option<(&'static Verb, usize)> {
    let verb = verbs::find(words.first()?)?;
    let member = words.get(1).and_then(|word| verb.family.iter().find(|member| member.is_called(word)));
    Some(member.map_or((verb, 1), |member| (member, 2)))
}

/// Expands the alias that a command line names instead of a verb: the command, its arguments, those of the user, and more
/// arguments. `None` if it names none.
fn expand_alias(ctx: &mut Ctx, preference: &Value, argv: &[OsString]) -> Result<Option<Vec<OsString>>, String> {
    let verb = CommandLine::new(argv).verb_word().to_string();
    if verb.is_empty() || verbs::find(&verb).is_some() {
        return Ok(None);
    }
    let texts = as_texts(argv);
    let Some(at) = (1..texts.len()).find(|at| !texts[*at].starts_with('-')) else { return Ok(None) };
    let Some(alias) = preference.list("/aliases").iter().find(|alias| alias.str("/name") == texts[at]) else {
        return Ok(None);
    };
    let name = alias.str("/name");
    if verbs::find(name).is_some() {
        ctx.print_error(format!("Warning: Setting alias {} to a built-in command is not supported", quote(name)));
        return Ok(None);
    }
    let command: Vec<&str> = alias.str("/command").split_whitespace().collect();
    let Some((verb, _)) = find_verb(&command) else {
        return Err(format!("command {} not found to set alias {}: []", quote(alias.str("/command")), quote(name)));
    };
    let unknown = |flag: &str| format!("invalid alias flag {flag} in alias {}", texts[0]);
    let options = flags_to_add(verb, alias, &texts, unknown)?;
    let list = |field: &str| -> Vec<OsString> {
        alias.list(field).iter().filter_map(Value::as_str).map(OsString::from).collect()
    };
    let mut words = argv[..at].to_vec();
    words.extend(command.into_iter().map(OsString::from));
    words.extend(options);
    words.extend(list("/prependArgs"));
    words.extend_from_slice(&argv[at + 1..]);
    words.extend(list("/appendArgs"));
    Ok(Some(words))
}

/// Adds the default values of the flags of a verb behind its name.
fn add_defaults(ctx: &mut Ctx, preference: &Value, argv: &[OsString]) -> Result<Vec<OsString>, String> {
    let line = CommandLine::new(argv);
    let Some(at) = line.verb_at() else { return Ok(argv.to_vec()) };
    let words: Vec<&str> = line.texts[at..].iter().map(String::as_str).collect();
    let Some((verb, length)) = find_verb(&words) else { return Ok(argv.to_vec()) };
    let mut added = Vec::new();
    for default in preference.list("/defaults") {
        let command = default.str("/command");
        let Some((other, _)) = find_verb(&command.split_whitespace().collect::<Vec<_>>()) else {
            ctx.print_error(format!("Warning: command {} not found to set kuberc override", quote(command)));
            continue;
        };
        // kubectl compares the last words only.
        if other.name == verb.name {
            let unknown = |flag: &str| format!("invalid flag {flag} for command {command}");
            added.extend(flags_to_add(verb, default, &line.texts[1..], unknown)?);
        }
    }
    let mut argv = line.words;
    argv.splice(at + length..at + length, added);
    Ok(argv)
}

/// The options of an entry that the user has not given, as words of a command line.
fn flags_to_add(
    verb: &Verb,
    entry: &Value,
    given: &[String],
    unknown: impl Fn(&str) -> String,
) -> Result<Vec<OsString>, String> {
    let command = (verb.flags)(Command::new(verb.name));
    let known: Vec<(String, Option<char>)> = command
        .get_arguments()
        .cloned()
        .chain(global::args())
        .filter_map(|arg| Some((arg.get_long()?.to_string(), arg.get_short())))
        .collect();
    let mut added = Vec::new();
    for option in entry.list("/options") {
        let name = option.str("/name");
        let (_, short) = known.iter().find(|(long, _)| long == name).ok_or_else(|| unknown(name))?;
        if !is_given(name, *short, given) {
            added.push(OsString::from(format!("--{name}={}", option.str("/default"))));
        }
    }
    Ok(added)
}

/// Returns whether words may set a flag: `--output=x`, `-o`, `-ojson`, or a group of letters with that of the flag.
fn is_given(name: &str, short: Option<char>, words: &[String]) -> bool {
    words.iter().any(|word| {
        if let Some(long) = word.strip_prefix("--") {
            return long.split('=').next() == Some(name);
        }
        let (Some(letters), Some(short)) = (word.strip_prefix('-'), short) else { return false };
        letters.starts_with(short) || letters.chars().all(|c| c.is_ascii_alphabetic()) && letters.contains(short)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_of_the_user_take_precedence() {
        let given = |line: &str| is_given("output", Some('o'), &line.split(' ').map(String::from).collect::<Vec<_>>());
        for line in ["--output=x", "--output x", "-oyaml", "-o x", "-Ao"] {
            assert!(given(line), "{line}");
        }
        for line in ["--outputs=x", "o", "-A", "-n=oo"] {
            assert!(!given(line), "{line}");
        }
    }

    #[test]
    fn the_file_is_found_before_flags_are_parsed() {
        let file = |line: &str| explicit_file(&line.split(' ').map(String::from).collect::<Vec<_>>());
        assert_eq!(file("kubectl get --kuberc a pods"), Ok("a".into()));
        assert_eq!(file("kubectl get --kuberc=a"), Ok("a".into()));
        assert_eq!(file("kubectl get -- --kuberc=a"), Ok(String::new()));
        assert_eq!(file("kubectl get --kuberc"), Err("kuberc file is not found".into()));
    }
}
