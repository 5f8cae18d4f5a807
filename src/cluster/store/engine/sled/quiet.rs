//! Panics that are expected: they are caught, and print nothing.

use std::any::Any;
use std::cell::Cell;
use std::panic::{self, UnwindSafe};
use std::sync::Once;

thread_local! {
    /// True while panics of this thread are expected.
    static EXPECTED: Cell<bool> = const { Cell::new(false) };
}

/// Calls a function that may panic. A panic is returned, and the panic hook of the program does not see it.
pub(super) fn catch<T>(function: impl FnOnce() -> T + UnwindSafe) -> Result<T, Box<dyn Any + Send>> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let report = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if !EXPECTED.get() {
                report(panic);
            }
        }));
    });
    let before = EXPECTED.replace(true);
    let result = panic::catch_unwind(function);
    EXPECTED.set(before);
    result
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// Runs this test in a process of its own, whose output can be read.
    #[test]
    fn only_other_panics_are_reported() {
        const CHILD: &str = "KCTL_TEST_QUIET_CHILD";
        if std::env::var_os(CHILD).is_some() {
            assert!(catch(|| panic!("expected")).is_err());
            assert_eq!(catch(|| 1).ok(), Some(1));
            panic!("reported");
        }
        let program = std::env::current_exe().expect("the path of this program");
        let name = "store::engine::sled::quiet::tests::only_other_panics_are_reported";
        let output = Command::new(program).args(["--exact", name, "--nocapture"]).env(CHILD, "1").output();
        let output = output.expect("the program runs");
        let text = String::from_utf8_lossy(&output.stderr) + String::from_utf8_lossy(&output.stdout);
        assert!(text.contains("reported") && !text.contains("expected"), "{text}");
    }
}
