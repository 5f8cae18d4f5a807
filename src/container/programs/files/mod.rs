//! Programs that look at files and change them.

mod copy;

mod links;
mod list;
mod make;
mod modes;
mod owner;
mod paths;
mod remove;
mod stat;
mod touch;

use super::Program;

/// The programs of this family.
pub(super) const PROGRAMS: &[(&str, Program)] = &[
    ("basename", paths::basename),
    ("chgrp", owner::chown),
    ("chmod", modes::chmod),
    ("chown", owner::chown),
    ("cp", copy::cp),
    ("dirname", paths::dirname),
    ("ln", links::ln),
    ("ls", list::run),
    ("mkdir", make::mkdir),
    ("mkfifo", make::mkfifo),
    ("mktemp", make::mktemp),
    ("mv", copy::mv),
    ("readlink", paths::readlink),
    ("realpath", paths::realpath),
    ("rm", remove::rm),
    ("rmdir", remove::rmdir),
    ("stat", stat::run),
    ("touch", touch::run),
    ("unlink", remove::unlink),
];

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
