//! Answers of the completion scripts: verbs, flags, resource types and the names of objects.

use std::ffi::{OsStr, OsString};
use std::mem::ManuallyDrop;
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use clap::Command;
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};
use clap_complete::env::Shells;

use super::command_line::{CommandLine, as_texts};
use super::tree::{self, Scope};
use crate::args::{ArgProperties, Names};
use crate::completion_script::{self, VARIABLE};
use crate::{CliError, CliResult, Ctx, resolve, verbs};
use kctl_base::field::quote;
use kctl_cluster::{branches, maintenance};
use kctl_kinds::Catalog;

/// The time within which a shell gets its answer, even if another process uses the store.
const TIME_LIMIT: Duration = Duration::from_secs(1);

/// Returns the answer to a shell that asks for completions; `None` when none does.
///
/// # Errors
/// The shell is not known, or the candidates cannot be listed.
pub(super) fn answer(argv: &[OsString]) -> Option<CliResult<String>> {
    let shell = std::env::var_os(VARIABLE).filter(|shell| !shell.is_empty())?;
    let called = argv.first().map(Path::new).and_then(Path::file_stem);
    let program = called.map_or_else(|| "kctl".into(), |name| name.to_string_lossy().into_owned());
    let words = argv.iter().skip_while(|arg| *arg != "--").skip(1).cloned().collect();
    Some(complete(&shell, &program, words))
}

/// Completes the last of the words of a command line, which begins with the program, in the format of a shell.
fn complete(shell: &OsStr, program: &str, words: Vec<OsString>) -> CliResult<String> {
    let name = Path::new(shell).file_stem().unwrap_or(shell).to_string_lossy();
    let shells = Shells::builtins();
    let unknown = || CliError::new(format!("unsupported shell type {}", quote(&name)));
    let completer = shells.completer(&name).ok_or_else(unknown)?;
    if words.is_empty() {
        return completion_script::script(&name, program)?.ok_or_else(unknown);
    }
    // The flags of the other verbs would be most of the work.
    let scope = verbs::find(CommandLine::new(&words).verb_word()).map_or(Scope::Names, Scope::NamesAnd);
    let mut command = ManuallyDrop::new(with_object_names(tree::command(program, scope)));
    command.build();
    let folder = std::env::current_dir().ok();
    let mut answer = Vec::new();
    completer
        .write_complete(&mut command, words, folder.as_deref(), &mut answer)
        .map_err(|error| CliError::io("complete", error))?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// Adds the completer of object names to the arguments that take them, of the command and of its subcommands.
fn with_object_names(command: Command) -> Command {
    let completed = |arg: clap::Arg| match arg.names() {
        Some(names) => arg.add(ArgValueCompleter::new(move |current: &OsStr| offered(names, current))),
        None => arg,
    };
    command.mut_args(completed).mut_subcommands(with_object_names)
}

/// The candidates for an argument that names something.
fn offered(names: Names, current: &OsStr) -> Vec<CompletionCandidate> {
    let typed: Vec<OsString> = std::env::args_os().skip_while(|arg| arg != "--").skip(1).collect();
    let current = current.to_string_lossy().into_owned();
    let (sender, receiver) = mpsc::channel();
    let word = current.clone();
    // The thread ends with the process. A shell has no place for an error: what cannot be listed in time is not offered.
    std::thread::spawn(move || {
        let found = match names {
            Names::Objects => candidates(&typed, &word),
            _ => history_names(names, &typed),
        };
        sender.send(found.unwrap_or_default())
    });
    let candidates = receiver.recv_timeout(TIME_LIMIT).unwrap_or_default();
    candidates.into_iter().filter(|c| c.starts_with(&current)).map(CompletionCandidate::new).collect()
}

/// The context of an unfinished command line.
fn context(typed: &[OsString]) -> CliResult<Ctx> {
    let mut ctx = Ctx::new(typed);
    let line = CommandLine::new(typed);
    let scope = verbs::find(line.verb_word()).map_or(Scope::Names, Scope::Only);
    if let Ok(matches) = tree::command("kctl", scope).ignore_errors(true).try_get_matches_from(typed) {
        ctx.read_global_flags(&matches)?;
    }
    Ok(ctx)
}

/// The operations, the newest first, the snapshots, or the branches of a store.
fn history_names(names: Names, typed: &[OsString]) -> CliResult<Vec<String>> {
    let mut ctx = context(typed)?;
    if !maintenance::is_store(&ctx.store_dir()?)? {
        return Ok(Vec::new());
    }
    if names == Names::Operations {
        let operations = ctx.console_to_read()?.operations()?;
        return Ok(operations.iter().rev().map(|operation| operation.number.to_string()).collect());
    }
    let mut found = Vec::new();
    if names != Names::Branches {
        found.extend(ctx.console_to_read()?.snapshots()?.into_iter().map(|snapshot| snapshot.name));
    }
    if names != Names::Snapshots {
        found.extend(branches::list(&ctx.base_dir()?)?);
    }
    Ok(found)
}

/// Types, or the names of objects of the type before: what names objects.
fn candidates(typed: &[OsString], current: &str) -> CliResult<Vec<String>> {
    let mut ctx = context(typed)?;
    // A new store would have the built-in types and no objects; it is not created for their names.
    let has_store = maintenance::is_store(&ctx.store_dir()?)?;
    let catalog = if has_store { ctx.catalog()? } else { Catalog::default() };
    let names = |ctx: &mut Ctx, kind: &str| {
        let target = resolve::in_catalog(&catalog, kind)?;
        if has_store { names(ctx, &target) } else { Ok(Vec::new()) }
    };
    if let Some((kind, _)) = current.split_once('/') {
        let names = names(&mut ctx, kind)?;
        return Ok(names.into_iter().map(|name| format!("{kind}/{name}")).collect());
    }
    let typed = as_texts(typed);
    let words: Vec<&String> = typed.iter().skip(1).filter(|w| !w.starts_with('-') && **w != current).collect();
    if let Some(kind) = words.last().filter(|_| words.len() > 1)
        && let Ok(found) = names(&mut ctx, kind)
    {
        return Ok(found);
    }
    Ok(catalog.iter().map(|kind| kind.names().resource().into()).collect())
}

/// The names of the objects of a type in the namespace of the command.
fn names(ctx: &mut Ctx, target: &resolve::Target) -> CliResult<Vec<String>> {
    let selection = resolve::Selection { namespace: ctx.namespace(), ..resolve::Selection::default() };
    Ok(resolve::list(ctx, &selection, target)?.items.into_iter().map(|item| item.name).collect())
}
