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
mod events;
mod explain;
mod get;
mod help;
mod label;
mod logs;
mod metadata_map;
mod patch;
mod scale;
mod set;
mod sim;
mod store;
mod taint;
mod version;
mod wait;

use super::Verb;

/// The one list of verbs, in the order of the help.
pub static VERBS: &[Verb] = &[
    create::VERB,
    explain::VERB,
    get::VERB,
    set::VERB,
    delete::VERB,
    scale::VERB,
    describe::VERB,
    apply::VERB,
    completion::VERB,
    api_resources::RESOURCES,
    api_resources::VERSIONS,
    version::VERB,
    help::VERB,
    patch::VERB,
    label::VERB,
    annotate::VERB,
    taint::VERB,
    logs::VERB,
    wait::VERB,
    events::VERB,
    clock::VERB,
    sim::VERB,
    store::VERB,
];
