//! Mutated inputs for every parser, for the patches, and for the whole server: none may panic, overflow the stack, or take
//! long, and what is written must read back the same.
//!
//! Everything is determined by a seed. As part of `cargo test` a target runs for a few hundred cases.
//!
//! - `KCTL_FUZZ_SECONDS=N` runs every target for that long instead;
//! - `KCTL_TEST_SEED=N` chooses other inputs (default 1).
//!
//! A failure prints the input; `KCTL_FUZZ_TRACE=1` prints every input before it is used, for those that abort the process. The corpora are in [`corpus`], the mutations of texts and values in [`mutate`].

mod corpus;
mod languages;
mod mutate;
mod patches;
mod server;
mod texts;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::{Duration, Instant};

use crate::harness::random::Random;
use kctl_base::json::on_deep_stack;

/// The time that a single case may take. The test profile does not optimize, and the machine may be busy.
const CASE_MAX: Duration = Duration::from_secs(30);

/// A case that takes longer is printed.
const CASE_SLOW: Duration = Duration::from_secs(10);

/// Runs a target on inputs that `make` makes: `count` of them, or for `KCTL_FUZZ_SECONDS`.
fn fuzz<T: std::fmt::Debug>(count: usize, make: impl Fn(&mut Random) -> T + Send, target: impl Fn(&T) + Send) {
    on_deep_stack(|| fuzz_here(count, make, target)).expect("a stack");
}

#[expect(clippy::print_stdout, reason = "cargo shows it for a test that fails, and on demand")]
fn fuzz_here<T: std::fmt::Debug>(count: usize, make: impl Fn(&mut Random) -> T, target: impl Fn(&T)) {
    let seconds = std::env::var("KCTL_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok());
    let end = seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let mut random = Random::new(Random::seed(1));
    let mut cases = 0;
    let mut slowest = Duration::ZERO;
    while end.map_or(cases < count, |end| Instant::now() < end) {
        let input = make(&mut random);
        if std::env::var_os("KCTL_FUZZ_TRACE").is_some() {
            println!("case {cases}: {}", shown(&input));
        }
        let start = Instant::now();
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| target(&input))) {
            println!("case {cases} failed: {}", shown(&input));
            resume_unwind(panic);
        }
        if start.elapsed() > CASE_SLOW {
            println!("case {cases} took {:?}: {}", start.elapsed(), shown(&input));
        }
        slowest = slowest.max(start.elapsed());
        assert!(start.elapsed() < CASE_MAX, "case {cases} took {:?}: {}", start.elapsed(), shown(&input));
        cases += 1;
    }
    println!("{cases} cases, slowest {slowest:?}");
}

/// Formats an input for the log, cut off if it is long.
fn shown(input: &impl std::fmt::Debug) -> String {
    format!("{input:?}").chars().take(20_000).collect()
}
