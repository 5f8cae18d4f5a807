//! Settings from the global flags and from environment variables.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::ArgMatches;

use crate::args::Matches;
use crate::{CliError, CliResult};
use kctl_base::field::quote;
use kctl_base::sim::{ChanceMode, ClockMode, Duration, Time};
use kctl_cluster::OpenOptions;
use kctl_cluster::profile::{ClusterPlan, Profile};

/// Returns the value of an environment variable with a path; `None` if it is unset or empty.
fn path(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// Returns the value of an environment variable with a setting; `None` if it is unset or empty.
///
/// # Errors
/// A value that is not UTF-8, or that `parse` refuses.
fn setting<T>(name: &str, parse: impl FnOnce(&str) -> Option<T>) -> CliResult<Option<T>> {
    let Some(value) = std::env::var_os(name).filter(|value| !value.is_empty()) else { return Ok(None) };
    match value.to_str().and_then(parse) {
        Some(value) => Ok(Some(value)),
        None => Err(CliError::new(format!("invalid value {} of {name}", quote(&value.to_string_lossy())))),
    }
}

/// Returns whether `KUBECTL_APPLYSET` turns on the alpha feature of apply sets.
pub(crate) fn apply_sets_enabled() -> bool {
    std::env::var("KUBECTL_APPLYSET").is_ok_and(|value| value.eq_ignore_ascii_case("true"))
}

/// Parses a number of seconds or a Go duration.
fn parse_seconds(text: &str) -> Option<Duration> {
    match text.parse::<i64>() {
        Ok(seconds) => Duration::parse(&format!("{seconds}s")),
        Err(_) => Duration::parse(text),
    }
}

/// Reads `-v`; 0 without the flag. Values outside of 0 to 255 are clamped.
pub(super) fn read_verbosity(matches: &ArgMatches) -> u8 {
    let number = matches.int("v").unwrap_or(0);
    u8::try_from(number.clamp(0, 255)).unwrap_or(u8::MAX)
}

/// Parses the value of `--request-timeout`: a number of seconds or a Go duration.
///
/// # Errors
/// A value that is neither.
pub(super) fn parse_request_timeout(value: &str) -> CliResult<Duration> {
    parse_seconds(value).ok_or_else(|| {
        CliError::new("Invalid timeout value. Timeout must be a single integer in seconds, or an integer followed by a corresponding time unit (e.g. 1s | 2m | 3h)")
    })
}

/// Returns the files that `KCTL_KUBECONFIG` names, or else `KUBECONFIG`; `None` if neither is set.
pub(super) fn kubeconfig() -> Option<Vec<PathBuf>> {
    let names = path("KCTL_KUBECONFIG").or_else(|| path("KUBECONFIG"))?;
    let files: Vec<PathBuf> = std::env::split_paths(&names).filter(|file| !file.as_os_str().is_empty()).collect();
    (!files.is_empty()).then_some(files)
}

/// Returns the directory of the store: `flag`, `KCTL_HOME`, or `kctl` in the user's data directory (XDG Base Directory
/// Specification).
///
/// # Errors
/// None of these is known.
pub(super) fn store_dir(flag: Option<&Path>) -> CliResult<PathBuf> {
    if let Some(dir) = flag.map(PathBuf::from).or_else(|| path("KCTL_HOME").map(PathBuf::from)) {
        return Ok(dir);
    }
    if let Some(data) = path("XDG_DATA_HOME") {
        return Ok(PathBuf::from(data).join("kctl"));
    }
    let home = path("HOME").ok_or_else(|| CliError::new("no place for the store: set KCTL_HOME or HOME"))?;
    Ok(PathBuf::from(home).join(".local/share/kctl"))
}

/// Returns the branch of the cluster: `flag` or `KCTL_BRANCH`; `None` for the current one.
///
/// # Errors
/// A variable that is not UTF-8.
pub(super) fn branch(flag: Option<&str>) -> CliResult<Option<String>> {
    match flag {
        Some(name) => Ok(Some(name.into())),
        None => setting("KCTL_BRANCH", |name| Some(name.to_string())),
    }
}

/// Returns the options to open a store with, from `KCTL_CLOCK`, `KCTL_EPOCH`, `KCTL_SEED`, `KCTL_CHANCE`,
/// `KCTL_PROFILE`, `KCTL_NODES`, `KCTL_INVARIANTS` (one on each line) and `KCTL_LATENCY`.
///
/// # Errors
/// A variable that cannot be parsed.
pub(super) fn open_options(dir: PathBuf, lock_timeout: Duration) -> CliResult<OpenOptions> {
    let mut options = OpenOptions::at(dir);
    options.lock_timeout = lock_timeout;
    options.clock = setting("KCTL_CLOCK", ClockMode::parse)?;
    options.epoch = setting("KCTL_EPOCH", Time::parse)?;
    options.seed = setting("KCTL_SEED", parse_seed)?;
    options.chance = setting("KCTL_CHANCE", ChanceMode::parse)?;
    options.plan = plan()?;
    let lines =
        |text: &str| Some(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect());
    options.invariants = setting("KCTL_INVARIANTS", lines)?.unwrap_or_default();
    if let Some(latency) = setting("KCTL_LATENCY", parse_latency)? {
        options.latency = latency;
    }
    Ok(options)
}

/// Returns what a new cluster is like, from `KCTL_PROFILE` and `KCTL_NODES`.
///
/// # Errors
/// A variable that cannot be parsed.
pub(super) fn plan() -> CliResult<ClusterPlan> {
    let profile = setting("KCTL_PROFILE", Profile::parse)?.unwrap_or_default();
    Ok(ClusterPlan { profile, nodes: setting("KCTL_NODES", parse_nodes)?, ..ClusterPlan::default() })
}

/// Returns whether one of the variables of [`open_options`] takes a value.
pub(crate) fn is_valid_setting(variable: &str, value: &str) -> bool {
    match variable {
        "KCTL_CLOCK" => ClockMode::parse(value).is_some(),
        "KCTL_EPOCH" => Time::parse(value).is_some(),
        "KCTL_SEED" => parse_seed(value).is_some(),
        "KCTL_CHANCE" => ChanceMode::parse(value).is_some(),
        "KCTL_PROFILE" => Profile::parse(value).is_some(),
        "KCTL_NODES" => parse_nodes(value).is_some(),
        "KCTL_LATENCY" => parse_latency(value).is_some(),
        _ => false,
    }
}

fn parse_seed(text: &str) -> Option<u64> {
    text.parse().ok()
}

/// Parses a duration that is not negative: nothing happens before its cause.
fn parse_latency(text: &str) -> Option<Duration> {
    parse_seconds(text).filter(|latency| *latency >= Duration::ZERO)
}

fn parse_nodes(text: &str) -> Option<u32> {
    ClusterPlan::parse_nodes(text).ok()
}
