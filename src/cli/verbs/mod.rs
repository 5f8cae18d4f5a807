//! The verbs, one file each, and the one list of them.

mod annotate;
mod api_resources;
mod apply;
mod change;
mod clock;
mod completion;
mod create;
mod delete;
mod describe;
mod explain;
mod get;
mod label;
mod metadata_map;
mod patch;
mod rollout;
mod scale;
mod set;
mod taint;
mod version;

use super::Verb;

/// The one list of verbs, in the order of the help.
pub static VERBS: &[Verb] = &[
    create::VERB,
    set::VERB,
    explain::VERB,
    get::VERB,
    delete::VERB,
    rollout::VERB,
    scale::VERB,
    taint::VERB,
    describe::VERB,
    patch::VERB,
    apply::VERB,
    label::VERB,
    annotate::VERB,
    completion::VERB,
    api_resources::RESOURCES,
    api_resources::VERSIONS,
    version::VERB,
    clock::VERB,
];
