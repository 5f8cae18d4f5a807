//! Process namespaces: that of a container, which an ephemeral container may join, or one that all containers of the pod share
//! (`shareProcessNamespace`).

use super::{Container, World};
use crate::fs::Mount;
use crate::process::Pid;

/// The number of the process that holds a shared namespace.
pub(crate) const PAUSE: Pid = 1;
/// Numbers that the container runtime uses in a shared namespace before the first container runs.
const RUNTIME: Pid = 7;

impl World {
    /// Returns the number that the next process of a container gets.
    pub(crate) fn following_pid(&self, container: &str) -> Pid {
        let last = self.namespace(container).map(|(_, found)| found.last_pid).max().unwrap_or(0);
        let is_shared = self.containers.get(container).is_some_and(Container::shares_processes);
        1 + if is_shared { last.max(RUNTIME) } else { last }
    }

    /// Takes the number for the next process of a container.
    pub(crate) fn next_pid(&mut self, container: &str) -> Pid {
        let pid = self.following_pid(container);
        if let Some(found) = self.containers.get_mut(container) {
            found.last_pid = pid;
        }
        pid
    }

    /// Returns the containers whose processes a container sees, by name: itself, and those with which it shares.
    pub(crate) fn namespace<'a>(&'a self, container: &'a str) -> impl Iterator<Item = (&'a str, &'a Container)> {
        fn holder<'a>(name: &'a str, found: &'a Container) -> &'a str {
            found.config.process_namespace.as_deref().unwrap_or(name)
        }
        let own = self.containers.get(container).map_or(container, |found| holder(container, found));
        let all = self.containers.iter().map(|(name, found)| (name.as_str(), found));
        all.filter(move |(name, found)| holder(name, found) == own)
    }

    /// Returns the container of a process that another one sees.
    pub(crate) fn container_of(&self, container: &str, pid: Pid) -> Option<String> {
        let mut seen = self.namespace(container);
        seen.find(|(_, found)| found.processes.contains_key(&pid)).map(|(name, _)| name.to_owned())
    }

    /// Shows the files of a container that has just been started in `/proc/PID/root` of the others, and theirs to it.
    pub(super) fn share_roots(&mut self, container: &str) {
        let names: Vec<String> = self.namespace(container).map(|(name, _)| name.to_owned()).collect();
        if names.len() < 2 {
            return;
        }
        let links: Vec<Mount> = names.iter().filter_map(|name| self.link(name)).collect();
        for name in &names {
            let Some(found) = self.containers.get_mut(name) else { continue };
            let own = format!("/proc/{}/root", found.main);
            found.config.mounts.0.retain(|mount| !is_link(mount));
            found.config.mounts.0.extend(links.iter().filter(|link| link.path != own).cloned());
        }
    }

    /// Returns the mount that leads to the files of a container from the others.
    fn link(&self, container: &str) -> Option<Mount> {
        let found = self.containers.get(container)?;
        let root = found.config.mounts.0.first()?;
        Some(Mount { path: format!("/proc/{}/root", found.main), ..root.clone() })
    }
}

/// Reports whether a mount leads to the files of another container: lists of mounts do not have it.
pub(crate) fn is_link(mount: &Mount) -> bool {
    mount.path.starts_with("/proc/")
}
