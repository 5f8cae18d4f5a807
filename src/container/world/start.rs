//! The start of containers and of processes from outside.

use std::collections::BTreeMap;

use super::container::MAIN;
use super::{Container, ContainerConfig, Log, Stream, UnknownProgram, World, mount_points, terminal};
use crate::call::Call;
use crate::fs::{Mount, Tree};
use crate::image::Image;
use crate::network::Surroundings;
use crate::process::{Pid, Process, State, Target};
use crate::programs::{self, Task};

/// Reports whether the main program is the shell of an image that gets nothing to do: it would end at once, for which nobody
/// starts a container. Such a container counts as a service.
fn is_idle_shell(config: &ContainerConfig, argv: &[String]) -> bool {
    let has_command = !config.command.is_empty() || !config.args.is_empty();
    let is_shell = argv.first().is_some_and(|program| programs::is_shell(programs::base_name(program)));
    is_shell && argv.len() == 1 && !has_command && !config.has_stdin
}

impl World {
    /// Creates a container, replacing an ended one of the same name, and starts its main process.
    pub fn start(&mut self, surroundings: &mut dyn Surroundings, name: &str, mut config: ContainerConfig) {
        let image = Image::of(&config.image);
        let root = format!("root/{name}");
        let mut tree: Tree = image.root(&config, self.now);
        mount_points::prepare(&mut tree, &mut config.mounts, &self.trees, self.now);
        let mount = Mount {
            path: String::new(),
            tree: root.clone(),
            node: tree.root(),
            is_read_only: config.is_root_read_only,
            source: "overlay".into(),
            fs_type: "overlay".into(),
        };
        let (proc, proc_tree) = super::proc::mount(name, self.now);
        self.trees.insert(proc.tree.clone(), proc_tree);
        config.mounts.0.insert(0, proc);
        config.mounts.0.insert(0, mount);
        self.trees.insert(root, tree);
        let argv = image.argv(&config.command, &config.args);
        let is_idle = is_idle_shell(&config, &argv);
        let unknown = config.unknown_program;
        let container = Container {
            config,
            started: self.now,
            log: Log::default(),
            exit: None,
            processes: BTreeMap::new(),
            last_pid: 0,
            attached: Vec::new(),
            main_input: None,
        };
        self.containers.insert(name.to_owned(), container);
        let mut process = self.new_process(name, &argv);
        let mut call = Call { world: self, container: name, process: &mut process, surroundings };
        let task = match programs::load(&mut call) {
            Ok(_) if is_idle => Task::UnknownService,
            Ok(task) => task,
            Err(_) => match unknown {
                UnknownProgram::Service => Task::UnknownService,
                UnknownProgram::Task => Task::UnknownBatch(None),
            },
        };
        process.task = task;
        let has_tty = self.containers[name].config.has_tty;
        if has_tty {
            terminal::set_type(&mut process);
        }
        let errors = if has_tty { Stream::Out } else { Stream::Err };
        let streams = [self.main_input(name), Target::Log(Stream::Out), Target::Log(errors)];
        for (descriptor, target) in (0..).zip(streams) {
            let file = self.add_file(target);
            process.files.insert(descriptor, file);
        }
        self.add_process(name, process);
    }

    /// Opens the standard input of a main process: nothing, unless the container is created with an open one.
    fn main_input(&mut self, name: &str) -> Target {
        let config = &self.containers[name].config;
        if !config.has_stdin {
            return Target::Device(crate::fs::Device::Null);
        }
        let input = self.add_main_input(name, config.has_tty);
        if let Some(container) = self.containers.get_mut(name) {
            container.main_input = Some(input);
        }
        Target::Input(input)
    }

    /// Creates a process with the user, variables and working directory of a container.
    pub(super) fn new_process(&self, container: &str, argv: &[String]) -> Process {
        let config = &self.containers[container].config;
        let image = Image::of(&config.image);
        Process {
            pid: 0,
            parent: 0,
            argv: argv.to_vec(),
            environment: image.environment(config),
            cwd: config.working_dir.clone().unwrap_or_else(|| image.working_dir.to_owned()),
            credentials: config.credentials.clone().unwrap_or_else(|| image.credentials()),
            umask: 0o022,
            files: BTreeMap::new(),
            task: Task::Plain,
            next: None,
            state: State::Ready,
            started: self.now,
            pending: Vec::new(),
            ignored: Vec::new(),
            session: None,
            listeners: Vec::new(),
        }
    }

    /// Adds a process to a container; returns its number.
    pub(super) fn add_process(&mut self, container: &str, mut process: Process) -> Pid {
        let container =
            self.containers.get_mut(container).unwrap_or_else(|| unreachable!("the container was found before"));
        process.pid = container.next_pid();
        debug_assert!(process.pid >= MAIN);
        let pid = process.pid;
        container.processes.insert(pid, process);
        pid
    }
}
