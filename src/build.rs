//! Build script of the binary: how it is linked.

fn main() {
    println!("cargo::rerun-if-changed=src/build.rs");
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux") {
        // At a fixed address the loader has no relocations to apply; they would cost a short command a tenth of its time.
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
}
