//! Flags: how they are declared, grouped, documented and read.

mod display;
mod flags;
pub(crate) mod global;
pub(crate) mod groups;
mod matches;

pub(crate) use display::paragraphs;
pub(crate) use flags::{
    ArgProperties, Names, choice, duration, each, list, names, number, number32, object_names, optional, pairs,
    parse_bool, path, paths, positional, switch, text,
};
pub(crate) use matches::{Matches, SharedFlags};
