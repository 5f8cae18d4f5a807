//! `tr`.

use serde::{Deserialize, Serialize};

use crate::call::{Call, Stop};
use crate::programs::io::{Io, Wording};
use crate::programs::opts::{Options, Spec, is_busybox, quote};

const BUSYBOX: Spec = Spec::new("+cCds", &[], "[-cds] STRING1 [STRING2]");
const GNU: Spec = Spec::new(
    "+cCdst",
    &[("complement", 'c'), ("delete", 'd'), ("squeeze-repeats", 's'), ("truncate-set1", 't')],
    "[OPTION]... STRING1 [STRING2]",
);

/// `tr`: the byte that was printed last, which a repetition of it does not repeat.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Tr(Option<u8>);

impl Tr {
    pub(super) fn run(&mut self, call: &mut Call<'_>, io: &mut Io) -> Result<i32, Stop> {
        let spec = if is_busybox(call) { BUSYBOX } else { GNU };
        let options = spec.parse(call)?;
        check_operands(call, spec, &options)?;
        let is_complement = options.last_of("cC").is_some();
        let mut set1 = set(call, &options.operands[0], None)?;
        if is_complement {
            set1 = (0..=u8::MAX).filter(|byte| !set1.contains(byte)).collect();
        }
        let set2 = match options.operands.get(1) {
            Some(text) => set(call, text, Some(set1.len()))?,
            None => Vec::new(),
        };
        let deletes = options.has('d');
        let translates = !deletes && options.operands.len() > 1;
        if translates && set2.is_empty() && !is_busybox(call) && !options.has('t') {
            call.complain("when not truncating set1, string2 must be non-empty");
            return Ok(1);
        }
        let table = if translates { table(&set1, &set2, &options) } else { (0..=u8::MAX).collect() };
        let squeezed: &[u8] = match (options.has('s'), options.operands.len()) {
            (false, _) => &[],
            (true, 1) => &set1,
            (true, _) => &set2,
        };
        io.start(&[], Wording::PLAIN);
        while let Some(block) = io.block(call)? {
            let kept =
                block.into_iter().filter(|byte| !deletes || !set1.contains(byte)).map(|byte| table[usize::from(byte)]);
            let mut out: Vec<u8> = Vec::new();
            for byte in kept {
                let is_repeat = squeezed.contains(&byte) && self.0 == Some(byte);
                self.0 = Some(byte);
                if !is_repeat {
                    out.push(byte);
                }
            }
            io.print(out);
        }
        Ok(0)
    }
}

fn check_operands(call: &mut Call<'_>, spec: Spec, options: &Options) -> Result<(), Stop> {
    let (deletes, squeezes) = (options.has('d'), options.has('s'));
    let explain = |call: &mut Call<'_>, message: String| spec.misuse(call, &message);
    match options.operands.as_slice() {
        [] => Err(explain(call, "missing operand".to_owned())),
        [one] if !is_busybox(call) && !deletes && !squeezes => {
            let message =
                format!("missing operand after {}\nTwo strings must be given when translating.", quote(call, one));
            Err(explain(call, message))
        }
        [one] if !is_busybox(call) && deletes && squeezes => {
            let explanation = "Two strings must be given when both deleting and squeezing repeats.";
            let message = format!("missing operand after {}\n{explanation}", quote(call, one));
            Err(explain(call, message))
        }
        [_, extra] if !is_busybox(call) && deletes && !squeezes => {
            let explanation = "Only one string may be given when deleting without squeezing repeats.";
            let message = format!("extra operand {}\n{explanation}", quote(call, extra));
            Err(explain(call, message))
        }
        [_, _, extra, ..] => {
            let message = format!("extra operand {}", quote(call, extra));
            Err(explain(call, message))
        }
        _ => Ok(()),
    }
}

fn table(set1: &[u8], set2: &[u8], options: &Options) -> Vec<u8> {
    let mut table: Vec<u8> = (0..=u8::MAX).collect();
    for (at, from) in set1.iter().enumerate() {
        let to = match set2.get(at) {
            Some(to) => *to,
            None if options.has('t') => continue,
            // The last character is repeated.
            None => set2.last().copied().unwrap_or(*from),
        };
        table[usize::from(*from)] = to;
    }
    table
}

/// Returns the bytes of a set in order. `length` is the length of the first set, which `[c*]` in the second one fills up to.
fn set(call: &mut Call<'_>, text: &str, length: Option<usize>) -> Result<Vec<u8>, Stop> {
    let bytes = unescape(text.as_bytes());
    let mut out = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if let Some((name, end)) = class_name(&bytes, at) {
            match class(&name) {
                Some(members) => out.extend(members),
                None if is_busybox(call) => out.extend(bytes[at..end].iter().map(|(byte, _)| *byte)),
                None => {
                    let message = format!("invalid character class {}", quote(call, &name));
                    call.complain(&message);
                    return Err(Stop::Exit(1));
                }
            }
            at = end;
            continue;
        }
        if let (Some(length), Some((byte, count, end))) = (length.filter(|_| !is_busybox(call)), repetition(&bytes, at))
        {
            let count = count.unwrap_or_else(|| length.saturating_sub(out.len()));
            out.extend(std::iter::repeat_n(byte, count.min(256)));
            at = end;
            continue;
        }
        let (first, _) = bytes[at];
        if let (Some((b'-', false)), Some((last, _))) = (bytes.get(at + 1).copied(), bytes.get(at + 2).copied()) {
            if first > last && !is_busybox(call) {
                let range = format!("{}-{}", char::from(first), char::from(last));
                call.complain(&format!("range-endpoints of '{range}' are in reverse collating sequence order"));
                return Err(Stop::Exit(1));
            }
            out.extend(first..=last);
            at += 3;
            continue;
        }
        out.push(first);
        at += 1;
    }
    Ok(out)
}

/// Resolves escapes; the flag tells the bytes that were escaped, which are no operators.
fn unescape(text: &[u8]) -> Vec<(u8, bool)> {
    let mut out = Vec::new();
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        rest = tail;
        let [escaped, after @ ..] = tail else {
            out.push((*first, false));
            break;
        };
        if *first != b'\\' {
            out.push((*first, false));
            continue;
        }
        rest = after;
        let byte = match escaped {
            b'n' => b'\n',
            b't' => b'\t',
            b'r' => b'\r',
            b'a' => 7,
            b'b' => 8,
            b'f' => 12,
            b'v' => 11,
            b'0'..=b'7' => {
                let digits = tail.iter().take(3).take_while(|digit| (b'0'..=b'7').contains(digit)).count();
                rest = &tail[digits..];
                tail[..digits].iter().fold(0u32, |value, digit| value * 8 + u32::from(digit - b'0')).to_le_bytes()[0]
            }
            other => *other,
        };
        out.push((byte, true));
    }
    out
}

/// Finds `[:name:]` or `[=c=]`; returns its name and what follows.
fn class_name(bytes: &[(u8, bool)], at: usize) -> Option<(String, usize)> {
    if bytes.get(at) != Some(&(b'[', false)) {
        return None;
    }
    let kind = bytes.get(at + 1).filter(|(byte, is_escaped)| !is_escaped && b":=".contains(byte))?;
    let rest = &bytes[at + 2..];
    let end = rest.windows(2).position(|pair| pair[0] == *kind && pair[1] == (b']', false))?;
    let name: String = rest[..end].iter().map(|(byte, _)| char::from(*byte)).collect();
    Some((if kind.0 == b'=' { format!("={name}") } else { name }, at + 2 + end + 2))
}

fn class(name: &str) -> Option<Vec<u8>> {
    if let Some(character) = name.strip_prefix('=') {
        return Some(character.bytes().collect());
    }
    let is_member: fn(&u8) -> bool = match name {
        "alnum" => u8::is_ascii_alphanumeric,
        "alpha" => u8::is_ascii_alphabetic,
        "blank" => |byte| b" \t".contains(byte),
        "cntrl" => u8::is_ascii_control,
        "digit" => u8::is_ascii_digit,
        "graph" => u8::is_ascii_graphic,
        "lower" => u8::is_ascii_lowercase,
        "print" => |byte| (32..127).contains(byte),
        "punct" => u8::is_ascii_punctuation,
        "space" => |byte| byte.is_ascii_whitespace() || *byte == 11,
        "upper" => u8::is_ascii_uppercase,
        "xdigit" => u8::is_ascii_hexdigit,
        _ => return None,
    };
    Some((0..=u8::MAX).filter(is_member).collect())
}

/// Finds `[c*]` or `[c*n]`; returns the byte, the number and what follows.
fn repetition(bytes: &[(u8, bool)], at: usize) -> Option<(u8, Option<usize>, usize)> {
    if bytes.get(at) != Some(&(b'[', false)) || bytes.get(at + 2) != Some(&(b'*', false)) {
        return None;
    }
    let rest = &bytes[at + 3..];
    let end = rest.iter().position(|byte| *byte == (b']', false))?;
    let digits: String = rest[..end].iter().map(|(byte, _)| char::from(*byte)).collect();
    let count = match digits.as_str() {
        "" => None,
        octal if octal.starts_with('0') => usize::from_str_radix(octal, 8).ok(),
        decimal => Some(decimal.parse().ok()?),
    };
    Some((bytes[at + 1].0, count.filter(|count| *count > 0), at + 3 + end + 1))
}
