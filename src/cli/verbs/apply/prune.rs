//! `--prune` of `apply` and `diff`: finds objects that were applied earlier and that no manifest describes any more;
//! `apply` deletes them.
//!
//! Upstream: `kubectl/pkg/cmd/apply/prune.go`.

use std::collections::BTreeSet;
use std::sync::Arc;

use clap::ArgMatches;

use super::options::ApplyOptions;
use crate::args::Matches;
use crate::output::Output;
use crate::resolve::{self, Item, Selection, Target};
use crate::verbs::delete;
use crate::{CliError, CliResult, Ctx, klog, last_applied};
use kctl_base::object::{Object, ObjectMeta};
use kctl_kinds::catalog::serves;

/// The types that are pruned by default: group, version, kind.
const DEFAULT: &[(&str, &str, &str)] = &[
    ("", "v1", "ConfigMap"),
    ("", "v1", "Endpoints"),
    ("", "v1", "PersistentVolumeClaim"),
    ("", "v1", "Pod"),
    ("", "v1", "ReplicationController"),
    ("", "v1", "Secret"),
    ("", "v1", "Service"),
    ("batch", "v1", "Job"),
    ("batch", "v1", "CronJob"),
    ("networking.k8s.io", "v1", "Ingress"),
    ("apps", "v1", "DaemonSet"),
    ("apps", "v1", "Deployment"),
    ("apps", "v1", "ReplicaSet"),
    ("apps", "v1", "StatefulSet"),
    ("", "v1", "Namespace"),
    ("", "v1", "PersistentVolume"),
];

/// The objects that may be pruned.
pub(in crate::verbs) struct Prune {
    types: Vec<Target>,
    labels: String,
}

impl Prune {
    /// Reads the flags; `None` without `--prune`.
    pub(super) fn read(ctx: &mut Ctx, matches: &ArgMatches, selection: &Selection) -> CliResult<Option<Prune>> {
        if !matches.flag("prune") {
            return Ok(None);
        }
        if !selection.all && selection.labels.is_empty() {
            return Err(CliError::new(
                "all resources selected for prune without explicitly passing --all. To prune all resources, pass the --all flag. If you did not mean to prune all resources, specify a label selector",
            ));
        }
        if matches.flag("server-side") {
            return Err(CliError::new(
                "--prune is in alpha and doesn't currently work on objects created by server-side apply",
            ));
        }
        let mut allowed = matches.values("prune-allowlist");
        allowed.extend(matches.values("prune-whitelist"));
        Prune::of_types(ctx, &allowed, &selection.labels).map(Some)
    }

    /// Prunes the types of an allowlist, the default ones if it is empty.
    ///
    /// # Errors
    /// A type is unknown.
    pub(in crate::verbs) fn of_types(ctx: &mut Ctx, allowed: &[String], labels: &str) -> CliResult<Prune> {
        let types = match allowed.is_empty() {
            true => {
                ctx.log(klog::PRUNE_CLUSTER_SCOPED,
                    "Deprecated: kubectl apply will no longer prune non-namespaced resources by default when used with the --namespace flag in a future release. To preserve the current behaviour, list the resources you want to target explicitly in the --prune-allowlist flag.",
                )?;
                default_types(ctx)?
            }
            false => allowed.iter().map(|text| named_type(ctx, text)).collect::<CliResult<Vec<_>>>()?,
        };
        Ok(Prune { types, labels: labels.into() })
    }

    /// Deletes objects that were applied once and not in this run, in the namespaces of this run.
    pub(super) fn run(
        &self,
        ctx: &mut Ctx,
        apply: &ApplyOptions,
        output: &mut Output,
        (items, visited): (&[Item], &[Arc<Object>]),
    ) -> CliResult<()> {
        let uids: BTreeSet<&str> = visited.iter().map(|o| o.uid()).collect();
        self.each(ctx, items, &uids, |ctx, item, object| {
            if !apply.dry_run.is_client() {
                delete::delete(ctx, item, &apply.deletion, apply.dry_run)?;
            }
            output.report(ctx, object, &item.label(), "pruned", apply.dry_run)
        })
    }

    /// Calls `handle` for each object that was applied once, whose uid was not `visited`, in the namespaces of `items`.
    ///
    /// # Errors
    /// Those of `handle`, or objects cannot be listed.
    pub(in crate::verbs) fn each(
        &self,
        ctx: &mut Ctx,
        items: &[Item],
        visited: &BTreeSet<&str>,
        mut handle: impl FnMut(&mut Ctx, &Item, &Object) -> CliResult<()>,
    ) -> CliResult<()> {
        let namespaces: BTreeSet<&str> =
            items.iter().filter(|i| !i.namespace.is_empty()).map(|i| i.namespace.as_str()).collect();
        for namespaced in [true, false] {
            let places: Vec<&str> = if namespaced { namespaces.iter().copied().collect() } else { vec![""] };
            for place in places {
                for target in self.types.iter().filter(|t| t.kind.names().namespaced == namespaced) {
                    for (item, object) in self.applied(ctx, target, place)? {
                        if !visited.contains(object.uid()) {
                            handle(ctx, &item, &object)?;
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Lists the objects of a type that were applied once.
    fn applied(&self, ctx: &mut Ctx, target: &Target, namespace: &str) -> CliResult<Vec<(Item, Arc<Object>)>> {
        let selection = Selection { labels: self.labels.clone(), namespace: namespace.into(), ..Selection::default() };
        let mut found = Vec::new();
        for item in resolve::list(ctx, &selection, target)?.items {
            let object = item.get(ctx)?;
            if object.annotation(last_applied::LAST_APPLIED).is_some() {
                found.push((item, object));
            }
        }
        Ok(found)
    }
}

fn default_types(ctx: &mut Ctx) -> CliResult<Vec<Target>> {
    let catalog = ctx.catalog()?;
    let found = DEFAULT.iter().filter_map(|(group, version, kind)| catalog.by_gvk(group, version, kind));
    Ok(found.map(|kind| Target { kind, version: None }).collect())
}

/// Finds the type of `core/v1/ConfigMap` or `apps/v1/Deployment`.
fn named_type(ctx: &mut Ctx, text: &str) -> CliResult<Target> {
    let parts: Vec<&str> = text.split('/').collect();
    let [group, version, kind] = parts.as_slice() else {
        return Err(CliError::new(format!(
            "invalid GroupVersionKind format: {text}, please follow <group/version/kind>"
        )));
    };
    let group = if *group == "core" { "" } else { group };
    let found = ctx.catalog()?.by_gvk(group, version, kind);
    let kind = found.filter(|k| serves(&**k, group, version)).ok_or_else(|| {
        let api_version = if group.is_empty() { (*version).to_string() } else { format!("{group}/{version}") };
        CliError::new(CliError::no_kind_match(kind, &api_version))
    })?;
    Ok(Target { kind, version: None })
}
