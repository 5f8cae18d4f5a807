//! Parses programs of `awk`: rules, functions and statements.

use super::ast::{Channel, Expression, Function, Output, Pattern, Program, Rule, Statement};
use super::lexer::{Token, tokens};

/// Most statements and expressions inside of each other.
const MAX_DEPTH: u32 = 120;

/// Parses a program.
///
/// # Errors
/// A message about the first mistake.
pub(super) fn parse(program: &str) -> Result<Program, String> {
    let mut parser = Parser { tokens: tokens(program)?, at: 0, depth: 0, is_printing: false, waits: false };
    let mut program = Program::default();
    loop {
        parser.skip_ends();
        if parser.peek() == &Token::End {
            return Ok(program);
        }
        parser.waits = false;
        let unit = parser.item(&mut program)?;
        let is_in = |wanted: Unit| parser.waits && (unit == wanted || unit == Unit::Function);
        program.waits.begin |= is_in(Unit::Begin);
        program.waits.rules |= is_in(Unit::Rules);
        program.waits.end |= is_in(Unit::End);
    }
}

/// Where a part of the program is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Begin,
    Rules,
    End,
    Function,
}

pub(super) struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: u32,
    /// A `>` redirects the output here.
    pub(super) is_printing: bool,
    /// The present unit can wait.
    pub(super) waits: bool,
}

impl Parser {
    pub(super) fn peek(&self) -> &Token {
        self.tokens.get(self.at).unwrap_or(&Token::End)
    }

    pub(super) fn peek_after(&self, count: usize) -> &Token {
        self.tokens.get(self.at + count).unwrap_or(&Token::End)
    }

    pub(super) fn next(&mut self) -> Token {
        let token = self.peek().clone();
        self.at += 1;
        token
    }

    pub(super) fn is(&self, operator: &str) -> bool {
        matches!(self.peek(), Token::Operator(found) if *found == operator)
    }

    pub(super) fn take(&mut self, operator: &str) -> bool {
        let is_it = self.is(operator);
        self.at += usize::from(is_it);
        is_it
    }

    pub(super) fn expect(&mut self, operator: &str) -> Result<(), String> {
        if self.take(operator) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn take_keyword(&mut self, keyword: &str) -> bool {
        let is_it = matches!(self.peek(), Token::Keyword(found) if *found == keyword);
        self.at += usize::from(is_it);
        is_it
    }

    pub(super) fn unexpected(&self) -> String {
        let near = match self.peek() {
            Token::Number(number) => number.to_string(),
            Token::Text(text) | Token::Regex(text) | Token::Name(text, _) => text.clone(),
            Token::Keyword(word) | Token::Operator(word) => (*word).to_owned(),
            Token::Newline | Token::End => "end of file".to_owned(),
        };
        format!("syntax error at or near {near}")
    }

    /// Runs a part of the parser one level deeper.
    pub(super) fn deeper<T>(&mut self, part: impl FnOnce(&mut Parser) -> Result<T, String>) -> Result<T, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("the program is nested too deeply".to_owned());
        }
        let result = part(self);
        self.depth -= 1;
        result
    }

    fn skip_newlines(&mut self) {
        while self.peek() == &Token::Newline {
            self.at += 1;
        }
    }

    fn skip_ends(&mut self) {
        while self.peek() == &Token::Newline || self.is(";") {
            self.at += 1;
        }
    }

    pub(super) fn name(&mut self) -> Result<String, String> {
        match self.peek().clone() {
            Token::Name(name, _) => {
                self.at += 1;
                Ok(name)
            }
            _ => Err(self.unexpected()),
        }
    }

    fn item(&mut self, program: &mut Program) -> Result<Unit, String> {
        if self.take_keyword("function") || self.take_keyword("func") {
            program.functions.push(self.function()?);
            return Ok(Unit::Function);
        }
        if self.take_keyword("BEGIN") {
            program.begin.push(self.block()?);
            return Ok(Unit::Begin);
        }
        if self.take_keyword("END") {
            program.end.push(self.block()?);
            return Ok(Unit::End);
        }
        let pattern = match self.is("{") {
            true => Pattern::All,
            false => {
                let first = self.expression()?;
                if self.take(",") {
                    self.skip_newlines();
                    Pattern::Range(first, self.expression()?)
                } else {
                    Pattern::Matches(first)
                }
            }
        };
        let action = if self.is("{") { Some(self.block()?) } else { None };
        program.rules.push(Rule { pattern, action });
        Ok(Unit::Rules)
    }

    fn function(&mut self) -> Result<Function, String> {
        let name = self.name()?;
        self.expect("(")?;
        let mut parameters = Vec::new();
        while !self.take(")") {
            parameters.push(self.name()?);
            self.skip_newlines();
            if !self.is(")") {
                self.expect(",")?;
                self.skip_newlines();
            }
        }
        self.skip_newlines();
        Ok(Function { name, parameters, body: self.block()? })
    }

    fn block(&mut self) -> Result<Vec<Statement>, String> {
        self.skip_newlines();
        self.expect("{")?;
        let mut statements = Vec::new();
        loop {
            self.skip_ends();
            if self.take("}") {
                return Ok(statements);
            }
            statements.push(self.statement()?);
        }
    }

    /// Parses a statement that a line end may precede, as in `if (x)` and a line.
    fn body(&mut self) -> Result<Box<Statement>, String> {
        self.skip_newlines();
        if self.take(";") {
            return Ok(Box::new(Statement::Block(Vec::new())));
        }
        self.statement().map(Box::new)
    }

    fn statement(&mut self) -> Result<Statement, String> {
        self.deeper(Parser::statement_here)
    }

    fn statement_here(&mut self) -> Result<Statement, String> {
        if self.is("{") {
            return self.block().map(Statement::Block);
        }
        let Token::Keyword(keyword) = *self.peek() else { return self.simple_with_end() };
        match keyword {
            "if" => self.condition(),
            "while" => {
                self.at += 1;
                let condition = self.parenthesised()?;
                Ok(Statement::While { condition, body: self.body()? })
            }
            "do" => self.do_while(),
            "for" => self.for_loop(),
            _ => self.simple_with_end(),
        }
    }

    fn parenthesised(&mut self) -> Result<Expression, String> {
        self.expect("(")?;
        let expression = self.expression()?;
        self.expect(")")?;
        Ok(expression)
    }

    fn condition(&mut self) -> Result<Statement, String> {
        self.at += 1;
        let condition = self.parenthesised()?;
        let then = self.body()?;
        let before = self.at;
        self.skip_ends();
        let otherwise = match self.take_keyword("else") {
            true => Some(self.body()?),
            false => {
                self.at = before;
                None
            }
        };
        Ok(Statement::If { condition, then, otherwise })
    }

    fn do_while(&mut self) -> Result<Statement, String> {
        self.at += 1;
        let body = self.body()?;
        self.skip_ends();
        if !self.take_keyword("while") {
            return Err(self.unexpected());
        }
        let condition = self.parenthesised()?;
        Ok(Statement::DoWhile { body, condition })
    }

    fn for_loop(&mut self) -> Result<Statement, String> {
        self.at += 1;
        self.expect("(")?;
        if let (Token::Name(variable, _), Token::Keyword("in"), Token::Name(array, _), Token::Operator(")")) =
            (self.peek().clone(), self.peek_after(1).clone(), self.peek_after(2).clone(), self.peek_after(3).clone())
        {
            self.at += 4;
            return Ok(Statement::ForIn { variable, array, body: self.body()? });
        }
        let start = if self.is(";") { None } else { Some(Box::new(self.simple()?)) };
        self.expect(";")?;
        self.skip_newlines();
        let condition = if self.is(";") { None } else { Some(self.expression()?) };
        self.expect(";")?;
        self.skip_newlines();
        let step = if self.is(")") { None } else { Some(Box::new(self.simple()?)) };
        self.expect(")")?;
        Ok(Statement::For { start, condition, step, body: self.body()? })
    }

    fn simple_with_end(&mut self) -> Result<Statement, String> {
        let statement = self.simple()?;
        match self.peek() {
            Token::Newline | Token::End => {}
            Token::Operator(";") => self.at += 1,
            Token::Operator("}") => {}
            _ => return Err(self.unexpected()),
        }
        Ok(statement)
    }

    fn ends_statement(&self) -> bool {
        matches!(self.peek(), Token::Newline | Token::End | Token::Operator(";" | "}"))
    }

    fn optional(&mut self) -> Result<Option<Expression>, String> {
        if self.ends_statement() { Ok(None) } else { self.expression().map(Some) }
    }

    fn simple(&mut self) -> Result<Statement, String> {
        let Token::Keyword(keyword) = *self.peek() else { return self.expression().map(Statement::Expression) };
        self.at += 1;
        Ok(match keyword {
            "print" | "printf" => return self.print(keyword == "printf"),
            "next" => Statement::Next,
            "break" => Statement::Break,
            "continue" => Statement::Continue,
            "exit" => Statement::Exit(self.optional()?),
            "return" => Statement::Return(self.optional()?),
            "delete" => {
                let array = self.name()?;
                let index = if self.take("[") { Some(self.list("]")?) } else { None };
                Statement::Delete { array, index }
            }
            "nextfile" => Statement::NextFile,
            "getline" => {
                self.at -= 1;
                return self.expression().map(Statement::Expression);
            }
            _ => {
                self.at -= 1;
                return Err(self.unexpected());
            }
        })
    }

    /// Parses expressions up to a closing operator.
    pub(super) fn list(&mut self, end: &str) -> Result<Vec<Expression>, String> {
        let is_printing = std::mem::replace(&mut self.is_printing, false);
        let mut list = Vec::new();
        self.skip_newlines();
        while !self.take(end) {
            list.push(self.expression()?);
            self.skip_newlines();
            if !self.is(end) {
                self.expect(",")?;
                self.skip_newlines();
            }
        }
        self.is_printing = is_printing;
        Ok(list)
    }

    fn print(&mut self, is_formatted: bool) -> Result<Statement, String> {
        self.is_printing = true;
        let mut arguments = Vec::new();
        if !self.ends_statement() && !self.is(">") && !self.is(">>") && !self.is("|") {
            arguments.push(self.expression()?);
            while self.take(",") {
                self.skip_newlines();
                arguments.push(self.expression()?);
            }
        }
        self.is_printing = false;
        // `print (a, b)` is a list in parentheses.
        if let [Expression::In(_, name)] = arguments.as_slice()
            && name.is_empty()
            && let Some(Expression::In(list, _)) = arguments.pop()
        {
            arguments = list;
        }
        let channels = [(">", Channel::File), (">>", Channel::Append), ("|", Channel::Pipe)];
        let channel = channels.into_iter().find(|(operator, _)| self.take(operator)).map(|(_, channel)| channel);
        let output = match channel {
            None => None,
            Some(channel) => Some(Output { name: self.concatenation()?, channel }),
        };
        Ok(match is_formatted {
            true => Statement::Printf { arguments, output },
            false => Statement::Print { arguments, output },
        })
    }
}
