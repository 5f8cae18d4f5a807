//! Output of a command, which is buffered until the changes that it reports are durable.

use std::io::{IsTerminal, Write};

use super::{Ctx, stdout};
use crate::klog::{self, Site};
use crate::resolve::Item;
use crate::{CliError, CliResult};

/// The exit code of a command that has broken an invariant.
const BROKEN_INVARIANT: i32 = 4;

impl Ctx {
    /// Prints a line to standard output.
    pub(crate) fn print_line(&mut self, line: impl AsRef<str>) {
        self.out.push_str(line.as_ref());
        self.out.push('\n');
    }

    /// Prints text to standard output, without copying it if it is the first.
    pub(crate) fn print_text(&mut self, text: String) {
        match self.out.is_empty() {
            true => self.out = text,
            false => self.out.push_str(&text),
        }
    }

    /// Returns whether standard output is a terminal.
    pub(crate) fn out_is_terminal(&self) -> bool {
        self.captured.is_none() && std::io::stdout().is_terminal()
    }

    /// Prints a line to standard error.
    pub(crate) fn print_error(&mut self, line: impl AsRef<str>) {
        self.push_error(line.as_ref());
        self.push_error("\n");
    }

    /// Appends text to standard error, after everything that was printed before to either stream.
    pub(crate) fn push_error(&mut self, text: &str) {
        match self.err.last_mut() {
            Some((place, before)) if *place == self.out.len() => before.push_str(text),
            _ => self.err.push((self.out.len(), text.to_owned())),
        }
    }

    /// Prints a warning of the server, which `--warnings-as-errors` counts.
    pub(crate) fn warn(&mut self, message: &str) {
        self.warned = true;
        self.print_error(format!("Warning: {message}"));
    }

    /// Prints a line in the format of klog to standard error, with the time of the cluster.
    ///
    /// # Errors
    /// The store cannot be opened.
    pub(crate) fn log(&mut self, site: Site, message: &str) -> CliResult<()> {
        let line = klog::line(self.now()?, site, message);
        self.print_error(line);
        Ok(())
    }

    /// Prints lines in the format of klog if `-v` is at least a level.
    ///
    /// # Errors
    /// The store cannot be opened.
    pub(crate) fn log_at(&mut self, level: u8, lines: &[(Site, String)]) -> CliResult<()> {
        let lines = if self.verbosity >= level { lines } else { &[] };
        lines.iter().try_for_each(|(site, message)| self.log(*site, message))
    }

    /// Prints a hint that kubectl would not print, if standard error is a terminal.
    pub(crate) fn hint(&mut self, line: impl AsRef<str>) {
        if self.hints {
            self.print_error(line);
        }
    }

    /// Prints a hint at once, while the command is at work.
    pub(crate) fn hint_at_once(&self, line: impl std::fmt::Display) {
        if self.hints {
            hint_now(line);
        }
    }

    /// Returns whether the log is on (`-v`).
    pub(crate) fn is_verbose(&self) -> bool {
        self.verbosity > 0
    }

    /// Suggests to ask why an object is not as a command expected, if the command fails. The first suggestion counts.
    pub(crate) fn suggest_why(&mut self, item: &Item) {
        let namespace = match item.namespace.as_str() {
            "" => String::new(),
            namespace if *namespace == self.namespace() && !self.namespace_given() => String::new(),
            namespace => format!(" -n {namespace}"),
        };
        let kind = item.kind.names().kind.to_lowercase();
        self.asks_why.get_or_insert_with(|| format!("{kind}/{}{namespace}", item.name));
    }

    /// Commits all changes and then writes the buffered output. Long-running verbs call it between their steps;
    /// [`Ctx::finish`] does it at the end of a command.
    ///
    /// # Errors
    /// The changes cannot be committed, or the output cannot be written.
    pub(crate) fn flush(&mut self) -> CliResult<()> {
        self.commit()?;
        self.print()
    }

    /// Writes bytes to standard output at once, after everything that was printed before.
    ///
    /// # Errors
    /// As for [`Ctx::flush`].
    pub(crate) fn write_out(&mut self, bytes: &[u8]) -> CliResult<()> {
        self.flush()?;
        match &mut self.captured {
            Some(captured) => captured.out.push_str(&String::from_utf8_lossy(bytes)),
            None => stdout::write(bytes)?,
        }
        Ok(())
    }

    /// Writes bytes to standard error at once, after everything that was printed before.
    ///
    /// # Errors
    /// As for [`Ctx::flush`].
    pub(crate) fn write_err(&mut self, bytes: &[u8]) -> CliResult<()> {
        self.flush()?;
        match &mut self.captured {
            Some(captured) => captured.err.push_str(&String::from_utf8_lossy(bytes)),
            // A failure to write to standard error could only be reported there.
            None => drop(std::io::stderr().lock().write_all(bytes)),
        }
        Ok(())
    }

    /// Commits all changes, unless one of them has broken an invariant. If that fails, the buffered output is discarded, because
    /// it would report them.
    fn commit(&mut self) -> CliResult<()> {
        let Some(client) = self.client.as_mut() else { return Ok(()) };
        if let Some(broken) = client.transport().broken_invariant() {
            let message = format!("error: {broken}\n");
            client.transport().discard();
            self.out.clear();
            return Err(CliError::Verbatim(message, BROKEN_INVARIANT));
        }
        client.transport().commit().map_err(|error| {
            self.out.clear();
            error.into()
        })
    }

    /// Flushes, prints the errors of a command that failed, and returns the exit code. Changes made before a failure are
    /// kept.
    pub(crate) fn finish(&mut self, result: CliResult<()>) -> i32 {
        let is_broken = self.client.as_mut().is_some_and(|client| client.transport().broken_invariant().is_some());
        let committed = self.commit();
        // What a broken invariant has made of the command is part of its report.
        let result = if is_broken { committed } else { result.and(committed) };
        let mut errors: Vec<CliError> = result.err().into_iter().collect();
        // A verb that went on after output could not be written has reported that already.
        if let Err(error) = self.print()
            && errors.iter().all(|other| other.message() != error.message())
        {
            errors.push(error);
        }
        let mut code = errors.iter().map(CliError::code).max().unwrap_or(0);
        for error in errors {
            self.push_error(&error.message());
        }
        if let Some(object) = self.asks_why.take().filter(|_| code != 0) {
            self.hint(format!("hint: {} why {object}", self.program));
        }
        if code == 0 && self.warned && self.warnings_are_errors {
            self.print_error("error: 1 warning received");
            code = 1;
        }
        self.print_errors();
        code
    }

    /// Writes the buffered output.
    fn print(&mut self) -> CliResult<()> {
        let (out, errors) = (std::mem::take(&mut self.out), std::mem::take(&mut self.err));
        let mut written = Ok(());
        for (text, error) in in_order(&out, &errors) {
            written = written.and_then(|()| self.put_out(text));
            self.put_error(error);
        }
        written
    }

    /// Writes the buffered text for standard error.
    fn print_errors(&mut self) {
        for (_, text) in std::mem::take(&mut self.err) {
            self.put_error(&text);
        }
    }

    /// Writes text to standard output.
    fn put_out(&mut self, text: &str) -> CliResult<()> {
        match &mut self.captured {
            Some(captured) => captured.out.push_str(text),
            None => stdout::write(text.as_bytes())?,
        }
        Ok(())
    }

    /// Writes text to standard error.
    fn put_error(&mut self, text: &str) {
        match &mut self.captured {
            Some(captured) => captured.err.push_str(text),
            // A failure to write to standard error could only be reported there.
            None => drop(std::io::stderr().lock().write_all(text.as_bytes())),
        }
    }
}

/// Splits standard output where something was printed to standard error: into pieces, and what follows each of them there. On a
/// terminal both streams are read as one, and a warning of the server comes before the line that reports what it warns of.
fn in_order<'a>(out: &'a str, errors: &'a [(usize, String)]) -> Vec<(&'a str, &'a str)> {
    let (mut pieces, mut start) = (Vec::with_capacity(errors.len() + 1), 0);
    for (place, error) in errors {
        // Output that a failure has discarded is no longer there.
        let end = out.floor_char_boundary(*place).max(start);
        pieces.push((&out[start..end], error.as_str()));
        start = end;
    }
    pieces.push((&out[start..], ""));
    pieces
}

/// Prints a hint to standard error at once, while the command is at work.
pub(super) fn hint_now(line: impl std::fmt::Display) {
    // There is nowhere to report that hints cannot be written.
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// The output of a command in a test.
#[derive(Debug, Default)]
pub(crate) struct Captured {
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
}

#[cfg(test)]
mod tests {
    use super::{Ctx, in_order};
    use crate::dispatch::{Language, run_in};
    use kctl_cluster::{Cluster, OpenOptions};
    use std::ffi::OsString;

    /// Runs a command on a terminal or not. Returns standard error and the cluster.
    fn run(cluster: Cluster, line: &str, is_terminal: bool) -> (String, Cluster) {
        let argv: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        let mut ctx = Ctx::captured(&argv, cluster);
        ctx.hints = is_terminal;
        run_in(&mut ctx, &argv, Language::ENGLISH);
        let (_, err, cluster) = ctx.into_captured();
        (err, cluster.expect("the cluster"))
    }

    #[test]
    fn both_streams_are_written_in_the_order_in_which_they_were_printed() {
        let mut ctx = Ctx::captured(&[], Cluster::open(OpenOptions::memory(1)).expect("a cluster"));
        ctx.warn("it is deprecated");
        ctx.print_line("pod/é created");
        ctx.print_error("one");
        ctx.print_error("two");
        ctx.print_line("pod/b created");
        let pieces = [("", "Warning: it is deprecated\n"), ("pod/é created\n", "one\ntwo\n"), ("pod/b created\n", "")];
        assert_eq!(in_order(&ctx.out, &ctx.err), pieces);
        let discarded = [("", "Warning: it is deprecated\n"), ("", "one\ntwo\n"), ("", "")];
        assert_eq!(in_order("", &ctx.err), discarded);
    }

    #[test]
    fn a_command_that_waited_in_vain_suggests_to_ask_why_on_a_terminal_only() {
        let mut cluster = Cluster::open(OpenOptions::memory(1)).expect("a cluster");
        (_, cluster) = run(cluster, "kctl create deployment web --image=nginx:notfound", true);
        let waits = [
            ("kctl rollout status deployment/web --timeout=5s", "hint: kctl why deployment/web\n"),
            ("kctl rollout status deployment/web -n default", "hint: kctl why deployment/web -n default\n"),
            ("kctl wait deployment/web --for=condition=Available --timeout=5s", "hint: kctl why deployment/web\n"),
            ("kctl wait node/k8s-node1 --for=delete --timeout=5s", "hint: kctl why node/k8s-node1\n"),
            ("kctl wait node/k8s-node1 --for=condition=Ready", ""),
            ("kctl get deployment/none", ""),
        ];
        for (line, hint) in waits {
            let (err, after) = run(cluster, line, true);
            let (quiet, after) = run(after, line, false);
            cluster = after;
            assert_eq!(err, format!("{quiet}{hint}"), "{line}");
            assert_eq!(hint.is_empty(), !err.contains("hint"), "{line}");
        }
    }
}
