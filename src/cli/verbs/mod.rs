//! The verbs, one file each, and the list of them.

mod alpha;
mod annotate;
mod api_resources;
mod apply;
mod attachment;
mod auth;
mod autoscale;
mod certificate;
mod clock;
mod cluster_info;
mod completion;
mod config;
mod create;
mod creation;
mod debug;
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
mod history;
mod kuberc;
mod kustomize;
mod label;
mod logs;
mod metadata_map;
mod options;
mod overrides;
mod patch;
mod plan;
mod plugin;
mod raw;
mod refused;
mod remote;
mod replace;
mod resolve;
mod rollout;
mod run;
mod scale;
mod set;
mod sim;
mod store;
mod taint;
mod targets;
mod test;
mod timeline;
mod top;
mod version;
mod wait;
mod why;

pub(crate) use plugin::run as run_plugin;

use super::Verb;

/// Verbs that the help of the program shows together.
pub(crate) struct Group {
    /// The heading, without a colon.
    pub(crate) title: &'static str,
    /// The verbs in the order of the help.
    pub(crate) verbs: &'static [Verb],
}

/// The heading of the verbs that kubectl does not have.
const SIMULATION: &str = "Simulation Commands";

/// The list of verbs, in kubectl's groups (upstream: `kubectl/pkg/cmd/cmd.go`).
pub(crate) static GROUPS: &[Group] = &[
    Group { title: "Basic Commands (Beginner)", verbs: &[create::VERB, expose::VERB, run::VERB, set::VERB] },
    Group { title: "Basic Commands (Intermediate)", verbs: &[explain::VERB, get::VERB, edit::VERB, delete::VERB] },
    Group { title: "Deploy Commands", verbs: &[rollout::VERB, scale::VERB, autoscale::VERB] },
    Group {
        title: "Cluster Management Commands",
        verbs: &[
            certificate::VERB,
            cluster_info::VERB,
            top::VERB,
            drain::CORDON,
            drain::UNCORDON,
            drain::DRAIN,
            taint::VERB,
        ],
    },
    Group {
        title: "Troubleshooting and Debugging Commands",
        verbs: &[
            describe::VERB,
            logs::VERB,
            remote::ATTACH,
            remote::EXEC,
            remote::PORT_FORWARD,
            remote::PROXY,
            remote::CP,
            auth::VERB,
            debug::VERB,
            events::VERB,
        ],
    },
    Group {
        title: "Advanced Commands",
        verbs: &[diff::VERB, apply::VERB, patch::VERB, replace::VERB, wait::VERB, kustomize::VERB],
    },
    Group { title: "Settings Commands", verbs: &[label::VERB, annotate::VERB, completion::VERB] },
    Group {
        title: SIMULATION,
        verbs: &[
            clock::VERB,
            plan::VERB,
            sim::VERB,
            timeline::VERB,
            why::VERB,
            resolve::VERB,
            history::OP,
            history::UNDO,
            history::REDO,
            history::SNAPSHOT,
            history::BRANCH,
            store::VERB,
            test::VERB,
        ],
    },
    Group {
        title: "Other Commands",
        verbs: &[
            api_resources::RESOURCES,
            api_resources::VERSIONS,
            config::VERB,
            kuberc::VERB,
            plugin::VERB,
            version::VERB,
        ],
    },
];

/// Verbs that the help of the program leaves out.
static UNLISTED: &[Verb] = &[help::VERB, options::VERB, alpha::VERB];

/// The name of the verb that the parser handles itself.
pub(crate) const HELP: &str = help::VERB.name;

/// All verbs, without the members of families.
pub(crate) fn all() -> impl Iterator<Item = &'static Verb> {
    GROUPS.iter().flat_map(|group| group.verbs).chain(UNLISTED)
}

/// The verbs that kubectl has, too, without the members of families.
pub(crate) fn of_kubectl() -> impl Iterator<Item = &'static Verb> {
    let groups = GROUPS.iter().filter(|group| group.title != SIMULATION);
    groups.flat_map(|group| group.verbs).chain(UNLISTED)
}

/// The verb with a name or an alias.
pub(crate) fn find(word: &str) -> Option<&'static Verb> {
    all().find(|verb| verb.is_called(word))
}
