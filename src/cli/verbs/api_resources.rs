//! `api-resources` and `api-versions`, derived from the catalog of kinds.
//!
//! Upstream: `kubectl/pkg/cmd/apiresources/`.

use clap::{ArgMatches, Command};

use crate::args::{self, ArgProperties, Matches, groups};
use crate::output::Output;
use crate::printers::table::print_rows;
use crate::{CliError, CliResult, Ctx, Verb};
use kctl_base::json::{Value, json};
use kctl_base::object::ValueWrite;
use kctl_base::order::Order as _;
use kctl_kinds::Kind;

/// The `api-resources` verb.
pub(super) const RESOURCES: Verb = Verb {
    name: "api-resources",
    aliases: &[],
    about: "Print the supported API resources on the server",
    long: "Print the API resources that the server supports.",
    examples: &[
        ("Print all supported API resources", "api-resources"),
        ("Print them with their verbs and categories", "api-resources -o wide"),
        ("Print them sorted by name", "api-resources --sort-by=name"),
        ("Print only namespaced resources", "api-resources --namespaced=true"),
        ("Print only cluster-scoped resources", "api-resources --namespaced=false"),
        ("Print the resources of one API group", "api-resources --api-group=rbac.authorization.k8s.io"),
    ],
    usage: "[flags]",
    flags,
    run: resources,
    family: &[],
};

/// The `api-versions` verb.
pub(super) const VERSIONS: Verb = Verb {
    name: "api-versions",
    aliases: &[],
    about: "Print the supported API versions on the server, in the form of \"group/version\"",
    long: "Print the API versions that the server supports, in the form of \"group/version\".",
    examples: &[("Print the supported API versions", "api-versions")],
    usage: "",
    flags: groups::args,
    run: versions,
    family: &[],
};

fn flags(command: Command) -> Command {
    groups::args(command)
        .arg(args::text("api-group", "Print only resources of this API group; empty is the core group."))
        .arg(args::list("categories", "Print only resources of these categories."))
        .arg(
            args::switch("namespaced", "Print only namespaced resources, or with =false only cluster-scoped ones.")
                .help_default("true"),
        )
        .arg(args::list("verbs", "Print only resources that support all of these verbs."))
        .arg(args::text("sort-by", "Sort by this field. One of: (name, kind)."))
        .arg(args::text("output", "Output format. One of: (json, yaml, wide, name).").short('o'))
        .arg(args::switch("no-headers", "Print no headers."))
        .arg(args::switch("cached", "Accepted for compatibility; there is no discovery cache."))
}

/// Refuses positional arguments.
fn refuse_words(ctx: &Ctx, matches: &ArgMatches, verb: &str) -> CliResult<()> {
    let words = matches.values("args");
    match words.is_empty() {
        true => Ok(()),
        false => Err(ctx.usage(verb, &format!("unexpected arguments: [{}]", words.join(" ")))),
    }
}

/// A resource as discovery describes it.
struct Resource {
    name: &'static str,
    singular: &'static str,
    short: String,
    group: &'static str,
    api_version: String,
    namespaced: bool,
    kind: &'static str,
    verbs: &'static [&'static str],
    categories: &'static [&'static str],
}

impl Resource {
    /// The resource as an `APIResource`.
    fn to_value(&self) -> Value {
        let version = self.api_version.rsplit('/').next().unwrap_or_default();
        let mut value = json!({
            "name": self.name,
            "singularName": self.singular,
            "namespaced": self.namespaced,
            "version": version,
            "kind": self.kind,
            "verbs": self.verbs,
        });
        let short: Vec<&str> = self.short.split(',').filter(|name| !name.is_empty()).collect();
        if !self.group.is_empty() {
            value.put("/group", self.group);
        }
        if !short.is_empty() {
            value.put("/shortNames", json!(short));
        }
        if !self.categories.is_empty() {
            value.put("/categories", json!(self.categories));
        }
        value
    }
}

/// The resources of a kind: in its preferred version, and in each other group that serves it.
fn served(kind: &dyn Kind) -> Vec<Resource> {
    let names = *kind.names();
    let mut groups = vec![(names.group, names.version)];
    for (group, version) in kind.other_versions() {
        if !groups.iter().any(|(g, _)| g == group) {
            groups.push((group, version));
        }
    }
    let resource = |(group, version): (&'static str, &'static str)| Resource {
        name: names.plural,
        singular: names.singular,
        short: names.short.join(","),
        group,
        api_version: joined(group, version),
        namespaced: names.namespaced,
        kind: names.kind,
        verbs: kind.verbs(),
        categories: names.categories,
    };
    groups.into_iter().map(resource).collect()
}

fn joined(group: &str, version: &str) -> String {
    if group.is_empty() { version.into() } else { format!("{group}/{version}") }
}

fn resources(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    refuse_words(ctx, matches, "api-resources")?;
    let output = matches.string("output");
    if !["", "wide", "name", "json", "yaml"].contains(&output) {
        return Err(CliError::new(format!(
            "unable to match a printer suitable for the output format \"{output}\", allowed formats are: json,kyaml,name,wide,yaml"
        )));
    }
    let sort = matches.string("sort-by");
    if !["", "name", "kind"].contains(&sort) {
        return Err(CliError::new("--sort-by accepts only name or kind"));
    }
    let (verbs, categories) = (matches.values("verbs"), matches.values("categories"));
    let namespaced = matches.is_set("namespaced").then(|| matches.flag("namespaced"));
    let catalog = ctx.catalog()?;
    let mut found: Vec<Resource> = catalog.iter().flat_map(|k| served(&*k)).collect();
    found.retain(|r| {
        matches.value_of("api-group").is_none_or(|g| g == r.group)
            && namespaced.is_none_or(|n| n == r.namespaced)
            && verbs.iter().all(|v| r.verbs.contains(&v.as_str()))
            && categories.iter().all(|c| r.categories.contains(&c.as_str()))
    });
    match sort {
        "name" => found.order_by_key(|r| r.name),
        "kind" => found.order_by_key(|r| r.kind),
        _ => found.order_by_key(|r| (r.group, r.name)),
    }
    if output == "name" {
        for r in &found {
            ctx.print_line(if r.group.is_empty() { r.name.to_string() } else { format!("{}.{}", r.name, r.group) });
        }
        return Ok(());
    }
    if matches!(output, "json" | "yaml") {
        let list = json!({
            "kind": "APIResourceList",
            "apiVersion": "v1",
            "groupVersion": "",
            "resources": found.iter().map(Resource::to_value).collect::<Vec<_>>(),
        });
        return Output::of_typed_report(matches)?.print(ctx, &list);
    }
    let wide = output == "wide";
    let mut headers = vec!["NAME", "SHORTNAMES", "APIVERSION", "NAMESPACED", "KIND"];
    if wide {
        headers.extend(["VERBS", "CATEGORIES"]);
    }
    let row = |r: &Resource| {
        let mut row = vec![
            r.name.to_string(),
            r.short.clone(),
            r.api_version.clone(),
            r.namespaced.to_string(),
            r.kind.to_string(),
        ];
        if wide {
            row.extend([r.verbs.join(","), r.categories.join(",")]);
        }
        row
    };
    let rows: Vec<Vec<String>> = found.iter().map(row).collect();
    let headers: Vec<String> = headers.into_iter().map(String::from).collect();
    let mut text = Vec::new();
    print_rows((!matches.flag("no-headers")).then_some(&headers[..]), &rows, &mut text)
        .map_err(|e| CliError::new(e.to_string()))?;
    ctx.out.push_str(&String::from_utf8_lossy(&text));
    Ok(())
}

fn versions(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    refuse_words(ctx, matches, "api-versions")?;
    let catalog = ctx.catalog()?;
    let mut versions: Vec<String> = Vec::new();
    for kind in catalog.iter() {
        versions.push(kind.names().api_version());
        versions.extend(kind.other_versions().iter().map(|(group, version)| joined(group, version)));
    }
    versions.order();
    versions.dedup();
    for version in versions {
        ctx.print_line(version);
    }
    Ok(())
}
