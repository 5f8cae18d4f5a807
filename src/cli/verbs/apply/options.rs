//! The options of `apply` and the result of applying one object.

use std::sync::Arc;

use crate::dry_run::DryRun;
use crate::output::Output;
use crate::resolve::Item;
use crate::verbs::creation::Creation;
use crate::verbs::delete::Deletion;
use kctl_base::object::Object;
use kctl_cluster::api::FieldValidation;

/// What the flags mean.
pub(super) struct ApplyOptions {
    pub(super) manager: String,
    pub(super) validation: FieldValidation,
    pub(super) dry_run: DryRun,
    pub(super) output: Output,
    pub(super) cause: Option<String>,
    pub(super) deletion: Deletion,
    pub(super) force: bool,
    pub(super) force_conflicts: bool,
    pub(super) subresource: String,
}

/// What became of an object.
pub(super) struct Applied {
    pub(super) object: Arc<Object>,
    /// `created`, `configured`, `unchanged`, `serverside-applied`.
    pub(super) done: &'static str,
}

impl ApplyOptions {
    /// The options for an object that does not exist yet. The annotation of `apply` is part of the object already.
    pub(super) fn creation(&self) -> Creation<'_> {
        Creation { manager: &self.manager, dry_run: self.dry_run, save_config: false, validation: self.validation }
    }
}

/// What stands before an object that can not be read or patched: how kubectl prints what it is about.
pub(super) fn described(item: &Item) -> String {
    let names = item.kind.names();
    let version = item.version.as_ref().map_or(names.version, |(_, v)| v);
    format!(
        "Resource: \"{group}/{version}, Resource={}\", GroupVersionKind: \"{group}/{version}, Kind={}\"\nName: \"{}\", Namespace: \"{}\"",
        names.plural,
        names.kind,
        item.name,
        item.namespace,
        group = names.group,
    )
}
