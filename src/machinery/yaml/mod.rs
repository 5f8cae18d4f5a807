//! YAML as kubectl reads and writes it.

mod emit;
mod load;
