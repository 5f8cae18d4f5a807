//! Measures how a checkout is built, to compare two states of it: `cargo run --example structure -- [OPTIONS] [CHECKOUT]`.
//!
//! Prints circles of imports between files, public items that only their own crate names, long functions and files, private
//! names and doc openers that are still in use, and on request what building and running cost:
//!
//! - `--build` times a clean release build and the rebuild after one verb has changed, in a target directory of its own;
//! - `--run BINARY` counts the instructions of two commands, with valgrind (after `--build`, of the binary it made).
//!
//! Sources are parsed, not compiled: items that macros generate are not seen, and two items of one name count as one. Test
//! code (`#[cfg(test)]`) is left out except where a line says otherwise.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for people at a terminal")]

mod cost;
mod cycles;
mod imports;
mod modules;
mod public;
mod sizes;
mod words;
mod workspace;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use modules::Tree;

/// Errors of any kind, for printing.
type Failure = Box<dyn std::error::Error>;

/// The arguments of the command line.
#[derive(Default)]
struct Options {
    checkout: Option<PathBuf>,
    build: bool,
    run: Option<PathBuf>,
}

impl Options {
    fn parse(mut args: impl Iterator<Item = String>) -> Result<Options, Failure> {
        let mut options = Options::default();
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--build" => options.build = true,
                "--run" => options.run = Some(args.next().ok_or("--run needs the path of a binary")?.into()),
                flag if flag.starts_with('-') => return Err(format!("unknown option {flag}").into()),
                path => options.checkout = Some(path.into()),
            }
        }
        Ok(options)
    }
}

fn main() -> ExitCode {
    match Options::parse(std::env::args().skip(1)).and_then(|options| report(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn report(options: &Options) -> Result<(), Failure> {
    let default = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = options.checkout.as_deref().unwrap_or(default).canonicalize()?;
    let workspace = workspace::read(&root)?;
    let tree = Tree::read(&workspace)?;
    println!("{} files in {} targets of {}", tree.files().len(), workspace.targets.len(), root.display());
    cycles::print(&tree);
    public::print(&tree);
    sizes::print(&tree)?;
    words::print(&tree)?;
    cost::print(&root, options.build, options.run.as_deref())
}
