//! `get --watch`: the list, then a row for every change, until nothing is due any more in virtual time, or until the time
//! is up or the command is interrupted in real time.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::Options;
use crate::resolve::{Item, Resolved, Target, resolve};
use crate::table::{Row, Section};
use crate::{CliError, CliResult, Ctx};
use kctl_base::json::json;
use kctl_base::object::{Object, ObjectMeta};
use kctl_cluster::WaitFor;
use kctl_cluster::client::{ListParams, ResourcePath, WatchStart};
use kctl_kinds::catalog::KindRef;

/// What is watched: a collection, or one object of it.
struct Watched {
    kind: KindRef,
    path: ResourcePath,
    params: ListParams,
    start: WatchStart,
}

/// Prints the list and then what changes.
pub(super) fn run(ctx: &mut Ctx, options: &mut Options) -> CliResult<()> {
    let resolved = resolve(ctx, &options.selection)?;
    let watched = watched(options, &resolved)?;
    CliError::all(resolved.errors)?;
    let mut printer = Printer {
        section: Section::new(
            &options.table,
            options.selection.all_namespaces && watched.kind.names().namespaced,
            options.show_kind,
        ),
    };
    for item in &resolved.items {
        let object = super::fetch(ctx, options, item)?;
        if !options.watch_only {
            printer.print(ctx, options, item, "ADDED", &object)?;
        }
    }
    let deadline = match ctx.request_timeout() {
        Some(timeout) => Some(ctx.now()? + timeout),
        None => None,
    };
    // The list has shown what exists.
    let (mut watch, _) = ctx.api(|client| client.watch(&watched.path, &watched.params, watched.start))?;
    let ended = ctx.follow::<()>(&mut watch, deadline, WaitFor::Work, |ctx, event| {
        if let Some(object) = event.object() {
            let item = item_of(&watched, object.clone());
            printer.print(ctx, options, &item, event.type_name(), object)?;
        }
        Ok(ControlFlow::Continue(()))
    });
    ended.map(drop)
}

/// The one type, or the one object, that a watch is for.
fn watched(options: &Options, resolved: &Resolved) -> CliResult<Watched> {
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
        _ => return Err(several()),
    };
    let names = *target.kind.names();
    let namespace = if names.namespaced { namespace } else { String::new() };
    let fields = match &name {
        Some(name) => format!("metadata.name={name}"),
        None => selection.fields.clone(),
    };
    let params = ListParams { labels: selection.labels.clone(), fields, chunk_size: 0 };
    // A list says at which revision it was made; after a get the watch starts with the object that was shown.
    let start = if name.is_some() { WatchStart::Existing } else { WatchStart::After(resolved.resource_version) };
    let version = target.version.filter(|_| !options.output.is_human());
    let path = ResourcePath::all(&names.resource(), &namespace).version(version);
    Ok(Watched { kind: target.kind, path, params, start })
}

fn item_of(watched: &Watched, object: Arc<Object>) -> Item {
    Item {
        kind: watched.kind.clone(),
        version: None,
        namespace: object.namespace().into(),
        name: object.name().into(),
        object: None,
        duplicates: Vec::new(),
        source: String::new(),
        live: Some(object),
    }
}

struct Printer {
    section: Section,
}

impl Printer {
    fn print(
        &mut self,
        ctx: &mut Ctx,
        options: &mut Options,
        item: &Item,
        event: &'static str,
        object: &Object,
    ) -> CliResult<()> {
        if options.output.is_human() {
            let now = ctx.now()?;
            return self.section.print(ctx, &*item.kind, &[Row { object, event }], now);
        }
        if options.table.events && !options.output.is_name() {
            let wrapped = json!({"object": object, "type": event});
            return options.output.print(ctx, &wrapped);
        }
        options.output.print(ctx, object)
    }
}
