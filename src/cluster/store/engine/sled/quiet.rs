//! Panics that are expected: they print nothing, and stop only the thread that they happen on.

use std::cell::Cell;
use std::sync::{Once, mpsc};
use std::{io, panic, thread};

type Notice = Box<dyn FnOnce()>;

thread_local! {
    /// What is called when this thread panics, if that is expected.
    static ON_PANIC: Cell<Option<Notice>> = const { Cell::new(None) };
}

/// Calls a function that may panic, on a thread of its own, and returns its result; `None` if it panicked. What the function
/// held then, such as the lock of a file, may stay held.
///
/// # Errors
/// The thread cannot be started.
pub(super) fn catch<T: Send + 'static>(function: impl FnOnce() -> T + Send + 'static) -> io::Result<Option<T>> {
    stop_at_expected_panics();
    let (done, result) = mpsc::channel();
    let panicked = done.clone();
    thread::Builder::new().spawn(move || {
        // The caller waits until it has received one message, so that sending does not fail.
        ON_PANIC.set(Some(Box::new(move || drop(panicked.send(None)))));
        let result = function();
        ON_PANIC.set(None);
        drop(done.send(Some(result)));
    })?;
    Ok(result.recv().ok().flatten())
}

/// Puts a hook in front of the one of the program, which sees only the other panics.
fn stop_at_expected_panics() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let report = panic::take_hook();
        panic::set_hook(Box::new(move |panic| match ON_PANIC.take() {
            None => report(panic),
            Some(notify) => {
                notify();
                // Where panics do not unwind, the process would be aborted; instead the thread waits until it ends.
                while cfg!(panic = "abort") {
                    thread::park();
                }
            }
        }));
    });
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
            assert_eq!(catch(|| panic!("expected")).ok(), Some(None::<()>));
            assert_eq!(catch(|| 1).ok(), Some(Some(1)));
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
