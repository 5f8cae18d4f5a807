//! `test record`: runs a script, or the commands of a user, and writes a transcript.

use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader, IsTerminal as _};
use std::path::{Path, PathBuf};

use clap::{ArgMatches, Command};

use super::{failure, shell, this_program, verbosity};
use crate::args::{self, Matches};
use crate::context::stdout;
use crate::transcript::{Console, Format, Recording};
use crate::{CliError, CliResult, Ctx, Verb};

/// The `test record` verb.
pub(super) const VERB: Verb = Verb {
    name: "record",
    aliases: &[],
    about: "Run commands and write them with their output as a transcript",
    long: "Run commands and write them with their output as a transcript.

 The commands are those of scripts, or of standard input: on a terminal each is run when it has been typed, until Ctrl-D. \
    They run as 'test' runs them, in a copy of the directory of the transcript and on a fresh store. Comments of a script \
    become text. The transcript is in Markdown (.md) or in cram's format (.t).",
    examples: &[
        ("Type commands and record them", "test record tutorial.md"),
        ("Record the commands of a script", "test record tutorial.t script.sh"),
        ("Use another shell than 'sh'", "test record tutorial.md -- bash script.sh"),
    ],
    usage: "FILE [--] [SHELL] [SCRIPT...]",
    flags,
    run: |ctx, matches| run(ctx, matches).map_err(failure),
    family: &[],
};

/// The names of programs that are shells; all other arguments are scripts.
const SHELLS: &[&str] = &["sh", "bash", "dash", "ash", "ksh", "mksh", "zsh"];

fn flags(command: Command) -> Command {
    command
        .arg(args::positional("files").value_parser(clap::builder::OsStringValueParser::new()))
        .arg(args::number("seed", "Seed of the cluster, which the transcript then sets."))
        // The one of the verb hides the global flag from its members.
        .arg(verbosity().hide(true))
}

fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let mut words = matches.paths("files").into_iter();
    let Some(file) = words.next().map(PathBuf::from) else {
        return Err(ctx.usage("test record", "name the file to write"));
    };
    let format = Format::of(&file).ok_or_else(|| {
        CliError::new(format!("{}: a transcript is a Markdown file (.md) or cram's (.t)", file.display()))
    })?;
    let mut words: Vec<OsString> = words.collect();
    let is_shell =
        |word: &OsString| Path::new(word).file_name().and_then(OsStr::to_str).is_some_and(|n| SHELLS.contains(&n));
    let shell = if words.first().is_some_and(is_shell) { words.remove(0) } else { shell() };
    let program = this_program()?;
    let recording = Recording { file: &file, format, shell: &shell, program: &program, seed: seed(matches)? };
    let count = match words.is_empty() {
        true => recording.record(&mut Input { is_terminal: std::io::stdin().is_terminal() })?,
        false => recording.record(&mut Scripts::read(&words)?)?,
    };
    ctx.print_line(format!("{}: {}", file.display(), super::count(count, "command")));
    Ok(())
}

/// Commands from standard input.
struct Input {
    /// True to show prompts and output.
    is_terminal: bool,
}

impl Console for Input {
    fn read_line(&mut self, continues: bool) -> CliResult<Option<String>> {
        if self.is_terminal {
            stdout::write(if continues { b"> " } else { b"$ " })?;
        }
        let mut line = String::new();
        let read = std::io::stdin().lock().read_line(&mut line);
        let read = read.map_err(|e| CliError::new(format!("reading standard input: {e}")))?;
        if read == 0 && self.is_terminal {
            stdout::write(b"\n")?;
        }
        Ok((read > 0).then(|| line.trim_end_matches(['\n', '\r']).to_string()))
    }

    fn show(&mut self, output: &[u8]) {
        if self.is_terminal {
            // What cannot be shown is in the transcript.
            drop(stdout::write(output));
        }
    }
}

/// Commands of scripts, one after the other.
struct Scripts(std::vec::IntoIter<String>);

impl Scripts {
    fn read(paths: &[OsString]) -> CliResult<Scripts> {
        let mut lines = Vec::new();
        for path in paths {
            let failed = |e| CliError::io(format!("open {}", path.to_string_lossy()), e);
            let script = std::fs::File::open(path).map_err(failed)?;
            for line in BufReader::new(script).lines() {
                lines.push(line.map_err(failed)?);
            }
        }
        Ok(Scripts(lines.into_iter()))
    }
}

impl Console for Scripts {
    fn read_line(&mut self, _: bool) -> CliResult<Option<String>> {
        Ok(self.0.next())
    }

    fn show(&mut self, _: &[u8]) {}
}

fn seed(matches: &ArgMatches) -> CliResult<Option<u64>> {
    let seed = matches.int("seed").map(u64::try_from).transpose();
    seed.map_err(|_| CliError::new("--seed must not be negative"))
}
