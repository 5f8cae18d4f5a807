//! Runs scripts in the shells and compares with what real ones have answered.

mod kernel;
mod soup;
mod table;

use std::net::Ipv4Addr;

use kctl_base::sim::Time;

use crate::fs::Mounts;
use crate::network::{Answer, Endpoint, NetworkError, RecordKind, Request, Response, Surroundings};
use crate::process::Status;
use crate::world::{ContainerConfig, Stream, UnknownProgram, World};

/// Surroundings without a network.
pub(crate) struct Nowhere(pub(crate) u64);

impl Surroundings for Nowhere {
    fn query(&mut self, _: Ipv4Addr, _: &str, _: RecordKind) -> Result<Answer, NetworkError> {
        Ok(Answer::default())
    }

    fn translate(&mut self, to: Endpoint) -> Result<Endpoint, NetworkError> {
        Ok(to)
    }

    fn exchange(&mut self, _: Endpoint, _: &[u8]) -> Result<Vec<u8>, NetworkError> {
        Err(NetworkError::Unreachable)
    }

    fn connect(&mut self, _: Endpoint) -> Result<(), NetworkError> {
        Err(NetworkError::Unreachable)
    }

    fn http(&mut self, _: Endpoint, _: bool, _: &Request) -> Result<Response, NetworkError> {
        Err(NetworkError::Unreachable)
    }

    fn ping(&mut self, _: Ipv4Addr) -> Result<(), NetworkError> {
        Err(NetworkError::Unreachable)
    }

    fn random(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0
    }
}

/// The answer of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answered {
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) status: i32,
}

/// Returns the start of virtual time in tests.
pub(crate) fn start() -> Time {
    Time::from_secs(1_767_225_600)
}

/// Returns the configuration of a container whose main process runs a command.
pub(crate) fn config(image: &str, argv: &[&str]) -> ContainerConfig {
    ContainerConfig {
        image: image.into(),
        command: argv.iter().map(ToString::to_string).collect(),
        args: Vec::new(),
        environment: vec![("HOME".into(), "/root".into())],
        working_dir: None,
        credentials: None,
        mounts: Mounts::default(),
        is_root_read_only: false,
        root_capacity: 1 << 30,
        hostname: "pod".into(),
        fqdn: None,
        address: "10.244.0.5".into(),
        resolv_conf: String::new(),
        hosts: String::new(),
        termination_message_path: "/dev/termination-log".into(),
        memory: 1 << 30,
        memory_limit: None,
        cpu_limit: None,
        processors: 2,
        booted: None,
        ports: Vec::new(),
        declared_http: None,
        unknown_program: UnknownProgram::Task,
        capabilities: 0,
        mapped_root: None,
        has_stdin: false,
        has_tty: false,
        sysctls: Vec::new(),
        process_namespace: crate::world::ProcessNamespace::Container,
    }
}

/// Creates a world with one container whose main process runs a command.
pub(crate) fn world(image: &str, argv: &[&str]) -> World {
    let config = config(image, argv);
    let mut world = World::new(start());
    world.start(&mut Nowhere(1), "main", config);
    world
}

/// Runs a command with an input to its end.
pub(crate) fn answer(image: &str, argv: &[&str], input: &str) -> Answered {
    let mut world = world(image, &["sleep", "infinity"]);
    let argv: Vec<String> = argv.iter().map(ToString::to_string).collect();
    let mut surroundings = Nowhere(1);
    let session = match world.exec(&mut surroundings, "main", &argv, true, false) {
        Ok(session) => session,
        Err(errno) => panic!("{argv:?}: {errno:?}"),
    };
    world.feed(session, input.as_bytes());
    world.end_input(session);
    let outcome = world.run(&mut surroundings, start() + kctl_base::sim::Duration::from_secs(100), 200_000);
    let status = world.sessions[&session].status.map_or(if outcome.is_exhausted { -2 } else { -1 }, Status::code);
    let (mut out, mut err) = (Vec::new(), Vec::new());
    for (stream, bytes) in world.take_output(session) {
        if stream == Stream::Out { &mut out } else { &mut err }.extend(bytes);
    }
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Answered { out: text(out), err: text(err), status }
}
