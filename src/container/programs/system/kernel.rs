//! Programs that ask the kernel for something: `chroot` and `sysctl`.

use crate::call::{Call, Stop};
use crate::errno::Errno;
use crate::image::Image;
use crate::programs::opts::{Spec, is_busybox};
use crate::programs::{child, find_on_path};

const CHROOT: Spec = Spec::new("+", &[], "NEWROOT [PROG ARGS]").code(125);
const SYSCTL: Spec =
    Spec::new("aAenqw", &[("all", 'a'), ("values", 'n'), ("ignore", 'e'), ("write", 'w')], "[-neq] KEY[=VALUE]...");

/// `chroot`. A program below another root directory than that of the container is not simulated; mostly there is none.
pub(super) fn chroot(call: &mut Call<'_>) -> Result<i32, Stop> {
    let mut argv = CHROOT.parse(call)?.operands;
    if argv.is_empty() {
        return Err(CHROOT.misuse(call, "missing operand"));
    }
    let root = argv.remove(0);
    if let Err(errno) = enter(call, &root) {
        let cannot = if is_busybox(call) { "can't" } else { "cannot" };
        call.complain(&format!("{cannot} change root directory to '{root}': {}", errno.text()));
        return Ok(if is_busybox(call) { 1 } else { 125 });
    }
    if argv.is_empty() {
        argv = vec![call.process.variable("SHELL").unwrap_or("/bin/sh").to_owned(), "-i".to_owned()];
    }
    let real = call.files().real_path(&root).unwrap_or_default();
    if real == "/" {
        "/".clone_into(&mut call.process.cwd);
        return Err(child::exec(call, argv));
    }
    let search = call.process.variable("PATH").unwrap_or(Image::DEFAULT_PATH).to_owned();
    let (name, search) = match argv[0].starts_with('/') {
        true => (format!("{real}{}", argv[0]), String::new()),
        false => {
            let below: Vec<String> = search.split(':').map(|directory| format!("{real}{directory}")).collect();
            (argv[0].clone(), below.join(":"))
        }
    };
    match find_on_path(call, &search, &name) {
        Ok(_) => {
            call.complain("not simulated: a program below another root directory");
            Ok(125)
        }
        Err(errno) => Err(child::not_started(call, &argv[0], errno)),
    }
}

/// Checks that a process may make a directory its root.
fn enter(call: &mut Call<'_>, root: &str) -> Result<(), Errno> {
    match call.files().stat(root) {
        Ok(stat) if !stat.node.is_directory() => Err(Errno::ENOTDIR),
        Ok(_) if call.process.credentials.uid != 0 => Err(Errno::EPERM),
        found => found.map(drop),
    }
}

/// `sysctl`: what lies in `/proc/sys`. Nothing there can be changed in a container.
pub(super) fn sysctl(call: &mut Call<'_>) -> Result<i32, Stop> {
    let options = SYSCTL.parse(call)?;
    if options.has('a') || options.has('A') {
        let mut keys = Vec::new();
        collect(call, "/proc/sys", &mut keys);
        for key in keys {
            show(call, &key, options.has('n'))?;
        }
        return Ok(0);
    }
    let mut code = 0;
    for key in &options.operands {
        let (key, value) = key.split_once('=').map_or((key.as_str(), None), |(key, value)| (key, Some(value)));
        let key = key.replace('/', ".");
        if call.files().stat(&path(&key)).is_err() {
            code = 1;
            if !options.has('e') {
                call.complain(&match is_busybox(call) {
                    true => format!("error: '{}' is an unknown key", key.replace('.', "/")),
                    false => format!("cannot stat {}: No such file or directory", path(&key)),
                });
            }
        } else if value.is_some() {
            code = 1;
            call.complain(&match is_busybox(call) {
                true => format!("error setting key '{key}': Read-only file system"),
                false => format!("setting key \"{key}\": Read-only file system"),
            });
        } else {
            show(call, &key, options.has('n'))?;
        }
    }
    Ok(code)
}

fn path(key: &str) -> String {
    format!("/proc/sys/{}", key.replace('.', "/"))
}

fn show(call: &mut Call<'_>, key: &str, is_bare: bool) -> Result<(), Stop> {
    let text = call.files().read(&path(key)).unwrap_or_default();
    let text = String::from_utf8_lossy(&text).into_owned();
    call.print(if is_bare { text } else { format!("{key} = {text}") })
}

/// Collects the keys below a directory in their order.
fn collect(call: &mut Call<'_>, directory: &str, keys: &mut Vec<String>) {
    for name in call.files().list(directory).unwrap_or_default() {
        let path = format!("{directory}/{name}");
        match call.files().stat(&path) {
            Ok(stat) if stat.node.is_directory() => collect(call, &path, keys),
            _ => keys.push(path["/proc/sys/".len()..].replace('/', ".")),
        }
    }
}
