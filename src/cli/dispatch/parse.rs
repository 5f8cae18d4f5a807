//! From a command line to a verb with the values of its flags, or to a help text.

use std::ffi::OsString;
use std::mem::ManuallyDrop;

use clap::ArgMatches;
use clap::error::ErrorKind;

use super::command_line::{CommandLine, as_texts};
use super::tree::{self, Scope};
use super::{help, record, usage_error};
use crate::args::Matches;
use crate::{CliResult, Verb, verbs};

/// The result of parsing a command line.
pub(super) enum Parsed {
    /// Run a verb.
    Run(Call),
    /// Print the help of a verb and the families that it belongs to, outermost first, or of the program.
    Help(Vec<&'static Verb>),
}

/// A verb to run.
pub(super) struct Call {
    /// The verb, for a family its member.
    pub(super) verb: &'static Verb,
    /// The verb and the families that it belongs to, outermost first.
    pub(super) path: Vec<&'static Verb>,
    /// The values of its flags and arguments.
    pub(super) matches: ArgMatches,
    /// The command line as `--record` stores it.
    pub(super) recorded: String,
}

/// Parses a command line, which begins with the program.
///
/// # Errors
/// A command line that is not valid, in kubectl's words.
pub(super) fn parse(argv: &[OsString], program: &str) -> CliResult<Parsed> {
    let line = CommandLine::new(argv);
    let scope = verbs::find(line.verb_word()).map_or(Scope::Names, Scope::Only);
    let mut root = ManuallyDrop::new(tree::command(program, scope));
    let matches = match root.try_get_matches_from_mut(&line.words) {
        Ok(matches) => matches,
        Err(error) => {
            return match error.kind() {
                ErrorKind::DisplayHelp => Ok(Parsed::Help(line.path())),
                _ => Err(usage_error::from_clap(&error, &line, program, &root)),
            };
        }
    };
    let (path, matches) = called(matches);
    match path.last() {
        None => Ok(Parsed::Help(Vec::new())),
        Some(verb) if verb.name == verbs::HELP => help::topic(&matches.values("args")).map(Parsed::Help),
        Some(verb) => {
            let recorded = record::command_line(&as_texts(argv), &root, program);
            Ok(Parsed::Run(Call { verb, path, matches, recorded }))
        }
    }
}

/// The chain of subcommands that clap has matched, with the matches of the last one.
fn called(mut matches: ArgMatches) -> (Vec<&'static Verb>, ArgMatches) {
    let mut path: Vec<&'static Verb> = Vec::new();
    while let Some((name, inner)) = matches.remove_subcommand() {
        let verb = match path.last() {
            None => verbs::find(&name),
            Some(verb) => verb.family.iter().find(|member| member.name == name),
        };
        let Some(verb) = verb else { break };
        path.push(verb);
        matches = inner;
    }
    (path, matches)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CliError;

    #[test]
    fn an_unknown_flag_swallows_the_word_after_it() {
        let message = |line: &str| {
            let argv: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            match parse(&argv, "kubectl") {
                Ok(Parsed::Run(call)) => call.verb.name.to_string(),
                Ok(Parsed::Help(_)) => "help".to_string(),
                Err(error @ (CliError::Verbatim(..) | CliError::Usage { .. })) => {
                    error.message().lines().next().unwrap_or_default().to_string()
                }
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
}
