//! The rule of `create role` and `create clusterrole`, as the flags describe it.
//!
//! Upstream: `kubectl/pkg/cmd/create/create_role.go`.

use clap::ArgMatches;

use crate::args::{Matches, SharedFlags};
use crate::{CliError, CliResult, Ctx};
use kctl_base::json::{Value, json};

/// The rule that the flags describe.
pub(super) struct Rule {
    pub(super) verbs: Vec<String>,
    pub(super) resources: Vec<ResourceSpec>,
    pub(super) names: Vec<String>,
    pub(super) urls: Vec<String>,
}

/// A resource as typed: `RESOURCE.GROUP/SUBRESOURCE`.
pub(super) struct ResourceSpec {
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
    pub(super) fn read(matches: &ArgMatches) -> Rule {
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

    pub(super) fn check(&self, ctx: &mut Ctx) -> CliResult<()> {
        self.check_verbs()?;
        self.warn_of_verbs(ctx);
        match self.resources.is_empty() {
            true => Err(CliError::new("at least one resource must be specified")),
            false => self.check_resources(ctx),
        }
    }

    pub(super) fn check_for_cluster(&self, ctx: &mut Ctx) -> CliResult<()> {
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
    pub(super) fn of_resources(&self, ctx: &mut Ctx) -> CliResult<Vec<Value>> {
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
        let catalog = ctx.catalog()?;
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
