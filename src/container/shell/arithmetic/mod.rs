//! Arithmetic: expressions over 64-bit integers with assignments.

mod lexer;

use lexer::{Lexer, Token};

/// Most levels of parentheses and operators.
const MAX_DEPTH: u32 = 60;

/// Why an expression has no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ArithmeticError {
    /// An operand is missing; with the rest of the text.
    Operand(String),
    /// Something follows the expression; with the rest of the text.
    Trailing(String),
    /// A division by zero; with the rest of the text.
    DivisionByZero(String),
    /// A value of a variable, or a literal, is no number.
    BadNumber(String),
    /// Something is assigned to what is no variable.
    Assignment(String),
    /// A parenthesis or colon is missing.
    Missing(&'static str, String),
    /// The variable may not be changed.
    ReadOnly(String),
    /// `set -u` is on and the variable has no value.
    Unset(String),
    /// Too many levels.
    TooDeep,
}

/// The variables that an expression uses, an index of an array included in the name.
pub(super) trait Scope {
    /// Returns the value of a variable; `None` is unset.
    fn load(&mut self, name: &str, index: Option<i64>) -> Result<Option<String>, ArithmeticError>;
    /// Assigns a value to a variable.
    fn store(&mut self, name: &str, index: Option<i64>, value: i64) -> Result<(), ArithmeticError>;
    /// Reports whether variables may have indices (bash).
    fn is_bash(&self) -> bool;
    /// Reports whether there are only the operators of POSIX, and values of variables have to be numbers (dash).
    fn is_plain(&self) -> bool;
}

/// Evaluates an expression; an empty one is 0.
///
/// # Errors
/// Why it has no value.
pub(super) fn evaluate(text: &str, scope: &mut dyn Scope) -> Result<i64, ArithmeticError> {
    evaluate_at(text, scope, 0)
}

fn evaluate_at(text: &str, scope: &mut dyn Scope, depth: u32) -> Result<i64, ArithmeticError> {
    let trimmed = text.trim();
    if let Ok(number) = trimmed.parse::<i64>()
        && !trimmed.trim_start_matches('-').starts_with('0')
    {
        return Ok(number);
    }
    let mut evaluator = Evaluator { lexer: Lexer::new(text, scope.is_plain()), scope, depth, is_skipping: false };
    if evaluator.lexer.peek()? == Token::End {
        return Ok(0);
    }
    let value = evaluator.comma()?;
    let rest = evaluator.lexer.rest();
    if matches!(evaluator.lexer.next(), Ok(Token::End)) {
        Ok(value.number)
    } else {
        Err(ArithmeticError::Trailing(rest))
    }
}

/// A value, and the variable that it comes from if it may be assigned to.
struct Operand {
    number: i64,
    place: Option<(String, Option<i64>)>,
}

struct Evaluator<'a> {
    lexer: Lexer<'a>,
    scope: &'a mut dyn Scope,
    depth: u32,
    /// The part is not evaluated: `0 && part`.
    is_skipping: bool,
}

type Result1<T> = Result<T, ArithmeticError>;

fn plain(number: i64) -> Operand {
    Operand { number, place: None }
}

/// Binary operators by level, the weakest first.
const LEVELS: &[&[&str]] = &[
    &["||"],
    &["&&"],
    &["|"],
    &["^"],
    &["&"],
    &["==", "!="],
    &["<=", ">=", "<", ">"],
    &["<<", ">>"],
    &["+", "-"],
    &["*", "/", "%"],
];

impl Evaluator<'_> {
    fn nested<T>(&mut self, run: impl FnOnce(&mut Self) -> Result1<T>) -> Result1<T> {
        if self.depth >= MAX_DEPTH {
            return Err(ArithmeticError::TooDeep);
        }
        self.depth += 1;
        let result = run(self);
        self.depth -= 1;
        result
    }

    fn comma(&mut self) -> Result1<Operand> {
        let mut value = self.assignment()?;
        while self.lexer.eat(",")? {
            value = self.assignment()?;
        }
        Ok(value)
    }

    fn assignment(&mut self) -> Result1<Operand> {
        self.nested(|this| {
            let left = this.conditional()?;
            let before = this.lexer.rest();
            let Token::Operator(operator) = this.lexer.peek()? else { return Ok(left) };
            let Some(binary) = operator.strip_suffix('=').filter(|rest| !["=", "!", "<", ">"].contains(rest)) else {
                return Ok(left);
            };
            let Some(place) = left.place else {
                // In dash it is no operator after anything but a name.
                let is_plain = this.scope.is_plain();
                return Err(if is_plain {
                    ArithmeticError::Trailing(before)
                } else {
                    ArithmeticError::Assignment(before)
                });
            };
            this.lexer.next()?;
            let right = this.assignment()?.number;
            let number = if binary.is_empty() { right } else { this.binary(binary, left.number, right)? };
            this.store(&place, number)?;
            Ok(plain(number))
        })
    }

    fn store(&mut self, (name, index): &(String, Option<i64>), number: i64) -> Result1<()> {
        if self.is_skipping { Ok(()) } else { self.scope.store(name, *index, number) }
    }

    fn conditional(&mut self) -> Result1<Operand> {
        let condition = self.level(0)?;
        if !self.lexer.eat("?")? {
            return Ok(condition);
        }
        let was_skipping = self.is_skipping;
        let is_true = condition.number != 0;
        self.is_skipping = was_skipping || !is_true;
        let first = self.comma()?.number;
        let rest = self.lexer.rest();
        if !self.lexer.eat(":")? {
            return Err(ArithmeticError::Missing(":", rest));
        }
        self.is_skipping = was_skipping || is_true;
        let second = self.nested(Evaluator::conditional)?.number;
        self.is_skipping = was_skipping;
        Ok(plain(if is_true { first } else { second }))
    }

    fn level(&mut self, level: usize) -> Result1<Operand> {
        let Some(operators) = LEVELS.get(level) else { return self.power() };
        let mut left = self.level(level + 1)?;
        loop {
            let Token::Operator(operator) = self.lexer.peek()? else { return Ok(left) };
            if !operators.contains(&operator) {
                return Ok(left);
            }
            self.lexer.next()?;
            let was_skipping = self.is_skipping;
            self.is_skipping |= operator == "&&" && left.number == 0 || operator == "||" && left.number != 0;
            let right = self.level(level + 1)?.number;
            self.is_skipping = was_skipping;
            left = plain(self.binary(operator, left.number, right)?);
        }
    }

    fn binary(&mut self, operator: &str, left: i64, right: i64) -> Result1<i64> {
        let truth = i64::from;
        Ok(match operator {
            "||" => truth(left != 0 || right != 0),
            "&&" => truth(left != 0 && right != 0),
            "|" => left | right,
            "^" => left ^ right,
            "&" => left & right,
            "==" => truth(left == right),
            "!=" => truth(left != right),
            "<=" => truth(left <= right),
            ">=" => truth(left >= right),
            "<" => truth(left < right),
            ">" => truth(left > right),
            "<<" => left.wrapping_shl((right & 63) as u32),
            ">>" => left.wrapping_shr((right & 63) as u32),
            "+" => left.wrapping_add(right),
            "-" => left.wrapping_sub(right),
            "*" => left.wrapping_mul(right),
            "/" | "%" if right == 0 => {
                if self.is_skipping {
                    return Ok(0);
                }
                return Err(ArithmeticError::DivisionByZero(self.lexer.last()));
            }
            "/" => left.wrapping_div(right),
            "%" => left.wrapping_rem(right),
            _ => return Err(ArithmeticError::Operand(self.lexer.rest())),
        })
    }

    fn power(&mut self) -> Result1<Operand> {
        let base = self.unary()?;
        if !self.lexer.eat("**")? {
            return Ok(base);
        }
        let exponent = self.nested(Evaluator::power)?.number;
        let exponent = u32::try_from(exponent).unwrap_or(0);
        Ok(plain(base.number.wrapping_pow(exponent)))
    }

    fn unary(&mut self) -> Result1<Operand> {
        self.nested(|this| {
            for operator in ["++", "--"] {
                if this.lexer.eat(operator)? {
                    let operand = this.unary()?;
                    let step = if operator == "++" { 1 } else { -1 };
                    let Some(place) = operand.place else {
                        // `--5` is a double sign.
                        return Ok(plain(operand.number));
                    };
                    let number = operand.number.wrapping_add(step);
                    this.store(&place, number)?;
                    return Ok(plain(number));
                }
            }
            if this.lexer.eat("+")? {
                return Ok(plain(this.unary()?.number));
            }
            if this.lexer.eat("-")? {
                return Ok(plain(this.unary()?.number.wrapping_neg()));
            }
            if this.lexer.eat("!")? {
                return Ok(plain(i64::from(this.unary()?.number == 0)));
            }
            if this.lexer.eat("~")? {
                return Ok(plain(!this.unary()?.number));
            }
            this.postfix()
        })
    }

    fn postfix(&mut self) -> Result1<Operand> {
        let operand = self.primary()?;
        let Some(place) = operand.place else { return Ok(operand) };
        for (operator, step) in [("++", 1), ("--", -1)] {
            if self.lexer.eat(operator)? {
                self.store(&place, operand.number.wrapping_add(step))?;
                return Ok(plain(operand.number));
            }
        }
        Ok(Operand { number: operand.number, place: Some(place) })
    }

    fn primary(&mut self) -> Result1<Operand> {
        let before = self.lexer.rest();
        match self.lexer.next()? {
            Token::Number(number) => Ok(plain(number)),
            Token::Operator("(") => {
                let value = self.nested(Evaluator::comma)?;
                let rest = self.lexer.rest();
                if self.lexer.eat(")")? { Ok(plain(value.number)) } else { Err(ArithmeticError::Missing(")", rest)) }
            }
            Token::Name(name) => {
                let index = match self.scope.is_bash() && self.lexer.eat("[")? {
                    true => {
                        let index = self.nested(Evaluator::comma)?.number;
                        let rest = self.lexer.rest();
                        if !self.lexer.eat("]")? {
                            return Err(ArithmeticError::Missing("]", rest));
                        }
                        Some(index)
                    }
                    false => None,
                };
                let number = if self.is_skipping { 0 } else { self.load(&name, index)? };
                Ok(Operand { number, place: Some((name, index)) })
            }
            _ => Err(ArithmeticError::Operand(before)),
        }
    }

    fn load(&mut self, name: &str, index: Option<i64>) -> Result1<i64> {
        let Some(text) = self.scope.load(name, index)? else { return Ok(0) };
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return Ok(0);
        }
        // In bash and busybox the value is an expression itself, in dash it has to be a number.
        match lexer::number(trimmed) {
            Some(number) => Ok(number),
            None if !self.scope.is_plain() || trimmed.starts_with(['-', '+']) => {
                let depth = self.depth + 1;
                if depth >= MAX_DEPTH {
                    return Err(ArithmeticError::TooDeep);
                }
                evaluate_at(&text, &mut *self.scope, depth)
            }
            None => Err(ArithmeticError::BadNumber(text)),
        }
    }
}
