//! `store`: manages the directory that holds the cluster.

mod create;

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::ArgMatches;

use crate::args::{Matches as _, switch};
use crate::printers::columns;
use crate::{CliError, CliResult, Ctx, Stream, Verb};
use kctl_cluster::console::StoreReport;
use kctl_cluster::{branches, maintenance};

/// The `store` verb with its subcommands.
pub(super) const VERB: Verb = Verb {
    name: "store",
    aliases: &[],
    about: "Manage the directory that holds the cluster",
    long: "Manage the store, the directory that holds the cluster.

 It is chosen by --store, the environment variable KCTL_HOME or the data directory of the user.",
    examples: &[],
    usage: "SUBCOMMAND",
    flags: |c| c,
    run: |_, _| Err(CliError::MissingSubcommand(Stream::Err)),
    family: FAMILY,
};

const FAMILY: &[Verb] = &[
    Verb {
        name: "create",
        aliases: &[],
        about: "Create a cluster",
        long: "Create a cluster in a store that has none.

 The profile says what it is like: 'bare' has nodes and nothing installed, 'kubeadm', 'kind' and 'minikube' have what these \
    installers bring along, from the names of the nodes to the pods of kube-system and the default storage class. All of it is \
    ready when the command ends.

 Without this command, the first one that needs a cluster creates one, with the profile that the environment variable \
    KCTL_PROFILE names and as many nodes as KCTL_NODES says.",
        examples: &[
            ("Create a cluster like that of 'kind create cluster'", "store create --profile=kind"),
            ("Create one like that of 'minikube start' with a metrics server", "store create --profile=minikube --metrics-server"),
            (
                "Create one with three nodes, of which one is small and has a label",
                "store create --profile=kind --nodes=3 --node=cpu=4,memory=8Gi --node=name=kind-worker,cpu=1,labels=disktype=ssd",
            ),
            ("Create a thousand nodes", "store create --nodes=1000"),
        ],
        usage: "[--profile=PROFILE] [flags]",
        flags: create::flags,
        run: create::run,
        family: &[],
    },
    Verb {
        name: "path",
        aliases: &[],
        about: "Print the path of the store",
        long: "Print the path of the store.",
        examples: &[("Print the path of the store", "store path")],
        usage: "",
        flags: |c| c,
        run: path,
        family: &[],
    },
    Verb {
        name: "check",
        aliases: &[],
        about: "Verify objects, indexes, change log and timeline",
        long: "Verify that objects, indexes, change log and timeline are consistent. Problems are printed, and the exit status \
    is 1.

 With --repair, objects that cannot be read are removed first. A copy of the data of each is written to a file in the store, \
    whose name is printed.",
        examples: &[
            ("Verify the store", "store check"),
            ("Remove the objects that cannot be read, and verify the rest", "store check --repair"),
        ],
        usage: "",
        flags: |c| {
            c.arg(switch("repair", "If true, remove objects that cannot be read, after a copy of their data has been written."))
        },
        run: check,
        family: &[],
    },
    Verb {
        name: "compact",
        aliases: &[],
        about: "Rewrite the store without obsolete data",
        long: "Rewrite the store without data that is no longer needed, to reclaim disk space. The history is kept as far as \
    'op keep' says.",
        examples: &[("Compact the store", "store compact")],
        usage: "",
        flags: |c| c,
        run: compact,
        family: &[],
    },
    Verb {
        name: "reset",
        aliases: &[],
        about: "Delete the cluster",
        long: "Delete the cluster and all of its objects, its history and its branches. The next command creates a new one. \
    With --branch, reset only that branch.

 With flags of 'store create', the new cluster is created at once.",
        examples: &[
            ("Delete the cluster", "store reset"),
            ("Replace it by one like that of 'kind create cluster'", "store reset --profile=kind"),
        ],
        usage: "[flags]",
        flags: create::flags,
        run: reset,
        family: &[],
    },
];

fn path(ctx: &mut Ctx, _: &ArgMatches) -> CliResult<()> {
    let dir = ctx.store_dir()?;
    ctx.print_line(dir.display().to_string());
    Ok(())
}

fn check(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    ctx.flush()?;
    if matches.flag("repair") {
        repair(ctx)?;
    }
    let StoreReport { problems, revision, bytes } = ctx.console()?.check_store()?;
    if !problems.is_empty() {
        return Err(CliError::Many(problems.into_iter().map(CliError::Failed).collect()));
    }
    let rows = [
        ("store", ctx.store_dir()?.display().to_string()),
        ("revision", revision.to_string()),
        ("bytes", bytes.to_string()),
        ("problems", "none".into()),
    ];
    for line in columns::lines(rows.map(|(name, value)| [name.to_string(), value])) {
        ctx.print_line(line);
    }
    Ok(())
}

/// Removes the objects that cannot be read.
fn repair(ctx: &mut Ctx) -> CliResult<()> {
    let dir = unrestricted_store_dir(ctx)?;
    let mut copies = Vec::new();
    ctx.console()?.repair_store(|name, bytes| {
        copies.push((name.to_owned(), keep_copy(&dir, name, bytes)?));
        CliResult::Ok(())
    })?;
    for (name, copy) in copies {
        ctx.print_line(format!("object {name} removed, its data is in {}", copy.display()));
    }
    Ok(())
}

/// Writes the data of an object to a new file that only the owner may read, and returns its path.
fn keep_copy(dir: &Path, name: &str, bytes: &[u8]) -> CliResult<PathBuf> {
    let failed =
        |path: &Path, source: io::Error| CliError::Io { operation: format!("open {}", path.display()), source };
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut number = 1;
    loop {
        let path = dir.join(format!("unreadable-{}-{number}.json", name.replace('/', "-")));
        match options.open(&path) {
            Ok(mut file) => {
                file.write_all(bytes).and_then(|()| file.sync_all()).map_err(|e| failed(&path, e))?;
                return Ok(path);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
            Err(error) => return Err(failed(&path, error)),
        }
    }
}

fn compact(ctx: &mut Ctx, _: &ArgMatches) -> CliResult<()> {
    let (before, after) = maintenance::compact(&unrestricted_store_dir(ctx)?, ctx.open_options()?.lock_timeout)?;
    ctx.print_line(format!("store compacted from {before} to {after} bytes"));
    Ok(())
}

/// Returns the directory of the store, for operations on its files, which the server does not authorize.
///
/// # Errors
/// The command acts as another user.
fn unrestricted_store_dir(ctx: &Ctx) -> CliResult<PathBuf> {
    match ctx.impersonates() {
        true => Err(CliError::new("--as cannot be used with commands on the files of the store")),
        false => ctx.store_dir(),
    }
}

fn reset(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    // Whatever is wrong with the new cluster must not cost the old one.
    let plan = create::has_plan(matches).then(|| create::read_plan(ctx, matches)).transpose()?;
    let (dir, base) = (unrestricted_store_dir(ctx)?, ctx.base_dir()?);
    maintenance::reset(&dir, ctx.open_options()?.lock_timeout)?;
    if dir == base {
        branches::remove_all(&base)?;
    }
    ctx.print_line(format!("store {} reset", dir.display()));
    match plan {
        Some(plan) => create::create(ctx, plan),
        None if dir == base => ctx.use_profile(ctx.plan()?.profile, None),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_replace_no_file_and_are_private() {
        let dir = tempfile::tempdir().expect("a directory");
        for (bytes, name) in
            [(b"one", "unreadable-pods-default-a-1.json"), (b"two", "unreadable-pods-default-a-2.json")]
        {
            let path = keep_copy(dir.path(), "pods/default/a", bytes).expect("a copy");
            assert_eq!(path, dir.path().join(name));
            assert_eq!(std::fs::read(&path).expect("the copy"), bytes);
            #[cfg(unix)]
            {
                let mode =
                    std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).expect("a file").permissions());
                assert_eq!(mode & 0o777, 0o600);
            }
        }
        assert!(keep_copy(&dir.path().join("none"), "a", b"").is_err());
    }
}
