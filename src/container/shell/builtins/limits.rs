//! `ulimit`

use super::Outcome;
use crate::call::Call;
use crate::shell::Shell;
use crate::shell::syntax::Dialect;

/// The limits of a container runtime, by the letter of their option; those that are absent are unlimited.
const DEFAULTS: &[(char, &str)] = &[('n', "1048576"), ('s', "8192"), ('l', "8192"), ('p', "8"), ('q', "819200")];

/// `ulimit [-SH] [-a | -limit [value]]`: a limit that is set is shown from then on, and has no other effect.
pub(super) fn ulimit(shell: &mut Shell, call: &mut Call<'_>, args: &[String]) -> Outcome {
    let known = match shell.dialect {
        Dialect::Bash => "abcdefiklmnpqrstuvxPRT",
        Dialect::Dash => "acdefilmnpqrstuvwx",
        Dialect::Busybox => "acdefilmnpqrstuvwx",
    };
    let mut limit = 'f';
    let mut value = None;
    for arg in &args[1..] {
        let Some(letters) = arg.strip_prefix('-') else {
            value = Some(arg);
            continue;
        };
        for letter in letters.chars().filter(|letter| !matches!(letter, 'S' | 'H')) {
            if !known.contains(letter) {
                return bad_option(shell, call, letter);
            }
            limit = letter;
        }
    }
    if let Some(value) = value {
        let is_valid = ["unlimited", "hard", "soft"].contains(&value.as_str()) || value.parse::<u64>().is_ok();
        if !is_valid {
            let message = match shell.dialect {
                Dialect::Bash => format!("{value}: invalid number"),
                _ => "bad number".to_owned(),
            };
            shell.builtin_error(call, "ulimit", &message);
            return Ok(if shell.dialect == Dialect::Bash { 1 } else { 2 });
        }
        shell.limits.insert(limit, value.clone());
        return Ok(0);
    }
    let default = DEFAULTS.iter().find(|(letter, _)| *letter == limit).map_or("unlimited", |(_, value)| value);
    let text = shell.limits.get(&limit).map_or(default, String::as_str);
    Ok(shell.print(call, "ulimit", format!("{text}\n")))
}

fn bad_option(shell: &mut Shell, call: &mut Call<'_>, letter: char) -> Outcome {
    match shell.dialect {
        Dialect::Busybox => {
            shell.say(call, &format!("ulimit: invalid option -- '{letter}'\n"));
            Ok(1)
        }
        _ => {
            let usage = "ulimit [-SHabcdefiklmnpqrstuvxPRT] [limit]";
            shell.bad_option(call, "ulimit", &format!("-{letter}"), usage)
        }
    }
}
