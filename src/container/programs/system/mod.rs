//! Programs about time, processes, users and the machine.

mod absent;
mod date;
mod environment;
mod host;
mod kernel;
mod memory;
mod perl;
mod ps;
mod python;
mod signals;
mod sleep;
mod stress;
mod terminal;
mod timeout;
mod top;
mod user;
mod watch;

use serde::{Deserialize, Serialize};

pub use stress::Load;
pub(super) use stress::load;

use super::Program;
use crate::call::{Call, Stop};

/// The programs without a state.
pub(super) const PROGRAMS: &[(&str, Program)] = &[
    ("arch", host::arch),
    ("apk", absent::apk),
    ("apt", absent::apt),
    ("apt-get", absent::apt),
    ("busybox", environment::busybox),
    ("chroot", kernel::chroot),
    ("clear", terminal::clear),
    ("date", date::run),
    ("env", environment::env),
    ("false", |_| Ok(1)),
    ("free", memory::free),
    ("getconf", host::getconf),
    ("groups", user::groups),
    ("hostname", host::hostname),
    ("id", user::id),
    ("kill", signals::kill),
    ("killall", signals::pkill),
    ("nano", terminal::editor),
    ("nice", environment::nice),
    ("nohup", environment::nohup),
    ("nproc", host::nproc),
    ("perl", perl::run),
    ("pgrep", signals::pgrep),
    ("pidof", signals::pidof),
    ("pkill", signals::pkill),
    ("printenv", environment::printenv),
    ("ps", ps::run),
    ("pwd", environment::pwd),
    ("reset", terminal::clear),
    ("setsid", environment::nohup),
    ("stty", terminal::stty),
    ("su", absent::su),
    ("sync", |_| Ok(0)),
    ("sysctl", kernel::sysctl),
    ("true", |_| Ok(0)),
    ("tty", terminal::tty),
    ("uname", host::uname),
    ("uptime", host::uptime),
    ("vi", terminal::editor),
    ("vim", terminal::editor),
    ("which", environment::which),
    ("whoami", user::whoami),
    ("zsh", absent::zsh),
];

/// The names of the programs with a state.
pub(super) const NAMES: &[&str] = &["sleep", "stress", "time", "timeout", "top", "usleep", "watch"];

/// The state of a program of this family.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum State {
    Python(python::Python),
    Sleep(sleep::Sleep),
    Stress(stress::Stress),
    Time(timeout::Clocked),
    Timeout(timeout::Timeout),
    Top(top::Top),
    Watch(watch::Watch),
}

impl State {
    /// Goes on until the program waits or ends.
    pub(super) fn step(&mut self, call: &mut Call<'_>) -> Result<i32, Stop> {
        match self {
            State::Python(state) => state.run(call),
            State::Sleep(state) => state.run(call),
            State::Stress(state) => state.run(call),
            State::Time(state) => state.run(call),
            State::Timeout(state) => state.run(call),
            State::Top(state) => state.run(call),
            State::Watch(state) => state.run(call),
        }
    }
}

/// Returns the first state of a program; `None` if it is not one of this family with a state.
pub(super) fn state(name: &str, argv: &[String]) -> Option<State> {
    Some(match name {
        "python" | "python3" => State::Python(python::state(argv)?),
        "sleep" | "usleep" => State::Sleep(sleep::Sleep::default()),
        "stress" => State::Stress(stress::Stress::default()),
        "time" => State::Time(timeout::Clocked::default()),
        "timeout" => State::Timeout(timeout::Timeout::default()),
        "top" => State::Top(top::Top::default()),
        "watch" => State::Watch(watch::Watch::default()),
        _ => return None,
    })
}
