//! Benchmarks, run by hand: `cargo bench`, or `cargo bench -- NAME...` for the rows whose names contain one of the words.
//! `cargo bench -- --list` prints the names.
//!
//! A row measures one task that users wait for, its commands run by the binary in processes of their own as from a shell:
//! wall time (the median of several runs if they are short), peak memory, the size of the store, and instructions if valgrind
//! is installed and the task is short. The cost of a process that only opens the engine is given separately. Where
//! `KCTL_BENCH_KUBECTL` is the path of a real kubectl and `KUBECONFIG` names a control plane, tasks that both can do are timed
//! there too, in namespaces that are deleted at the end. Rows with a goal report if it is met; rows at several sizes are
//! plotted by object, so that a bend is seen.
//!
//! `cargo bench -- --baseline` compares the instructions of a few commands with the committed ones and fails if one has
//! become worse; `cargo bench -- --update-baseline` replaces them.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a program for people at a terminal"
)]

mod baseline;
mod bench;
mod counts;
mod kubectl;
mod load;
mod manifests;
mod program;
mod report;
mod row;
mod scenes;

use std::path::Path;
use std::process::ExitCode;

/// The largest binary that meets its goal, in bytes.
const BINARY_MAX: u64 = 10_000_000;

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    if args.next().is_some_and(|arg| arg == bench::OPEN_ENGINE) {
        let store = args.next().expect("a store");
        bench::only_open_engine(Path::new(&store));
    }
    // Cargo adds `--bench`.
    let (options, names): (Vec<_>, Vec<_>) =
        std::env::args().skip(1).filter(|arg| arg != "--bench").partition(|arg| arg.starts_with('-'));
    let result = match options.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => measure(&names),
        ["--list"] => list(),
        ["--baseline"] => counts::compare(),
        ["--update-baseline"] => counts::update(),
        _ => Err(format!("unknown options: {}", options.join(" "))),
    };
    result.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::FAILURE
    })
}

/// Measures the rows whose names contain one of the words, or without words all but those that take minutes. A scene that panics has said why and does not
/// keep the others from being reported.
fn measure(words: &[String]) -> Result<ExitCode, String> {
    let chosen = |name: &str| words.is_empty() || words.iter().any(|word| name.contains(word.as_str()));
    let is_too_long = |scene: &scenes::Scene, size: usize| words.is_empty() && size > scene.unnamed_max;
    let (mut rows, mut failed) = (Vec::new(), 0);
    for scene in scenes::all() {
        let sizes = scene.sizes.iter().filter(|size| !is_too_long(scene, **size));
        for size in sizes.filter(|size| scene.labels(**size).any(|label| chosen(&label))) {
            eprintln!("{}: {}", scene.labels(*size).collect::<Vec<_>>().join(", "), scene.about);
            match std::panic::catch_unwind(|| (scene.run)(*size)) {
                Ok(measured) => {
                    // A long run that is interrupted has told these at least.
                    measured.iter().for_each(|row| eprintln!("  {}: {:.1} ms", row.label(), row::ms(row.cost.wall)));
                    rows.extend(measured.into_iter().filter(|row| chosen(&row.label())));
                }
                Err(_) => failed += 1,
            }
        }
    }
    if rows.is_empty() && failed == 0 {
        return Err(format!("no row has a name with {}; --list prints them", words.join(" or ")));
    }
    report::print(&rows);
    let bytes = std::fs::metadata(env!("CARGO_BIN_EXE_kctl")).map_err(|e| e.to_string())?.len();
    let met = if bytes <= BINARY_MAX { "met" } else { "MISSED" };
    println!("\nbinary: {:.1} MB, goal {:.0} MB: {met}", bytes as f64 / 1e6, BINARY_MAX as f64 / 1e6);
    if failed > 0 {
        return Err(format!("{failed} scenes failed"));
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints the names of all rows.
fn list() -> Result<ExitCode, String> {
    for scene in scenes::all() {
        scene.sizes.iter().flat_map(|size| scene.labels(*size)).for_each(|label| println!("{label}"));
    }
    Ok(ExitCode::SUCCESS)
}
