//! Deterministic generator of UIDs, name suffixes and addresses.
//!
//! A draw is a pure function of (seed, purpose, owner, counter), so that an additional object does not change the names
//! of the others. The store keeps a counter for each (purpose, owner).

use std::hash::Hasher;

use siphasher::sip128::{Hasher128, SipHasher13};

/// The alphabet of generated names, without vowels (so that no words appear) and characters that are easily confused
/// (apimachinery, `pkg/util/rand`).
const SAFE_ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";

/// A generator with a seed.
#[derive(Clone, Copy, Debug)]
pub struct Ids {
    seed: u64,
}

impl Ids {
    /// Creates the generator for a seed.
    pub fn new(seed: u64) -> Ids {
        Ids { seed }
    }

    /// Returns the seed.
    pub fn seed(self) -> u64 {
        self.seed
    }

    /// Returns 128 bits for draw number `counter` of `purpose` for `owner`.
    pub fn draw(self, purpose: &str, owner: &str, counter: u64) -> u128 {
        finish(self.begin(purpose, owner.len()), owner, counter)
    }

    /// Returns a source of draws of `purpose` for many owners whose names begin with `prefix`.
    pub fn draws<'a>(self, purpose: &'a str, prefix: &'a str) -> PrefixedDraws<'a> {
        PrefixedDraws { ids: self, purpose, prefix, begun: None }
    }

    /// Begins to hash a draw of `purpose` for an owner with a name of a length in bytes.
    fn begin(self, purpose: &str, owner_length: usize) -> SipHasher13 {
        let mut hasher = SipHasher13::new_with_keys(self.seed, 0x6b63_746c);
        hasher.write_u64(purpose.len() as u64);
        hasher.write(purpose.as_bytes());
        hasher.write_u64(owner_length as u64);
        hasher
    }

    /// Returns a version 4 UUID in the usual notation (RFC 9562).
    pub fn uid(self, purpose: &str, owner: &str, counter: u64) -> String {
        let bits = self.draw(purpose, owner, counter);
        let bits = bits & !(0xf << 76) & !(0x3 << 62) | (0x4 << 76) | (0x2 << 62);
        let digit = |place: u32| char::from(b"0123456789abcdef"[(bits >> (124 - 4 * place)) as usize & 0xf]);
        let mut uid = String::with_capacity(36);
        for (place, digit) in (0..32).map(digit).enumerate() {
            if [8, 12, 16, 20].contains(&place) {
                uid.push('-');
            }
            uid.push(digit);
        }
        uid
    }

    /// Returns `length` characters of the safe alphabet; at most 25, for which the bits of a draw suffice.
    pub fn suffix(self, purpose: &str, owner: &str, counter: u64, length: usize) -> String {
        let mut bits = self.draw(purpose, owner, counter);
        (0..length)
            .map(|_| {
                let letter = SAFE_ALPHABET[(bits % 27) as usize];
                bits /= 27;
                char::from(letter)
            })
            .collect()
    }

    /// Returns a number below `bound`, which must not be zero.
    pub fn below(self, purpose: &str, owner: &str, counter: u64, bound: u64) -> u64 {
        (self.draw(purpose, owner, counter) % u128::from(bound)) as u64
    }
}

/// Returns the draw of a hasher that has begun, given the part of the name of the owner that is missing in it.
fn finish(mut hasher: SipHasher13, owner: &str, counter: u64) -> u128 {
    hasher.write(owner.as_bytes());
    hasher.write_u64(counter);
    hasher.finish128().as_u128()
}

/// Draws for owners whose names have their beginning in common, which is hashed once for each length of the names.
pub struct PrefixedDraws<'a> {
    ids: Ids,
    purpose: &'a str,
    prefix: &'a str,
    /// The length of the last name, and what precedes the end of such names.
    begun: Option<(usize, SipHasher13)>,
}

impl PrefixedDraws<'_> {
    /// Returns the same as [`Ids::draw`] for the owner whose name ends in `suffix`.
    pub fn draw(&mut self, suffix: &str, counter: u64) -> u128 {
        let length = self.prefix.len() + suffix.len();
        let hasher = match self.begun {
            Some((known, hasher)) if known == length => hasher,
            _ => {
                let mut hasher = self.ids.begin(self.purpose, length);
                hasher.write(self.prefix.as_bytes());
                self.begun = Some((length, hasher));
                hasher
            }
        };
        finish(hasher, suffix, counter)
    }
}

/// Returns a seed from the operating system's random source, for stores without a given seed.
pub fn fresh_seed() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().build_hasher().finish()
}

/// Encodes a decimal hash with the safe alphabet, as in the label `pod-template-hash` (`rand.SafeEncodeString`).
pub fn safe_encode(text: &str) -> String {
    text.bytes().map(|b| char::from(SAFE_ALPHABET[usize::from(b) % SAFE_ALPHABET.len()])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_depend_on_every_part() {
        let ids = Ids::new(7);
        let base = ids.draw("uid", "a", 0);
        assert_eq!(base, Ids::new(7).draw("uid", "a", 0));
        for other in [
            Ids::new(8).draw("uid", "a", 0),
            ids.draw("name", "a", 0),
            ids.draw("uid", "b", 0),
            ids.draw("uid", "a", 1),
        ] {
            assert_ne!(base, other);
        }
    }

    #[test]
    fn draws_with_a_prefix_are_the_same() {
        let mut draws = Ids::new(7).draws("schedule", "pod/");
        for (suffix, counter) in [("n1", 0), ("n2", 0), ("n10", 0), ("n1", 3), ("", 0)] {
            let owner = ["pod/", suffix].concat();
            assert_eq!(draws.draw(suffix, counter), Ids::new(7).draw("schedule", &owner, counter), "{owner}");
        }
    }

    #[test]
    fn uids_are_version_four() {
        let uid = Ids::new(1).uid("uid", "x", 3);
        assert_eq!((uid.len(), &uid[14..15]), (36, "4"));
        assert!("89ab".contains(&uid[19..20]), "{uid}");
    }

    #[test]
    fn suffixes_use_the_safe_alphabet() {
        let suffix = Ids::new(1).suffix("name", "x", 0, 5);
        assert_eq!(suffix.len(), 5);
        assert!(suffix.bytes().all(|b| SAFE_ALPHABET.contains(&b)));
    }
}
