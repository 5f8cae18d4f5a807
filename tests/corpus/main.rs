//! Tests against recordings of a real control plane that are too large for the repository.
//!
//! They lie beside it, in `../shared`: manifests with what a server made of them (`corpus`), its published API (`api`), and
//! recorded sessions (`parity`). A trial whose recordings are missing is ignored: the summary counts it, and stderr says
//! which folder it needs. Recordings that are in the repository (`testdata`) are read by the tests beside the code.
//!
//! Each crate has a module here that lists its [`Case`]s; a new module is added to [`cases`].

mod base;
mod cli;
mod cluster;
mod kinds;
mod recordings;

use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

use recordings::Case;

/// The cases of all crates.
fn cases() -> impl Iterator<Item = &'static Case> {
    [base::CASES, cli::CASES, cluster::CASES, kinds::CASES].into_iter().flatten()
}

fn main() -> ExitCode {
    let missing: BTreeSet<&str> = cases().filter_map(Case::missing).collect();
    for folder in &missing {
        // A closed stderr must not fail the tests.
        let _ = writeln!(std::io::stderr(), "skipped: ../shared/{folder} is missing");
    }
    let trials = cases().map(|case| {
        let trial = Trial::test(case.name, || {
            (case.check)();
            Ok(())
        });
        trial.with_ignored_flag(case.missing().is_some())
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}
