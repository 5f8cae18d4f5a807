//! Redirections.

use serde::{Deserialize, Serialize};

use super::Shell;
use super::expand::PendingRedirect;
use super::syntax::Dialect;
use super::syntax::ast::Operator;
use crate::call::Call;
use crate::errno::Errno;
use crate::process::OpenMode;

/// Descriptors from here on belong to the shell; its children do not get them.
pub(super) const FIRST_PRIVATE: i32 = 64;

/// Descriptors as they were before redirections: saved, or closed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SavedFiles(Vec<(i32, Option<i32>)>);

impl Shell {
    /// Makes redirections that [`Shell::restore_files`] undoes. False, after a message and with all undone, if one fails.
    pub(super) fn open(&mut self, call: &mut Call<'_>, redirects: &[PendingRedirect]) -> bool {
        self.saved.push(SavedFiles::default());
        for redirect in redirects {
            if let Err(message) = self.redirect(call, redirect) {
                // Like a real shell, it writes where standard error leads by now.
                self.error(call, &message);
                self.restore_files(call);
                return false;
            }
        }
        true
    }

    /// Undoes the last redirections.
    pub(super) fn restore_files(&mut self, call: &mut Call<'_>) {
        let Some(SavedFiles(files)) = self.saved.pop() else { return };
        for (descriptor, saved) in files.into_iter().rev() {
            match saved {
                Some(saved) => {
                    // The saved one is open: only this closes it.
                    let _ = call.duplicate_to(saved, descriptor);
                    call.close(saved);
                }
                None => call.close(descriptor),
            }
        }
    }

    /// Keeps the last redirections for good, as `exec` does.
    pub(super) fn keep_files(&mut self, call: &mut Call<'_>) {
        let Some(SavedFiles(files)) = self.saved.pop() else { return };
        for (_, saved) in files {
            if let Some(saved) = saved {
                call.close(saved);
            }
        }
    }

    fn save(&mut self, call: &mut Call<'_>, descriptor: i32) {
        let Some(last) = self.saved.last_mut() else { return };
        if !last.0.iter().any(|(saved, _)| *saved == descriptor) {
            last.0.push((descriptor, call.duplicate_above(descriptor, FIRST_PRIVATE).ok()));
        }
    }

    fn redirect(&mut self, call: &mut Call<'_>, redirect: &PendingRedirect) -> Result<(), String> {
        let PendingRedirect { descriptor, operator, target } = redirect;
        let is_bare = *descriptor < 0;
        let descriptor = if is_bare { 1 } else { *descriptor };
        match operator {
            Operator::Duplicate { .. } => {
                let is_number = target == "-" || target.bytes().all(|byte| byte.is_ascii_digit()) && !target.is_empty();
                if is_number {
                    return self.duplicate(call, descriptor, target);
                }
                if !is_bare {
                    let text = if self.dialect == Dialect::Bash { "ambiguous redirect" } else { "bad file descriptor" };
                    return Err(format!("{target}: {text}"));
                }
                self.open_both(call, target, OpenMode::Write)
            }
            Operator::WriteBoth => self.open_both(call, target, OpenMode::Write),
            Operator::AppendBoth => self.open_both(call, target, OpenMode::Append),
            Operator::Here(_) | Operator::HereString => {
                let newline = if *operator == Operator::HereString { "\n" } else { "" };
                let (reader, writer) = call.pipe();
                // Its reader is open.
                let _ = call.write(writer, format!("{target}{newline}").as_bytes());
                call.close(writer);
                self.put(call, reader, descriptor);
                Ok(())
            }
            _ => self.open_file(call, descriptor, *operator, target),
        }
    }

    fn open_both(&mut self, call: &mut Call<'_>, path: &str, mode: OpenMode) -> Result<(), String> {
        let operator = if mode == OpenMode::Append { Operator::Append } else { Operator::Write };
        self.open_file(call, 1, operator, path)?;
        self.duplicate(call, 2, "1")
    }

    fn open_file(
        &mut self,
        call: &mut Call<'_>,
        descriptor: i32,
        operator: Operator,
        path: &str,
    ) -> Result<(), String> {
        let (mode, truncate) = match operator {
            Operator::Read => (OpenMode::Read, false),
            Operator::ReadWrite => (OpenMode::ReadWrite, false),
            Operator::Append => (OpenMode::Append, false),
            _ => (OpenMode::Write, true),
        };
        if operator == Operator::Write && self.options.has('C') && is_regular(call, path) {
            return Err(match self.dialect {
                Dialect::Bash => format!("{path}: cannot overwrite existing file"),
                _ => self.open_error(path, Errno::EEXIST, true),
            });
        }
        let creates = mode != OpenMode::Read;
        crate::world::proc::prepare(call, path);
        let opened = call.open(path, mode, truncate).map_err(|errno| self.open_error(path, errno, creates))?;
        self.put(call, opened, descriptor);
        Ok(())
    }

    /// Moves an open descriptor to its place.
    fn put(&mut self, call: &mut Call<'_>, opened: i32, descriptor: i32) {
        if opened == descriptor {
            // It was closed before.
            if let Some(last) = self.saved.last_mut() {
                last.0.push((descriptor, None));
            }
            return;
        }
        self.save(call, descriptor);
        // The descriptor was opened just before.
        let _ = call.duplicate_to(opened, descriptor);
        call.close(opened);
    }

    fn duplicate(&mut self, call: &mut Call<'_>, descriptor: i32, target: &str) -> Result<(), String> {
        self.save(call, descriptor);
        if target == "-" {
            call.close(descriptor);
            return Ok(());
        }
        let source: i32 = target.parse().unwrap_or(i32::MAX);
        let is_private = source >= FIRST_PRIVATE;
        let result = if is_private { Err(Errno::EBADF) } else { call.duplicate_to(source, descriptor) };
        result.map_err(|errno| format!("{source}: {}", errno.text()))
    }
}

fn is_regular(call: &mut Call<'_>, path: &str) -> bool {
    call.files().stat(path).is_ok_and(|stat| matches!(stat.node.kind, crate::fs::NodeKind::File(_)))
}
