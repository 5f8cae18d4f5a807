//! In-process tests of the command line: the scripts in `testdata/cli/<area>/<story>.script`.
//!
//! Each script runs on a cluster of its own, in memory, in virtual time and with a fixed seed. It consists of a purpose,
//! steps with their expected output, and the files that the steps need:
//!
//! ```text
//! # An object that exists is not created again.
//! $ kubectl create -f $ROOT/a.yaml
//! | configmap/a created
//! $ kubectl create configmap a
//! ! error: failed to create configmap: configmaps "a" already exists
//! = 1
//! -- a.yaml --
//! {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}
//! ```
//!
//! - The first line states the purpose. Other lines that start with `#` and blank lines are comments, of which
//!   `# kctl: profile=kind nodes=3 metrics-server=true` says what the cluster is created from.
//! - `$` starts a step: a command line, split into words as a POSIX shell does but without expansions. The program may be
//!   called `kctl` or `kubectl`; its messages use the same name. `$ cat FILE` prints a file that a command has written.
//!   `KUBECTL_APPLYSET=true` before the program turns on that feature.
//! - `$ROOT` is the directory of the files, in command lines and in output.
//! - `|` is a line of standard output, `!` a line of standard error, `=` the exit code where it is not 0. A line with
//!   [`NO_NEWLINE`] follows output that does not end in a newline.
//! - `-- NAME --` starts a file; all files follow the last step. A name that ends in `/` is an empty directory.
//!
//! Scripts below `history` run on a disk, which is simulated, and each step is a process of its own: only there is a past.
//!
//! `KCTL_UPDATE_SCRIPTS=1 cargo test -p kctl-cli scripts` rewrites the expected output. The test then fails, so that the
//! changes are looked at and committed.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::Ctx;
use super::dispatch::{Language, run_in};
use kctl_cluster::profile::{ClusterPlan, Profile};
use kctl_cluster::testing::{SimulatedDisk, open_on};
use kctl_cluster::{Cluster, OpenOptions};

/// The line after output that does not end in a newline, as `diff` writes it.
const NO_NEWLINE: &str = "\\ No newline at end of output";

/// The environment variable that makes the test rewrite scripts.
const UPDATE: &str = "KCTL_UPDATE_SCRIPTS";

/// A script as data; [`Script::render`] gives back its text.
#[derive(Debug, PartialEq)]
struct Script {
    lines: Vec<Line>,
    files: Vec<(String, String)>,
}

/// A part of a script before its files.
#[derive(Debug, PartialEq)]
enum Line {
    /// A comment or a blank line.
    Comment(String),
    /// A command line without `$ `, and its output as [`Output::render`] writes it.
    Step { command: String, output: String },
}

impl Script {
    /// Parses a script.
    ///
    /// # Errors
    /// When the purpose or all steps are missing, or a line is neither comment, step nor output.
    fn parse(text: &str) -> Result<Script, String> {
        if !text.lines().next().is_some_and(|first| first.starts_with("# ") && first.len() > 2) {
            return Err("the first line must state the purpose (`# ...`)".into());
        }
        let mut script = Script { lines: Vec::new(), files: Vec::new() };
        for (number, line) in text.split_inclusive('\n').enumerate() {
            let trimmed = line.trim_end_matches('\n');
            if let Some(name) = trimmed.strip_prefix("-- ").and_then(|rest| rest.strip_suffix(" --")) {
                script.files.push((name.into(), String::new()));
            } else if let Some((_, content)) = script.files.last_mut() {
                content.push_str(line);
            } else {
                script.add_line(trimmed).map_err(|e| format!("line {}: {e}", number + 1))?;
            }
        }
        match script.lines.iter().any(|line| matches!(line, Line::Step { .. })) {
            true => Ok(script),
            false => Err("no steps".into()),
        }
    }

    fn add_line(&mut self, line: &str) -> Result<(), String> {
        if line.is_empty() || line.starts_with('#') {
            self.lines.push(Line::Comment(line.into()));
        } else if let Some(command) = line.strip_prefix("$ ") {
            self.lines.push(Line::Step { command: command.into(), output: String::new() });
        } else {
            match self.lines.last_mut() {
                Some(Line::Step { output, .. }) if line.starts_with(['|', '!', '=', '\\']) => {
                    output.push_str(line);
                    output.push('\n');
                }
                _ => return Err(format!("unexpected: {line}")),
            }
        }
        Ok(())
    }

    /// Returns the text of the script.
    fn render(&self) -> String {
        let mut text = String::new();
        for line in &self.lines {
            match line {
                Line::Comment(comment) => text.push_str(&format!("{comment}\n")),
                Line::Step { command, output } => text.push_str(&format!("$ {command}\n{output}")),
            }
        }
        for (name, content) in &self.files {
            text.push_str(&format!("-- {name} --\n{content}"));
        }
        text
    }

    /// Runs all steps. Returns the script with the actual output.
    fn run(&self, on_disk: bool) -> Script {
        let mut session = Session::with_plan(&self.files, self.plan());
        if on_disk {
            session.use_disk();
        }
        let run = |line: &Line| match line {
            Line::Comment(comment) => Line::Comment(comment.clone()),
            Line::Step { command, .. } => {
                Line::Step { command: command.clone(), output: session.run(command).render() }
            }
        };
        Script { lines: self.lines.iter().map(run).collect(), files: self.files.clone() }
    }

    /// Returns what the comments say about the cluster.
    fn plan(&self) -> ClusterPlan {
        let mut plan = ClusterPlan::default();
        let settings = self.lines.iter().filter_map(|line| match line {
            Line::Comment(comment) => comment.strip_prefix("# kctl:"),
            Line::Step { .. } => None,
        });
        for (key, value) in settings.flat_map(str::split_whitespace).filter_map(|word| word.split_once('=')) {
            match key {
                "profile" => plan.profile = Profile::parse(value).expect("a profile"),
                "nodes" => plan.nodes = Some(ClusterPlan::parse_nodes(value).expect("a number of nodes")),
                "metrics-server" => plan.metrics_server = value == "true",
                _ => panic!("unknown setting {key}"),
            }
        }
        plan
    }

    /// Returns the steps whose output differs from that of a run.
    fn differences(&self, actual: &Script) -> String {
        let mut text = String::new();
        for (expected, actual) in self.lines.iter().zip(&actual.lines) {
            if let (Line::Step { command, output: expected }, Line::Step { output: actual, .. }) = (expected, actual)
                && expected != actual
            {
                text.push_str(&format!("$ {command}\n--- expected\n{expected}--- actual\n{actual}"));
            }
        }
        text
    }
}

/// The result of a command.
struct Output {
    out: String,
    err: String,
    code: i32,
}

impl Output {
    /// Returns the result in the format of scripts.
    fn render(&self) -> String {
        let mut text = String::new();
        for (mark, stream) in [('|', &self.out), ('!', &self.err)] {
            for line in stream.lines() {
                text.push(mark);
                if !line.is_empty() {
                    text.push_str(&format!(" {line}"));
                }
                text.push('\n');
            }
            if !stream.is_empty() && !stream.ends_with('\n') {
                text.push_str(&format!("{NO_NEWLINE}\n"));
            }
        }
        if self.code != 0 {
            text.push_str(&format!("= {}\n", self.code));
        }
        text
    }
}

/// A cluster and a directory of files for the commands of one script.
pub(crate) struct Session {
    /// `None` only while a command runs.
    cluster: Option<Cluster>,
    /// The disk from which every command opens the cluster; `None` for a cluster that stays in memory.
    disk: Option<SimulatedDisk>,
    /// Removes the directory when it is dropped.
    _directory: tempfile::TempDir,
    root: PathBuf,
}

impl Session {
    pub(crate) fn new(files: &[(String, String)]) -> Session {
        Session::with_plan(files, ClusterPlan::default())
    }

    fn with_plan(files: &[(String, String)], plan: ClusterPlan) -> Session {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let root = directory.path().canonicalize().expect("an existing directory");
        for (name, content) in files {
            let path = root.join(name);
            let parent = if name.ends_with('/') { Some(path.as_path()) } else { path.parent() };
            std::fs::create_dir_all(parent.expect("a path below the root")).expect("a new directory");
            if !name.ends_with('/') {
                std::fs::write(&path, content).expect("a new file");
            }
        }
        let cluster = Cluster::open(OpenOptions { plan, ..OpenOptions::memory(1) }).expect("a cluster in memory");
        Session { cluster: Some(cluster), disk: None, _directory: directory, root }
    }

    /// Runs every following step in a process of its own, on a disk.
    fn use_disk(&mut self) {
        self.disk = Some(SimulatedDisk::default());
    }

    fn run(&mut self, command: &str) -> Output {
        let root = self.root.to_string_lossy().into_owned();
        let words = shlex::split(command).unwrap_or_else(|| panic!("unbalanced quotes: {command}"));
        let words: Vec<String> = words.iter().map(|word| word.replace("$ROOT", &root)).collect();
        let (out, err, code) = match words.first().map(String::as_str) {
            Some("kctl" | "kubectl") => self.run_kctl(&words, |_| ()),
            Some("KUBECTL_APPLYSET=true") => self.run_kctl(&words[1..], |ctx| ctx.apply_sets = true),
            Some("cat") => (self.read(&words[1..]), String::new(), 0),
            _ => panic!("not kctl, kubectl or cat: {command}"),
        };
        Output { out: out.replace(&root, "$ROOT"), err: err.replace(&root, "$ROOT"), code }
    }

    /// Runs kubectl with arguments. Returns standard output, then standard error with `! ` before each line, then the exit
    /// code after `= ` unless it is 0.
    pub(crate) fn kubectl(&mut self, args: &[String]) -> String {
        let argv: Vec<String> = std::iter::once("kubectl".to_string()).chain(args.iter().cloned()).collect();
        let (out, err, code) = self.run_kctl(&argv, |_| ());
        let errors: String = err.lines().map(|line| format!("! {line}\n")).collect();
        let code = if code == 0 { String::new() } else { format!("= {code}\n") };
        format!("{out}{errors}{code}")
    }

    fn run_kctl(&mut self, argv: &[String], set_up: impl FnOnce(&mut Ctx)) -> (String, String, i32) {
        let argv: Vec<OsString> = argv.iter().map(OsString::from).collect();
        if let Some(disk) = &self.disk {
            let command = Ctx::new(&argv).recorded_command();
            let opened = open_on(disk, OpenOptions { command, ..OpenOptions::memory(1) });
            self.cluster = Some(opened.expect("the cluster on the disk"));
        }
        let cluster = self.cluster.take().expect("given back by the last command");
        let mut ctx = Ctx::captured(&argv, cluster);
        set_up(&mut ctx);
        let code = run_in(&mut ctx, &argv, Language::ENGLISH);
        let (out, err, cluster) = ctx.into_captured();
        self.cluster = cluster;
        (out, err, code)
    }

    fn read(&self, names: &[String]) -> String {
        let read =
            |name: &String| std::fs::read_to_string(self.root.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
        names.iter().map(read).collect()
    }
}

/// Returns the scripts below a directory, sorted by path.
fn find_scripts(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).unwrap_or_else(|e| panic!("{}: {e}", directory.display()));
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.expect("a directory entry").path();
        match path.is_dir() {
            true => found.extend(find_scripts(&path)),
            false => found.push(path),
        }
    }
    assert!(!found.is_empty(), "no scripts in {}", directory.display());
    found.sort();
    found
}

/// Runs one script. Returns the failure, or `None` when all output is as expected.
fn failure(path: &Path, name: &str, update: bool) -> Option<String> {
    if path.extension().is_none_or(|extension| extension != "script") {
        return Some("not a .script file".into());
    }
    let text = std::fs::read_to_string(path).expect("a readable script");
    let script = match Script::parse(&text) {
        Ok(script) => script,
        Err(error) => return Some(error),
    };
    // A thread for each script: a panic, which names its thread, does not end the others.
    let run = || script.run(name.starts_with("history/"));
    let actual = std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name(name.into()).spawn_scoped(scope, run);
        thread.expect("a new thread").join()
    });
    let Ok(actual) = actual else { return Some("panicked (see above)".into()) };
    let differences = script.differences(&actual);
    if differences.is_empty() {
        return None;
    }
    if update {
        std::fs::write(path, actual.render()).expect("a writable script");
        return Some(format!("rewritten\n{differences}"));
    }
    Some(differences)
}

#[test]
fn scripts() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/cli");
    let update = std::env::var_os(UPDATE).is_some_and(|value| value == "1");
    let (mut count, mut failures) = (0, String::new());
    for path in find_scripts(&directory) {
        count += 1;
        let name = path.strip_prefix(&directory).expect("a path below the directory").to_string_lossy().into_owned();
        if let Some(failure) = failure(&path, &name, update) {
            writeln!(failures, "== {name}\n{failure}").expect("a string takes all writes");
        }
    }
    assert!(failures.is_empty(), "of {count} scripts these failed ({UPDATE}=1 accepts the actual output):\n{failures}");
}

#[test]
fn scripts_are_parsed_and_rendered() {
    let text = "# Purpose.\n\n$ kctl get cm a\n| a\n|\n\\ No newline at end of output\n! b\n= 1\n-- a.yaml --\nk: v\n-- d/ --\n";
    let script = Script::parse(text).expect("a script");
    assert_eq!(script.files, [("a.yaml".into(), "k: v\n".into()), ("d/".into(), String::new())]);
    assert_eq!(script.lines.len(), 3);
    assert_eq!(script.render(), text);
    let output = Output { out: "a\n\nb".into(), err: "c\n".into(), code: 2 };
    assert_eq!(output.render(), format!("| a\n|\n| b\n{NO_NEWLINE}\n! c\n= 2\n"));
    for (text, error) in [
        ("", "the first line must state the purpose (`# ...`)"),
        ("# Purpose.\n", "no steps"),
        ("# Purpose.\n| a\n", "line 2: unexpected: | a"),
        ("# Purpose.\n$ kctl\nx\n", "line 3: unexpected: x"),
    ] {
        assert_eq!(Script::parse(text), Err(error.into()), "{text}");
    }
}
