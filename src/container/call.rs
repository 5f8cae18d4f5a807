//! System calls: how programs and the shell act on the world.

use kctl_base::sim::Time;

use crate::errno::{Errno, SysResult};
use crate::fs::Files;
use crate::image::Image;
use crate::network::{Listener, Surroundings};
use crate::process::{Pid, Process, Signal, State, Status, Wait};
use crate::world::{Container, World, namespaces};

/// Why a program leaves off before its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// It has to wait; it is called again after that, a program without a state of its own from its start.
    Wait(Wait),
    /// It has ended with a code.
    Exit(i32),
}

/// A process that is being run, and all that it can reach. While it runs it is not in the table of its container.
pub struct Call<'a> {
    pub(crate) world: &'a mut World,
    pub(crate) container: &'a str,
    pub(crate) process: &'a mut Process,
    /// The surroundings of the pod.
    pub(crate) surroundings: &'a mut dyn Surroundings,
}

impl Call<'_> {
    /// Returns the name by which the program was called, without directories.
    pub(crate) fn name(&self) -> &str {
        let path = self.process.argv.first().map_or("", String::as_str);
        path.rsplit('/').next().unwrap_or(path)
    }

    /// Returns the arguments after the name. They are copied, so that the program can go on calling.
    pub(crate) fn args(&self) -> Vec<String> {
        self.process.argv.iter().skip(1).cloned().collect()
    }

    /// Returns the present instant.
    pub(crate) fn now(&self) -> Time {
        self.world.now
    }

    /// Returns the container.
    pub(crate) fn container(&self) -> &Container {
        &self.world.containers[self.container]
    }

    /// Returns the container.
    pub(crate) fn container_mut(&mut self) -> &mut Container {
        let name = self.container;
        self.world.containers.get_mut(name).unwrap_or_else(|| unreachable!("a process runs in a container that exists"))
    }

    /// Ends the container for want of memory; returns what the program leaves off with.
    pub(crate) fn run_out_of_memory(&mut self) -> Stop {
        self.world.run_out_of_memory(self.container);
        Stop::Exit(Status::Killed(Signal::Kill).code())
    }

    /// Returns rows and columns of the terminal of the process; `None` without a terminal.
    pub(crate) fn terminal_size(&self) -> Option<(u16, u16)> {
        let session = self.process.session.or(self.container().main_input)?;
        let session = self.world.sessions.get(&session)?;
        session.has_tty.then(|| session.size.unwrap_or((24, 80)))
    }

    /// Returns the image of the container.
    pub(crate) fn image(&self) -> &'static Image {
        Image::of(&self.container().config.image)
    }

    /// Returns the files as the process sees them.
    pub(crate) fn files(&mut self) -> Files<'_> {
        let World { now, trees, containers, .. } = &mut *self.world;
        Files {
            trees,
            mounts: &containers[self.container].config.mounts,
            cwd: &self.process.cwd,
            credentials: &self.process.credentials,
            umask: self.process.umask,
            now: *now,
        }
    }

    /// Adds a process to the container; it gets copies of the descriptors. Returns its number.
    pub(crate) fn spawn(&mut self, mut child: Process) -> Pid {
        for id in child.files.values() {
            self.world.retain_file(*id);
        }
        let parent = self.process.pid;
        let now = self.world.now;
        child.pid = self.world.take_pid(self.container);
        let container = self.container_mut();
        child.parent = parent;
        child.started = now;
        child.state = State::Ready;
        let pid = child.pid;
        container.processes.insert(pid, child);
        self.world.effects.woken.push(pid);
        pid
    }

    /// Removes a child that has ended and returns how; `None` while it runs.
    ///
    /// # Errors
    /// `ECHILD` when it is no child of the process.
    pub(crate) fn reap(&mut self, child: Pid) -> SysResult<Option<Status>> {
        let own = self.process.pid;
        let processes = &mut self.container_mut().processes;
        let found = processes.get(&child).filter(|process| process.parent == own).ok_or(Errno::ECHILD)?;
        let State::Zombie(status) = found.state else { return Ok(None) };
        processes.remove(&child);
        Ok(Some(status))
    }

    /// Removes children that have ended and that nobody will ask for: those for which `is_known` is false.
    pub(crate) fn reap_strangers(&mut self, is_known: impl Fn(Pid) -> bool) {
        let own = self.process.pid;
        self.container_mut().processes.retain(|pid, process| {
            process.parent != own || !matches!(process.state, State::Zombie(_)) || is_known(*pid)
        });
    }

    /// Sends a signal to a process of the container.
    ///
    /// # Errors
    /// `ESRCH`, `EPERM`.
    pub(crate) fn kill(&mut self, pid: Pid, signal: Signal) -> SysResult<()> {
        if pid == self.process.pid {
            self.process.pending.push(signal);
            return Ok(());
        }
        let uid = self.process.credentials.uid;
        let Some(holder) = self.world.holder(self.container, pid) else {
            return self.signal_sandbox(pid, uid);
        };
        let target = self.world.containers.get_mut(&holder).and_then(|found| found.processes.get_mut(&pid));
        let target = target.ok_or(Errno::ESRCH)?;
        if uid != 0 && target.credentials.uid != uid {
            return Err(Errno::EPERM);
        }
        target.pending.push(signal);
        match holder == self.container {
            true => self.world.effects.woken.push(pid),
            false => self.world.effects.woken_elsewhere.push((holder, pid)),
        }
        Ok(())
    }

    /// Signals the sandbox, to which no signal from inside of its namespace means anything here.
    fn signal_sandbox(&self, pid: Pid, uid: u32) -> SysResult<()> {
        match pid == namespaces::SANDBOX && self.world.shares_pod_processes(self.container) {
            true if uid == 0 || uid == namespaces::SANDBOX_USER => Ok(()),
            true => Err(Errno::EPERM),
            false => Err(Errno::ESRCH),
        }
    }

    /// Reports whether the process sees another.
    pub(crate) fn sees(&self, pid: Pid) -> bool {
        pid == self.process.pid
            || self.world.holder(self.container, pid).is_some()
            || self.signal_sandbox(pid, 0).is_ok()
    }

    /// Listens on a TCP port.
    pub(crate) fn listen(&mut self, listener: Listener) {
        self.process.listeners.push(listener);
    }
}
