//! How programs start other programs.

use std::collections::BTreeMap;

use crate::call::{Call, Stop};
use crate::errno::Errno;
use crate::image::Flavour;
use crate::process::{FileId, Pid, Process, Wait};
use crate::programs::{self, Task};

/// Starts a program as a child with the same files, directory and variables.
///
/// # Errors
/// Those of [`programs::load`].
pub(crate) fn spawn(call: &mut Call<'_>, argv: Vec<String>) -> Result<Pid, Errno> {
    let files = call.process.files.clone();
    spawn_with(call, argv, files)
}

/// Starts a program as a child with files of its own.
///
/// # Errors
/// Those of [`programs::load`].
pub(crate) fn spawn_with(call: &mut Call<'_>, argv: Vec<String>, files: BTreeMap<i32, FileId>) -> Result<Pid, Errno> {
    let own = call.process.clone();
    let mut child = Process { argv, files, task: Task::Plain, pending: Vec::new(), listeners: Vec::new(), ..own };
    let mut inner = Call {
        world: &mut *call.world,
        container: call.container,
        process: &mut child,
        surroundings: &mut *call.surroundings,
    };
    let task = programs::load_child(&mut inner, &*call.process)?;
    child.task = task;
    Ok(call.spawn(child))
}

/// Replaces the program of the process.
///
/// # Errors
/// Always: [`Stop::Wait`] until the new program runs; [`Stop::Exit`] with 126 or 127 after a message if it cannot be started.
pub(crate) fn exec(call: &mut Call<'_>, argv: Vec<String>) -> Stop {
    let old = std::mem::replace(&mut call.process.argv, argv);
    match programs::load(call) {
        Ok(task) => {
            call.process.next = Some(task);
            Stop::Wait(Wait::Until(call.now()))
        }
        Err(errno) => {
            let argv = std::mem::replace(&mut call.process.argv, old);
            not_started(call, argv.first().map_or("", String::as_str), errno)
        }
    }
}

/// Reports that a program cannot be started; returns the exit of `env`, `nohup`, `timeout` and their like.
pub(crate) fn not_started(call: &mut Call<'_>, program: &str, errno: Errno) -> Stop {
    let is_busybox = call.image().flavour == Flavour::Busybox;
    let message = match (is_busybox, call.name()) {
        (true, _) => format!("can't execute '{program}': {}", errno.text()),
        (false, "env") => format!("'{program}': {}", errno.text()),
        (false, "timeout" | "nohup" | "nice") => format!("failed to run command '{program}': {}", errno.text()),
        (false, _) => format!("{program}: {}", errno.text()),
    };
    call.complain(&message);
    Stop::Exit(if errno == Errno::ENOENT { 127 } else { 126 })
}
