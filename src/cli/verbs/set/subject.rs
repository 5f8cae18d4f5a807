//! `set subject`: adds users, groups and service accounts to bindings.
//!
//! Upstream: `kubectl/pkg/cmd/set/set_subject.go`.

use clap::{ArgMatches, Command};

use super::command::{self, Messages, SetCommand};
use crate::args::{self, Matches, groups};
use crate::{CliError, CliResult, Ctx, Verb};
use kctl_base::json::{Value, json};
use kctl_base::object::{ObjectMeta, ValueWrite};
use kctl_base::order::Order as _;

/// The `set subject` verb.
pub(super) const VERB: Verb = Verb {
    name: "subject",
    aliases: &[],
    about: "Update the user, group, or service account in a role binding or cluster role binding",
    long: "Add users, groups or service accounts to role bindings and cluster role bindings.",
    examples: &[
        (
            "Add a service account to a cluster role binding",
            "set subject clusterrolebinding admins --serviceaccount=default:ci",
        ),
        (
            "Add two users and a group to a role binding",
            "set subject rolebinding admins --user=ann --user=bob --group=operators",
        ),
        (
            "Print the changed role binding of a manifest without sending it",
            "set subject -f binding.yaml --user=ann --local -o yaml",
        ),
    ],
    usage: "(-f FILENAME | TYPE NAME) [--user=username] [--group=groupname] [--serviceaccount=namespace:serviceaccountname] [--dry-run=server|client|none]",
    flags,
    run,
    family: &[],
};

fn flags(command: Command) -> Command {
    groups::all(groups::labels(command::flags(command)))
        .arg(args::list("user", "User to bind; can be repeated."))
        .arg(args::list("group", "Group to bind; can be repeated."))
        .arg(args::list("serviceaccount", "Service account to bind, in the form <namespace>:<name>; can be repeated."))
}

fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let command = SetCommand::read(ctx, matches, matches.values("args"))?;
    command.check(matches)?;
    let subjects = subjects(matches)?;
    let messages = Messages {
        done: "subjects updated",
        failed: "failed to patch subjects to rolebinding: ",
        reports_unchanged: false,
    };
    command.run(ctx, &messages, |_, _, object, _| {
        if !matches!(object.kind(), "RoleBinding" | "ClusterRoleBinding") {
            return Err(CliError::new("setting subjects is only supported for RoleBinding/ClusterRoleBinding"));
        }
        let list = object.list_mut("/subjects");
        let before = list.len();
        for new in &subjects {
            if !list.contains(new) {
                list.push(new.clone());
            }
        }
        if list.len() == before {
            return Ok(false);
        }
        Ok(true)
    })
}

fn subjects(matches: &ArgMatches) -> CliResult<Vec<Value>> {
    let kinds = [("User", matches.values("user")), ("Group", matches.values("group"))];
    let mut subjects = Vec::new();
    for (kind, mut names) in kinds {
        names.order();
        names.dedup();
        subjects.extend(
            names.into_iter().map(|name| json!({"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name})),
        );
    }
    for account in matches.values("serviceaccount") {
        match account.split(':').collect::<Vec<_>>().as_slice() {
            [namespace, name] if !namespace.is_empty() && !name.is_empty() => {
                subjects.push(json!({"kind": "ServiceAccount", "name": name, "namespace": namespace}));
            }
            _ => return Err(CliError::new("serviceaccount must be <namespace>:<name>")),
        }
    }
    match subjects.is_empty() {
        true => Err(CliError::new("you must specify at least one value of user, group or serviceaccount")),
        false => Ok(subjects),
    }
}
