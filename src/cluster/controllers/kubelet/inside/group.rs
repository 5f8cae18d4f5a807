//! Pods that share volumes: they are brought up to an instant together, in the order of what happens in them, so that each sees
//! the files as the others have left them by then.
//!
//! The shared trees are in the world of the pod that is looked at; the others borrow them while they run.

use std::collections::BTreeMap;
use std::sync::Arc;

use kctl_base::object::{Object, ObjectMeta};
use kctl_base::sim::{Duration, Time};
use kctl_base::status::Status;
use kctl_container::Outcome;

use super::volumes::{self, shared};
use super::{BUDGET, Inside, PodPlace, Sources};
use crate::api::Server;
use crate::controllers::kubelet::NAME;
use crate::controllers::kubelet::runtime::PodRuntime;

/// Most turns of the pods of a group. Beyond that, they run one after the other.
const MAX_TURNS: u64 = 10_000;
/// Steps of a forecast for each turn in it.
const STEPS_PER_TURN: u64 = 5;
/// Most pods that are foreseen together, and that look again when something intervenes in one of them.
const MAX_FORESEEN: usize = 16;

/// Another pod with a volume of the pod that is looked at.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Peer {
    pod: Arc<Object>,
    inside: Inside,
    /// When something happens in it next.
    next: Option<Time>,
    /// Something has happened in it that was not kept yet.
    has_changed: bool,
}

/// How a group runs.
#[derive(Clone, Copy)]
enum Pace {
    /// To the present.
    Present,
    /// Ahead, with a number of steps at most.
    Ahead(u64),
}

impl Pace {
    fn turns(self) -> u64 {
        match self {
            Pace::Present => MAX_TURNS,
            Pace::Ahead(steps) => steps / STEPS_PER_TURN,
        }
    }
}

impl Inside {
    /// Loads the volumes that the pod shares with others, and those others. Where something was asked of the network, which
    /// reaches pods as they were kept, the others are brought up to the present first.
    pub(super) fn join_group(
        &mut self,
        server: &mut Server,
        pod: &Object,
        place: &PodPlace,
        now: Time,
    ) -> Result<(), Status> {
        let trees = BTreeMap::new();
        let users = shared::other_users(&mut Sources { server, pod, place, trees: &trees, at: now })?;
        let is_new = |peers: &[Peer], namespace: &str, name: &str| {
            !peers.iter().any(|peer| peer.pod.namespace() == namespace && peer.pod.name() == name)
        };
        for (namespace, name) in
            users.iter().filter(|(namespace, name)| is_new(&self.peers, namespace, name)).cloned().collect::<Vec<_>>()
        {
            if let Some(other) = server.read("pods", &namespace, &name)?
                && let Some(runtime) = PodRuntime::load(server, &other)?.filter(|runtime| runtime.has_inside)
            {
                let inside = Inside::load(server, &other, &runtime)?;
                let place = PodPlace::of(server, &other, &runtime)?;
                let mut sources = Sources { server, pod: &other, place: &place, trees: &trees, at: now };
                volumes::load_shared(&mut sources, &mut self.world.trees)?;
                self.peers.push(Peer { pod: other, inside, next: None, has_changed: false });
            }
        }
        volumes::load_shared(&mut Sources { server, pod, place, trees: &trees, at: now }, &mut self.world.trees)?;
        let asks = self.peers.iter().any(|peer| !peer.inside.answers.is_empty()) || !self.answers.is_empty();
        if asks {
            let mut peers = std::mem::take(&mut self.peers);
            for peer in &mut peers {
                self.lend(peer, |inside, pod| inside.run_alone(server, pod, now));
                peer.has_changed = true;
            }
            self.keep_peers(server, peers)?;
        }
        Ok(())
    }

    /// Keeps what has happened in the other pods of the group.
    pub(super) fn keep_peers(&mut self, server: &mut Server, peers: Vec<Peer>) -> Result<(), Status> {
        for peer in peers.into_iter().filter(|peer| peer.has_changed) {
            peer.inside.save(server, &peer.pod)?;
        }
        Ok(())
    }

    /// Makes the other pods of the group look again, because something has intervened in this one.
    pub(super) fn alert_peers(&self, server: &mut Server, now: Time) -> Result<(), Status> {
        if self.peers.len() > MAX_FORESEEN {
            return Ok(());
        }
        for Peer { pod, .. } in &self.peers {
            let Some(mut runtime) = PodRuntime::load(server, pod)? else { continue };
            runtime.look_at = Some(runtime.look_at.map_or(now, |at| at.min(now)));
            runtime.forecasts = 0;
            runtime.store(server, pod);
            server.schedule(NAME, &format!("{}/{}", pod.namespace(), pod.name()), now, false);
        }
        Ok(())
    }

    /// Returns the other pods as they are in a forecast.
    pub(super) fn foreseen_peers(&self) -> Vec<Peer> {
        if self.peers.len() > MAX_FORESEEN {
            return Vec::new();
        }
        let foreseen = |peer: &Peer| Peer { inside: peer.inside.forecast(), ..peer.clone() };
        self.peers.iter().map(foreseen).collect()
    }

    /// Runs the pods of the group up to an instant.
    pub(super) fn run_group(&mut self, server: &mut Server, pod: &Object, until: Time) -> Outcome {
        self.take_turns(server, pod, until, Pace::Present)
    }

    /// Runs a forecast up to an instant: this pod, and others with which it shares volumes.
    pub(super) fn run_ahead(&mut self, server: &mut Server, pod: &Object, until: Time, steps: u64) -> Outcome {
        match self.peers.is_empty() {
            true => self.turn(server, pod, until, Pace::Ahead(steps)),
            false => self.take_turns(server, pod, until, Pace::Ahead(steps)),
        }
    }

    /// Lets the pod run in which something happens next, up to what happens in another one, until all have come to an instant.
    fn take_turns(&mut self, server: &mut Server, pod: &Object, until: Time, pace: Pace) -> Outcome {
        let mut peers = std::mem::take(&mut self.peers);
        for peer in &mut peers {
            let now = peer.inside.world.now;
            peer.next = self.lend(peer, |inside, pod| inside.turn(server, pod, now, pace)).next;
            // Its stop may have gone on.
            peer.has_changed |= !peer.inside.stops.is_empty();
        }
        let mut own = self.turn(server, pod, self.world.now, pace);
        for turn in 0.. {
            let is_last = turn >= pace.turns();
            let chosen = match is_last || own.is_exhausted {
                true => None,
                false => next_turn(own.next, &peers, until),
            };
            let Some(Turn { member, until: limit }) = chosen else {
                own.is_exhausted |= is_last && matches!(pace, Pace::Ahead(_));
                break;
            };
            let outcome = match member {
                None => {
                    own = self.turn(server, pod, limit, pace);
                    own
                }
                Some(index) => {
                    let peer = &mut peers[index];
                    let outcome = self.lend(peer, |inside, pod| inside.turn(server, pod, limit, pace));
                    (peer.next, peer.has_changed) = (outcome.next, true);
                    outcome
                }
            };
            if outcome.is_exhausted {
                own.is_exhausted = true;
                break;
            }
        }
        if !own.is_exhausted {
            own = self.finish(server, pod, &mut peers, until, pace);
        }
        self.peers = peers;
        own
    }

    /// Brings the members of a group to an instant before which nothing happens, or whose turns are used up.
    fn finish(&mut self, server: &mut Server, pod: &Object, peers: &mut [Peer], until: Time, pace: Pace) -> Outcome {
        for peer in peers.iter_mut().filter(|peer| peer.next.is_some_and(|at| at <= until)) {
            let outcome = self.lend(peer, |inside, pod| inside.turn(server, pod, until, pace));
            (peer.next, peer.has_changed) = (outcome.next, true);
        }
        self.turn(server, pod, until, pace)
    }

    fn turn(&mut self, server: &mut Server, pod: &Object, until: Time, pace: Pace) -> Outcome {
        match pace {
            Pace::Present => self.run_alone(server, pod, until),
            Pace::Ahead(_) if !self.stops.is_empty() => self.run_alone(server, pod, until),
            Pace::Ahead(steps) => {
                self.act(server, pod, true, |world, outside| world.run(outside, until, steps.min(BUDGET)))
            }
        }
    }

    /// Lends the shared volumes to another pod while that acts.
    fn lend<R>(&mut self, peer: &mut Peer, act: impl FnOnce(&mut Inside, &Object) -> R) -> R {
        let other = &mut peer.inside;
        other.world.trees.extend(shared::take_shared(&mut self.world));
        let result = act(other, &peer.pod);
        self.world.trees.extend(shared::take_shared(&mut other.world));
        self.failure = self.failure.take().or(other.failure.take());
        result
    }
}

/// The next turn: of one of the others, or of the pod itself.
struct Turn {
    member: Option<usize>,
    /// Up to when it is.
    until: Time,
}

/// Returns whose turn it is next: up to just before something happens in another one, and not beyond `until`.
fn next_turn(own: Option<Time>, peers: &[Peer], until: Time) -> Option<Turn> {
    let others = peers.iter().enumerate().map(|(index, peer)| (Some(index), peer.next));
    let mut waiting: Vec<(Time, Option<usize>)> = others
        .chain([(None, own)])
        .filter_map(|(member, next)| next.filter(|at| *at <= until).map(|at| (at, member)))
        .collect();
    waiting.sort();
    let (at, member) = *waiting.first()?;
    let before = waiting.get(1).map_or(until, |(next, _)| *next - Duration::from_micros(1));
    Some(Turn { member, until: before.max(at) })
}
