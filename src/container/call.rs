//! System calls: how programs and the shell act on the world.

use std::collections::BTreeMap;

use kctl_base::sim::Time;

use crate::errno::{Errno, SysResult};
use crate::fs::{Device, Files, NodeKind};
use crate::image::Image;
use crate::network::{Listener, Surroundings};
use crate::process::{OpenMode, Pid, Process, Signal, State, Status, Target, Wait};
use crate::world::{Container, World};

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
    /// What lies outside of the pod.
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

    /// Reads at most `limit` bytes from a descriptor; an empty result is the end.
    ///
    /// # Errors
    /// [`Stop::Wait`] while there is nothing to read. An error of the file is reported as a result, by its number.
    pub(crate) fn read(&mut self, descriptor: i32, limit: usize) -> Result<SysResult<Vec<u8>>, Stop> {
        let Some(id) = self.process.files.get(&descriptor).copied() else { return Ok(Err(Errno::EBADF)) };
        let wait = Stop::Wait(Wait::Input(descriptor));
        let Some(file) = self.world.files.get_mut(&id) else { return Ok(Err(Errno::EBADF)) };
        match &mut file.target {
            Target::File { at, offset, mode } => {
                if !matches!(mode, OpenMode::Read | OpenMode::ReadWrite) {
                    return Ok(Err(Errno::EBADF));
                }
                let node = self.world.trees.get(&at.tree).map(|tree| tree.node(at.node));
                let content = match node {
                    Some(Ok(node)) => match &node.kind {
                        NodeKind::File(content) => content.as_slice(),
                        NodeKind::Directory(_) => return Ok(Err(Errno::EISDIR)),
                        _ => &[],
                    },
                    // The volume is gone.
                    _ => &[],
                };
                let rest = content.get(*offset as usize..).unwrap_or_default();
                let bytes = rest[..rest.len().min(limit)].to_vec();
                *offset += bytes.len() as u64;
                Ok(Ok(bytes))
            }
            Target::Device(Device::Zero | Device::Full) => Ok(Ok(vec![0; limit])),
            Target::Device(Device::Random) => {
                let draw = |_| self.surroundings.random().to_le_bytes();
                Ok(Ok((0..limit.div_ceil(8)).flat_map(draw).take(limit).collect()))
            }
            Target::Device(_) => Ok(Ok(Vec::new())),
            Target::PipeReader(pipe) => {
                let Some(pipe) = self.world.pipes.get_mut(pipe) else { return Ok(Ok(Vec::new())) };
                match pipe.take(limit) {
                    Some(bytes) => {
                        self.world.effects.has_moved_bytes = true;
                        Ok(Ok(bytes))
                    }
                    None => Err(wait),
                }
            }
            Target::Input(session) => match self.world.sessions.get_mut(session) {
                Some(session) => match session.input.take(limit) {
                    Some(bytes) => Ok(Ok(bytes)),
                    None => Err(wait),
                },
                None => Ok(Ok(Vec::new())),
            },
            Target::PipeWriter(_) | Target::Log(_) | Target::Output(..) => Ok(Err(Errno::EBADF)),
        }
    }

    /// Writes bytes to a descriptor.
    ///
    /// # Errors
    /// `EBADF`, `ENOSPC`; `EPIPE` when nobody reads from the pipe, after which the process is ended by the signal unless it
    /// ignores it.
    pub(crate) fn write(&mut self, descriptor: i32, bytes: &[u8]) -> SysResult<()> {
        let id = *self.process.files.get(&descriptor).ok_or(Errno::EBADF)?;
        let now = self.world.now;
        let World { files, trees, pipes, sessions, containers, effects, .. } = &mut *self.world;
        match &mut files.get_mut(&id).ok_or(Errno::EBADF)?.target {
            Target::File { at, offset, mode } => {
                let tree = trees.get_mut(&at.tree).ok_or(Errno::ENOENT)?;
                match mode {
                    OpenMode::Read => return Err(Errno::EBADF),
                    OpenMode::Append => *offset = tree.node(at.node)?.size(),
                    OpenMode::Write | OpenMode::ReadWrite => {}
                }
                tree.write(at.node, *offset, bytes, now)?;
                *offset += bytes.len() as u64;
                Ok(())
            }
            Target::Device(Device::Full) => Err(Errno::ENOSPC),
            Target::Device(_) => Ok(()),
            Target::PipeWriter(pipe) => match pipes.get_mut(pipe).filter(|pipe| pipe.is_writable()) {
                Some(pipe) => {
                    pipe.push(bytes);
                    effects.has_moved_bytes = true;
                    Ok(())
                }
                None => {
                    if !self.process.pending.contains(&Signal::Pipe) {
                        self.process.pending.push(Signal::Pipe);
                    }
                    Err(Errno::EPIPE)
                }
            },
            Target::Log(stream) => {
                let stream = *stream;
                if let Some(container) = containers.get_mut(self.container) {
                    container.log.write(now, stream, bytes);
                }
                self.world.show_attached(self.container, stream, bytes);
                Ok(())
            }
            Target::Output(session, stream) => {
                if let Some(session) = sessions.get_mut(session) {
                    session.output.push((*stream, bytes.to_vec()));
                }
                Ok(())
            }
            Target::PipeReader(_) | Target::Input(_) => Err(Errno::EBADF),
        }
    }

    /// Reads standard input to its end.
    ///
    /// # Errors
    /// [`Stop::Wait`] until the end is there; nothing is consumed before. [`Stop::Exit`] with 1 after a message about a file
    /// that cannot be read.
    pub(crate) fn stdin(&mut self) -> Result<Vec<u8>, Stop> {
        if !self.is_complete(0) {
            return Err(Stop::Wait(Wait::InputEnd(0)));
        }
        match self.read(0, usize::MAX)? {
            Ok(bytes) => {
                if !bytes.is_empty() {
                    // Takes the end, which on a terminal is not that of the next reader.
                    let _ = self.read(0, 1)?;
                }
                Ok(bytes)
            }
            Err(errno) => {
                self.complain(&format!("read error: {}", errno.text()));
                Err(Stop::Exit(1))
            }
        }
    }

    /// Reports whether everything that a descriptor will ever give is there.
    pub(crate) fn is_complete(&self, descriptor: i32) -> bool {
        self.world.buffer_of(self.process, descriptor).is_none_or(|buffer| buffer.is_complete())
    }

    /// Sets the offset of the regular file behind a descriptor; without an effect on anything else.
    pub(crate) fn seek(&mut self, descriptor: i32, to: u64) {
        let Some(id) = self.process.files.get(&descriptor) else { return };
        if let Some(Target::File { offset, .. }) = self.world.files.get_mut(id).map(|file| &mut file.target) {
            *offset = to;
        }
    }

    /// Returns the size of the regular file behind a descriptor; `None` for anything else.
    pub(crate) fn size_of(&self, descriptor: i32) -> Option<u64> {
        let Target::File { at, .. } = &self.world.files.get(self.process.files.get(&descriptor)?)?.target else {
            return None;
        };
        self.world.trees.get(&at.tree)?.node(at.node).ok().map(crate::fs::Node::size)
    }

    /// Writes to standard output.
    ///
    /// # Errors
    /// [`Stop::Exit`] with 1, after a message, when nothing can be written.
    pub(crate) fn print(&mut self, bytes: impl AsRef<[u8]>) -> Result<(), Stop> {
        match self.write(1, bytes.as_ref()) {
            Ok(()) => Ok(()),
            Err(Errno::EPIPE) => Err(Stop::Exit(Status::Killed(Signal::Pipe).code())),
            Err(errno) => {
                self.complain(&format!("write error: {}", errno.text()));
                Err(Stop::Exit(1))
            }
        }
    }

    /// Writes `NAME: message` and a line end to standard error.
    pub(crate) fn complain(&mut self, message: &str) {
        self.warn(format!("{}: {message}\n", self.name()));
    }

    /// Writes to standard error.
    pub(crate) fn warn(&mut self, text: impl AsRef<[u8]>) {
        // Like a real program it cannot report that standard error is closed.
        let _ = self.write(2, text.as_ref());
    }

    /// Opens what a path leads to for reading, on the lowest free descriptor.
    ///
    /// # Errors
    /// Those of [`Files::resolve`] and `EACCES`.
    pub(crate) fn open(&mut self, path: &str, mode: OpenMode, truncate: bool) -> SysResult<i32> {
        let at = match mode {
            OpenMode::Read => {
                let files = self.files();
                let at = files.resolve(path)?;
                files.access(path, 0o4)?;
                at
            }
            _ => self.files().open_for_writing(path, 0o666, truncate)?,
        };
        let device = match &self.files().node(&at)?.kind {
            NodeKind::Device(device) => Some(*device),
            NodeKind::Fifo => {
                let id = self.world.open_named_pipe(&at.tree, at.node, mode == OpenMode::Read);
                return Ok(self.attach(id));
            }
            _ => None,
        };
        let target = match device {
            Some(Device::Descriptor(descriptor)) => return self.duplicate(descriptor),
            Some(device) => Target::Device(device),
            None => {
                if let Some(tree) = self.world.trees.get_mut(&at.tree) {
                    tree.hold(at.node);
                }
                Target::File { at: at.into(), offset: 0, mode }
            }
        };
        let id = self.world.add_file(target);
        Ok(self.attach(id))
    }

    /// Creates a pipe; returns the descriptors of its reading and its writing end.
    pub(crate) fn pipe(&mut self) -> (i32, i32) {
        let (reader, writer) = self.world.add_pipe();
        (self.attach(reader), self.attach(writer))
    }

    /// Duplicates a descriptor on the lowest free one.
    ///
    /// # Errors
    /// `EBADF`.
    pub(crate) fn duplicate(&mut self, descriptor: i32) -> SysResult<i32> {
        let id = *self.process.files.get(&descriptor).ok_or(Errno::EBADF)?;
        self.world.retain_file(id);
        Ok(self.attach(id))
    }

    /// Duplicates a descriptor on the lowest free one from `first` on.
    ///
    /// # Errors
    /// `EBADF`.
    pub(crate) fn duplicate_above(&mut self, descriptor: i32, first: i32) -> SysResult<i32> {
        let id = *self.process.files.get(&descriptor).ok_or(Errno::EBADF)?;
        self.world.retain_file(id);
        Ok(self.attach_above(id, first))
    }

    /// Creates a pipe on descriptors from `first` on; returns those of its reading and its writing end.
    pub(crate) fn pipe_above(&mut self, first: i32) -> (i32, i32) {
        let (reader, writer) = self.world.add_pipe();
        (self.attach_above(reader, first), self.attach_above(writer, first))
    }

    /// Reports whether a descriptor leads to the terminal of a session.
    pub(crate) fn is_tty(&self, descriptor: i32) -> bool {
        let file = self.process.files.get(&descriptor).and_then(|id| self.world.files.get(id));
        match file.map(|file| &file.target) {
            Some(Target::Input(session) | Target::Output(session, _)) => {
                self.world.sessions.get(session).is_some_and(|session| session.has_tty)
            }
            Some(Target::Device(Device::Tty)) => true,
            Some(Target::Log(_)) => self.container().config.has_tty,
            _ => false,
        }
    }

    /// Makes `to` a duplicate of `from`; closes what was `to` before (`dup2`).
    ///
    /// # Errors
    /// `EBADF`.
    pub(crate) fn duplicate_to(&mut self, from: i32, to: i32) -> SysResult<()> {
        let id = *self.process.files.get(&from).ok_or(Errno::EBADF)?;
        if from != to {
            self.world.retain_file(id);
            self.close(to);
            self.process.files.insert(to, id);
        }
        Ok(())
    }

    /// Closes a descriptor, if it is open.
    pub(crate) fn close(&mut self, descriptor: i32) {
        if let Some(id) = self.process.files.remove(&descriptor) {
            self.world.release_file(id);
        }
    }

    /// Adds a process to the container; it gets copies of the descriptors. Returns its number.
    pub(crate) fn spawn(&mut self, mut child: Process) -> Pid {
        for id in child.files.values() {
            self.world.retain_file(*id);
        }
        let parent = self.process.pid;
        let now = self.world.now;
        let container = self.container_mut();
        child.pid = container.next_pid();
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
        let target = self.container_mut().processes.get_mut(&pid).ok_or(Errno::ESRCH)?;
        if uid != 0 && target.credentials.uid != uid {
            return Err(Errno::EPERM);
        }
        target.pending.push(signal);
        self.world.effects.woken.push(pid);
        Ok(())
    }

    /// Listens on a TCP port.
    pub(crate) fn listen(&mut self, listener: Listener) {
        self.process.listeners.push(listener);
    }

    fn attach(&mut self, id: u64) -> i32 {
        self.attach_above(id, 0)
    }

    fn attach_above(&mut self, id: u64, first: i32) -> i32 {
        let files: &BTreeMap<i32, u64> = &self.process.files;
        let free = (first..).find(|descriptor| !files.contains_key(descriptor)).unwrap_or(i32::MAX);
        self.process.files.insert(free, id);
        free
    }
}
