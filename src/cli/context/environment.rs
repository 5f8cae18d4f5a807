//! Settings from the global flags and from environment variables.

use std::path::{Path, PathBuf};

use clap::ArgMatches;

use crate::args::Matches;
use crate::{CliError, CliResult};
use kctl_base::sim::{ClockMode, Duration, Time};
use kctl_cluster::OpenOptions;

/// Returns the value of an environment variable; `None` if it is unset or empty.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Reads `-v`; 0 without the flag. Values outside of 0 to 255 are clamped.
///
/// # Errors
/// A value that is not an integer.
pub(super) fn read_verbosity(matches: &ArgMatches) -> CliResult<u8> {
    let value = matches.string("v");
    if value.is_empty() {
        return Ok(0);
    }
    let number: i32 = value.parse().map_err(|_| {
        CliError::new(format!(
            "invalid argument \"{value}\" for \"-v, --v\" flag: strconv.ParseInt: parsing \"{value}\": invalid syntax"
        ))
    })?;
    Ok(u8::try_from(number.clamp(0, 255)).unwrap_or(u8::MAX))
}

/// Parses the value of `--request-timeout`: a number of seconds or a Go duration.
///
/// # Errors
/// A value that is neither.
pub(super) fn parse_request_timeout(value: &str) -> CliResult<Duration> {
    let seconds = value.parse().ok().map(Duration::from_secs);
    seconds.or_else(|| Duration::parse(value)).ok_or_else(|| {
        CliError::new("Invalid timeout value. Timeout must be a single integer in seconds, or an integer followed by a corresponding time unit (e.g. 1s | 2m | 3h)")
    })
}

/// Returns the file that `KCTL_KUBECONFIG` names: of a list of files the first that exists, or else the last.
pub(super) fn kubeconfig() -> Option<PathBuf> {
    let files: Vec<PathBuf> = std::env::split_paths(&variable("KCTL_KUBECONFIG")?).collect();
    files.iter().find(|file| file.exists()).or(files.last()).cloned()
}

/// Returns the directory of the store: `flag`, `KCTL_HOME`, or `kctl` in the user's data directory (XDG Base Directory
/// Specification).
///
/// # Errors
/// None of these is known.
pub(super) fn store_dir(flag: Option<&Path>) -> CliResult<PathBuf> {
    if let Some(dir) = flag.map(PathBuf::from).or_else(|| variable("KCTL_HOME").map(PathBuf::from)) {
        return Ok(dir);
    }
    if let Some(data) = variable("XDG_DATA_HOME") {
        return Ok(PathBuf::from(data).join("kctl"));
    }
    let home = variable("HOME").ok_or_else(|| CliError::new("no place for the store: set KCTL_HOME or HOME"))?;
    Ok(PathBuf::from(home).join(".local/share/kctl"))
}

/// Returns the options to open a store with, from `KCTL_CLOCK`, `KCTL_EPOCH`, `KCTL_SEED` and `KCTL_LATENCY`.
///
/// # Errors
/// A variable that cannot be parsed.
pub(super) fn open_options(dir: PathBuf, lock_timeout: Duration) -> CliResult<OpenOptions> {
    let invalid = |name: &str, value: &str| CliError::new(format!("invalid value \"{value}\" of {name}"));
    let mut options = OpenOptions::at(dir);
    options.lock_timeout = lock_timeout;
    if let Some(value) = variable("KCTL_CLOCK") {
        options.clock = Some(ClockMode::parse(&value).ok_or_else(|| invalid("KCTL_CLOCK", &value))?);
    }
    if let Some(value) = variable("KCTL_EPOCH") {
        options.epoch = Some(Time::parse(&value).ok_or_else(|| invalid("KCTL_EPOCH", &value))?);
    }
    if let Some(value) = variable("KCTL_SEED") {
        options.seed = Some(value.parse().map_err(|_| invalid("KCTL_SEED", &value))?);
    }
    if let Some(value) = variable("KCTL_LATENCY") {
        let seconds = value.parse().ok().map(Duration::from_secs);
        let latency = seconds.or_else(|| Duration::parse(&value)).filter(|latency| *latency >= Duration::ZERO);
        options.latency = latency.ok_or_else(|| invalid("KCTL_LATENCY", &value))?;
    }
    Ok(options)
}
