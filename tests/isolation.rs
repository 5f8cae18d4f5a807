//! Containers reach nothing of this machine: commands that run in them, and that copy files, are traced by `strace`, and touch only
//! the store, the files that the command line names, and what the program itself needs from the system.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::{Sandbox, finish};

/// What starting a Rust program reads: libraries, and what the kernel says about this process and machine.
const SYSTEM: [&str; 9] = [
    "/lib",
    "/usr/lib",
    "/etc/ld.so",
    "/etc/localtime",
    "/usr/share/zoneinfo",
    "/proc/self",
    "/proc/sys/vm",
    "/sys/fs/cgroup",
    "/sys/devices/system/cpu",
];
/// Commands with much that a program could mistake for a file, a program or an address of this machine.
const COMMANDS: [&[&str]; 7] = [
    &["exec", "web", "--", "sh", "-c", "cat /etc/passwd; ls -R /home /root; echo x > /tmp/made; echo $HOME $PATH"],
    &["exec", "web", "--", "sh", "-c", "for f in /etc/*; do cat $f; done; find / -name '*.rs'; /bin/bash -c id"],
    &["exec", "web", "--", "sh", "-c", "wget -q -O - http://127.0.0.1:1/; nslookup example.com; ping -c 1 10.0.0.1"],
    &["exec", "web", "--", "/usr/bin/env", "python3", "-c", "print(1)"],
    &["cp", "in.txt", "web:/tmp/in.txt"],
    &["cp", "web:/etc/hosts", "out.txt"],
    &["logs", "web"],
];

/// Returns whether processes can be traced here; says so if not.
fn can_trace() -> bool {
    let traced = Command::new("strace").args(["-o", "/dev/null", "true"]).status();
    let can_trace = traced.is_ok_and(|status| status.success());
    if !can_trace {
        drop(writeln!(std::io::stderr(), "skipped: isolation: strace is not installed, or may not trace"));
    }
    can_trace
}

/// A line of a trace: a system call with its arguments.
struct Traced<'a> {
    call: &'a str,
    rest: &'a str,
}

impl<'a> Traced<'a> {
    /// Reads `PID call(arguments) = result`; `None` for other lines, which tell of signals and ends.
    fn read(line: &'a str) -> Option<Traced<'a>> {
        let line = line.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ');
        let (call, rest) = line.split_once('(')?;
        call.chars().all(|c| c.is_ascii_alphanumeric() || c == '_').then_some(Traced { call, rest })
    }

    /// The paths among the arguments; a relative one is below `cwd`.
    fn paths(&self, cwd: &Path) -> Vec<PathBuf> {
        let quoted = self.rest.split('"').skip(1).step_by(2);
        let count = if ["rename", "renameat2", "link", "linkat"].contains(&self.call) { 2 } else { 1 };
        quoted.take(count).filter(|path| !path.is_empty()).map(|path| cwd.join(path)).collect()
    }

    /// What is wrong with the call; `None` if it may be made.
    fn problem(&self, cwd: &Path, allowed: &[PathBuf]) -> Option<String> {
        let shown = || format!("{}({}", self.call, self.rest);
        match self.call {
            "execve" | "execveat" | "fork" | "vfork" | "connect" | "bind" | "sendto" | "sendmsg" => Some(shown()),
            "clone" | "clone3" if !self.rest.contains("CLONE_THREAD") => Some(shown()),
            "socket" if !self.rest.starts_with("AF_UNIX") => Some(shown()),
            "clone" | "clone3" | "socket" | "exit" | "exit_group" | "wait4" => None,
            _ => {
                let is_allowed = |path: &PathBuf| allowed.iter().any(|known| is_below(path, known));
                self.paths(cwd).iter().any(|path| !is_allowed(path)).then(shown)
            }
        }
    }
}

/// Returns whether a path is a known one, begins with its text, or is a directory on the way to it.
fn is_below(path: &Path, known: &Path) -> bool {
    let text = |path: &Path| path.to_string_lossy().into_owned();
    known.starts_with(path) || text(path).starts_with(&text(known))
}

#[test]
fn commands_in_containers_touch_nothing_of_this_machine() {
    if !can_trace() {
        return;
    }
    let sandbox = Sandbox::new(1);
    sandbox.must("kctl run web --image=nginx --port=80 && kctl wait --for=condition=Ready pod/web");
    std::fs::write(sandbox.path("in.txt"), "from here\n").expect("a file");
    for args in COMMANDS {
        let log = sandbox.path("trace");
        let program = env!("CARGO_BIN_EXE_kctl");
        let mut command = Command::new("strace");
        command.args(["-f", "-qq", "-s", "4096", "-e", "trace=file,network,process", "-o"]).arg(&log).arg(program);
        command.args(args).current_dir(&sandbox.cwd).env_clear();
        command.env("KCTL_HOME", sandbox.store()).env("KCTL_CLOCK", "virtual").env("KCTL_SEED", "1");
        let done = finish(&mut command);
        assert_ne!(done.code, 101, "{args:?} panicked: {}", done.err);
        let mut allowed: Vec<PathBuf> = SYSTEM.iter().map(PathBuf::from).collect();
        allowed.extend([sandbox.store(), PathBuf::from(program)]);
        allowed.extend(
            ["in.txt", "out.txt"].into_iter().filter(|name| args.contains(name)).map(|name| sandbox.path(name)),
        );
        let trace = std::fs::read_to_string(&log).expect("a trace");
        let calls: Vec<Traced<'_>> = trace.lines().filter_map(Traced::read).collect();
        let (first, others) = calls.split_first().expect("a call");
        // Otherwise the trace is not understood.
        assert!(first.call == "execve" && others.iter().any(|call| call.call == "openat"), "{trace}");
        let problems: Vec<String> = others.iter().filter_map(|call| call.problem(&sandbox.cwd, &allowed)).collect();
        assert!(problems.is_empty(), "{args:?}:\n{}", problems.join("\n"));
    }
    assert!(!Path::new("/tmp/made").exists());
    let copied = std::fs::read_to_string(sandbox.path("out.txt")).expect("a file of the container");
    assert!(copied.contains("Kubernetes-managed hosts file"), "{copied}");
}

#[test]
fn calls_are_read_from_traces() {
    let allowed = [PathBuf::from("/store"), PathBuf::from("/usr/lib")];
    let problem = |line: &str| Traced::read(line).and_then(|call| call.problem(Path::new("/cwd"), &allowed)).is_some();
    for (line, expected) in [
        ("12 openat(AT_FDCWD, \"/store/x\", O_RDONLY) = 3", false),
        ("openat(AT_FDCWD, \"/etc/passwd\", O_RDONLY) = 3", true),
        ("12 openat(AT_FDCWD, \"passwd\", O_RDONLY) = -1 ENOENT", true),
        ("12 rename(\"/store/a\", \"/etc/b\") = 0", true),
        ("12 socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3", true),
        ("12 execve(\"/bin/sh\", [\"sh\"], 0x0) = 0", true),
        ("12 clone3({flags=CLONE_VM|CLONE_THREAD}, 88) = 13", false),
        ("12 clone(child_stack=NULL, flags=SIGCHLD) = 13", true),
        ("12 mkdir(\"/store\", 0777) = -1 EEXIST", false),
        ("12 +++ exited with 0 +++", false),
    ] {
        assert_eq!(problem(line), expected, "{line}");
    }
}
