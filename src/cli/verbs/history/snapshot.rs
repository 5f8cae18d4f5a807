//! `snapshot`: gives states of the cluster names, goes back to them, compares them, and moves them in files.

use std::ffi::OsString;
use std::fs::File;
use std::io::{BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use clap::ArgMatches;

use super::report::{self, Columns, Item};
use super::{changes, must_be_name, names, no_words, only_word, words};
use crate::args::{self, Matches as _, Names};
use crate::temporary::Temporary;
use crate::{CliError, CliResult, Ctx, Stream, Verb};
use kctl_base::json::json;
use kctl_cluster::console::SavedState;
use kctl_cluster::{Snapshot, branches};

/// The `snapshot` verb with its subcommands.
pub(in crate::verbs) const VERB: Verb = Verb {
    name: "snapshot",
    aliases: &["snapshots"],
    about: "Keep states of the cluster, go back to them, and move them in files",
    long: "Keep states of the cluster under names, go back to them, compare them, and move them in files.

 A snapshot is everything that the cluster is at a time: objects, the clock, what is due, and the state of the controllers.",
    examples: &[],
    usage: "SUBCOMMAND",
    flags: |c| c,
    run: |_, _| Err(CliError::MissingSubcommand(Stream::Err)),
    family: FAMILY,
};

const FAMILY: &[Verb] = &[
    Verb {
        name: "save",
        aliases: &[],
        about: "Keep the present state under a name",
        long: "Keep the present state of the cluster under a name, until the snapshot is deleted.",
        examples: &[("Keep the present state", "snapshot save before")],
        usage: "NAME",
        flags: words,
        run: save,
        family: &[],
    },
    Verb {
        name: "list",
        aliases: &["ls"],
        about: "List the snapshots",
        long: "List the snapshots with the operation whose result each is, and the time of the cluster.",
        examples: &[("List the snapshots", "snapshot list")],
        usage: "[(-o|--output=)json|yaml|name|wide]",
        flags: |c| report::flags(words(c)),
        run: list,
        family: &[],
    },
    Verb {
        name: "restore",
        aliases: &[],
        about: "Go back to a snapshot",
        long: "Make the cluster what it was when a snapshot was saved. This is an operation, which 'undo' takes back.",
        examples: &[("Go back to a snapshot", "snapshot restore before")],
        usage: "NAME",
        flags: |c| names(c, Names::Snapshots),
        run: restore,
        family: &[],
    },
    Verb {
        name: "delete",
        aliases: &["rm"],
        about: "Delete a snapshot",
        long: "Delete a snapshot.",
        examples: &[("Delete a snapshot", "snapshot delete before")],
        usage: "NAME",
        flags: |c| names(c, Names::Snapshots),
        run: delete,
        family: &[],
    },
    Verb {
        name: "diff",
        aliases: &[],
        about: "Compare two snapshots or branches, or one with the present",
        long: "Compare two snapshots or branches, or one with the present state of the cluster. The output is that of 'diff'; with \
    --names it is one line an object.

 Exit status: 0 without differences, 1 with differences, more than 1 when the comparison failed.",
        examples: &[
            ("Show what has changed since a snapshot", "snapshot diff before"),
            ("Compare two snapshots by the names of the objects", "snapshot diff before after --names"),
        ],
        usage: "NAME [NAME]",
        flags: |c| names(c, Names::States).arg(args::switch("names", "Print only the names of the objects.")),
        run: |ctx, matches| diff(ctx, matches).map_err(super::super::diff::failure),
        family: &[],
    },
    Verb {
        name: "export",
        aliases: &[],
        about: "Write a snapshot to a file",
        long: "Write a snapshot to a file, which 'snapshot import' reads in this or another store. The file contains the Secrets.",
        examples: &[("Write a snapshot to a file", "snapshot export before before.kctl")],
        usage: "NAME FILE",
        flags: |c| names(c, Names::Snapshots),
        run: export,
        family: &[],
    },
    Verb {
        name: "import",
        aliases: &[],
        about: "Read a snapshot from a file",
        long: "Make a snapshot of a file that 'snapshot export' has written, here or in another store.",
        examples: &[("Read a snapshot from a file", "snapshot import before.kctl before")],
        usage: "FILE NAME",
        flags: words,
        run: import,
        family: &[],
    },
];

fn save(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let name = only_word(matches, "the name of the snapshot")?;
    must_be_name(&name)?;
    ctx.console()?.save_snapshot(&name)?;
    ctx.print_line(format!("snapshot {name} saved"));
    Ok(())
}

const COLUMNS: Columns = Columns { headings: &["NAME", "OPERATION", "TIME", "REVISION", "REAL TIME"], wide: 2 };

fn list(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    no_words(matches)?;
    let snapshots = ctx.console_to_read()?.snapshots()?;
    report::print(ctx, matches, &COLUMNS, snapshots.into_iter().map(item).collect())
}

fn item(snapshot: Snapshot) -> Item {
    let Snapshot { name, time, real_time, revision, operation, import, .. } = snapshot;
    Item {
        cells: vec![
            name.clone(),
            import.map_or_else(|| operation.to_string(), |_| "<imported>".into()),
            time.rfc3339(),
            revision.to_string(),
            real_time.rfc3339(),
        ],
        fields: json!({
            "name": name,
            "operation": operation,
            "imported": import.is_some(),
            "time": time.rfc3339_micro(),
            "realTime": real_time.rfc3339(),
            "revision": revision,
        }),
        name: format!("snapshot/{name}"),
    }
}

fn restore(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let name = only_word(matches, "the name of the snapshot")?;
    ctx.console()?.restore_snapshot(&name)?;
    ctx.print_line(format!("snapshot {name} restored"));
    Ok(())
}

fn delete(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let name = only_word(matches, "the name of the snapshot")?;
    ctx.console()?.delete_snapshot(&name)?;
    ctx.print_line(format!("snapshot {name} deleted"));
    Ok(())
}

fn diff(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let names = matches.values("words");
    let (old, new) = match names.as_slice() {
        [old] => (state(ctx, old)?, ctx.console_to_read()?.state_of(None)?),
        [old, new] => (state(ctx, old)?, state(ctx, new)?),
        _ => return Err(CliError::new("one or two names of snapshots or branches are required")),
    };
    let changes = old.differences(&new)?;
    let differ = match matches.flag("names") {
        true => {
            changes::print_names(ctx, &changes);
            !changes.is_empty()
        }
        false => changes::print_diffs(ctx, changes)?,
    };
    if differ { Err(CliError::Exit(1)) } else { Ok(()) }
}

/// Opens the state of a snapshot, or else of a branch.
fn state(ctx: &mut Ctx, name: &str) -> CliResult<SavedState> {
    let mut console = ctx.console_to_read()?;
    if console.has_snapshot(name)? {
        return Ok(console.state_of(Some(name))?);
    }
    if ctx.has_no_directory() {
        return Ok(ctx.console_to_read()?.state_of(Some(name))?);
    }
    let base = ctx.base_dir()?;
    if !branches::list(&base)?.iter().any(|branch| branch == name) {
        return Err(CliError::new(format!("there is no snapshot and no branch \"{name}\"")));
    }
    if branches::directory(&base, Some(name))? == ctx.store_dir()? {
        return Ok(ctx.console_to_read()?.state_of(None)?);
    }
    let timeout = ctx.open_options()?.lock_timeout;
    // Two processes that compare the same branches must not wait for each other.
    ctx.release()?;
    Ok(branches::state(&base, name, timeout)?)
}

/// Returns the two arguments.
fn two_words(matches: &ArgMatches, what: &str) -> CliResult<[String; 2]> {
    let words = matches.values("words");
    words.try_into().map_err(|_| CliError::new(format!("exactly two arguments are required: {what}")))
}

fn export(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let [name, file] = two_words(matches, "the name of the snapshot and a file")?;
    let path = PathBuf::from(&file);
    let failed = |e| CliError::io(format!("open {file}"), e);
    // A file of the name is replaced only by a whole one.
    let mut partial = OsString::from(&file);
    partial.push(".partial");
    let (temporary, new) = Temporary::exclusive(Path::new(&partial)).map_err(failed)?;
    // It contains the Secrets.
    #[cfg(unix)]
    new.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600)).map_err(failed)?;
    let mut writer = BufWriter::new(new);
    ctx.console_to_read()?.export_snapshot(&name, &path, &mut writer)?;
    writer.flush().and_then(|()| writer.get_ref().sync_all()).map_err(failed)?;
    std::fs::rename(temporary.path(), &path).map_err(failed)?;
    ctx.print_line(format!("snapshot {name} exported to {file}"));
    Ok(())
}

fn import(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let [file, name] = two_words(matches, "a file and the name of the snapshot")?;
    must_be_name(&name)?;
    let from = File::open(&file).map_err(|e| CliError::io(format!("open {file}"), e))?;
    ctx.console()?.import_snapshot(&name, Path::new(&file), BufReader::new(from))?;
    ctx.print_line(format!("snapshot {name} imported"));
    Ok(())
}
