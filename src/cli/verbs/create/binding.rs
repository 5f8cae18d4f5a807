//! `create rolebinding` and `create clusterrolebinding`.
//!
//! Upstream: `kubectl/pkg/cmd/create/create_rolebinding.go` and `create_clusterrolebinding.go`.

use clap::{ArgMatches, Command};

use super::generator::{self, Generator};
use crate::args::{self, Matches};
use crate::{CliError, CliResult, Verb};
use kctl_base::json::{Value, json};

/// The `create rolebinding` verb.
pub(super) const ROLE_BINDING: Verb = Verb {
    name: "rolebinding",
    aliases: &[],
    about: "Create a role binding for a particular role or cluster role",
    long: "Create a role binding for a role or a cluster role.",
    examples: &[
        (
            "Bind the cluster role 'admin' to two users and a group in the current namespace",
            "create rolebinding admins --clusterrole=admin --user=ann --user=bob --group=operators",
        ),
        (
            "Bind the role 'pod-reader' to a service account",
            "create rolebinding ci-reads --role=pod-reader --serviceaccount=default:ci",
        ),
    ],
    usage: "NAME --clusterrole=NAME|--role=NAME [--user=username] [--group=groupname] [--serviceaccount=namespace:serviceaccountname] [--dry-run=server|client|none]",
    flags: |c| flags(c).arg(args::text("role", "Role that the binding refers to.")),
    run: |ctx, matches| generator::run(ctx, matches, &ROLE),
    family: &[],
};

/// The `create clusterrolebinding` verb.
pub(super) const CLUSTER_ROLE_BINDING: Verb = Verb {
    name: "clusterrolebinding",
    aliases: &[],
    about: "Create a cluster role binding for a particular cluster role",
    long: "Create a cluster role binding for a cluster role.",
    examples: &[(
        "Bind the cluster role 'cluster-admin' to two users and a group",
        "create clusterrolebinding admins --clusterrole=cluster-admin --user=ann --user=bob --group=operators",
    )],
    usage: "NAME --clusterrole=NAME [--user=username] [--group=groupname] [--serviceaccount=namespace:serviceaccountname] [--dry-run=server|client|none]",
    flags: |c| flags(c).mut_arg("clusterrole", |arg| arg.required(true)),
    run: |ctx, matches| generator::run(ctx, matches, &CLUSTER_ROLE),
    family: &[],
};

const ROLE: Generator = Generator {
    path: "create rolebinding",
    failed: "failed to create rolebinding: ",
    build: |_, matches, name| {
        let (role, cluster_role) = (matches.string("role"), matches.string("clusterrole"));
        match (role.is_empty(), cluster_role.is_empty()) {
            (false, true) => binding("RoleBinding", name, "Role", role, matches),
            (true, false) => binding("RoleBinding", name, "ClusterRole", cluster_role, matches),
            _ => Err(CliError::new("exactly one of clusterrole or role must be specified")),
        }
    },
};

const CLUSTER_ROLE: Generator = Generator {
    path: "create clusterrolebinding",
    failed: "failed to create clusterrolebinding: ",
    build: |_, matches, name| {
        binding("ClusterRoleBinding", name, "ClusterRole", matches.string("clusterrole"), matches)
    },
};

const GROUP: &str = "rbac.authorization.k8s.io";

fn flags(command: Command) -> Command {
    generator::flags(command)
        .arg(args::text("clusterrole", "Cluster role that the binding refers to."))
        .arg(args::each("user", "User to bind; can be repeated."))
        .arg(args::each("group", "Group to bind; can be repeated."))
        .arg(args::each("serviceaccount", "Service account to bind, in the form <namespace>:<name>; can be repeated."))
}

fn binding(kind: &str, name: &str, role_kind: &str, role: &str, matches: &ArgMatches) -> CliResult<Value> {
    let named = |kind: &'static str, name: String| json!({"apiGroup": GROUP, "kind": kind, "name": name});
    let mut subjects: Vec<Value> = matches.values("user").into_iter().map(|n| named("User", n)).collect();
    subjects.extend(matches.values("group").into_iter().map(|n| named("Group", n)));
    for account in matches.values("serviceaccount") {
        let Some((namespace, name)) =
            account.split_once(':').filter(|(ns, n)| !ns.is_empty() && !n.is_empty() && !n.contains(':'))
        else {
            return Err(CliError::new("serviceaccount must be <namespace>:<name>"));
        };
        subjects.push(json!({"kind": "ServiceAccount", "name": name, "namespace": namespace}));
    }
    let mut binding = json!({
        "apiVersion": format!("{GROUP}/v1"),
        "kind": kind,
        "metadata": {"name": name},
        "roleRef": {"apiGroup": GROUP, "kind": role_kind, "name": role},
    });
    if !subjects.is_empty() {
        binding["subjects"] = subjects.into();
    }
    Ok(binding)
}
