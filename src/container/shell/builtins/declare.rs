//! Builtins that define variables and their attributes.

use super::Outcome;
use crate::call::Call;
use crate::shell::Shell;
use crate::shell::expand::{Assigned, PendingAssignment};
use crate::shell::frame::FrameKind;
use crate::shell::syntax::{Dialect, is_name};
use crate::shell::variables::{Value, Variable};

/// `export [-n] [-p] [name[=value] ...]` and `readonly`
pub(super) fn export(shell: &mut Shell, call: &mut Call<'_>, args: &[String]) -> Outcome {
    let is_export = args[0] == "export";
    let mut names = &args[1..];
    let mut is_on = true;
    let mut functions = false;
    while let Some(option) = names.first().filter(|arg| arg.starts_with('-') && arg.len() > 1) {
        match option.as_str() {
            "-p" => {}
            "-n" if is_export && shell.dialect != Dialect::Dash => is_on = false,
            "-f" if shell.dialect == Dialect::Bash => functions = true,
            "-a" | "-A" if shell.dialect == Dialect::Bash => {}
            "--" => {
                names = &names[1..];
                break;
            }
            _ => {
                let usage = format!("{} [-fn] [name[=value] ...] or {} -p", args[0], args[0]);
                return shell.bad_option(call, &args[0], option, &usage);
            }
        }
        names = &names[1..];
    }
    if names.is_empty() {
        return Ok(list(shell, call, &args[0]));
    }
    if functions {
        return Ok(0);
    }
    let mut status = 0;
    for argument in names {
        let (name, value) = split(argument);
        let bare = name.strip_suffix('+').unwrap_or(name);
        if !is_name(bare) {
            bad_name(shell, call, &args[0], argument)?;
            status = 1;
            continue;
        }
        if let Some(value) = value
            && let Err(interrupt) = assign(shell, call, bare, value, bare != name)
        {
            if shell.dialect != Dialect::Bash {
                return Err(interrupt);
            }
            status = 1;
            continue;
        }
        let variable = shell.variables.entry(bare);
        if is_export {
            variable.is_exported = is_on;
        } else {
            variable.is_readonly = true;
        }
    }
    Ok(status)
}

/// Reports a name that is none; in ash that ends the shell.
fn bad_name(shell: &Shell, call: &mut Call<'_>, command: &str, argument: &str) -> Outcome {
    let message = match shell.dialect {
        Dialect::Bash => format!("`{argument}': not a valid identifier"),
        _ => format!("{}: bad variable name", split(argument).0),
    };
    shell.builtin_error(call, command, &message);
    shell.special_failure(command, 2)
}

fn split(argument: &str) -> (&str, Option<&str>) {
    argument.split_once('=').map_or((argument, None), |(name, value)| (name, Some(value)))
}

fn assign(
    shell: &mut Shell,
    call: &mut Call<'_>,
    name: &str,
    value: &str,
    appends: bool,
) -> Result<(), crate::shell::Interrupt> {
    let value = Assigned::Text(value.to_owned());
    shell.apply(call, PendingAssignment { name: name.to_owned(), index: None, appends, value })
}

fn list(shell: &mut Shell, call: &mut Call<'_>, command: &str) -> i32 {
    let is_export = command == "export";
    let is_meant = |variable: &Variable| if is_export { variable.is_exported } else { variable.is_readonly };
    let mut text = String::new();
    for (name, variable) in shell.variables.iter().filter(|(_, variable)| is_meant(variable)) {
        let value = if let Value::Text(text) = &variable.value { Some(text.as_str()) } else { None };
        let prefix = match shell.dialect {
            Dialect::Bash => declaration(variable),
            _ => format!("{command} "),
        };
        text.push_str(&shell.definition(&prefix, name, value));
    }
    shell.print(call, command, text)
}

/// Returns `declare -x ` with the attributes of a variable.
fn declaration(variable: &Variable) -> String {
    let mut flags = String::new();
    match variable.value {
        Value::List(_) => flags.push('a'),
        Value::Map(_) => flags.push('A'),
        _ => {}
    }
    for (is_set, flag) in [(variable.is_integer, 'i'), (variable.is_readonly, 'r'), (variable.is_exported, 'x')] {
        if is_set {
            flags.push(flag);
        }
    }
    format!("declare -{} ", if flags.is_empty() { "-" } else { &flags })
}

/// `unset [-fv] name ...`
pub(super) fn unset(shell: &mut Shell, call: &mut Call<'_>, args: &[String]) -> Outcome {
    let (mut is_function, mut is_variable) = (false, false);
    let mut status = 0;
    for name in &args[1..] {
        match name.as_str() {
            "-f" => is_function = true,
            "-v" => is_variable = true,
            "-n" if shell.dialect == Dialect::Bash => {}
            "--" => {}
            option if option.starts_with('-') => {
                return shell.bad_option(call, "unset", option, "unset [-f] [-v] [-n] [name ...]");
            }
            name if is_function => {
                shell.functions.remove(name);
            }
            name => {
                if let Some((array, index)) = name.strip_suffix(']').and_then(|name| name.split_once('[')) {
                    unset_element(shell, call, array, index)?;
                    continue;
                }
                if shell.variables.get(name).is_some_and(|variable| variable.is_readonly) {
                    let message = match shell.dialect {
                        Dialect::Bash => format!("{name}: cannot unset: readonly variable"),
                        _ => format!("{name}: is read only"),
                    };
                    shell.builtin_error(call, "unset", &message);
                    status = 1;
                    if shell.dialect != Dialect::Bash {
                        return shell.special_failure("unset", 2);
                    }
                    continue;
                }
                if shell.variables.get(name).is_none() && !is_variable && shell.dialect == Dialect::Bash {
                    shell.functions.remove(name);
                }
                shell.variables.restore(name, None);
            }
        }
    }
    Ok(status)
}

fn unset_element(
    shell: &mut Shell,
    call: &mut Call<'_>,
    name: &str,
    index: &str,
) -> Result<(), crate::shell::Interrupt> {
    if let Some(Variable { value: Value::Map(_), .. }) = shell.variables.get(name) {
        if let Value::Map(map) = &mut shell.variables.entry(name).value {
            map.remove(index);
        }
        return Ok(());
    }
    let number = shell.calculate(call, index)?;
    if let Value::List(list) = &mut shell.variables.entry(name).value {
        list.remove(&number);
    }
    Ok(())
}

/// `local name[=value] ...`
pub(super) fn local(shell: &mut Shell, call: &mut Call<'_>, args: &[String]) -> Outcome {
    if !shell.is_in_function() {
        let message = match shell.dialect {
            Dialect::Bash => "can only be used in a function",
            _ => "not in a function",
        };
        shell.builtin_error(call, "local", message);
        return if shell.dialect == Dialect::Bash { Ok(1) } else { Err(crate::shell::Interrupt::Fail(2)) };
    }
    if shell.dialect == Dialect::Bash {
        return declare_all(shell, call, args, true);
    }
    for argument in &args[1..] {
        let (name, value) = split(argument);
        if !is_name(name) {
            shell.builtin_error(call, "local", &format!("{name}: bad variable name"));
            return Err(crate::shell::Interrupt::Fail(2));
        }
        make_local(shell, name);
        if let Some(value) = value {
            assign(shell, call, name, value, false)?;
        }
    }
    Ok(0)
}

fn make_local(shell: &mut Shell, name: &str) {
    let old = shell.variables.get(name).cloned();
    let is_function = |kind: &FrameKind| matches!(kind, FrameKind::Function { .. });
    let Some(frame) = shell.frames.iter_mut().rev().find(|frame| is_function(&frame.kind)) else { return };
    if let FrameKind::Function { locals, .. } = &mut frame.kind {
        if locals.iter().any(|(known, _)| known == name) {
            return;
        }
        locals.push((name.to_owned(), old));
    }
    if shell.dialect != Dialect::Dash {
        // In dash the value of outside is kept.
        shell.variables.restore(name, None);
    }
}

/// `declare [-aAgirxp] [name[=value] ...]`
pub(super) fn declare(shell: &mut Shell, call: &mut Call<'_>, args: &[String]) -> Outcome {
    let is_local = shell.is_in_function();
    declare_all(shell, call, args, is_local)
}

fn declare_all(shell: &mut Shell, call: &mut Call<'_>, args: &[String], mut is_local: bool) -> Outcome {
    let mut flags = String::new();
    let mut names = Vec::new();
    let mut is_on = true;
    for arg in &args[1..] {
        match arg.strip_prefix('-').or_else(|| arg.strip_prefix('+')) {
            Some(letters) if names.is_empty() && !letters.is_empty() => {
                if let Some(bad) = letters.chars().find(|letter| !"aAfFgilnprtux-".contains(*letter)) {
                    let usage = "declare [-aAfFgiIlnrtux] [name[=value] ...] or declare -p [-aAfFilnrtux] [name ...]";
                    return shell.bad_option(call, &args[0], &format!("-{bad}"), usage);
                }
                is_on = arg.starts_with('-');
                flags.push_str(letters);
            }
            _ => names.push(arg.as_str()),
        }
    }
    if flags.contains('g') {
        is_local = false;
    }
    if flags.contains('f') || flags.contains('F') {
        return Ok(functions(shell, call, &args[0], &names, flags.contains('F')));
    }
    if flags.contains('p') || names.is_empty() && shell.stack.assignments.is_empty() {
        return Ok(print(shell, call, &args[0], &names));
    }
    for argument in names {
        let (name, value) = split(argument);
        let bare = name.strip_suffix('+').unwrap_or(name);
        if !is_name(bare) {
            bad_name(shell, call, &args[0], argument)?;
            return Ok(1);
        }
        if is_local {
            make_local(shell, bare);
        }
        set_kind(shell.variables.entry(bare), &flags, is_on);
        if let Some(value) = value {
            assign(shell, call, bare, value, bare != name)?;
        }
        let variable = shell.variables.entry(bare);
        if flags.contains('x') {
            variable.is_exported = is_on;
        }
        if flags.contains('r') {
            variable.is_readonly = true;
        }
    }
    declare_arrays(shell, call, &flags, is_local)?;
    Ok(0)
}

/// Sets the attributes that say what a variable holds.
fn set_kind(variable: &mut Variable, flags: &str, is_on: bool) {
    if flags.contains('A') && !matches!(variable.value, Value::Map(_)) {
        variable.value = Value::Map(Default::default());
    }
    if flags.contains('a') && matches!(variable.value, Value::Unset) {
        variable.value = Value::List(Default::default());
    }
    if flags.contains('i') {
        variable.is_integer = is_on;
    }
    for (letter, is_upper) in [('u', true), ('l', false)] {
        if flags.contains(letter) {
            variable.is_upper = is_on.then_some(is_upper);
        }
    }
}

/// Lists functions by name; their text is not kept as bash would print it.
fn functions(shell: &Shell, call: &mut Call<'_>, command: &str, names: &[&str], only_names: bool) -> i32 {
    if names.is_empty() && only_names {
        let text: String = shell.functions.keys().map(|name| format!("declare -f {name}\n")).collect();
        return shell.print(call, command, text);
    }
    let known: Vec<&&str> = names.iter().filter(|name| shell.functions.contains_key(**name)).collect();
    if only_names {
        let text: String = known.iter().map(|name| format!("{name}\n")).collect();
        shell.print(call, command, text);
    }
    i32::from(known.len() != names.len())
}

/// Makes the assignments of arrays among the arguments.
fn declare_arrays(
    shell: &mut Shell,
    call: &mut Call<'_>,
    flags: &str,
    is_local: bool,
) -> Result<(), crate::shell::Interrupt> {
    for assignment in std::mem::take(&mut shell.stack.assignments) {
        let name = assignment.name.clone();
        if is_local {
            make_local(shell, &name);
        }
        if flags.contains('A') {
            shell.variables.entry(&name).value = Value::Map(Default::default());
        }
        shell.apply(call, assignment)?;
        let variable = shell.variables.entry(&name);
        variable.is_exported |= flags.contains('x');
        variable.is_readonly |= flags.contains('r');
    }
    Ok(())
}

fn print(shell: &mut Shell, call: &mut Call<'_>, command: &str, names: &[&str]) -> i32 {
    let mut text = String::new();
    let mut status = 0;
    let mut show = |name: &str, variable: &Variable| {
        let value = match &variable.value {
            Value::Unset => String::new(),
            Value::Text(value) => format!("={}", double_quoted(value)),
            Value::List(list) => {
                let parts: Vec<String> = list.iter().map(|(k, v)| format!("[{k}]={}", double_quoted(v))).collect();
                format!("=({})", parts.join(" "))
            }
            Value::Map(map) => {
                let parts: String = map.iter().map(|(k, v)| format!("[{k}]={} ", double_quoted(v))).collect();
                format!("=({parts})")
            }
        };
        text.push_str(&format!("{}{name}{value}\n", declaration(variable)));
    };
    if names.is_empty() {
        for (name, variable) in shell.variables.iter() {
            show(name, variable);
        }
    }
    let mut missing = Vec::new();
    for name in names {
        match shell.variables.get(name) {
            Some(variable) => show(name, variable),
            None => missing.push(*name),
        }
    }
    shell.print(call, command, text);
    for name in missing {
        shell.builtin_error(call, command, &format!("{name}: not found"));
        status = 1;
    }
    status
}

fn double_quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        if "\"\\$`".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
    out
}

impl Shell {
    /// Reports whether a function is being executed.
    pub(in crate::shell) fn is_in_function(&self) -> bool {
        self.is_function_body || self.frames.iter().any(|frame| matches!(frame.kind, FrameKind::Function { .. }))
    }
}
