//! Where `cp` and `mv` put files.

use super::join;
use crate::call::{Call, Stop};
use crate::errno::Errno;
use crate::programs::base_name;
use crate::programs::opts::{Options, Spec, is_busybox};

/// Pairs the sources with the paths that they get.
pub(super) fn destinations(call: &mut Call<'_>, spec: Spec, options: &Options) -> Result<Vec<(String, String)>, Stop> {
    let mut sources = options.operands.clone();
    let is_directory =
        |call: &mut Call<'_>, path: &str| call.files().stat(path).is_ok_and(|stat| stat.node.is_directory());
    let target = match options.value('t') {
        Some(directory) => directory.to_owned(),
        None => match sources.len() {
            0 => return Err(spec.misuse(call, "missing file operand")),
            1 => {
                let message = format!("missing destination file operand after {}", quoted(&sources[0]));
                return Err(spec.misuse(call, &message));
            }
            _ => sources.pop().unwrap_or_default(),
        },
    };
    let has_directory = !options.has('T') && is_directory(call, &target);
    // busybox finds out about every file by itself.
    if !has_directory && (sources.len() > 1 || options.has('t')) && !is_busybox(call) {
        let what = if options.has('t') { "target directory" } else { "target" };
        let message = format!("{what} {}: {}", quoted(&target), missing_directory(call, &target));
        call.complain(&message);
        return Err(Stop::Exit(1));
    }
    let joins = has_directory || sources.len() > 1 || options.has('t');
    let place = |source: String| {
        let name = base_name(source.trim_end_matches('/'));
        let destination = if joins { join(&target, name) } else { target.clone() };
        (source, destination)
    };
    Ok(sources.into_iter().map(place).collect())
}

fn missing_directory(call: &mut Call<'_>, path: &str) -> &'static str {
    if call.files().stat(path).is_ok() { Errno::ENOTDIR.text() } else { Errno::ENOENT.text() }
}

/// Quotes a path as GNU does for a shell.
fn quoted(path: &str) -> String {
    format!("'{path}'")
}
