//! `create role` and `create clusterrole`.

use clap::{ArgMatches, Command};
use serde_json::{Value, json};

use super::generator::{self, Generator};
use crate::cli::args::{self, Matches};
use crate::cli::resolve;
use crate::cli::{CliError, CliResult, Ctx, Verb};

/// `create role`.
pub(super) const ROLE: Verb = Verb {
    name: "role",
    aliases: &[],
    about: "Create a role with single rule",
    args: flags,
    run: |ctx, matches| generator::run(ctx, matches, &ROLE_GENERATOR),
    family: &[],
};

/// `create clusterrole`.
pub(super) const CLUSTER_ROLE: Verb = Verb {
    name: "clusterrole",
    aliases: &[],
    about: "Create a cluster role",
    args: |c| {
        flags(c)
            .arg(args::list("non-resource-url", "a path of the server that is no resource"))
            .arg(args::list("aggregation-rule", "labels of the cluster roles to combine: KEY=VALUE"))
    },
    run: |ctx, matches| generator::run(ctx, matches, &CLUSTER_ROLE_GENERATOR),
    family: &[],
};

const ROLE_GENERATOR: Generator = Generator {
    path: "create role",
    failed: "",
    build: |ctx, matches, name| {
        let rule = Rule::read(matches);
        rule.check(false)?;
        let rules = rule.of_resources(ctx)?;
        Ok(json!({"apiVersion": API, "kind": "Role", "metadata": {"name": name}, "rules": rules}))
    },
};

const CLUSTER_ROLE_GENERATOR: Generator = Generator { path: "create clusterrole", failed: "", build: cluster_role };

const API: &str = "rbac.authorization.k8s.io/v1";

fn flags(command: Command) -> Command {
    generator::flags(command)
        .arg(args::list("verb", "a verb that is allowed"))
        .arg(args::list("resource", "a resource: pods, deployments.apps, pods/log"))
        .arg(args::list("resource-name", "only objects of these names"))
}

fn cluster_role(ctx: &mut Ctx, matches: &ArgMatches, name: &str) -> CliResult<Value> {
    let rule = Rule::read(matches);
    let aggregation = matches.values("aggregation-rule");
    let mut role = json!({"apiVersion": API, "kind": "ClusterRole", "metadata": {"name": name}, "rules": null});
    if !aggregation.is_empty() {
        if !rule.urls.is_empty() || !rule.verbs.is_empty() || !rule.resources.is_empty() || !rule.names.is_empty() {
            return Err(CliError::text(
                "aggregation rule must be specified without nonResourceURLs, verbs, resources or resourceNames",
            ));
        }
        let mut labels = json!({});
        for pair in &aggregation {
            let (key, value) =
                pair.split_once('=').ok_or_else(|| CliError::text(format!("{pair} must be formatted as key=value")))?;
            labels[key] = value.into();
        }
        role["aggregationRule"] = json!({"clusterRoleSelectors": [{"matchLabels": labels}]});
        return Ok(role);
    }
    rule.check(true)?;
    let mut rules = rule.of_resources(ctx)?;
    if !rule.urls.is_empty() {
        rules.push(json!({"nonResourceURLs": rule.urls, "verbs": rule.verbs}));
    }
    role["rules"] = rules.into();
    Ok(role)
}

/// What the flags allow.
struct Rule {
    verbs: Vec<String>,
    resources: Vec<String>,
    names: Vec<String>,
    urls: Vec<String>,
}

impl Rule {
    fn read(matches: &ArgMatches) -> Rule {
        let mut verbs: Vec<String> = Vec::new();
        for verb in matches.values("verb") {
            if verb == "*" {
                verbs = vec![verb];
                break;
            }
            if !verbs.contains(&verb) {
                verbs.push(verb);
            }
        }
        let mut names: Vec<String> = Vec::new();
        for name in matches.values("resource-name") {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        Rule { verbs, resources: matches.values("resource"), names, urls: matches.values("non-resource-url") }
    }

    fn check(&self, of_cluster: bool) -> CliResult<()> {
        let refuse = |text: &str| Err(CliError::text(text));
        if self.verbs.is_empty() {
            return refuse("at least one verb must be specified");
        }
        if self.resources.is_empty() && self.urls.is_empty() {
            return refuse(match of_cluster {
                true => "one of resource or nonResourceURL must be specified",
                false => "at least one resource must be specified",
            });
        }
        if self.resources.is_empty() && !self.names.is_empty() {
            return refuse("resourceName can not be applied to nonResourceURLs");
        }
        if !self.names.is_empty() && self.resources.len() > 1 {
            return refuse("resourceName(s) can not be applied to multiple resources");
        }
        Ok(())
    }

    /// One rule for each group of the resources, in the order of the groups' names.
    fn of_resources(&self, ctx: &mut Ctx) -> CliResult<Vec<Value>> {
        let mut groups: std::collections::BTreeMap<String, Vec<String>> = std::collections::BTreeMap::new();
        for resource in &self.resources {
            let (group, plural) = place(ctx, resource)?;
            let members = groups.entry(group).or_default();
            if !members.contains(&plural) {
                members.push(plural);
            }
        }
        let rule = |(group, resources)| {
            let mut rule = json!({"apiGroups": [group], "resources": resources, "verbs": self.verbs});
            if !self.names.is_empty() {
                rule["resourceNames"] = json!(self.names);
            }
            rule
        };
        Ok(groups.into_iter().map(rule).collect())
    }
}

/// The group and plural name of `deployments.apps` or `pods/log`.
fn place(ctx: &mut Ctx, resource: &str) -> CliResult<(String, String)> {
    let (word, subresource) = resource.split_once('/').map_or((resource, None), |(w, s)| (w, Some(s)));
    if word == "*" {
        return Ok(("*".into(), "*".into()));
    }
    // The generator asks for the type itself, and its complaint then stands without the word before it.
    let target = resolve::kind(ctx, word).map_err(|error| match error {
        CliError::Text(text) => CliError::Raw(format!("{text}\n"), 1),
        other => other,
    })?;
    let names = target.kind.names();
    let plural = subresource.map_or_else(|| names.plural.to_string(), |s| format!("{}/{s}", names.plural));
    Ok((names.group.into(), plural))
}
