//! The values of expressions: numbers, texts, variables, and what the environment says.

use std::collections::BTreeMap;

use kctl_base::sim::Duration;

use super::token::Token;

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
}

impl Value {
    /// Returns whether a condition holds.
    pub(super) fn is_true(&self) -> bool {
        match self {
            Value::None => false,
            Value::Bool(value) => *value,
            Value::Int(value) => *value != 0,
            Value::Float(value) => *value != 0.0,
            Value::Text(text) => !text.is_empty(),
        }
    }

    /// Returns the whole number that a value is.
    pub(super) fn int(&self) -> Option<i64> {
        match self {
            Value::Bool(value) => Some(i64::from(*value)),
            Value::Int(value) => Some(*value),
            _ => None,
        }
    }

    /// Returns the time that a number of seconds is; `None` if it is longer than programs run.
    pub(super) fn duration(&self) -> Option<Duration> {
        /// Some thirty years.
        const MAX_SECONDS: i64 = 1_000_000_000;
        match self {
            Value::Float(seconds) if *seconds <= MAX_SECONDS as f64 => {
                Some(Duration::from_micros((seconds * 1e6) as i64))
            }
            _ => self.int().filter(|seconds| (0..=MAX_SECONDS).contains(seconds)).map(Duration::from_secs),
        }
    }

    /// Returns what `print` and `str` make of a value; `None` for fractions, whose digits have rules of their own.
    pub(super) fn text(&self) -> Option<String> {
        Some(match self {
            Value::None => "None".into(),
            Value::Bool(true) => "True".into(),
            Value::Bool(false) => "False".into(),
            Value::Int(value) => value.to_string(),
            Value::Float(_) => return None,
            Value::Text(text) => text.clone(),
        })
    }
}

/// What the names in a script mean.
#[derive(Debug)]
pub(super) struct Names<'a> {
    pub(super) environment: &'a [(String, String)],
    pub(super) variables: BTreeMap<String, Value>,
    /// The modules that have been imported.
    pub(super) modules: Vec<String>,
}

/// Reads expressions from the tokens of a line. All of its functions return `None` for what it does not know, and for errors:
/// a script that raises an exception is not simulated.
#[derive(Debug)]
pub(super) struct Parser<'a> {
    tokens: &'a [Token],
    names: &'a Names<'a>,
}

impl<'a> Parser<'a> {
    pub(super) fn new(tokens: &'a [Token], names: &'a Names<'a>) -> Parser<'a> {
        Parser { tokens, names }
    }

    /// Returns the tokens that have not been read.
    pub(super) fn rest(&self) -> &'a [Token] {
        self.tokens
    }

    /// Reads a sign if it comes next.
    pub(super) fn takes(&mut self, sign: &str) -> bool {
        let is_next = matches!(self.tokens.first(), Some(Token::Sign(next)) if *next == sign);
        self.tokens = &self.tokens[usize::from(is_next)..];
        is_next
    }

    /// Reads a word if it comes next.
    pub(super) fn takes_word(&mut self, word: &str) -> bool {
        let is_next = matches!(self.tokens.first(), Some(Token::Name(next)) if next == word);
        self.tokens = &self.tokens[usize::from(is_next)..];
        is_next
    }

    fn expect(&mut self, sign: &str) -> Option<()> {
        self.takes(sign).then_some(())
    }

    pub(super) fn name(&mut self) -> Option<&'a str> {
        let (Token::Name(name), rest) = self.tokens.split_first()? else { return None };
        self.tokens = rest;
        Some(name)
    }

    /// Reads the dotted name of a function or variable, such as `os.environ.get`. Its module must have been imported.
    pub(super) fn path(&mut self) -> Option<String> {
        let mut path = self.name()?.to_owned();
        while self.takes(".") {
            path = format!("{path}.{}", self.name()?);
        }
        let module = path.split_once('.').map(|(module, _)| module);
        module.is_none_or(|module| self.names.modules.iter().any(|known| known == module)).then_some(path)
    }

    /// Reads the arguments of a call, the opening parenthesis first. Returns them, and whether `flush=True` is among them.
    pub(super) fn arguments(&mut self) -> Option<(Vec<Value>, bool)> {
        self.expect("(")?;
        let (mut arguments, mut flushes) = (Vec::new(), false);
        while !self.takes(")") {
            if self.takes_word("flush") {
                self.expect("=")?;
                flushes = self.expression()?.is_true();
            } else {
                arguments.push(self.expression()?);
            }
            if !self.takes(",") {
                self.expect(")")?;
                break;
            }
        }
        Some((arguments, flushes))
    }

    pub(super) fn expression(&mut self) -> Option<Value> {
        let mut value = self.conjunction()?;
        while self.takes_word("or") {
            let other = self.conjunction()?;
            value = if value.is_true() { value } else { other };
        }
        Some(value)
    }

    fn conjunction(&mut self) -> Option<Value> {
        let mut value = self.negation()?;
        while self.takes_word("and") {
            let other = self.negation()?;
            value = if value.is_true() { other } else { value };
        }
        Some(value)
    }

    fn negation(&mut self) -> Option<Value> {
        if self.takes_word("not") {
            return Some(Value::Bool(!self.negation()?.is_true()));
        }
        let left = self.sum()?;
        for sign in ["==", "!=", "<=", ">=", "<", ">"] {
            if self.takes(sign) {
                let right = self.sum()?;
                return compare(&left, sign, &right).map(Value::Bool);
            }
        }
        if self.takes_word("in") {
            let (Value::Text(part), Value::Text(whole)) = (left, self.sum()?) else { return None };
            return Some(Value::Bool(whole.contains(&part)));
        }
        Some(left)
    }

    fn sum(&mut self) -> Option<Value> {
        let mut value = self.product()?;
        loop {
            if self.takes("+") {
                value = match (value, self.product()?) {
                    (Value::Text(left), Value::Text(right)) => Value::Text(left + &right),
                    (left, right) => Value::Int(left.int()?.checked_add(right.int()?)?),
                };
            } else if self.takes("-") {
                value = Value::Int(value.int()?.checked_sub(self.product()?.int()?)?);
            } else {
                return Some(value);
            }
        }
    }

    fn product(&mut self) -> Option<Value> {
        let mut value = self.factor()?;
        loop {
            let sign = ["*", "//", "%"].into_iter().find(|sign| self.takes(sign));
            let Some(sign) = sign else { return Some(value) };
            let (left, right) = (value.int()?, self.factor()?.int()?);
            // Quotients are rounded down, and the rest has the sign of the divisor.
            let rest = left
                .checked_rem(right)
                .map(|rest| if rest != 0 && (rest < 0) != (right < 0) { rest + right } else { rest });
            value = Value::Int(match sign {
                "*" => left.checked_mul(right)?,
                "%" => rest?,
                _ => left.checked_sub(rest?)?.checked_div(right)?,
            });
        }
    }

    fn factor(&mut self) -> Option<Value> {
        if self.takes("-") {
            return self.factor()?.int()?.checked_neg().map(Value::Int);
        }
        if self.takes("(") {
            let value = self.expression()?;
            self.expect(")")?;
            return Some(value);
        }
        let (first, rest) = self.tokens.split_first()?;
        let literal = match first {
            Token::Int(value) => Value::Int(*value),
            Token::Float(value) => Value::Float(*value),
            Token::Text(text) => Value::Text(text.clone()),
            Token::Name(_) => return self.named(),
            Token::Sign(_) => return None,
        };
        self.tokens = rest;
        Some(literal)
    }

    /// Reads a constant, a variable, or the call of a function.
    fn named(&mut self) -> Option<Value> {
        let path = self.path()?;
        match path.as_str() {
            "True" => return Some(Value::Bool(true)),
            "False" => return Some(Value::Bool(false)),
            "None" => return Some(Value::None),
            "os.environ" => {
                self.expect("[")?;
                let name = self.expression()?;
                self.expect("]")?;
                return self.variable(&name).filter(|value| *value != Value::None);
            }
            _ => {}
        }
        if let Some(value) = self.names.variables.get(&path) {
            return Some(value.clone());
        }
        let (arguments, false) = self.arguments()? else { return None };
        match (path.as_str(), arguments.as_slice()) {
            ("int", [Value::Text(text)]) => text.trim().parse().ok().map(Value::Int),
            ("int", [value]) => value.int().map(Value::Int),
            ("str", [value]) => value.text().map(Value::Text),
            ("len", [Value::Text(text)]) => i64::try_from(text.chars().count()).ok().map(Value::Int),
            ("os.environ.get" | "os.getenv", [name]) => self.variable(name),
            ("os.environ.get" | "os.getenv", [name, default]) => {
                self.variable(name).map(|value| if value == Value::None { default.clone() } else { value })
            }
            _ => None,
        }
    }

    /// Returns a variable of the environment, the value `None` if it is not set.
    fn variable(&self, name: &Value) -> Option<Value> {
        let Value::Text(name) = name else { return None };
        let found = self.names.environment.iter().rev().find(|(known, _)| known == name);
        Some(found.map_or(Value::None, |(_, value)| Value::Text(value.clone())))
    }
}

/// Compares two values; `None` for what has no order, and for fractions.
fn compare(left: &Value, sign: &str, right: &Value) -> Option<bool> {
    if [left, right].iter().any(|value| matches!(value, Value::Float(_))) {
        return None;
    }
    let is_equal = match (left.int(), right.int()) {
        (Some(left), Some(right)) => left == right,
        _ => left == right,
    };
    let order = match (left, right) {
        (Value::Text(left), Value::Text(right)) => Some(left.cmp(right)),
        _ => left.int().zip(right.int()).map(|(left, right)| left.cmp(&right)),
    };
    Some(match sign {
        "==" => is_equal,
        "!=" => !is_equal,
        "<" => order?.is_lt(),
        "<=" => order?.is_le(),
        ">" => order?.is_gt(),
        _ => order?.is_ge(),
    })
}
