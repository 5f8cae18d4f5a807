//! The verbs, one file each, and the one list of them.

mod annotate;
mod change;
mod clock;
mod create;
mod get;
mod label;
mod metadata_map;
mod patch;
mod scale;
mod set;
mod taint;

use super::Verb;

/// The one list of verbs, in the order of the help.
pub static VERBS: &[Verb] = &[
    create::VERB,
    get::VERB,
    set::VERB,
    scale::VERB,
    patch::VERB,
    label::VERB,
    annotate::VERB,
    taint::VERB,
    clock::VERB,
];
