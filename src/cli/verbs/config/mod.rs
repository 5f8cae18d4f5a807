//! `config`: contexts, each with a default namespace.
//!
//! A store is one cluster with one user, so that contexts differ only in their namespaces. Entries about servers and
//! credentials are kept but have no effect. [`crate::kubeconfig`] reads and writes the file. Upstream:
//! `kubectl/pkg/cmd/config/`.

mod property;

use clap::{ArgMatches, Command};

use crate::args::{self, ArgProperties, Matches, groups};
use crate::kubeconfig::Kubeconfig;
use crate::output::Output;
use crate::printers::table::print_rows;
use crate::{CliError, CliResult, Ctx, Stream, Verb};
use kctl_base::field::quote;
use kctl_base::json::Value;
use kctl_base::object::{ValueRead, ValueWrite};

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
        run: current_context,
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
        run: |ctx, matches| delete_entry(ctx, matches, "cluster"),
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
        run: delete_context,
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
        run: |ctx, matches| delete_entry(ctx, matches, "user"),
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
        run: |ctx, _| names(ctx, "clusters"),
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
        flags: contexts_flags,
        run: get_contexts,
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
        run: |ctx, _| names(ctx, "users"),
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
        run: rename_context,
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
        flags: set_flags,
        run: set_context,
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
        run: use_context,
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
        flags: view_flags,
        run: view,
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

fn contexts_flags(command: Command) -> Command {
    groups::args(command)
        .arg(args::switch("no-headers", "Print no headers."))
        .arg(args::text("output", "Output format. One of: (name).").short('o'))
}

fn set_flags(command: Command) -> Command {
    groups::args(command).arg(args::switch("current", "Modify the current context."))
}

fn property_flags(command: Command) -> Command {
    groups::args(command)
        .arg(args::switch("set-raw-bytes", "The value of a binary field is given as it is instead of in Base64."))
}

fn view_flags(command: Command) -> Command {
    groups::output(groups::args(command))
        .arg(args::switch("minify", "Remove what the current context does not use."))
        .arg(args::switch("flatten", "Accepted for compatibility; nothing refers to other files."))
        .arg(args::switch("raw", "Print certificates and secrets, too."))
        .arg(args::switch("merge", "Accepted for compatibility; a single file is read.").help_default("true"))
}

fn one_word(matches: &ArgMatches) -> CliResult<String> {
    match matches.values("args").as_slice() {
        [word] => Ok(word.clone()),
        words => Err(unexpected(words)),
    }
}

fn unexpected(words: &[String]) -> CliError {
    CliError::new(format!("Unexpected args: [{}]", words.join(" ")))
}

fn current_context(ctx: &mut Ctx, _: &ArgMatches) -> CliResult<()> {
    match Kubeconfig::read(ctx)?.current() {
        "" => Err(CliError::new("current-context is not set")),
        current => {
            ctx.print_line(current);
            Ok(())
        }
    }
}

fn use_context(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let name = one_word(matches)?;
    let mut config = Kubeconfig::read(ctx)?;
    if config.context(&name).is_none() {
        return Err(CliError::new(format!("no context exists with the name: {}", quote(&name))));
    }
    config.value.put("/current-context", name.as_str());
    config.write(ctx)?;
    ctx.print_line(format!("Switched to context {}.", quote(&name)));
    Ok(())
}

fn set_context(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let mut config = Kubeconfig::read(ctx)?;
    let name = match (matches.values("args").as_slice(), matches.flag("current")) {
        ([], true) if config.current().is_empty() => return Err(CliError::new("no current context is set")),
        ([], true) => config.current().to_string(),
        ([name], false) => name.clone(),
        ([], false) => return Err(CliError::new("you must specify a non-empty context name or --current")),
        ([_], true) => return Err(CliError::new("you cannot specify both a context name and --current")),
        (words, _) => return Err(unexpected(words)),
    };
    let exists = config.context(&name).is_some();
    let context = config.context_mut(&name);
    for (flag, field) in [("cluster", "/cluster"), ("user", "/user"), ("namespace", "/namespace")] {
        match matches.value_of(flag) {
            Some("") => drop(context.remove_at(field)),
            Some(value) => context.put(field, value),
            None => {}
        }
    }
    config.write(ctx)?;
    let done = if exists { "modified" } else { "created" };
    ctx.print_line(format!("Context {} {done}.", quote(&name)));
    Ok(())
}

fn delete_context(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let active = Kubeconfig::read(ctx)?.current().to_string();
    if matches.values("args") == [active] {
        ctx.print_error(
            "warning: this removed your active context, use \"kubectl config use-context\" to select a different one",
        );
    }
    delete_entry(ctx, matches, "context")
}

/// Removes a cluster, a user or a context from the file.
fn delete_entry(ctx: &mut Ctx, matches: &ArgMatches, what: &str) -> CliResult<()> {
    let name = one_word(matches)?;
    let mut config = Kubeconfig::read(ctx)?;
    let place = config.place();
    let entries = config.value.list_mut(&format!("/{what}s"));
    let before = entries.len();
    entries.retain(|entry| entry.str("/name") != name);
    if entries.len() == before {
        return Err(CliError::new(format!("cannot delete {what} {name}, not in {place}")));
    }
    config.write(ctx)?;
    ctx.print_line(format!("deleted {what} {name} from {place}"));
    Ok(())
}

fn set(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let words = matches.values("args");
    let [name, value] = words.as_slice() else {
        return Err(unexpected(&words));
    };
    let mut config = Kubeconfig::read(ctx)?;
    property::set(&mut config.value, name, value, matches.flag("set-raw-bytes")).map_err(CliError::new)?;
    config.write(ctx)?;
    ctx.print_line(format!("Property {} set.", quote(name)));
    Ok(())
}

fn unset(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let name = one_word(matches)?;
    let mut config = Kubeconfig::read(ctx)?;
    property::unset(&mut config.value, &name).map_err(CliError::new)?;
    config.write(ctx)?;
    ctx.print_line(format!("Property {} unset.", quote(&name)));
    Ok(())
}

fn rename_context(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let words = matches.values("args");
    let [old, new] = words.as_slice() else {
        return Err(unexpected(&words));
    };
    let mut config = Kubeconfig::read(ctx)?;
    if config.context(old).is_none() {
        let place = config.place();
        return Err(CliError::new(format!("cannot rename the context {}, it's not in {place}", quote(old))));
    }
    if config.context(new).is_some() {
        let place = config.place();
        return Err(CliError::new(format!(
            "cannot rename the context {}, the context {} already exists in {place}",
            quote(old),
            quote(new)
        )));
    }
    for entry in config.value.items_mut("/contexts").filter(|c| c.str("/name") == old) {
        entry.put("/name", new.as_str());
    }
    if config.current() == old {
        config.value.put("/current-context", new.as_str());
    }
    config.write(ctx)?;
    ctx.print_line(format!("Context {} renamed to {}.", quote(old), quote(new)));
    Ok(())
}

/// Formats of `get` that lists of contexts do not have.
const OTHER_FORMATS: &[&str] = &[
    "json",
    "yaml",
    "wide",
    "custom-columns",
    "custom-columns-file",
    "go-template",
    "go-template-file",
    "jsonpath",
    "jsonpath-file",
];

fn get_contexts(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    match matches.string("output") {
        "" | "name" => {}
        other if OTHER_FORMATS.contains(&other) => {
            return Err(CliError::new(format!(
                "--output {other} is not available in kubectl config get-contexts; resetting to default output format"
            )));
        }
        other => return Err(CliError::new(format!("output must be one of '' or 'name': {other}"))),
    }
    let config = Kubeconfig::read(ctx)?;
    let wanted = matches.values("args");
    let mut errors = Vec::new();
    for name in wanted.iter().filter(|n| config.context(n).is_none()) {
        errors.push(CliError::new(format!("context {name} not found")));
    }
    let mut entries: Vec<&Value> = config.value.list("/contexts").iter().collect();
    entries.retain(|c| wanted.is_empty() || wanted.iter().any(|w| w == c.str("/name")));
    entries.sort_by_key(|c| c.str("/name"));
    if matches.string("output") == "name" {
        entries.iter().for_each(|c| ctx.print_line(c.str("/name")));
        return CliError::all(errors);
    }
    let row = |c: &&Value| {
        let mark = if c.str("/name") == config.current() { "*" } else { "" };
        let fields = ["/name", "/context/cluster", "/context/user", "/context/namespace"].map(|f| c.str(f));
        std::iter::once(mark).chain(fields).map(String::from).collect()
    };
    let rows: Vec<Vec<String>> = entries.iter().map(row).collect();
    let headers = ["CURRENT", "NAME", "CLUSTER", "AUTHINFO", "NAMESPACE"].map(String::from);
    let mut text = Vec::new();
    let headers = (!matches.flag("no-headers")).then_some(headers.as_slice());
    print_rows(headers, &rows, &mut text).map_err(|e| CliError::new(e.to_string()))?;
    ctx.out.push_str(&String::from_utf8_lossy(&text));
    CliError::all(errors)
}

fn names(ctx: &mut Ctx, what: &str) -> CliResult<()> {
    let config = Kubeconfig::read(ctx)?;
    ctx.print_line("NAME");
    for entry in config.value.list(&format!("/{what}")) {
        ctx.print_line(entry.str("/name"));
    }
    Ok(())
}

fn view(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let words = matches.values("args");
    if !words.is_empty() {
        return Err(ctx.usage("config view", &format!("unexpected arguments: [{}]", words.join(" "))));
    }
    let mut config = Kubeconfig::read(ctx)?;
    if let Some(context) = matches.value_of("context").filter(|c| !c.is_empty()) {
        config.value.put("/current-context", context);
    }
    if matches.flag("minify") {
        minify(&mut config)?;
    }
    if !matches.flag("raw") && !matches.flag("flatten") {
        hide_secrets(&mut config.value);
    }
    if matches.string("output").is_empty() && matches.string("template").is_empty() {
        ctx.out.push_str(&kctl_base::yaml::to_yaml(&config.value));
        return Ok(());
    }
    Output::of_report(matches)?.print(ctx, &config.value)
}

/// Removes everything that the current context does not use.
fn minify(config: &mut Kubeconfig) -> CliResult<()> {
    let current = config.current().to_string();
    if current.is_empty() {
        return Err(CliError::new("current-context must exist in order to minify"));
    }
    let Some(context) = config.context(&current).cloned() else {
        return Err(CliError::new(format!("cannot locate context {current}")));
    };
    for (list, name) in
        [("/contexts", current.as_str()), ("/clusters", context.str("/cluster")), ("/users", context.str("/user"))]
    {
        config.value.list_mut(list).retain(|e| e.str("/name") == name);
    }
    Ok(())
}

/// Replaces credentials and certificates, as `config view` does without `--raw`.
fn hide_secrets(config: &mut Value) {
    const SECRETS: &[(&str, &str, &str)] = &[
        ("/clusters", "/cluster/certificate-authority-data", "DATA+OMITTED"),
        ("/users", "/user/client-certificate-data", "DATA+OMITTED"),
        ("/users", "/user/client-key-data", "DATA+OMITTED"),
        ("/users", "/user/token", "REDACTED"),
        ("/users", "/user/password", "REDACTED"),
    ];
    for (list, field, instead) in SECRETS {
        for entry in config.items_mut(list).filter(|e| !e.str(field).is_empty()) {
            entry.put(field, *instead);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Session, check};

    /// Runs lines on a file of the test's own.
    fn check_file(steps: &[(&str, &str)]) {
        let mut session = Session::new();
        let with_file: Vec<(String, &str)> =
            steps.iter().map(|(line, out)| (format!("{line} --kubeconfig=FOLDER/config"), *out)).collect();
        let steps: Vec<(&str, &str)> = with_file.iter().map(|(line, out)| (line.as_str(), *out)).collect();
        check(&mut session, &steps);
    }

    #[test]
    fn contexts_choose_the_namespace() {
        check_file(&[
            ("config current-context", "kctl-admin@kctl\n"),
            ("config set-context dev --namespace=kube-system --cluster=kctl", "Context \"dev\" created.\n"),
            ("config use-context nope", "! error: no context exists with the name: \"nope\"\n= 1\n"),
            ("config use-context dev", "Switched to context \"dev\".\n"),
            ("get secrets", "! No resources found in kube-system namespace.\n"),
            ("get secrets --context=kctl-admin@kctl", "! No resources found in default namespace.\n"),
            (
                "config get-contexts",
                "CURRENT   NAME              CLUSTER   AUTHINFO     NAMESPACE\n*         dev               kctl                   kube-system\n          kctl-admin@kctl   kctl      kctl-admin   \n",
            ),
            ("config get-contexts dev x -o name", "dev\n! error: context x not found\n= 1\n"),
            ("config rename-context dev prod", "Context \"dev\" renamed to \"prod\".\n"),
            ("config set-context --current --namespace=kube-public", "Context \"prod\" modified.\n"),
            ("config view --minify -o jsonpath={..namespace}", "kube-public"),
            (
                "config delete-context prod",
                "deleted context prod from FOLDER/config\n! warning: this removed your active context, use \"kubectl config use-context\" to select a different one\n",
            ),
            ("config delete-user prod", "! error: cannot delete user prod, not in FOLDER/config\n= 1\n"),
            ("config view --minify", "! error: cannot locate context prod\n= 1\n"),
        ]);
    }

    #[test]
    fn properties_are_set_shown_without_secrets_and_unset() {
        check_file(&[
            ("config set users.kctl-admin.token secret", "Property \"users.kctl-admin.token\" set.\n"),
            ("config view -o jsonpath={.users}", "[{\"name\":\"kctl-admin\",\"user\":{\"token\":\"REDACTED\"}}]"),
            ("config view --raw -o jsonpath={.users[0].user.token}", "secret"),
            ("config unset users.kctl-admin.token", "Property \"users.kctl-admin.token\" unset.\n"),
            ("config view --raw -o jsonpath={.users[0].user}", "{}"),
            ("config unset current-context", "Property \"current-context\" unset.\n"),
            ("config current-context", "! error: current-context is not set\n= 1\n"),
            ("config delete-cluster kctl", "deleted cluster kctl from FOLDER/config\n"),
            ("config get-clusters", "NAME\n"),
            ("config get-users", "NAME\nkctl-admin\n"),
        ]);
    }
}
