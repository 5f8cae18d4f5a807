//! `trap`

use super::Outcome;
use crate::call::Call;
use crate::process::Signal;
use crate::shell::Shell;
use crate::shell::signals::Event;
use crate::shell::syntax::Dialect;
use crate::shell::trace::quote;

/// `trap [action condition ...]`, `trap - condition ...`, `trap`
pub(super) fn trap(shell: &mut Shell, call: &mut Call<'_>, args: &[String]) -> Outcome {
    let is_bash = shell.dialect == Dialect::Bash;
    let mut rest = &args[1..];
    if rest.first().is_some_and(|arg| arg == "--") {
        rest = &rest[1..];
    }
    if is_bash && rest.first().is_some_and(|arg| arg == "-l") {
        let names = Signal::ALL.iter().map(|(signal, name)| format!("{:2}) SIG{name}\n", *signal as u8));
        return Ok(shell.print(call, "trap", names.collect::<String>()));
    }
    if rest.is_empty() || rest[0] == "-p" {
        return Ok(list(shell, call));
    }
    // A number, or a single argument, resets.
    let resets = rest.len() == 1 || rest[0].parse::<u32>().is_ok();
    let (action, conditions) = if resets { (None, rest) } else { (Some(rest[0].as_str()), &rest[1..]) };
    let mut status = 0;
    for condition in conditions {
        let Some(event) = Event::parse(condition, shell.dialect) else {
            match shell.dialect {
                Dialect::Dash => shell.say(call, &format!("trap: {condition}: bad trap\n")),
                _ => shell.builtin_error(call, "trap", &format!("{condition}: invalid signal specification")),
            }
            status = 1;
            continue;
        };
        if event == Event::Debug && action.is_some_and(|action| action != "-") {
            shell.builtin_error(call, "trap", &format!("{condition}: traps of this kind are not simulated"));
            status = 1;
            continue;
        }
        set(shell, call, event, action.filter(|action| *action != "-"));
    }
    Ok(status)
}

fn set(shell: &mut Shell, call: &mut Call<'_>, event: Event, action: Option<&str>) {
    if let Event::Signal(signal) = event {
        call.process.ignored.retain(|ignored| *ignored != signal);
        if action == Some("") {
            call.process.ignored.push(signal);
        }
    }
    match action {
        Some(action) => shell.traps.insert(event, action.to_owned()),
        None => shell.traps.remove(&event),
    };
}

fn list(shell: &mut Shell, call: &mut Call<'_>) -> i32 {
    let mut text = String::new();
    for (event, action) in &shell.traps {
        let prefix = match (event, shell.dialect) {
            (Event::Signal(_), Dialect::Bash) => "SIG",
            _ => "",
        };
        text.push_str(&format!("trap -- {} {prefix}{}\n", quote(action, true), event.name()));
    }
    shell.print(call, "trap", text)
}
