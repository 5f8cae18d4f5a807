//! The inside of pods: what their containers see and do, as a [`World`].
//!
//! The world of a pod is made from the pod ([`config`], [`environment`], [`volumes`], [`name_files`]) and brought up to the
//! present when somebody looks. It is kept in a row beside the state of the pod as soon as it cannot be made again: a container
//! runs a program that acts by itself ([`life`]), or somebody has reached into it ([`session`]).

mod capabilities;
mod config;
mod environment;
mod fields;
mod group;
#[cfg(test)]
mod hook_tests;
mod hooks;
mod kept;
mod life;
mod message;
mod name_files;
mod net_probe;
mod network_answers;
mod outside;
#[cfg(test)]
mod probe_tests;
mod probing;
mod session;
mod stopping;
#[cfg(test)]
mod tests;
pub(super) mod updates;
#[cfg(test)]
mod volume_tests;
pub(super) mod volumes;

use std::collections::BTreeMap;

use kctl_base::json::{Value, json};
use kctl_base::object::{Object, ObjectMeta, ValueRead};
use kctl_base::order::Order as _;
use kctl_base::sim::{Duration, Time};
use kctl_base::status::Status;
use kctl_container::{Outcome, SessionId, Surroundings, World, is_shell, simulates};

use super::command;
use super::container_runtime::ContainerRuntime;
use super::container_spec::containers;
use super::host_ip;
use super::runtime::PodRuntime;
use super::watches;
use crate::api::{LogQuery, Server};
use crate::network::dns_server;
pub(super) use config::{first_credentials, is_service};
use environment::Sources;
pub(super) use environment::Variables;
use fields::quantity;
use group::Peer;
use hooks::{Hook, POST_START};
use kept::Kept;
pub(super) use life::{after_sync, before_sync};
use net_probe::Target;
use network_answers::{Demand, NetworkAnswers, Remembering};
use outside::Outside;
pub(super) use probing::{needs_inside, probe};
use session::keep;
pub(crate) use session::{forward, session};
use stopping::Stop;
pub(super) use stopping::{Stopped, begin_stop};

/// Steps that a world takes at most in one go.
const BUDGET: u64 = 100_000;

/// How often the world is run to catch up at most.
const ROUNDS: u32 = 10;

/// What the inside of a pod takes from its place.
#[derive(Clone, Debug, Default)]
pub(super) struct PodPlace {
    /// Address of the pod.
    ip: String,
    /// Address of the node.
    host_ip: String,
    /// Address of the DNS server of the cluster.
    dns: String,
    /// What the node can allocate.
    allocatable: Value,
    /// Memory of the node in bytes.
    memory: u64,
    /// Storage of the node in bytes.
    storage: u64,
    /// Processors of the node.
    processors: u32,
    /// When the node was started.
    booted: Option<Time>,
    /// When the pod got its volumes.
    mounted: Time,
}

impl PodPlace {
    /// Reads the place of a pod.
    fn of(server: &mut Server, pod: &Object, runtime: &PodRuntime) -> Result<PodPlace, Status> {
        let node = server.read("nodes", "", pod.str("/spec/nodeName"))?.unwrap_or_default();
        let allocatable = node.at("/status/allocatable").cloned().unwrap_or_else(|| json!({}));
        let amount = |value: Option<&Value>| quantity(value).and_then(|amount| u64::try_from(amount.value()).ok());
        let number = |name: &str| {
            amount(node.pointer(&format!("/status/capacity/{name}"))).or_else(|| amount(allocatable.get(name)))
        };
        Ok(PodPlace {
            ip: runtime.ip.clone(),
            host_ip: host_ip(&node),
            dns: dns_server(server).to_string(),
            memory: number("memory").unwrap_or(0),
            storage: number("ephemeral-storage").unwrap_or(u64::MAX),
            processors: number("cpu").and_then(|cpus| u32::try_from(cpus).ok()).unwrap_or(1),
            booted: Time::parse(node.str("/metadata/creationTimestamp")),
            mounted: runtime.started,
            allocatable,
        })
    }

    /// Returns the address of the resolver that the node itself uses: that of its network.
    fn gateway(&self) -> String {
        let network = self.host_ip.rsplit_once('.').map_or("192.168.0", |(network, _)| network);
        format!("{network}.1")
    }
}

/// The inside of a pod.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Inside {
    world: World,
    /// The number of the run of each container in the world.
    runs: BTreeMap<String, i64>,
    /// The hooks after the start of containers.
    hooks: BTreeMap<String, Hook>,
    /// The containers that are being stopped.
    stops: BTreeMap<String, Stop>,
    /// The number of random numbers that were drawn.
    draws: u64,
    /// What was asked of the network, so that a change there can change what happens.
    answers: NetworkAnswers,
    /// What servers do for the pod since it was loaded.
    demand: Demand,
    /// Pods through which what happens now was caused: requests that are passed on.
    hops: u8,
    /// The other pods with which it shares volumes, as far as they were loaded.
    peers: Vec<Peer>,
    /// What happens now is a forecast, of which others keep nothing.
    is_forecast: bool,
    /// The forecast ends where something is asked that changes a server.
    ends_at_exchange: bool,
    /// The first failure of the store in what a container has asked of the network; to the container it is a time-out.
    failure: Option<Status>,
}

/// Reports whether a program is simulated in the containers of an image.
fn is_simulated(image: &str, program: &str) -> bool {
    let name = program.rsplit('/').next().unwrap_or_default();
    is_shell(name) || simulates(name) || command::is_main_program(image, program)
}

fn row(uid: &str) -> String {
    format!("memory/kubelet/inside/{uid}")
}

/// Removes the inside of a pod that has gone.
pub(super) fn remove(server: &mut Server, uid: &str) {
    server.set_row(&row(uid), None);
}

/// Moves the inside of a pod, if it has one.
///
/// # Errors
/// A row that cannot be read.
pub(super) fn rename(server: &mut Server, from: &str, to: &str) -> Result<(), Status> {
    if let Some(kept) = server.typed_row::<Kept>(&row(from))? {
        server.set_typed_row(&row(to), Some(kept));
        remove(server, from);
    }
    Ok(())
}

impl Inside {
    /// Returns the inside of a pod as it was last kept, or a new one.
    fn load(server: &mut Server, pod: &Object, runtime: &PodRuntime) -> Result<Inside, Status> {
        let kept = match runtime.has_inside {
            true => server.typed_row::<Kept>(&row(pod.uid()))?.map(Inside::from),
            false => None,
        };
        Ok(kept.unwrap_or_else(|| Inside::new(World::new(runtime.started))))
    }

    fn new(world: World) -> Inside {
        Inside {
            world,
            runs: BTreeMap::new(),
            hooks: BTreeMap::new(),
            stops: BTreeMap::new(),
            draws: 0,
            answers: NetworkAnswers::default(),
            demand: Demand::default(),
            hops: 0,
            peers: Vec::new(),
            is_forecast: false,
            ends_at_exchange: false,
            failure: None,
        }
    }

    /// Returns a copy to be run ahead, of which nobody wants to see the logs.
    fn forecast(&self) -> Inside {
        let mut ahead = Inside { peers: Vec::new(), ..self.clone() };
        ahead.is_forecast = true;
        ahead.world.lines_wanted = 0;
        ahead.peers = self.foreseen_peers();
        ahead
    }

    /// Returns the failure of the store that a container has met, if there is one.
    ///
    /// # Errors
    /// That failure.
    fn check(&mut self) -> Result<(), Status> {
        self.failure.take().map_or(Ok(()), Err)
    }

    /// Keeps the inside of a pod.
    fn save(mut self, server: &mut Server, pod: &Object) -> Result<(), Status> {
        self.check()?;
        let peers = std::mem::take(&mut self.peers);
        self.keep_peers(server, peers)?;
        volumes::shared::save(server, &mut self.world);
        if !self.answers.is_empty() {
            watches::note_network_use(server, pod)?;
        }
        server.set_typed_row(&row(pod.uid()), Some(Kept::from(self)));
        Ok(())
    }

    /// Brings the inside up to an instant: starts containers that have been started since, runs everything, ends what has been
    /// stopped, and updates files.
    ///
    /// # Errors
    /// A volume that is not simulated, or an object that cannot be read.
    fn advance(&mut self, server: &mut Server, pod: &Object, runtime: &PodRuntime, now: Time) -> Result<(), Status> {
        let place = PodPlace::of(server, pod, runtime)?;
        self.join_group(server, pod, &place, now)?;
        let mut starting = self.starting(pod, runtime);
        starting.order_by_key(|(since, _)| *since);
        for (since, name) in starting {
            self.catch_up(server, pod, since.min(now));
            self.start(server, pod, runtime, &place, &name)?;
        }
        self.catch_up(server, pod, now);
        self.end_stopped(runtime);
        self.forget_hooks(runtime);
        let mut sources = Sources { server, pod, place: &place, trees: &BTreeMap::new(), at: now };
        volumes::refresh(&mut sources, &mut self.world)?;
        self.check()
    }

    /// Returns the containers that run but not in the world yet, with their start.
    fn starting(&self, pod: &Object, runtime: &PodRuntime) -> Vec<(Time, String)> {
        let all = containers(pod).filter_map(|spec| {
            let container = runtime.containers.get(spec.name())?;
            let running = container.running()?;
            let is_new = self.runs.get(spec.name()) != Some(&container.restarts);
            is_new.then(|| (running.since, spec.name().to_owned()))
        });
        all.collect()
    }

    /// Starts a container in the world.
    fn start(
        &mut self,
        server: &mut Server,
        pod: &Object,
        runtime: &PodRuntime,
        place: &PodPlace,
        name: &str,
    ) -> Result<(), Status> {
        let Some(spec) = containers(pod).find(|spec| spec.name() == name) else { return Ok(()) };
        let Some(container) = runtime.containers.get(name) else { return Ok(()) };
        let at = container.running().map_or(self.world.now, |running| running.since);
        let before = std::mem::take(&mut self.world.trees);
        let mut trees = before.clone();
        let mut sources = Sources { server, pod, place, trees: &before, at };
        volumes::add_missing(&mut sources, &mut trees)?;
        let config = config::config(&mut sources, &mut trees, spec, container.environment.as_ref())?;
        self.world.trees = trees;
        self.runs.insert(name.to_owned(), container.restarts);
        self.stops.remove(name);
        self.outside(server, pod, |world, outside| world.start(outside, name, config));
        // The request of a hook finds a program that has begun.
        self.run_world(server, pod, self.world.now);
        let target = Target::of(server, pod, &runtime.ip, at)?;
        match self.begin_hook(server, &target, spec, POST_START) {
            Some(hook) => self.hooks.insert(name.to_owned(), hook),
            None => self.hooks.remove(name),
        };
        Ok(())
    }

    /// Forgets the hooks after the start that the kubelet does not wait for any more.
    fn forget_hooks(&mut self, runtime: &PodRuntime) {
        let waits = |name: &String| runtime.container(name).is_some_and(ContainerRuntime::is_in_hook);
        let over = self.hooks.extract_if(.., |name, _| !waits(name)).map(|(_, hook)| hook);
        let sessions: Vec<SessionId> = over.filter_map(|hook| hook.session()).collect();
        sessions.into_iter().for_each(|session| self.world.close_session(session));
    }

    /// Ends the containers that do not run any more.
    fn end_stopped(&mut self, runtime: &PodRuntime) {
        let is_stopped = |name: &&String| runtime.containers.get(*name).is_none_or(|c| c.running().is_none());
        let stopped: Vec<String> = self.runs.keys().filter(is_stopped).cloned().collect();
        for name in stopped {
            self.world.kill(&name);
        }
    }

    /// Runs the world up to an instant. Where that takes more steps than is reasonable, the containers stand still for the rest
    /// of the time, as frozen ones do.
    fn catch_up(&mut self, server: &mut Server, pod: &Object, until: Time) {
        for _ in 0..ROUNDS {
            if !self.run(server, pod, until).is_exhausted {
                return;
            }
        }
        self.world.now = self.world.now.max(until);
    }

    /// Runs the world up to an instant.
    fn run(&mut self, server: &mut Server, pod: &Object, until: Time) -> Outcome {
        match self.peers.is_empty() {
            true => self.run_alone(server, pod, until),
            false => self.run_group(server, pod, until),
        }
    }

    /// Runs the world up to an instant, without the others of its group.
    fn run_alone(&mut self, server: &mut Server, pod: &Object, until: Time) -> Outcome {
        match self.stops.is_empty() {
            true => self.run_world(server, pod, until),
            false => self.run_stopping(server, pod, until),
        }
    }

    /// Runs what is in the world up to an instant. What it asks of the network before that is answered as before.
    fn run_world(&mut self, server: &mut Server, pod: &Object, until: Time) -> Outcome {
        let before = until - Duration::from_micros(1);
        if !self.answers.is_empty() && self.world.now < before {
            let outcome = self.act(server, pod, true, |world, outside| world.run(outside, before, BUDGET));
            if outcome.is_exhausted {
                return outcome;
            }
        }
        self.outside(server, pod, |world, outside| world.run(outside, until, BUDGET))
    }

    /// Acts on the world with what lies outside of the pod.
    fn outside<R>(
        &mut self,
        server: &mut Server,
        pod: &Object,
        act: impl FnOnce(&mut World, &mut dyn Surroundings) -> R,
    ) -> R {
        self.act(server, pod, false, act)
    }

    fn act<R>(
        &mut self,
        server: &mut Server,
        pod: &Object,
        is_past: bool,
        act: impl FnOnce(&mut World, &mut dyn Surroundings) -> R,
    ) -> R {
        let Inside { hops, is_forecast, ends_at_exchange, draws, .. } = *self;
        let mut outside =
            Outside { server, pod, draws, now: self.world.now, hops, is_forecast, masqueraded: None, failure: None };
        let (answers, demand) = (&mut self.answers, &mut self.demand);
        let mut remembering =
            Remembering { surroundings: &mut outside, answers, is_past, demand, ends_at_exchange, is_over: false };
        let result = act(&mut self.world, &mut remembering);
        self.draws = outside.draws;
        self.failure = self.failure.take().or(outside.failure);
        result
    }
}

/// Returns the log of a container whose program is simulated, up to an instant.
///
/// # Errors
/// As [`Inside::advance`].
pub(super) fn log(
    server: &mut Server,
    pod: &Object,
    runtime: &PodRuntime,
    query: &LogQuery<'_>,
    now: Time,
) -> Result<Vec<(Time, String)>, Status> {
    let mut inside = Inside::load(server, pod, runtime)?;
    inside.world.lines_wanted = query.lines;
    inside.advance(server, pod, runtime, now)?;
    Ok(inside.log(query.container))
}
