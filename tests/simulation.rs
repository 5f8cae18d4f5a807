//! A random life of a cluster: workloads come, change, fail and go, nodes stop and start, and after every step the rules hold
//! that [`checkers`] lists. Everything follows from a seed, so a failure can be had again:
//!
//! - `KCTL_TEST_SEED=N`: another life (default 1);
//! - `KCTL_SIM_STEPS=N`: a longer one (default a few hundred; 10,000 are meant for `cargo test --release`).
//!
//! The steps are in [`workload`], the cluster with its memory of what happened in [`world`]. What is not covered: the
//! command line (transcripts), several processes, the disk (`concurrency`, `crash`).

mod checkers;
mod workload;
mod world;

use kctl_base::object::{ObjectMeta as _, ValueRead as _};
use kctl_base::sim::Duration;

use crate::harness::dump;
use crate::harness::random::Random;
use workload::Action;
use world::World;

/// Steps, unless the environment says otherwise.
const STEPS: usize = 250;
/// Steps of a life that is lived more than once.
const STEPS_OF_TWINS: usize = 60;
/// Every so many steps all faults are healed, and everything has to become what it should be.
const BETWEEN_CALMS: usize = 25;
/// Long enough for a rollout over the few nodes there are.
const SOON: Duration = Duration::from_secs(120);
/// A life of so many steps has seen everything that can happen.
const FULL_LIFE: usize = 2000;

fn steps(otherwise: usize) -> usize {
    std::env::var("KCTL_SIM_STEPS").ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// Lives one life and answers all that is left of it, and a digest of every change on the way.
fn live(seed: u64, steps: usize) -> String {
    let mut random = Random::new(seed);
    let mut world = World::new(seed);
    for step in 1..=steps {
        let action = Action::choose(&mut random, &world);
        world.note(format!("step {step}: {action:?}"));
        action.take(&mut world);
        let mut problems = checkers::after_step(&mut world);
        if step % BETWEEN_CALMS == 0 || step == steps {
            world.note(format!("step {step}: calm"));
            world.calm_down();
            problems.extend(checkers::after_step(&mut world));
            checkers::wake_daemon_sets(&mut world);
            world.cluster.advance(SOON).expect("time passes");
            problems.extend(checkers::after_step(&mut world));
            problems.extend(checkers::when_calm(&mut world));
        }
        assert!(problems.is_empty(), "seed {seed}, {}\n\n{}", world.story(), problems.join("\n"));
        // Every command commits what it did; what is staged for long would also be kept in memory for long.
        world.cluster.commit().expect("a commit");
    }
    let problems = world.cluster.server().store().check().expect("a check");
    assert!(problems.is_empty(), "seed {seed}: the store is not whole:\n{}", problems.join("\n"));
    let idle = workload::never_done(&world);
    assert!(steps < FULL_LIFE || idle.is_empty(), "seed {seed}: in {steps} steps these never happened: {idle:?}");
    format!("{:016x}\n{}", world.digest(), dump(&mut world.cluster))
}

#[test]
fn a_random_life_keeps_the_rules() {
    live(Random::seed(1), steps(STEPS));
}

#[test]
fn one_seed_is_one_life() {
    let seed = Random::seed(2);
    let steps = steps(STEPS_OF_TWINS);
    let (first, second) = (live(seed, steps), live(seed, steps));
    let differs = first.lines().zip(second.lines()).find(|(a, b)| a != b);
    assert!(first == second, "seed {seed}: not the same twice: {differs:#?}");
    assert!(live(seed + 1, STEPS_OF_TWINS) != first, "another seed is another life");
}

/// `kind namespace/name`, as problems name objects.
fn named(object: &kctl_base::json::Value) -> String {
    format!("{} {}", object.str("/kind"), object.name())
}
