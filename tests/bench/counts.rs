//! Counting the instructions of the commands in the baseline.
//!
//! Everything that the number depends on is fixed: the clock, the seed, the length of paths and variables (which moves the
//! stack), and the store, of which each command gets a copy.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use crate::baseline::{Baseline, Verdict};
use crate::bench::{COMPLETION, Variables, kctl, replace, split};
use crate::manifests::{self, list};
use crate::program::{Program, first_line, has_valgrind};

/// The committed file.
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bench/baseline.txt");
/// The parent of the working directory: a fixed one, because of its length.
const PARENT: &str = "/tmp";
/// The features of a processor by which the libraries choose among their implementations.
const FEATURES: [&str; 6] = ["sse4_2", "avx2", "bmi2", "fma", "erms", "fsrm"];

/// The commands that create the store.
const PREPARE: &str = "\
    create -f web.json; apply -f web.json; create -f idle.json; create -f cronjob.json; create namespace hundred; \
    create -n hundred -f pods.json; clock advance 60s";

/// The commands by name, with variables.
const COMMANDS: &[(&str, (&str, Variables))] = &[
    ("apply-unchanged", ("apply -f web.json", &[])),
    ("completion", COMPLETION),
    ("create-deployment", ("create deployment more --image=nginx:1.25", &[])),
    ("cronjob-hour", ("clock advance 1h", &[])),
    ("explain", ("explain pods", &[])),
    ("get-100-pods-json", ("get pods -n hundred -o json", &[])),
    ("get-pods", ("get pods", &[])),
    ("scale-100", ("scale deployment/idle --replicas=100", &[])),
    ("set-image", ("set image deployment/web c=nginx:1.26", &[])),
    ("version-client", ("version --client", &[])),
];

/// Compares the counts of this build with the baseline and prints every line. Fails if a command is worse, or in one of them
/// only; where nothing can be compared, it says so.
///
/// # Errors
/// A baseline that cannot be read, or a command that fails.
pub(crate) fn compare() -> Result<ExitCode, String> {
    let text = std::fs::read_to_string(FILE).map_err(|e| format!("{FILE}: {e}"))?;
    let baseline = Baseline::parse(&text).map_err(|e| format!("{FILE}: {e}"))?;
    if !has_valgrind() {
        println!("baseline skipped: valgrind is not installed");
        return Ok(ExitCode::SUCCESS);
    }
    let tools = made_with();
    if tools != baseline.made_with {
        println!("baseline skipped: made with {}\n                  here are  {tools}", baseline.made_with);
        return Ok(ExitCode::SUCCESS);
    }
    let lines = baseline.compare(&measure(tools)?).unwrap_or_default();
    println!("{:<20} {:>12} {:>12}", "instructions of", "baseline", "now");
    lines.iter().for_each(|line| println!("{line}"));
    let any = |verdict| lines.iter().any(|line| line.verdict() == verdict);
    if any(Verdict::Worse) || any(Verdict::Unknown) {
        println!(
            "baseline: failed; if the cost is justified: CARGO_PROFILE_RELEASE_PANIC=unwind cargo bench --bench bench -- --update-baseline"
        );
        return Ok(ExitCode::FAILURE);
    }
    if any(Verdict::Better) {
        println!(
            "baseline: better; keep the gain: CARGO_PROFILE_RELEASE_PANIC=unwind cargo bench --bench bench -- --update-baseline"
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes the counts of this build as the baseline.
///
/// # Errors
/// Without valgrind, if a command fails, or if the file cannot be written.
pub(crate) fn update() -> Result<ExitCode, String> {
    let text = measure(made_with())?.to_string();
    std::fs::write(FILE, &text).map_err(|e| format!("{FILE}: {e}"))?;
    print!("{text}");
    Ok(ExitCode::SUCCESS)
}

/// Counts all commands.
fn measure(made_with: String) -> Result<Baseline, String> {
    let directory =
        tempfile::Builder::new().prefix("kctl-").tempdir_in(PARENT).map_err(|e| format!("{PARENT}: {e}"))?;
    let directory = directory.path();
    let binary = directory.join("kctl");
    std::fs::copy(env!("CARGO_BIN_EXE_kctl"), &binary).map_err(|e| format!("{}: {e}", binary.display()))?;
    let program = |command: &str, variables: Variables| -> Program {
        let args = command.split_whitespace().map(OsString::from);
        kctl(directory, std::iter::once(binary.clone().into()).chain(args).collect(), variables)
    };
    write_manifests(directory)?;
    for command in split(PREPARE) {
        program(command, &[]).run()?;
    }
    let (store, original) = (directory.join("store"), directory.join("original"));
    replace(&store, &original);
    let mut counts = BTreeMap::new();
    for (name, (command, variables)) in COMMANDS {
        replace(&original, &store);
        counts.insert((*name).to_owned(), program(command, variables).count(directory)?);
    }
    Ok(Baseline { made_with, counts })
}

/// Writes the files of [`PREPARE`].
fn write_manifests(directory: &Path) -> Result<(), String> {
    let files = [
        ("web.json", manifests::deployment("web", 3, "nginx:1.25")),
        ("idle.json", manifests::deployment("idle", 0, "nginx:1.25")),
        ("cronjob.json", manifests::cron_job("tick", "@hourly")),
        ("pods.json", list((0..100).map(manifests::pod))),
    ];
    files.into_iter().try_for_each(|(name, manifest)| {
        std::fs::write(directory.join(name), manifest.to_string()).map_err(|e| format!("{name}: {e}"))
    })
}

/// The tools and the processor on which counts depend; `?` for what cannot be found out.
fn made_with() -> String {
    let version = |program: &str, arg: &str| first_line(program, &[arg]).unwrap_or_else(|| "?".into());
    let information = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let flags = information.lines().find(|line| line.starts_with("flags")).unwrap_or_default();
    let features = FEATURES.into_iter().filter(|feature| flags.split_whitespace().any(|flag| flag == *feature));
    let (rustc, libc) = (version("rustc", "--version"), version("getconf", "GNU_LIBC_VERSION"));
    let processor: Vec<_> = std::iter::once(std::env::consts::ARCH).chain(features).collect();
    format!("{rustc}; {libc}; {}; {}", version("valgrind", "--version"), processor.join(" "))
}
