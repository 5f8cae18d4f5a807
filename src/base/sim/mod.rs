//! Simulated time, timeline and randomness as values, which the rest of the code receives as arguments.
//!
//! Only [`clock::wall`] reads the machine's clock and only [`ids::fresh_seed`] its random source; both are called when
//! a store is opened. Nothing here depends on objects or storage.

pub mod chance;
pub mod clock;
pub mod ids;
pub mod time;
pub mod timeline;

pub use chance::{Chance, ChanceMode};
pub use clock::{ClockMode, ClockState};
pub use ids::{Ids, PrefixedDraws};
pub use time::{Duration, Time};
pub use timeline::Due;
