//! Build script of the binary: how it is linked.

use std::path::Path;

/// Leaves out the tables with which a panic would unwind, a tenth of the file.
const WITHOUT_UNWINDING: &str = "\
SECTIONS { /DISCARD/ : { *(.eh_frame) *(.eh_frame_hdr) *(.gcc_except_table*) } }
INSERT AFTER .text;
";

fn main() -> std::io::Result<()> {
    println!("cargo::rerun-if-changed=src/build.rs");
    println!("cargo::rerun-if-env-changed=CARGO_PROFILE_RELEASE_PANIC");
    if variable("CARGO_CFG_TARGET_OS") != "linux" {
        return Ok(());
    }
    // At a fixed address the loader has no relocations to apply; they would cost a short command a tenth of its time.
    println!("cargo::rustc-link-arg-bins=-no-pie");
    // Named first, the C library is also the first that the loader searches for each symbol.
    println!("cargo::rustc-link-lib=c");
    // Releases end with a panic (Cargo.toml), unless the environment sets that aside, as benchmarks do.
    if variable("PROFILE") == "release" && variable("CARGO_PROFILE_RELEASE_PANIC") != "unwind" {
        let script = Path::new(&variable("OUT_DIR")).join("without_unwinding.ld");
        std::fs::write(&script, WITHOUT_UNWINDING)?;
        println!("cargo::rustc-link-arg-bins=-Wl,-T,{}", script.display());
    }
    Ok(())
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}
