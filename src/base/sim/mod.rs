//! The simulated world's time, agenda and chance: values that are handed in, never read from the machine.
//!
//! Only [`clock::wall`] reads the machine's clock and only [`ids::fresh_seed`] its randomness; both are called by the
//! composition root when a store is opened. Nothing here knows objects or storage.

pub mod clock;
pub mod ids;
pub mod time;
pub mod timeline;

pub use clock::{ClockMode, ClockState};
pub use ids::Ids;
pub use time::{Duration, Time};
pub use timeline::Due;
