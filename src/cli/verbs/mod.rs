//! The verbs, one file each, and the one list of them.

mod clock;
mod create;
mod get;

use super::Verb;

/// The one list of verbs, in the order of the help.
pub static VERBS: &[Verb] = &[create::VERB, get::VERB, clock::VERB];
