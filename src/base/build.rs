//! Build script: compresses the documentation of the built-in schema, which is committed as text.
//!
//! `texts.bin` has blocks of whole definitions, so that `explain` decompresses only those that it prints. `texts.index`
//! has a line for each of them: the first definition and the length in compressed bytes.

use std::{env, error::Error, fmt::Write, fs, path::PathBuf};

use miniz_oxide::deflate::compress_to_vec;

const SOURCE: &str = "schema/texts.txt";

/// The size at which a block ends. Smaller ones decompress faster, but are larger in total.
const BLOCK_BYTES: usize = 32 * 1024;

const LEVEL: u8 = 9;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={SOURCE}");
    let text = fs::read_to_string(SOURCE)?;
    let (mut index, mut bytes) = (String::new(), Vec::new());
    for block in blocks(&text) {
        let compressed = compress_to_vec(block.as_bytes(), LEVEL);
        let first = block.split('\t').next().unwrap_or_default();
        writeln!(index, "{first}\t{}", compressed.len())?;
        bytes.extend(compressed);
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    fs::write(out.join("texts.index"), index)?;
    fs::write(out.join("texts.bin"), bytes)?;
    Ok(())
}

/// Cuts the text before definitions, whose lines are those that begin with no tab.
fn blocks(text: &str) -> Vec<&str> {
    let mut blocks = Vec::new();
    let (mut start, mut at) = (0, 0);
    for line in text.split_inclusive('\n') {
        if at - start >= BLOCK_BYTES && !line.starts_with('\t') {
            blocks.push(&text[start..at]);
            start = at;
        }
        at += line.len();
    }
    blocks.push(&text[start..]);
    blocks
}
