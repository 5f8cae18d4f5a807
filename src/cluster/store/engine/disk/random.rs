//! Chance for the tests of the disk.

/// A generator of random numbers (splitmix64), so that a seed determines a run.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random(seed)
    }

    /// The number of rounds of a test: `usual`, or a multiple of it if `KCTL_TEST_SCALE` is set, for a long run.
    pub(crate) fn rounds(usual: usize) -> usize {
        usual * std::env::var("KCTL_TEST_SCALE").map_or(1, |n| n.parse().expect("KCTL_TEST_SCALE is a number"))
    }

    /// A number below `limit`, which must not be 0.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % limit as u64) as usize
    }
}
