//! Unpacks an archive into local files (`untarAll`).

use std::fs::{self, File};
use std::io;

use tar::{Archive, Entry};

use super::spec;
use crate::{CliError, CliResult, Ctx};
use kctl_base::field::quote;

/// Where the files of an archive go.
pub(super) struct Destination<'a> {
    /// What the names in the archive begin with.
    pub(super) prefix: &'a str,
    /// The local file or directory.
    pub(super) path: &'a str,
    /// The command that copies links, too; part of the first warning about one.
    pub(super) alternative: String,
}

/// Unpacks an archive. Nothing is written outside of the destination, and links are skipped with a warning.
///
/// # Errors
/// The archive is damaged, or a file cannot be written.
pub(super) fn unpack(ctx: &mut Ctx, archive: &[u8], destination: &Destination<'_>) -> CliResult<()> {
    let damaged = |error: io::Error| CliError::new(error.to_string());
    let mut has_warned = false;
    for entry in Archive::new(archive).entries().map_err(damaged)? {
        let mut entry = entry.map_err(damaged)?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let Some(rest) = name.strip_prefix(destination.prefix) else {
            return Err(CliError::new("tar contents corrupted"));
        };
        let path = spec::join(destination.path, &rest.replace('\\', "/"));
        if !spec::is_inside(destination.path, &path) {
            ctx.print_error(format!("warning: file {} is outside target destination, skipping", quote(&path)));
            continue;
        }
        create_directory(&spec::split(&path).0)?;
        let kind = entry.header().entry_type();
        if kind.is_dir() || name.ends_with('/') {
            create_directory(&path)?;
        } else if kind.is_symlink() {
            let target = entry.link_name_bytes().unwrap_or_default();
            let link = format!("{} -> {}", quote(&path), quote(&String::from_utf8_lossy(&target)));
            let advice = match std::mem::replace(&mut has_warned, true) {
                false => format!(" (consider using \"{}\")", destination.alternative),
                true => String::new(),
            };
            ctx.print_error(format!("warning: skipping symlink: {link}{advice}"));
        } else {
            write(&mut entry, &path)?;
        }
    }
    Ok(())
}

fn create_directory(path: &str) -> CliResult<()> {
    fs::create_dir_all(path).map_err(|error| CliError::io(format!("mkdir {path}"), error))
}

fn write(entry: &mut Entry<'_, &[u8]>, path: &str) -> CliResult<()> {
    let mut file = File::create(path).map_err(|error| CliError::io(format!("open {path}"), error))?;
    io::copy(entry, &mut file).map_err(|error| CliError::io(format!("write {path}"), error))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verbs::remote::cp::pack::pack;
    use kctl_cluster::{Cluster, OpenOptions};
    use tar::{Builder, EntryType, Header};
    use tempfile::TempDir;

    /// Unpacks an archive of `path` into `to`. Returns standard error and the message of the failure.
    fn unpacked(archive: &[u8], path: &str, to: &str) -> (String, String) {
        let mut ctx = Ctx::captured(&[], Cluster::open(OpenOptions::memory(1)).expect("a cluster"));
        let alternative = "kctl exec".into();
        let destination = Destination { prefix: &spec::archived(path), path: to, alternative };
        let result = unpack(&mut ctx, archive, &destination);
        let errors = ctx.err.drain(..).map(|(_, text)| text).collect();
        (errors, result.err().map(|error| error.text()).unwrap_or_default())
    }

    fn text(path: &std::path::Path) -> String {
        path.to_string_lossy().into_owned()
    }

    #[test]
    fn what_was_packed_is_unpacked_again() {
        let directory = TempDir::new().expect("a directory");
        let (from, to) = (directory.path().join("from"), directory.path().join("to"));
        fs::create_dir_all(from.join("sub/empty")).expect("directories");
        for (name, content) in [("a", "text"), ("sub/b", "\u{0}\u{1}"), ("sub/none", "")] {
            fs::write(from.join(name), content).expect("a file");
        }
        std::os::unix::fs::symlink("a", from.join("link")).expect("a link");
        let long = "n".repeat(150);
        fs::write(from.join(&long), "long").expect("a file");
        let archive = pack(&text(&from), "tmp/x").expect("an archive");
        let (err, failure) = unpacked(&archive, "/tmp/x", &text(&to));
        let link = text(&to.join("link"));
        let warning = format!("warning: skipping symlink: \"{link}\" -> \"a\" (consider using \"kctl exec\")\n");
        assert_eq!((err, failure), (warning, String::new()));
        assert_eq!(fs::read(to.join("a")).expect("a"), b"text");
        assert_eq!(fs::read(to.join("sub/b")).expect("b"), [0, 1]);
        assert_eq!(fs::read(to.join("sub/none")).expect("none"), b"");
        assert_eq!(fs::read(to.join(long)).expect("a long name"), b"long");
        assert!(to.join("sub/empty").is_dir() && !to.join("link").exists());
        // A single file goes to the path itself.
        let archive = pack(&text(&from.join("a")), "etc/a").expect("an archive");
        let target = directory.path().join("new/copy");
        assert_eq!(unpacked(&archive, "/etc/a", &text(&target)), (String::new(), String::new()));
        assert_eq!(fs::read(target).expect("a copy"), b"text");
    }

    /// An archive of one file with any name.
    fn forged(name: &[u8], kind: EntryType) -> Vec<u8> {
        let mut header = Header::new_gnu();
        header.as_old_mut().name[..name.len()].copy_from_slice(name);
        header.set_entry_type(kind);
        header.set_size(4);
        header.set_mode(0o644);
        header.set_cksum();
        let mut archive = Builder::new(Vec::new());
        archive.append(&header, &b"evil"[..]).expect("memory takes all");
        archive.into_inner().expect("memory takes all")
    }

    #[test]
    fn nothing_is_written_outside_of_the_destination() {
        let directory = TempDir::new().expect("a directory");
        let to = directory.path().join("to");
        for name in ["tmp/x/../../evil", "tmp/x/a/../../evil", "tmp/x/../to2/evil"] {
            let (err, failure) = unpacked(&forged(name.as_bytes(), EntryType::Regular), "/tmp/x", &text(&to));
            assert!(err.ends_with(" is outside target destination, skipping\n"), "{name}: {err}");
            assert_eq!(failure, "", "{name}");
        }
        for name in ["/tmp/x/evil", "evil", "../evil"] {
            let (_, failure) = unpacked(&forged(name.as_bytes(), EntryType::Regular), "/tmp/x", &text(&to));
            assert_eq!(failure, "tar contents corrupted", "{name}");
        }
        // Relative to the directory of the command, nothing is absolute either.
        assert_eq!(unpacked(&forged(b"/tmp/x", EntryType::Regular), "/", &text(&to)).1, "");
        assert_eq!(fs::read(to.join("tmp/x")).expect("below the destination"), b"evil");
        let found: Vec<_> = fs::read_dir(&directory).expect("entries").map(|e| e.expect("one").file_name()).collect();
        assert_eq!(found, ["to"]);
    }

    #[test]
    fn a_damaged_archive_is_an_error() {
        let to = TempDir::new().expect("a directory");
        let archive = forged(b"tmp/x/a", EntryType::Regular);
        let (_, failure) = unpacked(&archive[..514], "/tmp/x", &text(to.path()));
        assert_ne!(failure, "");
        let (_, failure) = unpacked(&[7; 1024], "/tmp/x", &text(to.path()));
        assert_ne!(failure, "");
        assert_eq!(unpacked(&[], "/tmp/x", &text(to.path())), (String::new(), String::new()));
    }
}
