//! `create role` and `create clusterrole`.
//!
//! Upstream: `kubectl/pkg/cmd/create/create_role.go` and `create_clusterrole.go`.

use clap::{ArgMatches, Command};

use super::generator::{self, Generator};
use crate::args::{self, Matches, SharedFlags};
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
            .arg(args::pairs(
                "aggregation-rule",
                "Label of the cluster roles to combine, in the form key=value; can be repeated.",
            ))
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

/// The rule that the flags describe.
struct Rule {
    verbs: Vec<String>,
    resources: Vec<ResourceSpec>,
    names: Vec<String>,
    urls: Vec<String>,
}

/// A resource as typed: `RESOURCE.GROUP/SUBRESOURCE`.
struct ResourceSpec {
    resource: String,
    group: String,
    subresource: String,
}

/// The verbs of resources.
const VERBS: [&str; 14] = [
    "*",
    "get",
    "delete",
    "list",
    "create",
    "update",
    "patch",
    "watch",
    "proxy",
    "deletecollection",
    "use",
    "bind",
    "escalate",
    "impersonate",
];

/// The verbs of URLs.
const URL_VERBS: [&str; 8] = ["*", "get", "post", "put", "delete", "patch", "head", "options"];

/// Verbs that apply to few resources only, as (resource, group).
const SPECIAL: [(&str, &[(&str, &str)]); 4] = [
    ("use", &[("podsecuritypolicies", "policy"), ("podsecuritypolicies", "extensions")]),
    ("bind", ROLES),
    ("escalate", ROLES),
    ("impersonate", &[("users", ""), ("serviceaccounts", ""), ("groups", ""), ("userextras", "authentication.k8s.io")]),
];
const ROLES: &[(&str, &str)] = &[("roles", GROUP), ("clusterroles", GROUP)];
const GROUP: &str = "rbac.authorization.k8s.io";

impl Rule {
    fn read(matches: &ArgMatches) -> Rule {
        let all = |flag: &str| unique(matches.values(flag).into_iter().filter(|v| !v.is_empty()));
        let mut verbs = all("verb");
        if verbs.iter().any(|v| v == "*") {
            verbs = vec!["*".into()];
        }
        let mut resources: Vec<ResourceSpec> = all("resource").iter().map(|text| ResourceSpec::read(text)).collect();
        // A lone `*` replaces all other resources.
        if let Some(at) =
            resources.iter().position(|r| r.resource == "*" && r.group.is_empty() && r.subresource.is_empty())
        {
            resources = vec![resources.swap_remove(at)];
        }
        Rule {
            verbs,
            resources,
            names: unique(matches.values("resource-name").into_iter()),
            urls: unique(SharedFlags(matches).values("non-resource-url").into_iter().filter(|url| !url.is_empty())),
        }
    }

    fn check(&self, ctx: &mut Ctx) -> CliResult<()> {
        self.check_verbs()?;
        self.warn_of_verbs(ctx);
        match self.resources.is_empty() {
            true => Err(CliError::new("at least one resource must be specified")),
            false => self.check_resources(ctx),
        }
    }

    fn check_for_cluster(&self, ctx: &mut Ctx) -> CliResult<()> {
        self.check_verbs()?;
        if self.resources.is_empty() && self.urls.is_empty() {
            return Err(CliError::new("one of resource or nonResourceURL must be specified"));
        }
        if !self.resources.is_empty() {
            self.warn_of_verbs(ctx);
            self.check_resources(ctx)?;
        }
        self.check_urls()
    }

    fn check_verbs(&self) -> CliResult<()> {
        match self.verbs.is_empty() {
            true => Err(CliError::new("at least one verb must be specified")),
            false => Ok(()),
        }
    }

    fn warn_of_verbs(&self, ctx: &mut Ctx) {
        for verb in self.verbs.iter().filter(|v| !VERBS.contains(&v.as_str())) {
            ctx.warn(&format!("'{verb}' is not a standard resource verb"));
        }
    }

    fn check_resources(&self, ctx: &mut Ctx) -> CliResult<()> {
        for asked in &self.resources {
            if asked.resource.is_empty() {
                return Err(CliError::new("resource must be specified if apiGroup/subresource specified"));
            }
            if asked.resource == "*" {
                return Ok(());
            }
            let (mut known, place) = match asked.find(ctx)? {
                Some(place) => (true, place),
                None => (false, (asked.group.clone(), asked.resource.clone())),
            };
            for verb in &self.verbs {
                let Some((_, places)) = SPECIAL.iter().find(|(special, _)| special == verb) else { continue };
                if !places.contains(&(&place.1, &place.0)) {
                    let (group, resource) = &place;
                    let text = format!("can not perform '{verb}' on '{resource}' in group '{group}'");
                    return Err(CliError::new(text));
                }
                known = true;
            }
            if !known {
                return Err(asked.unknown());
            }
        }
        Ok(())
    }

    fn check_urls(&self) -> CliResult<()> {
        if self.urls.is_empty() {
            return Ok(());
        }
        if let Some(verb) = self.verbs.iter().find(|v| !URL_VERBS.contains(&v.as_str())) {
            return Err(CliError::new(format!("invalid verb: '{verb}' for nonResourceURL")));
        }
        for url in self.urls.iter().filter(|url| *url != "*") {
            if !url.starts_with('/') {
                return Err(CliError::new("nonResourceURL should start with /"));
            }
            if url.find('*').is_some_and(|at| at + 1 < url.len()) {
                return Err(CliError::new("nonResourceURL only supports wildcard matches when '*' is at the end"));
            }
        }
        Ok(())
    }

    /// One rule for each API group of the resources, sorted by group.
    fn of_resources(&self, ctx: &mut Ctx) -> CliResult<Vec<Value>> {
        let mut groups: std::collections::BTreeMap<String, Vec<String>> = std::collections::BTreeMap::new();
        for asked in &self.resources {
            let (group, mut resource) =
                asked.find(ctx)?.unwrap_or_else(|| (asked.group.clone(), asked.resource.clone()));
            if !asked.subresource.is_empty() {
                resource = format!("{resource}/{}", asked.subresource);
            }
            let members = groups.entry(group).or_default();
            if !members.contains(&resource) {
                members.push(resource);
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

/// Removes repetitions and keeps the order.
fn unique(texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen: Vec<String> = Vec::new();
    for text in texts {
        if !seen.contains(&text) {
            seen.push(text);
        }
    }
    seen
}

impl ResourceSpec {
    fn read(text: &str) -> ResourceSpec {
        let (word, subresource) = text.split_once('/').unwrap_or((text, ""));
        let (resource, group) = word.split_once('.').unwrap_or((word, ""));
        ResourceSpec { resource: resource.into(), group: group.into(), subresource: subresource.into() }
    }

    /// The group and plural name of the served resource.
    fn find(&self, ctx: &mut Ctx) -> CliResult<Option<(String, String)>> {
        if self.resource == "*" || self.resource.is_empty() {
            return Ok(None);
        }
        let catalog = ctx.cluster()?.server().catalog().clone();
        let word =
            if self.group.is_empty() { self.resource.clone() } else { format!("{}.{}", self.resource, self.group) };
        // A version in the name is not supported here.
        let fits = |group: &str| group.starts_with(&self.group);
        let found = catalog.by_name(&word).filter(|kind| fits(kind.names().group));
        Ok(found.map(|kind| (kind.names().group.to_string(), kind.names().plural.to_string())))
    }

    /// The error for an unknown resource, which comes from discovery and has no prefix.
    fn unknown(&self) -> CliError {
        let group = if self.group.is_empty() { String::new() } else { format!(" in group \"{}\"", self.group) };
        CliError::line(CliError::unknown_resource_type(&self.resource) + &group)
    }
}
