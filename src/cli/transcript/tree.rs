//! The files beside a transcript, which its sandbox has copies of.
//!
//! In a work tree of git they are what git tracks or would track; elsewhere everything whose name does not begin with a dot.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use super::format::{Format, Transcript};
use crate::{CliError, CliResult, git};
use kctl_base::order::Order as _;

/// The largest number of files of a directory that is copied.
const MOST_FILES: usize = 20_000;
/// The largest size of a directory that is copied, in MiB.
const MOST_MEBIBYTES: u64 = 64;

/// The files of a directory, relative to it, sorted.
#[derive(Debug)]
pub(super) struct Tree {
    root: PathBuf,
    files: Vec<PathBuf>,
    /// The files in the directory itself that are transcripts, sorted.
    transcripts: Vec<PathBuf>,
}

impl Tree {
    /// Lists the files of a directory that a sandbox has copies of.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub(super) fn of(root: &Path) -> CliResult<Tree> {
        let files = list(root)?;
        let beside = files.iter().filter(|file| file.components().count() == 1 && is_transcript(&root.join(file)));
        let transcripts = beside.cloned().collect();
        Ok(Tree { root: root.into(), files, transcripts })
    }

    /// Copies the files into an existing directory, except for transcripts beside `own`: other tests, of which there may be
    /// many. Symbolic links that lead out of the directory are left out.
    ///
    /// # Errors
    /// There is too much to copy, or a file cannot be read or written.
    pub(super) fn copy(&self, own: &Path, to: &Path) -> CliResult<()> {
        let mut bytes = 0;
        let left_out = |file: &&PathBuf| *file != own && self.transcripts.binary_search(file).is_ok();
        for (count, file) in self.files.iter().filter(|file| !left_out(file)).enumerate() {
            let (from, to) = (self.root.join(file), to.join(file));
            let failed = |e| CliError::io(format!("copy {}", from.display()), e);
            let found = fs::symlink_metadata(&from).map_err(failed)?;
            bytes += found.len();
            if count >= MOST_FILES || bytes > MOST_MEBIBYTES << 20 {
                return Err(self.too_large());
            }
            copy_file(&self.root, &from, found.file_type(), &to).map_err(failed)?;
        }
        Ok(())
    }

    fn too_large(&self) -> CliError {
        CliError::new(format!(
            "the directory {} is too large to be copied for a transcript: it has more than {MOST_FILES} files or \
             {MOST_MEBIBYTES} MiB; move the transcript and what it needs into a directory of their own",
            self.root.display()
        ))
    }
}

/// Lists the files of a directory, relative to it, sorted.
///
/// # Errors
/// The directory cannot be read.
pub(super) fn list(root: &Path) -> CliResult<Vec<PathBuf>> {
    // Tracked files may be gone, and submodules are directories.
    let is_there = |file: &PathBuf| fs::symlink_metadata(root.join(file)).is_ok_and(|found| !found.is_dir());
    let tracked = git::list_files(root).unwrap_or_default();
    let mut files: Vec<PathBuf> = tracked.into_iter().map(PathBuf::from).filter(is_there).collect();
    if files.is_empty() {
        walk(root, Path::new(""), &mut files).map_err(|e| CliError::io(format!("read {}", root.display()), e))?;
    }
    files.order();
    Ok(files)
}

/// Returns whether a file is a transcript with commands, or was meant to be.
fn is_transcript(path: &Path) -> bool {
    let Some(format) = Format::of(path) else { return false };
    // A file that cannot be read is reported when it is copied.
    fs::read(path).is_ok_and(|bytes| !Transcript::parse(format, &bytes).is_ok_and(|found| found.steps.is_empty()))
}

/// Adds the files below a directory whose names do not begin with a dot.
fn walk(root: &Path, below: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(root.join(below))? {
        let entry = entry?;
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let path = below.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true => walk(root, &path, files)?,
            false => files.push(path),
        }
    }
    Ok(())
}

/// Copies a file with its permissions, or a link within `root`, but nothing else.
fn copy_file(root: &Path, from: &Path, kind: fs::FileType, to: &Path) -> io::Result<()> {
    let link = if kind.is_symlink() { link_within(root, from)? } else { None };
    if link.is_none() && !kind.is_file() {
        return Ok(());
    }
    let copy = || match &link {
        Some(target) => make_link(target, to),
        None => fs::copy(from, to).map(drop),
    };
    match copy() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            to.parent().map_or(Ok(()), fs::create_dir_all)?;
            copy()
        }
        copied => copied,
    }
}

/// The target of a relative link that stays within a directory; `None` for any other.
fn link_within(root: &Path, link: &Path) -> io::Result<Option<PathBuf>> {
    let target = fs::read_link(link)?;
    let mut depth = link.strip_prefix(root).map_or(0, |path| path.components().count() as isize - 1);
    for component in target.components() {
        match component {
            Component::ParentDir => depth -= 1,
            Component::CurDir => {}
            Component::Normal(_) => depth += 1,
            Component::RootDir | Component::Prefix(_) => return Ok(None),
        }
        if depth < 0 {
            return Ok(None);
        }
    }
    Ok(Some(target))
}

#[cfg(unix)]
fn make_link(target: &Path, link: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, link)
}

#[cfg(not(unix))]
fn make_link(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_copied_without_other_transcripts_and_links_that_lead_out() {
        let (from, to) = (tempfile::tempdir().expect("a directory"), tempfile::tempdir().expect("a directory"));
        for (name, text) in [
            ("own.t", "  $ true\n"),
            ("other.t", "  $ true\n"),
            ("text.md", "just text\n"),
            ("other.md", "```console\n$ true\n```\n"),
            ("sub/other.t", "  $ true\n"),
            (".hidden/a", ""),
        ] {
            let path = from.path().join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
            fs::write(path, text).expect("a file");
        }
        for (target, link) in
            [("../text.md", "sub/in"), ("../../x", "sub/out"), ("/etc/hosts", "absolute"), ("sub", "d")]
        {
            make_link(Path::new(target), &from.path().join(link)).expect("a link");
        }
        let tree = Tree::of(from.path()).expect("a tree");
        tree.copy(Path::new("own.t"), to.path()).expect("a copy");
        let copied: Vec<String> =
            list(to.path()).expect("a list").iter().map(|path| path.display().to_string()).collect();
        assert_eq!(copied, ["d", "own.t", "sub/in", "sub/other.t", "text.md"]);
        assert_eq!(fs::read_to_string(to.path().join("sub/in")).expect("a link"), "just text\n");
    }

    #[test]
    fn what_git_ignores_is_left_out() {
        let directory = tempfile::tempdir().expect("a directory");
        for (name, text) in [(".gitignore", "ignored\n"), ("ignored", ""), ("new", ""), ("sub/new", "")] {
            let path = directory.path().join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
            fs::write(path, text).expect("a file");
        }
        let init = std::process::Command::new("git").arg("init").current_dir(directory.path()).output();
        let expected = match init.is_ok_and(|output| output.status.success()) {
            true => [".gitignore", "new", "sub/new"],
            // Without git.
            false => ["ignored", "new", "sub/new"],
        };
        assert_eq!(list(directory.path()).expect("a list"), expected.map(PathBuf::from));
    }

    #[test]
    fn a_huge_directory_is_refused() {
        let (from, to) = (tempfile::tempdir().expect("a directory"), tempfile::tempdir().expect("a directory"));
        let file = fs::File::create(from.path().join("big")).expect("a file");
        file.set_len((MOST_MEBIBYTES << 20) + 1).expect("a sparse file");
        let error = Tree::of(from.path()).expect("a tree").copy(Path::new("own.t"), to.path()).expect_err("too large");
        assert!(error.message().contains("is too large to be copied for a transcript"), "{}", error.message());
    }
}
