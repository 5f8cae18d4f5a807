//! The verbs, one file each, and the one list of them.

<<<<<<< HEAD
mod api_resources;
mod apply;
=======
mod annotate;
mod change;
>>>>>>> cli2
mod clock;
mod completion;
mod create;
mod delete;
mod describe;
mod explain;
mod get;
<<<<<<< HEAD
mod version;
=======
mod label;
mod metadata_map;
mod patch;
mod scale;
mod set;
mod taint;
>>>>>>> cli2

use super::Verb;

/// The one list of verbs, in the order of the help.
pub static VERBS: &[Verb] = &[
    create::VERB,
<<<<<<< HEAD
    explain::VERB,
    get::VERB,
    delete::VERB,
    describe::VERB,
    apply::VERB,
    completion::VERB,
    api_resources::RESOURCES,
    api_resources::VERSIONS,
    version::VERB,
=======
    get::VERB,
    set::VERB,
    scale::VERB,
    patch::VERB,
    label::VERB,
    annotate::VERB,
    taint::VERB,
>>>>>>> cli2
    clock::VERB,
];
