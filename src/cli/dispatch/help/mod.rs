//! The layout of help texts; their content is with the verbs, the translations of summaries with [`language`].
//!
//! Upstream: `kubectl/pkg/util/templates/templates.go` (order and headings of the sections) and `templater.go`.

mod language;

use clap::Command;

use super::command_line::path_text;
use crate::args::paragraphs;
use crate::{CliError, CliResult, Verb, verbs};
use kctl_base::order::Order as _;
pub(crate) use language::Language;

/// The smallest width of a column of command names (`minNamePadding` in cobra's `command.go`).
const NAME_WIDTH: usize = 11;
/// The distance between a command name and its description.
const NAME_GAP: usize = 3;

/// The first sentence of the help of the program.
const PROGRAM: &str = "{program} is kubectl together with the Kubernetes control plane behind it, in one program.";
/// The sentence after it.
const STORE: &str = " A command changes the objects in a store, a directory, and runs the controllers until they have nothing left to do.";

/// The help of the program: the verbs by group.
fn of_program(program: &str, language: Language) -> String {
    let width = name_width(verbs::all());
    let about = language.translate(&[]).unwrap_or(PROGRAM);
    let mut sections = vec![about.to_string(), STORE.to_string()];
    for group in verbs::GROUPS {
        let members = commands(&[], group.verbs.iter(), width, language);
        sections.push(format!("{}:\n{members}", group.title));
    }
    sections.push(format!("Usage:\n  {program} [flags] [options]"));
    sections.push(format!("{}\n{}", more_information(program), global_options(program)));
    finish(&sections, program)
}

/// The help of the program, or of the verb at the end of `path`.
pub(super) fn of_path(program: &str, path: &[&'static Verb], language: Language) -> String {
    let Some(verb) = path.last() else { return of_program(program, language) };
    let name = path_text(program, path);
    let mut sections = vec![if verb.long.is_empty() { format!("{}.", verb.about) } else { verb.long.into() }];
    if !verb.aliases.is_empty() {
        sections.push(format!("Aliases:\n{}, {}", verb.name, verb.aliases.join(", ")));
    }
    if !verb.examples.is_empty() {
        sections.push(format!("Examples:\n{}", examples(verb.examples)));
    }
    if !verb.family.is_empty() {
        let mut members: Vec<&Verb> = verb.family.iter().collect();
        members.order_by_key(|member| member.name);
        let width = name_width(members.iter().copied());
        sections.push(format!("Available Commands:\n{}", commands(path, members.into_iter(), width, language)));
    }
    let command = (verb.flags)(Command::new(verb.name));
    let options = paragraphs(command.get_arguments().filter(|arg| !arg.is_hide_set()));
    if !options.is_empty() {
        sections.push(format!("Options:\n{}", options.trim_end()));
    }
    // Only a usage line with arguments behind the options names them itself.
    let options = if verb.usage.contains("[options]") { "" } else { "[options]" };
    let usage = [name.as_str(), verb.usage, options].into_iter().filter(|part| !part.is_empty());
    sections.push(format!("Usage:\n  {}", usage.collect::<Vec<_>>().join(" ")));
    let mut tips = String::new();
    if !verb.family.is_empty() {
        tips = more_information(&name) + "\n";
    }
    sections.push(tips + &global_options(program));
    finish(&sections, program)
}

/// The verb that `help WORDS` explains, below its families; empty for the program.
///
/// # Errors
/// The words do not name a verb.
pub(super) fn topic(words: &[String]) -> CliResult<Vec<&'static Verb>> {
    let mut path: Vec<&'static Verb> = Vec::new();
    for word in words {
        let verb = match path.last() {
            None => verbs::find(word),
            Some(verb) => verb.family.iter().find(|member| member.is_called(word)),
        };
        let unknown = || CliError::Verbatim(format!("Unknown help topic [`{}`]\n", words.join(" ")), 1);
        path.push(verb.ok_or_else(unknown)?);
    }
    Ok(path)
}

/// Joins the sections and names the program.
fn finish(sections: &[String], program: &str) -> String {
    format!("{}\n", sections.join("\n\n")).replace("{program}", program)
}

fn name_width<'a>(verbs: impl Iterator<Item = &'a Verb>) -> usize {
    verbs.map(|verb| verb.name.len()).max().unwrap_or(0).max(NAME_WIDTH) + NAME_GAP
}

/// A line for each member of the family at the end of `path`, or for each verb: its name and what it does.
fn commands<'a>(path: &[&Verb], verbs: impl Iterator<Item = &'a Verb>, width: usize, language: Language) -> String {
    let parents: Vec<&str> = path.iter().map(|verb| verb.name).collect();
    let line = |verb: &Verb| {
        let about = language.translate(&[&parents[..], &[verb.name]].concat()).unwrap_or(verb.about);
        format!("  {:width$}{about}", verb.name)
    };
    verbs.map(line).collect::<Vec<_>>().join("\n")
}

/// Each example below a comment; kubectl indents the lines between them, too.
fn examples(examples: &[(&str, &str)]) -> String {
    let blocks = examples.iter().map(|(comment, line)| format!("  # {comment}\n  {{program}} {line}"));
    blocks.collect::<Vec<_>>().join("\n  \n")
}

fn more_information(command: &str) -> String {
    format!("Use \"{command} <command> --help\" for more information about a given command.")
}

fn global_options(program: &str) -> String {
    format!("Use \"{program} options\" for a list of global command-line options (applies to all commands).")
}
