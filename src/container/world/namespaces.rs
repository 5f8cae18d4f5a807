//! Process namespaces: which processes those of a container see, and their numbers.

use serde::{Deserialize, Serialize};

use super::{Container, World};
use crate::process::Pid;

/// The first process of the namespace that the containers of a pod share: that of its sandbox.
pub(crate) const SANDBOX: Pid = 1;
/// User of that process, which `ps` shows.
pub(crate) const SANDBOX_USER: u32 = 65_535;
/// Program of that process.
pub(crate) const SANDBOX_PROGRAM: &str = "/pause";
/// The numbers that the container runtime takes in an existing namespace before a main process gets its own.
const RUNTIME_PIDS: Pid = 6;

/// Whose processes those of a container see.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProcessNamespace {
    /// Its own.
    #[default]
    Container,
    /// Those of all containers of the pod that share theirs, and of the sandbox.
    Pod,
    /// Those of another container.
    Target(String),
}

impl World {
    /// Returns the name of the container that a process namespace belongs to; `None` for that of the pod.
    fn namespace_of<'a>(&'a self, container: &'a str) -> Option<&'a str> {
        match self.containers.get(container).map(|found| &found.config.process_namespace) {
            Some(ProcessNamespace::Pod) => None,
            Some(ProcessNamespace::Target(target)) => match self.containers.get(target) {
                Some(found) if found.config.process_namespace == ProcessNamespace::Pod => None,
                _ => Some(target),
            },
            Some(ProcessNamespace::Container) | None => Some(container),
        }
    }

    /// Reports whether a container is in the namespace of its pod.
    pub(crate) fn shares_pod_processes(&self, container: &str) -> bool {
        self.namespace_of(container).is_none()
    }

    /// Returns the containers with the process namespace of a container, that one included.
    pub(crate) fn peers<'a>(&'a self, container: &'a str) -> impl Iterator<Item = (&'a String, &'a Container)> {
        let namespace = self.namespace_of(container);
        self.containers.iter().filter(move |(name, _)| self.namespace_of(name) == namespace)
    }

    /// Returns the container in the namespace of `container` that has a process.
    pub(crate) fn holder(&self, container: &str, pid: Pid) -> Option<String> {
        self.peers(container).find(|(_, found)| found.processes.contains_key(&pid)).map(|(name, _)| name.clone())
    }

    /// Takes the number of a new process of a container.
    pub(crate) fn take_pid(&mut self, container: &str) -> Pid {
        let last = self.peers(container).map(|(_, found)| found.last_pid).max().unwrap_or(0);
        let is_first = self.containers.get(container).is_some_and(|found| found.last_pid == 0);
        let joins = is_first && self.containers[container].config.process_namespace != ProcessNamespace::Container;
        let pid = match joins {
            true => last.max(SANDBOX) + RUNTIME_PIDS + 1,
            false => last + 1,
        };
        if let Some(found) = self.containers.get_mut(container) {
            found.last_pid = pid;
        }
        pid
    }

    /// Returns the containers whose processes end with those of a container, because they are in its namespace.
    pub(super) fn dependents(&self, container: &str) -> Vec<String> {
        let is_target = |found: &Container| match &found.config.process_namespace {
            ProcessNamespace::Target(target) => target == container && !self.shares_pod_processes(container),
            _ => false,
        };
        let running = self.containers.iter().filter(|(_, found)| found.exit.is_none() && is_target(found));
        running.map(|(name, _)| name.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::{Signal, Status};
    use crate::shell::tests::{Nowhere, config, start};

    /// Creates a world with a server and a shell that sees its processes.
    fn world(server: ProcessNamespace, shell: ProcessNamespace) -> World {
        let mut world = World::new(start());
        let nginx = config("nginx", &[]);
        world.start(&mut Nowhere(1), "a", crate::ContainerConfig { process_namespace: server, ..nginx });
        let sh = config("busybox", &["sh", "-c", "sleep 1000; true"]);
        world.start(&mut Nowhere(1), "b", crate::ContainerConfig { process_namespace: shell, ..sh });
        world
    }

    fn sh(world: &mut World, script: &str) -> String {
        let argv = ["sh", "-c", script].map(String::from);
        let session = world.exec(&mut Nowhere(1), "b", &argv, false, false).expect("a shell");
        world.run(&mut Nowhere(1), world.now, 10_000);
        let output = world.take_output(session).into_iter().flat_map(|(_, bytes)| bytes).collect();
        String::from_utf8(output).expect("text")
    }

    #[test]
    fn containers_of_a_pod_share_its_processes() {
        let mut world = world(ProcessNamespace::Pod, ProcessNamespace::Pod);
        world.run(&mut Nowhere(1), start(), 10_000);
        let text = sh(&mut world, "ps | cut -c1-14,22-");
        let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
        assert_eq!(lines[1..3], ["    1 65535   /pause", "    8 root    nginx: master process nginx -g daemon off;"]);
        assert!(lines.iter().any(|line| line.contains("worker process")), "{text}");
        assert_eq!(sh(&mut world, "head -n 2 /proc/8/root/etc/nginx/nginx.conf | tail -n 1"), "user  nginx;\n");
        assert_eq!(sh(&mut world, "cd /proc/8/root/usr/share/nginx; pwd; ls"), "/proc/8/root/usr/share/nginx\nhtml\n");
        assert_eq!(sh(&mut world, "mount | grep -c /proc/8"), "0\n");
        let workers = |world: &mut World| sh(world, "pgrep -f 'worker process'");
        let before = workers(&mut world);
        assert_eq!(sh(&mut world, "kill -HUP 8; kill -0 8; kill -0 1; echo $?"), "0\n");
        assert_ne!(workers(&mut world), before);
        assert_eq!(world.containers["a"].exit, None);
        assert_eq!(sh(&mut world, "kill 99"), "sh: can't kill pid 99: No such process\n");
        sh(&mut world, "kill 8");
        assert_eq!(world.containers["a"].exit.map(|exit| exit.status), Some(Status::Exited(0)));
        assert_eq!(world.containers["b"].exit, None);
    }

    #[test]
    fn a_container_sees_the_processes_of_its_target_and_ends_with_it() {
        let mut world = world(ProcessNamespace::Container, ProcessNamespace::Target("a".into()));
        world.run(&mut Nowhere(1), start(), 10_000);
        assert!(sh(&mut world, "ps").contains("    1 root      0:00 nginx: master process"));
        assert_eq!(sh(&mut world, "ls /proc/1/root/usr/share/nginx"), "html\n");
        world.kill("a");
        assert_eq!(world.containers["b"].exit.map(|exit| exit.status), Some(Status::Killed(Signal::Kill)));
    }

    #[test]
    fn other_containers_see_their_own_processes_only() {
        let mut world = world(ProcessNamespace::Container, ProcessNamespace::Container);
        world.run(&mut Nowhere(1), start(), 10_000);
        assert!(!sh(&mut world, "ps").contains("nginx"));
        assert_eq!(sh(&mut world, "kill 40; echo $?"), "sh: can't kill pid 40: No such process\n1\n");
    }
}
