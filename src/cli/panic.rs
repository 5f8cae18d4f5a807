//! The report of a panic, which is always a mistake of the program.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::Write as _;
use std::panic::{self, PanicHookInfo};

use crate::temporary;

/// The exit code of the process, as of any Rust program that panics.
const EXIT_CODE: i32 = 101;

/// Makes a panic print one sentence to standard error, and with `RUST_BACKTRACE` the calls that led to it, remove what is
/// temporary, and end the process. Nothing unwinds: releases are smaller without the code for it, and what was not
/// committed is not in the store.
pub(crate) fn end_with_a_sentence() {
    panic::set_hook(Box::new(|panic| {
        let mut text = sentence(panic);
        let backtrace = Backtrace::capture();
        if backtrace.status() == BacktraceStatus::Captured {
            text.push_str(&backtrace.to_string());
        }
        // A failure to write to standard error could only be reported there.
        let _ = std::io::stderr().write_all(text.as_bytes());
        temporary::remove_all();
        std::process::exit(EXIT_CODE);
    }));
}

fn sentence(panic: &PanicHookInfo<'_>) -> String {
    let message = panic.payload_as_str().unwrap_or("unknown");
    let place = panic.location().map(|place| format!(" at {}:{}", place.file(), place.line())).unwrap_or_default();
    format!("error: internal error{place}: {message}; please report this with the command that caused it\n")
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::Command;

    use super::*;
    use crate::temporary::Temporary;

    /// Runs this test in a process of its own, whose output can be read.
    #[test]
    fn a_panic_is_one_sentence_and_leaves_nothing_temporary() {
        const CHILD: &str = "KCTL_TEST_PANIC_CHILD";
        if let Some(folder) = std::env::var_os(CHILD) {
            end_with_a_sentence();
            let _file = Temporary::exclusive(&Path::new(&folder).join("lock")).expect("a file");
            panic!("an assumption was wrong");
        }
        let folder = tempfile::tempdir().expect("a directory");
        let program = std::env::current_exe().expect("the path of this program");
        let mut child = Command::new(program);
        let name = "panic::tests::a_panic_is_one_sentence_and_leaves_nothing_temporary";
        child.args(["--exact", name, "--nocapture"]).env(CHILD, folder.path()).env_remove("RUST_BACKTRACE");
        let output = child.output().expect("the program runs");
        let text = String::from_utf8_lossy(&output.stderr);
        let line = text.lines().find(|line| line.starts_with("error: ")).unwrap_or_default();
        assert!(line.starts_with("error: internal error at ") && line.contains("panic.rs:"), "{text}");
        let end = ": an assumption was wrong; please report this with the command that caused it";
        assert!(line.ends_with(end) && !text.contains("panicked"), "{text}");
        assert_eq!(output.status.code(), Some(EXIT_CODE));
        assert_eq!(std::fs::read_dir(folder.path()).expect("its entries").count(), 0);
    }
}
