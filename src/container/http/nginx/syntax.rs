//! The syntax of nginx's configuration: words, quoted words, comments, blocks.

/// A directive: its words and, unless it ends with a semicolon, its block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Directive {
    pub(super) name: String,
    pub(super) args: Vec<String>,
    pub(super) block: Option<Vec<Directive>>,
    /// `FILE:LINE` of its end.
    pub(super) place: String,
}

impl Directive {
    /// Returns an argument; empty if there is none.
    pub(super) fn arg(&self, index: usize) -> &str {
        self.args.get(index).map_or("", String::as_str)
    }

    /// Returns the directives of the block.
    pub(super) fn inner(&self) -> &[Directive] {
        self.block.as_deref().unwrap_or_default()
    }
}

/// Most blocks inside of each other.
const MAX_DEPTH: usize = 32;

#[derive(Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Semicolon,
    Open,
    Close,
    End,
}

/// Parses a file.
///
/// # Errors
/// The message of nginx with the place, for instance `unexpected "}" in /etc/nginx/nginx.conf:3`.
pub(super) fn parse(text: &str, file: &str) -> Result<Vec<Directive>, String> {
    let mut parser = Parser { chars: text.chars().peekable(), line: 1, file };
    parser.block(0)
}

struct Parser<'a> {
    chars: std::iter::Peekable<std::str::Chars<'a>>,
    line: usize,
    file: &'a str,
}

impl Parser<'_> {
    fn block(&mut self, depth: usize) -> Result<Vec<Directive>, String> {
        if depth > MAX_DEPTH {
            return Err(self.problem("too many nested blocks"));
        }
        let mut directives = Vec::new();
        loop {
            let name = match self.token()? {
                Token::Word(name) => name,
                Token::Close if depth > 0 => return Ok(directives),
                Token::End if depth == 0 => return Ok(directives),
                Token::End => return Err(self.problem("unexpected end of file, expecting \"}\"")),
                Token::Close => return Err(self.problem("unexpected \"}\"")),
                Token::Semicolon => return Err(self.problem("unexpected \";\"")),
                Token::Open => return Err(self.problem("unexpected \"{\"")),
            };
            directives.push(self.directive(name, depth)?);
        }
    }

    fn directive(&mut self, name: String, depth: usize) -> Result<Directive, String> {
        let mut args = Vec::new();
        loop {
            match self.token()? {
                Token::Word(word) => args.push(word),
                Token::Semicolon => return Ok(Directive { name, args, block: None, place: self.place() }),
                Token::Open => {
                    let place = self.place();
                    let block = Some(self.block(depth + 1)?);
                    return Ok(Directive { name, args, block, place });
                }
                Token::Close => return Err(self.problem("unexpected \"}\"")),
                Token::End => return Err(self.problem("unexpected end of file, expecting \";\" or \"}\"")),
            }
        }
    }

    fn token(&mut self) -> Result<Token, String> {
        self.skip_blanks();
        let Some(first) = self.next() else { return Ok(Token::End) };
        match first {
            ';' => Ok(Token::Semicolon),
            '{' => Ok(Token::Open),
            '}' => Ok(Token::Close),
            '"' | '\'' => self.quoted(first),
            _ => Ok(Token::Word(self.word(first))),
        }
    }

    fn skip_blanks(&mut self) {
        while let Some(c) = self.chars.peek().copied() {
            match c {
                '#' => while self.next().is_some_and(|c| c != '\n') {},
                _ if c.is_ascii_whitespace() => {
                    self.next();
                }
                _ => return,
            }
        }
    }

    fn quoted(&mut self, quote: char) -> Result<Token, String> {
        let mut word = String::new();
        while let Some(c) = self.next() {
            match c {
                '\\' => word.extend(self.escaped()),
                _ if c == quote => return Ok(Token::Word(word)),
                _ => word.push(c),
            }
        }
        Err(self.problem("unexpected end of file, expecting \";\" or \"}\""))
    }

    /// Returns the character behind a backslash; the backslash stays unless it is a known escape.
    fn escaped(&mut self) -> Vec<char> {
        match self.next() {
            Some('n') => vec!['\n'],
            Some('t') => vec!['\t'],
            Some('r') => vec!['\r'],
            Some(c @ ('"' | '\'' | '\\')) => vec![c],
            Some(c) => vec!['\\', c],
            None => vec!['\\'],
        }
    }

    fn word(&mut self, first: char) -> String {
        let mut word = String::from(first);
        while let Some(c) = self.chars.peek().copied() {
            // `${name}` is a part of the word.
            let is_variable = c == '{' && word.ends_with('$');
            if c.is_ascii_whitespace() || c == ';' || c == '{' && !is_variable {
                break;
            }
            self.next();
            word.push(c);
            while is_variable && !word.ends_with('}') {
                let Some(c) = self.next() else { break };
                word.push(c);
            }
        }
        word
    }

    fn next(&mut self) -> Option<char> {
        let next = self.chars.next();
        self.line += usize::from(next == Some('\n'));
        next
    }

    fn place(&self) -> String {
        format!("{}:{}", self.file, self.line)
    }

    fn problem(&self, message: &str) -> String {
        format!("{message} in {}", self.place())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directives_have_words_and_blocks() {
        let text = "user nginx; # a comment\nserver {\n  return 200 \"a b\\n;\";\n  root /x${y}z;\n}\n";
        let parsed = parse(text, "f").expect("a configuration");
        let server = &parsed[1];
        assert_eq!((parsed[0].name.as_str(), parsed[0].arg(0), server.place.as_str()), ("user", "nginx", "f:2"));
        assert_eq!(server.inner()[0].args, ["200", "a b\n;"]);
        assert_eq!(server.inner()[1].args, ["/x${y}z"]);
    }

    #[test]
    fn mistakes_are_worded_as_by_nginx() {
        let cases = [
            ("a {\n", "unexpected end of file, expecting \"}\" in f:2"),
            ("a b", "unexpected end of file, expecting \";\" or \"}\" in f:1"),
            ("}\n", "unexpected \"}\" in f:1"),
            ("a {\n b }\n", "unexpected \"}\" in f:2"),
            (";", "unexpected \";\" in f:1"),
        ];
        for (text, message) in cases {
            assert_eq!(parse(text, "f"), Err(message.to_owned()), "{text:?}");
        }
        assert!(parse(&"a{".repeat(100), "f").is_err());
    }
}
