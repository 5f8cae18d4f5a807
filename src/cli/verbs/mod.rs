//! The verbs, one file each, and the one list of them.

mod clock;
mod get;

use super::Verb;

/// The one list of verbs, in the order of the help.
pub static VERBS: &[Verb] = &[get::VERB, clock::VERB];
