//! `cp` and `mv`.

use super::destination::destinations;
use super::join;
use crate::call::{Call, Stop};
use crate::errno::Errno;
use crate::fs::{NodeKind, Stat};
use crate::programs::opts::{Options, Spec, is_busybox};

const BUSYBOX_CP: Spec = Spec::new(
    "arPLHdRfinlsuTt:pv",
    &[],
    "[-arPLHpfinlsTu] SOURCE DEST\nor: cp [-arPLHpfinlsu] SOURCE... { -t DIRECTORY | DIRECTORY }",
);
const GNU_CP: Spec = Spec::new(
    "abdfHilLnPpRrst:Tuvxπ::",
    &[
        ("archive", 'a'),
        ("force", 'f'),
        ("interactive", 'i'),
        ("link", 'l'),
        ("dereference", 'L'),
        ("no-clobber", 'n'),
        ("no-dereference", 'P'),
        ("preserve", 'π'),
        ("recursive", 'R'),
        ("symbolic-link", 's'),
        ("target-directory", 't'),
        ("no-target-directory", 'T'),
        ("update", 'u'),
        ("verbose", 'v'),
    ],
    "[OPTION]... [-T] SOURCE DEST",
);
const BUSYBOX_MV: Spec =
    Spec::new("finuTt:v", &[], "[-finT] SOURCE DEST\nor: mv [-fin] SOURCE... { -t DIRECTORY | DIRECTORY }");
const GNU_MV: Spec = Spec::new(
    "bfint:Tuv",
    &[
        ("force", 'f'),
        ("interactive", 'i'),
        ("no-clobber", 'n'),
        ("target-directory", 't'),
        ("no-target-directory", 'T'),
        ("update", 'u'),
        ("verbose", 'v'),
    ],
    "[OPTION]... [-T] SOURCE DEST",
);

/// `cp`.
pub(super) fn cp(call: &mut Call<'_>) -> Result<i32, Stop> {
    let spec = if is_busybox(call) { BUSYBOX_CP } else { GNU_CP };
    let options = spec.parse(call)?;
    let moves = destinations(call, spec, &options)?;
    let mut copier = Copier::new(call, &options);
    for (source, destination) in moves {
        copier.copy(call, &source, &destination);
    }
    finish(call, copier)
}

/// `mv`.
pub(super) fn mv(call: &mut Call<'_>) -> Result<i32, Stop> {
    let spec = if is_busybox(call) { BUSYBOX_MV } else { GNU_MV };
    let options = spec.parse(call)?;
    let moves = destinations(call, spec, &options)?;
    let mut copier = Copier::new(call, &options);
    for (source, destination) in moves {
        copier.rename(call, &source, &destination);
    }
    finish(call, copier)
}

fn finish(call: &mut Call<'_>, copier: Copier) -> Result<i32, Stop> {
    call.print(&copier.out)?;
    Ok(i32::from(copier.has_failed))
}

struct Copier {
    is_recursive: bool,
    /// Links are copied as links.
    keeps_links: bool,
    /// Owner, permissions and time are copied.
    preserves: bool,
    never_replaces: bool,
    only_newer: bool,
    forces: bool,
    is_verbose: bool,
    makes_links: Option<char>,
    is_busybox: bool,
    /// The directory in its own original that is being filled.
    created: Option<Created>,
    out: String,
    has_failed: bool,
}

/// A copy of a directory that lies in the directory itself.
struct Created {
    tree: String,
    id: u64,
    source: String,
    destination: String,
}

impl Copier {
    fn new(call: &Call<'_>, options: &Options) -> Copier {
        let is_recursive = options.last_of("aRr").is_some();
        Copier {
            is_recursive,
            keeps_links: match options.last_of("LPdaH") {
                Some('L' | 'H') => false,
                Some(_) => true,
                None => is_recursive,
            },
            preserves: options.last_of("apπ").is_some(),
            never_replaces: options.last_of("fni") == Some('n'),
            only_newer: options.has('u'),
            forces: options.has('f'),
            is_verbose: options.has('v'),
            makes_links: options.last_of("ls"),
            is_busybox: is_busybox(call),
            created: None,
            out: String::new(),
            has_failed: false,
        }
    }

    fn fail(&mut self, call: &mut Call<'_>, busybox: &str, gnu: &str, errno: Errno) {
        self.has_failed = true;
        let what = if self.is_busybox { busybox } else { gnu };
        call.complain(&format!("{what}: {}", errno.text()));
    }

    fn complain(&mut self, call: &mut Call<'_>, busybox: &str, gnu: &str) {
        self.has_failed = true;
        call.complain(if self.is_busybox { busybox } else { gnu });
    }

    fn say(&mut self, source: &str, destination: &str) {
        if self.is_verbose {
            self.out.push_str(&format!("'{source}' -> '{destination}'\n"));
        }
    }

    fn copy(&mut self, call: &mut Call<'_>, source: &str, destination: &str) {
        let keeps_link = self.keeps_links;
        let stat = if keeps_link { call.files().lstat(source) } else { call.files().stat(source) };
        let stat = match stat {
            Ok(stat) => stat,
            Err(errno) => {
                return self.fail(call, &format!("can't stat '{source}'"), &format!("cannot stat '{source}'"), errno);
            }
        };
        if stat.node.is_directory() {
            return self.copy_directory(call, &stat, source, destination);
        }
        let existing = call.files().stat(destination);
        if let (Err(Errno::ENOTDIR), true) = (&existing, self.is_busybox) {
            return self.fail(call, &format!("can't stat '{destination}'"), "", Errno::ENOTDIR);
        }
        let existing = existing.ok();
        if let Some(existing) = &existing {
            if (existing.tree.as_str(), existing.id) == (stat.tree.as_str(), stat.id) {
                let gnu = format!("'{source}' and '{destination}' are the same file");
                return self.complain(call, &gnu, &gnu);
            }
            if existing.node.is_directory() {
                let gnu = format!("cannot overwrite directory '{destination}' with non-directory");
                return self.complain(call, &format!("can't create '{destination}': Is a directory"), &gnu);
            }
            let is_newer = stat.node.attributes.modified > existing.node.attributes.modified;
            if self.never_replaces || self.only_newer && !is_newer {
                return;
            }
        }
        match self.copy_content(call, &stat, source, destination) {
            Ok(()) => {
                self.say(source, destination);
                self.preserve(call, &stat, destination, existing.is_none());
            }
            Err(errno) => {
                let gnu = format!("cannot create regular file '{destination}'");
                self.fail(call, &format!("can't create '{destination}'"), &gnu, errno);
            }
        }
    }

    fn copy_content(&self, call: &mut Call<'_>, stat: &Stat, source: &str, destination: &str) -> Result<(), Errno> {
        if self.forces && call.files().lstat(destination).is_ok() && call.files().access(destination, 0o2).is_err() {
            call.files().unlink(destination)?;
        }
        match self.makes_links {
            Some('l') => return call.files().link(source, destination),
            Some(_) => return call.files().symlink(source, destination),
            None => {}
        }
        match &stat.node.kind {
            NodeKind::Link(target) => {
                if call.files().lstat(destination).is_ok() {
                    call.files().unlink(destination)?;
                }
                call.files().symlink(target, destination)
            }
            NodeKind::Fifo if self.is_recursive => {
                call.files().make_node(destination, NodeKind::Fifo, stat.node.attributes.mode)
            }
            NodeKind::File(_) => {
                let bytes = call.files().read(source)?;
                call.files().write(destination, &bytes)
            }
            // A device read to its end; those that have none are not copied.
            _ => call.files().write(destination, &[]),
        }
    }

    /// Gives a copy the permissions of its original, and with `-p` owner and time, too.
    fn preserve(&self, call: &mut Call<'_>, stat: &Stat, destination: &str, is_new: bool) {
        if matches!(stat.node.kind, NodeKind::Link(_)) || self.makes_links.is_some() {
            return;
        }
        let original = stat.node.attributes;
        let umask = call.process.umask;
        let is_root = call.process.credentials.uid == 0;
        let preserves = self.preserves;
        // The copy belongs to the process, so that this cannot fail but for a read-only mount, which writing has reported.
        let _ = call.files().set_attributes(destination, |attributes| {
            if preserves {
                let (uid, gid) = if is_root { (original.uid, original.gid) } else { (attributes.uid, attributes.gid) };
                *attributes = crate::fs::Attributes { uid, gid, ..original };
            } else if is_new {
                attributes.mode = original.mode & 0o777 & !umask;
            }
        });
    }

    fn copy_directory(&mut self, call: &mut Call<'_>, stat: &Stat, source: &str, destination: &str) {
        if !self.is_recursive {
            let busybox = format!("omitting directory '{source}'");
            let gnu = format!("-r not specified; omitting directory '{source}'");
            return self.complain(call, &busybox, &gnu);
        }
        let is_inside = self.created.is_none() && self.is_inside(call, source, destination);
        if let Some(place) =
            self.created.as_ref().filter(|place| (place.tree.as_str(), place.id) == (&stat.tree, stat.id))
        {
            let gnu = format!("cannot copy a directory, '{}', into itself, '{}'", place.source, place.destination);
            return self.complain(call, &format!("recursion detected, omitting directory '{source}'"), &gnu);
        }
        let is_new = match call.files().stat(destination) {
            Ok(existing) if existing.node.is_directory() => false,
            Ok(_) => {
                let gnu = format!("cannot overwrite non-directory '{destination}' with directory '{source}'");
                return self.complain(call, &format!("target '{destination}' is not a directory"), &gnu);
            }
            Err(_) => true,
        };
        if is_new && let Err(errno) = call.files().make_directory(destination, 0o777) {
            let gnu = format!("cannot create directory '{destination}'");
            return self.fail(call, &format!("can't create directory '{destination}'"), &gnu, errno);
        }
        if is_inside && let Ok(Stat { tree, id, .. }) = call.files().stat(destination) {
            self.created = Some(Created { tree, id, source: source.to_owned(), destination: destination.to_owned() });
        }
        let names = match call.files().list(source) {
            Ok(names) => names,
            Err(errno) => {
                let gnu = format!("cannot access '{source}'");
                return self.fail(call, &format!("can't open '{source}'"), &gnu, errno);
            }
        };
        self.say(source, destination);
        for name in names {
            self.copy(call, &join(source, &name), &join(destination, &name));
        }
        self.preserve(call, stat, destination, is_new);
    }

    /// Reports whether a path lies in a directory.
    fn is_inside(&self, call: &mut Call<'_>, directory: &str, path: &str) -> bool {
        let Ok(outer) = call.files().real_path(directory) else { return false };
        let parent = path.trim_end_matches('/').rsplit_once('/').map_or(".", |(parent, _)| parent);
        let inner = call
            .files()
            .real_path(path)
            .or_else(|_| call.files().real_path(if parent.is_empty() { "/" } else { parent }));
        inner.is_ok_and(|inner| inner == outer || inner.starts_with(&join(&outer, "")))
    }

    fn rename(&mut self, call: &mut Call<'_>, source: &str, destination: &str) {
        let stat = match call.files().lstat(source) {
            Ok(stat) => stat,
            Err(errno) => {
                return self.fail(call, &format!("can't rename '{source}'"), &format!("cannot stat '{source}'"), errno);
            }
        };
        let existing = call.files().lstat(destination);
        if let Err(Errno::ENOTDIR) = existing {
            let (busybox, gnu) = (format!("can't stat '{destination}'"), format!("cannot stat '{destination}'"));
            return self.fail(call, &busybox, &gnu, Errno::ENOTDIR);
        }
        if let Ok(existing) = existing {
            if (existing.tree.as_str(), existing.id) == (stat.tree.as_str(), stat.id) && source != destination {
                return;
            }
            if existing.id == stat.id && existing.tree == stat.tree && !self.is_busybox {
                let gnu = format!("'{source}' and '{destination}' are the same file");
                return self.complain(call, &gnu, &gnu);
            }
            let is_newer = stat.node.attributes.modified > existing.node.attributes.modified;
            if self.never_replaces || self.only_newer && !is_newer {
                return;
            }
        }
        match call.files().rename(source, destination) {
            Ok(()) => {
                if self.is_verbose {
                    let verb = if self.is_busybox { "" } else { "renamed " };
                    self.out.push_str(&format!("{verb}'{source}' -> '{destination}'\n"));
                }
            }
            Err(Errno::EXDEV) => self.move_between_trees(call, source, destination),
            Err(errno) => self.rename_failed(call, &stat, (source, destination), errno),
        }
    }

    fn rename_failed(&mut self, call: &mut Call<'_>, stat: &Stat, (source, destination): (&str, &str), errno: Errno) {
        let busybox = format!("can't rename '{source}'");
        let gnu = match errno {
            Errno::EINVAL => {
                let gnu = format!("cannot move '{source}' to a subdirectory of itself, '{destination}'");
                return self.complain(call, &format!("{busybox}: {}", errno.text()), &gnu);
            }
            Errno::EISDIR => {
                let gnu = format!("cannot overwrite directory '{destination}' with non-directory '{source}'");
                return self.complain(call, &format!("{busybox}: {}", errno.text()), &gnu);
            }
            Errno::ENOTDIR if stat.node.is_directory() => {
                let gnu = format!("cannot overwrite non-directory '{destination}' with directory '{source}'");
                return self.complain(call, &format!("{busybox}: {}", errno.text()), &gnu);
            }
            _ => format!("cannot move '{source}' to '{destination}'"),
        };
        self.fail(call, &busybox, &gnu, errno);
    }

    fn move_between_trees(&mut self, call: &mut Call<'_>, source: &str, destination: &str) {
        let mut copier = Copier {
            is_recursive: true,
            keeps_links: true,
            preserves: true,
            never_replaces: false,
            only_newer: false,
            forces: true,
            is_verbose: false,
            makes_links: None,
            is_busybox: self.is_busybox,
            created: None,
            out: String::new(),
            has_failed: false,
        };
        copier.copy(call, source, destination);
        self.has_failed |= copier.has_failed;
        if !copier.has_failed && !super::remove::tree(call, source) {
            self.has_failed = true;
        }
    }
}
