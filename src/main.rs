//! kctl
fn main() {}
