//! Random operations on a cluster: workloads are created, changed, failed and deleted, nodes stop and start, and after every
//! step the invariants in [`checkers`] must hold. Everything is determined by a seed, so every failure can be reproduced:
//!
//! - `KCTL_TEST_SEED=N` chooses another run (default 1);
//! - `KCTL_SIM_STEPS=N` sets its length (default a few hundred; 10,000 are for `cargo test --release`).
//!
//! The operations are in [`workload`], the faults of the disk in [`disk`], the cluster and its recorded history in [`world`].
//! Operations of the command line are a simulation of their own, [`command_line`]. Concurrent processes (`concurrency`) and
//! processes that are killed (`crash`) are not covered.

mod checkers;
mod command_line;

mod disk;
mod workload;
mod world;

use kctl_base::sim::Duration;

use crate::harness::cluster::{dump, problems};
use crate::harness::random::Random;
use disk::DiskFault;
use workload::Action;
use world::World;

/// The default number of steps.
const STEPS: usize = 250;
/// The number of steps of a run that is repeated.
const REPEATED_STEPS: usize = 60;
/// The number of steps after which all faults are healed and the cluster has to converge.
const STEPS_BETWEEN_RESTS: usize = 25;
/// Long enough for a rollout over the few nodes.
const ROLLOUT_TIME: Duration = Duration::from_secs(120);
/// A run of this many steps must have performed every kind of operation.
const COVERING_STEPS: usize = 2000;

/// The number of steps: `KCTL_SIM_STEPS` if it is set.
fn steps(default: usize) -> usize {
    std::env::var("KCTL_SIM_STEPS").ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Runs a simulation and returns a digest of every change and a dump of the final cluster. With `chance`, the seed also
/// decides how long steps take and in which order the controllers work.
fn simulate(seed: u64, steps: usize, chance: bool) -> String {
    let mut random = Random::new(seed);
    let mut world = World::new(seed, chance);
    for step in 1..=steps {
        let action = Action::choose(&mut random, &world);
        let fault = DiskFault::choose(&mut random).map(|fault| (fault, world.known()));
        world.log(format!("step {step}: {}", action.describe()));
        action.perform(&mut world);
        let mut problems = checkers::after_step(&mut world);
        if step % STEPS_BETWEEN_RESTS == 0 || step == steps {
            world.log(format!("step {step}: rest"));
            world.heal_and_rest();
            problems.extend(checkers::after_step(&mut world));
            checkers::resync(&mut world);
            world.cluster.advance(ROLLOUT_TIME).expect("time passes");
            problems.extend(checkers::after_step(&mut world));
            problems.extend(checkers::at_rest(&mut world));
        }
        assert!(problems.is_empty(), "seed {seed}, {}\n\n{}", world.recent_log(), problems.join("\n"));
        match fault {
            Some((fault, before)) => {
                world.log(format!("step {step}: {fault:?}"));
                world.commit_on(fault, before, &mut random);
            }
            None => world.commit(),
        }
        if step % STEPS_BETWEEN_RESTS == 0 {
            world.restart();
        }
    }
    let problems = problems(&mut world.cluster);
    assert!(problems.is_empty(), "seed {seed}: the store is damaged:\n{}", problems.join("\n"));
    let missing = workload::never_performed(&world);
    assert!(steps < COVERING_STEPS || missing.is_empty(), "seed {seed}: never in {steps} steps: {missing:?}");
    format!("{:016x}\n{}", world.digest(), dump(&mut world.cluster))
}

#[test]
fn random_operations_violate_no_invariant() {
    simulate(Random::seed(1), steps(STEPS), false);
}

#[test]
fn random_operations_violate_no_invariant_in_whatever_order_controllers_work() {
    simulate(Random::seed(3), steps(STEPS), true);
}

#[test]
fn a_seed_determines_the_run() {
    let seed = Random::seed(2);
    let steps = steps(REPEATED_STEPS);
    for chance in [false, true] {
        let (first, second) = (simulate(seed, steps, chance), simulate(seed, steps, chance));
        let differs = first.lines().zip(second.lines()).find(|(a, b)| a != b);
        assert!(first == second, "seed {seed}: the second run differs: {differs:#?}");
        assert!(simulate(seed + 1, REPEATED_STEPS, chance) != first, "another seed has another run");
    }
}
