//! The depth of an expression, measured on its text before it is parsed.
//!
//! The parser of the `cel` crate limits only brackets, and its trees are evaluated and dropped recursively. This scan
//! counts everything that makes a tree deeper; it may count too much, but never too little.

use corosensei::stack::DefaultStack;

/// The greatest depth of an expression; cel-go has the same limit for each rule of its grammar (`maxRecursionDepth`).
const DEPTH_MAX: usize = 250;

/// The levels that the expansion of a macro such as `all` may add.
const CALL_DEPTH: usize = 4;

/// The depth up to which the stack of any thread suffices. The evaluation of a level takes up to 40 KiB of it.
const PLAIN_DEPTH_MAX: usize = 20;

/// The size of the stack for deeper expressions.
const STACK_BYTES: usize = 64 << 20;

/// Calls a function that recurses as deeply as an expression; a deep one gets a stack of its own.
///
/// # Errors
///
/// Returns a message if the system has no room for the stack.
pub(super) fn with_stack<T>(depth: usize, call: impl FnOnce() -> T) -> Result<T, String> {
    if depth <= PLAIN_DEPTH_MAX {
        return Ok(call());
    }
    let stack = DefaultStack::new(STACK_BYTES).map_err(|error| format!("no stack for a deep expression: {error}"))?;
    Ok(corosensei::on_stack(stack, call))
}

/// Returns the depth of an expression unless it is nested too deeply.
///
/// # Errors
///
/// Returns cel-go's message.
pub(super) fn check(text: &str) -> Result<usize, String> {
    match depth(text) {
        depth @ 0..=DEPTH_MAX => Ok(depth),
        _ => Err(format!("ERROR: <input>:-1:0: expression recursion limit exceeded: {DEPTH_MAX}")),
    }
}

/// The part that has been read between two brackets.
#[derive(Default)]
struct Level {
    /// The depth that the bracket itself adds.
    bracket: usize,
    /// The deepest of the parts that a comma ends.
    deepest: usize,
    /// The question marks since the last comma.
    conditions: usize,
    /// The deepest of the operands of `&&`, `||` and `?:` since the last comma.
    operand: usize,
    /// Their number: they become a balanced tree.
    operands: usize,
    /// The operators since the last operand began, of which the first is the deepest.
    operators: usize,
    /// The selections and calls since the last operator, and the most of them after one operator.
    chain: usize,
    longest_chain: usize,
    /// The depth of the deepest bracket since the last operand began.
    inner: usize,
}

impl Level {
    fn operator(&mut self) {
        self.operators += 1;
        self.chain = 0;
    }

    fn select(&mut self) {
        self.chain += 1;
        self.longest_chain = self.longest_chain.max(self.chain);
    }

    fn end_operand(&mut self) {
        self.operand = self.operand.max(self.operators + self.longest_chain + self.inner);
        self.operands += 1;
        (self.operators, self.chain, self.longest_chain, self.inner) = (0, 0, 0, 0);
    }

    fn end_part(&mut self) {
        self.end_operand();
        let balanced = (usize::BITS - self.operands.leading_zeros()) as usize;
        self.deepest = self.deepest.max(self.conditions + self.operand + balanced);
        (self.conditions, self.operand, self.operands) = (0, 0, 0);
    }

    fn close(mut self) -> usize {
        self.end_part();
        self.deepest + self.bracket
    }
}

fn depth(text: &str) -> usize {
    let mut levels = vec![Level::default()];
    let mut rest = text;
    let mut is_call = false;
    // After a literal that is malformed, the parser may take any character for a token.
    let mut malformed = 0;
    while !rest.is_empty() {
        let Some(length) = token_length(rest) else {
            malformed = rest.chars().filter(|c| !c.is_alphanumeric()).count() * CALL_DEPTH + rest.matches("in").count();
            break;
        };
        let (token, after) = rest.split_at(length);
        read(&mut levels, token, is_call);
        if !token.starts_with(char::is_whitespace) {
            is_call = token.ends_with(is_word);
        }
        rest = after;
    }
    while levels.len() > 1 {
        close_last(&mut levels);
    }
    levels.pop().map_or(0, Level::close) + malformed
}

/// Counts a token; a bracket opens or closes a level, of a call or of something else.
fn read(levels: &mut Vec<Level>, token: &str, is_call: bool) {
    // The outermost level stays: a closing bracket too many is an error of the parser.
    let is_open = levels.len() > 1;
    let Some(level) = levels.last_mut() else { return };
    match token {
        "," => level.end_part(),
        "?" => {
            level.end_operand();
            level.conditions += 1;
        }
        ":" | "&&" | "||" => level.end_operand(),
        "." => level.select(),
        "in" | "+" | "-" | "*" | "/" | "%" | "!" | "<" | ">" | "<=" | ">=" | "==" | "!=" => level.operator(),
        "(" | "[" | "{" => {
            level.select();
            let bracket = if is_call { CALL_DEPTH } else { 1 };
            levels.push(Level { bracket, ..Level::default() });
        }
        ")" | "]" | "}" if is_open => close_last(levels),
        _ => {}
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Returns the length of the token at the start of a text that is not empty; `None` for a malformed literal.
fn token_length(text: &str) -> Option<usize> {
    let first = text.chars().next()?;
    let word = text.find(|c| !is_word(c)).unwrap_or(text.len());
    match first {
        '"' | '\'' => string_length(text, false),
        '/' if text.starts_with("//") => Some(text.find('\n').unwrap_or(text.len())),
        _ if word > 0 => match text[word..].chars().next() {
            Some('"' | '\'') if is_prefix(&text[..word]) => {
                string_length(&text[word..], text[..word].contains(['r', 'R'])).map(|length| word + length)
            }
            _ => Some(word),
        },
        '&' | '|' if text[1..].starts_with(first) => Some(2),
        '<' | '>' | '=' | '!' if text[1..].starts_with('=') => Some(2),
        _ => Some(first.len_utf8()),
    }
}

fn close_last(levels: &mut Vec<Level>) {
    let closed = levels.pop().map_or(0, Level::close);
    if let Some(outer) = levels.last_mut() {
        outer.inner = outer.inner.max(closed);
    }
}

/// Returns `true` for the letters before a raw string or bytes.
fn is_prefix(word: &str) -> bool {
    word.len() <= 2 && word.chars().all(|c| "rRbB".contains(c))
}

/// Returns the length of the string literal at the start of a text; `None` if it is malformed.
fn string_length(text: &str, is_raw: bool) -> Option<usize> {
    let mark = if text.starts_with("\"\"\"") || text.starts_with("'''") { &text[..3] } else { &text[..1] };
    let mut at = mark.len();
    loop {
        let rest = &text[at..];
        if rest.starts_with(mark) {
            return Some(at + mark.len());
        }
        at += match rest.chars().next()? {
            '\n' | '\r' if mark.len() == 1 => return None,
            '\\' if !is_raw => escape_length(rest)?,
            c => c.len_utf8(),
        };
    }
}

/// Returns the length of an escape; `None` if it is malformed.
fn escape_length(text: &str) -> Option<usize> {
    let number = |from: usize, to: usize, radix: u32| {
        let code = u32::from_str_radix(text.get(from..to)?, radix).ok()?;
        char::from_u32(code).map(|_| to)
    };
    match text[1..].chars().next()? {
        'a' | 'b' | 'f' | 'n' | 'r' | 't' | 'v' | '\\' | '?' | '"' | '\'' | '`' => Some(2),
        'x' | 'X' => number(2, 4, 16),
        'u' => number(2, 6, 16),
        'U' => number(2, 10, 16),
        '0'..='3' => number(1, 4, 8),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_nests_is_counted() {
        let many = |text: &str| text.repeat(300);
        for (text, least) in [
            (format!("1{}", many("+1")), 300),
            (format!("self{}", many(".a")), 300),
            (format!("self{}", many("[0]")), 300),
            (format!("self{}", many(".a()")), 300),
            (format!("{}true", many("!")), 300),
            (format!("{}1", many("true ? 1 : ")), 300),
            (format!("{}1{}", many("("), many(")")), 300),
            (format!("{}1{}", many("("), many(").a")), 600),
            (format!("{}1{}", many("[{'a':"), many("}]")), 600),
            (format!("{}1", many("1 in ")), 300),
            (format!("'a' {} 'b'", many("+ 'x'")), 300),
            (format!("'a\n{}", many("+1")), 300),
            (format!("'\\u{}'", many("!")), 300),
            (format!("'\\q{}'", many("{")), 300),
            (format!("\"{}", many("(")), 300),
        ] {
            assert!(depth(&text) >= least, "{}: {}", depth(&text), &text[..20]);
        }
    }

    #[test]
    fn what_does_not_nest_is_not_counted() {
        let many = |text: &str| text.repeat(10_000);
        for text in [
            many("self.a == 1 && "),
            many("x || "),
            many("self.a + 1, "),
            format!("'{}'", many("+(.")),
            format!("r'\\' + '''{}'''", many("+.'")),
            format!("\"{}\"", many("\\\"+")),
            format!("1 // {}", many("((")),
            "self.all(x, has(x.a) ? x.a.b[0].c > 1 + 2 * 3 : !(x.d in ['a', 'b']))".to_owned(),
        ] {
            assert!(depth(&text) < 40, "{}: {}", depth(&text), &text[..20.min(text.len())]);
        }
    }
}
