//! Images: the files that everybody relies on, the default program, user and variables.

use std::collections::BTreeMap;

use kctl_base::sim::Time;

use crate::fs::{Attributes, Device, NodeKind, Tree};
use crate::process::Credentials;
use crate::world::ContainerConfig;

/// Whose programs an image has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavour {
    /// busybox, with ash (busybox, alpine and what is built on them).
    Busybox,
    /// GNU, with dash as `sh` and bash (Debian, Ubuntu and what is built on them).
    Gnu,
    /// No shell and no programs but its own.
    Distroless,
}

/// What is known of an image, by the last part of its repository.
#[derive(Debug)]
pub struct Image {
    /// Last parts of the repositories.
    pub names: &'static [&'static str],
    /// Whose programs it has.
    pub flavour: Flavour,
    /// Entrypoint and command.
    pub entrypoint: &'static [&'static str],
    /// Command, which `args` replace.
    pub command: &'static [&'static str],
    /// Working directory.
    pub working_dir: &'static str,
    /// User id.
    pub uid: u32,
    /// Variables beside `PATH`.
    pub environment: &'static [(&'static str, &'static str)],
}

const IMAGES: &[Image] = &[];

/// What is assumed of an image that is not listed.
const OTHER: Image = Image {
    names: &[],
    flavour: Flavour::Gnu,
    entrypoint: &[],
    command: &[],
    working_dir: "/",
    uid: 0,
    environment: &[],
};

impl Image {
    /// The search path of images that set none.
    pub const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    /// Returns what is known of the image of a reference.
    #[must_use]
    pub fn of(reference: &str) -> &'static Image {
        let name = reference.rsplit('/').next().unwrap_or(reference);
        let name = name.split([':', '@']).next().unwrap_or(name);
        IMAGES.iter().find(|image| image.names.contains(&name)).unwrap_or(&OTHER)
    }

    /// Returns name and arguments of the main program; empty when the image has none that is known.
    pub(crate) fn argv(&self, command: &[String], args: &[String]) -> Vec<String> {
        let own = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        match (command.is_empty(), args.is_empty()) {
            (false, _) => [command, args].concat(),
            (true, false) => [own(self.entrypoint), args.to_vec()].concat(),
            (true, true) => [own(self.entrypoint), own(self.command)].concat(),
        }
    }

    /// Returns the user of the image.
    pub(crate) fn credentials(&self) -> Credentials {
        Credentials { uid: self.uid, gid: self.uid, groups: vec![self.uid] }
    }

    /// Returns the variables of a process that is started from outside, in the order of the container runtime.
    pub(crate) fn environment(&self, config: &ContainerConfig) -> Vec<(String, String)> {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut variables = vec![pair("PATH", Image::DEFAULT_PATH), pair("HOSTNAME", &config.hostname)];
        variables.extend(self.environment.iter().map(|(name, value)| pair(name, value)));
        for (name, value) in &config.environment {
            match variables.iter_mut().find(|(n, _)| n == name) {
                Some((_, old)) => old.clone_from(value),
                None => variables.push(pair(name, value)),
            }
        }
        variables
    }

    /// Creates the root file system of a container.
    pub(crate) fn root(&self, config: &ContainerConfig, now: Time) -> Tree {
        let mut tree = Tree::new(Attributes::root(0o755, now), config.root_capacity);
        let mut put = |path: &str, kind: NodeKind, mode: u32| {
            // The files of an image are few, and fit.
            let _ = tree.put(path, kind, Attributes::root(mode, now));
        };
        for directory in ["/bin", "/dev", "/etc", "/home", "/proc", "/root", "/tmp", "/usr/bin", "/var"] {
            put(directory, NodeKind::Directory(BTreeMap::new()), if directory == "/tmp" { 0o1777 } else { 0o755 });
        }
        for (path, device) in [("/dev/null", Device::Null), ("/dev/zero", Device::Zero)] {
            put(path, NodeKind::Device(device), 0o666);
        }
        put("/etc/hostname", NodeKind::File(format!("{}\n", config.hostname).as_str().into()), 0o644);
        for name in crate::programs::names() {
            put(&format!("/bin/{name}"), NodeKind::File("".into()), 0o755);
        }
        tree
    }
}
