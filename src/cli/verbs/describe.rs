//! `describe`: prints the details of objects, with related objects and events.
//!
//! Upstream: `kubectl/pkg/cmd/describe/describe.go`; the formats of the kinds are in [`kctl_kinds`].

use clap::{ArgMatches, Command};

use crate::args::{self, ArgProperties, Matches, groups};
use crate::lookup::ClientLookup;
use crate::printers::describe::describe as align;
use crate::resolve::{self, Item, Selection, resolve};
use crate::{CliError, CliResult, Ctx, Verb};
use kctl_kinds::{PrefixWriter, generic_describe};

/// The `describe` verb.
pub(super) const VERB: Verb = Verb {
    name: "describe",
    aliases: &[],
    about: "Show details of a specific resource or group of resources",
    long: "Show details of one object or of a group of objects, including related objects such as events.

 Objects are selected by type and name, by a prefix of the name, by label or by file.

Use \"{program} api-resources\" for a complete list of supported resources.",
    examples: &[
        ("Describe a node", "describe nodes k8s-node1"),
        ("Describe a pod", "describe pods/web-0"),
        ("Describe the objects of a manifest", "describe -f pod.yaml"),
        ("Describe all pods", "describe pods"),
        ("Describe pods by label", "describe pods -l app=web"),
        ("Describe all pods whose names begin with a prefix", "describe pods web"),
    ],
    usage: "(-f FILENAME | TYPE [NAME_PREFIX | -l label] | TYPE/NAME)",
    flags,
    run,
    family: &[],
};

fn flags(command: Command) -> Command {
    groups::all_namespaces(groups::labels(groups::files(groups::args(command))))
        .arg(args::switch("show-events", "Show the events of the objects.").help_default("true"))
        .arg(groups::chunk_size_flag())
}

fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let chunk_size = groups::chunk_size(matches);
    let selection = Selection { type_means_all: true, chunk_size, ..Selection::from_matches(ctx, matches) };
    let show_events = matches.flag_or("show-events", true);
    if selection.args.is_empty() && !selection.has_files() {
        return Err(CliError::new(format!(
            "You must specify the type of resource to describe. Use \"{} api-resources\" for a complete list of supported resources.",
            ctx.program
        )));
    }
    let resolved = resolve(ctx, &selection)?;
    let mut errors = resolved.errors;
    let mut found = Vec::new();
    for item in resolved.items {
        match item.get(ctx) {
            Ok(_) => found.push(item),
            Err(error) => errors.push(error),
        }
    }
    // Events of several objects are shown on demand only.
    let show_events = match errors.is_empty() && found.len() <= 1 {
        true => show_events,
        false => show_events && matches.is_set("show-events"),
    };
    let description = Description { show_events, chunk_size };
    if let ([error], [types, prefix]) = (errors.as_slice(), selection.args.as_slice())
        && error.is_not_found()
    {
        let texts = describe_matching(ctx, &selection, types, prefix, &description)?;
        if texts.is_empty() {
            return CliError::all(errors);
        }
        ctx.print_line(texts.join("\n"));
        return Ok(());
    }
    let mut texts = Vec::new();
    for item in &found {
        texts.push(description.of(ctx, item)?);
    }
    if texts.is_empty() && errors.is_empty() {
        ctx.print_error(match selection.all_namespaces {
            true => "No resources found".to_string(),
            false => format!("No resources found in {} namespace.", selection.namespace),
        });
    }
    ctx.out.push_str(&texts.join("\n\n"));
    CliError::all(errors)
}

/// Describes all objects of a type whose names begin with a name that no object has (`DescribeMatchingResources`).
///
/// # Errors
/// `types` names several types.
fn describe_matching(
    ctx: &mut Ctx,
    selection: &Selection,
    types: &str,
    prefix: &str,
    description: &Description,
) -> CliResult<Vec<String>> {
    if types.contains('/') {
        return Ok(Vec::new());
    }
    if types.contains(',') {
        return Err(CliError::new("you may only specify a single resource type"));
    }
    let target = resolve::kind(ctx, types)?;
    let target = resolve::Target { version: None, ..target };
    let mut texts = Vec::new();
    for item in resolve::list(ctx, selection, &target)?.items {
        if item.name.starts_with(prefix) {
            texts.push(description.of(ctx, &item)?);
        }
    }
    Ok(texts)
}

/// The options with which objects are described.
struct Description {
    show_events: bool,
    chunk_size: usize,
}

impl Description {
    /// Reads an object once more, as the describers of kubectl do, and returns its description. Characters that control a
    /// terminal are shown instead of sent to it (`cli-runtime/pkg/printers/terminal.go`).
    fn of(&self, ctx: &mut Ctx, item: &Item) -> CliResult<String> {
        let describe = item.kind.describer().unwrap_or(generic_describe::describe);
        let mut out = PrefixWriter::new();
        ctx.api(|client| {
            let object = client.get(&item.path().version(None))?;
            let lookup = ClientLookup::new(client, self.show_events, self.chunk_size);
            describe(&object, &lookup, &mut out);
            lookup.finish()
        })?;
        Ok(align(&out.text().replace('\x1b', "^[").replace('\r', "\\r")))
    }
}
