//! Help texts that verbs print by themselves.

use super::{CliError, Ctx, Verb};

/// The help of a family that was called without a member: printed on standard error; only the exit code is left to give.
pub fn family(ctx: &mut Ctx, path: &str, long: &str, members: &[Verb]) -> CliError {
    let names: Vec<&str> = members.iter().map(|v| v.name).collect();
    let usage = match names.len() {
        0..=3 => format!("({})", names.join(" | ")),
        _ => "SUBCOMMAND".to_string(),
    };
    family_called(ctx, path, long, &usage, members)
}

/// The same, with the words that stand behind the family's name in its usage.
pub fn family_called(ctx: &mut Ctx, path: &str, long: &str, usage: &str, members: &[Verb]) -> CliError {
    let program = ctx.program.clone();
    let width = members.iter().map(|v| v.name.len()).max().unwrap_or(0).max(NAME_WIDTH) + 3;
    let mut members: Vec<(&str, &str)> = members.iter().map(|v| (v.name, v.about)).collect();
    members.sort_unstable();
    let mut text = format!("{long}\n\nAvailable Commands:\n");
    for (name, about) in members {
        text.push_str(&format!("  {name:width$}{about}\n"));
    }
    text.push_str(&format!(
        "\nUsage:\n  {program} {path} {usage} [options]\n\nUse \"{program} {path} <command> --help\" for more information about a given command.\nUse \"{program} options\" for a list of global command-line options (applies to all commands).\n"
    ));
    ctx.err.push_str(&text);
    CliError::Silent(1)
}

/// cobra's least width of a column of names.
const NAME_WIDTH: usize = 11;
