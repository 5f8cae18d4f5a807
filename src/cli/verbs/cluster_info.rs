//! `cluster-info`: the location of the control plane, which runs in this process.

use clap::{ArgMatches, Command};

use crate::args::{self, ArgProperties, groups};
use crate::{CliError, CliResult, Ctx, Verb};

/// The `cluster-info` verb.
pub(super) const VERB: Verb = Verb {
    name: "cluster-info",
    aliases: &[],
    about: "Display cluster information",
    long: "Display where the control plane runs: in this process, over the objects of a store.",
    examples: &[("Print the store of the control plane", "cluster-info")],
    usage: "[flags]",
    flags: groups::args,
    run: show,
    family: &[Verb {
        name: "dump",
        aliases: &[],
        about: "Not supported: dump relevant information for debugging and diagnosis",
        long: "Dump the state of the cluster for a diagnosis.

 This command is not supported. Use 'get --all-namespaces -o yaml' and 'logs' instead.",
        examples: &[
            ("Dump the state of the cluster", "cluster-info dump"),
            ("Dump it into files of a directory", "cluster-info dump --output-directory=state"),
            ("Dump two namespaces", "cluster-info dump --namespaces default,kube-system"),
        ],
        usage: "[flags]",
        flags: dump_flags,
        run: dump,
        family: &[],
    }],
};

fn dump_flags(command: Command) -> Command {
    let command = groups::output(groups::args(command)).mut_arg("output", |arg| arg.help_default("'json'"));
    groups::pod_timeout(groups::all_namespaces(command), "Time to wait until a pod runs, to read its log.", "20s")
        .arg(args::list("namespaces", "Namespaces to dump; can be repeated."))
        .arg(args::path(
            "output-directory",
            "Directory to write files to; without it, or with -, everything is printed.",
        ))
}

fn show(ctx: &mut Ctx, _: &ArgMatches) -> CliResult<()> {
    let place = ctx.store_dir()?;
    ctx.client()?;
    ctx.print_line(format!("Kubernetes control plane is running in the store {}", place.display()));
    Ok(())
}

fn dump(_: &mut Ctx, _: &ArgMatches) -> CliResult<()> {
    Err(CliError::new("cluster-info dump is not supported: use get --all-namespaces -o yaml and logs"))
}
