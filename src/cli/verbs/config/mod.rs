//! `config`: contexts, each with a default namespace.
//!
//! A store is one cluster with one user, so that contexts differ in their namespace alone; what speaks of servers and
//! credentials is refused. The file is [`crate::cli::kubeconfig`]'s.

use clap::{ArgMatches, Command};
use serde_json::{Value, json};

use crate::cli::args::{self, Matches, groups};
use crate::cli::kubeconfig::Kubeconfig;
use crate::cli::output::Output;
use crate::cli::{CliError, CliResult, Ctx, Verb, help};
use crate::machinery::field::quote;
use crate::machinery::object::{Reading, Writing};
use crate::printers::table::print_rows;

/// The verb and its family.
pub(super) const VERB: Verb = Verb {
    name: "config",
    aliases: &[],
    about: "Modify kubeconfig files",
    args: |c| c,
    run: |ctx, _| Err(help::family(ctx, "config", "Modify kubeconfig files: contexts and their namespaces.", FAMILY)),
    family: FAMILY,
};

const FAMILY: &[Verb] = &[
    member("current-context", "Display the current-context", |c| c, current_context),
    member("delete-context", "Delete the specified context from the kubeconfig", groups::words, delete_context),
    member("get-clusters", "Display clusters defined in the kubeconfig", |c| c, |ctx, _| names(ctx, "clusters")),
    member("get-contexts", "Describe one or many contexts", contexts_flags, get_contexts),
    member("get-users", "Display users defined in the kubeconfig", |c| c, |ctx, _| names(ctx, "users")),
    member("rename-context", "Rename a context from the kubeconfig file", groups::words, rename_context),
    member("set-context", "Set a context entry in kubeconfig", set_flags, set_context),
    member("use-context", "Set the current-context in a kubeconfig file", groups::words, use_context),
    member("view", "Display merged kubeconfig settings or a specified kubeconfig file", view_flags, view),
    member("set", "Set an individual value in a kubeconfig file", any_words, refuse),
    member("set-cluster", "Set a cluster entry in kubeconfig", any_words, refuse),
    member("set-credentials", "Set a user entry in kubeconfig", any_words, refuse),
    member("unset", "Unset an individual value in a kubeconfig file", any_words, refuse),
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
        "clusters and credentials are not simulated: a store is one cluster with one user; only contexts can be set",
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

fn view_flags(command: Command) -> Command {
    groups::output(command)
        .arg(args::switch("minify", "only what the current context uses"))
        .arg(args::switch("flatten", "accepted; nothing refers to other files"))
        .arg(args::switch("raw", "accepted; there are no secrets to hide"))
        .arg(args::switch("merge", "accepted; there is one file"))
}

fn one_word(ctx: &Ctx, matches: &ArgMatches, verb: &str, what: &str) -> CliResult<String> {
    match matches.values("words").as_slice() {
        [word] => Ok(word.clone()),
        words => Err(ctx.usage(&format!("config {verb}"), &format!("{what}: got {words:?}"))),
    }
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
    let name = one_word(ctx, matches, "use-context", "Unexpected args")?;
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
        _ => {
            return Err(
                ctx.usage("config set-context", "you must specify either a non-empty context name or --current")
            );
        }
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
    let name = one_word(ctx, matches, "delete-context", "Unexpected args")?;
    let mut config = Kubeconfig::read(ctx)?;
    let place = config.place();
    if config.context(&name).is_none() {
        return Err(CliError::text(format!("cannot delete context {name}, not in {place}")));
    }
    if config.current() == name {
        ctx.complain(
            "warning: this removed your active context, use \"kubectl config use-context\" to select a different one",
        );
    }
    config.value.list_mut("/contexts").retain(|c| c.str("/name") != name);
    config.write(ctx)?;
    ctx.say(format!("deleted context {name} from {place}"));
    Ok(())
}

fn rename_context(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let words = matches.values("words");
    let [old, new] = words.as_slice() else {
        return Err(ctx.usage("config rename-context", "two names are required: CONTEXT_NAME NEW_NAME"));
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

fn get_contexts(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let config = Kubeconfig::read(ctx)?;
    let wanted = matches.values("words");
    let mut errors = Vec::new();
    for name in wanted.iter().filter(|n| config.context(n).is_none()) {
        errors.push(CliError::text(format!("context {name} not found")));
    }
    let mut entries: Vec<&Value> = config.value.list("/contexts").iter().collect();
    entries.retain(|c| wanted.is_empty() || wanted.iter().any(|w| w == c.str("/name")));
    entries.sort_by_key(|c| c.str("/name"));
    match matches.value("output") {
        "name" => entries.iter().for_each(|c| ctx.say(c.str("/name"))),
        "" => {
            let row = |c: &&Value| {
                let mark = if c.str("/name") == config.current() { "*" } else { "" };
                let cells = [
                    mark,
                    c.str("/name"),
                    c.str("/context/cluster"),
                    c.str("/context/user"),
                    c.str("/context/namespace"),
                ];
                cells.map(String::from).to_vec()
            };
            let rows: Vec<Vec<String>> = entries.iter().map(row).collect();
            let headers = ["CURRENT", "NAME", "CLUSTER", "AUTHINFO", "NAMESPACE"].map(String::from);
            let mut text = Vec::new();
            let headers = (!matches.on("no-headers")).then_some(headers.as_slice());
            print_rows(headers, &rows, &mut text).map_err(|e| CliError::text(e.to_string()))?;
            ctx.out.push_str(&String::from_utf8_lossy(&text));
        }
        other => return Err(CliError::text(format!("output must be one of '' or 'name': {other}"))),
    }
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
    let mut config = Kubeconfig::read(ctx)?;
    if matches.on("minify") {
        let current = config.current().to_string();
        let Some(context) = config.context(&current).cloned() else {
            return Err(CliError::text("current-context must exist in order to minify"));
        };
        let keep = |config: &mut Kubeconfig, list: &str, name: &str| {
            config.value.list_mut(list).retain(|e| e.str("/name") == name);
        };
        keep(&mut config, "/contexts", &current);
        keep(&mut config, "/clusters", context.str("/cluster"));
        keep(&mut config, "/users", context.str("/user"));
    }
    if matches.value("output").is_empty() && matches.value("template").is_empty() {
        ctx.out.push_str(&crate::machinery::yaml::to_yaml(&config.value));
        return Ok(());
    }
    Output::of_report(matches)?.print(ctx, &json!(config.value))
}
