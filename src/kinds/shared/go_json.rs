//! What Go's JSON decoder says about a text that is not the JSON object it should be.
//!
//! Only the message is of interest: the API server passes it on in validation errors of Secrets.

/// The message about a text that is not a JSON object; `None` when it is one.
pub fn object_problem(text: &str) -> Option<String> {
    let mut scan = Scanner { bytes: text.as_bytes(), at: 0 };
    let problem = scan.document().err();
    problem.or_else(|| wrong_type(text.trim_start()))
}

/// The message about JSON of another type than an object.
fn wrong_type(text: &str) -> Option<String> {
    let kind = match text.as_bytes().first()? {
        b'{' | b'n' => return None,
        b'[' => "array",
        b'"' => "string",
        b't' | b'f' => "bool",
        _ => "number",
    };
    Some(format!("json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}"))
}

/// A reader of JSON that stops at the first byte that does not fit and says so as Go does.
struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
}

type Scan = Result<(), String>;

impl Scanner<'_> {
    fn document(&mut self) -> Scan {
        self.value()?;
        self.blanks();
        match self.peek() {
            None => Ok(()),
            Some(_) => self.refuse("after top-level value"),
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn refuse(&self, context: &str) -> Scan {
        Err(match self.peek() {
            None => "unexpected end of JSON input".into(),
            Some(byte) => format!("invalid character {} {context}", quoted(byte)),
        })
    }

    fn value(&mut self) -> Scan {
        self.blanks();
        match self.peek() {
            Some(b'{') => self.object(),
            Some(b'[') => self.array(),
            Some(b'"') => self.string(),
            Some(b't') => self.literal("true"),
            Some(b'f') => self.literal("false"),
            Some(b'n') => self.literal("null"),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => self.refuse("looking for beginning of value"),
        }
    }

    fn literal(&mut self, word: &str) -> Scan {
        for expected in word.bytes() {
            if self.peek() != Some(expected) {
                return self.refuse(&format!("in literal {word} (expecting {})", quoted(expected)));
            }
            self.at += 1;
        }
        Ok(())
    }

    fn object(&mut self) -> Scan {
        self.at += 1;
        self.blanks();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.blanks();
            if self.peek() != Some(b'"') {
                return self.refuse("looking for beginning of object key string");
            }
            self.string()?;
            self.blanks();
            if self.peek() != Some(b':') {
                return self.refuse("after object key");
            }
            self.at += 1;
            self.value()?;
            self.blanks();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return self.refuse("after object key:value pair"),
            }
        }
    }

    fn array(&mut self) -> Scan {
        self.at += 1;
        self.blanks();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.value()?;
            self.blanks();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return self.refuse("after array element"),
            }
        }
    }

    fn string(&mut self) -> Scan {
        self.at += 1;
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => {
                    self.at += 1;
                    self.escape()?;
                }
                None | Some(0..0x20) => return self.refuse("in string literal"),
                Some(_) => self.at += 1,
            }
        }
    }

    fn escape(&mut self) -> Scan {
        match self.peek() {
            Some(b'b' | b'f' | b'n' | b'r' | b't' | b'\\' | b'/' | b'"') => self.at += 1,
            Some(b'u') => {
                self.at += 1;
                for _ in 0..4 {
                    if !self.peek().is_some_and(|b| b.is_ascii_hexdigit()) {
                        return self.refuse("in \\u hexadecimal character escape");
                    }
                    self.at += 1;
                }
            }
            _ => return self.refuse("in string escape code"),
        }
        Ok(())
    }

    fn number(&mut self) -> Scan {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits(),
            _ => return self.refuse("in numeric literal"),
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.some_digits("after decimal point in numeric literal")?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.some_digits("in exponent of numeric literal")?;
        }
        Ok(())
    }

    fn some_digits(&mut self, context: &str) -> Scan {
        if !self.peek().is_some_and(|b| b.is_ascii_digit()) {
            return self.refuse(context);
        }
        self.digits();
        Ok(())
    }

    fn digits(&mut self) {
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
    }
}

/// A byte in single quotes as Go's decoder shows it.
fn quoted(byte: u8) -> String {
    match byte {
        b'\'' => "'\\''".into(),
        b'"' => "'\"'".into(),
        b'\n' => "'\\n'".into(),
        b'\t' => "'\\t'".into(),
        b'\r' => "'\\r'".into(),
        b'\\' => "'\\\\'".into(),
        0..0x20 | 0x7f => format!("'\\x{byte:02x}'"),
        _ => format!("'{}'", char::from(byte)),
    }
}

#[cfg(test)]
mod tests {
    use super::object_problem;

    #[test]
    fn messages_are_those_of_go() {
        let cases = [
            ("{\"a\": [1, 2.5e3, null, true, \"x\\u00e4\"]}", None),
            ("nojson", Some("invalid character 'o' in literal null (expecting 'u')")),
            ("", Some("unexpected end of JSON input")),
            ("xyz", Some("invalid character 'x' looking for beginning of value")),
            ("{} x", Some("invalid character 'x' after top-level value")),
            ("{a: 1}", Some("invalid character 'a' looking for beginning of object key string")),
            ("{\"a\" 1}", Some("invalid character '1' after object key")),
            ("{\"a\": 1 2}", Some("invalid character '2' after object key:value pair")),
            ("[1]", Some("json: cannot unmarshal array into Go value of type map[string]interface {}")),
        ];
        for (text, want) in cases {
            assert_eq!(object_problem(text).as_deref(), want, "{text}");
        }
    }
}
