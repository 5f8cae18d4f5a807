//! `auth can-i`: checks whether a user may perform an action, or lists the allowed actions.
//!
//! Upstream: `kubectl/pkg/cmd/auth/cani.go`.

use std::sync::Arc;

use clap::{ArgMatches, Command};

use crate::args::{self, Matches, groups};
use crate::printers::table::print_rows;
use crate::{CliError, CliResult, Ctx, Verb};
use kctl_base::gvk::GroupResource;
use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ValueRead};
use kctl_cluster::client::{ResourcePath, WriteParams};
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
        .arg(args::switch("quiet", "Print nothing; report only with the exit status.").short('q'))
        .arg(args::text("subresource", "Subresource such as log or scale."))
}

fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let namespace = if matches.flag("all-namespaces") { String::new() } else { ctx.namespace() };
    let args = matches.values("args");
    if matches.flag("list") {
        if !args.is_empty() {
            return Err(CliError::new("list option must be specified with no arguments"));
        }
        if matches.flag("quiet") || matches.flag("all-namespaces") || !matches.string("subresource").is_empty() {
            let text = "list option can't be specified with neither quiet, all-namespaces nor subresource options";
            return Err(CliError::new(text));
        }
        return print_rules(ctx, matches, &namespace);
    }
    let spec = review_spec(ctx, matches, &args, &namespace)?;
    if matches.flag("no-headers") {
        return Err(CliError::new("--no-headers cannot be set without --list specified"));
    }
    let review = create_review(ctx, ACCESS_REVIEWS, "SelfSubjectAccessReview", spec)?;
    let allowed = review.flag("/status/allowed");
    if !matches.flag("quiet") {
        ctx.print_line(if allowed { "yes" } else { "no" });
    }
    if allowed { Ok(()) } else { Err(CliError::Exit(1)) }
}

/// The resource of SelfSubjectAccessReviews.
const ACCESS_REVIEWS: &str = "selfsubjectaccessreviews.authorization.k8s.io";
/// The resource of SelfSubjectRulesReviews.
const RULES_REVIEWS: &str = "selfsubjectrulesreviews.authorization.k8s.io";

/// Creates a review of the permissions of the user. Returns it with the status that the server adds.
fn create_review(ctx: &mut Ctx, resource: &str, kind: &str, spec: Value) -> CliResult<Arc<Object>> {
    let review = json!({"apiVersion": "authorization.k8s.io/v1", "kind": kind, "metadata": {}, "spec": spec});
    ctx.api(|client| client.create(&ResourcePath::all(resource, ""), review, &WriteParams::default()))
}

/// The verbs of rules about resources.
const RESOURCE_VERBS: &[&str] = &[
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
/// The resources that occur in rules although no server serves them, for impersonation.
const NOT_SERVED: &[&str] = &["users", "groups"];

/// Builds the spec of a SelfSubjectAccessReview from the arguments: a verb, and a type, an object or a path.
///
/// # Errors
/// The number of arguments is not two, or a path has a subresource.
fn review_spec(ctx: &mut Ctx, matches: &ArgMatches, args: &[String], namespace: &str) -> CliResult<Value> {
    let [verb, target] = args else {
        return Err(CliError::new(format!(
            "you must specify two arguments: verb resource or verb resource/resourceName.\nSee '{} auth can-i -h' for help and examples.",
            ctx.program
        )));
    };
    let subresource = matches.string("subresource");
    if target.starts_with('/') {
        if !subresource.is_empty() {
            return Err(CliError::new("--subresource can not be used with NonResourceURL"));
        }
        check_verb(ctx, verb, URL_VERBS);
        return Ok(json!({"nonResourceAttributes": {"path": target, "verb": verb}}));
    }
    let (resource, name) = target.split_once('/').unwrap_or((target, ""));
    let GroupResource { group, resource } = find_resource(ctx, resource, namespace)?;
    check_verb(ctx, verb, RESOURCE_VERBS);
    Ok(json!({"resourceAttributes": {
        "namespace": namespace, "verb": verb, "group": group, "resource": resource, "subresource": subresource,
        "name": name,
    }}))
}

/// Resolves a resource name. Warns about an unknown resource, and about a namespace for a cluster-scoped one.
fn find_resource(ctx: &mut Ctx, name: &str, namespace: &str) -> CliResult<GroupResource> {
    if name == "*" {
        return Ok(GroupResource::new("", "*"));
    }
    let Some(kind) = ctx.catalog()?.by_name(&name.to_lowercase()) else {
        let (resource, group) = name.split_once('.').unwrap_or((name, ""));
        if !NOT_SERVED.contains(&name) {
            warn(ctx, &format!("the server doesn't have a resource type '{resource}'{}", in_group(group)));
        }
        return Ok(GroupResource::new("", name));
    };
    let names = *kind.names();
    if !names.namespaced && !namespace.is_empty() {
        warn(ctx, &format!("resource '{}' is not namespace scoped{}", names.plural, in_group(names.group)));
    }
    Ok(GroupResource::new(names.group, names.plural))
}

/// Warns about an unknown verb.
fn check_verb(ctx: &mut Ctx, verb: &str, known: &[&str]) {
    if !known.contains(&verb) {
        warn(ctx, &format!("verb '{verb}' is not a known verb"));
    }
}

/// Returns ` in group 'GROUP'`; empty for the core group.
fn in_group(group: &str) -> String {
    if group.is_empty() { String::new() } else { format!(" in group '{group}'") }
}

/// Prints a warning of the client itself, which is followed by an empty line; `--warnings-as-errors` does not count it.
fn warn(ctx: &mut Ctx, text: &str) {
    ctx.print_error(format!("Warning: {text}\n"));
}

/// Prints the table of `--list`.
fn print_rules(ctx: &mut Ctx, matches: &ArgMatches, namespace: &str) -> CliResult<()> {
    let review = create_review(ctx, RULES_REVIEWS, "SelfSubjectRulesReview", json!({"namespace": namespace}))?;
    let rules = [review.list("/status/resourceRules"), review.list("/status/nonResourceRules")].concat();
    let rows: Vec<Vec<String>> =
        rule_lines(&rules).iter().map(|line| line.split('\t').map(String::from).collect()).collect();
    let headers = ["Resources", "Non-Resource URLs", "Resource Names", "Verbs"].map(String::from);
    let headers = (!matches.flag("no-headers")).then_some(headers.as_slice());
    let mut text = Vec::new();
    print_rows(headers, &rows, &mut text).map_err(|e| CliError::new(e.to_string()))?;
    ctx.out.push_str(&String::from_utf8_lossy(&text));
    Ok(())
}
