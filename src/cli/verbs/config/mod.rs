//! `config`: contexts, each with a default namespace.
//!
//! A store is one cluster with one user, so that contexts differ in their namespace alone; what is said of servers and
//! credentials is kept and means nothing. The file is [`crate::kubeconfig`]'s.

mod property;

use clap::{ArgMatches, Command};

use crate::args::{self, Matches, groups};
use crate::kubeconfig::Kubeconfig;
use crate::output::Output;
use crate::printers::table::print_rows;
use crate::{CliError, CliResult, Ctx, Verb, help};
use kctl_base::field::quote;
use kctl_base::json::Value;
use kctl_base::object::{ValueRead, ValueWrite};

/// The verb and its family.
pub(super) const VERB: Verb = Verb {
    name: "config",
    aliases: &[],
    about: "Modify kubeconfig files",
    args: |c| c,
    run: |ctx, _| Err(help::family(ctx, "config", LONG, FAMILY)),
    family: FAMILY,
};

const LONG: &str = "Modify kubeconfig files using subcommands like \"kubectl config set current-context my-context\".

 A store has its own contexts; --kubeconfig or $KCTL_KUBECONFIG name a file to use instead.";

const FAMILY: &[Verb] = &[
    member("current-context", "Display the current-context", groups::words, current_context),
    member("delete-cluster", "Delete the specified cluster from the kubeconfig", groups::words, |ctx, matches| {
        delete_entry(ctx, matches, "cluster")
    }),
    member("delete-context", "Delete the specified context from the kubeconfig", groups::words, delete_context),
    member("delete-user", "Delete the specified user from the kubeconfig", groups::words, |ctx, matches| {
        delete_entry(ctx, matches, "user")
    }),
    member("get-clusters", "Display clusters defined in the kubeconfig", groups::words, |ctx, _| {
        names(ctx, "clusters")
    }),
    member("get-contexts", "Describe one or many contexts", contexts_flags, get_contexts),
    member("get-users", "Display users defined in the kubeconfig", groups::words, |ctx, _| names(ctx, "users")),
    member("rename-context", "Rename a context from the kubeconfig file", groups::words, rename_context),
    member("set-context", "Set a context entry in kubeconfig", set_flags, set_context),
    Verb {
        aliases: &["use"],
        ..member("use-context", "Set the current-context in a kubeconfig file", groups::words, use_context)
    },
    member("view", "Display merged kubeconfig settings or a specified kubeconfig file", view_flags, view),
    member("set", "Set an individual value in a kubeconfig file", property_flags, set),
    member("set-cluster", "Set a cluster entry in kubeconfig", any_words, refuse),
    member("set-credentials", "Set a user entry in kubeconfig", any_words, refuse),
    member("unset", "Unset an individual value in a kubeconfig file", groups::words, unset),
];

const fn member(
    name: &'static str,
    about: &'static str,
    args: fn(Command) -> Command,
    run: fn(&mut Ctx, &ArgMatches) -> CliResult<()>,
) -> Verb {
    Verb { name, aliases: &[], about, args, run, family: &[] }
}

fn any_words(command: Command) -> Command {
    super::refused::anything(command)
}

fn refuse(_: &mut Ctx, _: &ArgMatches) -> CliResult<()> {
    Err(CliError::text(
        "clusters and credentials are not simulated: a store is one cluster with one user; use set-context or set",
    ))
}

fn contexts_flags(command: Command) -> Command {
    groups::words(command)
        .arg(args::switch("no-headers", "print no headings"))
        .arg(args::text("output", "name").short('o'))
}

fn set_flags(command: Command) -> Command {
    groups::words(command).arg(args::switch("current", "change the current context"))
}

fn property_flags(command: Command) -> Command {
    groups::words(command).arg(args::switch("set-raw-bytes", "the value of a binary field is not in base64"))
}

fn view_flags(command: Command) -> Command {
    groups::output(groups::words(command))
        .arg(args::switch("minify", "only what the current context uses"))
        .arg(args::switch("flatten", "accepted; nothing refers to other files"))
        .arg(args::switch("raw", "show certificates and secrets too"))
        .arg(args::switch("merge", "accepted; there is one file"))
}

fn one_word(matches: &ArgMatches) -> CliResult<String> {
    match matches.values("words").as_slice() {
        [word] => Ok(word.clone()),
        words => Err(unexpected(words)),
    }
}

fn unexpected(words: &[String]) -> CliError {
    CliError::text(format!("Unexpected args: [{}]", words.join(" ")))
}

fn current_context(ctx: &mut Ctx, _: &ArgMatches) -> CliResult<()> {
    match Kubeconfig::read(ctx)?.current() {
        "" => Err(CliError::text("current-context is not set")),
        current => {
            ctx.say(current);
            Ok(())
        }
    }
}

fn use_context(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let name = one_word(matches)?;
    let mut config = Kubeconfig::read(ctx)?;
    if config.context(&name).is_none() {
        return Err(CliError::text(format!("no context exists with the name: {}", quote(&name))));
    }
    config.value.put("/current-context", name.as_str());
    config.write(ctx)?;
    ctx.say(format!("Switched to context {}.", quote(&name)));
    Ok(())
}

fn set_context(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let mut config = Kubeconfig::read(ctx)?;
    let name = match (matches.values("words").as_slice(), matches.on("current")) {
        ([], true) if config.current().is_empty() => return Err(CliError::text("no current context is set")),
        ([], true) => config.current().to_string(),
        ([name], false) => name.clone(),
        ([], false) => return Err(CliError::text("you must specify a non-empty context name or --current")),
        ([_], true) => return Err(CliError::text("you cannot specify both a context name and --current")),
        (words, _) => return Err(unexpected(words)),
    };
    let exists = config.context(&name).is_some();
    let context = config.context_mut(&name);
    for (flag, field) in [("cluster", "/cluster"), ("user", "/user"), ("namespace", "/namespace")] {
        match matches.given(flag) {
            Some("") => drop(context.remove_at(field)),
            Some(value) => context.put(field, value),
            None => {}
        }
    }
    config.write(ctx)?;
    let done = if exists { "modified" } else { "created" };
    ctx.say(format!("Context {} {done}.", quote(&name)));
    Ok(())
}

fn delete_context(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let active = Kubeconfig::read(ctx)?.current().to_string();
    if matches.values("words") == [active] {
        ctx.complain(
            "warning: this removed your active context, use \"kubectl config use-context\" to select a different one",
        );
    }
    delete_entry(ctx, matches, "context")
}

/// Takes a cluster, a user or a context out of the file.
fn delete_entry(ctx: &mut Ctx, matches: &ArgMatches, what: &str) -> CliResult<()> {
    let name = one_word(matches)?;
    let mut config = Kubeconfig::read(ctx)?;
    let place = config.place();
    let entries = config.value.list_mut(&format!("/{what}s"));
    let before = entries.len();
    entries.retain(|entry| entry.str("/name") != name);
    if entries.len() == before {
        return Err(CliError::text(format!("cannot delete {what} {name}, not in {place}")));
    }
    config.write(ctx)?;
    ctx.say(format!("deleted {what} {name} from {place}"));
    Ok(())
}

fn set(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let words = matches.values("words");
    let [name, value] = words.as_slice() else {
        return Err(unexpected(&words));
    };
    let mut config = Kubeconfig::read(ctx)?;
    property::set(&mut config.value, name, value, matches.on("set-raw-bytes")).map_err(CliError::text)?;
    config.write(ctx)?;
    ctx.say(format!("Property {} set.", quote(name)));
    Ok(())
}

fn unset(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let name = one_word(matches)?;
    let mut config = Kubeconfig::read(ctx)?;
    property::unset(&mut config.value, &name).map_err(CliError::text)?;
    config.write(ctx)?;
    ctx.say(format!("Property {} unset.", quote(&name)));
    Ok(())
}

fn rename_context(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let words = matches.values("words");
    let [old, new] = words.as_slice() else {
        return Err(unexpected(&words));
    };
    let mut config = Kubeconfig::read(ctx)?;
    if config.context(old).is_none() {
        let place = config.place();
        return Err(CliError::text(format!("cannot rename the context {}, it's not in {place}", quote(old))));
    }
    if config.context(new).is_some() {
        let place = config.place();
        return Err(CliError::text(format!(
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
    ctx.say(format!("Context {} renamed to {}.", quote(old), quote(new)));
    Ok(())
}

/// Formats that `get` has and a list of contexts has not.
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
    match matches.value("output") {
        "" | "name" => {}
        other if OTHER_FORMATS.contains(&other) => {
            return Err(CliError::text(format!(
                "--output {other} is not available in kubectl config get-contexts; resetting to default output format"
            )));
        }
        other => return Err(CliError::text(format!("output must be one of '' or 'name': {other}"))),
    }
    let config = Kubeconfig::read(ctx)?;
    let wanted = matches.values("words");
    let mut errors = Vec::new();
    for name in wanted.iter().filter(|n| config.context(n).is_none()) {
        errors.push(CliError::text(format!("context {name} not found")));
    }
    let mut entries: Vec<&Value> = config.value.list("/contexts").iter().collect();
    entries.retain(|c| wanted.is_empty() || wanted.iter().any(|w| w == c.str("/name")));
    entries.sort_by_key(|c| c.str("/name"));
    if matches.value("output") == "name" {
        entries.iter().for_each(|c| ctx.say(c.str("/name")));
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
    let headers = (!matches.on("no-headers")).then_some(headers.as_slice());
    print_rows(headers, &rows, &mut text).map_err(|e| CliError::text(e.to_string()))?;
    ctx.out.push_str(&String::from_utf8_lossy(&text));
    CliError::all(errors)
}

fn names(ctx: &mut Ctx, what: &str) -> CliResult<()> {
    let config = Kubeconfig::read(ctx)?;
    ctx.say("NAME");
    for entry in config.value.list(&format!("/{what}")) {
        ctx.say(entry.str("/name"));
    }
    Ok(())
}

fn view(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let words = matches.values("words");
    if !words.is_empty() {
        return Err(ctx.usage("config view", &format!("unexpected arguments: [{}]", words.join(" "))));
    }
    let mut config = Kubeconfig::read(ctx)?;
    if let Some(context) = matches.given("context").filter(|c| !c.is_empty()) {
        config.value.put("/current-context", context);
    }
    if matches.on("minify") {
        minify(&mut config)?;
    }
    if !matches.on("raw") && !matches.on("flatten") {
        hide_secrets(&mut config.value);
    }
    if matches.value("output").is_empty() && matches.value("template").is_empty() {
        ctx.out.push_str(&kctl_base::yaml::to_yaml(&config.value));
        return Ok(());
    }
    Output::of_report(matches)?.print(ctx, &config.value)
}

/// Keeps what the current context uses.
fn minify(config: &mut Kubeconfig) -> CliResult<()> {
    let current = config.current().to_string();
    if current.is_empty() {
        return Err(CliError::text("current-context must exist in order to minify"));
    }
    let Some(context) = config.context(&current).cloned() else {
        return Err(CliError::text(format!("cannot locate context {current}")));
    };
    for (list, name) in
        [("/contexts", current.as_str()), ("/clusters", context.str("/cluster")), ("/users", context.str("/user"))]
    {
        config.value.list_mut(list).retain(|e| e.str("/name") == name);
    }
    Ok(())
}

/// Passwords and the like are not for the eyes of everybody at the screen.
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
