//! The shell: ash of busybox, dash and bash.
//!
//! A script is parsed one complete command at a time ([`syntax`]) and compiled to instructions ([`compile`], [`code`]), which
//! the machine executes ([`machine`]). A [`Shell`] is the state between two instructions; it is stored with its process.

mod arithmetic;
mod assign;
mod builtins;
mod code;
mod compile;
mod control;
mod edit;
mod exit;
mod expand;
mod fields;
mod fork;
mod frame;
mod glob;
mod inert;
mod input;
mod machine;
mod messages;
mod options;
mod parameters;
mod pattern;
mod pending;
mod redirect;
mod run;
mod scope;
mod select;
mod signals;
mod start;
mod syntax;
#[cfg(test)]
pub(crate) mod tests;
mod trace;
mod variables;

use std::collections::BTreeMap;

use kctl_base::sim::Time;
use serde::{Deserialize, Serialize};

use crate::process::{Pid, Signal};
use control::Control;
use expand::Stack;
use fork::Jobs;
use frame::{Frame, Function};
use options::Options;
use pending::Pending;
use redirect::SavedFiles;
use syntax::Dialect;
pub(crate) use trace::backslashed;
use variables::Variables;

/// A shell between two of its instructions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Shell {
    dialect: Dialect,
    /// `$0`.
    name: String,
    options: Options,
    variables: Variables,
    functions: BTreeMap<String, Function>,
    /// `$1` and so on.
    parameters: Vec<String>,
    /// `$?`
    status: i32,
    /// Line of the present command.
    line: u32,
    /// `$$`
    pid: Pid,
    /// Frames that are being executed, innermost last.
    frames: Vec<Frame>,
    /// Words that are being expanded, and the parts of the next command.
    stack: Stack,
    /// Loops and `case` commands, innermost last.
    controls: Vec<Control>,
    /// Descriptors to put back, innermost last.
    saved: Vec<SavedFiles>,
    /// Number of enclosing conditions, in which `set -e` has no effect.
    guards: u32,
    /// The event that the shell waits for.
    pending: Pending,
    jobs: Jobs,
    /// Commands of `trap`; empty ones ignore the signal.
    #[serde(with = "signals::pairs")]
    traps: BTreeMap<signals::Event, String>,
    /// Signals whose traps have not run.
    caught: Vec<Signal>,
    /// The terminal has interrupted an interactive shell.
    interrupted: bool,
    /// It is a child that runs a part of another shell's commands.
    is_subshell: bool,
    /// It is a child that runs a part of a function.
    is_function_body: bool,
    /// Status of the last command substitution of the present command.
    substituted: Option<i32>,
    /// Instructions that it has executed at one instant.
    burst: (Time, u32),
    /// State of `getopts` inside of an argument.
    option_offset: usize,
    /// Directories of `pushd`.
    directories: Vec<String>,
    /// Variables to put back after the present builtin.
    undo: Vec<(String, Option<variables::Variable>)>,
    /// The builtin that is being called.
    builtin: Option<String>,
    /// The redirections of the present builtin stay (`exec`).
    keeps_files: bool,
    /// The child of a builtin that waits for it.
    builtin_child: Option<Pid>,
    /// Bytes that `read` has read so far.
    reading: Vec<u8>,
    /// Until when `read` waits, once it has begun.
    read_deadline: Option<Option<Time>>,
    /// Bytes of a line of standard input that has not ended.
    input: Vec<u8>,
    /// The prompt of that line has been written.
    is_prompted: bool,
    /// Where its script comes from.
    origin: start::Origin,
    /// It has set itself up.
    is_started: bool,
    /// Words that stand for others, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    aliases: BTreeMap<String, String>,
    /// When the pipelines with `time` have begun, innermost last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    timers: Vec<Time>,
    /// Limits that `ulimit` has set, by the letter of their option.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    limits: BTreeMap<char, String>,
    /// Number of command substitutions around it, as the trace of bash shows them.
    #[serde(default)]
    nesting: u8,
}

/// Why the machine stops.
#[derive(Clone, Debug)]
enum Interrupt {
    /// The process waits or ends.
    Stop(crate::call::Stop),
    /// The shell exits with a status, after its trap.
    Exit(i32),
    /// An error ends the present command of an interactive shell, and any other shell.
    Fail(i32),
}

type Step<T = ()> = Result<T, Interrupt>;
