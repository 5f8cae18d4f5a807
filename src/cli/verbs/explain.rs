//! `explain`: describes a kind and its fields.
//!
//! Upstream: `kubectl/pkg/cmd/explain/explain.go`.

use clap::{ArgMatches, Command};

use crate::args::{self, ArgProperties, Matches, groups};
use crate::{CliError, CliResult, Ctx, Verb, resolve};
use kctl_base::gvk::{GroupVersion, split_api_version};
use kctl_base::json::Value;
use kctl_base::object::ValueRead;
use kctl_base::schema::explain::{ExplainError, Subject, explain};
use kctl_base::schema::explain_custom::explain_custom;
use kctl_base::schema::explain_v2::explain_v2;
use kctl_kinds::Catalog;
use kctl_kinds::catalog::{KindRef, serves};

/// The `explain` verb.
pub(super) const VERB: Verb = Verb {
    name: "explain",
    aliases: &[],
    about: "Get documentation for a resource",
    long: "Describe the fields and the structure of resources.

 Fields are addressed as <type>.<fieldName>[.<fieldName>]. The descriptions come from the schema of the API.

Use \"{program} api-resources\" for a complete list of supported resources.",
    examples: &[
        ("Describe a resource and its fields", "explain pods"),
        ("Print all fields of a resource", "explain pods --recursive"),
        ("Describe a resource in a given API version", "explain deployments --api-version=apps/v1"),
        ("Describe one field", "explain pods.spec.containers"),
    ],
    usage: "TYPE [--recursive=FALSE|TRUE] [--api-version=api-version-group] [-o|--output=plaintext|plaintext-openapiv2]",
    flags,
    run,
    family: &[],
};

/// The output format of earlier versions of kubectl.
const OLD_FORMAT: &str = "plaintext-openapiv2";

fn flags(command: Command) -> Command {
    groups::args(command)
        .arg(args::text("api-version", "Group and version of the resource to describe, such as apps/v1."))
        .arg(args::switch("recursive", "Print the names and types of all fields below, without their descriptions."))
        .arg(
            args::text("output", "Format of the description: plaintext or plaintext-openapiv2.")
                .help_default("'plaintext'")
                .short('o'),
        )
}

fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let args = matches.values("args");
    let output = matches.string("output");
    if !["", "plaintext", OLD_FORMAT].contains(&output) {
        return Err(CliError::new(format!("unrecognized format: {output}")));
    }
    let subject = match args.as_slice() {
        [] => {
            return Err(CliError::new(format!(
                "You must specify the type of resource to explain. Use \"{} api-resources\" for a complete list of supported resources.",
                ctx.program
            )));
        }
        [subject] => subject,
        _ => return Err(CliError::new("We accept only this format: explain RESOURCE")),
    };
    // Each part of the subject is a field of a JSONPath expression.
    if subject.split('.').next().is_some_and(str::is_empty) || subject.contains(['[', ']']) {
        return Err(CliError::new("invalid jsonpath syntax, first node must be field node"));
    }
    match find(ctx, subject, matches)? {
        Ok(text) => ctx.out.push_str(&text),
        Err(error) => {
            ctx.out.push_str(&error.heading);
            return Err(CliError::new(error.message));
        }
    }
    Ok(())
}

/// A type, and the names of fields below it.
type FieldPath = (resolve::Target, Vec<String>);

/// Describes what a subject such as `pods.spec` names. Built-in types are described without the store.
///
/// # Errors
/// An unknown type or version, or a failure of the store.
fn find(ctx: &mut Ctx, subject: &str, matches: &ArgMatches) -> CliResult<Explained> {
    let built_in = match split_fields(&Catalog::default(), subject) {
        Some(path) => Some(describe(ctx, &path, matches)?),
        None => None,
    };
    match built_in {
        Some(Ok(text)) => Ok(Ok(text)),
        // The name of a custom resource may begin with that of a built-in one. Its group contains a dot: `pods.example.com`.
        Some(Err(error)) if subject.matches('.').count() < 2 => Ok(Err(error)),
        _ => {
            let bare = subject.split('.').next().unwrap_or_default();
            let unknown = || CliError::line(CliError::unknown_resource_type(bare));
            let path = split_fields(&ctx.catalog()?, subject).ok_or_else(unknown)?;
            describe(ctx, &path, matches)
        }
    }
}

/// A description, or why a field has none.
type Explained = Result<String, ExplainError>;

/// Describes a type or a field of it.
///
/// # Errors
/// A version that the type does not have, or a failure of the store.
fn describe(ctx: &mut Ctx, (target, fields): &FieldPath, matches: &ArgMatches) -> CliResult<Explained> {
    let names = *target.kind.names();
    let api_version = matches.string("api-version");
    let GroupVersion { group, version } = match api_version.is_empty() {
        true => target.version.clone().unwrap_or_else(|| GroupVersion::new(names.group, names.version)),
        false => {
            let (group, version) = split_api_version(api_version);
            if !serves(&*target.kind, group, version) {
                return Err(CliError::new(format!(
                    "couldn't find resource for \"{group}/{version}, Resource={}\"",
                    names.plural
                )));
            }
            GroupVersion::new(group, version)
        }
    };
    let path: Vec<&str> = fields.iter().map(String::as_str).collect();
    let subject = Subject {
        group: &group,
        version: &version,
        kind: names.kind,
        path: &path,
        recursive: matches.flag("recursive"),
    };
    let schema = find_custom_schema(ctx, target, &version)?;
    if matches.string("output") == OLD_FORMAT {
        let explained = explain_v2(&subject, schema.as_ref());
        return Ok(explained.map_err(|message| ExplainError { heading: String::new(), message }));
    }
    Ok(match schema {
        Some(schema) => explain_custom(&subject, &schema),
        None => explain(&subject),
    })
}

/// Returns the schema of a custom resource for a version, empty if it declares none; `None` for built-in kinds.
fn find_custom_schema(ctx: &mut Ctx, target: &resolve::Target, version: &str) -> CliResult<Option<Value>> {
    let KindRef::Custom(_) = &target.kind else { return Ok(None) };
    let name = target.kind.names().resource();
    let definition = ctx.client()?.definition(&name)?;
    let found = definition.and_then(|definition| {
        let of_version = definition.list("/spec/versions").iter().find(|v| v.str("/name") == version);
        of_version.and_then(|v| v.pointer("/schema/openAPIV3Schema")).cloned()
    });
    Ok(Some(found.unwrap_or_default()))
}

/// Splits `pods.spec.containers` into a type and fields; `None` if there is no such type. A type may include its group:
/// `deployments.apps`.
fn split_fields(catalog: &Catalog, text: &str) -> Option<FieldPath> {
    let parts: Vec<&str> = text.trim_end_matches('.').split('.').collect();
    // The group contains dots, too: the longest prefix that names a type takes precedence.
    (1..=parts.len()).rev().find_map(|count| {
        let name = parts[..count].join(".");
        let target = resolve::in_catalog(catalog, &name).ok()?;
        let group = target.version.as_ref().map_or(target.kind.names().group, |asked| &asked.group);
        let with_group = count > 1 && parts[1..count].join(".") == group;
        let fields = || parts[count..].iter().map(ToString::to_string).collect();
        (count == 1 || with_group).then(|| (target, fields()))
    })
}
