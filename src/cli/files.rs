//! Reads the manifests that `-f` names: paths, patterns, directories and standard input.
//!
//! [`super::resolve`] interprets their content. URLs are refused in the words of a kubectl without network access; no
//! connection is opened. Upstream: `cli-runtime/pkg/resource/builder.go` and `visitor.go`.

use std::ffi::{OsStr, OsString};
use std::fs::{DirEntry, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::{CliError, CliResult, Ctx};

/// Extensions of manifests. They decide only which files of a directory are read.
const EXTENSIONS: &[&str] = &[".json", ".yaml", ".yml"];

/// A file with its content.
pub(crate) struct ManifestFile {
    /// The name in messages: the path, or `STDIN`.
    pub(crate) name: String,
    /// The content.
    pub(crate) content: String,
}

/// The files that a list of names expands to, in kubectl's order.
pub(crate) struct ManifestFiles {
    /// The files.
    pub(crate) files: Vec<ManifestFile>,
    /// True when the list names exactly one file or standard input: its single object is then shown by itself, not as a
    /// list.
    pub(crate) single: bool,
}

/// Reads the files that `-f` names.
///
/// # Errors
/// The names that cannot be expanded, all at once, before any file is read; or the first file that cannot be read.
pub(crate) fn read_files(ctx: &mut Ctx, names: &[OsString], recursive: bool) -> CliResult<ManifestFiles> {
    let mut paths: Vec<Option<PathBuf>> = Vec::new();
    let mut errors = Vec::new();
    let mut single = false;
    for name in names {
        match expand(name, recursive) {
            Ok(Expanded::Stdin) => paths.push(None),
            Ok(Expanded::Files { files, one }) => {
                single |= one;
                paths.extend(files.into_iter().map(Some));
            }
            Err(error) => errors.push(error),
        }
    }
    CliError::all(errors)?;
    if paths.is_empty() {
        let folders = names.join(OsStr::new(" "));
        let folders = folders.display();
        return Err(CliError::new(format!(
            "error reading [{folders}]: recognized file extensions are [.json .yaml .yml]"
        )));
    }
    single = paths.len() == 1 && (single || paths[0].is_none());
    let mut files = Vec::new();
    for path in paths {
        files.push(read(ctx, path.as_deref())?);
    }
    Ok(ManifestFiles { files, single })
}

fn read(ctx: &mut Ctx, path: Option<&Path>) -> CliResult<ManifestFile> {
    let (name, bytes) = match path {
        None => ("STDIN".to_string(), ctx.read_stdin()?),
        Some(path) => {
            let name = path.to_string_lossy().into_owned();
            let mut file = File::open(path).map_err(|e| CliError::io(format!("open {name}"), e))?;
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).map_err(|e| CliError::io(format!("error parsing {name}: read {name}"), e))?;
            (name, bytes)
        }
    };
    Ok(ManifestFile { name, content: String::from_utf8_lossy(&bytes).into_owned() })
}

enum Expanded {
    Stdin,
    Files {
        files: Vec<PathBuf>,
        /// True for a single file that is named directly.
        one: bool,
    },
}

fn expand(path: &OsStr, recursive: bool) -> CliResult<Expanded> {
    let name = path.to_string_lossy();
    if name == "-" {
        return Ok(Expanded::Stdin);
    }
    if let Some(rest) = name.strip_prefix("http://").or_else(|| name.strip_prefix("https://")) {
        let host = rest.split(['/', ':', '?']).next().unwrap_or(rest);
        let text = format!("Unable to connect to the server: dial tcp: lookup {host}: no such host\n");
        return Err(CliError::Verbatim(text, 1));
    }
    let missing = |name: &str| CliError::new(format!("the path \"{name}\" does not exist"));
    let matches = match Path::new(path).exists() {
        true => vec![PathBuf::from(path)],
        false => glob_paths(&name),
    };
    if matches.is_empty() {
        return Err(missing(&name));
    }
    let one = !recursive && matches.len() == 1 && matches[0].is_file();
    let mut files = Vec::new();
    for path in matches {
        if !path.exists() {
            return Err(missing(&path.to_string_lossy()));
        }
        // Like Go's filepath.Walk, takes a link to a directory for a file, which cannot be read.
        if path.symlink_metadata().is_ok_and(|found| found.is_dir()) {
            walk(&path, recursive, &mut files)
                .map_err(|e| CliError::io(format!("error reading \"{}\"", path.display()), e))?;
        } else {
            files.push(path);
        }
    }
    Ok(Expanded::Files { files, one })
}

/// Collects the manifests of a directory, sorted by name; with `recursive` those of its subdirectories, too. Links to
/// directories are not followed, so that the walk ends.
fn walk(folder: &Path, recursive: bool, files: &mut Vec<PathBuf>) -> io::Result<()> {
    let mut entries = std::fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(DirEntry::file_name);
    for entry in entries {
        if !entry.file_type()?.is_dir() {
            let name = entry.file_name();
            if EXTENSIONS.iter().any(|known| name.as_encoded_bytes().ends_with(known.as_bytes())) {
                files.push(entry.path());
            }
        } else if recursive {
            walk(&entry.path(), recursive, files)?;
        }
    }
    Ok(())
}

/// The paths that a pattern with `*`, `?` and `[...]` matches, sorted; none for an invalid pattern.
///
/// Upstream: `expandIfFilePattern` in `cli-runtime/pkg/resource/builder.go`, which uses Go's `filepath.Glob`. There `**` is
/// nothing special, and `^` negates a class.
fn glob_paths(pattern: &str) -> Vec<PathBuf> {
    if !pattern.contains(['*', '?', '[']) {
        return Vec::new();
    }
    let mut pattern = pattern.replace("[^", "[!");
    while pattern.contains("**") {
        pattern = pattern.replace("**", "*");
    }
    let options = glob::MatchOptions { require_literal_separator: true, ..glob::MatchOptions::new() };
    // Like Go, paths that cannot be read are left out.
    glob::glob_with(&pattern, options).map(|paths| paths.flatten().collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ctx() -> Ctx {
        Ctx::new(&["kubectl".into()])
    }

    #[cfg(unix)]
    #[test]
    fn links_to_directories_are_not_followed() {
        use std::os::unix::fs::symlink;
        let dir = tempfile::tempdir().expect("a folder");
        let root = dir.path().to_string_lossy().into_owned();
        std::fs::create_dir(dir.path().join("sub")).expect("a folder");
        std::fs::write(dir.path().join("sub/.yaml"), "x").expect("a file");
        std::fs::write(dir.path().join("a.yaml"), "x").expect("a file");
        for (target, link) in [("..", "sub/up"), (".", "self"), ("a.yaml", "b.yaml")] {
            symlink(target, dir.path().join(link)).expect("a link");
        }
        let read = |name: String| {
            let read = read_files(&mut ctx(), &[name.into()], true);
            let files = read.map(|r| r.files.iter().map(|t| t.name.replace(&root, "")).collect::<Vec<_>>());
            files.unwrap_or_else(|e| vec![e.message().replace(&root, "")])
        };
        assert_eq!(read(root.clone()), ["/a.yaml", "/b.yaml", "/sub/.yaml"]);
        assert_eq!(read(format!("{root}/self/")), ["/self/a.yaml", "/self/b.yaml", "/self/sub/.yaml"]);
        assert_eq!(read(format!("{root}/self")), ["error: error parsing /self: read /self: is a directory\n"]);
        symlink("gone", dir.path().join("c.yaml")).expect("a link");
        assert_eq!(read(format!("{root}/*.yaml")), ["error: the path \"/c.yaml\" does not exist\n"]);
        assert_eq!(read(root.clone()), ["error: open /c.yaml: no such file or directory\n"]);
    }

    #[test]
    fn files_come_by_name_and_only_manifests() {
        let dir = tempfile::tempdir().expect("a folder");
        for name in ["b.yaml", "a.json", "c.txt", "sub/d.yml"] {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            std::fs::write(path, "x").expect("a file");
        }
        let root = dir.path().to_string_lossy().into_owned();
        let names = |argument: String, recursive| {
            let read = read_files(&mut ctx(), &[argument.into()], recursive);
            let files = read.map(|r| r.files.iter().map(|t| t.name.replace(&root, "")).collect::<Vec<_>>());
            files.unwrap_or_else(|e| vec![e.message().replace(&root, "")])
        };
        assert_eq!(names(root.clone(), false), ["/a.json", "/b.yaml"]);
        assert_eq!(names(root.clone(), true), ["/a.json", "/b.yaml", "/sub/d.yml"]);
        assert_eq!(names(format!("{root}/c.txt"), false), ["/c.txt"]);
        assert_eq!(names(format!("{root}/*.yaml"), false), ["/b.yaml"]);
        assert_eq!(names(format!("{root}/nope"), false), ["error: the path \"/nope\" does not exist\n"]);
        assert_eq!(
            names("https://k8s.io/x.yaml".into(), false),
            ["Unable to connect to the server: dial tcp: lookup k8s.io: no such host\n"]
        );
    }
}
