//! SIGINT, SIGTERM and SIGHUP end a command that waits or works, at any moment: it dies of the signal at once, and the store
//! is whole.

use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::harness::random::Random;
use crate::harness::{Running, Sandbox, poll};

/// The names and numbers of the signals.
const SIGNALS: [(&str, i32); 3] = [("HUP", 1), ("INT", 2), ("TERM", 15)];
/// Commands that wait with the real clock, or work for long with a virtual one. None of them ends by itself within the test.
const COMMANDS: [(&str, &str); 8] = [
    ("real", "get pods -w"),
    ("real", "events --watch"),
    ("real", "logs -f waits"),
    ("real", "wait --for=condition=Nope pod/waits --timeout=1h"),
    ("real", "rollout status deployment/never"),
    ("real", "create -f -"),
    ("real", "apply -f -"),
    ("virtual", "clock advance 8760h"),
];
/// The objects that the commands wait for or work on.
const OBJECTS: &str = "kctl run waits --image=nginx && kctl create deployment never --image=nginx:does-not-exist && \
                       kctl create cronjob often --image=busybox --schedule='* * * * *' -- true";
/// A time limit that is generous even on a busy machine.
const LIMIT: Duration = Duration::from_secs(20);

#[test]
fn a_signal_ends_every_command_and_leaves_the_store_whole() {
    let seed = Random::seed(1);
    let mut random = Random::new(seed);
    for (clock, command) in COMMANDS {
        let sandbox = Sandbox::new(seed);
        sandbox.must(&format!("export KCTL_CLOCK={clock} KCTL_LATENCY=0; {OBJECTS}"));
        let args: Vec<&str> = command.split_whitespace().collect();
        for round in 0..Random::rounds(1) {
            for (name, number) in SIGNALS {
                let mut process = sandbox.kctl(&args);
                process
                    .env("KCTL_CLOCK", clock)
                    .env("KCTL_LATENCY", "0")
                    .stdin(Stdio::piped())
                    .stdout(Stdio::null())
                    .stderr(Stdio::null());
                let mut running = Running(process.spawn().expect("the program"));
                // The signal comes while the process starts, or while it waits. Before it has loaded, no program can be asked.
                thread::sleep(Duration::from_millis(20 + random.below(300)));
                let pid = running.0.id().to_string();
                let sent = Command::new("kill").args(["-s", name, &pid]).status().expect("kill");
                assert!(sent.success(), "{command} ended before SIG{name}, round {round}");
                let start = Instant::now();
                let status = poll(LIMIT, command, || running.0.try_wait().expect("a status"));
                assert_eq!(status.signal(), Some(number), "{command}: {status} after {:?}", start.elapsed());
            }
        }
        assert_eq!(sandbox.problems(), Vec::<String>::new(), "{command}");
    }
}
