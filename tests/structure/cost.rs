//! Build times and instruction counts.

use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::Failure;

/// A verb whose change is timed, and where it may be.
const VERB: &str = "src/cli/verbs/scale.rs";

/// The store that the commands are counted on.
const SETUP: &[&str] = &["create deployment web --image=nginx --replicas=3", "rollout status deployment/web"];

/// The commands, by name. The image differs from run to run, so that there is something to change.
const COMMANDS: &[(&str, [&str; 3])] = &[
    ("get pods", ["get pods"; 3]),
    (
        "set image",
        [
            "set image deployment/web nginx=nginx:1.1",
            "set image deployment/web nginx=nginx:1.2",
            "set image deployment/web nginx=nginx:1.3",
        ],
    ),
];

/// Prints build times when asked to, and instruction counts where there is a binary to count.
pub(crate) fn print(root: &Path, build: bool, binary: Option<&Path>) -> Result<(), Failure> {
    println!();
    let dir = tempfile::tempdir()?;
    let built = if build {
        Some(time_builds(root, dir.path())?)
    } else {
        println!("build times: skipped (--build)");
        None
    };
    match binary.or(built.as_deref()) {
        Some(binary) => count_instructions(&binary.canonicalize()?),
        None => {
            println!("instructions: skipped (--run BINARY or --build)");
            Ok(())
        }
    }
}

/// Times two release builds into a directory, and returns the path of the binary.
fn time_builds(root: &Path, dir: &Path) -> Result<PathBuf, Failure> {
    let build = || -> Result<f64, Failure> {
        let start = Instant::now();
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command.args(["build", "--release", "--offline", "--quiet", "--bin", "kctl"]).current_dir(root);
        let status = command.env("CARGO_TARGET_DIR", dir).status()?;
        if !status.success() {
            return Err("the release build failed".into());
        }
        Ok(start.elapsed().as_secs_f64())
    };
    println!("clean release build: {:.1} s", build()?);
    // Cargo compares modification times, so the content can stay as it is.
    let binary = dir.join("release/kctl");
    let built = std::fs::metadata(&binary)?.modified()?;
    File::options().append(true).open(root.join(VERB))?.set_modified(built + Duration::from_secs(1))?;
    println!("release build after an edit of {VERB}: {:.1} s", build()?);
    Ok(binary)
}

fn count_instructions(binary: &Path) -> Result<(), Failure> {
    let dir = tempfile::tempdir()?;
    for line in SETUP {
        if !in_store(dir.path(), binary, line.split(' ')).status()?.success() {
            return Err(format!("kctl {line} failed").into());
        }
    }
    for (name, lines) in COMMANDS {
        let mut counts = Vec::new();
        for line in lines {
            let Some(count) = instructions(dir.path(), binary, line)? else {
                println!("instructions: skipped (valgrind is not installed)");
                return Ok(());
            };
            counts.push(count as f64 / 1e6);
        }
        counts.sort_by(f64::total_cmp);
        println!("instructions of {name}: {:.2} million (median of {})", counts[counts.len() / 2], counts.len());
    }
    Ok(())
}

/// The instructions of one run; `None` without valgrind.
fn instructions(dir: &Path, binary: &Path, line: &str) -> Result<Option<u64>, Failure> {
    let file = dir.join("callgrind");
    // Without the fair scheduler, threads that spin keep the others from running.
    let options = ["--tool=callgrind", "-q", "--fair-sched=yes"].map(str::to_string);
    let output = format!("--callgrind-out-file={}", file.display());
    let mut command = in_store(dir, OsStr::new("valgrind"), options.iter().map(String::as_str));
    match command.arg(output).arg(binary).args(line.split(' ')).status() {
        Ok(status) if status.success() => {}
        Ok(_) => return Err(format!("valgrind kctl {line} failed").into()),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(e.into()),
    }
    let text = std::fs::read_to_string(&file)?;
    let sum = text.lines().find_map(|l| l.strip_prefix("summary: ").or_else(|| l.strip_prefix("totals: ")));
    Ok(Some(sum.ok_or("valgrind counted nothing")?.trim().parse()?))
}

/// A program with arguments on the store of a directory, with a virtual clock and a fixed seed.
fn in_store<'a>(dir: &Path, program: impl AsRef<OsStr>, args: impl Iterator<Item = &'a str>) -> Command {
    let mut command = Command::new(program);
    command.args(args).current_dir(dir).stdin(Stdio::null()).stdout(Stdio::null());
    command.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin").env("HOME", dir);
    command.env("KCTL_HOME", dir.join("store")).env("KCTL_CLOCK", "virtual").env("KCTL_SEED", "1");
    command
}
