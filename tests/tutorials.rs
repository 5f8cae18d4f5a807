//! What the containers of the documentation's tutorials see, as transcripts.
//!
//! `kctl test --update testdata/tutorials` accepts the output of today, to be reviewed before it is committed.

use crate::harness::{Sandbox, testdata};

#[test]
fn containers_see_what_the_tutorials_show() {
    let done = Sandbox::new(1).run(&format!("kctl test {}", testdata().join("tutorials").display()));
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
}
