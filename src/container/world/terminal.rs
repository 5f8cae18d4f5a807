//! The terminal of a session: the line discipline of the kernel (`termios(3)`), as far as whole lines are typed.

use super::{SessionId, World};
use crate::process::{Process, Signal};

/// Ctrl-C.
const INTERRUPT: u8 = 0x03;
/// Ctrl-D.
const END_OF_FILE: u8 = 0x04;
/// Ctrl-\\.
const QUIT: u8 = 0x1c;

/// Sets the type of the terminal for a process, as the container runtime does.
pub(super) fn set_type(process: &mut Process) {
    if process.variable("TERM").is_none() {
        process.environment.push(("TERM".into(), "xterm".into()));
    }
}

impl World {
    /// Sets rows and columns of the terminal of a session.
    pub fn resize(&mut self, session: SessionId, size: (u16, u16)) {
        for id in [session, self.input_of(session)] {
            if let Some(found) = self.sessions.get_mut(&id).filter(|found| found.has_tty) {
                found.size = Some(size);
            }
        }
    }

    /// Takes what is typed on the terminal of a session, whose input is that of the session `input`: keys that are no input send
    /// signals, or end the input of the process that reads.
    pub(super) fn type_keys(&mut self, session: SessionId, input: SessionId, keys: &[u8]) {
        for part in keys.split_inclusive(|key| [INTERRUPT, END_OF_FILE, QUIT].contains(key)) {
            let (key, text) = match part.split_last() {
                Some((key @ (&INTERRUPT | &END_OF_FILE | &QUIT), text)) => (Some(*key), text),
                _ => (None, part),
            };
            if let Some(found) = self.sessions.get_mut(&input) {
                found.input.push(text);
                if matches!(key, Some(INTERRUPT | QUIT)) {
                    found.input.discard_line();
                }
                if key == Some(END_OF_FILE) {
                    found.input.push_end();
                }
            }
            match key {
                Some(INTERRUPT) => self.signal_session(session, Signal::Int),
                Some(QUIT) => self.signal_session(session, Signal::Quit),
                _ => {}
            }
        }
    }
}
