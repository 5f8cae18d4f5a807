//! Simple commands.

use super::builtins::{self, Builtin};
use super::expand::{Assigned, PendingAssignment};
use super::frame::{FrameKind, Function};
use super::pending::Pending;
use super::redirect::FIRST_PRIVATE;
use super::syntax::Dialect;
use super::variables::Value;
use super::{Interrupt, Shell, Step};
use crate::call::{Call, Stop};
use crate::errno::Errno;
use crate::process::{Process, State, Wait};
use crate::programs::{self, Task};

impl Shell {
    /// Runs the simple command whose parts are on the stack.
    pub(super) fn run(&mut self, call: &mut Call<'_>) -> Step {
        let args = std::mem::take(&mut self.stack.args);
        let assignments = std::mem::take(&mut self.stack.assignments);
        let redirects = std::mem::take(&mut self.stack.redirects);
        call.world.spend();
        if self.options.has('x') {
            self.trace(call, &assignments, &args);
        }
        let Some(name) = args.first().cloned() else { return self.assign_only(call, assignments, &redirects) };
        let has_no_alias = std::mem::take(&mut self.stack.has_no_alias);
        if let Some(value) = self.alias_of(&name).filter(|_| !has_no_alias) {
            let words: Vec<String> = args[1..].iter().map(|arg| super::trace::quote(arg, true)).collect();
            let text = format!("{value} {}", words.join(" "));
            return self.run_alias(call, name, text, assignments, &redirects);
        }
        let function = self.functions.get(&name).cloned();
        let builtin = builtins::find(&name, self.dialect);
        let is_special = builtin.is_some_and(|builtin| builtin.is_special);
        if let Some(builtin) = builtin.filter(|builtin| builtin.is_special || function.is_none()) {
            return self.run_with_builtin(call, builtin, args, assignments, &redirects);
        }
        if !redirects.is_empty() && !self.open(call, &redirects) {
            return self.redirect_failed(is_special);
        }
        if let Some(function) = function {
            return self.run_function(call, &name, function, args, assignments, !redirects.is_empty());
        }
        let result = self.run_program(call, args, assignments);
        if !redirects.is_empty() {
            self.restore_files(call);
        }
        result
    }

    /// Runs the text that an alias stands for, with the arguments behind it.
    fn run_alias(
        &mut self,
        call: &mut Call<'_>,
        name: String,
        text: String,
        assignments: Vec<PendingAssignment>,
        redirects: &[super::expand::PendingRedirect],
    ) -> Step {
        if !redirects.is_empty() && !self.open(call, redirects) {
            return self.redirect_failed(false);
        }
        let mut undo = Vec::new();
        for assignment in assignments {
            undo.push((assignment.name.clone(), self.variables.get(&assignment.name).cloned()));
            self.apply(call, assignment)?;
        }
        self.push_frame(call, FrameKind::Alias(name), Some(super::frame::Source::new(text)), None)?;
        if let Some(frame) = self.frames.last_mut() {
            frame.undo = undo;
            frame.saved -= usize::from(!redirects.is_empty());
        }
        Ok(())
    }

    fn redirect_failed(&mut self, is_special: bool) -> Step {
        self.status = if self.dialect == Dialect::Dash { 2 } else { 1 };
        if is_special && self.dialect != Dialect::Bash {
            return Err(Interrupt::Fail(self.status));
        }
        Ok(())
    }

    fn assign_only(
        &mut self,
        call: &mut Call<'_>,
        assignments: Vec<PendingAssignment>,
        redirects: &[super::expand::PendingRedirect],
    ) -> Step {
        if !redirects.is_empty() {
            if !self.open(call, redirects) {
                return self.redirect_failed(false);
            }
            self.restore_files(call);
        }
        self.status = self.substituted.take().unwrap_or(0);
        for assignment in assignments {
            self.apply(call, assignment)?;
        }
        Ok(())
    }

    fn run_with_builtin(
        &mut self,
        call: &mut Call<'_>,
        builtin: &Builtin,
        args: Vec<String>,
        assignments: Vec<PendingAssignment>,
        redirects: &[super::expand::PendingRedirect],
    ) -> Step {
        if !self.open(call, redirects) {
            return self.redirect_failed(builtin.is_special);
        }
        // The assignments in front of a special builtin stay, those in front of others are undone.
        let stays = builtin.is_special && self.dialect != Dialect::Bash;
        let mut undo = Vec::new();
        for assignment in assignments {
            if builtin.is_declaration && matches!(assignment.value, Assigned::Array(_)) {
                self.stack.assignments.push(assignment);
                continue;
            }
            if !stays {
                undo.push((assignment.name.clone(), self.variables.get(&assignment.name).cloned()));
            }
            if let Err(interrupt) = self.apply(call, assignment) {
                self.restore_files(call);
                return Err(interrupt);
            }
        }
        self.undo = undo;
        self.run_builtin(call, args)
    }

    /// Calls a builtin, also again after it had to wait; its redirections have been made.
    pub(super) fn run_builtin(&mut self, call: &mut Call<'_>, args: Vec<String>) -> Step {
        let Some(builtin) = builtins::find(&args[0], self.dialect) else { return Ok(()) };
        let frames = self.frames.len();
        let base = self.saved.len().saturating_sub(1);
        self.builtin = Some(args[0].clone());
        let result = (builtin.run)(self, call, &args);
        self.builtin = None;
        if let Err(Interrupt::Stop(Stop::Wait(wait))) = result {
            // `exec` has put a program in the place of the shell, or the builtin has to be called again.
            if call.process.next.is_none() {
                self.pending = Pending::Builtin(args);
            }
            return Err(Interrupt::Stop(Stop::Wait(wait)));
        }
        let undo = std::mem::take(&mut self.undo);
        let has_frame = self.frames.len() > frames;
        match self.frames.last_mut().filter(|_| has_frame) {
            Some(frame) => frame.undo = undo,
            None => {
                for (name, old) in undo.into_iter().rev() {
                    self.variables.restore(&name, old);
                }
            }
        }
        if std::mem::take(&mut self.keeps_files) {
            self.keep_files(call);
        } else if self.frames.len() > frames {
            // `eval` and `.`: the redirections are undone when they end.
            if let Some(frame) = self.frames.last_mut() {
                frame.saved = base;
            }
        } else {
            while self.saved.len() > base {
                self.restore_files(call);
            }
        }
        self.close_substitutions(call);
        match result {
            Ok(status) => {
                if self.frames.len() == frames {
                    self.status = status;
                }
                Ok(())
            }
            Err(interrupt) => Err(interrupt),
        }
    }

    fn run_function(
        &mut self,
        call: &mut Call<'_>,
        name: &str,
        function: Function,
        mut args: Vec<String>,
        assignments: Vec<PendingAssignment>,
        has_redirects: bool,
    ) -> Step {
        args.remove(0);
        let mut locals = Vec::new();
        for assignment in assignments {
            locals.push((assignment.name.clone(), self.variables.get(&assignment.name).cloned()));
            let name = assignment.name.clone();
            self.apply(call, assignment)?;
            self.variables.entry(&name).is_exported = true;
        }
        if self.dialect == Dialect::Bash {
            self.note_call(name, &mut locals);
        }
        let parameters = std::mem::replace(&mut self.parameters, args);
        let kind = FrameKind::Function { name: name.to_owned(), parameters, locals };
        self.push_frame(call, kind, None, Some(function))?;
        if has_redirects && let Some(frame) = self.frames.last_mut() {
            frame.saved -= 1;
        }
        Ok(())
    }

    /// Puts a function and the line of its call in front of `FUNCNAME` and `BASH_LINENO`.
    fn note_call(&mut self, name: &str, locals: &mut Vec<(String, Option<super::variables::Variable>)>) {
        for (variable, first) in [("FUNCNAME", name.to_owned()), ("BASH_LINENO", self.line.to_string())] {
            let old = self.variables.get(variable).cloned();
            let rest = match old.as_ref().map(|variable| &variable.value) {
                Some(Value::List(list)) => list.values().cloned().collect(),
                _ => Vec::new(),
            };
            locals.push((variable.to_owned(), old));
            let list = (0..).zip(std::iter::once(first).chain(rest)).collect();
            self.variables.entry(variable).value = Value::List(list);
        }
    }

    /// Runs a program in a child, or in the place of a shell that has nothing else to do.
    fn run_program(&mut self, call: &mut Call<'_>, args: Vec<String>, assignments: Vec<PendingAssignment>) -> Step {
        let name = args[0].clone();
        let mut environment = self.variables.environment(self.dialect);
        for assignment in assignments {
            let Assigned::Text(text) = assignment.value else { continue };
            match environment.iter_mut().find(|(name, _)| *name == assignment.name) {
                Some((_, value)) => *value = text,
                None => environment.push((assignment.name, text)),
            }
        }
        if self.dialect == Dialect::Bash {
            environment.retain(|(name, _)| name != "_");
        }
        if self.is_last() {
            return self.replace(call, args, environment);
        }
        let mut child = Process { argv: args, environment, ..self.child_process(call) };
        match load(call, &mut child) {
            Ok(task) => child.task = task,
            Err(errno) => {
                self.status = self.command_error(call, &name, errno);
                self.close_substitutions(call);
                return Ok(());
            }
        }
        let pid = call.spawn(child);
        self.pending = Pending::Foreground(pid);
        Ok(())
    }

    /// Creates a process like the shell's own, without the shell's private descriptors.
    fn child_process(&self, call: &Call<'_>) -> Process {
        let own = &*call.process;
        Process {
            files: own.files.range(..FIRST_PRIVATE).map(|(descriptor, file)| (*descriptor, *file)).collect(),
            state: State::Ready,
            task: Task::Plain,
            next: None,
            pid: 0,
            pending: Vec::new(),
            ignored: own.ignored.clone(),
            listeners: Vec::new(),
            argv: Vec::new(),
            environment: Vec::new(),
            cwd: own.cwd.clone(),
            credentials: own.credentials.clone(),
            ..*own
        }
    }

    /// Puts a program in the place of the shell, which has nothing else to do.
    fn replace(&mut self, call: &mut Call<'_>, args: Vec<String>, environment: Vec<(String, String)>) -> Step {
        let name = args[0].clone();
        match self.exec_program(call, args, environment, None) {
            Ok(interrupt) => Err(interrupt),
            Err(errno) => {
                self.status = self.command_error(call, &name, errno);
                Ok(())
            }
        }
    }

    /// Puts a program in the place of the shell, called by another name if one is given.
    ///
    /// # Errors
    /// Why it cannot be started.
    pub(super) fn exec_program(
        &mut self,
        call: &mut Call<'_>,
        args: Vec<String>,
        environment: Vec<(String, String)>,
        name: Option<String>,
    ) -> Result<Interrupt, Errno> {
        let mut child = Process { argv: args, environment, pid: call.process.pid, ..self.child_process(call) };
        let task = load(call, &mut child)?;
        let private: Vec<i32> = call.process.files.range(FIRST_PRIVATE..).map(|(fd, _)| *fd).collect();
        for descriptor in private {
            call.close(descriptor);
        }
        call.process.argv = child.argv;
        if let Some(name) = name {
            call.process.argv[0] = name;
        }
        call.process.environment = child.environment;
        call.process.next = Some(task);
        Ok(Interrupt::Stop(Stop::Wait(Wait::Until(call.now()))))
    }

    /// Runs a program in a child for a builtin, and waits for it.
    pub(super) fn run_in_child(&mut self, call: &mut Call<'_>, args: &[String]) -> Result<i32, Interrupt> {
        if let Some(pid) = self.builtin_child {
            let Some(status) = self.wait_for(call, pid) else {
                return Err(Interrupt::Stop(Stop::Wait(Wait::Child)));
            };
            self.builtin_child = None;
            self.jobs.list.retain(|job| job.pid != pid);
            return Ok(status.code());
        }
        let environment = self.variables.environment(self.dialect);
        let mut child = Process { argv: args.to_vec(), environment, ..self.child_process(call) };
        match load(call, &mut child) {
            Ok(task) => child.task = task,
            Err(errno) => return Ok(self.command_error(call, &args[0], errno)),
        }
        self.builtin_child = Some(call.spawn(child));
        Err(Interrupt::Stop(Stop::Wait(Wait::Child)))
    }
}

/// Finds the program of a process that is about to be started; a text without `#!` is a script of the shell.
fn find(call: &mut Call<'_>, child: &mut Process) -> Result<Task, Errno> {
    let mut inner = Call {
        world: &mut *call.world,
        container: call.container,
        process: child,
        surroundings: &mut *call.surroundings,
    };
    match programs::load_child(&mut inner, &*call.process) {
        Err(Errno::ENOEXEC) => {
            let path = inner.process.argv[0].clone();
            let is_text = inner.files().read(&path).is_ok_and(|text| !text.is_empty() && !text.contains(&0));
            if !is_text {
                return Err(Errno::ENOEXEC);
            }
            inner.process.argv.insert(0, "sh".into());
            Ok(Task::Shell(Box::new(Shell::script(inner.image().flavour))))
        }
        result => result,
    }
}

/// Starts a program, or what stands for it.
fn load(call: &mut Call<'_>, child: &mut Process) -> Result<Task, Errno> {
    find(call, child).or_else(|errno| {
        let inner = Call {
            world: &mut *call.world,
            container: call.container,
            process: child,
            surroundings: &mut *call.surroundings,
        };
        programs::stand_in(&inner).ok_or(errno)
    })
}
