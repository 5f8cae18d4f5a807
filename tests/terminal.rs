//! Sessions on a terminal: a pseudo-terminal stands for the one of a person.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::process::Stdio;
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};

use crate::harness::{Running, Sandbox, poll};

/// A time limit that is generous even on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);

/// What the editor writes when it waits for a line behind the prompt of the shell, and behind none.
const PROMPT: &str = "/ # \r\u{1b}[4C";
const NO_PROMPT: &str = "\u{1b}[K\r";

/// A person at a terminal on which a command runs.
struct Person {
    running: Running,
    keyboard: File,
    screen: Receiver<Vec<u8>>,
    /// What the screen shows and was not waited for yet.
    seen: String,
}

impl Person {
    fn starts(sandbox: &Sandbox, args: &[&str]) -> Person {
        let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pseudo-terminal");
        grantpt(&controller).expect("a terminal of this user");
        unlockpt(&controller).expect("an unlocked terminal");
        let terminal: OwnedFd =
            ioctl_tiocgptpeer(&controller, OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("its other end");
        let stdio = || Stdio::from(terminal.try_clone().expect("a descriptor"));
        let mut command = sandbox.kctl(args);
        command.env("TERM", "xterm").stdin(stdio()).stdout(stdio()).stderr(stdio());
        let running = Running(command.spawn().expect("the program"));
        let keyboard = File::from(controller);
        let mut output = keyboard.try_clone().expect("a descriptor");
        let (sender, screen) = mpsc::channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            // Reading fails when the program has closed the terminal.
            while let Ok(count @ 1..) = output.read(&mut bytes) {
                if sender.send(bytes[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Person { running, keyboard, screen, seen: String::new() }
    }

    /// Waits until the screen shows a text, and forgets everything up to it.
    fn sees(&mut self, text: &str) {
        loop {
            if let Some(at) = self.seen.find(text) {
                self.seen.drain(..at + text.len());
                return;
            }
            match self.screen.recv_timeout(LIMIT) {
                Ok(bytes) => self.seen.push_str(&String::from_utf8_lossy(&bytes)),
                Err(error) => panic!("{text:?} does not come ({error}), but {:?}", self.seen),
            }
        }
    }

    fn types(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).expect("a terminal");
    }

    fn exit_code(&mut self) -> Option<i32> {
        poll(LIMIT, "the end of the session", || self.running.0.try_wait().expect("a status")).code()
    }
}

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new(1);
    sandbox.must("kctl run web --image=busybox -- sleep infinity && kctl wait --for=condition=Ready pod/web");
    sandbox
}

#[test]
fn a_shell_is_used_by_hand() {
    let sandbox = sandbox();
    let mut person = Person::starts(&sandbox, &["exec", "-it", "web", "--", "sh"]);
    person.sees(PROMPT);
    person.types("echo $((6 * 7)) $TERM\r");
    person.sees("42 xterm");
    person.sees(PROMPT);
    // The arrow brings the last line back.
    person.types("\u{1b}[A | tr 4 5\r");
    person.sees("52 xterm");
    person.sees(PROMPT);
    // While the shell waits for a line, the store is free.
    sandbox.must("kctl exec web -- sh -c 'echo from elsewhere > /tmp/note'");
    person.types("cat /tmp/note\r");
    person.sees("from elsewhere");
    person.sees(PROMPT);
    // Ctrl-C drops a line; Ctrl-D ends what reads, and then the shell.
    person.types("echo dropped\u{3}");
    person.sees(PROMPT);
    person.types("cat\r");
    person.sees(NO_PROMPT);
    person.types("typed\r");
    person.sees("typed\u{1b}[?2004l\r\ntyped\r\n");
    person.sees(NO_PROMPT);
    person.types("\u{4}");
    person.sees(PROMPT);
    person.types("false\r");
    person.sees(PROMPT);
    person.types("\u{4}");
    assert_eq!(person.exit_code(), Some(1));
}

#[test]
fn a_pod_that_is_run_by_hand_is_removed() {
    let sandbox = Sandbox::new(1);
    let args = ["run", "-it", "--rm", "box", "--image=busybox", "--restart=Never", "--", "sh"];
    let mut person = Person::starts(&sandbox, &args);
    person.sees("If you don't see a command prompt, try pressing enter.");
    person.sees(PROMPT);
    person.types("hostname; exit 3\r");
    person.sees("box");
    person.sees("pod \"box\" deleted from default namespace");
    person.sees("pod default/box terminated (Error)");
    assert_eq!(person.exit_code(), Some(3));
    assert_eq!(sandbox.run("kctl get pods").err, "No resources found in default namespace.\n");
}
