//! `getopts`

use super::Outcome;
use crate::call::Call;
use crate::shell::Shell;
use crate::shell::syntax::Dialect;

/// `getopts options name [argument ...]`
pub(super) fn getopts(shell: &mut Shell, call: &mut Call<'_>, args: &[String]) -> Outcome {
    let [_, letters, name, rest @ ..] = args else {
        match shell.dialect {
            Dialect::Bash => shell.say(call, "getopts: usage: getopts optstring name [arg ...]\n"),
            Dialect::Dash => shell.builtin_error(call, "getopts", "Usage: getopts optstring var [arg...]"),
            Dialect::Busybox => shell.builtin_error(call, "getopts", "usage: getopts optstring var [arg]"),
        }
        return Ok(2);
    };
    next_option(shell, call, letters, name, rest)
}

/// Sets the variable to the next option.
fn next_option(shell: &mut Shell, call: &mut Call<'_>, letters: &str, name: &str, rest: &[String]) -> Outcome {
    let parameters = if rest.is_empty() { shell.parameters.clone() } else { rest.to_vec() };
    let index = shell.variables.text("OPTIND").and_then(|text| text.parse::<usize>().ok()).unwrap_or(1).max(1);
    let offset = shell.option_offset;
    let is_silent = letters.starts_with(':');
    let Some(argument) = parameters.get(index - 1).filter(|arg| offset > 0 || arg.starts_with('-') && arg.len() > 1)
    else {
        return end(shell, call, name, index);
    };
    if offset == 0 && argument == "--" {
        return end(shell, call, name, index + 1);
    }
    let chars: Vec<char> = argument.chars().collect();
    let at = offset.max(1);
    let Some(letter) = chars.get(at).copied() else { return end(shell, call, name, index) };
    let is_last = at + 1 >= chars.len();
    let position = letters.trim_start_matches(':').find(letter).filter(|_| letter != ':');
    let takes_value = position.is_some_and(|at| letters.trim_start_matches(':')[at + 1..].starts_with(':'));
    let (mut next, mut next_offset) = if is_last { (index + 1, 0) } else { (index, at + 1) };
    let mut value = None;
    let mut result = letter.to_string();
    if position.is_none() {
        result = "?".into();
        if is_silent {
            value = Some(letter.to_string());
        } else {
            complain(shell, call, "Illegal option", "illegal option", letter);
        }
    } else if takes_value {
        (next, next_offset) = (index + 1, 0);
        if !is_last {
            value = Some(chars[at + 1..].iter().collect());
        } else if let Some(argument) = parameters.get(index) {
            value = Some(argument.clone());
            next += 1;
        } else if is_silent {
            result = ":".into();
            value = Some(letter.to_string());
        } else {
            result = "?".into();
            complain(shell, call, "No arg for", "option requires an argument", letter);
        }
    }
    match value {
        Some(value) => shell.variables.set("OPTARG", value),
        None if shell.dialect != Dialect::Bash => shell.variables.set("OPTARG", ""),
        None => shell.variables.restore("OPTARG", None),
    }
    shell.assign(call, name, result)?;
    shell.variables.set("OPTIND", next.to_string());
    shell.option_offset = next_offset;
    Ok(0)
}

fn complain(shell: &mut Shell, call: &mut Call<'_>, ash: &str, bash: &str, letter: char) {
    let text = match shell.dialect {
        Dialect::Bash => format!("{}: {bash} -- {letter}\n", shell.name),
        _ => format!("{ash} -{letter}{}\n", if ash.starts_with("No") { " option" } else { "" }),
    };
    shell.say(call, &text);
}

fn end(shell: &mut Shell, call: &mut Call<'_>, name: &str, index: usize) -> Outcome {
    shell.variables.restore("OPTARG", None);
    shell.variables.set("OPTIND", index.to_string());
    shell.option_offset = 0;
    shell.assign(call, name, "?".into())?;
    Ok(1)
}
