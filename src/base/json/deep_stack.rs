//! A stack for walks over deeply nested values.

use std::io;

use corosensei::stack::DefaultStack;

/// The size of the stack on which values of any permitted depth can be walked, in bytes.
///
/// A walk recurses once for each level. The walks of the program need up to 4 KiB a level in builds without optimisation, so
/// that a value of [`super::OBJECT_DEPTH_MAX`] levels takes 40 MiB. The rest is room for walks inside of others. Memory
/// that is not used is only reserved.
const STACK_BYTES: usize = 128 << 20;

/// Runs `work` on a stack that is large enough for values of any permitted depth, and returns its result. A panic goes on in
/// the caller.
///
/// The thread is that of the caller. Another one would cost long commands a tenth of their time: the C library enlarges the
/// heap of its first thread in large steps, and that of others by a page at a time.
///
/// # Errors
/// The system has no room for the stack.
pub fn on_deep_stack<T>(work: impl FnOnce() -> T) -> io::Result<T> {
    Ok(corosensei::on_stack(DefaultStack::new(STACK_BYTES)?, work))
}
