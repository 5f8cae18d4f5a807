//! `create role` and `create clusterrole`.
//!
//! Upstream: `kubectl/pkg/cmd/create/create_role.go` and `create_clusterrole.go`.

use clap::{ArgMatches, Command};

use super::generator::{self, Generator};
use super::rule::Rule;
use crate::args::{self, ArgProperties, Matches};
use crate::{CliError, CliResult, Ctx, Verb};
use kctl_base::json::{Value, json};

/// The `create role` verb.
pub(super) const ROLE: Verb = Verb {
    name: "role",
    aliases: &[],
    about: "Create a role with single rule",
    long: "Create a role with a single rule.",
    examples: &[
        (
            "Create a role that allows to get, watch and list pods",
            "create role pod-reader --verb=get,list,watch --resource=pods",
        ),
        (
            "Create a role for pods of given names",
            "create role web-reader --verb=get --resource=pods --resource-name=web-0 --resource-name=web-1",
        ),
        (
            "Create a role for a resource of an API group",
            "create role rs-reader --verb=get,list,watch --resource=replicasets.apps",
        ),
        (
            "Create a role with a subresource",
            "create role status-reader --verb=get,list,watch --resource=pods,pods/status",
        ),
    ],
    usage: "NAME --verb=verb --resource=resource.group/subresource [--resource-name=resourcename] [--dry-run=server|client|none]",
    flags,
    run: |ctx, matches| generator::run(ctx, matches, &ROLE_GENERATOR),
    family: &[],
};

/// The `create clusterrole` verb.
pub(super) const CLUSTER_ROLE: Verb = Verb {
    name: "clusterrole",
    aliases: &[],
    about: "Create a cluster role",
    long: "Create a cluster role.",
    examples: &[
        (
            "Create a cluster role that allows to get, watch and list pods",
            "create clusterrole pod-reader --verb=get,list,watch --resource=pods",
        ),
        (
            "Create a cluster role with a subresource",
            "create clusterrole status-reader --verb=get,list,watch --resource=pods,pods/status",
        ),
        (
            "Create a cluster role for a non-resource URL",
            "create clusterrole log-reader --verb=get --non-resource-url=/logs/*",
        ),
        (
            "Create a cluster role that combines others by label",
            "create clusterrole monitoring --aggregation-rule=rbac.example.com/aggregate-to-monitoring=true",
        ),
    ],
    usage: "NAME --verb=verb --resource=resource.group [--resource-name=resourcename] [--dry-run=server|client|none]",
    flags: |c| {
        flags(c)
            .arg(args::list("non-resource-url", "Path of a URL of the server that is not a resource; can be repeated."))
            .arg(
                args::pairs(
                    "aggregation-rule",
                    "Label of the cluster roles to combine, in the form key=value; can be repeated.",
                )
                .help_default(""),
            )
    },
    run: |ctx, matches| generator::run(ctx, matches, &CLUSTER_ROLE_GENERATOR),
    family: &[],
};

const ROLE_GENERATOR: Generator = Generator {
    path: "create role",
    failed: "",
    build: |ctx, matches, name| {
        let rule = Rule::read(matches);
        rule.check(ctx)?;
        let rules = rule.of_resources(ctx)?;
        Ok(json!({"apiVersion": API, "kind": "Role", "metadata": {"name": name}, "rules": rules}))
    },
};

const CLUSTER_ROLE_GENERATOR: Generator = Generator { path: "create clusterrole", failed: "", build: cluster_role };

const API: &str = "rbac.authorization.k8s.io/v1";

fn flags(command: Command) -> Command {
    generator::flags(command)
        .arg(args::list("verb", "Verb that the rule allows; can be repeated."))
        .arg(args::list(
            "resource",
            "Resource that the rule applies to, such as pods, deployments.apps or pods/log; can be repeated.",
        ))
        .arg(args::each("resource-name", "Name of an object that the rule is limited to; can be repeated."))
}

fn cluster_role(ctx: &mut Ctx, matches: &ArgMatches, name: &str) -> CliResult<Value> {
    let rule = Rule::read(matches);
    let aggregation = matches.values("aggregation-rule");
    let mut role = json!({"apiVersion": API, "kind": "ClusterRole", "metadata": {"name": name}, "rules": null});
    if !aggregation.is_empty() {
        if !rule.urls.is_empty() || !rule.verbs.is_empty() || !rule.resources.is_empty() || !rule.names.is_empty() {
            return Err(CliError::new(
                "aggregation rule must be specified without nonResourceURLs, verbs, resources or resourceNames",
            ));
        }
        let mut labels = json!({});
        for pair in &aggregation {
            if let Some((key, value)) = pair.split_once('=') {
                labels[key.trim()] = value.trim().into();
            }
        }
        role["aggregationRule"] = json!({"clusterRoleSelectors": [{"matchLabels": labels}]});
        return Ok(role);
    }
    rule.check_for_cluster(ctx)?;
    let mut rules = rule.of_resources(ctx)?;
    if !rule.urls.is_empty() {
        rules.push(json!({"nonResourceURLs": rule.urls, "verbs": rule.verbs}));
    }
    role["rules"] = rules.into();
    Ok(role)
}
