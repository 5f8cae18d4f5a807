//! A process that runs the plain commands of a transcript one after the other: starting one for each would be most of their
//! work.
//!
//! The shell starts it in the foreground, so that it has all that a command has there: directory, variables, open files,
//! limits. Until it ends, it reads what comes into the shell: on each line the words of a command in JSON, or none to end.
//! Behind the output of a command it prints the status line that else the shell prints.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Write as _};

use super::shell::OUTPUT;
use super::status_line;

/// The argument that starts the process.
const WORD: &str = "__resident";
/// The descriptor of what comes into the shell; commands have an empty standard input.
const INPUT: u8 = 8;

/// The command line of the shell that starts the process under the name of a program.
pub(super) fn shell_command(program: &str) -> String {
    format!("{program} {WORD} {INPUT}<&0 </dev/null")
}

/// The line that makes the process run a command, or end if there are no words.
///
/// # Errors
/// None that can occur: words are JSON.
pub(super) fn request(words: &[String]) -> io::Result<String> {
    Ok(serde_json::to_string(words)? + "\n")
}

/// Returns whether a command line starts the process.
pub(crate) fn is_asked_for(argv: &[OsString]) -> bool {
    argv.len() == 2 && argv[1] == WORD
}

/// Runs commands, which begin with the program, by `run`, which returns their exit codes. Returns the last one.
///
/// # Errors
/// No shell of a transcript has started the process.
pub(crate) fn serve(run: &mut dyn FnMut(Vec<OsString>) -> i32) -> io::Result<i32> {
    let requests = BufReader::new(File::open(descriptor(INPUT))?);
    let mut answers = File::options().write(true).open(descriptor(OUTPUT))?;
    let mut code = 0;
    answers.write_all(&status_line::of_resident(code))?;
    for request in requests.lines() {
        let words: Vec<String> = serde_json::from_str(&request?)?;
        if words.is_empty() {
            break;
        }
        code = run(words.into_iter().map(OsString::from).collect());
        answers.write_all(&status_line::of_resident(code))?;
    }
    Ok(code)
}

/// The path of an open file of this process.
fn descriptor(number: u8) -> String {
    format!("/dev/fd/{number}")
}
