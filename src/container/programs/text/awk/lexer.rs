//! Splits programs of `awk` into tokens.

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Number(f64),
    Text(String),
    Regex(String),
    /// A name; with `true` a parenthesis follows it at once.
    Name(String, bool),
    Keyword(&'static str),
    Operator(&'static str),
    Newline,
    End,
}

const KEYWORDS: &[&str] = &[
    "BEGIN", "END", "function", "func", "if", "else", "while", "for", "do", "break", "continue", "next", "exit",
    "return", "delete", "in", "print", "printf", "getline", "nextfile",
];

const OPERATORS: &[&str] = &[
    "**=", "&&", "||", "==", "!=", "<=", ">=", "++", "--", "+=", "-=", "*=", "/=", "%=", "^=", "**", "!~", ">>", "{",
    "}", "(", ")", "[", "]", ";", ",", "+", "-", "*", "/", "%", "^", "!", ">", "<", "|", "?", ":", "~", "$", "=",
];

/// Splits a program.
///
/// # Errors
/// A message about the first mistake.
pub(super) fn tokens(program: &str) -> Result<Vec<Token>, String> {
    let chars: Vec<char> = program.chars().collect();
    let mut lexer = Lexer { chars, at: 0, tokens: Vec::new() };
    while lexer.token()? {}
    lexer.tokens.push(Token::End);
    Ok(lexer.tokens)
}

struct Lexer {
    chars: Vec<char>,
    at: usize,
    tokens: Vec<Token>,
}

impl Lexer {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn take(&mut self, wanted: impl Fn(char) -> bool) -> String {
        let start = self.at;
        while self.peek().is_some_and(&wanted) {
            self.at += 1;
        }
        self.chars[start..self.at].iter().collect()
    }

    /// Reads one token; `false` at the end.
    fn token(&mut self) -> Result<bool, String> {
        let Some(c) = self.peek() else { return Ok(false) };
        match c {
            ' ' | '\t' | '\r' => self.at += 1,
            '\n' => {
                self.at += 1;
                self.tokens.push(Token::Newline);
            }
            '\\' if self.chars.get(self.at + 1) == Some(&'\n') => self.at += 2,
            '#' => {
                self.take(|c| c != '\n');
            }
            '"' => self.text()?,
            '/' if self.expects_operand() => self.regex()?,
            c if c.is_ascii_digit() || c == '.' && self.chars.get(self.at + 1).is_some_and(char::is_ascii_digit) => {
                self.number();
            }
            c if c.is_ascii_alphabetic() || c == '_' => {
                let name = self.take(|c| c.is_ascii_alphanumeric() || c == '_');
                let token = match KEYWORDS.iter().find(|keyword| **keyword == name) {
                    Some(keyword) => Token::Keyword(keyword),
                    None => Token::Name(name, self.peek() == Some('(')),
                };
                self.tokens.push(token);
            }
            _ => self.operator()?,
        }
        Ok(true)
    }

    /// Reports whether a slash begins a regular expression: an operand is expected.
    fn expects_operand(&self) -> bool {
        match self.tokens.last() {
            Some(Token::Number(_) | Token::Text(_) | Token::Regex(_) | Token::Name(..)) => false,
            Some(Token::Operator(operator)) => !matches!(*operator, ")" | "]" | "$" | "++" | "--"),
            _ => true,
        }
    }

    fn number(&mut self) {
        let mut text = self.take(|c| c.is_ascii_digit() || c == '.');
        let exponent = self.peek().is_some_and(|c| c == 'e' || c == 'E');
        let sign = usize::from(self.chars.get(self.at + 1).is_some_and(|c| "+-".contains(*c)));
        if exponent && self.chars.get(self.at + 1 + sign).is_some_and(char::is_ascii_digit) {
            text.extend(&self.chars[self.at..=self.at + sign]);
            self.at += 1 + sign;
            text.push_str(&self.take(|c| c.is_ascii_digit()));
        }
        self.tokens.push(Token::Number(text.parse().unwrap_or(0.0)));
    }

    fn text(&mut self) -> Result<(), String> {
        self.at += 1;
        let mut text = String::new();
        loop {
            match self.peek() {
                None | Some('\n') => {
                    let start: String = text.chars().take(10).collect();
                    return Err(format!("runaway string constant \"{start} ..."));
                }
                Some('"') => break,
                Some('\\') => {
                    self.at += 1;
                    self.escape(&mut text);
                    continue;
                }
                Some(c) => text.push(c),
            }
            self.at += 1;
        }
        self.at += 1;
        self.tokens.push(Token::Text(text));
        Ok(())
    }

    fn escape(&mut self, text: &mut String) {
        let Some(c) = self.peek() else { return };
        self.at += 1;
        match c {
            'n' => text.push('\n'),
            't' => text.push('\t'),
            'r' => text.push('\r'),
            'a' => text.push('\u{7}'),
            'b' => text.push('\u{8}'),
            'f' => text.push('\u{c}'),
            'v' => text.push('\u{b}'),
            '\\' | '"' | '/' => text.push(c),
            '0'..='7' => {
                self.at -= 1;
                let start = self.at;
                while self.at < start + 3 && self.peek().is_some_and(|c| c.is_digit(8)) {
                    self.at += 1;
                }
                let digits: String = self.chars[start..self.at].iter().collect();
                text.extend(u32::from_str_radix(&digits, 8).ok().and_then(char::from_u32));
            }
            other => text.extend(['\\', other]),
        }
    }

    fn regex(&mut self) -> Result<(), String> {
        self.at += 1;
        let mut pattern = String::new();
        let mut in_bracket = false;
        loop {
            let Some(c) = self.peek().filter(|c| *c != '\n') else {
                return Err("unterminated regular expression".to_owned());
            };
            self.at += 1;
            match c {
                '/' if !in_bracket => break,
                '\\' => {
                    match self.peek() {
                        Some('/') => pattern.push('/'),
                        Some('"') => pattern.push('"'),
                        Some(next) => pattern.extend(['\\', next]),
                        None => {}
                    }
                    self.at += 1;
                    continue;
                }
                '[' if !in_bracket => {
                    in_bracket = true;
                    pattern.push(c);
                    for literal in ['^', ']'] {
                        if self.peek() == Some(literal) {
                            self.at += 1;
                            pattern.push(literal);
                        }
                    }
                    continue;
                }
                ']' => in_bracket = false,
                _ => {}
            }
            pattern.push(c);
        }
        self.tokens.push(Token::Regex(pattern));
        Ok(())
    }

    fn operator(&mut self) -> Result<(), String> {
        let rest: String = self.chars[self.at..].iter().take(3).collect();
        let Some(operator) = OPERATORS.iter().find(|operator| rest.starts_with(**operator)) else {
            return Err(format!("unexpected character '{}'", self.chars[self.at]));
        };
        self.at += operator.len();
        self.tokens.push(Token::Operator(match *operator {
            "**" => "^",
            "**=" => "^=",
            other => other,
        }));
        Ok(())
    }
}
