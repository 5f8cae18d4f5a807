//! The verbs, one file each, and the one list of them.

mod clock;

use super::Verb;

/// The one list of verbs, in the order of the help.
pub static VERBS: &[Verb] = &[clock::VERB];
