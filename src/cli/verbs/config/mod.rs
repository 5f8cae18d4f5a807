//! `config`: contexts, each with a default namespace.
//!
//! A store is one cluster with one user, so that contexts differ only in their namespaces. Entries about servers and
//! credentials are kept but have no effect. [`crate::kubeconfig`] reads and writes the file. Upstream:
//! `kubectl/pkg/cmd/config/`.

mod contexts;
mod entries;
mod property;
mod view;

use clap::{ArgMatches, Command};

use crate::args::{self, Matches, groups};
use crate::{CliError, CliResult, Ctx, Stream, Verb};
use kctl_base::field::quote;

/// The `config` verb with its subcommands.
pub(super) const VERB: Verb = Verb {
    name: "config",
    aliases: &[],
    about: "Modify kubeconfig files",
    long: "Modify kubeconfig files using subcommands like \"{program} config set current-context my-context\".

 A store has a kubeconfig file of its own; --kubeconfig or the environment variable KCTL_KUBECONFIG name another \
    one. A store is one cluster with one user, so that only the namespace of a context has an effect.",
    examples: &[],
    usage: "SUBCOMMAND",
    flags: |c| c,
    run: |_, _| Err(CliError::MissingSubcommand(Stream::Err)),
    family: FAMILY,
};

const FAMILY: &[Verb] = &[
    Verb {
        name: "current-context",
        aliases: &[],
        about: "Display the current-context",
        long: "Display the current context.",
        examples: &[("Display the current context", "config current-context")],
        usage: "",
        flags: groups::args,
        run: contexts::current,
        family: &[],
    },
    Verb {
        name: "delete-cluster",
        aliases: &[],
        about: "Delete the specified cluster from the kubeconfig",
        long: "Delete a cluster from the kubeconfig file.",
        examples: &[("Delete the cluster 'minikube'", "config delete-cluster minikube")],
        usage: "NAME",
        flags: groups::args,
        run: |ctx, matches| entries::delete(ctx, matches, "cluster"),
        family: &[],
    },
    Verb {
        name: "delete-context",
        aliases: &[],
        about: "Delete the specified context from the kubeconfig",
        long: "Delete a context from the kubeconfig file.",
        examples: &[("Delete the context 'minikube'", "config delete-context minikube")],
        usage: "NAME",
        flags: groups::args,
        run: contexts::delete,
        family: &[],
    },
    Verb {
        name: "delete-user",
        aliases: &[],
        about: "Delete the specified user from the kubeconfig",
        long: "Delete a user from the kubeconfig file.",
        examples: &[("Delete the user 'minikube'", "config delete-user minikube")],
        usage: "NAME",
        flags: groups::args,
        run: |ctx, matches| entries::delete(ctx, matches, "user"),
        family: &[],
    },
    Verb {
        name: "get-clusters",
        aliases: &[],
        about: "Display clusters defined in the kubeconfig",
        long: "Display the clusters of the kubeconfig file.",
        examples: &[("List the clusters", "config get-clusters")],
        usage: "",
        flags: groups::args,
        run: |ctx, _| entries::names(ctx, "clusters"),
        family: &[],
    },
    Verb {
        name: "get-contexts",
        aliases: &[],
        about: "Describe one or many contexts",
        long: "Display one or many contexts of the kubeconfig file.",
        examples: &[
            ("List all contexts", "config get-contexts"),
            ("Describe one context", "config get-contexts my-context"),
        ],
        usage: "[(-o|--output=)name)]",
        flags: contexts::list_flags,
        run: contexts::list,
        family: &[],
    },
    Verb {
        name: "get-users",
        aliases: &[],
        about: "Display users defined in the kubeconfig",
        long: "Display the users of the kubeconfig file.",
        examples: &[("List the users", "config get-users")],
        usage: "",
        flags: groups::args,
        run: |ctx, _| entries::names(ctx, "users"),
        family: &[],
    },
    Verb {
        name: "rename-context",
        aliases: &[],
        about: "Rename a context from the kubeconfig file",
        long: "Rename a context of the kubeconfig file.

 If it is the current context, it stays the current one.",
        examples: &[("Rename the context 'old-name' to 'new-name'", "config rename-context old-name new-name")],
        usage: "CONTEXT_NAME NEW_NAME",
        flags: groups::args,
        run: contexts::rename,
        family: &[],
    },
    Verb {
        name: "set-context",
        aliases: &[],
        about: "Set a context entry in kubeconfig",
        long: "Set a context of the kubeconfig file.

 Only the given fields of an existing context are changed.",
        examples: &[
            ("Set the namespace of the current context", "config set-context --current --namespace=shop"),
            ("Create a context", "config set-context shop --namespace=shop"),
        ],
        usage: "[NAME | --current] [--cluster=cluster_nickname] [--user=user_nickname] [--namespace=namespace]",
        flags: contexts::set_flags,
        run: contexts::set,
        family: &[],
    },
    Verb {
        name: "use-context",
        aliases: &["use"],
        about: "Set the current-context in a kubeconfig file",
        long: "Set the current context of the kubeconfig file.",
        examples: &[("Use the context 'shop'", "config use-context shop")],
        usage: "CONTEXT_NAME",
        flags: groups::args,
        run: contexts::switch,
        family: &[],
    },
    Verb {
        name: "view",
        aliases: &[],
        about: "Display merged kubeconfig settings or a specified kubeconfig file",
        long: "Display the kubeconfig file.

 -o jsonpath={...} selects single values.",
        examples: &[
            ("Show the kubeconfig file", "config view"),
            ("Show the kubeconfig file with certificates and secrets", "config view --raw"),
            (
                "Print the namespace of the current context",
                "config view --minify -o jsonpath={.contexts[0].context.namespace}",
            ),
        ],
        usage: "[flags]",
        flags: view::flags,
        run: view::run,
        family: &[],
    },
    Verb {
        name: "set",
        aliases: &[],
        about: "Set an individual value in a kubeconfig file",
        long: "Set a single value of the kubeconfig file.

 PROPERTY_NAME is a path whose parts are separated by dots. PROPERTY_VALUE is the new value; values of binary \
    fields such as certificate-authority-data are in Base64, unless --set-raw-bytes is given.",
        examples: &[
            ("Set the server of a cluster", "config set clusters.my-cluster.server https://1.2.3.4"),
            ("Set the namespace of a context", "config set contexts.my-context.namespace shop"),
        ],
        usage: "PROPERTY_NAME PROPERTY_VALUE",
        flags: property_flags,
        run: set,
        family: &[],
    },
    Verb {
        name: "set-cluster",
        aliases: &[],
        about: "Not supported: set a cluster entry in kubeconfig",
        long: "This command is not supported: a store is one cluster. Use 'set-context' or 'set'.",
        examples: &[],
        usage: "NAME",
        flags: super::refused::anything,
        run: refuse,
        family: &[],
    },
    Verb {
        name: "set-credentials",
        aliases: &[],
        about: "Not supported: set a user entry in kubeconfig",
        long: "This command is not supported: a store has one user. Use 'set-context' or 'set'.",
        examples: &[],
        usage: "NAME",
        flags: super::refused::anything,
        run: refuse,
        family: &[],
    },
    Verb {
        name: "unset",
        aliases: &[],
        about: "Unset an individual value in a kubeconfig file",
        long: "Remove a single value from the kubeconfig file.

 PROPERTY_NAME is a path whose parts are separated by dots.",
        examples: &[
            ("Unset the current context", "config unset current-context"),
            ("Unset the namespace of a context", "config unset contexts.foo.namespace"),
        ],
        usage: "PROPERTY_NAME",
        flags: groups::args,
        run: unset,
        family: &[],
    },
];

fn refuse(_: &mut Ctx, _: &ArgMatches) -> CliResult<()> {
    Err(CliError::new(
        "clusters and credentials are not simulated: a store is one cluster with one user; use set-context or set",
    ))
}

fn property_flags(command: Command) -> Command {
    groups::args(command)
        .arg(args::switch("set-raw-bytes", "The value of a binary field is given as it is instead of in Base64."))
}

fn set(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let words = matches.values("args");
    let [name, value] = words.as_slice() else {
        return Err(entries::unexpected(&words));
    };
    let raw_bytes = matches.flag("set-raw-bytes");
    ctx.change_kubeconfig(|config| property::set(&mut config.value, name, value, raw_bytes).map_err(CliError::new))?;
    ctx.print_line(format!("Property {} set.", quote(name)));
    Ok(())
}

fn unset(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let name = entries::one_word(matches)?;
    ctx.change_kubeconfig(|config| property::unset(&mut config.value, &name).map_err(CliError::new))?;
    ctx.print_line(format!("Property {} unset.", quote(&name)));
    Ok(())
}
