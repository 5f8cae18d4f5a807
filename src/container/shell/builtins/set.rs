//! `set`, `shift`, `shopt` and `let`.

use super::Outcome;
use crate::call::Call;
use crate::shell::Shell;
use crate::shell::options::NAMES;
use crate::shell::syntax::Dialect;
use crate::shell::trace::quote;
use crate::shell::variables::Value;

/// Options that `set -o` shows in each shell besides those with letters.
const SHOPT: &[&str] = &[
    "dotglob",
    "expand_aliases",
    "extglob",
    "failglob",
    "globstar",
    "inherit_errexit",
    "lastpipe",
    "nocaseglob",
    "nocasematch",
    "nullglob",
    "checkwinsize",
    "cmdhist",
    "histappend",
    "login_shell",
    "sourcepath",
];

/// `set [-abCefhmnuvx] [-o option] [--] [argument ...]`
pub(super) fn set(shell: &mut Shell, call: &mut Call<'_>, args: &[String]) -> Outcome {
    if args.len() == 1 {
        return Ok(list(shell, call));
    }
    let mut rest = args[1..].iter();
    let mut operands: Option<Vec<String>> = None;
    while let Some(arg) = rest.next() {
        if arg == "--" {
            operands = Some(rest.cloned().collect());
            break;
        }
        if arg == "-" {
            shell.options.set('x', false);
            shell.options.set('v', false);
            let left: Vec<String> = rest.cloned().collect();
            operands = (!left.is_empty()).then_some(left);
            break;
        }
        let is_on = arg.starts_with('-');
        if !is_on && !arg.starts_with('+') || arg.len() == 1 {
            operands = Some(std::iter::once(arg).chain(rest).cloned().collect());
            break;
        }
        for letter in arg.chars().skip(1) {
            match letter {
                'o' => match rest.next() {
                    None => return Ok(show_options(shell, call, is_on)),
                    Some(name) if shell.set_named(name, is_on) => {}
                    Some(name) => return bad_name(shell, call, name, is_on),
                },
                letter if is_known(shell.dialect, letter) => shell.options.set(letter, is_on),
                letter => {
                    let option = format!("{}{letter}", if is_on { '-' } else { '+' });
                    let usage = "set [-abefhkmnptuvxBCEHPT] [-o option-name] [--] [-] [arg ...]";
                    return shell.bad_option(call, "set", &option, usage);
                }
            }
        }
    }
    if let Some(operands) = operands {
        shell.parameters = operands;
    }
    Ok(0)
}

fn is_known(dialect: Dialect, letter: char) -> bool {
    match dialect {
        Dialect::Bash => "abefhkmnptuvxBCEHPT".contains(letter),
        _ => "efImnsxvVECabui".contains(letter),
    }
}

fn bad_name(shell: &mut Shell, call: &mut Call<'_>, name: &str, is_on: bool) -> Outcome {
    let message = match shell.dialect {
        Dialect::Bash => format!("{name}: invalid option name"),
        Dialect::Dash => format!("Illegal option {}o {name}", if is_on { '-' } else { '+' }),
        Dialect::Busybox => format!("illegal option {}o {name}", if is_on { '-' } else { '+' }),
    };
    shell.builtin_error(call, "set", &message);
    shell.special_failure("set", 2)
}

fn show_options(shell: &mut Shell, call: &mut Call<'_>, is_on: bool) -> i32 {
    let mut text = String::new();
    if shell.dialect == Dialect::Dash && is_on {
        text.push_str("Current option settings\n");
    }
    let is_bash = shell.dialect == Dialect::Bash;
    let known = NAMES.iter().filter(|(letter, _)| is_known(shell.dialect, *letter));
    let mut states: Vec<(&str, bool)> = known.map(|(letter, name)| (*name, shell.options.has(*letter))).collect();
    if shell.dialect != Dialect::Dash {
        states.push(("pipefail", shell.options.has_pipefail));
    }
    if is_bash {
        states.sort_unstable();
    }
    for (name, is_set) in states {
        let state = if is_set { "on" } else { "off" };
        text.push_str(&match (is_on, is_bash) {
            (true, true) => format!("{name:<15}\t{state}\n"),
            (true, false) => format!("{name:<16}{state}\n"),
            (false, _) => format!("set {}o {name}\n", if is_set { '-' } else { '+' }),
        });
    }
    shell.print(call, "set", text)
}

fn list(shell: &mut Shell, call: &mut Call<'_>) -> i32 {
    let mut text = String::new();
    for (name, variable) in shell.variables.iter() {
        match &variable.value {
            Value::Text(value) => text.push_str(&format!("{name}={}\n", quote(value, shell.dialect != Dialect::Bash))),
            Value::List(list) => {
                let parts: Vec<String> = list.iter().map(|(k, v)| format!("[{k}]=\"{v}\"")).collect();
                text.push_str(&format!("{name}=({})\n", parts.join(" ")));
            }
            _ => {}
        }
    }
    shell.print(call, "set", text)
}

/// `shift [n]`
pub(super) fn shift(shell: &mut Shell, call: &mut Call<'_>, args: &[String]) -> Outcome {
    let count = match args.get(1) {
        None => 1,
        Some(text) => match shell.number(call, "shift", text) {
            Ok(number) => usize::try_from(number).unwrap_or(usize::MAX),
            Err(outcome) => return outcome,
        },
    };
    if count > shell.parameters.len() {
        if shell.dialect == Dialect::Dash {
            shell.builtin_error(call, "shift", "can't shift that many");
            return shell.special_failure("shift", 2);
        }
        return Ok(1);
    }
    shell.parameters.drain(..count);
    Ok(0)
}

/// `let expression ...`
pub(super) fn let_(shell: &mut Shell, call: &mut Call<'_>, args: &[String]) -> Outcome {
    let mut value = 0;
    for expression in &args[1..] {
        value = shell.calculate(call, expression)?;
    }
    Ok(i32::from(value == 0))
}

/// `shopt [-suqp] [option ...]`
pub(super) fn shopt(shell: &mut Shell, call: &mut Call<'_>, args: &[String]) -> Outcome {
    let mut flags = String::new();
    let mut names = Vec::new();
    for arg in &args[1..] {
        match arg.strip_prefix('-') {
            Some(letters) => flags.push_str(letters),
            None => names.push(arg.as_str()),
        }
    }
    let mut status = 0;
    let mut text = String::new();
    let shown: Vec<&str> = if names.is_empty() { SHOPT.to_vec() } else { names };
    for name in shown {
        if flags.contains('o') {
            if !shell.set_named(name, flags.contains('s')) {
                status = 1;
            }
            continue;
        }
        if !SHOPT.contains(&name) {
            shell.builtin_error(call, "shopt", &format!("{name}: invalid shell option name"));
            status = 1;
            continue;
        }
        if flags.contains('s') {
            shell.options.shopt.insert(name.to_owned());
        } else if flags.contains('u') {
            shell.options.shopt.remove(name);
        } else {
            let is_set = shell.options.shopt.contains(name);
            status = if is_set { status } else { 1 };
            if !flags.contains('q') {
                text.push_str(&format!("{name:<15}\t{}\n", if is_set { "on" } else { "off" }));
            }
        }
    }
    let printed = shell.print(call, "shopt", text);
    Ok(if printed == 0 { status } else { printed })
}
