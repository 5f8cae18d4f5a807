//! The verbs, one file each, and the one list of them.

mod api_resources;
mod apply;
mod clock;
mod completion;
mod create;
mod delete;
mod describe;
mod explain;
mod get;
mod version;

use super::Verb;

/// The one list of verbs, in the order of the help.
pub static VERBS: &[Verb] = &[
    create::VERB,
    explain::VERB,
    get::VERB,
    delete::VERB,
    describe::VERB,
    apply::VERB,
    completion::VERB,
    api_resources::RESOURCES,
    api_resources::VERSIONS,
    version::VERB,
    clock::VERB,
];
