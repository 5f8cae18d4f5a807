//! How a shell is called, and what it sets up.

use std::collections::BTreeMap;

use super::Shell;
use super::control::Control;
use super::expand::Stack;
use super::fork::Jobs;
use super::frame::{Frame, FrameKind, Source};
use super::options::{NAMES, Options};
use super::pending::Pending;
use super::syntax::{Dialect, is_name};
use super::variables::{Value, Variables};
use crate::call::Call;
use crate::image::Flavour;

impl Shell {
    /// Creates the shell for a name such as `sh`; `None` if it is none. Which shell `sh` is becomes clear at its start.
    pub(crate) fn find(name: &str, _argv: &[String]) -> Option<Shell> {
        match name.strip_prefix('-').unwrap_or(name) {
            "bash" | "rbash" => Some(Shell::new(Dialect::Bash)),
            "sh" | "ash" => Some(Shell::new(Dialect::Busybox)),
            "dash" => Some(Shell::new(Dialect::Dash)),
            _ => None,
        }
    }

    /// Creates the shell that runs a script without `#!`.
    pub(super) fn script(flavour: Flavour) -> Shell {
        Shell::new(if flavour == Flavour::Gnu { Dialect::Dash } else { Dialect::Busybox })
    }

    fn new(dialect: Dialect) -> Shell {
        Shell {
            dialect,
            name: String::new(),
            options: Options::default(),
            variables: Variables::default(),
            functions: BTreeMap::new(),
            parameters: Vec::new(),
            status: 0,
            line: 1,
            pid: 0,
            frames: Vec::new(),
            stack: Stack::default(),
            controls: Vec::<Control>::new(),
            saved: Vec::new(),
            guards: 0,
            pending: Pending::Nothing,
            jobs: Jobs::default(),
            traps: BTreeMap::new(),
            caught: Vec::new(),
            interrupted: false,
            is_subshell: false,
            is_function_body: false,
            substituted: None,
            burst: Default::default(),
            option_offset: 0,
            directories: Vec::new(),
            undo: Vec::new(),
            builtin: None,
            keeps_files: false,
            builtin_child: None,
            reading: Vec::new(),
            read_deadline: None,
            input: Vec::new(),
            is_prompted: false,
            origin: Origin::Input,
            is_started: false,
            aliases: BTreeMap::new(),
            timers: Vec::new(),
            limits: BTreeMap::new(),
            nesting: 0,
        }
    }

    /// Sets the shell up from its arguments and environment.
    ///
    /// # Errors
    /// The status with which it ends at once.
    pub(super) fn start(&mut self, call: &mut Call<'_>) -> Result<(), i32> {
        if self.dialect == Dialect::Busybox && call.image().flavour == Flavour::Gnu {
            self.dialect = Dialect::Dash;
        }
        self.pid = call.process.pid;
        let argv = call.process.argv.clone();
        self.name = argv.first().cloned().unwrap_or_default();
        let invocation = self.parse_arguments(call, &argv)?;
        self.import(call);
        let source = match invocation.command {
            Some(command) => {
                self.origin = Origin::Command;
                if let Some(name) = invocation.operands.first() {
                    self.name.clone_from(name);
                }
                self.parameters = invocation.operands.into_iter().skip(1).collect();
                Source::new(command)
            }
            None => match invocation.operands.first().filter(|_| !self.options.has('s')).cloned() {
                Some(file) => {
                    let text = self.read_script(call, &file)?;
                    self.name = file;
                    self.origin = Origin::File;
                    self.parameters = invocation.operands.into_iter().skip(1).collect();
                    Source::new(text)
                }
                None => {
                    self.parameters = invocation.operands;
                    self.options.set('s', true);
                    let is_tty = call.is_tty(0) && call.is_tty(2);
                    if is_tty {
                        self.options.set('i', true);
                    }
                    Source { text: String::new(), at: 0, line: 1, is_input: true, is_complete: false }
                }
            },
        };
        let source = Some(source);
        let kind = FrameKind::Main;
        self.frames.push(Frame {
            unit: None,
            at: 0,
            end: 0,
            kind,
            source,
            controls: 0,
            saved: 0,
            guards: 0,
            undo: Vec::new(),
        });
        self.set_prompts();
        if invocation.is_login || self.name.starts_with('-') {
            self.read_profile(call);
        }
        Ok(())
    }

    fn parse_arguments(&mut self, call: &mut Call<'_>, argv: &[String]) -> Result<Invocation, i32> {
        let mut args = argv.iter().skip(1).peekable();
        let (mut has_command, mut is_login) = (false, false);
        while let Some(arg) = args.next_if(|arg| arg.len() > 1 && arg.starts_with(['-', '+'])) {
            if arg == "--" {
                break;
            }
            if let Some(long) = arg.strip_prefix("--") {
                match long {
                    "login" => is_login = true,
                    "norc" | "noprofile" | "noediting" | "posix" => {}
                    "version" if self.dialect == Dialect::Bash => {
                        let version = "GNU bash, version 5.2.15(1)-release (x86_64-pc-linux-gnu)\n";
                        return Err(call.write(1, version.as_bytes()).map_or(1, |()| 0));
                    }
                    _ => return Err(self.bad_argument(call, arg)),
                }
                continue;
            }
            let is_on = arg.starts_with('-');
            for letter in arg.chars().skip(1) {
                match letter {
                    'c' => has_command = true,
                    'l' => is_login = true,
                    'o' | 'O' => {
                        let Some(name) = args.next() else { return Err(self.bad_argument(call, arg)) };
                        if !self.set_named(name, is_on) && letter == 'o' {
                            return Err(self.bad_argument(call, name));
                        }
                    }
                    letter if NAMES.iter().any(|(known, _)| *known == letter) => self.options.set(letter, is_on),
                    _ => return Err(self.bad_argument(call, arg)),
                }
            }
        }
        let mut operands: Vec<String> = args.cloned().collect();
        let command = match has_command {
            true if operands.is_empty() => {
                let text = match self.dialect {
                    Dialect::Bash => format!("{}: -c: option requires an argument\n", self.name),
                    Dialect::Dash => format!("{}: 0: -c requires an argument\n", self.name),
                    Dialect::Busybox => format!("{}: -c requires an argument\n", self.name),
                };
                self.say(call, &text);
                return Err(2);
            }
            true => Some(operands.remove(0)),
            false => None,
        };
        if self.dialect == Dialect::Bash {
            self.options.set('h', true);
            self.options.set('B', true);
        }
        Ok(Invocation { command, operands, is_login })
    }

    fn bad_argument(&self, call: &mut Call<'_>, arg: &str) -> i32 {
        let text = match self.dialect {
            Dialect::Bash => format!("{}: {arg}: invalid option\n", self.name),
            Dialect::Dash => format!("{}: 0: Illegal option {arg}\n", self.name),
            Dialect::Busybox => format!("{}: invalid option -- '{}'\n", self.name, arg.trim_start_matches('-')),
        };
        self.say(call, &text);
        2
    }

    /// Turns an option on or off by its name; false if there is none.
    pub(super) fn set_named(&mut self, name: &str, is_on: bool) -> bool {
        if name == "pipefail" && self.dialect != Dialect::Dash {
            self.options.has_pipefail = is_on;
            return true;
        }
        match NAMES.iter().find(|(_, known)| *known == name) {
            Some((letter, _)) => {
                self.options.set(*letter, is_on);
                true
            }
            None => {
                matches!(name, "vi" | "emacs" | "nolog" | "posix" | "history" | "privileged" | "keyword" | "physical")
            }
        }
    }

    /// Takes the variables of the process over.
    fn import(&mut self, call: &mut Call<'_>) {
        for (name, value) in call.process.environment.clone() {
            if is_name(&name) {
                let variable = self.variables.entry(&name);
                variable.value = Value::Text(value);
                variable.is_exported = true;
            }
        }
        let cwd = if call.process.cwd.is_empty() { "/".to_owned() } else { call.process.cwd.clone() };
        let mut default = |name: &str, value: &str| {
            if self.variables.text(name).is_none() {
                self.variables.set(name, value);
            }
        };
        default("IFS", " \t\n");
        default("OPTIND", "1");
        default("PS4", "+ ");
        self.variables.set("IFS", " \t\n");
        self.variables.set("PWD", cwd);
        self.variables.set("PPID", call.process.parent.to_string());
        self.variables.entry("PWD").is_exported = true;
        match self.dialect {
            Dialect::Bash => self.import_bash(call),
            Dialect::Busybox => {
                if self.variables.text("PATH").is_none() {
                    self.variables.set("PATH", crate::image::Image::DEFAULT_PATH);
                }
                self.raise_level();
            }
            Dialect::Dash => {}
        }
    }

    fn raise_level(&mut self) {
        let level = self.variables.text("SHLVL").and_then(|text| text.parse::<i64>().ok()).unwrap_or(0);
        self.variables.set("SHLVL", (level + 1).to_string());
        self.variables.entry("SHLVL").is_exported = true;
    }

    fn import_bash(&mut self, call: &mut Call<'_>) {
        self.raise_level();
        let hostname = call.container().config.hostname.clone();
        let uid = call.process.credentials.uid.to_string();
        let fixed = [
            ("BASH", "/bin/bash"),
            ("BASH_VERSION", "5.2.15(1)-release"),
            ("HOSTNAME", hostname.as_str()),
            ("HOSTTYPE", "x86_64"),
            ("MACHTYPE", "x86_64-pc-linux-gnu"),
            ("OSTYPE", "linux-gnu"),
            ("UID", uid.as_str()),
            ("EUID", uid.as_str()),
            ("OPTERR", "1"),
        ];
        for (name, value) in fixed {
            if self.variables.text(name).is_none() {
                self.variables.set(name, value);
            }
        }
        for name in ["UID", "EUID", "PPID"] {
            self.variables.entry(name).is_readonly = true;
        }
    }

    fn set_prompts(&mut self) {
        if !self.is_interactive() {
            return;
        }
        let prompt = match self.dialect {
            Dialect::Bash => "\\u@\\h:\\w\\$ ",
            Dialect::Dash => "\\$ ",
            Dialect::Busybox => "\\w \\$ ",
        };
        for (name, value) in [("PS1", prompt), ("PS2", "> ")] {
            if self.variables.text(name).is_none() {
                self.variables.set(name, value);
            }
        }
    }

    fn read_script(&mut self, call: &mut Call<'_>, file: &str) -> Result<String, i32> {
        match call.files().read(file) {
            Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
            Err(errno) => {
                let reason = errno.text();
                let text = match self.dialect {
                    Dialect::Bash => format!("{}: {file}: {reason}\n", self.name),
                    Dialect::Dash if errno == crate::errno::Errno::ENOENT => {
                        format!("{}: 0: cannot open {file}: No such file\n", self.name)
                    }
                    Dialect::Dash => format!("{}: 0: cannot open {file}: {reason}\n", self.name),
                    Dialect::Busybox => format!("{}: can't open '{file}': {reason}\n", self.name),
                };
                self.say(call, &text);
                Err(match (self.dialect, errno) {
                    (Dialect::Bash, crate::errno::Errno::EISDIR | crate::errno::Errno::EACCES) => 126,
                    (Dialect::Bash, _) => 127,
                    _ => 2,
                })
            }
        }
    }

    /// Runs `/etc/profile` before anything else.
    fn read_profile(&mut self, call: &mut Call<'_>) {
        if let Ok(bytes) = call.files().read("/etc/profile") {
            let source = Source::new(String::from_utf8_lossy(&bytes).into_owned());
            // The first frames of a shell always fit.
            let _ = self.push_frame(call, FrameKind::Dot(None), Some(source), None);
        }
    }

    pub(crate) fn is_interactive(&self) -> bool {
        self.options.has('i')
    }

    pub(super) fn is_script_file(&self) -> bool {
        self.origin == Origin::File
    }

    /// Reports whether the script comes from standard input.
    pub(super) fn is_input(&self) -> bool {
        self.origin == Origin::Input
    }

    pub(super) fn is_command_string(&self) -> bool {
        self.origin == Origin::Command
    }

    /// Returns the line with which the text of the innermost source begins.
    pub(super) fn first_line(&self) -> u32 {
        let source = self.frames.last().and_then(|frame| frame.source.as_ref());
        source.filter(|source| source.is_input).map_or(1, |source| source.line.saturating_sub(1).max(1))
    }
}

/// Where the script of a shell comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) enum Origin {
    /// `-c`
    Command,
    /// A file.
    File,
    /// Standard input.
    Input,
}

/// The arguments of a shell, parsed.
struct Invocation {
    command: Option<String>,
    operands: Vec<String>,
    is_login: bool,
}
