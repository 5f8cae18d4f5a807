//! `kustomize`: prints the objects of a kustomization or writes them to files. It does not use the cluster.

use std::collections::BTreeSet;
use std::path::Path;

use clap::{ArgMatches, Command};

use crate::args::{self, ArgProperties, Matches, groups};
use crate::{CliError, CliResult, Ctx, Verb, kustomization};
use kctl_base::gvk::split_api_version;
use kctl_base::json::Value;
use kctl_base::object::ObjectMeta;
use kctl_base::yaml;
use kctl_kustomize::Options;

/// The `kustomize` verb.
pub(super) const VERB: Verb = Verb {
    name: "kustomize",
    aliases: &[],
    about: "Build a kustomization target from a directory or URL",
    long: "Print the objects of a kustomization.

 DIR is a directory with a file 'kustomization.yaml', or the URL of a git repository followed by the path \
    of such a directory, as in 'https://example.com/org/repo.git//overlays/production?ref=v1'; without it the current directory is used.",
    examples: &[
        ("Build the kustomization of the current directory", "kustomize"),
        ("Build the kustomization of another directory", "kustomize overlays/production"),
    ],
    usage: "DIR [flags]",
    flags,
    run,
    family: &[],
};

fn flags(command: Command) -> Command {
    groups::args(command)
        .arg(args::path("output", "File or directory to write the objects to instead of standard output.").short('o'))
        .arg(args::text(
            "load-restrictor",
            "Files that a kustomization may load: LoadRestrictionsRootOnly (those below its own directory) or LoadRestrictionsNone.",
        ).help_default("'LoadRestrictionsRootOnly'"))
        .arg(args::switch("enable-helm", "Not supported: no charts are inflated."))
        .arg(args::text("helm-command", "Accepted for compatibility.").help_default("'helm'"))
        .arg(args::list("helm-api-versions", "Accepted for compatibility."))
        .arg(args::text("helm-kube-version", "Accepted for compatibility."))
        .arg(args::switch("helm-debug", "Accepted for compatibility."))
        .arg(args::switch("enable-alpha-plugins", "Not supported: no plugins are run."))
        .arg(args::switch("as-current-user", "Accepted for compatibility."))
        .arg(args::list("env", "Accepted for compatibility.").short('e'))
        .arg(args::list("mount", "Accepted for compatibility."))
        .arg(args::switch("network", "Accepted for compatibility."))
        .arg(args::text("network-name", "Accepted for compatibility.").help_default("'bridge'"))
}

fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let words = matches.values("args");
    let folder = match words.as_slice() {
        [] => ".",
        [folder] => folder,
        _ => return Err(CliError::new("specify one path to kustomization.yaml")),
    };
    let restrict_to_root = match matches.string("load-restrictor") {
        "" | "LoadRestrictionsRootOnly" => true,
        "LoadRestrictionsNone" => false,
        other => {
            return Err(CliError::new(format!(
                "illegal flag value --load-restrictor {other}; legal values: [LoadRestrictionsRootOnly LoadRestrictionsNone]"
            )));
        }
    };
    let options = Options {
        restrict_to_root,
        enable_helm: matches.flag("enable-helm"),
        enable_plugins: matches.flag("enable-alpha-plugins"),
    };
    let objects = kustomization::build(ctx, folder, options)?;
    match matches.path("output") {
        None => {
            ctx.out.push_str(&kctl_kustomize::to_yaml(&objects));
            Ok(())
        }
        Some(place) if place.is_dir() => write_each(&place, &objects),
        Some(place) => write(&place, &kctl_kustomize::to_yaml(&objects)),
    }
}

fn write(path: &Path, text: &str) -> CliResult<()> {
    std::fs::write(path, text).map_err(|e| CliError::io(format!("open {}", path.display()), e))
}

/// Writes each object to a file of its own. The namespace is part of the file name if there are several.
fn write_each(folder: &Path, objects: &[Value]) -> CliResult<()> {
    let namespaces: BTreeSet<&str> = objects.iter().map(|o| o.namespace()).filter(|n| !n.is_empty()).collect();
    for object in objects {
        let (group, version) = split_api_version(object.api_version());
        let kind: Vec<&str> = [group, version, object.kind()].into_iter().filter(|part| !part.is_empty()).collect();
        let namespace = match namespaces.len() > 1 && !object.namespace().is_empty() {
            true => format!("{}_", object.namespace()),
            false => String::new(),
        };
        let name = format!("{namespace}{}_{}.yaml", kind.join("_"), object.name()).to_lowercase();
        write(&folder.join(name), &yaml::to_yaml(object))?;
    }
    Ok(())
}
