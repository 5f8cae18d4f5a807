//! The trace of `set -x`, and quoting.

use super::Shell;
use super::expand::{Assigned, PendingAssignment};
use super::syntax::Dialect;
use crate::call::Call;

impl Shell {
    /// Writes a command that is about to run.
    pub(super) fn trace(&mut self, call: &mut Call<'_>, assignments: &[PendingAssignment], args: &[String]) {
        let prompt = self.trace_prompt();
        let is_bash = self.dialect == Dialect::Bash;
        let mut words = Vec::new();
        for assignment in assignments {
            let operator = if assignment.appends { "+=" } else { "=" };
            let index = assignment.index.as_ref().map_or(String::new(), |index| format!("[{index}]"));
            let value = match &assignment.value {
                Assigned::Text(text) => self.traced(text),
                Assigned::Array(elements) => {
                    let texts: Vec<String> = elements.iter().map(|(_, text)| quote(text, false)).collect();
                    format!("({})", texts.join(" "))
                }
            };
            let text = format!("{}{index}{operator}{value}", assignment.name);
            // Bash writes each assignment on a line of its own.
            if is_bash {
                self.say(call, &format!("{prompt}{text}\n"));
            } else {
                words.push(text);
            }
        }
        words.extend(args.iter().map(|arg| self.traced(arg)));
        if !words.is_empty() {
            self.say(call, &format!("{prompt}{}\n", words.join(" ")));
        }
    }

    /// Writes the beginning of a compound command as bash does.
    pub(super) fn trace_line(&self, call: &mut Call<'_>, text: &str) {
        if self.options.has('x') && self.dialect == Dialect::Bash {
            let prompt = self.trace_prompt();
            self.say(call, &format!("{prompt}{text}\n"));
        }
    }

    /// Returns `PS4`; in command substitutions bash repeats its first character.
    fn trace_prompt(&self) -> String {
        let prompt = self.variables.text("PS4").unwrap_or("+ ");
        let first: String = prompt.chars().take(1).collect();
        first.repeat(usize::from(self.nesting)) + prompt
    }

    fn traced(&self, text: &str) -> String {
        match self.dialect {
            Dialect::Dash => text.to_owned(),
            Dialect::Busybox => quote_busybox(text),
            Dialect::Bash => quote(text, false),
        }
    }
}

/// Quotes a text as busybox does in traces (`maybe_single_quote`).
fn quote_busybox(text: &str) -> String {
    let is_plain = |byte: u8| match byte {
        b'[' | b'\\' | b'`' => false,
        byte => (b'+'..b';').contains(&byte) || (b'@'..=b'z').contains(&byte),
    };
    let is_reserved = super::syntax::RESERVED.contains(&text);
    if text.bytes().all(is_plain) && !is_reserved {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\"'\"'"))
}

/// Quotes a text so that a shell reads it as one word; `always` quotes plain text, too.
pub(super) fn quote(text: &str, always: bool) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "_-./:,+=@%^".contains(c);
    if !always && !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    if text.chars().any(|c| c.is_control()) {
        let mut out = String::from("$'");
        for c in text.chars() {
            match c {
                '\n' => out.push_str("\\n"),
                '\t' => out.push_str("\\t"),
                '\r' => out.push_str("\\r"),
                '\'' | '\\' => out.extend(['\\', c]),
                c if c.is_control() => out.push_str(&format!("\\{:03o}", u32::from(c))),
                c => out.push(c),
            }
        }
        out.push('\'');
        return out;
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Quotes like `%q` of bash.
pub(crate) fn backslashed(text: &str) -> String {
    if text.is_empty() {
        return "''".into();
    }
    if text.chars().any(char::is_control) {
        return quote(text, true);
    }
    let mut out = String::new();
    for c in text.chars() {
        if !c.is_alphanumeric() && !"_-./:=@%+,".contains(c) || c == ',' {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
