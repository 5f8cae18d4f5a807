//! `kuberc set`: changes one entry of the preferences.
//!
//! Upstream: `kubectl/pkg/cmd/kuberc/set.go`.

use clap::{ArgMatches, Command};

use crate::args::{self, Matches, groups};
use crate::kuberc;
use crate::{CliError, CliResult, Ctx, Verb};
use kctl_base::field::quote;
use kctl_base::go::io_error;
use kctl_base::json::{Value, json};
use kctl_base::object::{ValueRead, ValueWrite};
use kctl_base::yaml;

/// The `kuberc set` verb.
pub(super) const VERB: Verb = Verb {
    name: "set",
    aliases: &[],
    about: "Set values in the kuberc configuration",
    long: "Set values in the kuberc configuration file.

 --section tells what is set: \"defaults\" are default values of the flags of a command, \"aliases\" are commands with \
    flags and arguments under another name, \"credentialplugin\" is the policy for credential plugins.

 An entry that exists already is changed only with --overwrite; what is not given stays.",
    examples: &[
        ("Set the default output format of 'get'", "kuberc set --section defaults --command get --option output=wide"),
        (
            "Set the default output format of a subcommand",
            "kuberc set --section defaults --command \"set env\" --option output=yaml",
        ),
        (
            "Create an alias 'getn' for 'get nodes'",
            "kuberc set --section aliases --name getn --command get --prependarg nodes --option output=wide",
        ),
        ("Change a default value", "kuberc set --section defaults --command get --option output=json --overwrite"),
    ],
    usage: "--section (defaults|aliases|credentialplugin) [flags]",
    flags,
    run,
    family: &[],
};

fn flags(command: Command) -> Command {
    groups::args(command)
        .arg(args::text("section", "Section to modify: 'defaults', 'aliases', or 'credentialplugin'.").required(true))
        .arg(args::text("command", "Command to configure (e.g., 'get', 'create', 'set env')."))
        .arg(args::text("name", "Alias name (required for --section=aliases)."))
        .arg(args::text("policy", "Policy for credential plugins: 'AllowAll', 'DenyAll' or 'Allowlist'."))
        .arg(args::each("option", "Flag option in the form flag=value; can be repeated."))
        .arg(args::each("prependarg", "Argument to prepend to the command, for aliases only; can be repeated."))
        .arg(args::each("appendarg", "Argument to append to the command, for aliases only; can be repeated."))
        .arg(args::each("allowlist-entry", "Entry of the allowlist in the form field=value; can be repeated."))
        .arg(args::switch("overwrite", "Allow overwriting existing entries."))
}

fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let location = super::location(ctx, matches)?;
    if let Some(problem) = problem(matches) {
        return Err(CliError::new(problem));
    }
    let options = options(matches)?;
    // Kept until the file has been replaced.
    let _lock = super::lock(ctx, &location)?;
    let mut preference = read(&location.path)?;
    match matches.string("section") {
        "defaults" => set_defaults(&mut preference, matches, options)?,
        "aliases" => set_alias(&mut preference, matches, options)?,
        _ => set_policy(&mut preference, matches)?,
    }
    super::save(ctx, &location, &preference)
}

/// Returns the first problem of the flags; `None` without one.
fn problem(matches: &ArgMatches) -> Option<String> {
    let given = |flag: &str| !matches.string(flag).is_empty();
    let listed = |flag: &str| !matches.values(flag).is_empty();
    let section = matches.string("section");
    let problem = match section {
        "aliases" if !given("name") => "--name is required when --section=aliases",
        "defaults" if given("name") => "--name should not be specified when --section=defaults",
        "defaults" if listed("prependarg") || listed("appendarg") => {
            "--prependarg and --appendarg are only valid for --section=aliases"
        }
        "aliases" | "defaults" if !given("command") => {
            "--command is required when --section=aliases or --section=defaults"
        }
        "aliases" | "defaults" => return None,
        "credentialplugin" => match (matches.string("policy"), listed("allowlist-entry")) {
            ("", _) => "--policy is required when --section=credentialplugin",
            ("AllowAll" | "DenyAll", true) => {
                "--allowlist-entry may only be used when --section=credentialplugin and --policy=Allowlist"
            }
            ("Allowlist", false) => {
                "--allowlist-entry is required when --section=credentialplugin and --policy=Allowlist"
            }
            ("AllowAll" | "DenyAll" | "Allowlist", _) => return None,
            (policy, _) => return Some(format!("invalid value for --policy: {}", quote(policy))),
        },
        _ => {
            return Some(format!(
                "--section must be \"defaults\", \"aliases\", or \"credentialplugin\", got: {section}"
            ));
        }
    };
    Some(problem.into())
}

/// Reads the preferences that are there already.
fn read(path: &std::path::Path) -> CliResult<Value> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => {
            let (path, why) = (path.display(), io_error(&error));
            return Err(CliError::new(format!("error reading kuberc file: open {path}: {why}")));
        }
    };
    if text.is_empty() {
        return Ok(kuberc::empty());
    }
    let unreadable = |why: String| CliError::new(format!("error parsing kuberc file: {why}"));
    let document = yaml::to_json(&text).map_err(|error| unreadable(error.to_string()))?.value;
    let mut preference = kuberc::to_known_fields(&document).map_err(unreadable)?;
    for list in ["/aliases", "/defaults"] {
        preference.put_default(list, Value::Null);
    }
    Ok(preference)
}

/// The values of `--option`.
fn options(matches: &ArgMatches) -> CliResult<Vec<Value>> {
    let parse = |option: &String| match option.split_once('=') {
        Some((name, value)) => Ok(json!({"name": name.trim_start_matches('-'), "default": value})),
        None => Err(CliError::new(format!("invalid option format {}, expected flag=value", quote(option)))),
    };
    matches.values("option").iter().map(parse).collect()
}

/// Finds an entry of a list by a field, or adds it. `None` for one that exists and may not be overwritten.
fn entry<'a>(
    preference: &'a mut Value,
    list: &str,
    field: &str,
    value: &str,
    overwrite: bool,
) -> Option<&'a mut Value> {
    let entries = preference.list_mut(list);
    let found = entries.iter().position(|entry| entry.str(&format!("/{field}")) == value);
    let at = match found {
        Some(_) if !overwrite => return None,
        Some(at) => at,
        None => {
            entries.push(json!({field: value}));
            entries.len() - 1
        }
    };
    entries.get_mut(at)
}

fn set_defaults(preference: &mut Value, matches: &ArgMatches, options: Vec<Value>) -> CliResult<()> {
    let command = matches.string("command");
    let Some(entry) = entry(preference, "/defaults", "command", command, matches.flag("overwrite")) else {
        let command = quote(command);
        return Err(CliError::new(format!("defaults for command {command} already exist, use --overwrite to replace")));
    };
    replace(entry, "/options", options);
    Ok(())
}

fn set_alias(preference: &mut Value, matches: &ArgMatches, options: Vec<Value>) -> CliResult<()> {
    let name = matches.string("name");
    let Some(entry) = entry(preference, "/aliases", "name", name, matches.flag("overwrite")) else {
        return Err(CliError::new(format!("alias {} already exists, use --overwrite to replace", quote(name))));
    };
    entry.put("/command", matches.string("command"));
    replace(entry, "/options", options);
    for (flag, field) in [("prependarg", "/prependArgs"), ("appendarg", "/appendArgs")] {
        replace(entry, field, matches.values(flag).into_iter().map(Value::from).collect());
    }
    Ok(())
}

/// Replaces a list by one that was given; keeps it otherwise.
fn replace(entry: &mut Value, field: &str, values: Vec<Value>) {
    if !values.is_empty() {
        entry.put(field, values);
    }
}

fn set_policy(preference: &mut Value, matches: &ArgMatches) -> CliResult<()> {
    let policy = matches.string("policy");
    if policy == "Allowlist" {
        preference.put("/credentialPluginAllowlist", allowlist(&matches.values("allowlist-entry"))?);
    }
    preference.put("/credentialPluginPolicy", policy);
    Ok(())
}

/// The entries of an allowlist; all that are wrong are reported, each on a line of its own.
fn allowlist(words: &[String]) -> CliResult<Vec<Value>> {
    let (mut entries, mut problems) = (Vec::new(), Vec::new());
    for pair in words.iter().flat_map(|word| word.split(',')) {
        match pair.split_once('=') {
            None => problems.push(format!("improperly formatted allowlist entry: {}", quote(pair))),
            Some(("name", _)) => {
                problems.push("allowlist entry field \"name\" is deprecated, use \"command\" instead".into());
            }
            Some(("command", value)) if value.trim().is_empty() => {
                problems.push("empty value in allowlist entry for field \"command\"".into());
            }
            Some(("command", value)) => entries.push(json!({"command": value})),
            Some((field, _)) => problems.push(format!("unrecognized allowlist entry field: {}", quote(field))),
        }
    }
    if problems.is_empty() { Ok(entries) } else { Err(CliError::new(problems.join("\n"))) }
}
