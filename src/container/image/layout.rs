//! The root file system that follows from an entry of the tables.

use std::collections::BTreeMap;

use kctl_base::sim::Time;

use super::reference::Reference;
use super::{FileKind, Flavour, Image, System, accounts, os_release};
use crate::fs::{Attributes, Device, NodeKind, Tree};
use crate::world::ContainerConfig;

/// The programs of the distributions: lines `DIRECTORY: NAMES`.
const BUSYBOX: &str = include_str!("lists/busybox.txt");
const ALPINE: &str = include_str!("lists/alpine.txt");
const DEBIAN: &str = include_str!("lists/debian.txt");

/// The content of a program file: the magic number of an executable.
pub(crate) const EXECUTABLE: &str = "\x7fELF";

/// Directories of every image.
const DIRECTORIES: [&str; 7] = ["/dev/pts", "/dev/shm", "/etc", "/proc", "/sys", "/tmp", "/var"];
/// Directories of those that have a shell.
const SHELL_DIRECTORIES: [&str; 2] = ["/home", "/root"];
/// Directories of distributions.
const SYSTEM_DIRECTORIES: [&str; 6] = ["/mnt", "/opt", "/run", "/srv", "/var/log", "/var/tmp"];
const DEVICES: [(&str, Device); 7] = [
    ("/dev/null", Device::Null),
    ("/dev/zero", Device::Zero),
    ("/dev/full", Device::Full),
    ("/dev/random", Device::Random),
    ("/dev/urandom", Device::Random),
    ("/dev/tty", Device::Tty),
    ("/dev/ptmx", Device::Tty),
];
const DESCRIPTORS: [(&str, i32); 3] = [("/dev/stdin", 0), ("/dev/stdout", 1), ("/dev/stderr", 2)];
/// Where `/bin` and its like lead since Debian and Fedora have only one directory of programs.
const MERGED: [(&str, &str); 3] = [("/bin", "usr/bin"), ("/sbin", "usr/sbin"), ("/lib", "usr/lib")];
/// Programs of Debian that are links, with their targets.
const DEBIAN_LINKS: [(&str, &str); 6] = [
    ("/usr/bin/sh", "dash"),
    ("/usr/bin/awk", "/etc/alternatives/awk"),
    ("/etc/alternatives/awk", "/usr/bin/mawk"),
    ("/usr/bin/which", "/etc/alternatives/which"),
    ("/etc/alternatives/which", "/usr/bin/which.debianutils"),
    ("/var/run", "/run"),
];

struct Builder {
    tree: Tree,
    now: Time,
}

/// Creates the root of a container.
pub(super) fn root(image: &Image, config: &ContainerConfig, now: Time) -> Tree {
    let tree = Tree::new(Attributes::root(0o755, now), config.root_capacity);
    let mut builder = Builder { tree, now };
    builder.base(image);
    // Before what lies in them: they may have an owner.
    for file in image.files.iter().filter(|file| matches!(file.kind, FileKind::Directory(..))) {
        builder.file(file.path, &file.kind);
    }
    builder.programs(image);
    builder.texts(image, config);
    for file in image.files {
        builder.file(file.path, &file.kind);
    }
    builder.tree
}

impl Builder {
    fn put(&mut self, path: &str, kind: NodeKind, mode: u32, uid: u32) {
        // The files of an image are few and small, so that they fit; the directories of their paths are created before them.
        let _ = self.tree.put(path, kind, Attributes { uid, gid: uid, ..Attributes::root(mode, self.now) });
    }

    fn directory(&mut self, path: &str, mode: u32, uid: u32) {
        self.put(path, NodeKind::Directory(BTreeMap::new()), mode, uid);
    }

    fn text(&mut self, path: &str, text: &str) {
        self.put(path, NodeKind::File(text.into()), 0o644, 0);
    }

    fn link(&mut self, path: &str, target: &str) {
        self.put(path, NodeKind::Link(target.to_owned()), 0o777, 0);
    }

    fn program(&mut self, path: &str) {
        self.put(path, NodeKind::File(EXECUTABLE.into()), 0o755, 0);
    }

    fn file(&mut self, path: &str, kind: &FileKind) {
        match kind {
            FileKind::Text(text) => self.text(path, text),
            FileKind::Link(target) => self.link(path, target),
            FileKind::Directory(uid, mode) => self.directory(path, *mode, *uid),
        }
    }

    fn base(&mut self, image: &Image) {
        let has_shell = image.flavour != Flavour::Distroless;
        let shell = SHELL_DIRECTORIES.iter().filter(|_| has_shell);
        let system = SYSTEM_DIRECTORIES.iter().filter(|_| has_shell && image.system != System::Busybox);
        for path in DIRECTORIES.iter().chain(shell).chain(system) {
            let mode = match *path {
                "/tmp" | "/var/tmp" | "/dev/shm" => 0o1777,
                "/root" => 0o700,
                "/proc" | "/sys" => 0o555,
                _ => 0o755,
            };
            self.directory(path, mode, 0);
        }
        for (path, device) in DEVICES {
            self.put(path, NodeKind::Device(device), 0o666, 0);
        }
        for (path, descriptor) in DESCRIPTORS {
            self.put(path, NodeKind::Device(Device::Descriptor(descriptor)), 0o666, 0);
        }
        self.link("/dev/fd", "/proc/self/fd");
    }

    fn programs(&mut self, image: &Image) {
        match (image.flavour, image.system) {
            (Flavour::Distroless, _) => {}
            (Flavour::Busybox, System::Alpine) => self.alpine(),
            (Flavour::Busybox, _) => self.busybox(),
            (Flavour::Gnu, _) => self.gnu(),
        }
        for path in image.programs {
            self.program(path);
        }
    }

    /// Lays the programs of the busybox image: hard links to one file.
    fn busybox(&mut self) {
        self.program("/bin/busybox");
        let bin = self.tree.entry(self.tree.root(), "bin").and_then(|bin| Ok((bin, self.tree.entry(bin, "busybox")?)));
        if let Ok((bin, busybox)) = bin {
            for (_, name) in entries(BUSYBOX).filter(|(_, name)| *name != "busybox") {
                // There are no other files in the new directory.
                let _ = self.tree.link(bin, name, busybox);
            }
        }
        self.link("/usr/bin/env", "../../bin/env");
        self.directory("/usr/sbin", 0o755, 1);
        self.directory("/var/spool/mail", 0o755, 8);
        self.directory("/var/www", 0o755, 33);
    }

    /// Lays the programs of Alpine: symbolic links to busybox.
    fn alpine(&mut self) {
        self.program("/bin/busybox");
        for (directory, name) in entries(ALPINE) {
            self.link(&format!("{directory}/{name}"), "/bin/busybox");
        }
        for path in ["/sbin/apk", "/usr/bin/getent", "/usr/bin/getconf"] {
            self.program(path);
        }
        self.directory("/media", 0o755, 0);
        self.link("/var/run", "/run");
    }

    fn gnu(&mut self) {
        for directory in ["/usr/bin", "/usr/sbin", "/usr/lib", "/usr/local/bin", "/usr/local/sbin", "/boot", "/media"] {
            self.directory(directory, 0o755, 0);
        }
        for (path, target) in MERGED {
            self.link(path, target);
        }
        for (directory, name) in entries(DEBIAN) {
            self.program(&format!("{directory}/{name}"));
        }
        for (path, target) in DEBIAN_LINKS {
            self.link(path, target);
        }
    }

    fn texts(&mut self, image: &Image, config: &ContainerConfig) {
        let reference = Reference::parse(&config.image);
        if let Some(text) = os_release::of(image.system, &reference, image.is_system()) {
            self.text("/usr/lib/os-release", &text);
            self.link("/etc/os-release", "../usr/lib/os-release");
        }
        if let Some((users, groups)) = accounts::of(image) {
            self.text("/etc/passwd", &users);
            self.text("/etc/group", &groups);
        }
        if image.flavour != Flavour::Distroless && image.system != System::Busybox {
            self.text(
                "/etc/nsswitch.conf",
                "passwd:         files\ngroup:          files\nshadow:         files\n\nhosts:          files dns\n",
            );
            self.text("/etc/shells", "/bin/sh\n");
        }
        self.text("/etc/hostname", &format!("{}\n", config.hostname));
        self.text("/etc/hosts", &config.hosts);
        self.text("/etc/resolv.conf", &config.resolv_conf);
        if !config.termination_message_path.is_empty() {
            self.put(&config.termination_message_path, NodeKind::File("".into()), 0o666, 0);
        }
    }
}

impl Image {
    /// Reports whether the image is that of a distribution, whose tag is its release.
    fn is_system(&self) -> bool {
        self.programs.is_empty()
            && self.names.iter().any(|n| matches!(*n, "debian" | "ubuntu" | "alpine" | "fedora" | "centos"))
    }
}

/// Returns directory and name of each program of a list.
fn entries(list: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let lines = list.lines().filter_map(|line| line.split_once(": "));
    lines.flat_map(|(directory, names)| names.split(' ').map(move |name| (directory, name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_list_only_programs_that_can_be_run() {
        // Interpreters serve with some arguments only.
        let interpreters =
            ["/usr/bin/python3", "/usr/local/bin/python", "/usr/local/bin/python3", "/usr/local/bin/node"];
        let targets = DEBIAN_LINKS.iter().map(|(_, target)| *target).chain(interpreters).collect::<Vec<_>>();
        let is_alive = |path: &String| targets.contains(&path.as_str()) || crate::programs::can_run(path);
        let lists = [BUSYBOX, ALPINE, DEBIAN];
        let listed = lists.into_iter().flat_map(entries).map(|(directory, name)| format!("{directory}/{name}"));
        let own = super::super::tables::all().flat_map(|image| image.programs).map(|path| (*path).to_owned());
        let mut dead: Vec<String> = listed.chain(own).filter(|path| !is_alive(path)).collect();
        dead.sort_unstable();
        dead.dedup();
        assert!(dead.is_empty(), "{} programs are listed, but cannot be run:\n{}", dead.len(), dead.join("\n"));
    }
    use crate::world::UnknownProgram;

    fn config(image: &str) -> ContainerConfig {
        ContainerConfig {
            image: image.into(),
            command: Vec::new(),
            args: Vec::new(),
            environment: Vec::new(),
            working_dir: None,
            credentials: None,
            mounts: crate::fs::Mounts::default(),
            is_root_read_only: false,
            root_capacity: 1 << 30,
            hostname: "web".into(),
            fqdn: None,
            address: "10.244.1.2".into(),
            resolv_conf: "nameserver 10.96.0.10\n".into(),
            hosts: "127.0.0.1\tlocalhost\n".into(),
            termination_message_path: "/dev/termination-log".into(),
            memory_limit: None,
            cpu_limit: None,
            memory: 1 << 30,
            processors: 2,
            booted: None,
            ports: Vec::new(),
            declared_http: None,
            unknown_program: UnknownProgram::Service,
            capabilities: 0,
            mapped_root: None,
            has_stdin: false,
            has_tty: false,
            sysctls: Vec::new(),
            process_namespace: crate::world::ProcessNamespace::Container,
        }
    }

    /// Returns the node at a path, following links of directories only where the layout has them.
    fn find<'a>(tree: &'a Tree, path: &str) -> Option<&'a NodeKind> {
        let mut at = tree.root();
        for part in path.split('/').filter(|part| !part.is_empty()) {
            at = tree.entry(at, part).ok()?;
        }
        tree.node(at).ok().map(|node| &node.kind)
    }

    #[test]
    fn images_have_the_programs_of_their_distribution() {
        let cases: &[(&str, &[&str], &[&str])] = &[
            (
                "busybox",
                &["/bin/sh", "/bin/wget", "/usr/bin/env", "/etc/passwd"],
                &["/usr/bin/curl", "/etc/os-release"],
            ),
            ("alpine", &["/bin/sh", "/usr/bin/wget", "/sbin/apk", "/etc/os-release"], &["/bin/bash", "/usr/bin/curl"]),
            (
                "nginx",
                &["/usr/bin/curl", "/usr/bin/bash", "/usr/sbin/nginx", "/var/log/nginx/access.log"],
                &["/usr/bin/ps", "/usr/bin/ping", "/usr/bin/wget", "/usr/bin/vi", "/usr/bin/busybox"],
            ),
            (
                "registry.k8s.io/pause:3.10",
                &["/pause", "/dev/null", "/etc/hosts"],
                &["/bin/sh", "/etc/passwd", "/usr/bin"],
            ),
            ("company/app:1", &["/usr/bin/sh", "/bin"], &["/usr/bin/curl"]),
        ];
        for (image, present, absent) in cases {
            let tree = Image::of(image).root(&config(image), Time::from_secs(0));
            for path in *present {
                assert!(find(&tree, path).is_some(), "{image} lacks {path}");
            }
            for path in *absent {
                assert!(find(&tree, path).is_none(), "{image} has {path}");
            }
        }
    }

    #[test]
    fn variables_begin_like_those_of_the_runtime() {
        let mut config = config("nginx:1.25");
        config.environment = vec![("A".into(), "1".into())];
        let variables = Image::of(&config.image).environment(&config);
        let lines: Vec<String> = variables.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let path = format!("PATH={}", Image::DEFAULT_PATH);
        assert_eq!(
            lines,
            [&path, "HOSTNAME=web", "NGINX_VERSION=1.25.5", "PKG_RELEASE=1~bookworm", "A=1", "HOME=/root"]
        );
    }
}
