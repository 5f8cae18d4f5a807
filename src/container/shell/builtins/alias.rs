//! `alias` and `unalias`

use super::Outcome;
use crate::call::Call;
use crate::shell::Shell;
use crate::shell::syntax::Dialect;
use crate::shell::trace::quote;

/// `alias [name[=value] ...]`
pub(super) fn alias(shell: &mut Shell, call: &mut Call<'_>, args: &[String]) -> Outcome {
    let mut status = 0;
    let prefix = if shell.dialect == Dialect::Bash { "alias " } else { "" };
    let show = |name: &str, value: &str| format!("{prefix}{name}={}\n", quote(value, true));
    let names: Vec<&String> = args[1..].iter().filter(|arg| *arg != "-p").collect();
    if names.is_empty() {
        let text: String = shell.aliases.iter().map(|(name, value)| show(name, value)).collect();
        return Ok(shell.print(call, "alias", text));
    }
    for arg in names {
        match (arg.split_once('='), shell.aliases.get(arg.as_str())) {
            (Some((name, value)), _) => {
                shell.aliases.insert(name.to_owned(), value.to_owned());
            }
            (None, Some(value)) => {
                let text = show(arg, value);
                shell.print(call, "alias", text);
            }
            (None, None) => {
                shell.builtin_error(call, "alias", &format!("{arg}: not found"));
                status = 1;
            }
        }
    }
    Ok(status)
}

/// `unalias [-a] [name ...]`
pub(super) fn unalias(shell: &mut Shell, call: &mut Call<'_>, args: &[String]) -> Outcome {
    let mut status = 0;
    for name in &args[1..] {
        if name == "-a" {
            shell.aliases.clear();
        } else if shell.aliases.remove(name).is_none() {
            shell.builtin_error(call, "unalias", &format!("{name}: not found"));
            status = 1;
        }
    }
    Ok(status)
}

impl Shell {
    /// Returns what a name stands for, unless it is being replaced already. A script of bash has to ask for aliases.
    pub(in crate::shell) fn alias_of(&self, name: &str) -> Option<&str> {
        let is_on =
            self.dialect != Dialect::Bash || self.is_interactive() || self.options.shopt.contains("expand_aliases");
        let is_within = |frame: &crate::shell::frame::Frame| matches!(&frame.kind, crate::shell::frame::FrameKind::Alias(known) if known == name);
        let is_used = self.frames.iter().any(is_within);
        self.aliases.get(name).filter(|_| is_on && !is_used).map(String::as_str)
    }
}
