//! `find`.

mod expression;

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::join;
use crate::call::{Call, Stop};
use crate::errno::Errno;
use crate::fs::{NodeKind, Stat};
use crate::process::{Pid, Status, Wait};
use crate::programs::io::Io;
use crate::programs::opts::{is_busybox, quote};
use crate::programs::{base_name, child, users};
use expression::{Expression, Search};

/// Most files of one command that runs for many.
const BATCH: usize = 1000;

/// `find`: how far it has come. A file at which it waited for a command is looked at again from the start of the expression;
/// what its actions have answered is remembered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Find {
    has_started: bool,
    /// Paths that are still to be looked at, with their depth.
    rest: VecDeque<(String, usize)>,
    /// The actions of the present file that were done, with their truth.
    done: Vec<bool>,
    child: Option<Pid>,
    /// The files of the commands that run for many, by the number of the command.
    batches: Vec<Vec<String>>,
    code: i32,
}

/// The fate of a file after its expression.
#[derive(Default)]
struct Outcome {
    is_pruned: bool,
    quits: bool,
}

impl Find {
    pub(super) fn run(&mut self, call: &mut Call<'_>, io: &mut Io) -> Result<i32, Stop> {
        let is_busybox = is_busybox(call);
        let args = call.args();
        let search = match expression::parse(&args, is_busybox) {
            Ok(search) => search,
            Err(message) => {
                call.complain(&message);
                return Ok(1);
            }
        };
        if !self.has_started {
            self.has_started = true;
            for reference in &search.references {
                if let Err(errno) = call.files().stat(reference) {
                    let busybox = format!("can't stat '{reference}'");
                    let what = if is_busybox { busybox } else { quote(call, reference) };
                    call.complain(&format!("{what}: {}", errno.text()));
                    return Ok(1);
                }
            }
            self.batches = vec![Vec::new(); search.commands.len()];
            for path in &search.paths {
                self.add(call, &search, path, 0);
            }
        }
        while let Some((path, depth)) = self.rest.front().cloned() {
            io.pause(call, 64)?;
            let outcome = self.look(call, io, &search, &path, depth)?;
            self.rest.pop_front();
            self.done.clear();
            if outcome.quits {
                self.rest.clear();
            } else if !outcome.is_pruned && !search.is_depth_first {
                self.descend(call, &search, &path, depth);
            }
        }
        self.finish_batches(call, io, &search)?;
        Ok(self.code)
    }

    /// Adds a path; with `-depth` its entries come before it.
    fn add(&mut self, call: &mut Call<'_>, search: &Search, path: &str, depth: usize) {
        if search.is_depth_first {
            for (name, _) in self.entries(call, search, path, depth) {
                self.add(call, search, &name, depth + 1);
            }
        }
        self.rest.push_back((path.to_owned(), depth));
    }

    fn descend(&mut self, call: &mut Call<'_>, search: &Search, path: &str, depth: usize) {
        for entry in self.entries(call, search, path, depth).into_iter().rev() {
            self.rest.push_front(entry);
        }
    }

    /// Returns the entries of a directory with their depth.
    fn entries(&mut self, call: &mut Call<'_>, search: &Search, path: &str, depth: usize) -> Vec<(String, usize)> {
        let is_directory = stat(call, search, path).is_ok_and(|stat| stat.node.is_directory());
        if depth >= search.most_depth || !is_directory {
            return Vec::new();
        }
        match call.files().list(path) {
            Ok(names) => names.into_iter().map(|name| (join(path, &name), depth + 1)).collect(),
            Err(errno) => {
                self.complain(call, path, errno);
                Vec::new()
            }
        }
    }

    fn complain(&mut self, call: &mut Call<'_>, path: &str, errno: Errno) {
        let what = if is_busybox(call) { path.to_owned() } else { quote(call, path) };
        call.complain(&format!("{what}: {}", errno.text()));
        self.code = 1;
    }

    fn look(
        &mut self,
        call: &mut Call<'_>,
        io: &mut Io,
        search: &Search,
        path: &str,
        depth: usize,
    ) -> Result<Outcome, Stop> {
        let mut outcome = Outcome::default();
        let stat = match stat(call, search, path) {
            Ok(stat) => stat,
            // A command before may have removed it.
            Err(_) if !self.done.is_empty() => return Ok(outcome),
            Err(errno) => {
                self.complain(call, path, errno);
                return Ok(outcome);
            }
        };
        if depth >= search.least_depth {
            let file = File { path, stat: &stat, action: 0 };
            Evaluation { find: self, file, outcome: &mut outcome }.holds(call, io, &search.expression)?;
        }
        Ok(outcome)
    }

    /// Runs a command to its end; returns whether it has succeeded.
    fn execute(&mut self, call: &mut Call<'_>, io: &mut Io, argv: Vec<String>) -> Result<bool, Stop> {
        if self.child.is_none() {
            io.flush(call)?;
            let program = argv[0].clone();
            match child::spawn(call, argv) {
                Ok(child) => self.child = Some(child),
                Err(errno) => {
                    self.complain(call, &program, errno);
                    self.code = if is_busybox(call) { self.code } else { 0 };
                    return Ok(false);
                }
            }
        }
        let Some(child) = self.child else { return Ok(false) };
        match call.reap(child) {
            Ok(None) => Err(Stop::Wait(Wait::Child)),
            Ok(Some(status)) => {
                self.child = None;
                Ok(status == Status::Exited(0))
            }
            Err(_) => {
                self.child = None;
                Ok(false)
            }
        }
    }

    fn finish_batches(&mut self, call: &mut Call<'_>, io: &mut Io, search: &Search) -> Result<(), Stop> {
        for (number, command) in search.commands.iter().enumerate() {
            while !self.batches[number].is_empty() {
                let count = self.batches[number].len().min(BATCH);
                let files = self.batches[number][..count].to_vec();
                let has_succeeded = self.execute(call, io, [&command[..command.len() - 1], &files].concat())?;
                self.batches[number].drain(..count);
                if !has_succeeded {
                    self.code = 1;
                }
            }
        }
        Ok(())
    }
}

fn stat(call: &mut Call<'_>, search: &Search, path: &str) -> Result<Stat, Errno> {
    let files = call.files();
    match search.follows_links {
        true => files.stat(path).or_else(|_| files.lstat(path)),
        false => files.lstat(path),
    }
}

/// The file that is looked at.
struct File<'a> {
    path: &'a str,
    stat: &'a Stat,
    /// Number of the next action in the expression.
    action: usize,
}

struct Evaluation<'a> {
    find: &'a mut Find,
    file: File<'a>,
    outcome: &'a mut Outcome,
}

impl Evaluation<'_> {
    /// Reports whether an expression holds, and does its actions.
    fn holds(&mut self, call: &mut Call<'_>, io: &mut Io, expression: &Expression) -> Result<bool, Stop> {
        if self.outcome.quits {
            return Ok(false);
        }
        Ok(match expression {
            Expression::And(left, right) => self.holds(call, io, left)? && self.holds(call, io, right)?,
            Expression::Or(left, right) => self.holds(call, io, left)? || self.holds(call, io, right)?,
            Expression::Not(inner) => !self.holds(call, io, inner)?,
            Expression::Prune => {
                self.outcome.is_pruned = true;
                true
            }
            Expression::Quit => {
                self.outcome.quits = true;
                true
            }
            Expression::Print
            | Expression::PrintZero
            | Expression::Delete
            | Expression::Execute(_)
            | Expression::ExecuteMany(_) => {
                let number = self.file.action;
                self.file.action += 1;
                match self.find.done.get(number) {
                    Some(truth) => *truth,
                    None => {
                        let truth = self.act(call, io, expression)?;
                        self.find.done.push(truth);
                        truth
                    }
                }
            }
            test => self.test(call, test),
        })
    }

    fn act(&mut self, call: &mut Call<'_>, io: &mut Io, action: &Expression) -> Result<bool, Stop> {
        let path = self.file.path;
        match action {
            Expression::Print => io.print(format!("{path}\n")),
            Expression::PrintZero => io.print(format!("{path}\0")),
            Expression::Delete => return Ok(self.delete(call)),
            Expression::Execute(command) => {
                let argv = command.iter().map(|word| word.replace("{}", path)).collect();
                return self.find.execute(call, io, argv);
            }
            Expression::ExecuteMany(number) => self.find.batches[*number].push(path.to_owned()),
            _ => {}
        }
        Ok(true)
    }

    fn delete(&mut self, call: &mut Call<'_>) -> bool {
        let path = self.file.path;
        if path == "." {
            return true;
        }
        let mut files = call.files();
        let deleted =
            if self.file.stat.node.is_directory() { files.remove_directory(path) } else { files.unlink(path) };
        if let Err(errno) = deleted {
            let what = if is_busybox(call) { path.to_owned() } else { format!("cannot delete {}", quote(call, path)) };
            call.complain(&format!("{what}: {}", errno.text()));
            self.find.code = 1;
        }
        deleted.is_ok()
    }

    fn test(&self, call: &mut Call<'_>, test: &Expression) -> bool {
        let File { path, stat, .. } = &self.file;
        let attributes = stat.node.attributes;
        match test {
            Expression::Constant(truth) => *truth,
            Expression::Name(pattern) => {
                let name = base_name(path.trim_end_matches('/'));
                pattern.is_match(if name.is_empty() { b"/" } else { name.as_bytes() })
            }
            Expression::Path(pattern) => pattern.is_match(path.as_bytes()),
            Expression::Kind(kinds) => kinds.contains(match stat.node.kind {
                NodeKind::File(_) => 'f',
                NodeKind::Directory(_) => 'd',
                NodeKind::Link(_) => 'l',
                NodeKind::Device(_) => 'c',
                NodeKind::Fifo => 'p',
            }),
            Expression::Size(amount, unit) => {
                let size = stat.node.size();
                amount.matches(size.div_ceil(*unit).cast_signed())
            }
            Expression::Age(amount, unit) => {
                let age = (call.now().secs() - attributes.modified.secs()).div_euclid(*unit);
                amount.matches(age)
            }
            Expression::Newer(reference) => {
                call.files().stat(reference).is_ok_and(|other| attributes.modified > other.node.attributes.modified)
            }
            Expression::Empty => match &stat.node.kind {
                NodeKind::File(content) => content.as_slice().is_empty(),
                NodeKind::Directory(entries) => entries.is_empty(),
                _ => false,
            },
            Expression::Permissions(sign, bits) => match sign {
                None => attributes.mode & 0o7777 == *bits,
                Some('-') => attributes.mode & bits == *bits,
                Some(_) => *bits == 0 || attributes.mode & bits != 0,
            },
            Expression::User(name) => {
                let uid = users::find(call, name).map(|user| user.uid).or_else(|| name.parse().ok());
                uid == Some(attributes.uid)
            }
            Expression::Group(name) => {
                let gid = users::group_id(call, name).or_else(|| name.parse().ok());
                gid == Some(attributes.gid)
            }
            // Actions are done elsewhere.
            _ => false,
        }
    }
}
