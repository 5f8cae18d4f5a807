//! `get` without a format: tables, one for the objects of each kind.
//!
//! The objects of a list become rows page by page, so that no more than a page of them is in memory; a field to sort by is looked
//! for in the objects themselves, which are then kept until all have been read.

use std::sync::Arc;

use super::options::Options;
use super::{fetch_all, free};
use crate::klog;
use crate::resolve::{Item, Resolved, Selected, Target, list, list_all, select, visit};
use crate::sorting::{Unsorted, sort_by};
use crate::table::Section;
use crate::{CliError, CliResult, Ctx};
use kctl_base::json::json;
use kctl_base::object::Object;
use kctl_base::sim::Time;
use kctl_kinds::catalog::KindRef;

/// Prints tables, section by section.
pub(super) fn run(ctx: &mut Ctx, options: &Options) -> CliResult<()> {
    let selected = select(ctx, &options.selection)?;
    let mut tables = Tables::new(options, ctx.now()?);
    match selected {
        Selected::Types(targets) if options.sort_by.is_empty() => tables.list(ctx, targets),
        Selected::Types(targets) => {
            let listed = list_all(ctx, &options.selection, targets);
            tables.fetch(ctx, listed)?;
        }
        Selected::Objects(resolved) => tables.fetch(ctx, resolved)?,
    }
    tables.print(ctx)
}

/// The tables of a command, whose rows are gathered before they are printed.
struct Tables<'a> {
    options: &'a Options,
    now: Time,
    /// The tables and their rows, one for adjacent objects of the same kind.
    groups: Vec<(Section, Vec<Vec<String>>)>,
    /// The types that were listed; of single objects, their types.
    types: Vec<Target>,
    errors: Vec<CliError>,
}

impl<'a> Tables<'a> {
    fn new(options: &'a Options, now: Time) -> Tables<'a> {
        Tables { options, now, groups: Vec::new(), types: Vec::new(), errors: Vec::new() }
    }

    /// Lists the objects of types, and keeps their rows alone.
    fn list(&mut self, ctx: &mut Ctx, targets: Vec<Target>) {
        for target in targets {
            match self.list_one(ctx, &target) {
                Ok(()) => self.types.push(target),
                Err(error) => self.errors.push(error),
            }
        }
    }

    fn list_one(&mut self, ctx: &mut Ctx, target: &Target) -> CliResult<()> {
        if target.version.is_some() {
            // The columns are those of the stored version, in which each object is read once more.
            let items = list(ctx, &self.options.selection, target)?.items;
            let mut resolved = Resolved { items, ..Resolved::default() };
            let found = fetch_all(ctx, self.options, &mut resolved);
            self.errors.extend(resolved.errors);
            found.iter().for_each(|(item, object)| self.add(&item.kind, object));
            return Ok(());
        }
        visit(ctx, &self.options.selection, target, &mut |page| {
            page.iter().for_each(|object| self.add(&target.kind, object));
        })?;
        Ok(())
    }

    /// Fetches objects that are named or have been listed, and sorts those of lists.
    ///
    /// # Errors
    /// Objects that cannot be sorted.
    fn fetch(&mut self, ctx: &mut Ctx, mut resolved: Resolved) -> CliResult<()> {
        let found = fetch_all(ctx, self.options, &mut resolved);
        let of_item = |(item, _): &Found| Target { kind: item.kind.clone(), version: item.version.clone() };
        self.types = match resolved.targets.is_empty() {
            true => found.iter().map(of_item).collect(),
            false => resolved.targets,
        };
        self.errors.extend(resolved.errors);
        let sort_by = Some(self.options.sort_by.as_str()).filter(|field| !field.is_empty());
        if let Some(field) = sort_by {
            self.sort_answers(ctx, field)?;
        }
        for mut group in groups_of(found) {
            if let Some(field) = sort_by.filter(|_| !resolved.single)
                && let Err(error) = sort_objects(&mut group, field)
            {
                match error {
                    // The printer of kubectl drops this error together with the rows.
                    Unsorted::Path(_) => continue,
                    error => return Err(error.into_error(ctx, klog::UNSORTABLE_ROWS, "[][][]reflect.Value")),
                }
            }
            group.iter().for_each(|(item, object)| self.add(&item.kind, object));
            free(group.len(), group);
        }
        Ok(())
    }

    /// Checks that several answers of the server can be sorted. kubectl sorts the tables themselves by the field of
    /// `--sort-by`, whose fields are all equal.
    fn sort_answers(&self, ctx: &mut Ctx, field: &str) -> CliResult<()> {
        if self.types.len() < 2 {
            return Ok(());
        }
        let table = json!({"apiVersion": "meta.k8s.io/v1", "kind": "Table", "metadata": {"resourceVersion": ""},
            "columnDefinitions": [], "rows": []});
        sort_by(&mut [&table, &table], |o| o, field)
            .map_err(|e| e.into_error(ctx, klog::UNSORTABLE_OBJECTS, "*unstructured.Unstructured"))
    }

    /// Adds the row of an object.
    fn add(&mut self, kind: &KindRef, object: &Object) {
        if self.groups.last().is_none_or(|(section, _)| section.kind().names() != kind.names()) {
            let options = self.options;
            let all_namespaces = options.selection.all_namespaces;
            self.groups.push((Section::new(&options.table, kind, all_namespaces, options.cells()), Vec::new()));
        }
        if let Some((section, rows)) = self.groups.last_mut() {
            rows.push(section.row(object, "", self.now));
        }
    }

    /// Prints the tables, with an empty line between two of them.
    ///
    /// # Errors
    /// Those of objects that could not be read.
    fn print(self, ctx: &mut Ctx) -> CliResult<()> {
        let Options { selection, table, .. } = self.options;
        let with_kind = self.options.show_kind || several(&self.types);
        let is_empty = self.groups.is_empty();
        for (at, (mut section, rows)) in self.groups.into_iter().enumerate() {
            if at > 0 && !table.no_headers {
                ctx.print_line("");
            }
            section.print(ctx, rows, with_kind)?;
        }
        if is_empty && !self.options.ignore_not_found && self.errors.is_empty() {
            let all_namespaced = self.types.iter().all(|target| target.kind.names().namespaced);
            let namespace = &selection.namespace;
            ctx.print_error(match all_namespaced && !selection.all_namespaces {
                true => format!("No resources found in {namespace} namespace."),
                false => "No resources found".to_string(),
            });
        }
        CliError::all(self.errors)
    }
}

/// An object that was selected, and what the server holds of it.
type Found = (Item, Arc<Object>);

/// Returns whether the server answered with more than one kind, or one kind in several versions: names are then printed with
/// their kind.
fn several(types: &[Target]) -> bool {
    types.windows(2).any(|pair| pair[0].kind.names() != pair[1].kind.names() || pair[0].version != pair[1].version)
}

/// Groups adjacent objects of the same kind.
fn groups_of(found: Vec<Found>) -> Vec<Vec<Found>> {
    let mut groups: Vec<Vec<Found>> = Vec::new();
    for (item, object) in found {
        match groups.last_mut() {
            Some(group) if group[0].0.kind.names() == item.kind.names() => group.push((item, object)),
            _ => groups.push(vec![(item, object)]),
        }
    }
    groups
}

fn sort_objects(objects: &mut [Found], field: &str) -> Result<(), Unsorted> {
    sort_by(objects, |(_, object)| &**object, field)
}
