//! kubectl's resource builder: from words, files and selectors to the objects that a verb works on.
//!
//! [`words`] reads `TYPE NAME`, `TYPE/NAME` and what else people type; [`documents`] reads manifests; here they become
//! [`Item`]s. What fails for one of several objects does not stop the others: it is answered beside them. Nothing is
//! changed here.

mod documents;
mod words;

use std::sync::Arc;

use super::files::{SourceText, SourceTexts};
use super::{CliError, CliResult, Ctx, kustomization};
use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta};
use kctl_base::status::{Reason, Status};
use kctl_cluster::api::Request;
use kctl_kinds::catalog::KindRef;
use words::Wanted;

/// What a command line says about which objects are meant.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selection {
    /// The words that are no flags: types and names.
    pub(crate) words: Vec<String>,
    /// `-f`.
    pub(crate) filenames: Vec<String>,
    /// `-k`.
    pub(crate) kustomize: Option<String>,
    /// `-R`.
    pub(crate) recursive: bool,
    /// `-l`.
    pub(crate) labels: String,
    /// `--field-selector`.
    pub(crate) fields: String,
    /// `--all`.
    pub(crate) all: bool,
    /// `--all` beside names is an error; elsewhere the names win.
    pub(crate) all_is_strict: bool,
    /// `-A`.
    pub(crate) all_namespaces: bool,
    /// The namespace for whatever names none.
    pub(crate) namespace: String,
    /// Whether the namespace was asked for, so that another one in a file is refused.
    pub(crate) enforce_namespace: bool,
    /// A type alone means all its objects (`get pods`).
    pub(crate) type_means_all: bool,
    /// Documents must look like objects before they are mapped (`--validate`).
    pub(crate) validate: bool,
    /// A subresource, which can not be had for lists.
    pub(crate) subresource: String,
}

impl Selection {
    /// The selection of a command: its words and the flags of the groups in [`super::args::groups`].
    pub(crate) fn from_matches(ctx: &Ctx, matches: &clap::ArgMatches) -> Selection {
        use super::args::{Matches, SharedFlags};
        let matches = SharedFlags(matches);
        let all_namespaces = matches.flag("all-namespaces");
        Selection {
            words: matches.values("args"),
            filenames: matches.values("filename"),
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

    /// Whether there are files to read.
    pub(crate) fn has_files(&self) -> bool {
        !self.filenames.is_empty() || self.kustomize.is_some()
    }

    /// Whether objects are chosen by a selector or all of a type.
    pub(crate) fn has_selector(&self) -> bool {
        self.all || !self.labels.is_empty() || !self.fields.is_empty()
    }
}

/// One object that is meant.
#[derive(Clone)]
pub(crate) struct Item {
    /// Its kind.
    pub(crate) kind: KindRef,
    /// Group and version that were asked for, where they are not the stored ones.
    pub(crate) version: Option<(String, String)>,
    /// Its namespace, empty for objects of the cluster.
    pub(crate) namespace: String,
    /// Its name; empty in a file that leaves it to the server.
    pub(crate) name: String,
    /// The object as it stands in the file.
    pub(crate) object: Option<Value>,
    /// Keys that stood twice in the file, in the words of the strict decoder.
    pub(crate) duplicates: Vec<String>,
    /// The file, or empty.
    pub(crate) source: String,
    /// The object as the server listed it.
    pub(crate) live: Option<Arc<Object>>,
}

impl Item {
    /// The object as its file has it, null for one that is from no file.
    pub(crate) fn content(&self) -> Value {
        self.object.clone().unwrap_or(Value::Null)
    }

    /// `deployment.apps/web`.
    pub(crate) fn label(&self) -> String {
        format!("{}/{}", self.kind.names().singular_group(), self.name)
    }

    /// `deployments.apps`.
    pub(crate) fn resource(&self) -> String {
        self.kind.names().resource().into()
    }

    /// A request about this object in the version that was asked for.
    pub(crate) fn request(&self, verb: kctl_cluster::api::Verb) -> Request {
        let mut request = Request::new(verb, &self.resource(), &self.namespace, &self.name);
        request.version = self.version.clone();
        request.options.duplicates = self.duplicates.clone();
        request
    }

    /// The object as the server has it: what a list answered, else asked for now.
    pub(crate) fn get(&self, ctx: &mut Ctx) -> CliResult<Arc<Object>> {
        match &self.live {
            Some(object) => Ok(object.clone()),
            None => self.fetch(ctx),
        }
    }

    /// The object as the server has it now.
    pub(crate) fn fetch(&self, ctx: &mut Ctx) -> CliResult<Arc<Object>> {
        Ok(ctx.call(&self.request(kctl_cluster::api::Verb::Get))?.object)
    }

    /// A server's refusal about this object, with the file it is from: `error when VERB "f": ...`.
    pub(crate) fn error(&self, verb: &str, error: CliError) -> CliError {
        match error {
            CliError::Status(status) => CliError::from_source(verb, &self.source, status),
            other => other,
        }
    }
}

/// A type that objects are chosen from.
#[derive(Clone)]
pub(crate) struct Target {
    /// The kind.
    pub(crate) kind: KindRef,
    /// Group and version that were asked for, where they are not the stored ones.
    pub(crate) version: Option<(String, String)>,
}

impl Target {
    /// `apps/v1, Resource=deployments`: how Go prints a group, version and resource.
    pub(crate) fn go_name(&self) -> String {
        let names = self.kind.names();
        let version = self.version.as_ref().map_or(names.version, |(_, v)| v);
        format!("{}/{version}, Resource={}", names.group, names.plural)
    }
}

/// What a selection means.
#[derive(Default)]
pub(crate) struct Resolved {
    /// The objects, in kubectl's order.
    pub(crate) items: Vec<Item>,
    /// What went wrong for others.
    pub(crate) errors: Vec<CliError>,
    /// The types whose objects were listed.
    pub(crate) targets: Vec<Target>,
    /// Exactly one object was named: it is shown by itself, not as a list.
    pub(crate) single: bool,
}

/// The sentence for a command line that names nothing.
const NOTHING_NAMED: &str = "You must provide one or more resources by argument or filename.
Example resource specifications include:
   '-f rsrc.yaml'
   '--filename=rsrc.json'
   '<resource> <name>'
   '<resource>'";

/// Finds out which objects a selection means.
///
/// # Errors
/// When the command line makes no sense as a whole; single objects fail in [`Resolved::errors`].
pub(crate) fn resolve(ctx: &mut Ctx, selection: &Selection) -> CliResult<Resolved> {
    match selection.has_files() {
        true if selection.words.is_empty() => return from_files(ctx, selection),
        true => {
            // A file that is not there is complained about first.
            super::files::read_files(ctx, &selection.filenames, selection.recursive)?;
            return Err(words_beside_files(selection));
        }
        false => {}
    }
    let catalog = ctx.cluster()?.server().catalog().clone();
    match words::read(&catalog, selection, &ctx.program)? {
        Wanted::Nothing => Err(CliError::new(NOTHING_NAMED)),
        Wanted::Types(targets) => list_all(ctx, selection, targets),
        Wanted::Named(named) => {
            let single = named.len() == 1;
            let items = named.into_iter().map(|(target, name)| named_item(selection, target, name));
            Ok(Resolved { items: items.collect::<CliResult<_>>()?, single, ..Resolved::default() })
        }
    }
}

/// The one kind that a word names.
pub(crate) fn kind(ctx: &mut Ctx, word: &str) -> CliResult<Target> {
    let catalog = ctx.cluster()?.server().catalog().clone();
    words::target(&catalog, word)
}

fn words_beside_files(selection: &Selection) -> CliError {
    CliError::new(match selection.words.as_slice() {
        [first, ..] if first.contains('/') => "resource/name arguments cannot be provided when a path is specified",
        [_] => "when paths, URLs, or stdin is provided as input, you may not specify resource arguments as well",
        _ => "name cannot be provided when a path is specified",
    })
}

fn from_files(ctx: &mut Ctx, selection: &Selection) -> CliResult<Resolved> {
    // Before the store is opened: what comes through a pipe may come from a process that needs the store itself.
    let sources = match &selection.kustomize {
        None => super::files::read_files(ctx, &selection.filenames, selection.recursive)?,
        Some(_) if !selection.filenames.is_empty() => {
            return Err(CliError::new("only one of -f or -k can be specified"));
        }
        Some(folder) => built(ctx, folder)?,
    };
    let catalog = ctx.cluster()?.server().catalog().clone();
    let reader = documents::Reader::new(&catalog, selection)?;
    let mut resolved = Resolved { single: sources.single, ..Resolved::default() };
    for source in sources.texts {
        reader.read(&source, &mut resolved);
    }
    Ok(resolved)
}

/// The objects of a kustomization, as if they stood in one file of the name of its directory.
fn built(ctx: &mut Ctx, folder: &str) -> CliResult<SourceTexts> {
    let objects = kustomization::build(ctx, folder, kctl_kustomize::Options::default())?;
    let text = SourceText { name: folder.into(), text: kctl_kustomize::to_yaml(&objects) };
    Ok(SourceTexts { texts: vec![text], single: false })
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

fn list_all(ctx: &mut Ctx, selection: &Selection, targets: Vec<Target>) -> CliResult<Resolved> {
    let mut resolved = Resolved::default();
    for target in &targets {
        match list(ctx, selection, target) {
            Ok(items) => resolved.items.extend(items),
            Err(error) => resolved.errors.push(error),
        }
    }
    resolved.targets = targets;
    Ok(resolved)
}

/// The objects of one type that the selection's namespace and selectors choose.
pub(crate) fn list(ctx: &mut Ctx, selection: &Selection, target: &Target) -> CliResult<Vec<Item>> {
    let names = target.kind.names();
    let namespace = if names.namespaced { selection.namespace.as_str() } else { "" };
    let mut request = Request::list(&names.resource(), namespace).labels(&selection.labels).fields(&selection.fields);
    request.version = target.version.clone();
    let response = ctx.call(&request).map_err(|error| match error {
        CliError::Status(status) => CliError::Status(list_refusal(selection, target, status)),
        other => other,
    })?;
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
    Ok(response.items.into_iter().map(item).collect())
}

/// kubectl says what it was looking for when a list is refused.
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
