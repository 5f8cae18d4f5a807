//! Images: which programs and files they bring, their default program, user, variables and ports.
//!
//! What is known of an image is an entry of one of the [`tables`], found by repository and tag ([`reference`]). The files that
//! follow from an entry are laid out in [`layout`]. An image without an entry is taken for one that is built on Debian's slim
//! image and has no program of its own.

mod accounts;
mod layout;
mod os_release;
mod reference;
mod tables;

use kctl_base::sim::Time;

use crate::fs::Tree;
use crate::process::{Credentials, Signal};
use crate::world::ContainerConfig;
pub(crate) use layout::EXECUTABLE;
use reference::Reference;

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

/// The distribution that an image is built on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum System {
    /// Nothing but busybox.
    Busybox,
    /// Alpine Linux.
    Alpine,
    /// Debian, slim.
    Debian,
    /// Ubuntu.
    Ubuntu,
    /// Fedora.
    Fedora,
    /// Enterprise Linux: Oracle Linux, CentOS.
    EnterpriseLinux,
    /// Nothing.
    Scratch,
}

/// The versions that an image is published in.
#[derive(Debug)]
pub(crate) struct Versions {
    /// The version behind `latest`.
    pub(crate) latest: &'static str,
    /// The newest versions of older lines, newest first: `1.25` stands for the first that begins with it.
    pub(crate) lines: &'static [&'static str],
}

/// A file of an image beside those of its distribution.
#[derive(Debug)]
pub(crate) struct ImageFile {
    /// Absolute path.
    pub(crate) path: &'static str,
    /// Its kind.
    pub(crate) kind: FileKind,
}

/// The kind of an image file.
#[derive(Debug)]
pub(crate) enum FileKind {
    /// A regular file with a text, readable by all.
    Text(&'static str),
    /// A symbolic link.
    Link(&'static str),
    /// A directory with an owner: user id and mode.
    Directory(u32, u32),
}

/// The facts about an image.
#[derive(Debug)]
pub struct Image {
    /// Repositories without host: `nginx`, `e2e-test-images/agnhost`.
    pub(crate) names: &'static [&'static str],
    /// A part that the tag has to contain; empty for any tag.
    pub(crate) tag: &'static str,
    /// Whose programs it has.
    pub flavour: Flavour,
    /// The system that it is built on.
    pub(crate) system: System,
    /// The version behind `latest` in the registry of Kubernetes, if that has another one.
    pub(crate) latest_of_kubernetes: Option<&'static str>,
    /// Its versions; `{version}` in variables stands for the one of the tag.
    pub(crate) versions: Versions,
    /// Entrypoint.
    pub entrypoint: &'static [&'static str],
    /// Command, which `args` replace.
    pub command: &'static [&'static str],
    /// Working directory.
    pub working_dir: &'static str,
    /// User id; the group has the same.
    pub uid: u32,
    /// Name of the user, for an image that sets it by name instead of by number.
    pub user_name: &'static str,
    /// `PATH`.
    pub(crate) path: &'static str,
    /// Variables beside `PATH`.
    pub environment: &'static [(&'static str, &'static str)],
    /// TCP ports that it exposes.
    pub ports: &'static [u16],
    /// The signal that asks the main program to stop.
    pub stop_signal: Signal,
    /// Absolute paths of programs beside those of the distribution.
    pub(crate) programs: &'static [&'static str],
    /// Names of programs that it brings, too, but that are not simulated ([`crate::programs::stand_in`]).
    pub(crate) stand_ins: &'static [&'static str],
    /// Files beside those of the distribution.
    pub(crate) files: &'static [ImageFile],
    /// Lines of `/etc/passwd` beside those of the distribution: `nginx:101:/nonexistent:/bin/false`.
    pub(crate) users: &'static [&'static str],
    /// Lines of `/etc/group` beside those of the distribution and of its users: `staff:2000:alice,bob`.
    pub(crate) groups: &'static [&'static str],
}

impl Image {
    /// The search path of images that set none.
    pub const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    /// Returns what is known of the image of a reference.
    #[must_use]
    pub fn of(reference: &str) -> &'static Image {
        let reference = Reference::parse(reference);
        let is_it = |image: &&Image| image.names.contains(&reference.repository) && reference.tag.contains(image.tag);
        tables::all().find(is_it).unwrap_or_else(|| tables::of_publisher(reference))
    }

    /// Reports whether anything is known of the image of a reference.
    #[must_use]
    pub fn is_known(reference: &str) -> bool {
        !Image::of(reference).names.is_empty()
    }

    /// Reports whether the image brings a program of its own, which is named with its directory or without.
    #[must_use]
    pub fn brings(&self, program: &str) -> bool {
        let has_name = |path: &&str| path.rsplit('/').next() == Some(program);
        self.programs.iter().any(|path| *path == program || has_name(path))
    }

    /// Returns the version that a reference of this image stands for: `1.25.5` for `nginx:1.25`; empty if it is not known.
    #[must_use]
    pub fn version<'a>(&self, reference: &'a str) -> &'a str {
        let reference = Reference::parse(reference);
        let version = reference.version();
        let mut lines = std::iter::once(self.versions.latest).chain(self.versions.lines.iter().copied());
        let continues = |line: &&str| line.strip_prefix(version).is_some_and(|rest| rest.starts_with('.'));
        match version {
            "" if reference.is_of_kubernetes => self.latest_of_kubernetes.unwrap_or(self.versions.latest),
            "" => self.versions.latest,
            // The tags of such an image are not versions of what it is built on.
            _ if self.versions.lines.is_empty() && !self.versions.latest.is_empty() => self.versions.latest,
            _ => lines.find(continues).unwrap_or(version),
        }
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
    #[must_use]
    pub fn credentials(&self) -> Credentials {
        let mut groups = self.groups_of(self.uid);
        groups.push(self.uid);
        groups.sort_unstable();
        groups.dedup();
        Credentials { uid: self.uid, gid: self.uid, groups }
    }

    /// Returns the groups of which `/etc/group` of the image names a user as a member. Container runtimes add them to those of
    /// the first process, as Docker does.
    #[must_use]
    pub fn groups_of(&self, uid: u32) -> Vec<u32> {
        accounts::groups_of(self, uid)
    }

    /// Returns the variables of a process that is started from outside, in the order of the container runtime.
    pub(crate) fn environment(&self, config: &ContainerConfig) -> Vec<(String, String)> {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let version = self.version(&config.image);
        let mut variables = vec![pair("PATH", self.path), pair("HOSTNAME", &config.hostname)];
        variables.extend(self.environment.iter().filter_map(|(name, value)| {
            let is_known = !version.is_empty() || !value.contains('{');
            is_known.then(|| pair(name, &expand(value, version)))
        }));
        for (name, value) in &config.environment {
            match variables.iter_mut().find(|(n, _)| n == name) {
                Some((_, old)) => old.clone_from(value),
                None => variables.push(pair(name, value)),
            }
        }
        if !variables.iter().any(|(name, _)| name == "HOME") {
            // The container runtime takes it from /etc/passwd.
            let user = config.credentials.as_ref().map_or(self.uid, |credentials| credentials.uid);
            variables.push(pair("HOME", &accounts::home(self, user)));
        }
        variables
    }

    /// Creates the root file system of a container.
    pub(crate) fn root(&self, config: &ContainerConfig, now: Time) -> Tree {
        layout::root(self, config, now)
    }
}

/// Replaces `{version}`, `{minor}` (the first two numbers) and `{major}` in the value of a variable.
fn expand(value: &str, version: &str) -> String {
    let numbers: Vec<&str> = version.split('.').collect();
    let minor = numbers[..numbers.len().min(2)].join(".");
    value.replace("{version}", version).replace("{minor}", &minor).replace("{major}", numbers[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_found_by_repository_and_tag() {
        let cases = [
            ("nginx", Flavour::Gnu, "/docker-entrypoint.sh"),
            ("docker.io/library/nginx:1.25-alpine", Flavour::Busybox, "/docker-entrypoint.sh"),
            ("team/nginx:1", Flavour::Gnu, ""),
            ("registry.k8s.io/pause:3.10", Flavour::Distroless, "/pause"),
        ];
        for (reference, flavour, entrypoint) in cases {
            let image = Image::of(reference);
            let first = image.entrypoint.first().copied().unwrap_or_default();
            assert_eq!((image.flavour, first), (flavour, entrypoint), "{reference}");
        }
        assert!(Image::is_known("redis:7") && !Image::is_known("team/redis-proxy"));
    }

    #[test]
    fn publishers_have_a_user_of_their_own() {
        let cases = [
            ("bitnami/redis:7.2", 1001),
            ("docker.io/bitnamilegacy/postgresql:16", 1001),
            ("gcr.io/distroless/static-debian12:nonroot", 65532),
            ("gcr.io/distroless/static-debian12", 0),
            ("team/app:1", 0),
        ];
        for (reference, uid) in cases {
            assert_eq!(Image::of(reference).uid, uid, "{reference}");
        }
    }

    #[test]
    fn groups_of_the_image_are_those_of_its_user() {
        let groups = |reference: &str| Image::of(reference).credentials().groups;
        assert_eq!(groups("busybox"), [0, 10]);
        assert_eq!(groups("alpine"), [0, 1, 2, 3, 4, 6, 10, 11, 20, 26, 27]);
        assert_eq!(groups("nginx"), [0]);
        assert_eq!(Image::of("registry.k8s.io/e2e-test-images/agnhost:2.45").groups_of(1000), [50000]);
        assert!(Image::of("busybox").groups_of(1000).is_empty());
    }

    #[test]
    fn versions_follow_the_tag() {
        let cases = [("nginx:1.25", "1.25.5"), ("nginx:1.7.9", "1.7.9"), ("nginx:1.2", "1.2"), ("nginx:9-x", "9")];
        for (reference, version) in cases {
            assert_eq!(Image::of(reference).version(reference), version, "{reference}");
        }
        for reference in ["registry.k8s.io/busybox", "gcr.io/google-containers/busybox", "k8s.gcr.io/busybox:latest"] {
            assert_eq!(Image::of(reference).version(reference), "1.22.1", "{reference}");
        }
        assert_eq!(Image::of("nginx").version("nginx"), Image::of("nginx").versions.latest);
        assert_eq!(expand("v{version} {minor} {major}", "8.0.36"), "v8.0.36 8.0 8");
    }

    #[test]
    fn names_are_unique_and_entries_are_sound() {
        let mut seen = Vec::new();
        for image in tables::all() {
            for name in image.names {
                assert!(!seen.contains(&(*name, image.tag)), "{name} is listed twice");
                assert!(!seen.contains(&(*name, "")), "{name}:{} comes after any tag", image.tag);
                seen.push((*name, image.tag));
            }
            assert!(image.programs.iter().all(|path| path.starts_with('/')), "{:?}", image.names);
            assert!(image.working_dir.starts_with('/'), "{:?}", image.names);
        }
    }
}
