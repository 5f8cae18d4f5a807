//! `config`: contexts, each with a default namespace.
//!
//! A store is one cluster with one user, so that contexts differ only in their namespaces. Entries about servers and
//! credentials are kept but have no effect. [`crate::kubeconfig`] reads and writes the file. Upstream:
//! `kubectl/pkg/cmd/config/`.

mod contexts;
mod entries;
mod property;
mod set_entries;
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

 The loading order follows these rules:

  1.  If the --kubeconfig flag is set, then only that file is loaded. The flag may only be set once and no merging takes place.
  2.  If $KUBECONFIG environment variable is set, then it is used as a list of paths (normal path delimiting rules for your system). These paths are merged. When a value is modified, it is modified in the file that defines the stanza. When a value is created, it is created in the first file that exists. If no files in the chain exist, then it creates the last file in the list.
  3.  Otherwise, ${HOME}/.kube/config is used and no merging takes place.",
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
        usage: "[flags]",
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
        run: |ctx, matches| entries::delete(ctx, matches, "context"),
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
        usage: "[flags]",
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
        usage: "[flags]",
        flags: groups::args,
        run: |ctx, _| entries::names(ctx, "users"),
        family: &[],
    },
    Verb {
        name: "rename-context",
        aliases: &[],
        about: "Rename a context from the kubeconfig file",
        long: "Renames a context from the kubeconfig file.

 CONTEXT_NAME is the context name that you want to change.

 NEW_NAME is the new name you want to set.

 Note: If the context being renamed is the 'current-context', this field will also be updated.",
        examples: &[("Rename the context 'old-name' to 'new-name' in your kubeconfig file", "config rename-context old-name new-name")],
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
        long: "Set the current-context in a kubeconfig file.",
        examples: &[("Use the context for the minikube cluster", "config use-context minikube")],
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
        long: "Set an individual value in a kubeconfig file.

 PROPERTY_NAME is a dot delimited name where each token represents either an attribute name or a map key.  Map keys may not contain dots.

 PROPERTY_VALUE is the new value you want to set. Binary fields such as 'certificate-authority-data' expect a base64 encoded string unless the --set-raw-bytes flag is used.

 Specifying an attribute name that already exists will merge new fields on top of existing values.",
        examples: &[("Set the server field on the my-cluster cluster to https://1.2.3.4", "config set clusters.my-cluster.server https://1.2.3.4"), ("Set the certificate-authority-data field on the my-cluster cluster", "config set clusters.my-cluster.certificate-authority-data $(echo \"cert_data_here\" | base64 -i -)"), ("Set the cluster field in the my-context context to my-cluster", "config set contexts.my-context.cluster my-cluster"), ("Set the client-key-data field in the cluster-admin user using --set-raw-bytes option", "config set users.cluster-admin.client-key-data cert_data_here --set-raw-bytes=true")],
        usage: "PROPERTY_NAME PROPERTY_VALUE",
        flags: property_flags,
        run: set,
        family: &[],
    },
    Verb {
        name: "set-cluster",
        aliases: &[],
        about: "Set a cluster entry in kubeconfig",
        long: "Set a cluster entry in kubeconfig.

 Specifying a name that already exists will merge new fields on top of existing values for those fields.",
        examples: &[
            ("Set only the server field on the e2e cluster entry without touching other values", "config set-cluster e2e --server=https://1.2.3.4"),
            ("Embed certificate authority data for the e2e cluster entry", "config set-cluster e2e --embed-certs --certificate-authority=~/.kube/e2e/kubernetes.ca.crt"),
            ("Disable cert checking for the e2e cluster entry", "config set-cluster e2e --insecure-skip-tls-verify=true"),
            ("Set the custom TLS server name to use for validation for the e2e cluster entry", "config set-cluster e2e --tls-server-name=my-cluster-name"),
            ("Set the proxy URL for the e2e cluster entry", "config set-cluster e2e --proxy-url=https://1.2.3.4"),
        ],
        usage: "NAME [--server=server] [--certificate-authority=path/to/certificate/authority] [--insecure-skip-tls-verify=true] [--tls-server-name=example.com]",
        flags: set_entries::cluster_flags,
        run: set_entries::set_cluster,
        family: &[],
    },
    Verb {
        name: "set-credentials",
        aliases: &[],
        about: "Set a user entry in kubeconfig",
        long: "Set a user entry in kubeconfig.

 Specifying a name that already exists will merge new fields on top of existing values.

        Client-certificate flags:
        --client-certificate=certfile --client-key=keyfile

        Bearer token flags:
        --token=bearer_token

        Basic auth flags:
        --username=basic_user --password=basic_password

 Bearer token and basic auth are mutually exclusive.",
        examples: &[
            ("Set only the \"client-key\" field on the \"cluster-admin\"\n  # entry, without touching other values", "config set-credentials cluster-admin --client-key=~/.kube/admin.key"),
            ("Set basic auth for the \"cluster-admin\" entry", "config set-credentials cluster-admin --username=admin --password=uXFGweU9l35qcif"),
            ("Embed client certificate data in the \"cluster-admin\" entry", "config set-credentials cluster-admin --client-certificate=~/.kube/admin.crt --embed-certs=true"),
            ("Enable the Google Compute Platform auth provider for the \"cluster-admin\" entry", "config set-credentials cluster-admin --auth-provider=gcp"),
            ("Enable the OpenID Connect auth provider for the \"cluster-admin\" entry with additional arguments", "config set-credentials cluster-admin --auth-provider=oidc --auth-provider-arg=client-id=foo --auth-provider-arg=client-secret=bar"),
            ("Remove the \"client-secret\" config value for the OpenID Connect auth provider for the \"cluster-admin\" entry", "config set-credentials cluster-admin --auth-provider=oidc --auth-provider-arg=client-secret-"),
            ("Enable new exec auth plugin for the \"cluster-admin\" entry", "config set-credentials cluster-admin --exec-command=/path/to/the/executable --exec-api-version=client.authentication.k8s.io/v1beta1"),
            ("Enable new exec auth plugin for the \"cluster-admin\" entry with interactive mode", "config set-credentials cluster-admin --exec-command=/path/to/the/executable --exec-api-version=client.authentication.k8s.io/v1beta1 --exec-interactive-mode=Never"),
            ("Define new exec auth plugin arguments for the \"cluster-admin\" entry", "config set-credentials cluster-admin --exec-arg=arg1 --exec-arg=arg2"),
            ("Create or update exec auth plugin environment variables for the \"cluster-admin\" entry", "config set-credentials cluster-admin --exec-env=key1=val1 --exec-env=key2=val2"),
            ("Remove exec auth plugin environment variables for the \"cluster-admin\" entry", "config set-credentials cluster-admin --exec-env=var-to-remove-"),
        ],
        usage: "NAME [--client-certificate=path/to/certfile] [--client-key=path/to/keyfile] [--token=bearer_token] [--username=basic_user] [--password=basic_password] [--auth-provider=provider_name] [--auth-provider-arg=key=value] [--exec-command=exec_command] [--exec-api-version=exec_api_version] [--exec-arg=arg] [--exec-env=key=value]",
        flags: set_entries::user_flags,
        run: set_entries::set_credentials,
        family: &[],
    },
    Verb {
        name: "unset",
        aliases: &[],
        about: "Unset an individual value in a kubeconfig file",
        long: "Unset an individual value in a kubeconfig file.

 PROPERTY_NAME is a dot delimited name where each token represents either an attribute name or a map key.  Map keys may not contain dots.",
        examples: &[("Unset the current-context", "config unset current-context"), ("Unset namespace in foo context", "config unset contexts.foo.namespace")],
        usage: "PROPERTY_NAME",
        flags: groups::args,
        run: unset,
        family: &[],
    },
];

fn property_flags(command: Command) -> Command {
    groups::args(command).arg(args::switch(
        "set-raw-bytes",
        "When writing a []byte PROPERTY_VALUE, write the given string directly without base64 decoding.",
    ))
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
