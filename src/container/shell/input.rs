//! Scripts from standard input, line by line, and prompts.

use super::syntax::Dialect;
use super::{Interrupt, Shell, Step};
use crate::call::Call;

/// Longest line of a script from standard input, in bytes.
const MAX_LINE: usize = 1024 * 1024;

impl Shell {
    /// Reads a line of the script from standard input; false at its end. `is_first` is the first line of a command.
    pub(super) fn read_line(&mut self, call: &mut Call<'_>, is_first: bool) -> Step<bool> {
        if self.is_interactive() && !self.is_prompted {
            let prompt = if is_first { self.prompt(call, "PS1") } else { self.prompt(call, "PS2") };
            self.say(call, &prompt);
            self.is_prompted = true;
        }
        loop {
            // Byte by byte, as a shell does that leaves the rest to its commands.
            let byte = match call.read(0, 1) {
                Err(stop) => return Err(Interrupt::Stop(stop)),
                Ok(Ok(bytes)) => bytes.first().copied(),
                Ok(Err(_)) => None,
            };
            let is_end = byte.is_none();
            self.input.extend(byte);
            if byte != Some(b'\n') && !is_end && self.input.len() < MAX_LINE {
                continue;
            }
            self.is_prompted = false;
            let line = String::from_utf8_lossy(&std::mem::take(&mut self.input)).into_owned();
            let is_interactive = self.is_interactive();
            let Some(source) = self.frames.last_mut().and_then(|frame| frame.source.as_mut()) else { return Ok(false) };
            source.is_complete = is_end;
            let is_empty = line.is_empty();
            source.text.push_str(&line);
            if is_end && is_empty && is_first && is_interactive {
                let text = if self.dialect == Dialect::Bash { "exit\n" } else { "\n" };
                self.say(call, text);
            }
            return Ok(!is_end || !is_empty);
        }
    }

    /// Expands the escapes of a prompt.
    fn prompt(&self, call: &mut Call<'_>, name: &str) -> String {
        let text = self.variables.text(name).unwrap_or_default().to_owned();
        let is_root = call.process.credentials.uid == 0;
        let hostname = call.container().config.hostname.clone();
        let cwd = self.variables.text("PWD").unwrap_or("/");
        let cwd =
            match self.variables.text("HOME").filter(|home| home.len() > 1).and_then(|home| cwd.strip_prefix(home)) {
                Some("") => "~".to_owned(),
                Some(rest) if rest.starts_with('/') => format!("~{rest}"),
                _ => cwd.to_owned(),
            };
        let mut out = String::new();
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            if c != '\\' {
                out.push(c);
                continue;
            }
            match chars.next() {
                Some('u') => out.push_str(&user_name(call)),
                Some('h') => out.push_str(hostname.split('.').next().unwrap_or_default()),
                Some('H') => out.push_str(&hostname),
                Some('w') => out.push_str(&cwd),
                Some('W') => out.push_str(cwd.rsplit('/').next().filter(|last| !last.is_empty()).unwrap_or(&cwd)),
                Some('$') => out.push(if is_root { '#' } else { '$' }),
                Some('s') => out.push_str(&self.name),
                Some('v') => out.push_str("5.2"),
                Some('n') => out.push('\n'),
                Some('[' | ']') | None => {}
                Some(other) => out.extend(['\\', other]),
            }
        }
        out
    }
}

/// Returns the name of the user, from `/etc/passwd`.
fn user_name(call: &mut Call<'_>) -> String {
    let uid = call.process.credentials.uid.to_string();
    let passwd = call.files().read("/etc/passwd").unwrap_or_default();
    let passwd = String::from_utf8_lossy(&passwd);
    let found =
        passwd.lines().map(|line| line.split(':').collect::<Vec<_>>()).find(|f| f.get(2) == Some(&uid.as_str()));
    let unknown = if uid == "0" { "root" } else { "I have no name!" };
    found.map_or_else(|| unknown.to_owned(), |fields| fields[0].to_owned())
}
