//! Build script: derives the two schema files that are embedded into the binary from the API types of `k8s-openapi`.
//!
//! `schema.txt` has the fields, types and required marks, in a format that is read in place. `texts.bin` has the
//! documentation for `explain`, compressed. Neither is in the repository.

#[path = "build/lean.rs"]
mod lean;
#[path = "build/roots.rs"]
mod roots;
#[path = "build/texts.rs"]
mod texts;

use std::{env, error::Error, fs, path::PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    for source in ["build.rs", "build/lean.rs", "build/roots.rs", "build/texts.rs"] {
        println!("cargo::rerun-if-changed={source}");
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    let (roots, definitions) = roots::collect();
    fs::write(out.join("schema.txt"), lean::encode(&roots, &definitions)?)?;
    fs::write(out.join("texts.bin"), texts::encode(&definitions)?)?;
    Ok(())
}
