//! Build script of the binary: how it is linked.

use std::path::Path;
use std::process::{Command, Stdio};

/// Leaves out the tables with which a panic would unwind, a tenth of the file.
const WITHOUT_UNWINDING: &str = "\
SECTIONS { /DISCARD/ : { *(.eh_frame) *(.eh_frame_hdr) *(.gcc_except_table*) } }
INSERT AFTER .text;
";

/// Keeps one of several functions or constants that are the same to the byte, which generic code makes.
const FOLD: &str = "-Wl,--icf=all";

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
        if links_with(FOLD)? {
            println!("cargo::rustc-link-arg-bins={FOLD}");
        }
    }
    Ok(())
}

/// Returns whether a program can be linked with an argument: lld and gold know some that the linker of binutils does not.
fn links_with(argument: &str) -> std::io::Result<bool> {
    let out = Path::new(&variable("OUT_DIR")).join("linked");
    let source = out.with_extension("rs");
    std::fs::write(&source, "fn main() {}")?;
    let mut rustc = Command::new(variable("RUSTC"));
    rustc.arg(&source).arg("-o").arg(&out).args([
        "--target",
        &variable("TARGET"),
        "-C",
        &format!("link-arg={argument}"),
    ]);
    if let Ok(linker) = std::env::var("RUSTC_LINKER") {
        rustc.arg("-C").arg(format!("linker={linker}"));
    }
    rustc.args(variable("CARGO_ENCODED_RUSTFLAGS").split('\x1f').filter(|flag| !flag.is_empty()));
    Ok(rustc.stdout(Stdio::null()).stderr(Stdio::null()).status()?.success())
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}
