//! A deterministic random generator: the same numbers for a seed on every machine and in every run.

/// The SplitMix64 generator (Steele, Lea, Flood 2014).
#[derive(Clone)]
pub(crate) struct Random(u64);

impl Random {
    /// Creates a generator; every seed has its own sequence.
    pub(crate) fn new(seed: u64) -> Random {
        Random(seed)
    }

    /// The seed of a test: `KCTL_TEST_SEED` if it is set, else `default`.
    pub(crate) fn seed(default: u64) -> u64 {
        std::env::var("KCTL_TEST_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(default)
    }

    /// The number of rounds of a test: `usual`, or a multiple of it if `KCTL_TEST_SCALE` is set, for a long run.
    pub(crate) fn rounds(usual: u64) -> u64 {
        usual * std::env::var("KCTL_TEST_SCALE").ok().and_then(|text| text.parse().ok()).unwrap_or(1)
    }

    /// The next 64 random bits.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which must not be 0.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// A random element of a slice, which must not be empty.
    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len() as u64) as usize]
    }

    /// Returns true in one of `times` cases on average.
    pub(crate) fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }
}
