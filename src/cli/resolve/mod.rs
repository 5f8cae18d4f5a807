//! Finds the objects that a command line names: kubectl's resource builder.
//!
//! [`args`] reads `TYPE NAME` and `TYPE/NAME`, [`documents`] reads manifests, and both produce [`Item`]s. An object that
//! cannot be found does not stop the others: its error is returned beside them. Upstream:
//! `cli-runtime/pkg/resource/builder.go`.

mod args;
mod documents;

use std::ffi::OsString;
use std::sync::Arc;

use super::files::{ManifestFile, ManifestFiles};
use super::{CliError, CliResult, Ctx, kustomization};
use args::ResourceArgs;
use kctl_base::gvk::GroupVersion;
use kctl_base::json::{Parts, Value};
use kctl_base::object::{Object, ObjectMeta};
use kctl_base::status::{Reason, Status};
use kctl_cluster::client::{ListParams, ResourcePath, WriteParams};
use kctl_kinds::Catalog;
use kctl_kinds::catalog::KindRef;

/// The part of a command line that selects objects.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selection {
    /// The positional arguments: types and names.
    pub(crate) args: Vec<String>,
    /// The values of `-f`.
    pub(crate) filenames: Vec<OsString>,
    /// The value of `-k`.
    pub(crate) kustomize: Option<String>,
    /// The value of `-R`.
    pub(crate) recursive: bool,
    /// The value of `-l`.
    pub(crate) labels: String,
    /// The value of `--field-selector`.
    pub(crate) fields: String,
    /// The value of `--all`.
    pub(crate) all: bool,
    /// True when `--all` together with names is an error; otherwise the names take precedence.
    pub(crate) all_is_strict: bool,
    /// The value of `-A`.
    pub(crate) all_namespaces: bool,
    /// The namespace of objects that do not name one.
    pub(crate) namespace: String,
    /// True when the namespace was given explicitly, so that a manifest with another one is refused.
    pub(crate) enforce_namespace: bool,
    /// True when a type without names selects all of its objects (`get pods`).
    pub(crate) type_means_all: bool,
    /// True when documents are checked for the shape of an object before they are mapped (`--validate`).
    pub(crate) validate: bool,
    /// True for verbs that decode manifests into Go types, so that they accept only kinds with one.
    pub(crate) typed: bool,
    /// Returns the error of an object of a manifest that the verb accepts in no version, before it is mapped to a kind.
    pub(crate) refuse: Option<fn(&Value) -> Option<CliError>>,
    /// The subresource, which lists do not support.
    pub(crate) subresource: String,
    /// Number of objects in each request of a list; 0 for all in one.
    pub(crate) chunk_size: usize,
    /// The parts of listed objects that the verb looks at.
    pub(crate) parts: Parts,
}

impl Selection {
    /// Reads the positional arguments and the flags of [`super::args::groups`].
    pub(crate) fn from_matches(ctx: &Ctx, matches: &clap::ArgMatches) -> Selection {
        use super::args::{Matches, SharedFlags};
        let matches = SharedFlags(matches);
        let all_namespaces = matches.flag("all-namespaces");
        Selection {
            args: matches.values("args"),
            filenames: matches.paths("filename"),
            kustomize: matches.value_of("kustomize").filter(|k| !k.is_empty()).map(String::from),
            recursive: matches.flag("recursive"),
            labels: matches.string("selector").trim().into(),
            fields: matches.string("field-selector").trim().into(),
            all: matches.flag("all"),
            all_namespaces,
            namespace: if all_namespaces { String::new() } else { ctx.namespace() },
            enforce_namespace: ctx.namespace_given() && !all_namespaces,
            ..Selection::default()
        }
    }

    /// True when there are files to read.
    pub(crate) fn has_files(&self) -> bool {
        !self.filenames.is_empty() || self.kustomize.is_some()
    }

    /// True when objects are selected by a selector or `--all`.
    pub(crate) fn has_selector(&self) -> bool {
        self.all || !self.labels.is_empty() || !self.fields.is_empty()
    }
}

/// One selected object.
#[derive(Clone)]
pub(crate) struct Item {
    /// Its kind.
    pub(crate) kind: KindRef,
    /// The requested group and version, where they differ from the stored ones.
    pub(crate) version: Option<GroupVersion>,
    /// Its namespace; empty for cluster-scoped objects.
    pub(crate) namespace: String,
    /// Its name; empty in a manifest that leaves it to the server (`metadata.generateName`).
    pub(crate) name: String,
    /// The object of the manifest.
    pub(crate) object: Option<Value>,
    /// Errors of the strict decoder about duplicate keys in the manifest.
    pub(crate) duplicates: Vec<String>,
    /// The name of the file; empty without one.
    pub(crate) source: String,
    /// The object of the server, if it was listed.
    pub(crate) live: Option<Arc<Object>>,
}

impl Item {
    /// The object of the manifest; null without one.
    pub(crate) fn content(&self) -> Value {
        self.object.clone().unwrap_or(Value::Null)
    }

    /// The label in reports, for example `deployment.apps/web`.
    pub(crate) fn label(&self) -> String {
        format!("{}/{}", self.kind_group(), self.name)
    }

    /// The kind with the group that was asked for, for example `deployment.apps`.
    pub(crate) fn kind_group(&self) -> String {
        let names = self.kind.names();
        match self.version.as_ref().filter(|asked| asked.group != names.group) {
            Some(asked) => format!("{}.{}", names.kind.to_lowercase(), asked.group),
            None => names.kind_group(),
        }
    }

    /// The resource, for example `deployments.apps`.
    pub(crate) fn resource(&self) -> String {
        self.kind.names().resource().into()
    }

    /// The object in the version that was asked for, as requests name it.
    pub(crate) fn path(&self) -> ResourcePath {
        ResourcePath::one(&self.resource(), &self.namespace, &self.name).version(self.version.clone())
    }

    /// The parameters of a write of this object by a field manager.
    pub(crate) fn write_params(&self, manager: &str) -> WriteParams {
        WriteParams { duplicates: self.duplicates.clone(), ..WriteParams::manager(manager) }
    }

    /// The object of the server: the listed one, else fetched now.
    pub(crate) fn get(&self, ctx: &mut Ctx) -> CliResult<Arc<Object>> {
        match &self.live {
            Some(object) => Ok(object.clone()),
            None => self.fetch(ctx),
        }
    }

    /// Fetches the object from the server.
    pub(crate) fn fetch(&self, ctx: &mut Ctx) -> CliResult<Arc<Object>> {
        ctx.api(|client| client.get(&self.path()))
    }

    /// Adds the file to an error of the server: `error when creating "f": ...`.
    pub(crate) fn error(&self, verb: &str, error: CliError) -> CliError {
        match error {
            CliError::Status(status) => CliError::from_source(verb, &self.source, status),
            other => other,
        }
    }

    /// The error of an object of a file that cannot be addressed, because it has no name.
    pub(crate) fn unnamed(&self, verb: &str) -> CliError {
        CliError::new(format!("error when {verb} \"{}\": resource name may not be empty", self.source))
    }
}

/// A type from which objects are selected.
#[derive(Clone)]
pub(crate) struct Target {
    /// The kind.
    pub(crate) kind: KindRef,
    /// The requested group and version, where they differ from the stored ones.
    pub(crate) version: Option<GroupVersion>,
}

impl Target {
    /// The resource as Go prints a `GroupVersionResource`: `apps/v1, Resource=deployments`.
    pub(crate) fn go_name(&self) -> String {
        let names = self.kind.names();
        let version = self.version.as_ref().map_or(names.version, |gv| &gv.version);
        format!("{}/{version}, Resource={}", names.group, names.plural)
    }
}

/// The objects of a selection.
#[derive(Default)]
pub(crate) struct Resolved {
    /// The revision at which the last list was made; 0 when nothing was listed.
    pub(crate) resource_version: u64,
    /// The objects, in kubectl's order.
    pub(crate) items: Vec<Item>,
    /// The errors of objects that could not be found.
    pub(crate) errors: Vec<CliError>,
    /// The types that were listed.
    pub(crate) targets: Vec<Target>,
    /// True when exactly one object is named: it is shown by itself, not as a list.
    pub(crate) single: bool,
}

/// What a command line names.
pub(crate) enum Selected {
    /// All objects of these types that match the selectors.
    Types(Vec<Target>),
    /// Single objects.
    Objects(Resolved),
}

/// kubectl's message for a command line that names nothing.
pub(crate) const NOTHING_NAMED: &str = "You must provide one or more resources by argument or filename.
Example resource specifications include:
   '-f rsrc.yaml'
   '--filename=rsrc.json'
   '<resource> <name>'
   '<resource>'";

/// Finds the objects of a selection.
///
/// # Errors
/// The command line as a whole is invalid. Errors of single objects are in [`Resolved::errors`].
pub(crate) fn resolve(ctx: &mut Ctx, selection: &Selection) -> CliResult<Resolved> {
    match select(ctx, selection)? {
        Selected::Types(targets) => Ok(list_all(ctx, selection, targets)),
        Selected::Objects(resolved) => Ok(resolved),
    }
}

/// Finds out what a selection names, without listing anything.
///
/// # Errors
/// As [`resolve`].
pub(crate) fn select(ctx: &mut Ctx, selection: &Selection) -> CliResult<Selected> {
    match selection.has_files() {
        true if selection.args.is_empty() => return from_files(ctx, selection).map(Selected::Objects),
        true => {
            // A missing file takes precedence over the conflict of arguments and files.
            super::files::check(&selection.filenames, selection.recursive)?;
            return Err(words_beside_files(selection));
        }
        false => {}
    }
    let catalog = ctx.catalog()?;
    warn_of_short_names(ctx, &catalog, &selection.args);
    match args::read(&catalog, selection, &ctx.program)? {
        ResourceArgs::Nothing => Err(CliError::new(NOTHING_NAMED)),
        ResourceArgs::Types(targets) => Ok(Selected::Types(targets)),
        ResourceArgs::Named(named) => {
            let single = named.len() == 1;
            let items = named.into_iter().map(|(target, name)| named_item(selection, target, name));
            let items = items.collect::<CliResult<_>>()?;
            Ok(Selected::Objects(Resolved { items, single, ..Resolved::default() }))
        }
    }
}

/// Finds the kind that an argument names.
pub(crate) fn kind(ctx: &mut Ctx, word: &str) -> CliResult<Target> {
    in_catalog(&ctx.catalog()?, word)
}

/// Finds the kind that an argument names among those of a catalog.
pub(crate) fn in_catalog(catalog: &Catalog, word: &str) -> CliResult<Target> {
    args::target(catalog, word)
}

fn words_beside_files(selection: &Selection) -> CliError {
    CliError::new(match selection.args.as_slice() {
        [first, ..] if first.contains('/') => "resource/name arguments cannot be provided when a path is specified",
        [_] => "when paths, URLs, or stdin is provided as input, you may not specify resource arguments as well",
        _ => "name cannot be provided when a path is specified",
    })
}

fn from_files(ctx: &mut Ctx, selection: &Selection) -> CliResult<Resolved> {
    // The store is not opened before the input is read: the process at the other end of a pipe may need it.
    let sources = match &selection.kustomize {
        None => super::files::read_files(ctx, &selection.filenames, selection.recursive)?,
        Some(_) if !selection.filenames.is_empty() => {
            return Err(CliError::new("only one of -f or -k can be specified"));
        }
        Some(_) if selection.recursive => {
            return Err(CliError::new("the -k flag can't be used with -f or -R"));
        }
        Some(folder) => build_kustomization(ctx, folder)?,
    };
    let catalog = ctx.catalog()?;
    let reader = documents::Reader::new(&catalog, selection)?;
    let mut resolved = Resolved { single: sources.single, ..Resolved::default() };
    for source in sources.files {
        reader.read(&source, &mut resolved);
    }
    Ok(resolved)
}

/// Builds a kustomization. The result is treated like one file with the name of the directory.
fn build_kustomization(ctx: &mut Ctx, folder: &str) -> CliResult<ManifestFiles> {
    let objects = kustomization::build(ctx, folder, kctl_kustomize::Options::default())?;
    let file = ManifestFile { name: folder.into(), content: kctl_kustomize::to_yaml(&objects) };
    Ok(ManifestFiles { files: vec![file], single: false })
}

fn named_item(selection: &Selection, target: Target, name: String) -> CliResult<Item> {
    let namespaced = target.kind.names().namespaced;
    if namespaced && selection.namespace.is_empty() {
        return Err(CliError::new(match selection.all_namespaces {
            true => "a resource cannot be retrieved by name across all namespaces",
            false => "namespace may not be empty when retrieving a resource by name",
        }));
    }
    let namespace = if namespaced { selection.namespace.clone() } else { String::new() };
    Ok(Item {
        kind: target.kind,
        version: target.version,
        namespace,
        name,
        object: None,
        duplicates: Vec::new(),
        source: String::new(),
        live: None,
    })
}

/// Lists the objects of types.
pub(crate) fn list_all(ctx: &mut Ctx, selection: &Selection, targets: Vec<Target>) -> Resolved {
    let mut resolved = Resolved::default();
    for target in targets {
        match list(ctx, selection, &target) {
            Ok(listed) => {
                resolved.items.extend(listed.items);
                resolved.resource_version = listed.resource_version;
                resolved.targets.push(target);
            }
            Err(error) => resolved.errors.push(error),
        }
    }
    resolved
}

/// The objects of a list.
pub(crate) struct Listed {
    /// The objects, by namespace and name.
    pub(crate) items: Vec<Item>,
    /// The revision at which the list was made.
    pub(crate) resource_version: u64,
}

/// Lists the objects of one type in the namespace of the selection that match its selectors.
pub(crate) fn list(ctx: &mut Ctx, selection: &Selection, target: &Target) -> CliResult<Listed> {
    let item = |object: Arc<Object>| Item {
        kind: target.kind.clone(),
        version: target.version.clone(),
        namespace: object.namespace().into(),
        name: object.name().into(),
        object: None,
        duplicates: Vec::new(),
        source: String::new(),
        live: Some(object),
    };
    let mut items = Vec::new();
    let resource_version = visit(ctx, selection, target, &mut |page| items.extend(page.into_iter().map(item)))?;
    Ok(Listed { items, resource_version })
}

/// Passes the objects that [`list`] finds to `visit`, page by page, and returns the revision at which the list was made.
pub(crate) fn visit(
    ctx: &mut Ctx,
    selection: &Selection,
    target: &Target,
    visit: &mut dyn FnMut(Vec<Arc<Object>>),
) -> CliResult<u64> {
    let names = target.kind.names();
    let namespace = if names.namespaced { selection.namespace.as_str() } else { "" };
    let path = ResourcePath::all(&names.resource(), namespace).version(target.version.clone());
    let params = ListParams {
        labels: selection.labels.clone(),
        fields: selection.fields.clone(),
        chunk_size: selection.chunk_size,
        // The columns of a custom kind may show any field.
        parts: if matches!(target.kind, KindRef::Builtin(_)) { selection.parts } else { Parts::All },
    };
    ctx.api(|client| client.visit(&path, &params, visit)).map_err(|error| match error {
        CliError::Status(status) => CliError::Status(list_refusal(selection, target, status)),
        other => other,
    })
}

/// Names the selectors in the error of a list request that the server rejects, as kubectl does.
fn list_refusal(selection: &Selection, target: &Target, mut status: Status) -> Status {
    if !matches!(status.reason, Reason::BadRequest | Reason::NotFound) {
        return status;
    }
    let quote = kctl_base::field::quote;
    let resource = quote(&target.go_name());
    status.message = match selection.labels.is_empty() && selection.fields.is_empty() {
        true => format!("Unable to list {resource}: {}", status.message),
        false => format!(
            "Unable to find {resource} that match label selector {}, field selector {}: {}",
            quote(&selection.labels),
            quote(&selection.fields),
            status.message
        ),
    };
    status
}

/// Names the resources that a short name also means (`cli-runtime`'s shortcut expander).
fn warn_of_short_names(ctx: &mut Ctx, catalog: &Catalog, words: &[String]) {
    let slashed = words.iter().filter_map(|word| Some(word.split_once('/')?.0));
    let types = words.first().filter(|word| !word.contains('/')).into_iter().flat_map(|word| word.split(','));
    for word in types.chain(slashed) {
        for kind in catalog.also_short_for(word) {
            let resource = kind.names().resource();
            let short = word.split('.').next().unwrap_or(word);
            ctx.print_error(format!(
                "Warning: short name \"{short}\" could also match lower priority resource {resource}"
            ));
        }
    }
}
