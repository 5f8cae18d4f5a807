//! The data of ConfigMaps and Secrets from literals, files, directories and files with `KEY=value` lines.
//!
//! Upstream: `kubectl/pkg/util/util.go` and `kubectl/pkg/cmd/util/env_file.go`.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;

use clap::{ArgMatches, Command};

use crate::args::{self, Matches, SharedFlags};
use crate::{CliError, CliResult, os_text};
use kctl_base::env_file;
use kctl_base::order::Order as _;
use kctl_kinds::shared::formats;

/// A key with its value.
pub(super) type Entry = (String, Vec<u8>);

/// Adds `--from-literal`, `--from-file` and `--from-env-file`.
pub(super) fn flags(command: Command) -> Command {
    command
        .arg(args::each("from-literal", "Key and literal value, in the form key=value; can be repeated."))
        .arg(args::paths("from-file", "File, a file with a key of its own in the form key=path, or a directory whose files are added; can be repeated."))
        .arg(args::paths("from-env-file", "File with KEY=VALUE lines; can be repeated."))
}

/// Reads the data in the order in which kubectl adds it: literals, then files; or files with lines.
pub(super) fn read(matches: &ArgMatches) -> CliResult<Vec<Entry>> {
    let matches = SharedFlags(matches);
    let (literals, files, envs) =
        (matches.values("from-literal"), matches.paths("from-file"), matches.paths("from-env-file"));
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
        env_entries(Path::new(file), &mut entries)?;
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

/// Adds the entry of a file, or those of the files of a directory, of `--from-file`.
pub(super) fn file_entries(source: &OsStr, entries: &mut Vec<Entry>) -> CliResult<()> {
    let (key, path) = file_source(source)?;
    let path = Path::new(&path);
    let failed = |path: &Path, e| CliError::io(format!("error reading {}", path.display()), e);
    let name_of = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let meta = std::fs::metadata(path).map_err(|e| failed(path, e))?;
    if !meta.is_dir() {
        let bytes = std::fs::read(path).map_err(|e| failed(path, e))?;
        entries.push((key.unwrap_or_else(|| name_of(path)), bytes));
        return Ok(());
    }
    if key.is_some() {
        return Err(CliError::new("cannot give a key name for a directory path"));
    }
    let listed = std::fs::read_dir(path).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let mut listed = listed.map_err(|e| failed(path, e))?;
    listed.order_by_key(std::fs::DirEntry::file_name);
    for entry in listed {
        let file = entry.path();
        // Subdirectories, links and special files are skipped.
        if entry.file_type().map_err(|e| failed(&file, e))?.is_file() {
            entries.push((name_of(&file), std::fs::read(&file).map_err(|e| failed(&file, e))?));
        }
    }
    Ok(())
}

/// Splits `[key=]path` (`ParseFileSource`).
fn file_source(source: &OsStr) -> CliResult<(Option<String>, OsString)> {
    let parts = os_text::split(source, |byte| *byte == b'=');
    let text = |part: &OsString| part.to_string_lossy().into_owned();
    match parts.as_slice() {
        [path] => Ok((None, path.clone())),
        [key, path] if key.is_empty() => {
            Err(CliError::new(format!("key name for file path {} missing", path.display())))
        }
        [key, path] if path.is_empty() => {
            Err(CliError::new(format!("file path for key name {} missing", key.display())))
        }
        [key, path] => Ok((Some(text(key)), path.clone())),
        _ => Err(CliError::new("key names or file paths cannot contain '='")),
    }
}

fn env_entries(path: &Path, entries: &mut Vec<Entry>) -> CliResult<()> {
    let shown = path.display();
    let failed = |e| CliError::io(format!("error reading {shown}"), e);
    if std::fs::metadata(path).map_err(failed)?.is_dir() {
        return Err(CliError::new("env config file cannot be a directory"));
    }
    let text = String::from_utf8(std::fs::read(path).map_err(failed)?)
        .map_err(|_| CliError::new(format!("invalid UTF-8 in {shown}")))?;
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

    #[cfg(unix)]
    #[test]
    fn links_in_a_directory_are_skipped() {
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::write(dir.path().join("a"), "1").expect("a file");
        std::os::unix::fs::symlink("a", dir.path().join("b")).expect("a link");
        let mut entries = Vec::new();
        file_entries(dir.path().as_os_str(), &mut entries).expect("a readable directory");
        assert_eq!(entries, [("a".to_string(), b"1".to_vec())]);
    }

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
