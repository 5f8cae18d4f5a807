//! `auth can-i`: whether a user may do something, or everything that a user may do.

use clap::{ArgMatches, Command};
use serde_json::json;

use crate::api::Wish;
use crate::cli::args::{self, Matches, groups};
use crate::cli::{CliError, CliResult, Ctx, Verb};
use crate::kinds::rbac::rule_lines;
use crate::printers::table::print_rows;

/// The verb.
pub(super) const VERB: Verb =
    Verb { name: "can-i", aliases: &[], about: "Check whether an action is allowed", args: flags, run, family: &[] };

fn flags(command: Command) -> Command {
    groups::all_namespaces(groups::words(command))
        .arg(args::switch("list", "show everything that is allowed"))
        .arg(args::switch("no-headers", "print no headings"))
        .arg(args::switch("quiet", "answer by the exit code alone").short('q'))
        .arg(args::text("subresource", "a subresource such as log or scale"))
}

fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let namespace = if matches.on("all-namespaces") { String::new() } else { ctx.namespace() };
    let words = matches.values("words");
    if matches.on("list") {
        if !words.is_empty() {
            return Err(CliError::text("list option must be specified with no arguments"));
        }
        return list(ctx, matches, &namespace);
    }
    if matches.on("no-headers") {
        return Err(CliError::text("--no-headers option must be specified with --list option"));
    }
    let wish = wish(ctx, matches, &words, namespace)?;
    let user = ctx.user();
    let allowed = ctx.cluster()?.server().allows(&user, &wish)?;
    if !matches.on("quiet") {
        ctx.say(if allowed { "yes" } else { "no" });
    }
    if allowed { Ok(()) } else { Err(CliError::Silent(1)) }
}

/// What the words ask for: a verb, and a type, an object or a URL.
fn wish(ctx: &mut Ctx, matches: &ArgMatches, words: &[String], namespace: String) -> CliResult<Wish> {
    let (verb, what, name) = match words {
        [verb, what] => match what.split_once('/').filter(|(kind, _)| !kind.is_empty()) {
            Some((kind, name)) => (verb, kind.to_string(), name.to_string()),
            None => (verb, what.clone(), String::new()),
        },
        [verb, what, name] => (verb, what.clone(), name.clone()),
        _ => {
            return Err(CliError::text(
                "you must specify two arguments: verb resource or verb resource/resourceName.\nSee 'kubectl auth can-i -h' for help and examples.",
            ));
        }
    };
    let mut wish = Wish { verb: verb.clone(), name, namespace, ..Wish::default() };
    if what.starts_with('/') {
        if !matches.value("subresource").is_empty() {
            return Err(CliError::text("--subresource can not be used with NonResourceURL"));
        }
        wish.url = what;
        wish.namespace = String::new();
        return Ok(wish);
    }
    wish.subresource = matches.value("subresource").into();
    if what == "*" {
        (wish.resource, wish.group) = ("*".into(), "*".into());
        return Ok(wish);
    }
    let known = ctx.cluster()?.server().catalog().by_name(&what);
    match known {
        Some(kind) => {
            let names = *kind.names();
            (wish.resource, wish.group) = (names.plural.into(), names.group.into());
            if !names.namespaced && !wish.namespace.is_empty() {
                let group = if names.group.is_empty() { String::new() } else { format!(" in group '{}'", names.group) };
                ctx.complain(format!("Warning: resource '{}' is not namespace scoped{group}\n", names.plural));
            }
        }
        None => {
            let (resource, group) = what.split_once('.').unwrap_or((&what, ""));
            let place = if group.is_empty() { String::new() } else { format!(" in group '{group}'") };
            ctx.complain(format!("Warning: the server doesn't have a resource type '{resource}'{place}\n"));
            (wish.resource, wish.group) = (resource.into(), group.into());
        }
    }
    Ok(wish)
}

fn list(ctx: &mut Ctx, matches: &ArgMatches, namespace: &str) -> CliResult<()> {
    let user = ctx.user();
    let server = ctx.cluster()?.server();
    let mut rules = server.rules_of(&user, namespace)?;
    if user.groups.iter().any(|g| g == "system:masters") {
        // They may do everything even when no binding says so.
        for rule in [
            json!({"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}),
            json!({"nonResourceURLs": ["*"], "verbs": ["*"]}),
        ] {
            if !rules.contains(&rule) {
                rules.push(rule);
            }
        }
    }
    let rows: Vec<Vec<String>> =
        rule_lines(&rules).iter().map(|line| line.split('\t').map(String::from).collect()).collect();
    let headers = ["Resources", "Non-Resource URLs", "Resource Names", "Verbs"].map(String::from);
    let headers = (!matches.on("no-headers")).then_some(headers.as_slice());
    let mut text = Vec::new();
    print_rows(headers, &rows, &mut text).map_err(|e| CliError::text(e.to_string()))?;
    ctx.out.push_str(&String::from_utf8_lossy(&text));
    Ok(())
}
