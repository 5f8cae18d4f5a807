//! `replace`: replaces objects by their manifests; with `--force` deletes and creates them.
//!
//! Upstream: `kubectl/pkg/cmd/replace/replace.go`.

use clap::{ArgMatches, Command};

use super::delete::{self, Deletion};
use super::raw;
use crate::args::groups;
use crate::args::{self, Matches};
use crate::dry_run::DryRun;
use crate::output::Output;
use crate::resolve::{Item, Selection, resolve};
use crate::{CliError, CliResult, Ctx, Verb, last_applied, record, wait_deleted};
use kctl_base::json::Value;
use kctl_base::object::{ObjectMeta, ValueWrite};
use kctl_base::sim::Duration;
use kctl_cluster::FieldValidation;
use kctl_cluster::client::rest::Method;

/// The `replace` verb.
pub(super) const VERB: Verb = Verb {
    name: "replace",
    aliases: &[],
    about: "Replace a resource by file name or stdin",
    long: "Replace objects by file name or from standard input.

 The manifests are in JSON or YAML and must be complete: the object on the server becomes what the manifest says. \
    'get -o yaml' prints an object in this form.",
    examples: &[
        ("Replace the objects in pod.yaml", "replace -f pod.yaml"),
        ("Replace the objects from standard input", "replace -f -"),
        ("Delete the objects and create them again", "replace --force -f pod.yaml"),
    ],
    usage: "-f FILENAME",
    flags,
    run,
    family: &[],
};

fn flags(command: Command) -> Command {
    let command = groups::files(groups::output(groups::args(command)));
    let command = groups::validate(groups::field_manager(groups::dry_run(command), "kubectl-replace"));
    groups::record(groups::save_config(delete::deletion(command, "false")))
        .arg(raw::flag("Path of the API to put the file to."))
        .arg(args::text(
            "subresource",
            "Replace this subresource of the object instead of the object itself. One of: (status, scale, resize).",
        ))
}

/// The values of the flags.
struct Replace {
    manager: String,
    validation: FieldValidation,
    dry_run: DryRun,
    cause: Option<String>,
    save_config: bool,
    subresource: String,
    output: Output,
}

fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let cause = record::change_cause(ctx, matches);
    let force = matches.flag("force");
    let mut selection = Selection::from_matches(ctx, matches);
    if matches.int("grace-period").is_some_and(|g| g >= 0) && !force {
        return Err(CliError::new("--grace-period must have --force specified"));
    }
    if matches.duration("timeout").is_some_and(|t| t != Duration::ZERO) && !force {
        return Err(CliError::new("--timeout must have --force specified"));
    }
    if !selection.has_files() {
        return Err(CliError::new("must specify one of -f and -k"));
    }
    if !selection.args.is_empty() {
        return Err(ctx.usage("replace", &format!("Unexpected args: [{}]", selection.args.join(" "))));
    }
    if raw::run(ctx, matches, Method::Put)? {
        return Ok(());
    }
    if force && DryRun::read(ctx, matches)? != DryRun::None {
        return Err(CliError::new("--dry-run can not be used when --force is set"));
    }
    let validation = groups::read_validation(matches)?;
    selection.validate = validation != FieldValidation::Ignore;
    let mut replace = Replace {
        manager: groups::read_manager(matches, "kubectl-replace"),
        validation,
        dry_run: DryRun::read(ctx, matches)?,
        cause,
        save_config: matches.flag("save-config"),
        subresource: matches.string("subresource").into(),
        output: Output::of_report(matches)?,
    };
    let resolved = resolve(ctx, &selection)?;
    if force {
        return replace.recreate(ctx, matches, &resolved.items, resolved.errors);
    }
    let mut errors = resolved.errors;
    for item in &resolved.items {
        let result = replace.one(ctx, item);
        errors.extend(result.err());
    }
    CliError::all(errors)
}

impl Replace {
    /// The object of a manifest as it is sent.
    fn object(&self, item: &Item) -> Value {
        let mut object = item.content();
        last_applied::update(&mut object, self.save_config);
        record::annotate(&mut object, self.cause.as_deref());
        object
    }

    fn one(&mut self, ctx: &mut Ctx, item: &Item) -> CliResult<()> {
        let mut object = self.object(item);
        if item.name.is_empty() {
            return Err(item.unnamed("replacing"));
        }
        if !self.dry_run.is_client() {
            if object.resource_version().is_empty()
                && let Ok(live) = item.fetch(ctx)
            {
                // A manifest without a resourceVersion replaces any version.
                object.put("/metadata/resourceVersion", live.resource_version());
            }
            let path = item.path().subresource(&self.subresource);
            let params = item.write_params(&self.manager).dry_run(self.dry_run.is_server()).validation(self.validation);
            let updated = ctx.api(|client| client.update(&path, object, &params));
            object = (*updated.map_err(|e| item.error("replacing", e))?).clone();
        }
        self.output.report(ctx, &object, &item.label(), "replaced", self.dry_run)
    }

    /// Deletes all objects, waits until they are gone and creates them, unless there are `unreadable` manifests.
    fn recreate(
        &mut self,
        ctx: &mut Ctx,
        matches: &ArgMatches,
        items: &[Item],
        unreadable: Vec<CliError>,
    ) -> CliResult<()> {
        let mut deletion = Deletion::read(ctx, matches)?;
        // Unlike in `delete`, --force alone does not shorten the grace period, and 0 becomes 1 with it, too.
        deletion.grace = matches.int("grace-period").filter(|seconds| *seconds >= 0).map(|seconds| seconds.max(1));
        let mut deleted = Vec::new();
        for item in items {
            match delete::delete(ctx, item, &deletion, self.dry_run) {
                Ok(_) => {
                    delete::report(ctx, item, &deletion, matches.string("output"), self.dry_run);
                    deleted.push(item);
                }
                Err(error) if error.is_not_found() => {}
                Err(error) => return Err(item.error("deleting", error)),
            }
        }
        if self.dry_run == DryRun::None {
            let timeout = deletion.timeout.unwrap_or(Duration::from_secs(300));
            deleted.iter().try_for_each(|item| wait_deleted::poll(ctx, item, timeout))?;
        }
        CliError::all(unreadable)?;
        let mut errors = Vec::new();
        for item in items {
            let mut object = self.object(item);
            if self.dry_run == DryRun::None {
                object.remove_at("/metadata/resourceVersion");
                let params = item.write_params(&self.manager).validation(self.validation);
                match ctx.api(|client| client.create(&item.path().collection(), object, &params)) {
                    Ok(created) => object = (*created).clone(),
                    Err(error) => {
                        errors.push(error);
                        continue;
                    }
                }
            }
            self.output.report(ctx, &object, &item.label(), "replaced", self.dry_run)?;
        }
        CliError::all(errors)
    }
}
