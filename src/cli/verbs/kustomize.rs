//! `kustomize`: what a kustomization comes to, printed or written into files. The cluster is not asked.

use std::collections::BTreeSet;
use std::path::Path;

use clap::{ArgMatches, Command};

use crate::args::{self, Matches, groups};
use crate::{CliError, CliResult, Ctx, Verb, kustomization};
use kctl_base::go::io_error;
use kctl_base::gvk::split_api_version;
use kctl_base::json::Value;
use kctl_base::object::ObjectMeta;
use kctl_base::yaml;
use kctl_kustomize::Options;

/// The verb.
pub(super) const VERB: Verb = Verb {
    name: "kustomize",
    aliases: &[],
    about: "Build a kustomization target from a directory or URL",
    args: flags,
    run,
    family: &[],
};

fn flags(command: Command) -> Command {
    groups::words(command)
        .arg(args::text("output", "a file or directory to write to").short('o'))
        .arg(args::text(
            "load-restrictor",
            "LoadRestrictionsNone: files may lie outside of the directory of the kustomization",
        ))
        .arg(args::switch("enable-helm", "refused where a chart is asked for: nothing is run"))
        .arg(args::text("helm-command", "has no effect"))
        .arg(args::list("helm-api-versions", "has no effect"))
        .arg(args::text("helm-kube-version", "has no effect"))
        .arg(args::switch("helm-debug", "has no effect"))
        .arg(args::switch("enable-alpha-plugins", "refused where a plugin is asked for: nothing is run"))
        .arg(args::switch("as-current-user", "has no effect"))
        .arg(args::list("env", "has no effect").short('e'))
        .arg(args::list("mount", "has no effect"))
        .arg(args::switch("network", "has no effect"))
        .arg(args::text("network-name", "has no effect"))
}

fn run(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let words = matches.values("words");
    let folder = match words.as_slice() {
        [] => ".",
        [folder] => folder,
        _ => return Err(CliError::text("specify one path to kustomization.yaml")),
    };
    let restrict_to_root = match matches.value("load-restrictor") {
        "" | "LoadRestrictionsRootOnly" => true,
        "LoadRestrictionsNone" => false,
        other => {
            return Err(CliError::text(format!(
                "illegal flag value --load-restrictor {other}; legal values: [LoadRestrictionsRootOnly LoadRestrictionsNone]"
            )));
        }
    };
    let options = Options {
        restrict_to_root,
        enable_helm: matches.on("enable-helm"),
        enable_plugins: matches.on("enable-alpha-plugins"),
    };
    let objects = kustomization::build(ctx, folder, options)?;
    match matches.value("output") {
        "" => ctx.out.push_str(&kctl_kustomize::to_yaml(&objects)),
        place if Path::new(place).is_dir() => write_each(Path::new(place), &objects)?,
        place => write(Path::new(place), &kctl_kustomize::to_yaml(&objects))?,
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> CliResult<()> {
    std::fs::write(path, text).map_err(|e| CliError::text(format!("open {}: {}", path.display(), io_error(&e))))
}

/// Writes each object into a file of its own; the namespace is part of the name where there are several.
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
