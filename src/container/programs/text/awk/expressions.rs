//! Parses expressions of `awk`, by falling precedence.

use super::ast::{Binary, Channel, Expression};
use super::lexer::Token;
use super::parser::Parser;

const FUNCTIONS: &[&str] = &[
    "length", "substr", "index", "split", "sub", "gsub", "match", "tolower", "toupper", "sprintf", "int", "sqrt",
    "exp", "log", "sin", "cos", "atan2", "rand", "srand", "system", "close", "fflush", "systime", "strftime",
];

fn boxed(operator: Binary, left: Expression, right: Expression) -> Expression {
    Expression::Binary(operator, Box::new(left), Box::new(right))
}

impl Parser {
    pub(super) fn expression(&mut self) -> Result<Expression, String> {
        self.deeper(Parser::assignment)
    }

    fn assignment(&mut self) -> Result<Expression, String> {
        let target = self.conditional()?;
        let operator = match self.peek() {
            Token::Operator("=") => None,
            Token::Operator("+=") => Some(Binary::Add),
            Token::Operator("-=") => Some(Binary::Subtract),
            Token::Operator("*=") => Some(Binary::Multiply),
            Token::Operator("/=") => Some(Binary::Divide),
            Token::Operator("%=") => Some(Binary::Modulo),
            Token::Operator("^=") => Some(Binary::Power),
            _ => return Ok(target),
        };
        if !matches!(target, Expression::Variable(_) | Expression::Field(_) | Expression::Element(..)) {
            return Err(self.unexpected());
        }
        self.next();
        let value = self.expression()?;
        Ok(Expression::Assign(Box::new(target), operator, Box::new(value)))
    }

    fn conditional(&mut self) -> Result<Expression, String> {
        let condition = self.or()?;
        if !self.take("?") {
            return Ok(condition);
        }
        let then = self.expression()?;
        self.expect(":")?;
        let otherwise = self.expression()?;
        Ok(Expression::Conditional(Box::new(condition), Box::new(then), Box::new(otherwise)))
    }

    fn or(&mut self) -> Result<Expression, String> {
        let mut left = self.and()?;
        while self.take("||") {
            self.skip_lines();
            left = boxed(Binary::Or, left, self.and()?);
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Expression, String> {
        let mut left = self.membership()?;
        while self.take("&&") {
            self.skip_lines();
            left = boxed(Binary::And, left, self.membership()?);
        }
        Ok(left)
    }

    fn skip_lines(&mut self) {
        while self.peek() == &Token::Newline {
            self.next();
        }
    }

    fn membership(&mut self) -> Result<Expression, String> {
        let mut left = self.matching()?;
        while self.peek() == &Token::Keyword("in") {
            self.next();
            let array = self.name()?;
            let index = match left {
                Expression::In(list, name) if name.is_empty() => list,
                other => vec![other],
            };
            left = Expression::In(index, array);
        }
        Ok(left)
    }

    fn matching(&mut self) -> Result<Expression, String> {
        let mut left = self.comparison()?;
        loop {
            let is_negated = match self.peek() {
                Token::Operator("~") => false,
                Token::Operator("!~") => true,
                _ => return Ok(left),
            };
            self.next();
            let pattern = self.comparison()?;
            left = Expression::Match { text: Box::new(left), pattern: Box::new(pattern), is_negated };
        }
    }

    /// Parses `COMMAND | getline`.
    fn piped(&mut self) -> Result<Expression, String> {
        let mut left = self.concatenation()?;
        while self.is("|") && self.peek_after(1) == &Token::Keyword("getline") {
            self.next();
            self.next();
            self.waits = true;
            let target = self.target()?;
            left = Expression::GetLine { target, source: Some((Channel::Command, Box::new(left))) };
        }
        Ok(left)
    }

    /// Parses the variable of `getline`, if there is one.
    fn target(&mut self) -> Result<Option<Box<Expression>>, String> {
        match self.peek() {
            Token::Name(..) | Token::Operator("$") => self.deeper(Parser::primary).map(|target| Some(Box::new(target))),
            _ => Ok(None),
        }
    }

    /// Parses what follows `getline` at the start of an expression.
    fn get_line(&mut self) -> Result<Expression, String> {
        self.waits = true;
        let target = self.target()?;
        let source = match self.take("<") {
            true => Some((Channel::Input, Box::new(self.deeper(Parser::primary)?))),
            false => None,
        };
        Ok(Expression::GetLine { target, source })
    }

    fn comparison(&mut self) -> Result<Expression, String> {
        let left = self.piped()?;
        let operator = match self.peek() {
            Token::Operator("<") => Binary::Less,
            Token::Operator("<=") => Binary::LessOrEqual,
            Token::Operator("==") => Binary::Equal,
            Token::Operator("!=") => Binary::NotEqual,
            Token::Operator(">") if !self.is_printing => Binary::Greater,
            Token::Operator(">=") => Binary::GreaterOrEqual,
            _ => return Ok(left),
        };
        self.next();
        Ok(boxed(operator, left, self.concatenation()?))
    }

    pub(super) fn concatenation(&mut self) -> Result<Expression, String> {
        let mut left = self.sum()?;
        while self.begins_operand() {
            left = boxed(Binary::Concatenate, left, self.sum()?);
        }
        Ok(left)
    }

    /// Reports whether the next token begins an operand that is concatenated; signs belong to sums.
    fn begins_operand(&self) -> bool {
        match self.peek() {
            Token::Number(_) | Token::Text(_) | Token::Name(..) => true,
            Token::Operator(operator) => matches!(*operator, "$" | "(" | "!" | "++" | "--"),
            _ => false,
        }
    }

    fn sum(&mut self) -> Result<Expression, String> {
        let mut left = self.product()?;
        loop {
            let operator = match self.peek() {
                Token::Operator("+") => Binary::Add,
                Token::Operator("-") => Binary::Subtract,
                _ => return Ok(left),
            };
            self.next();
            left = boxed(operator, left, self.product()?);
        }
    }

    fn product(&mut self) -> Result<Expression, String> {
        let mut left = self.unary()?;
        loop {
            let operator = match self.peek() {
                Token::Operator("*") => Binary::Multiply,
                Token::Operator("/") => Binary::Divide,
                Token::Operator("%") => Binary::Modulo,
                _ => return Ok(left),
            };
            self.next();
            left = boxed(operator, left, self.unary()?);
        }
    }

    fn unary(&mut self) -> Result<Expression, String> {
        let make: fn(Box<Expression>) -> Expression = match self.peek() {
            Token::Operator("!") => Expression::Not,
            Token::Operator("-") => Expression::Negative,
            Token::Operator("+") => Expression::Positive,
            _ => return self.power(),
        };
        self.next();
        self.deeper(Parser::unary).map(|operand| make(Box::new(operand)))
    }

    fn power(&mut self) -> Result<Expression, String> {
        let base = self.postfix()?;
        if !self.take("^") {
            return Ok(base);
        }
        let exponent = self.deeper(Parser::unary)?;
        Ok(boxed(Binary::Power, base, exponent))
    }

    fn postfix(&mut self) -> Result<Expression, String> {
        let operand = self.primary()?;
        let by = match self.peek() {
            Token::Operator("++") => 1.0,
            Token::Operator("--") => -1.0,
            _ => return Ok(operand),
        };
        if !matches!(operand, Expression::Variable(_) | Expression::Field(_) | Expression::Element(..)) {
            return Ok(operand);
        }
        self.next();
        Ok(Expression::Increment { target: Box::new(operand), by, is_prefix: false })
    }

    fn primary(&mut self) -> Result<Expression, String> {
        match self.peek().clone() {
            Token::Number(number) => {
                self.next();
                Ok(Expression::Number(number))
            }
            Token::Text(text) => {
                self.next();
                Ok(Expression::Text(text))
            }
            Token::Regex(pattern) => {
                self.next();
                Ok(Expression::Regex(pattern))
            }
            Token::Name(name, has_parenthesis) => {
                self.next();
                self.named(name, has_parenthesis)
            }
            Token::Operator("$") => {
                self.next();
                let index = match self.peek() {
                    Token::Operator("++" | "--" | "-") => self.deeper(Parser::unary)?,
                    _ => self.deeper(Parser::primary)?,
                };
                Ok(Expression::Field(Box::new(index)))
            }
            Token::Operator(operator @ ("++" | "--")) => {
                self.next();
                let target = Box::new(self.deeper(Parser::primary)?);
                Ok(Expression::Increment { target, by: if operator == "++" { 1.0 } else { -1.0 }, is_prefix: true })
            }
            Token::Operator("(") => {
                self.next();
                self.group()
            }
            Token::Operator("!" | "-" | "+") => self.deeper(Parser::unary),
            Token::Keyword("getline") => {
                self.next();
                self.get_line()
            }
            _ => Err(self.unexpected()),
        }
    }

    /// Parses what is in parentheses: an expression, or a list that `in` or `print` follows up.
    fn group(&mut self) -> Result<Expression, String> {
        let mut list = self.list(")")?;
        match (list.len(), list.pop()) {
            (1, Some(only)) => Ok(Expression::Group(Box::new(only))),
            (_, Some(last)) => {
                list.push(last);
                Ok(Expression::In(list, String::new()))
            }
            (_, None) => Err(self.unexpected()),
        }
    }

    fn named(&mut self, name: String, has_parenthesis: bool) -> Result<Expression, String> {
        if self.is("[") {
            self.next();
            let index = self.list("]")?;
            return Ok(Expression::Element(name, index));
        }
        if has_parenthesis || FUNCTIONS.contains(&name.as_str()) && self.is("(") {
            self.next();
            let arguments = self.list(")")?;
            self.waits |= matches!(name.as_str(), "system" | "close" | "fflush");
            return Ok(Expression::Call(name, arguments));
        }
        if name == "length" {
            return Ok(Expression::Call(name, Vec::new()));
        }
        Ok(Expression::Variable(name))
    }
}
