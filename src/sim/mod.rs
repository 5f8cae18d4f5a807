//! The simulated world's time, agenda and chance.

pub mod clock;
pub mod ids;
pub mod time;
pub mod timeline;
