//! `get --watch`: the list, then a row for every change, until nothing is due any more in virtual time, or until the time
//! is up or the command is interrupted in real time.

use std::sync::Arc;

use super::Options;
use crate::resolve::{Item, Resolved, Target, resolve};
use crate::table::{Row, Section};
use crate::{CliError, CliResult, Ctx};
use kctl_base::fields::FieldSelector;
use kctl_base::json::json;
use kctl_base::labels::Selector;
use kctl_base::object::{Object, ObjectMeta};
use kctl_base::status::{Reason, Status};
use kctl_cluster::WaitOutcome;
use kctl_cluster::store::{Change, ChangeKind, ChangesGone};
use kctl_kinds::catalog::KindRef;

/// What is watched.
struct Watched {
    kind: KindRef,
    resource: String,
    /// Empty: all.
    namespace: String,
    /// One object only.
    name: Option<String>,
    labels: Selector,
    fields: FieldSelector,
}

impl Watched {
    fn chooses(&self, object: &Object) -> bool {
        let field = |name: &str| match name {
            "metadata.name" => Some(object.name().to_string()),
            "metadata.namespace" => Some(object.namespace().to_string()),
            _ => self.kind.selectable_field(object, name),
        };
        self.labels.matches_object(object) && self.fields.matches(field)
    }

    /// What a change means for who watches: an object that begins to match is added, one that ceases to is deleted.
    fn event(&self, change: &Change) -> Option<(&'static str, Arc<Object>)> {
        let key = &change.key;
        if key.resource != self.resource
            || (!self.namespace.is_empty() && key.namespace != self.namespace)
            || self.name.as_ref().is_some_and(|n| *n != key.name)
        {
            return None;
        }
        let before = change.old.as_ref().filter(|o| self.chooses(o));
        let after = (change.kind != ChangeKind::Deleted && self.chooses(&change.object)).then_some(&change.object);
        match (before, after) {
            (None, Some(object)) => Some(("ADDED", object.clone())),
            (Some(_), Some(object)) => Some(("MODIFIED", object.clone())),
            (Some(_), None) if change.kind == ChangeKind::Deleted => Some(("DELETED", change.told())),
            (Some(old), None) => Some(("DELETED", old.clone())),
            (None, None) => None,
        }
    }
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
    let mut revision = ctx.cluster()?.server().revision();
    loop {
        ctx.flush()?;
        let waited = ctx.cluster()?.wait(deadline, true)?;
        for change in changes(ctx, revision)? {
            revision = change.revision;
            if let Some((event, object)) = watched.event(&change) {
                let item = item_of(&watched, object.clone());
                printer.print(ctx, options, &item, event, &object)?;
            }
        }
        if waited != WaitOutcome::Progress {
            return Ok(());
        }
    }
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
    let namespaced = target.kind.names().namespaced;
    Ok(Watched {
        resource: target.kind.names().resource().into(),
        kind: target.kind,
        namespace: if namespaced { namespace } else { String::new() },
        name,
        labels: Selector::parse(&selection.labels).map_err(|e| CliError::new(e.to_string()))?,
        fields: FieldSelector::parse(&selection.fields).map_err(|e| CliError::new(e.to_string()))?,
    })
}

fn changes(ctx: &mut Ctx, revision: u64) -> CliResult<Vec<Change>> {
    ctx.cluster()?.server().changes_since(revision).map_err(|gone| match gone {
        ChangesGone::TooOld { asked, oldest } => {
            Status::new(Reason::Expired, format!("too old resource version: {asked} ({oldest})")).into()
        }
        ChangesGone::Store(error) => error.into(),
    })
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
