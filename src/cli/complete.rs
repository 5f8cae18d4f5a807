//! Completion in shells: scripts that ask this program, and its answers, names of objects among them.

use std::ffi::OsString;

use clap_complete::engine::CompletionCandidate;
use clap_complete::env::{CompleteEnv, Shells};

use super::{CliError, CliResult, Ctx, parse, resolve};

/// The variable by which a shell's script says that it wants completions.
const VARIABLE: &str = "KCTL_COMPLETE";

/// Answers a shell that asks for completions; false when none does.
pub(super) fn answered(argv: &[OsString], program: &str) -> bool {
    if std::env::var_os(VARIABLE).is_none() {
        return false;
    }
    let factory = || parse::command(program, None);
    let folder = std::env::current_dir().ok();
    CompleteEnv::with_factory(factory).var(VARIABLE).try_complete(argv.to_vec(), folder.as_deref()).unwrap_or(true)
}

/// The script for a shell.
pub fn script(shell: &str, program: &str) -> CliResult<String> {
    let shells = Shells::builtins();
    let completer =
        shells.completer(shell).ok_or_else(|| CliError::text(format!("unsupported shell type \"{shell}\"")))?;
    let mut text = Vec::new();
    completer
        .write_registration(VARIABLE, program, program, program, &mut text)
        .map_err(|e| CliError::text(e.to_string()))?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// What may stand for a word of a verb that takes types and names: types first, then names of that type.
pub(super) fn words(current: &std::ffi::OsStr) -> Vec<CompletionCandidate> {
    let typed: Vec<String> = std::env::args().skip_while(|a| a != "--").skip(1).collect();
    let current = current.to_string_lossy().into_owned();
    let candidates = candidates(&typed, &current).unwrap_or_default();
    candidates.into_iter().filter(|c| c.starts_with(&current)).map(CompletionCandidate::new).collect()
}

fn candidates(typed: &[String], current: &str) -> CliResult<Vec<String>> {
    let mut ctx = Ctx::from_environment(typed.to_vec());
    let command = parse::whole_command("kctl", typed);
    if let Ok(matches) = command.ignore_errors(true).try_get_matches_from(typed) {
        ctx.globals(&matches)?;
    }
    if let Some((kind, _)) = current.split_once('/') {
        let names = names(&mut ctx, kind)?;
        return Ok(names.into_iter().map(|n| format!("{kind}/{n}")).collect());
    }
    let words: Vec<&String> = typed.iter().skip(1).filter(|w| !w.starts_with('-') && **w != current).collect();
    if let Some(kind) = words.last().filter(|_| words.len() > 1)
        && let Ok(found) = names(&mut ctx, kind)
    {
        return Ok(found);
    }
    let catalog = ctx.catalog()?;
    Ok(catalog.iter().map(|k| k.names().resource().into()).collect())
}

fn names(ctx: &mut Ctx, kind: &str) -> CliResult<Vec<String>> {
    let target = resolve::kind(ctx, kind)?;
    let selection = resolve::Selection { namespace: ctx.namespace(), ..resolve::Selection::default() };
    Ok(resolve::list(ctx, &selection, &target)?.items.into_iter().map(|item| item.name).collect())
}
