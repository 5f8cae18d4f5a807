//! The data of ConfigMaps and Secrets from literals, files, directories and files with `KEY=value` lines.
//!
//! Upstream: `kubectl/pkg/util/util.go` and `kubectl/pkg/cmd/util/env_file.go`.

use std::path::Path;

use clap::{ArgMatches, Command};

use crate::args::{self, Matches, SharedFlags};
use crate::{CliError, CliResult};
use kctl_base::env_file;
use kctl_kinds::shared::formats;

/// A key with its value.
pub(super) type Entry = (String, Vec<u8>);

/// Adds `--from-literal`, `--from-file` and `--from-env-file`.
pub(super) fn flags(command: Command) -> Command {
    command
        .arg(args::each("from-literal", "Key and literal value, in the form key=value; can be repeated."))
        .arg(args::list("from-file", "File, a file with a key of its own in the form key=path, or a directory whose files are added; can be repeated."))
        .arg(args::list("from-env-file", "File with KEY=VALUE lines; can be repeated."))
}

/// Reads the data in the order in which kubectl adds it: literals, then files; or files with lines.
pub(super) fn read(matches: &ArgMatches) -> CliResult<Vec<Entry>> {
    let matches = SharedFlags(matches);
    let (literals, files, envs) =
        (matches.values("from-literal"), matches.values("from-file"), matches.values("from-env-file"));
    if !envs.is_empty() && (!literals.is_empty() || !files.is_empty()) {
        return Err(CliError::new("from-env-file cannot be combined with from-file or from-literal"));
    }
    let mut entries = Vec::new();
    for literal in &literals {
        entries.push(literal_entry(literal)?);
    }
    for file in &files {
        file_entries(file, &mut entries)?;
    }
    for file in &envs {
        env_entries(file, &mut entries)?;
    }
    Ok(entries)
}

fn literal_entry(source: &str) -> CliResult<Entry> {
    let bad = || CliError::new(format!("invalid literal source {source}, expected key=value"));
    let (key, value) = source.split_once('=').ok_or_else(bad)?;
    if key.is_empty() {
        return Err(bad());
    }
    Ok((key.into(), value.as_bytes().to_vec()))
}

fn file_entries(source: &str, entries: &mut Vec<Entry>) -> CliResult<()> {
    let (key, path) = match source.split_once('=') {
        Some(("", _)) => {
            return Err(CliError::new(format!("key name for file path {} missing", source.trim_start_matches('='))));
        }
        Some((key, "")) => return Err(CliError::new(format!("file path for key name {key} missing"))),
        Some((_, path)) if path.contains('=') => {
            return Err(CliError::new("key names or file paths cannot contain '='"));
        }
        Some((key, path)) => (Some(key), path),
        None => (None, source),
    };
    let failed = |path: &str, e| CliError::io(format!("error reading {path}"), e);
    let meta = std::fs::metadata(path).map_err(|e| failed(path, e))?;
    if !meta.is_dir() {
        let name = Path::new(path).file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let bytes = std::fs::read(path).map_err(|e| failed(path, e))?;
        entries.push((key.map_or(name, String::from), bytes));
        return Ok(());
    }
    if key.is_some() {
        return Err(CliError::new("cannot give a key name for a directory path"));
    }
    let mut names: Vec<String> = std::fs::read_dir(path)
        .map_err(|e| failed(path, e))?
        .filter_map(|e| e.ok().map(|e| e.file_name().to_string_lossy().into_owned()))
        .collect();
    names.sort();
    for name in names {
        let file = Path::new(path).join(&name);
        // Subdirectories and special files are skipped.
        if file.is_file() {
            let bytes = std::fs::read(&file).map_err(|e| failed(&file.to_string_lossy(), e))?;
            entries.push((name, bytes));
        }
    }
    Ok(())
}

fn env_entries(path: &str, entries: &mut Vec<Entry>) -> CliResult<()> {
    let failed = |e| CliError::io(format!("error reading {path}"), e);
    if std::fs::metadata(path).map_err(failed)?.is_dir() {
        return Err(CliError::new("env config file cannot be a directory"));
    }
    let text = String::from_utf8(std::fs::read(path).map_err(failed)?)
        .map_err(|_| CliError::new(format!("invalid UTF-8 in {path}")))?;
    for (key, value) in env_file::pairs(&text) {
        let problems = formats::typed_env_name_problems(key);
        if !problems.is_empty() {
            return Err(CliError::new(format!("\"{key}\" is not a valid key name: {}", problems.join(";"))));
        }
        entries.push((key.into(), value.into_bytes()));
    }
    Ok(())
}

/// The problems of a key of a ConfigMap or Secret, on one line.
pub(super) fn key_problems(key: &str) -> Option<String> {
    let problems = formats::config_key_problems(key);
    (!problems.is_empty()).then(|| problems.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_taken_as_they_are() {
        let value = |s: &str| literal_entry(s).map(|(k, v)| format!("{k}:{}", String::from_utf8_lossy(&v)));
        assert_eq!(value("a=1").ok().as_deref(), Some("a:1"));
        assert_eq!(value("a='x y'").ok().as_deref(), Some("a:'x y'"));
        assert_eq!(value("a=b=c").ok().as_deref(), Some("a:b=c"));
        assert!(
            value("nokey").is_err_and(|e| e.message() == "error: invalid literal source nokey, expected key=value\n")
        );
    }
}
