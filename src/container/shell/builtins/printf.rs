//! `printf`

use super::Outcome;
use crate::call::Call;
use crate::programs::text::printf::render;
use crate::programs::text::times::Times;
use crate::shell::Shell;
use crate::shell::syntax::Dialect;

/// `printf [-v variable] format [argument ...]`
pub(super) fn printf(shell: &mut Shell, call: &mut Call<'_>, args: &[String]) -> Outcome {
    let mut rest = &args[1..];
    let mut variable = None;
    if let [option, name, more @ ..] = rest
        && option == "-v"
        && shell.dialect == Dialect::Bash
    {
        (variable, rest) = (Some(name), more);
    }
    if let (Dialect::Dash, Some(option)) =
        (shell.dialect, rest.first().filter(|arg| arg.len() > 1 && arg.starts_with('-') && *arg != "--"))
    {
        let letter: String = option.chars().take(2).collect();
        shell.builtin_error(call, "printf", &format!("Illegal option {letter}"));
        return Ok(2);
    }
    if rest.first().is_some_and(|arg| arg == "--") {
        rest = &rest[1..];
    }
    let Some((format, values)) = rest.split_first() else {
        match shell.dialect {
            Dialect::Dash => shell.builtin_error(call, "printf", "usage: printf format [arg ...]"),
            Dialect::Bash => shell.say(call, "printf: usage: printf [-v var] format [arguments]\n"),
            Dialect::Busybox => shell.error(call, "usage: printf FORMAT [ARGUMENT...]"),
        }
        return Ok(2);
    };
    let printed = render(shell.dialect.variant(), format, values, Times::of(call));
    for error in &printed.errors {
        match shell.dialect {
            Dialect::Busybox => shell.error(call, error),
            _ => shell.builtin_error(call, "printf", error),
        }
    }
    if let Some(name) = variable {
        shell.assign(call, name, String::from_utf8_lossy(&printed.out).into_owned())?;
        return Ok(printed.code);
    }
    let written = shell.print(call, "printf", printed.out);
    Ok(if written == 0 { printed.code } else { written })
}
