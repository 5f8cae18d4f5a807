//! `auth can-i`: checks whether a user may perform an action, or lists the allowed actions.
//!
//! Upstream: `kubectl/pkg/cmd/auth/cani.go`.

use clap::{ArgMatches, Command};

use crate::args::{self, Matches, groups};
use crate::printers::table::print_rows;
use crate::{CliError, CliResult, Ctx, Verb};
use kctl_base::json::json;
use kctl_cluster::api::Wish;
use kctl_kinds::rbac::rule_lines;

/// The `auth can-i` verb.
pub(super) const VERB: Verb = Verb {
    name: "can-i",
    aliases: &[],
    about: "Check whether an action is allowed",
    long: "Check whether an action is allowed.

 VERB is a Kubernetes API verb such as get, list, watch or delete. TYPE is a resource; shortcuts and groups are \
    resolved. NONRESOURCEURL is a partial URL that begins with \"/\". NAME is the name of one object.

 The command prints \"yes\" and exits with status 0 if the action is allowed, otherwise it prints \"no\" and \
    exits with status 1. Use --as to check for another user.",
    examples: &[
        ("Check whether pods can be created in any namespace", "auth can-i create pods --all-namespaces"),
        ("Check whether deployments can be listed in the current namespace", "auth can-i list deployments.apps"),
        (
            "Check whether a service account may list pods",
            "auth can-i list pods --as=system:serviceaccount:default:ci -n default",
        ),
        ("Check whether everything is allowed in the current namespace", "auth can-i '*' '*'"),
        ("Check whether the log of a pod can be read", "auth can-i get pods --subresource=log"),
        ("Check whether the URL /logs/ can be read", "auth can-i get /logs/"),
        ("List all actions that are allowed in a namespace", "auth can-i --list --namespace=default"),
    ],
    usage: "VERB [TYPE | TYPE/NAME | NONRESOURCEURL]",
    flags,
    run,
    family: &[],
};

fn flags(command: Command) -> Command {
    groups::all_namespaces(groups::args(command))
        .arg(args::switch("list", "Print all allowed actions."))
        .arg(args::switch("no-headers", "Print no headers with --list."))
        .arg(args::switch("quiet", "Print nothing; only the exit status answers.").short('q'))
        .arg(args::text("subresource", "Subresource such as log or scale."))
}

fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let namespace = if matches.flag("all-namespaces") { String::new() } else { ctx.namespace() };
    let words = matches.values("args");
    if matches.flag("list") {
        if !words.is_empty() {
            return Err(CliError::new("list option must be specified with no arguments"));
        }
        if matches.flag("quiet") || matches.flag("all-namespaces") || !matches.string("subresource").is_empty() {
            let text = "list option can't be specified with neither quiet, all-namespaces nor subresource options";
            return Err(CliError::new(text));
        }
        return list(ctx, matches, &namespace);
    }
    let wish = wish(ctx, matches, &words, namespace)?;
    if matches.flag("no-headers") {
        return Err(CliError::new("--no-headers cannot be set without --list specified"));
    }
    let user = ctx.user();
    let allowed = ctx.cluster()?.server().allows(&user, &wish)?;
    if !matches.flag("quiet") {
        ctx.print_line(if allowed { "yes" } else { "no" });
    }
    if allowed { Ok(()) } else { Err(CliError::Exit(1)) }
}

/// The verbs of rules about resources.
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
/// The verbs of rules about URLs.
const URL_VERBS: &[&str] = &["get", "put", "post", "head", "options", "delete", "patch", "*"];
/// Resources that occur in rules although they are not served.
const NOT_SERVED: &[&str] = &["users", "groups"];

/// Interprets the arguments: a verb, and a type, an object or a URL.
fn wish(ctx: &mut Ctx, matches: &ArgMatches, words: &[String], namespace: String) -> CliResult<Wish> {
    let [verb, what] = words else {
        return Err(CliError::new(format!(
            "you must specify two arguments: verb resource or verb resource/resourceName.\nSee '{} auth can-i -h' for help and examples.",
            ctx.program
        )));
    };
    let subresource = matches.string("subresource").to_string();
    if what.starts_with('/') {
        if !subresource.is_empty() {
            return Err(CliError::new("--subresource can not be used with NonResourceURL"));
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

/// Resolves the type, and warns when it is unknown or not namespaced.
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

/// Prints a warning of the client, which ends with an empty line and does not count for `--warnings-as-errors`.
fn warn(ctx: &mut Ctx, text: &str) {
    ctx.print_error(format!("Warning: {text}\n"));
}

fn list(ctx: &mut Ctx, matches: &ArgMatches, namespace: &str) -> CliResult<()> {
    let user = ctx.user();
    let server = ctx.cluster()?.server();
    let mut rules = server.rules_of(&user, namespace)?;
    if user.groups.iter().any(|g| g == "system:masters") {
        // Members of this group may do everything even without a binding.
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
    let headers = (!matches.flag("no-headers")).then_some(headers.as_slice());
    let mut text = Vec::new();
    print_rows(headers, &rows, &mut text).map_err(|e| CliError::new(e.to_string()))?;
    ctx.out.push_str(&String::from_utf8_lossy(&text));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{Session, check};

    #[test]
    fn roles_and_bindings_answer() {
        let mut session = Session::new();
        session.run("create role reader --verb=get,list --resource=pods,pods/log");
        session.run("create rolebinding reads --role=reader --user=jane --group=ops");
        check(
            &mut session,
            &[
                (
                    "auth can-i delete nodes.metrics -q",
                    "! Warning: the server doesn't have a resource type 'nodes' in group 'metrics'\n! \n",
                ),
                ("auth can-i get pods --as=jane", "yes\n"),
                ("auth can-i get po/web --as=joe --as-group=ops", "yes\n"),
                ("auth can-i get pods --subresource=exec --as=jane", "no\n= 1\n"),
                ("auth can-i get pods --as=jane -A", "no\n= 1\n"),
                ("auth can-i get pods --as=jane -n kube-system -q", "= 1\n"),
                ("auth can-i fetch pods --as=jane", "no\n! Warning: verb 'fetch' is not a known verb\n! \n= 1\n"),
                ("auth can-i get /healthz --as=jane", "yes\n"),
                ("auth can-i get /logs --as=jane", "no\n= 1\n"),
                (
                    "auth can-i get /logs --subresource=x",
                    "! error: --subresource can not be used with NonResourceURL\n= 1\n",
                ),
                ("auth can-i list get", "yes\n! Warning: the server doesn't have a resource type 'get'\n! \n"),
                ("auth can-i impersonate users --as=jane", "no\n= 1\n"),
                (
                    "auth can-i get pods web",
                    "! error: you must specify two arguments: verb resource or verb resource/resourceName.\n! See 'kubectl auth can-i -h' for help and examples.\n= 1\n",
                ),
                (
                    "auth can-i get pods --no-headers",
                    "! error: --no-headers cannot be set without --list specified\n= 1\n",
                ),
                ("auth can-i --list x", "! error: list option must be specified with no arguments\n= 1\n"),
                (
                    "auth can-i --list -q",
                    "! error: list option can't be specified with neither quiet, all-namespaces nor subresource options\n= 1\n",
                ),
            ],
        );
    }
}
