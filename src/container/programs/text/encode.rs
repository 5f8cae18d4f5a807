//! `base64`, and sums of files: `md5sum`, `sha1sum`, `sha256sum`, `sha512sum`.

use base64::Engine;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

use crate::call::{Call, Stop};
use crate::programs::io::{Io, Wording};
use crate::programs::opts::{Options, Spec, is_busybox, quote};

const BASE64: Spec =
    Spec::new("dDw:i", &[("decode", 'd'), ("ignore-garbage", 'i'), ("wrap", 'w')], "[-d] [-w COL] [FILE]");
const DIGEST: Spec = Spec::new(
    "cswbtγz",
    &[("check", 'c'), ("status", 's'), ("warn", 'w'), ("binary", 'b'), ("text", 't'), ("quiet", 'γ'), ("tag", 'z')],
    "[-c[sw]] [FILE]...",
);

/// Columns of a line of `base64`.
const WRAP: usize = 76;

/// `base64`.
pub(super) fn base64(call: &mut Call<'_>, io: &mut Io) -> Result<i32, Stop> {
    let options = BASE64.parse(call)?;
    if let Some(extra) = options.operands.get(1) {
        let message = format!("extra operand {}", quote(call, extra));
        return Err(BASE64.misuse(call, &message));
    }
    io.start(&options.operands, Wording::PLAIN);
    let Some(text) = io.file(call)? else { return Ok(io.code()) };
    if options.last_of("dD").is_some() {
        return Ok(decode(call, io, &text, options.has('i')));
    }
    let width = match options.value('w').map(|text| (text, text.parse::<usize>())) {
        None => WRAP,
        Some((_, Ok(width))) => width,
        Some((text, Err(_))) => {
            let message = format!("invalid wrap size: {}", quote(call, text));
            call.complain(&message);
            return Ok(1);
        }
    };
    let encoded = STANDARD.encode(text);
    if width == 0 {
        io.print(encoded);
    } else {
        for line in encoded.as_bytes().chunks(width) {
            io.print(line);
            io.print("\n");
        }
    }
    Ok(io.code())
}

/// Decodes as far as the text is valid.
fn decode(call: &mut Call<'_>, io: &mut Io, text: &[u8], ignores_garbage: bool) -> i32 {
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let engine = GeneralPurpose::new(&base64::alphabet::STANDARD, config);
    let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
    let kept: Vec<u8> = text.iter().copied().filter(|b| *b != b'\n' && (!ignores_garbage || is_letter(b))).collect();
    let valid = kept.iter().take_while(|byte| is_letter(byte)).count();
    let whole = valid / 4 * 4;
    let is_valid = valid == kept.len() && (valid % 4 == 0);
    let length = if is_valid { valid } else { whole };
    match engine.decode(&kept[..length]) {
        Ok(bytes) if is_valid => {
            io.print(bytes);
            0
        }
        Ok(bytes) => {
            io.print(bytes);
            let message = if is_busybox(call) { "truncated input" } else { "invalid input" };
            call.complain(message);
            1
        }
        Err(_) => {
            call.complain("invalid input");
            1
        }
    }
}

/// Returns the sum that a program computes, in hexadecimal digits.
fn sum(program: &str, bytes: &[u8]) -> String {
    let digest = match program {
        "md5sum" => Md5::digest(bytes).to_vec(),
        "sha1sum" => Sha1::digest(bytes).to_vec(),
        "sha256sum" => Sha256::digest(bytes).to_vec(),
        _ => Sha512::digest(bytes).to_vec(),
    };
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `md5sum` and its kin.
pub(super) fn digest(call: &mut Call<'_>, io: &mut Io) -> Result<i32, Stop> {
    let options = DIGEST.parse(call)?;
    const BUSYBOX: Wording = Wording::new("can't open '{}'", "can't read '{}'");
    io.start(&options.operands, if is_busybox(call) { BUSYBOX } else { Wording::PLAIN });
    let program = call.name().to_owned();
    while let Some(text) = io.file(call)? {
        if io.is_unreadable() {
            continue;
        }
        if options.has('c') {
            check(call, io, &options, &program, &text);
            continue;
        }
        let mark = if options.has('b') && !is_busybox(call) { '*' } else { ' ' };
        let line = format!("{} {mark}{}\n", sum(&program, &text), io.name());
        io.print(line);
    }
    Ok(io.code())
}

/// Compares sums that a file lists.
fn check(call: &mut Call<'_>, io: &mut Io, options: &Options, program: &str, list: &[u8]) {
    let is_silent = options.has('s');
    let (mut wrong, mut total, mut unreadable) = (0, 0, 0);
    for line in String::from_utf8_lossy(list).lines() {
        let Some((wanted, name)) = line.split_once(' ') else { continue };
        let name = name.strip_prefix([' ', '*']).unwrap_or(name);
        total += 1;
        let result = match call.files().read(name) {
            Ok(bytes) if sum(program, &bytes).eq_ignore_ascii_case(wanted) => "OK",
            Ok(_) => {
                wrong += 1;
                "FAILED"
            }
            Err(errno) => {
                let what = if is_busybox(call) { format!("can't open '{name}'") } else { name.to_owned() };
                call.complain(&format!("{what}: {}", errno.text()));
                unreadable += 1;
                if is_busybox(call) { "FAILED" } else { "FAILED open or read" }
            }
        };
        let is_hidden = is_silent || options.has('γ') && result == "OK";
        if !is_hidden {
            io.print(format!("{name}: {result}\n"));
        }
    }
    if wrong + unreadable > 0 || total == 0 {
        io.fail();
    }
    for message in warnings(call, io, (wrong, total, unreadable)) {
        if !is_silent {
            call.complain(&message);
        }
    }
}

fn warnings(call: &Call<'_>, io: &Io, (wrong, total, unreadable): (u32, u32, u32)) -> Vec<String> {
    if is_busybox(call) {
        let wrong = wrong + unreadable;
        return match (total, wrong) {
            (0, _) => vec!["no checksum lines found".to_owned()],
            (_, 0) => Vec::new(),
            _ => vec![format!("WARNING: {wrong} of {total} computed checksums did NOT match")],
        };
    }
    if total == 0 {
        let name = if io.name() == "-" { "'standard input'".to_owned() } else { io.name().to_owned() };
        return vec![format!("{name}: no properly formatted checksum lines found")];
    }
    let mut messages = Vec::new();
    if unreadable > 0 {
        let files = if unreadable == 1 { "listed file" } else { "listed files" };
        messages.push(format!("WARNING: {unreadable} {files} could not be read"));
    }
    if wrong > 0 {
        let sums = if wrong == 1 { "computed checksum" } else { "computed checksums" };
        messages.push(format!("WARNING: {wrong} {sums} did NOT match"));
    }
    messages
}
