//! `plugin`, and the programs `kubectl-*` that extend the command line.
//!
//! Upstream: `kubectl/pkg/cmd/plugin/plugin.go`, and `HandlePluginCommand` in `kubectl/pkg/cmd/cmd.go`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process;

use clap::{ArgMatches, Command};

use crate::args::{self, Matches, groups};
use crate::executables::{folders, is_executable};
use crate::{CliError, CliResult, Ctx, Stream, Verb};
use kctl_base::go::io_error;
use kctl_base::order::Order as _;

/// The prefix of the names of plugins.
const PREFIX: &str = "kubectl-";

/// The `plugin` verb with its subcommands.
pub(super) const VERB: Verb = Verb {
    name: "plugin",
    aliases: &[],
    about: "Provides utilities for interacting with plugins",
    long: "Provides utilities for interacting with plugins.

 A plugin is an executable file on the PATH whose name begins with \"kubectl-\".",
    examples: &[("List all available plugins", "plugin list")],
    usage: "[flags]",
    flags: |command| command,
    run: |_, _| Err(CliError::MissingSubcommand(Stream::Err)),
    family: &[Verb {
        name: "list",
        aliases: &[],
        about: "List all visible plugin executables on a user's PATH",
        long: "List all executable files on the PATH whose names begin with \"kubectl-\".",
        examples: &[("List all available plugins", "plugin list")],
        usage: "[flags]",
        flags: |command: Command| {
            groups::args(command).arg(args::switch(
                "name-only",
                "If true, display only the binary name of each plugin, rather than its full path.",
            ))
        },
        run: list,
        family: &[],
    }],
};

fn list(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let (mut seen, mut found, mut warnings): (Vec<(String, PathBuf)>, bool, usize) = (Vec::new(), false, 0);
    for folder in folders() {
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) => {
                let (folder, why) = (folder.display(), io_error(&error));
                ctx.print_error(format!(
                    "Unable to read directory \"{folder}\" from your PATH: open {folder}: {why}. Skipping..."
                ));
                continue;
            }
        };
        let mut names: Vec<String> = entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| name.starts_with(PREFIX))
            .collect();
        names.order();
        for name in names {
            let path = folder.join(&name);
            if !found {
                ctx.print_line("The following compatible plugins are available:\n");
                found = true;
            }
            ctx.print_line(if matches.flag("name-only") { name.clone() } else { path.display().to_string() });
            for warning in warnings_about(&name, &path, &seen) {
                ctx.print_error(format!("  - {warning}"));
                warnings += 1;
            }
            seen.push((name, path));
        }
    }
    match (found, warnings) {
        (false, _) => Err(CliError::new("unable to find any kubectl plugins in your PATH")),
        (true, 0) => Ok(()),
        (true, 1) => Err(CliError::new("one plugin warning was found")),
        (true, number) => Err(CliError::new(format!("{number} plugin warnings were found"))),
    }
}

/// The warnings about a plugin after those that have been listed.
fn warnings_about(name: &str, path: &Path, seen: &[(String, PathBuf)]) -> Vec<String> {
    let shown = path.display();
    let mut warnings = Vec::new();
    if !is_executable(path) {
        warnings.push(format!("warning: {shown} identified as a kubectl plugin, but it is not executable"));
    }
    if let Some((_, first)) = seen.iter().find(|(other, _)| other == name) {
        warnings.push(format!("warning: {shown} is overshadowed by a similarly named plugin: {}", first.display()));
    }
    let words: Vec<&str> = name.split('-').skip(1).collect();
    if let [verb] = words.as_slice()
        && super::of_kubectl().any(|known| known.is_called(verb))
    {
        warnings.push(format!("warning: {name} overwrites existing command: \"kubectl {verb}\""));
    }
    warnings
}

/// Runs the plugin with the longest name that the words before the first flag form, and returns its exit code, or the error
/// of a program that cannot be started. `None` if there is no plugin whose name consists of at least `least` words.
pub(crate) fn run(words: &[OsString], least: usize) -> Option<CliResult<i32>> {
    let texts = words.iter().map_while(|word| word.to_str().filter(|text| !text.starts_with('-')));
    let names: Vec<String> = texts.map(|text| text.replace('-', "_")).collect();
    let find = |count: usize| {
        let name = format!("{PREFIX}{}", names[..count].join("-"));
        folders().into_iter().map(|folder| folder.join(&name)).find(|path| is_executable(path))
    };
    let (count, path) = (least..=names.len()).rev().find_map(|count| Some((count, find(count)?)))?;
    let status = process::Command::new(path).args(&words[count..]).status();
    // A plugin that a signal has ended has no code.
    let code = status.map(|status| status.code().unwrap_or(1));
    Some(code.map_err(|error| CliError::line(format!("Error: {}", io_error(&error)))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plugins_that_hide_others_are_warned_about() {
        let seen = [("kubectl-get".to_string(), PathBuf::from("/a/kubectl-get"))];
        let warnings = warnings_about("kubectl-get", Path::new("/b/kubectl-get"), &seen);
        assert_eq!(
            warnings,
            [
                "warning: /b/kubectl-get identified as a kubectl plugin, but it is not executable",
                "warning: /b/kubectl-get is overshadowed by a similarly named plugin: /a/kubectl-get",
                "warning: kubectl-get overwrites existing command: \"kubectl get\"",
            ]
        );
    }
}
