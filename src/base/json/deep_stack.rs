//! A stack for walks over deeply nested values.

use std::io;
use std::thread;

/// The size of the stack on which values of any permitted depth can be walked, in bytes.
///
/// A walk recurses once for each level. The walks of the program need up to 4 KiB a level in builds without optimisation, so
/// that a value of [`super::OBJECT_DEPTH_MAX`] levels takes 40 MiB. The rest is room for walks inside of others. Memory
/// that is not used is only reserved.
const STACK_BYTES: usize = 128 << 20;

/// Runs `work` on a stack that is large enough for values of any permitted depth, and returns its result. A panic goes on in
/// the caller.
///
/// # Errors
/// The system cannot start the thread that has this stack.
pub fn on_deep_stack<T: Send>(work: impl FnOnce() -> T + Send) -> io::Result<T> {
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, work)?;
        thread.join().or_else(|panic| std::panic::resume_unwind(panic))
    })
}
