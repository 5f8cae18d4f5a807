//! `op`: shows the operations of the history, and goes back to their results.

use clap::{ArgMatches, Command};

use super::report::{self, Columns, Item};
use super::undo::named;
use super::{changes, names, no_words, number, only_word, words};
use crate::args::{self, ArgProperties as _, Matches as _, Names};
use crate::printers::columns;
use crate::{CliError, CliResult, Ctx, Stream, Verb};
use kctl_base::json::{Value, json};
use kctl_base::object::ValueWrite as _;
use kctl_base::quantity::Quantity;
use kctl_cluster::console::Kept;
use kctl_cluster::{Operation, OperationKind, Totals};

/// The `op` verb with its subcommands.
pub(in crate::verbs) const VERB: Verb = Verb {
    name: "op",
    aliases: &["operation", "operations"],
    about: "Show what was done to the cluster, and go back to any of it",
    long: "Show the operations that were done to the cluster, and go back to the result of any of them.

 Every command that changes something is one operation. Values of Secrets in command lines are left out.",
    examples: &[],
    usage: "SUBCOMMAND",
    flags: |c| c,
    run: |_, _| Err(CliError::MissingSubcommand(Stream::Err)),
    family: FAMILY,
};

const FAMILY: &[Verb] = &[
    Verb {
        name: "log",
        aliases: &[],
        about: "List the operations, the newest first",
        long: "List the operations, the newest first: the time of the cluster at the end, the user, the numbers of objects that \
    were created (+), changed (~) and deleted (-), and the command line.

 -o wide adds the real time and the revision.",
        examples: &[
            ("List all operations", "op log"),
            ("List the last five operations", "op log --limit=5"),
            ("List the operations as JSON", "op log -o json"),
        ],
        usage: "[--limit=N] [(-o|--output=)json|yaml|name|wide]",
        flags: |c| report::flags(words(c)).arg(args::number("limit", "Show only the newest operations; 0 shows all.")),
        run: log,
        family: &[],
    },
    Verb {
        name: "show",
        aliases: &[],
        about: "Show one operation and the objects that it changed",
        long: "Show one operation and the objects that it created, changed and deleted.

 With --patch the differences of the objects are shown, as 'diff' shows them.",
        examples: &[
            ("Show the objects that operation 7 changed", "op show 7"),
            ("Show what it changed in them", "op show 7 --patch"),
        ],
        usage: "NUMBER [--patch] [(-o|--output=)json|yaml]",
        flags: |c| {
            names(c, Names::Operations)
                .arg(args::switch("patch", "Show the differences of the objects.").short('p'))
                .arg(args::text("output", "Output format. One of: (json, yaml).").short('o'))
        },
        run: show,
        family: &[],
    },
    Verb {
        name: "restore",
        aliases: &[],
        about: "Go back to the result of an operation",
        long: "Make the cluster what it was after an operation. This is an operation as well, which 'undo' takes back.",
        examples: &[("Go back to the result of operation 7", "op restore 7")],
        usage: "NUMBER",
        flags: |c| names(c, Names::Operations),
        run: restore,
        family: &[],
    },
    Verb {
        name: "keep",
        aliases: &[],
        about: "Show or set how much of the history is kept",
        long: "Show or set how many operations are kept, and the size of the files that only they need. Snapshots are kept in any \
    case. The limits take effect when the store next writes its journal anew, or at once if they are set.",
        examples: &[
            ("Show the limits", "op keep"),
            ("Keep the last hundred operations, in at most 16 MiB", "op keep --operations=100 --size=16Mi"),
            ("Keep nothing, to make the store small", "op keep --operations=0"),
        ],
        usage: "[--operations=N] [--size=QUANTITY]",
        flags: keep_flags,
        run: keep,
        family: &[],
    },
];

const COLUMNS: Columns =
    Columns { headings: &["NUMBER", "TIME", "USER", "CHANGES", "COMMAND", "REAL TIME", "REVISION"], wide: 2 };

fn log(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    no_words(matches)?;
    let limit = match usize::try_from(matches.int("limit").unwrap_or(0)) {
        Ok(0) => usize::MAX,
        Ok(limit) => limit,
        Err(_) => return Err(CliError::new("--limit must not be negative")),
    };
    let operations = ctx.console_to_read()?.operations()?;
    let items = operations.iter().rev().take(limit).map(item).collect();
    report::print(ctx, matches, &COLUMNS, items)
}

fn item(operation: &Operation) -> Item {
    let user = if operation.user.is_empty() { "<none>" } else { &operation.user };
    Item {
        name: format!("operation/{}", operation.number),
        cells: vec![
            operation.number.to_string(),
            operation.ended.rfc3339(),
            user.into(),
            totals(operation.objects),
            title(operation),
            operation.real_time.rfc3339(),
            operation.revision.to_string(),
        ],
        fields: fields(operation),
    }
}

/// The command line, or what happened without one.
fn title(operation: &Operation) -> String {
    match operation.kind {
        OperationKind::Creation => "(the cluster was created)".into(),
        OperationKind::Time => "(time passed)".into(),
        _ if operation.command.is_empty() => "<none>".into(),
        _ => operation.command.clone(),
    }
}

/// The numbers of objects: `+3 ~2 -1`.
fn totals(Totals { created, changed, deleted }: Totals) -> String {
    let parts = [('+', created), ('~', changed), ('-', deleted)];
    let parts: Vec<String> = parts.iter().filter(|(_, n)| *n > 0).map(|(sign, n)| format!("{sign}{n}")).collect();
    if parts.is_empty() { "<none>".into() } else { parts.join(" ") }
}

fn fields(operation: &Operation) -> Value {
    let Totals { created, changed, deleted } = operation.objects;
    json!({
        "number": operation.number,
        "kind": kind(operation.kind),
        "command": operation.command,
        "user": operation.user,
        "realTime": operation.real_time.rfc3339(),
        "began": operation.began.rfc3339_micro(),
        "ended": operation.ended.rfc3339_micro(),
        "revisions": {"before": operation.revision_before, "after": operation.revision},
        "objects": {"created": created, "changed": changed, "deleted": deleted},
        "parent": operation.parent,
        "state": operation.state,
    })
}

fn kind(kind: OperationKind) -> &'static str {
    match kind {
        OperationKind::Creation => "creation",
        OperationKind::Command => "command",
        OperationKind::Time => "time",
        OperationKind::Undo => "undo",
        OperationKind::Redo => "redo",
        OperationKind::Restore => "restore",
    }
}

fn show(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let number = number(&only_word(matches, "the number of an operation")?)?;
    let (operation, changes) = ctx.console_to_read()?.operation(number)?;
    let format = matches.string("output");
    if !format.is_empty() {
        let mut value = fields(&operation);
        value.put("/changes", Value::Array(changes.iter().map(changes::fields).collect::<Vec<_>>().into()));
        return report::print_value(ctx, format, &value);
    }
    let Operation { began, ended, revision_before, revision, .. } = operation;
    let rows = [
        ("number", operation.number.to_string()),
        ("command", title(&operation)),
        ("user", if operation.user.is_empty() { "<none>".into() } else { operation.user.clone() }),
        ("time", format!("{} to {}", began.rfc3339(), ended.rfc3339())),
        ("revision", format!("{revision_before} to {revision}")),
        ("objects", totals(operation.objects)),
    ];
    for line in columns::lines(rows.map(|(name, value)| [name.to_string(), value])) {
        ctx.print_line(line);
    }
    if !changes.is_empty() {
        ctx.print_line("");
    }
    match matches.flag("patch") {
        true => changes::print_diffs(ctx, changes).map(drop),
        false => {
            changes::print_names(ctx, &changes);
            Ok(())
        }
    }
}

fn restore(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    let number = number(&only_word(matches, "the number of an operation")?)?;
    let operation = ctx.console()?.restore(number)?;
    ctx.print_line(format!("restored: the result of {}", named(&operation)));
    Ok(())
}

fn keep_flags(command: Command) -> Command {
    words(command)
        .arg(args::number("operations", "Number of operations to keep.").help_default(""))
        .arg(args::text("size", "Size of the files that only the history needs, such as 64Mi."))
}

fn keep(ctx: &mut Ctx, matches: &ArgMatches) -> CliResult<()> {
    no_words(matches)?;
    let mut kept = ctx.console_to_read()?.kept()?;
    if let Some(operations) = matches.int("operations").filter(|_| matches.is_set("operations")) {
        kept.operations = u64::try_from(operations).map_err(|_| CliError::new("--operations must not be negative"))?;
    }
    if let Some(size) = matches.value_of("size") {
        kept.bytes = bytes(size)?;
    }
    if matches.is_set("operations") || matches.is_set("size") {
        ctx.console()?.keep(kept)?;
    }
    let Kept { operations, bytes } = kept;
    let rows = [("operations", operations.to_string()), ("size", size(bytes))];
    for line in columns::lines(rows.map(|(name, value)| [name.to_string(), value])) {
        ctx.print_line(line);
    }
    Ok(())
}

fn bytes(size: &str) -> CliResult<u64> {
    let invalid = || CliError::new(format!("invalid size \"{size}\": use a quantity such as 64Mi"));
    let quantity: Quantity = size.parse().map_err(|_| invalid())?;
    u64::try_from(quantity.value()).map_err(|_| invalid())
}

/// A size in the largest unit in which it is a whole number.
fn size(bytes: u64) -> String {
    let units = [(30, "Gi"), (20, "Mi"), (10, "Ki")];
    let fits = |(shift, _): &&(u32, &str)| bytes > 0 && bytes.trailing_zeros() >= *shift;
    match units.iter().find(fits) {
        Some((shift, unit)) => format!("{}{unit}", bytes >> shift),
        None => bytes.to_string(),
    }
}
