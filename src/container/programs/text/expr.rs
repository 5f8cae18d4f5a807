//! `expr`.

use crate::call::{Call, Stop};
use crate::programs::opts::{Spec, is_busybox, quote};
use crate::programs::regexp::{Pattern, Syntax};

/// Most parentheses inside of each other.
const MAX_DEPTH: u32 = 100;

/// `expr`: prints the value; the exit code is 1 if that is 0 or empty.
pub(super) fn run(call: &mut Call<'_>) -> Result<i32, Stop> {
    let args = call.args();
    let args = if args.first().is_some_and(|first| first == "--") { args[1..].to_vec() } else { args };
    if args.is_empty() {
        if is_busybox(call) {
            call.complain("too few arguments");
            return Ok(2);
        }
        return Err(Spec::new("", &[], "EXPRESSION").code(2).usage(call, "missing operand"));
    }
    let mut parser = Parser { args: &args, at: 0, depth: 0 };
    let value = parser.or().and_then(|value| match args.get(parser.at) {
        None => Ok(value),
        Some(extra) => Err(Problem::Unexpected(extra.clone())),
    });
    match value {
        Ok(value) => {
            call.print(format!("{value}\n"))?;
            Ok(i32::from(is_false(&value)))
        }
        Err(problem) => {
            let message = problem.message(call);
            call.complain(&message);
            Ok(2)
        }
    }
}

/// Why there is no value.
enum Problem {
    Missing(String),
    Unexpected(String),
    NoNumber,
    ZeroDivision,
    Regex(&'static str),
    Overflow,
}

impl Problem {
    fn message(&self, call: &Call<'_>) -> String {
        let is_busybox = is_busybox(call);
        match self {
            Problem::Missing(_) | Problem::Unexpected(_) if is_busybox => "syntax error".to_owned(),
            Problem::Missing(after) => format!("syntax error: missing argument after {}", quote(call, after)),
            Problem::Unexpected(word) => format!("syntax error: unexpected argument {}", quote(call, word)),
            Problem::NoNumber if is_busybox => "non-numeric argument".to_owned(),
            Problem::NoNumber => "non-integer argument".to_owned(),
            Problem::ZeroDivision => "division by zero".to_owned(),
            Problem::Regex(message) => (*message).to_owned(),
            Problem::Overflow => "result out of range".to_owned(),
        }
    }
}

fn is_false(value: &str) -> bool {
    value.is_empty() || value.parse::<i64>() == Ok(0)
}

fn number(text: &str) -> Result<i64, Problem> {
    text.parse().map_err(|_| Problem::NoNumber)
}

struct Parser<'a> {
    args: &'a [String],
    at: usize,
    depth: u32,
}

impl Parser<'_> {
    /// Takes the next word if it is one of some operators.
    fn operator(&mut self, operators: &[&str]) -> Option<String> {
        let word = self.args.get(self.at).filter(|word| operators.contains(&word.as_str()))?;
        self.at += 1;
        Some(word.clone())
    }

    fn or(&mut self) -> Result<String, Problem> {
        let mut left = self.and()?;
        while self.operator(&["|"]).is_some() {
            let right = self.and()?;
            if is_false(&left) {
                left = if is_false(&right) { "0".to_owned() } else { right };
            }
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<String, Problem> {
        let mut left = self.comparison()?;
        while self.operator(&["&"]).is_some() {
            let right = self.comparison()?;
            if is_false(&left) || is_false(&right) {
                left = "0".to_owned();
            }
        }
        Ok(left)
    }

    fn comparison(&mut self) -> Result<String, Problem> {
        let mut left = self.sum()?;
        while let Some(operator) = self.operator(&["<", "<=", "=", "==", "!=", ">=", ">"]) {
            let right = self.sum()?;
            let order = match (left.parse::<i64>(), right.parse::<i64>()) {
                (Ok(left), Ok(right)) => left.cmp(&right),
                _ => left.cmp(&right),
            };
            let is_true = match operator.as_str() {
                "<" => order.is_lt(),
                "<=" => order.is_le(),
                "!=" => order.is_ne(),
                ">=" => order.is_ge(),
                ">" => order.is_gt(),
                _ => order.is_eq(),
            };
            left = i32::from(is_true).to_string();
        }
        Ok(left)
    }

    fn sum(&mut self) -> Result<String, Problem> {
        let mut left = self.product()?;
        while let Some(operator) = self.operator(&["+", "-"]) {
            let (a, b) = (number(&left)?, number(&self.product()?)?);
            let sum = if operator == "+" { a.checked_add(b) } else { a.checked_sub(b) };
            left = sum.ok_or(Problem::Overflow)?.to_string();
        }
        Ok(left)
    }

    fn product(&mut self) -> Result<String, Problem> {
        let mut left = self.colon()?;
        while let Some(operator) = self.operator(&["*", "/", "%"]) {
            let (a, b) = (number(&left)?, number(&self.colon()?)?);
            if b == 0 && operator != "*" {
                return Err(Problem::ZeroDivision);
            }
            let product = match operator.as_str() {
                "*" => a.checked_mul(b),
                "/" => a.checked_div(b),
                _ => a.checked_rem(b),
            };
            left = product.ok_or(Problem::Overflow)?.to_string();
        }
        Ok(left)
    }

    fn colon(&mut self) -> Result<String, Problem> {
        let mut left = self.primary()?;
        while self.operator(&[":"]).is_some() {
            let right = self.primary()?;
            left = matches(&left, &right)?;
        }
        Ok(left)
    }

    fn word(&mut self) -> Result<String, Problem> {
        let word = self.args.get(self.at).cloned();
        let last = self.args.get(self.at.wrapping_sub(1)).cloned().unwrap_or_default();
        self.at += 1;
        word.ok_or(Problem::Missing(last))
    }

    fn primary(&mut self) -> Result<String, Problem> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Problem::Overflow);
        }
        let word = self.word()?;
        let value = match word.as_str() {
            "(" => {
                let value = self.or()?;
                let close = self.word()?;
                if close != ")" {
                    return Err(Problem::Unexpected(close));
                }
                Ok(value)
            }
            ")" => Err(Problem::Unexpected(word)),
            "+" if self.at < self.args.len() => self.word(),
            "length" => Ok(self.primary()?.chars().count().to_string()),
            "match" => {
                let text = self.primary()?;
                matches(&text, &self.primary()?)
            }
            "index" => {
                let text = self.primary()?;
                let wanted = self.primary()?;
                Ok(text.chars().position(|c| wanted.contains(c)).map_or(0, |at| at + 1).to_string())
            }
            "substr" => {
                let text = self.primary()?;
                let (from, length) = (self.primary()?, self.primary()?);
                let from = from.parse::<usize>().unwrap_or(0);
                let length = if from == 0 { 0 } else { length.parse().unwrap_or(0) };
                Ok(text.chars().skip(from.saturating_sub(1)).take(length).collect())
            }
            _ => Ok(word),
        };
        self.depth -= 1;
        value
    }
}

/// Matches a pattern at the start of a text: its first group, or the number of characters.
fn matches(text: &str, pattern: &str) -> Result<String, Problem> {
    let regex = Pattern::compile(&format!("^{}", pattern.strip_prefix('^').unwrap_or(pattern)), Syntax::default());
    let regex = regex.map_err(Problem::Regex)?;
    let shown = |group: &[u8]| String::from_utf8_lossy(group).into_owned();
    Ok(match (regex.groups() > 1, regex.find(text.as_bytes())) {
        (true, found) => found.map(|found| shown(found.text(text.as_bytes(), 1))).unwrap_or_default(),
        (false, Some(found)) => shown(found.text(text.as_bytes(), 0)).chars().count().to_string(),
        (false, None) => "0".to_owned(),
    })
}
