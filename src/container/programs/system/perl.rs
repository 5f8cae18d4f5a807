//! `perl -e`, as far as it prints constants: strings, numbers, and the digits of π that `bignum` calculates.

use crate::call::{Call, Stop};
use crate::programs::net::unknown;

/// Most digits of π.
const MAX_DIGITS: usize = 10_000;

/// `perl`. Any other script is taken for what a program does that is not simulated.
pub(super) fn run(call: &mut Call<'_>) -> Result<i32, Stop> {
    match output(&call.args()) {
        Some(text) => {
            call.print(text)?;
            Ok(0)
        }
        None => unknown(call),
    }
}

/// Returns what a call prints; `None` if more of the language would be needed.
fn output(args: &[String]) -> Option<String> {
    let (mut scripts, mut ends_lines, mut knows_pi) = (Vec::new(), false, false);
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        if let Some(module) = arg.strip_prefix("-M") {
            knows_pi |= ["bignum=bpi", "bigfloat=bpi", "bignum=bpi,bexp"].contains(&module);
            continue;
        }
        let letters = arg.strip_prefix('-')?;
        ends_lines |= letters.contains('l');
        match letters.trim_start_matches(['w', 'l']) {
            "" => {}
            "e" | "E" => scripts.push(args.next()?.as_str()),
            _ => return None,
        }
    }
    if scripts.is_empty() {
        return None;
    }
    let mut text = String::new();
    for statement in scripts.join("\n").split(';').map(str::trim).filter(|statement| !statement.is_empty()) {
        let list = statement.strip_prefix("print")?.trim();
        for item in list.split(',') {
            text.push_str(&constant(item.trim(), knows_pi)?);
        }
        if ends_lines {
            text.push('\n');
        }
    }
    Some(text)
}

/// Returns the text of a constant.
fn constant(item: &str, knows_pi: bool) -> Option<String> {
    if let Some(digits) = item.strip_prefix("bpi(").and_then(|rest| rest.strip_suffix(')')).filter(|_| knows_pi) {
        let digits = digits.trim().parse().ok().filter(|digits| (1..=MAX_DIGITS).contains(digits))?;
        return Some(pi(digits));
    }
    if let Some(text) = item.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        return Some(text.to_owned()).filter(|text| !text.contains(['\'', '\\']));
    }
    if let Some(text) = item.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        let text = text.replace("\\n", "\n").replace("\\t", "\t");
        return Some(text).filter(|text| !text.contains(['"', '\\', '$', '@']));
    }
    let is_number = !item.is_empty() && item.len() <= 15 && item.bytes().all(|byte| byte.is_ascii_digit());
    (is_number && (item == "0" || !item.starts_with('0'))).then(|| item.to_owned())
}

/// Returns π with so many digits, the last one rounded.
fn pi(digits: usize) -> String {
    /// Digits that rounding may use up.
    const GUARD: usize = 12;
    // Machin: π = 16 arctan(1/5) - 4 arctan(1/239), with a fixed point behind the first limb.
    let limbs = (digits + GUARD).div_ceil(LIMB_DIGITS) + 1;
    let value = subtract(&arctangent(16, 5, limbs), &arctangent(4, 239, limbs));
    let mut text: Vec<u8> = format!("{}", value[0]).into_bytes();
    text.extend(value[1..].iter().flat_map(|limb| format!("{limb:09}").into_bytes()));
    let rounds_up = text.get(digits).is_some_and(|digit| *digit >= b'5');
    text.truncate(digits);
    for digit in text.iter_mut().rev().take_while(|_| rounds_up) {
        *digit = if *digit == b'9' { b'0' } else { *digit + 1 };
        if *digit != b'0' {
            break;
        }
    }
    let text = String::from_utf8_lossy(&text);
    let (first, rest) = text.split_at(1);
    if rest.is_empty() { first.to_owned() } else { format!("{first}.{rest}") }
}

/// Decimal digits of a limb.
const LIMB_DIGITS: usize = 9;
const LIMB: u64 = 1_000_000_000;

/// Returns `factor * arctan(1/x)`: a whole number in the first limb, and nine decimals in each other one.
fn arctangent(factor: u64, x: u64, limbs: usize) -> Vec<u64> {
    let mut power = vec![0; limbs];
    power[0] = factor;
    divide(&mut power, x);
    let mut sum = power.clone();
    let mut denominator = 1;
    while power.iter().any(|limb| *limb > 0) {
        divide(&mut power, x * x);
        denominator += 2;
        let mut term = power.clone();
        divide(&mut term, denominator);
        sum = if denominator % 4 == 3 { subtract(&sum, &term) } else { add(&sum, &term) };
    }
    sum
}

fn divide(number: &mut [u64], by: u64) {
    let mut rest = 0;
    for limb in number {
        let value = rest * LIMB + *limb;
        *limb = value / by;
        rest = value % by;
    }
}

fn add(a: &[u64], b: &[u64]) -> Vec<u64> {
    let mut carry = 0;
    let mut sum: Vec<u64> = (a.iter().zip(b).rev())
        .map(|(a, b)| {
            let value = a + b + carry;
            carry = value / LIMB;
            value % LIMB
        })
        .collect();
    sum.reverse();
    sum
}

/// Returns the difference of a number and a smaller one.
fn subtract(a: &[u64], b: &[u64]) -> Vec<u64> {
    let mut borrow = 0;
    let mut difference: Vec<u64> = (a.iter().zip(b).rev())
        .map(|(a, b)| {
            let value = a + LIMB - b - borrow;
            borrow = 1 - value / LIMB;
            value % LIMB
        })
        .collect();
    difference.reverse();
    difference
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_are_printed() {
        let run = |words: &[&str]| output(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        let cases: &[(&[&str], Option<&str>)] = &[
            (&["-Mbignum=bpi", "-wle", "print bpi(20)"], Some("3.1415926535897932385\n")),
            (&["-Mbignum=bpi", "-le", "print bpi(1)"], Some("3\n")),
            (&["-e", "print \"a\\n\", 'b', 12;"], Some("a\nb12")),
            (&["-wle", "print bpi(20)"], None),
            (&["-e", "print $x"], None),
            (&["-e", "sleep 5"], None),
            (&["script.pl"], None),
        ];
        for (words, expected) in cases {
            assert_eq!(run(words).as_deref(), *expected, "{words:?}");
        }
        let digits = pi(2000);
        assert_eq!(digits.len(), 2001);
        assert!(digits.ends_with("8658326459958133904780275901"), "{digits}");
    }
}
