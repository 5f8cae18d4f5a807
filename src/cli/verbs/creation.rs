//! Creating objects on the server: those of manifests and those that verbs generate from flags.

use std::sync::Arc;

use clap::Command;

use super::targets;
use crate::args::groups;
use crate::dry_run::DryRun;
use crate::resolve::Item;
use crate::{CliError, CliResult, Ctx, last_applied};
use kctl_base::gvk::{GroupVersion, split_api_version};
use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueWrite};
use kctl_cluster::FieldValidation;
use kctl_cluster::client::{ResourcePath, WriteParams};
use kctl_kinds::catalog::KindRef;

/// The flags of the verbs that generate one object per target: `run`, `expose` and `autoscale`.
pub(super) fn flags(command: Command, manager: &str) -> Command {
    groups::save_config(groups::field_manager(groups::dry_run(groups::output(groups::args(command))), manager))
}

/// The options of a creation.
pub(super) struct Creation<'a> {
    /// The field manager.
    pub(super) manager: &'a str,
    /// The value of `--dry-run`.
    pub(super) dry_run: DryRun,
    /// True to store the configuration in the annotation of `apply`.
    pub(super) save_config: bool,
    /// The treatment of unknown fields; `None` leaves it to the server.
    pub(super) validation: Option<FieldValidation>,
}

impl Creation<'_> {
    /// Creates a generated object in its own namespace or in that of the command. Returns the object of the server, or for a
    /// dry run of the client the object as kubectl would print it.
    pub(super) fn create(&self, ctx: &mut Ctx, mut object: Value) -> CliResult<Value> {
        let names = *served_kind(ctx, &object)?.names();
        if self.dry_run.is_client() {
            if ctx.namespace_given() && names.namespaced {
                object.put("/metadata/namespace", ctx.namespace());
            }
            return Ok(targets::with_zero_values(&object));
        }
        last_applied::update(&mut object, self.save_config);
        let namespace = match (names.namespaced, object.namespace()) {
            (false, _) => String::new(),
            (true, "") => ctx.namespace(),
            (true, own) => own.to_string(),
        };
        let params = WriteParams::manager(self.manager);
        let (group, version) = split_api_version(object.api_version());
        let other = (group, version) != (names.group, names.version);
        let version = other.then(|| GroupVersion::new(group, version));
        let path = ResourcePath::all(&names.resource(), &namespace).version(version);
        Ok((*self.send(ctx, &path, object, params)?).clone())
    }

    /// Creates the object of a manifest.
    pub(super) fn create_item(&self, ctx: &mut Ctx, item: &Item, object: Value) -> CliResult<Arc<Object>> {
        self.send(ctx, &item.path().collection(), object, item.write_params(self.manager))
    }

    /// Creates an object, without the resourceVersion of the one that it was copied from.
    fn send(
        &self,
        ctx: &mut Ctx,
        path: &ResourcePath,
        mut object: Value,
        params: WriteParams,
    ) -> CliResult<Arc<Object>> {
        object.remove_at("/metadata/resourceVersion");
        let params = WriteParams { validation: self.validation, ..params.dry_run(self.dry_run.is_server()) };
        ctx.api(|client| client.create(path, object, &params))
    }
}

/// The kind of an object.
///
/// # Errors
/// The server does not serve it.
pub(super) fn served_kind(ctx: &mut Ctx, object: &Value) -> CliResult<KindRef> {
    let (group, version) = split_api_version(object.api_version());
    let kind = ctx.catalog()?.by_gvk(group, version, object.kind());
    kind.ok_or_else(|| CliError::new(CliError::no_kind_match(object.kind(), object.api_version())))
}
