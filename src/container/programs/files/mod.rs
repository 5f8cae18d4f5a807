//! Programs that look at files and change them.

mod archive;
mod copy;
mod dd;
mod destination;
mod disk;
mod find;
mod gzip;
mod links;
mod list;
mod make;
mod modes;
mod owner;
mod pack;
mod paths;
mod pieces;
mod remove;
mod stat;
mod touch;
mod ustar;

use serde::{Deserialize, Serialize};

use super::Program;
use super::io::Io;
use crate::call::{Call, Stop};

/// The programs of this family.
pub(super) const PROGRAMS: &[(&str, Program)] = &[
    ("basename", paths::basename),
    ("chgrp", owner::chown),
    ("chmod", modes::chmod),
    ("chown", owner::chown),
    ("cp", copy::cp),
    ("df", disk::df),
    ("dirname", paths::dirname),
    ("du", disk::du),
    ("fallocate", disk::fallocate),
    ("install", pieces::install),
    ("ln", links::ln),
    ("ls", list::run),
    ("mkdir", make::mkdir),
    ("mkfifo", make::mkfifo),
    ("mktemp", make::mktemp),
    ("mount", disk::mount),
    ("mv", copy::mv),
    ("readlink", paths::readlink),
    ("realpath", paths::realpath),
    ("rm", remove::rm),
    ("rmdir", remove::rmdir),
    ("stat", stat::run),
    ("touch", touch::run),
    ("truncate", disk::truncate),
    ("unlink", remove::unlink),
];

/// A program that keeps nothing but its input and output.
type Reader = fn(&mut Call<'_>, &mut Io) -> Result<i32, Stop>;

const READERS: &[(&str, Reader)] = &[
    ("gunzip", gzip::gzip),
    ("gzip", gzip::gzip),
    ("split", pieces::split),
    ("tar", archive::tar),
    ("zcat", gzip::gzip),
];

/// The names of the programs with a state.
pub(super) const NAMES: &[&str] = &["dd", "find", "gunzip", "gzip", "split", "tar", "zcat"];

/// The state of a program of this family.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct State {
    io: Io,
    kind: Kind,
}

/// The state of a program beside its input and output.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Kind {
    Dd(dd::Dd),
    Find(find::Find),
    Reader,
}

impl State {
    /// Goes on until the program waits or ends.
    pub(super) fn step(&mut self, call: &mut Call<'_>) -> Result<i32, Stop> {
        self.io.begin();
        let result = match &mut self.kind {
            Kind::Dd(dd) => dd.run(call, &mut self.io),
            Kind::Find(find) => find.run(call, &mut self.io),
            Kind::Reader => match READERS.iter().find(|(name, _)| *name == call.name()) {
                Some((_, run)) => run(call, &mut self.io),
                None => Err(Stop::Exit(127)),
            },
        };
        self.io.flush(call)?;
        result
    }
}

/// Returns the first state of a program; `None` if it is not one of this family with a state.
pub(super) fn state(name: &str, _argv: &[String]) -> Option<State> {
    let kind = match name {
        "dd" => Kind::Dd(dd::Dd::default()),
        "find" => Kind::Find(find::Find::default()),
        name if READERS.iter().any(|(reader, _)| *reader == name) => Kind::Reader,
        _ => return None,
    };
    Some(State { io: Io::default(), kind })
}

/// Returns the path of an entry of a directory.
fn join(directory: &str, name: &str) -> String {
    if directory.ends_with('/') { format!("{directory}{name}") } else { format!("{directory}/{name}") }
}

/// Formats a size in bytes for people as `ls -h` does. GNU rounds up, busybox to the nearest.
fn human(bytes: u64, rounds_up: bool) -> String {
    if bytes < 1024 {
        return bytes.to_string();
    }
    let mut value = bytes as f64;
    let mut unit = ' ';
    for next in "KMGTPE".chars() {
        if value < 1024.0 {
            break;
        }
        value /= 1024.0;
        unit = next;
    }
    let round = |value: f64| if rounds_up { value.ceil() } else { value.round() };
    let tenths = round(value * 10.0);
    if tenths < 100.0 { format!("{:.1}{unit}", tenths / 10.0) } else { format!("{:.0}{unit}", round(value)) }
}
