//! Apply sets, `apply --prune --applyset=PARENT`: a parent object records the kinds and namespaces of the objects that
//! were applied together, so that those that the manifests no longer contain can be found and deleted.
//!
//! The feature is in alpha: the environment variable `KUBECTL_APPLYSET=true` turns it on. Upstream:
//! `kubectl/pkg/cmd/apply/applyset.go` and `applyset_pruner.go`.

mod members;
mod parent;

use std::collections::BTreeSet;
use std::sync::Arc;

use clap::ArgMatches;

use super::options::ApplyOptions;
use crate::args::Matches;
use crate::output::Output;
use crate::resolve::{self, Item, Selection};
use crate::verbs::delete;
use crate::{CliError, CliResult, Ctx, klog};
use kctl_base::field::quote;
use kctl_base::json::json;
use kctl_base::object::{Object, ObjectMeta};
use kctl_base::status::Reason;
use kctl_cluster::client::WriteParams;
use members::Members;
use parent::Parent;

/// The label of members; its value is that of the parent's [`ID`].
const PART_OF: &str = "applyset.kubernetes.io/part-of";
/// The label of parents.
const ID: &str = "applyset.kubernetes.io/id";
/// The annotation of parents with the program that manages the set.
const TOOLING: &str = "applyset.kubernetes.io/tooling";
/// The name of this program in [`TOOLING`].
const TOOL: &str = "kubectl";
/// The field manager of what is written to parents.
const MANAGER: &str = "kubectl-applyset";

/// A set of objects that are applied together.
pub(super) struct ApplySet {
    parent: Parent,
    /// The members before this run.
    before: Members,
    /// The members of this run.
    after: Members,
}

impl ApplySet {
    /// Reads `--applyset`; `None` without it.
    ///
    /// # Errors
    /// The flag is unknown without the feature, or it names no object.
    pub(super) fn read(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<Option<ApplySet>> {
        let Some(reference) = matches.value_of("applyset") else { return Ok(None) };
        if !ctx.apply_sets {
            let hint = format!("See '{} apply --help' for usage.", ctx.program);
            return Err(CliError::Usage { message: "unknown flag: --applyset".into(), hint });
        }
        if reference.is_empty() {
            return Ok(None);
        }
        let parent = Parent::read(ctx, reference)
            .map_err(|why| CliError::new(format!("invalid parent reference {}: {}", quote(reference), why.text())))?;
        Ok(Some(ApplySet { parent, before: Members::default(), after: Members::default() }))
    }

    /// Checks whether the parent may be one.
    ///
    /// # Errors
    /// A namespace is missing, or objects of its kind cannot be parents.
    pub(super) fn validate(&self, ctx: &mut Ctx) -> CliResult<()> {
        self.parent.validate(ctx)
    }

    /// Labels objects of manifests as members.
    ///
    /// # Errors
    /// One of them has the label already.
    pub(super) fn label(&self, items: &mut [Item]) -> CliResult<()> {
        let id = self.parent.id();
        for object in items.iter_mut().filter_map(|item| item.object.as_mut()) {
            if object.label(PART_OF).is_some() {
                return Err(CliError::new(format!("ApplySet label {} already set in input data", quote(PART_OF))));
            }
            object.set_label(PART_OF, &id);
        }
        Ok(())
    }

    /// Extends the parent to the objects that will be applied. A run that is interrupted later then loses no member.
    ///
    /// # Errors
    /// The parent belongs to something else, or it cannot be written.
    pub(super) fn before_apply(&mut self, ctx: &mut Ctx, apply: &ApplyOptions, items: &[Item]) -> CliResult<()> {
        self.before = self.parent.fetch_members(ctx)?;
        for item in items {
            self.after.add(item);
        }
        let all = self.before.union(&self.after);
        self.update_parent(ctx, apply, &all).map_err(CliError::new)
    }

    /// Deletes the members that were not `visited` in this run, and reduces the parent to those that were.
    ///
    /// # Errors
    /// A member cannot be deleted, or the parent cannot be written.
    pub(super) fn prune(
        &self,
        ctx: &mut Ctx,
        apply: &ApplyOptions,
        output: &mut Output,
        visited: &[Arc<Object>],
    ) -> CliResult<()> {
        let visited: BTreeSet<&str> = visited.iter().map(|object| object.uid()).collect();
        let mut members = self.find_members(ctx)?;
        members.retain(|(_, object)| !visited.contains(object.uid()));
        for (item, object) in &members {
            if !apply.dry_run.is_client() {
                delete::delete(ctx, item, &apply.deletion, apply.dry_run).map_err(|why| {
                    let place = if item.namespace.is_empty() { "" } else { "/" };
                    let kind = members::group_kind(&*item.kind);
                    let object = format!("{kind} {}{place}{}", item.namespace, item.name);
                    CliError::new(format!("pruning {object}: {}", why.text()))
                })?;
            }
            output.report(ctx, object, &item.label(), "pruned", apply.dry_run)?;
        }
        self.update_parent(ctx, apply, &self.after)
            .map_err(|why| CliError::new(format!("apply and prune succeeded, but ApplySet update failed: {why}")))
    }

    /// Finds the members of the kinds and in the namespaces that the parent named before this run.
    fn find_members(&self, ctx: &mut Ctx) -> CliResult<Vec<(Item, Arc<Object>)>> {
        let labels = format!("{PART_OF}={}", self.parent.id());
        let mut found = Vec::new();
        for (target, namespace) in self.before.places() {
            let selection = Selection { labels: labels.clone(), namespace: namespace.into(), ..Selection::default() };
            let listed = resolve::list(ctx, &selection, target).map_err(|why| {
                let names = target.kind.names();
                let kind = format!("{}/{}, Kind={}", names.group, names.version, names.kind);
                CliError::new(format!("listing {kind} objects for pruning: {}", why.text()))
            })?;
            for item in listed.items {
                let object = item.get(ctx)?;
                found.push((item, object));
            }
        }
        Ok(found)
    }

    /// Writes labels and annotations of the parent, which is created if it does not exist. Fields that others have taken
    /// over are taken back.
    fn update_parent(&self, ctx: &mut Ctx, apply: &ApplyOptions, members: &Members) -> Result<(), String> {
        if apply.dry_run.is_client() {
            return Ok(());
        }
        let names = self.parent.kind.names();
        let mut configuration = json!({
            "apiVersion": names.api_version(),
            "kind": names.kind,
            "metadata": {
                "name": self.parent.name,
                "annotations": members.annotations(&self.parent.namespace),
                "labels": {(ID): self.parent.id()},
            },
        });
        configuration.set_annotation(TOOLING, &format!("{TOOL}/v{}", crate::verbs::version::VERSION));
        if !self.parent.namespace.is_empty() {
            configuration["metadata"]["namespace"] = self.parent.namespace.clone().into();
        }
        let params = WriteParams::manager(MANAGER).dry_run(apply.dry_run.is_server()).validation(apply.validation);
        let path = self.parent.path();
        let send = |ctx: &mut Ctx, force: bool| {
            let params = params.clone().force(force);
            ctx.api(|client| client.apply(&path, configuration.clone(), &params))
        };
        let written = match send(ctx, false) {
            Err(CliError::Status(status)) if status.reason == Reason::Conflict => {
                let text = format!(
                    "WARNING: failed to update ApplySet: {}\nApplySet field manager {MANAGER} should own these fields. Retrying with conflicts forced.",
                    status.message
                );
                ctx.log(klog::APPLY_SET_CONFLICT, &text).and_then(|()| send(ctx, true))
            }
            other => other,
        };
        written.map(drop).map_err(|why| format!("failed to update ApplySet: {}", why.text()))
    }
}
