//! The verbs, one file each, and the one list of them.

mod annotate;
mod api_resources;
mod apply;
mod auth;
mod autoscale;
mod change;
mod clock;
mod cluster_info;
mod completion;
mod config;
mod create;
mod delete;
mod describe;
mod diff;
mod drain;
mod edit;
mod events;
mod explain;
mod expose;
mod get;
mod help;
mod kustomize;
mod label;
mod logs;
mod made;
mod metadata_map;
mod options;
mod patch;
mod refused;
mod replace;
mod resolve;
mod rollout;
mod run;
mod scale;
mod set;
mod sim;
mod store;
mod taint;
mod top;
mod version;
mod wait;

use super::Verb;

/// The one list of verbs, in the order of the help.
pub static VERBS: &[Verb] = &[
    create::VERB,
    expose::VERB,
    run::VERB,
    explain::VERB,
    get::VERB,
    edit::VERB,
    set::VERB,
    delete::VERB,
    rollout::VERB,
    scale::VERB,
    autoscale::VERB,
    describe::VERB,
    diff::VERB,
    apply::VERB,
    completion::VERB,
    api_resources::RESOURCES,
    api_resources::VERSIONS,
    version::VERB,
    help::VERB,
    patch::VERB,
    replace::VERB,
    label::VERB,
    annotate::VERB,
    drain::CORDON,
    drain::UNCORDON,
    drain::DRAIN,
    taint::VERB,
    top::VERB,
    auth::VERB,
    logs::VERB,
    wait::VERB,
    events::VERB,
    cluster_info::VERB,
    config::VERB,
    refused::ATTACH,
    refused::EXEC,
    refused::PORT_FORWARD,
    refused::PROXY,
    refused::CP,
    refused::DEBUG,
    refused::CERTIFICATE,
    refused::PLUGIN,
    refused::ALPHA,
    refused::KUBERC,
    kustomize::VERB,
    options::VERB,
    resolve::VERB,
    clock::VERB,
    sim::VERB,
    store::VERB,
];

/// For verbs that take no words and, as kubectl's, do not mind them.
fn words_that_mean_nothing(command: clap::Command) -> clap::Command {
    crate::args::groups::words(command)
}
