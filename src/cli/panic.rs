//! The report of a panic, which is always a mistake of the program.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::Write as _;
use std::panic::{self, PanicHookInfo};

/// Makes a panic print one sentence to standard error, and with `RUST_BACKTRACE` the calls that led to it.
pub(crate) fn report_in_a_sentence() {
    panic::set_hook(Box::new(|panic| {
        let mut text = sentence(panic);
        let backtrace = Backtrace::capture();
        if backtrace.status() == BacktraceStatus::Captured {
            text.push_str(&backtrace.to_string());
        }
        // A failure to write to standard error could only be reported there.
        let _ = std::io::stderr().write_all(text.as_bytes());
    }));
}

fn sentence(panic: &PanicHookInfo<'_>) -> String {
    let message = panic.payload_as_str().unwrap_or("unknown");
    let place = panic.location().map(|place| format!(" at {}:{}", place.file(), place.line())).unwrap_or_default();
    format!("error: internal error{place}: {message}; please report this with the command that caused it\n")
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// Runs this test in a process of its own, whose output can be read.
    #[test]
    fn a_panic_is_one_sentence() {
        const CHILD: &str = "KCTL_TEST_PANIC_CHILD";
        if std::env::var_os(CHILD).is_some() {
            report_in_a_sentence();
            panic!("an assumption was wrong");
        }
        let program = std::env::current_exe().expect("the path of this program");
        let mut child = Command::new(program);
        child.args(["--exact", "panic::tests::a_panic_is_one_sentence", "--nocapture"]);
        let output = child.env(CHILD, "1").env_remove("RUST_BACKTRACE").output().expect("the program runs");
        let text = String::from_utf8_lossy(&output.stderr);
        let line = text.lines().find(|line| line.starts_with("error: ")).unwrap_or_default();
        assert!(line.starts_with("error: internal error at ") && line.contains("panic.rs:"), "{text}");
        let end = ": an assumption was wrong; please report this with the command that caused it";
        assert!(line.ends_with(end) && !text.contains("panicked"), "{text}");
    }
}
