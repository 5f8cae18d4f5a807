//! Reads the manifests that `-f` names: paths, patterns, directories, URLs and standard input.
//!
//! [`super::resolve`] interprets their content. Upstream: `cli-runtime/pkg/resource/builder.go` and `visitor.go`.

use std::ffi::{OsStr, OsString};
use std::fs::{DirEntry, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::fetch::{self, Url};
use super::{CliError, CliResult, Ctx};
use kctl_base::go::quote;
use kctl_base::order::Order as _;

/// Extensions of manifests. They decide only which files of a directory are read.
const EXTENSIONS: &[&str] = &[".json", ".yaml", ".yml"];

/// A file with its content.
pub(crate) struct ManifestFile {
    /// The name in messages: the path, the URL, or `STDIN`.
    pub(crate) name: String,
    /// The content.
    pub(crate) content: String,
}

/// The files that a list of names expands to, in kubectl's order.
pub(crate) struct ManifestFiles {
    /// The files.
    pub(crate) files: Vec<ManifestFile>,
    /// True when the list names exactly one file, URL or standard input: its single object is then shown by itself, not as a
    /// list.
    pub(crate) single: bool,
}

/// Reads the files that `-f` names.
///
/// # Errors
/// The names that cannot be expanded, all at once, before any file is read; or the first file that cannot be read.
pub(crate) fn read_files(ctx: &mut Ctx, names: &[OsString], recursive: bool) -> CliResult<ManifestFiles> {
    let Expanded { sources, one } = find(names, recursive)?;
    let mut files = Vec::new();
    for source in &sources {
        files.push(read(ctx, source)?);
    }
    Ok(ManifestFiles { files, single: one })
}

/// Checks that the names can be expanded, without reading or fetching anything.
///
/// # Errors
/// The names that cannot be expanded, all at once.
pub(crate) fn check(names: &[OsString], recursive: bool) -> CliResult<()> {
    find(names, recursive).map(drop)
}

/// Expands the names that `-f` gives.
fn find(names: &[OsString], recursive: bool) -> CliResult<Expanded> {
    let mut sources = Vec::new();
    let mut errors = Vec::new();
    let mut single = false;
    for name in names {
        match expand(name, recursive) {
            Ok(Expanded { sources: found, one }) => {
                single |= one;
                sources.extend(found);
            }
            Err(error) => errors.push(error),
        }
    }
    CliError::all(errors)?;
    if sources.is_empty() {
        let folders = names.join(OsStr::new(" "));
        let folders = folders.display();
        return Err(CliError::new(format!(
            "error reading [{folders}]: recognized file extensions are [.json .yaml .yml]"
        )));
    }
    single &= sources.len() == 1;
    Ok(Expanded { sources, one: single })
}

fn read(ctx: &mut Ctx, source: &Source) -> CliResult<ManifestFile> {
    let (name, bytes) = match source {
        Source::Stdin => ("STDIN".to_string(), ctx.read_stdin()?),
        Source::Url(url) => (url.redacted(), fetch::read(ctx, url)?),
        Source::File(path) => {
            let name = path.to_string_lossy().into_owned();
            let mut file = File::open(path).map_err(|e| CliError::io(format!("open {name}"), e))?;
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).map_err(|e| CliError::io(format!("error parsing {name}: read {name}"), e))?;
            (name, bytes)
        }
    };
    Ok(ManifestFile { name, content: String::from_utf8_lossy(&bytes).into_owned() })
}

/// The place that a manifest is read from.
enum Source {
    Stdin,
    File(PathBuf),
    Url(Url),
}

/// The files that values of `-f` stand for.
struct Expanded {
    sources: Vec<Source>,
    /// True when they are standard input, a URL, or a single file that is named directly.
    one: bool,
}

fn expand(path: &OsStr, recursive: bool) -> CliResult<Expanded> {
    let name = path.to_string_lossy();
    if name == "-" {
        return Ok(Expanded { sources: vec![Source::Stdin], one: true });
    }
    if fetch::is_url(&name) {
        let url = Url::parse(&name);
        let url =
            url.map_err(|e| CliError::new(format!("the URL passed to filename {} is not valid: {e}", quote(&name))))?;
        return Ok(Expanded { sources: vec![Source::Url(url)], one: true });
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
    Ok(Expanded { sources: files.into_iter().map(Source::File).collect(), one })
}

/// Collects the manifests of a directory, sorted by name; with `recursive` those of its subdirectories, too. Links to
/// directories are not followed, so that the walk ends.
fn walk(folder: &Path, recursive: bool, files: &mut Vec<PathBuf>) -> io::Result<()> {
    let mut entries = std::fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    entries.order_by_key(DirEntry::file_name);
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
            names("https://k8s.io:x/a".into(), false),
            [
                "error: the URL passed to filename \"https://k8s.io:x/a\" is not valid: parse \"https://k8s.io:x/a\": invalid port \":x\" after host\n"
            ]
        );
    }
}
