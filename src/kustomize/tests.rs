//! Recorded builds: what the kustomize inside the real kubectl made of a directory has to come out to the last byte.
//!
//! Each file of `testdata/kustomize` is one story: its purpose on the first line, then `$` and the words of the command, then
//! `-- NAME --` before each file of the directory, and what was printed under STDOUT, STDERR and EXIT. `$ROOT` stands for
//! the directory that holds the files.

use std::collections::BTreeMap;
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

use super::{Files, Note, Notes, Options, build, to_yaml};

const ROOT: &str = "/recorded";

/// Files in memory.
struct Story {
    files: BTreeMap<PathBuf, String>,
    words: Vec<String>,
    out: String,
    err: String,
    exit: i32,
}

impl Story {
    fn read(text: &str) -> Story {
        let mut sections: Vec<(String, String)> = Vec::new();
        let mut words = Vec::new();
        for line in text.split_inclusive('\n') {
            let name = line.trim_end().strip_prefix("-- ").and_then(|rest| rest.strip_suffix(" --"));
            match (name, sections.last_mut()) {
                (Some(name), _) => sections.push((name.into(), String::new())),
                (None, Some((_, content))) => content.push_str(line),
                (None, None) => {
                    if let Some(rest) = line.strip_prefix("$ ") {
                        words = rest.split_whitespace().map(String::from).collect();
                    }
                }
            }
        }
        let mut take = |name: &str| {
            let at = sections.iter().position(|(n, _)| n == name);
            at.map(|at| sections.remove(at).1).unwrap_or_default()
        };
        let (out, err, exit) = (take("STDOUT"), take("STDERR"), take("EXIT").trim().parse().unwrap_or(0));
        let files = sections.into_iter().map(|(name, content)| (Path::new(ROOT).join(name), content)).collect();
        Story { files, words, out, err, exit }
    }

    fn is_folder(&self, path: &Path) -> bool {
        path == Path::new(ROOT) || self.files.keys().any(|file| file.starts_with(path) && file != path)
    }

    /// What the command prints now.
    fn told(&self) -> (String, String, i32) {
        let restricted = !self.words.iter().any(|word| word == "LoadRestrictionsNone");
        let options = Options { restricted, ..Options::default() };
        let mut notes = Notes::default();
        let built = build(self, &self.words[0], options, &mut notes);
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

impl Files for Story {
    fn read(&self, path: &Path) -> std::io::Result<Vec<u8>> {
        let missing = || Error::from(ErrorKind::NotFound);
        self.files.get(path).map(|text| text.clone().into_bytes()).ok_or_else(missing)
    }

    fn is_directory(&self, path: &Path) -> std::io::Result<bool> {
        match self.is_folder(path) || Path::new(ROOT).starts_with(path) {
            true => Ok(true),
            false => self.read(path).map(|_| false),
        }
    }

    fn canonical(&self, path: &Path) -> std::io::Result<PathBuf> {
        self.is_directory(path).map(|_| path.to_path_buf())
    }

    fn current(&self) -> PathBuf {
        PathBuf::from(ROOT)
    }
}

#[test]
fn recorded_builds_come_out_the_same() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/kustomize");
    let mut names: Vec<PathBuf> =
        std::fs::read_dir(folder).expect("recorded builds").map(|entry| entry.expect("an entry").path()).collect();
    names.sort();
    let mut different = Vec::new();
    for name in names.iter().filter(|name| name.extension().is_some_and(|e| e == "txt")) {
        let story = Story::read(&std::fs::read_to_string(name).expect("a story"));
        let (out, err, exit) = story.told();
        let told = (out.replace(ROOT, "$ROOT"), err.replace(ROOT, "$ROOT"), exit);
        if told != (story.out.clone(), story.err.clone(), story.exit) {
            let name = name.file_name().unwrap_or_default().to_string_lossy().into_owned();
            different.push(format!("{name}: exit {exit}\n{}{}", told.0, told.1));
        }
    }
    assert!(different.is_empty(), "{} builds differ:\n{}", different.len(), different.join("\n"));
}
