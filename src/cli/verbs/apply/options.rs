//! The options of `apply` and the result of applying one object.

use std::sync::Arc;

use crate::dry_run::DryRun;
use crate::output::Output;
use crate::resolve::Item;
use crate::verbs::creation::Creation;
use crate::verbs::delete::Deletion;
use kctl_base::object::Object;
use kctl_cluster::FieldValidation;
use kctl_cluster::client::WriteParams;

/// The values of the flags.
pub(super) struct ApplyOptions {
    pub(super) manager: String,
    pub(super) validation: FieldValidation,
    pub(super) dry_run: DryRun,
    pub(super) output: Output,
    pub(super) cause: Option<String>,
    pub(super) deletion: Deletion,
    pub(super) server_side: bool,
    pub(super) force: bool,
    pub(super) force_conflicts: bool,
    pub(super) subresource: String,
}

/// The result for one object.
pub(super) struct Applied {
    pub(super) object: Arc<Object>,
    /// The past participle in the report: `created`, `configured`, `unchanged` or `serverside-applied`.
    pub(super) done: &'static str,
}

impl ApplyOptions {
    /// The parameters of a write of an object of the command.
    pub(super) fn write_params(&self, item: &Item) -> WriteParams {
        item.write_params(&self.manager).dry_run(self.dry_run.is_server())
    }

    /// The options for an object that does not exist yet. The annotation of `apply` is part of the object already.
    pub(super) fn creation(&self) -> Creation<'_> {
        Creation {
            manager: &self.manager,
            dry_run: self.dry_run,
            save_config: false,
            validation: Some(self.validation),
        }
    }
}

/// The description of an object in errors about reading or patching it.
pub(super) fn described(item: &Item) -> String {
    let names = item.kind.names();
    let version = item.version.as_ref().map_or(names.version, |gv| &gv.version);
    format!(
        "Resource: \"{group}/{version}, Resource={}\", GroupVersionKind: \"{group}/{version}, Kind={}\"\nName: \"{}\", Namespace: \"{}\"",
        names.plural,
        names.kind,
        item.name,
        item.namespace,
        group = names.group,
    )
}
