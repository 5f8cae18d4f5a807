//! `auth can-i`: whether a user may do something, or everything that a user may do.

use clap::{ArgMatches, Command};

use crate::args::{self, Matches, groups};
use crate::printers::table::print_rows;
use crate::{CliError, CliResult, Ctx, Verb};
use kctl_base::json::json;
use kctl_cluster::api::Wish;
use kctl_kinds::rbac::rule_lines;

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
        if matches.on("quiet") || matches.on("all-namespaces") || !matches.value("subresource").is_empty() {
            let text = "list option can't be specified with neither quiet, all-namespaces nor subresource options";
            return Err(CliError::text(text));
        }
        return list(ctx, matches, &namespace);
    }
    let wish = wish(ctx, matches, &words, namespace)?;
    if matches.on("no-headers") {
        return Err(CliError::text("--no-headers cannot be set without --list specified"));
    }
    let user = ctx.user();
    let allowed = ctx.cluster()?.server().allows(&user, &wish)?;
    if !matches.on("quiet") {
        ctx.say(if allowed { "yes" } else { "no" });
    }
    if allowed { Ok(()) } else { Err(CliError::Silent(1)) }
}

/// The verbs that rules about objects speak of.
const VERBS: &[&str] = &[
    "get",
    "list",
    "watch",
    "create",
    "update",
    "patch",
    "delete",
    "deletecollection",
    "use",
    "bind",
    "impersonate",
    "*",
    "approve",
    "sign",
    "escalate",
    "attest",
];
/// The verbs that rules about URLs speak of.
const URL_VERBS: &[&str] = &["get", "put", "post", "head", "options", "delete", "patch", "*"];
/// What is not served and still stands in rules.
const NOT_SERVED: &[&str] = &["users", "groups"];

/// What the words ask for: a verb, and a type, an object or a URL.
fn wish(ctx: &mut Ctx, matches: &ArgMatches, words: &[String], namespace: String) -> CliResult<Wish> {
    let [verb, what] = words else {
        return Err(CliError::text(format!(
            "you must specify two arguments: verb resource or verb resource/resourceName.\nSee '{} auth can-i -h' for help and examples.",
            ctx.program
        )));
    };
    let subresource = matches.value("subresource").to_string();
    if what.starts_with('/') {
        if !subresource.is_empty() {
            return Err(CliError::text("--subresource can not be used with NonResourceURL"));
        }
        check_verb(ctx, verb, URL_VERBS);
        return Ok(Wish { verb: verb.clone(), url: what.clone(), ..Wish::default() });
    }
    let (resource, name) = what.split_once('/').unwrap_or((what, ""));
    let mut wish = Wish { verb: verb.clone(), name: name.into(), namespace, subresource, ..Wish::default() };
    name_resource(ctx, &mut wish, resource)?;
    check_verb(ctx, verb, VERBS);
    Ok(wish)
}

/// Says what type is meant, and that it is unknown or has no namespaces where that is so.
fn name_resource(ctx: &mut Ctx, wish: &mut Wish, typed: &str) -> CliResult<()> {
    if typed == "*" {
        wish.resource = "*".into();
        return Ok(());
    }
    let Some(kind) = ctx.cluster()?.server().catalog().by_name(&typed.to_lowercase()) else {
        let (resource, group) = typed.split_once('.').unwrap_or((typed, ""));
        if !NOT_SERVED.contains(&typed) {
            warn(ctx, &format!("the server doesn't have a resource type '{resource}'{}", in_group(group)));
        }
        wish.resource = typed.into();
        return Ok(());
    };
    let names = *kind.names();
    (wish.resource, wish.group) = (names.plural.into(), names.group.into());
    if !names.namespaced && !wish.namespace.is_empty() {
        warn(ctx, &format!("resource '{}' is not namespace scoped{}", names.plural, in_group(names.group)));
    }
    Ok(())
}

fn check_verb(ctx: &mut Ctx, verb: &str, known: &[&str]) {
    if !known.contains(&verb) {
        warn(ctx, &format!("verb '{verb}' is not a known verb"));
    }
}

fn in_group(group: &str) -> String {
    if group.is_empty() { String::new() } else { format!(" in group '{group}'") }
}

/// Such a warning ends in an empty line, and is none of the server's.
fn warn(ctx: &mut Ctx, text: &str) {
    ctx.complain(format!("Warning: {text}\n"));
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
