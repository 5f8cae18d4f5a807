//! `/proc`: what the kernel tells about itself and its processes, as files that are made when a process may look at them.

use std::collections::BTreeMap;

use kctl_base::sim::Time;

use super::memory::NodeMemory;
use super::{Container, World, namespaces};
use crate::call::Call;
use crate::fs::{Attributes, Device, Mount, Mounts, NodeKind, Tree};
use crate::process::{Credentials, Pid, Process, State, Wait};

/// Bytes that the files may take.
const CAPACITY: u64 = 1 << 24;
/// Kernel of the node, as `uname` names it.
const VERSION: &str = "Linux version 6.12.0 #1 SMP PREEMPT_DYNAMIC\n";

/// Returns the mount at `/proc` of a container, and its tree.
pub(super) fn mount(container: &str, now: Time) -> (Mount, Tree) {
    let tree = empty(now);
    let mount = Mount {
        path: "/proc".into(),
        tree: key(container),
        node: tree.root(),
        is_read_only: false,
        source: "proc".into(),
        fs_type: "proc".into(),
    };
    (mount, tree)
}

fn key(container: &str) -> String {
    format!("proc/{container}")
}

fn empty(now: Time) -> Tree {
    Tree::new(Attributes::root(0o555, now), CAPACITY)
}

impl World {
    /// Removes the files of `/proc`, which nobody looks at any more.
    pub(super) fn clear_proc(&mut self) {
        for (name, container) in &mut self.containers {
            if let Some(tree) = self.trees.get_mut(&key(name)) {
                *tree = empty(container.started);
                remove_roots(container);
            }
        }
    }
}

/// Makes the files of `/proc` if a path, or the working directory, may lie there.
pub(crate) fn prepare(call: &mut Call<'_>, path: &str) {
    if may_mean(path) || call.process.cwd.starts_with("/proc") {
        make(call, None);
    }
}

/// Makes the files of `/proc` for a program that is about to start, if its arguments may name some. A parent that starts it just
/// now is not among the processes of the container.
pub(crate) fn prepare_for_arguments(call: &mut Call<'_>, parent: Option<&Process>) {
    let Process { argv, cwd, .. } = &*call.process;
    if argv.iter().any(|arg| may_mean(arg)) || cwd.starts_with("/proc") {
        make(call, parent);
    }
}

fn may_mean(path: &str) -> bool {
    path.contains("proc") || path.contains("/dev/fd")
}

fn make(call: &mut Call<'_>, parent: Option<&Process>) {
    let name = key(call.container);
    if !call.world.trees.contains_key(&name) {
        return;
    }
    remove_roots(call.container_mut());
    let tree = tree(call, parent);
    call.world.trees.insert(name, tree);
    let roots = roots(call);
    call.container_mut().config.mounts.0.extend(roots);
}

/// Returns the files of other containers below `/proc/PID/root`, for the processes of which the user of the process may see
/// that.
fn roots(call: &Call<'_>) -> Vec<Mount> {
    let uid = call.process.credentials.uid;
    let mut roots = Vec::new();
    for (_, other) in call.world.peers(call.container).filter(|(name, _)| *name != call.container) {
        for process in other.processes.values().filter(|process| uid == 0 || process.credentials.uid == uid) {
            let below =
                |mount: &Mount| Mount { path: format!("/proc/{}/root{}", process.pid, mount.path), ..mount.clone() };
            roots.extend(other.config.mounts.own().map(below));
        }
    }
    roots
}

fn remove_roots(container: &mut Container) {
    let mounts = &mut container.config.mounts;
    if mounts.own().count() < mounts.0.len() {
        *mounts = Mounts(mounts.own().cloned().collect());
    }
}

fn tree(call: &Call<'_>, parent: Option<&Process>) -> Tree {
    let container = call.container();
    let mut files = ProcFiles { tree: empty(container.started), now: call.now() };
    files.system(container, NodeMemory::of(call));
    for (name, other) in call.world.peers(call.container) {
        for process in other.processes.values() {
            files.process(other, process, process.pid, name == call.container);
        }
    }
    if call.world.shares_pod_processes(call.container) {
        files.sandbox(call);
    }
    // A process that is about to be started has no number yet.
    let last = call.world.peers(call.container).map(|(_, container)| container.last_pid).max().unwrap_or(0);
    let own = if call.process.pid == 0 { last + 1 } else { call.process.pid };
    if let Some(parent) = parent.filter(|parent| parent.pid != own) {
        files.process(container, parent, parent.pid, true);
    }
    files.process(container, call.process, own, true);
    files.descriptors(call, own);
    files.put("/self", NodeKind::Link(own.to_string()));
    files.put("/thread-self", NodeKind::Link(format!("{own}/task/{own}")));
    files.put("/mounts", NodeKind::Link("self/mounts".into()));
    files.tree
}

struct ProcFiles {
    tree: Tree,
    now: Time,
}

impl ProcFiles {
    fn put(&mut self, path: &str, kind: NodeKind) {
        let mode = match kind {
            NodeKind::Directory(_) => 0o555,
            NodeKind::Link(_) => 0o777,
            _ => 0o444,
        };
        // What does not fit is not there.
        let _ = self.tree.put(path, kind, Attributes::root(mode, self.now));
    }

    fn text(&mut self, path: &str, text: &str) {
        self.put(path, NodeKind::File(text.into()));
    }

    fn system(&mut self, container: &Container, memory: NodeMemory) {
        let config = &container.config;
        let uptime = (self.now - config.booted.unwrap_or(container.started)).micros() as f64 / 1e6;
        self.text("/uptime", &format!("{uptime:.2} {uptime:.2}\n"));
        self.text("/loadavg", &format!("0.00 0.00 0.00 1/{} {}\n", container.processes.len() + 1, container.last_pid));
        self.text("/version", VERSION);
        let lines = [
            ("MemTotal", memory.total),
            ("MemFree", memory.free()),
            ("MemAvailable", memory.free()),
            ("Buffers", 0),
            ("Cached", memory.files),
            ("SwapTotal", 0),
            ("SwapFree", 0),
            ("Shmem", memory.files),
        ];
        let line = |(name, bytes): (&str, u64)| format!("{:<16}{:>8} kB\n", format!("{name}:"), bytes / 1024);
        self.text("/meminfo", &lines.map(line).concat());
        let processor = |number| format!("processor\t: {number}\nmodel name\t: Virtual CPU\n\n");
        self.text("/cpuinfo", &(0..config.processors).map(processor).collect::<String>());
        self.text("/sys/kernel/hostname", &format!("{}\n", config.hostname));
        self.text("/sys/kernel/ostype", "Linux\n");
        self.text("/sys/kernel/pid_max", "4194304\n");
        self.text("/sys/net/core/somaxconn", "4096\n");
        for (name, value) in &config.sysctls {
            self.text(&format!("/sys/{}", name.replace('.', "/")), &format!("{value}\n"));
        }
        self.text("/filesystems", "nodev\tproc\nnodev\ttmpfs\nnodev\toverlay\n\text4\n");
    }

    /// Adds the first process of the namespace of the pod.
    fn sandbox(&mut self, call: &Call<'_>) {
        let (pid, uid) = (namespaces::SANDBOX, namespaces::SANDBOX_USER);
        let process = Process {
            parent: 0,
            argv: vec![namespaces::SANDBOX_PROGRAM.to_owned()],
            environment: Vec::new(),
            cwd: "/".to_owned(),
            credentials: Credentials { uid, gid: uid, groups: Vec::new() },
            state: State::Waiting(Wait::Forever),
            ..call.process.clone()
        };
        self.process(call.container(), &process, pid, false);
    }

    /// Adds a process of a container. The root directory of one of another container is a place for its files ([`roots`]).
    fn process(&mut self, container: &Container, process: &Process, pid: Pid, is_own: bool) {
        let joined = |words: &mut dyn Iterator<Item = String>| words.map(|word| word + "\0").collect::<String>();
        let path = process.argv.first().map_or("", String::as_str);
        let name: String = crate::programs::base_name(path).chars().take(15).collect();
        let environment = &mut process.environment.iter().map(|(name, value)| format!("{name}={value}"));
        self.text(&format!("/{pid}/cmdline"), &joined(&mut process.argv.iter().cloned()));
        self.text(&format!("/{pid}/environ"), &joined(environment));
        self.text(&format!("/{pid}/comm"), &format!("{name}\n"));
        self.text(&format!("/{pid}/cgroup"), "0::/\n");
        self.text(&format!("/{pid}/mounts"), &mounts(container));
        let state = match process.state {
            State::Zombie(_) => "Z (zombie)",
            State::Waiting(_) => "S (sleeping)",
            State::Ready => "R (running)",
        };
        let credentials = &process.credentials;
        let ids = |id: u32| format!("{id}\t{id}\t{id}\t{id}");
        let groups: String = credentials.groups.iter().map(|group| format!("{group} ")).collect();
        let status = format!(
            "Name:\t{name}\nUmask:\t{:04o}\nState:\t{state}\nTgid:\t{pid}\nPid:\t{pid}\nPPid:\t{}\nUid:\t{}\nGid:\t{}\nGroups:\t{groups}\nThreads:\t1\n{}",
            process.umask,
            process.parent,
            ids(credentials.uid),
            ids(credentials.gid),
            capabilities(container.config.capabilities, credentials.uid)
        );
        self.text(&format!("/{pid}/status"), &status);
        let root = container.config.mapped_root;
        let map = root.map_or((0, u32::MAX), |root| (root, 65_536));
        for file in ["uid_map", "gid_map"] {
            self.text(&format!("/{pid}/{file}"), &format!("{:>10} {:>10} {:>10}\n", 0, map.0, map.1));
        }
        // The initial namespace has a number of its own, which every kernel gives it.
        let namespace = root.map_or(0xEFFF_FFFD, |root| 0xF000_0000 + root / 65_536);
        self.put(&format!("/{pid}/ns/user"), NodeKind::Link(format!("user:[{namespace}]")));
        let cwd = if process.cwd.is_empty() { "/".to_owned() } else { process.cwd.clone() };
        self.put(&format!("/{pid}/cwd"), NodeKind::Link(cwd));
        let root = if is_own { NodeKind::Link("/".into()) } else { NodeKind::Directory(BTreeMap::new()) };
        self.put(&format!("/{pid}/root"), root);
        self.put(&format!("/{pid}/fd"), NodeKind::Directory(BTreeMap::new()));
    }

    /// Adds the open files of the process that looks.
    fn descriptors(&mut self, call: &Call<'_>, pid: Pid) {
        for descriptor in call.process.files.keys() {
            self.put(&format!("/{pid}/fd/{descriptor}"), NodeKind::Device(Device::Descriptor(*descriptor)));
        }
    }
}

/// Formats the lines of `status` with the capabilities of a process: those of the container for root, none for others.
fn capabilities(of_root: u64, uid: u32) -> String {
    let own = if uid == 0 { of_root } else { 0 };
    let sets = [("CapInh", 0), ("CapPrm", own), ("CapEff", own), ("CapBnd", of_root), ("CapAmb", 0)];
    sets.iter().map(|(name, set)| format!("{name}:\t{set:016x}\n")).collect()
}

/// Formats the mounts of a container as `/proc/mounts` does.
fn mounts(container: &Container) -> String {
    let line = |mount: &Mount| {
        let path = if mount.path.is_empty() { "/" } else { &mount.path };
        let mode = if mount.is_read_only { "ro" } else { "rw" };
        format!("{} {path} {} {mode},relatime 0 0\n", mount.source, mount.fs_type)
    };
    container.config.mounts.own().map(line).collect()
}
