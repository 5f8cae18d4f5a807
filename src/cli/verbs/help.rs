//! `help`: the help of the program or of one verb.

use crate::Verb;
use crate::args::groups;

/// The `help` verb. The parser handles it, because only the layer above the verbs knows the layout of help texts.
pub(super) const VERB: Verb = Verb {
    name: "help",
    aliases: &[],
    about: "Help about any command",
    long: "Display the help of any command.",
    examples: &[("Display the help of 'get'", "help get"), ("Display the help of a subcommand", "help rollout undo")],
    usage: "[command]",
    flags: groups::args,
    run: |_, _| Ok(()),
    family: &[],
};
