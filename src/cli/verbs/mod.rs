//! The verbs, one file each, and the one list of them.

mod apply;
mod clock;
mod create;
mod delete;
mod get;

use super::Verb;

/// The one list of verbs, in the order of the help.
pub static VERBS: &[Verb] = &[create::VERB, get::VERB, delete::VERB, apply::VERB, clock::VERB];
