//! `get --watch`: prints the list, and then a row for every change.
//!
//! With a virtual clock the watch ends when nothing can change any more, with a real clock after `--request-timeout`.
//! Upstream: `watch` in `kubectl/pkg/cmd/get/get.go`.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::options::{Options, fetch};
use crate::klog;
use crate::resolve::{Item, Resolved, Target, resolve};
use crate::sorting::{Unsorted, sort_by};
use crate::table::{Cells, Section};
use crate::{CliError, CliResult, Ctx};
use kctl_base::json::json;
use kctl_base::object::Object;
use kctl_cluster::WaitFor;
use kctl_cluster::client::{ListParams, ResourcePath, WatchStart};
use kctl_kinds::catalog::KindRef;

/// The parameters of the watch of a collection or of one of its objects.
struct WatchTarget {
    kind: KindRef,
    path: ResourcePath,
    params: ListParams,
    start: WatchStart,
}

/// Prints the list, and then the objects that change.
pub(super) fn run(ctx: &mut Ctx, options: &mut Options) -> CliResult<()> {
    let mut resolved = resolve(ctx, &options.selection)?;
    CliError::all(std::mem::take(&mut resolved.errors))?;
    let target = watch_target(options, &resolved)?;
    let mut printer =
        Printer { section: Section::new(&options.table, &target.kind, options.selection.all_namespaces, Cells::Kind) };
    if !options.sort_by.is_empty() {
        ctx.print_error("warning: --watch requested, --sort-by will be ignored for watch events received");
    }
    let found = listed(ctx, options, &resolved)?;
    printer.print_all(ctx, options, &found)?;
    let deadline = ctx.request_deadline()?;
    // The existing objects have been printed already.
    let (mut watch, _) = ctx.api(|client| client.watch(&target.path, &target.params, target.start))?;
    let ended = ctx.follow::<()>(&mut watch, deadline, WaitFor::Work, |ctx, event| {
        if let Some(object) = event.object() {
            printer.print(ctx, options, event.type_name(), object)?;
        }
        Ok(ControlFlow::Continue(()))
    });
    ended.map(drop)
}

/// Fetches the objects to print before the watch begins; those of a table are sorted.
fn listed<'a>(ctx: &mut Ctx, options: &Options, resolved: &'a Resolved) -> CliResult<Vec<(&'a Item, Arc<Object>)>> {
    let mut found = Vec::new();
    for item in &resolved.items {
        found.push((item, fetch(ctx, options, item)?));
    }
    if options.watch_only {
        found.clear();
    }
    if options.output.is_human() && !options.sort_by.is_empty() && !resolved.single {
        sort_by(&mut found, |(_, o)| &**o, &options.sort_by).map_err(|e| match e {
            Unsorted::Path(text) => CliError::new(format!("unable to output the provided object: {text}")),
            error => error.into_error(ctx, klog::UNSORTABLE_ROWS, "[][][]reflect.Value"),
        })?;
    }
    Ok(found)
}

/// Returns the one type or the one object that was selected.
///
/// # Errors
/// The selection has several types or several named objects.
fn watch_target(options: &Options, resolved: &Resolved) -> CliResult<WatchTarget> {
    let several = || {
        CliError::new(
            "watch is only supported on individual resources and resource collections - more than 1 resource was found",
        )
    };
    let selection = &options.selection;
    let (target, name, namespace) = match (resolved.targets.as_slice(), resolved.items.as_slice()) {
        ([target], _) => (target.clone(), None, selection.namespace.clone()),
        ([], [item]) => {
            let target = Target { kind: item.kind.clone(), version: item.version.clone() };
            (target, Some(item.name.clone()), item.namespace.clone())
        }
        ([_, _, ..], _) => return Err(CliError::new("you may only specify a single resource type")),
        _ => return Err(several()),
    };
    let names = *target.kind.names();
    let namespace = if names.namespaced { namespace } else { String::new() };
    let fields = match &name {
        Some(name) => format!("metadata.name={name}"),
        None => selection.fields.clone(),
    };
    let params = ListParams { labels: selection.labels.clone(), fields, ..ListParams::default() };
    // A list has a resource version to start from. A single object does not, so the watch starts with what exists.
    let start = if name.is_some() { WatchStart::Any } else { WatchStart::After(resolved.resource_version) };
    let version = target.version.filter(|_| !options.output.is_human());
    let path = ResourcePath::all(&names.resource(), &namespace).version(version);
    Ok(WatchTarget { kind: target.kind, path, params, start })
}

/// The printer of the events of a watch.
struct Printer {
    /// The table, which prints its headings once.
    section: Section,
}

impl Printer {
    /// Prints the objects of the list, whose rows share the widths of their columns.
    fn print_all(&mut self, ctx: &mut Ctx, options: &mut Options, found: &[(&Item, Arc<Object>)]) -> CliResult<()> {
        if options.output.is_human() {
            let now = ctx.now()?;
            let rows = found.iter().map(|(_, object)| self.section.row(object, "ADDED", now)).collect();
            return self.section.print(ctx, rows, options.show_kind);
        }
        found.iter().try_for_each(|(_, object)| self.print(ctx, options, "ADDED", object))
    }

    /// Prints an object with the type of its event, for example `ADDED`.
    fn print(&mut self, ctx: &mut Ctx, options: &mut Options, event: &'static str, object: &Object) -> CliResult<()> {
        if options.output.is_human() {
            let now = ctx.now()?;
            let row = self.section.row(object, event, now);
            return self.section.print(ctx, vec![row], options.show_kind);
        }
        if options.table.events && !options.output.is_name() {
            let wrapped = json!({"object": object, "type": event});
            return options.output.print(ctx, &wrapped);
        }
        options.output.print(ctx, object)
    }
}
