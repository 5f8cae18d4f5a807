//! Replays builds that were recorded with the kustomize inside kubectl; output must agree to the last byte.
//!
//! Each file of `testdata/kustomize` is one case: its purpose on the first line, then the arguments after `$`, then each file
//! of the directory after a `-- NAME --` line. The sections STDOUT, STDERR and EXIT hold the recorded result; those that are
//! empty or 0 are left out. `$ROOT` is the directory that holds the files.

use std::collections::BTreeMap;
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

use super::{FileSystem, KustomizeError, Note, Notes, Options, Remote, RemoteFile, Repository, build, to_yaml};

const ROOT: &str = "/recorded";

/// A recorded case, which is also the file system of its build. Files below `/web` are those of web servers, directories below
/// `/git` are repositories.
pub(super) struct Case {
    files: BTreeMap<PathBuf, String>,
    args: Vec<String>,
    out: String,
    err: String,
    exit: i32,
}

impl Case {
    pub(super) fn parse(text: &str) -> Case {
        let mut sections: Vec<(String, String)> = Vec::new();
        let mut args = Vec::new();
        for line in text.split_inclusive('\n') {
            let name = line.trim_end().strip_prefix("-- ").and_then(|rest| rest.strip_suffix(" --"));
            match (name, sections.last_mut()) {
                (Some(name), _) => sections.push((name.into(), String::new())),
                (None, Some((_, content))) => content.push_str(line),
                (None, None) => {
                    if let Some(rest) = line.strip_prefix("$ ") {
                        args = rest.split_whitespace().map(String::from).collect();
                    }
                }
            }
        }
        let mut take = |name: &str| {
            let at = sections.iter().position(|(n, _)| n == name);
            at.map(|at| sections.remove(at).1).unwrap_or_default()
        };
        let (out, err, exit) = (take("STDOUT"), take("STDERR"), take("EXIT"));
        assert!(!args.is_empty(), "a case has arguments after `$`");
        let exit = match exit.trim() {
            "" => 0,
            code => code.parse().expect("a number as exit code"),
        };
        let files = sections.into_iter().map(|(name, content)| (Path::new(ROOT).join(name), content)).collect();
        Case { files, args, out, err, exit }
    }

    fn contains_dir(&self, path: &Path) -> bool {
        path == Path::new(ROOT)
            || self
                .files
                .range(path.to_path_buf()..)
                .find(|(f, _)| *f != path)
                .is_some_and(|(f, _)| f.starts_with(path))
    }

    /// Runs the build. Returns stdout, stderr and the exit code.
    pub(super) fn run(&self) -> (String, String, i32) {
        let restrict_to_root = !self.args.iter().any(|arg| arg == "LoadRestrictionsNone");
        let options = Options { restrict_to_root, ..Options::default() };
        let mut notes = Notes::default();
        let built = build(self, self, &self.args[0], options, &mut notes);
        let mut err: String = notes
            .list
            .iter()
            .map(|note| match note {
                Note::Warning(text) => format!("{text}\n"),
                Note::Log(text) => format!("<log> log.go:245] {text}\n"),
            })
            .collect();
        match built {
            Ok(objects) => (to_yaml(&objects), err, 0),
            Err(error) => {
                err.push_str(&format!("error: {}\n", error.to_string().trim_end_matches('\n')));
                (String::new(), err, 1)
            }
        }
    }
}

impl FileSystem for Case {
    fn read(&self, path: &Path) -> std::io::Result<Vec<u8>> {
        let missing = || Error::from(ErrorKind::NotFound);
        self.files.get(path).map(|text| text.clone().into_bytes()).ok_or_else(missing)
    }

    fn is_dir(&self, path: &Path) -> std::io::Result<bool> {
        match self.contains_dir(path) || Path::new(ROOT).starts_with(path) {
            true => Ok(true),
            false => self.read(path).map(|_| false),
        }
    }

    fn canonicalize(&self, path: &Path) -> std::io::Result<PathBuf> {
        self.is_dir(path).map(|_| path.to_path_buf())
    }

    fn current_dir(&self) -> PathBuf {
        PathBuf::from(ROOT)
    }
}

impl Remote for Case {
    fn get(&self, url: &str) -> Result<RemoteFile, KustomizeError> {
        let (_, name) = url.split_once("://").expect("a URL");
        let found = self.files.get(&Path::new("/web").join(name));
        Ok(match found {
            Some(text) => RemoteFile { status: 200, reason: "OK".into(), content: text.clone().into_bytes() },
            None => RemoteFile { status: 404, reason: "Not Found".into(), content: Vec::new() },
        })
    }

    fn fetch(&self, repository: &Repository) -> Result<PathBuf, KustomizeError> {
        if repository.reference == "slow" {
            return Err(KustomizeError::Timeout(format!("hit {} timeout", repository.timeout)));
        }
        let (_, name) = repository.url.split_once("://").expect("a URL");
        let path = Path::new("/git").join(name.trim_start_matches('/'));
        match self.contains_dir(&path) {
            true => Ok(path),
            false => Err(KustomizeError::Other("exit status 128".into())),
        }
    }
}

#[test]
fn builds_agree_with_recorded_ones() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/kustomize");
    let mut names: Vec<PathBuf> =
        std::fs::read_dir(dir).expect("recorded builds").map(|entry| entry.expect("an entry").path()).collect();
    assert!(!names.is_empty(), "no recorded builds");
    names.sort();
    let mut different = Vec::new();
    for name in &names {
        let case = Case::parse(&std::fs::read_to_string(name).expect("a readable case"));
        let (out, err, exit) = case.run();
        let actual = (out.replace(ROOT, "$ROOT"), err.replace(ROOT, "$ROOT"), exit);
        if actual != (case.out.clone(), case.err.clone(), case.exit) {
            let name = name.file_name().unwrap_or_default().to_string_lossy().into_owned();
            different.push(format!("{name}: exit {exit}\n{}{}", actual.0, actual.1));
        }
    }
    assert!(different.is_empty(), "{} builds differ:\n{}", different.len(), different.join("\n"));
}
