//! `options`: the global flags.

use clap::ArgMatches;

use crate::args::{global, groups, paragraphs};
use crate::{CliResult, Ctx, Verb};

/// `options`.
pub(super) const VERB: Verb = Verb {
    name: "options",
    aliases: &[],
    about: "Print the list of flags inherited by all commands",
    long: "Print the list of flags inherited by all commands.",
    examples: &[("Print the flags inherited by all commands", "options")],
    usage: "",
    flags: groups::args,
    run,
    family: &[],
};

fn run(ctx: &mut Ctx, _: &ArgMatches) -> CliResult<()> {
    ctx.print_line("The following options can be passed to any command:\n");
    ctx.print_line(paragraphs(global::args().iter()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::Session;

    #[test]
    fn global_flags_are_printed_with_their_defaults() {
        let text = Session::new().run("options");
        assert!(text.starts_with(
            "The following options can be passed to any command:\n\n    --as='':\n\tUsername to impersonate"
        ));
        for part in ["\n    --as-group=[]:\n", "\n    -n, --namespace='':\n", "\n    --warnings-as-errors=false:\n"] {
            assert!(text.contains(part), "{part}");
        }
    }
}
