//! The clap command tree of the verbs.

use clap::{Arg, Command};

use crate::args::global;
use crate::{Verb, verbs};

/// The part of the tree that is built.
#[derive(Clone, Copy)]
pub(super) enum Scope {
    /// One verb: enough to run a command line, and much cheaper than all of them.
    Only(&'static Verb),
    /// Every verb by name, without flags: enough to refuse a verb that does not exist.
    Names,
    /// Every verb by name, and one of them with its flags: enough to complete a command line.
    NamesAnd(&'static Verb),
}

/// Builds the command tree of a program. It has thousands of small parts, so that a caller whose process ends soon does not
/// drop it.
pub(super) fn command(program: &str, scope: Scope) -> Command {
    let root = Command::new(program.to_string())
        .disable_version_flag(true)
        .disable_help_subcommand(true)
        .args_override_self(true)
        .subcommand_required(false);
    match scope {
        Scope::Only(verb) => root.args(global::args()).subcommand(with_flags(verb)),
        Scope::Names => root.args(flags_of_root()).subcommands(verbs::all().map(named)),
        Scope::NamesAnd(called) => {
            let verb = |verb: &'static Verb| match verb.name == called.name {
                true => with_global_flags(with_flags(verb)),
                false => named(verb),
            };
            root.args(flags_of_root()).subcommands(verbs::all().map(verb))
        }
    }
}

/// The global flags before the verb. Clap would copy them into every verb.
fn flags_of_root() -> impl Iterator<Item = Arg> {
    global::args().into_iter().map(|arg| arg.global(false))
}

/// Adds the global flags to a verb, whose own flags may hide some of them.
fn with_global_flags(verb: Command) -> Command {
    let is_own = |flag: &Arg| verb.get_arguments().any(|own| own.get_id() == flag.get_id());
    let flags: Vec<Arg> = global::args().into_iter().filter(|flag| !is_own(flag)).collect();
    verb.args(flags)
}

fn named(verb: &'static Verb) -> Command {
    Command::new(verb.name).about(verb.about).visible_aliases(verb.aliases.iter().copied())
}

fn with_flags(verb: &'static Verb) -> Command {
    let command = (verb.flags)(named(verb).args_override_self(true).disable_help_subcommand(true));
    command.subcommands(verb.family.iter().map(with_flags))
}

/// The names of the flags that a verb declares itself.
pub(super) fn own_flags(verb: &Verb) -> Vec<String> {
    let command = (verb.flags)(Command::new(verb.name));
    command.get_arguments().map(|arg| arg.get_id().to_string()).collect()
}
