//! `test` and `[`, as programs and as builtins of shells.

use super::variant::Variant;
use crate::call::{Call, Stop};
use crate::fs::{NodeKind, Stat};

/// Most parentheses and negations inside of each other.
const MAX_DEPTH: u32 = 60;

/// The operators of two operands.
const BINARY: &[&str] =
    &["=", "==", "!=", "<", ">", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-nt", "-ot", "-ef", "=~"];

/// The truth of an expression, or the message of a syntax error, after which the exit code is 2.
pub(crate) type Truth = Result<bool, String>;

/// Answers that only a shell can give.
pub(crate) trait Shell {
    /// Evaluates an operator about variables and options; `None` for any other.
    fn inspect(&self, operator: &str, operand: &str) -> Option<bool>;

    /// Matches a text against a pattern, where the right operand of `=` is one (`[[`); `None` where it is not.
    fn matches(&self, text: &str, pattern: &str) -> Option<bool>;
}

/// No shell: the programs.
struct NoShell;

impl Shell for NoShell {
    fn inspect(&self, _: &str, _: &str) -> Option<bool> {
        None
    }

    fn matches(&self, _: &str, _: &str) -> Option<bool> {
        None
    }
}

/// `test` and `[`.
pub(super) fn run(call: &mut Call<'_>) -> Result<i32, Stop> {
    let (name, args, variant) = (call.name().to_owned(), call.args(), Variant::of(call));
    match evaluate(call, variant, &name, &args, &NoShell) {
        Ok(is_true) => Ok(i32::from(!is_true)),
        Err(message) => {
            call.complain(&message);
            Ok(2)
        }
    }
}

/// Evaluates the arguments of `test`, or of `[` and `[[`, whose last one has to be the closing bracket.
///
/// # Errors
/// The message of a syntax error.
pub(crate) fn evaluate(call: &mut Call<'_>, variant: Variant, name: &str, args: &[String], shell: &dyn Shell) -> Truth {
    let closing = name.starts_with('[').then(|| name.replace('[', "]"));
    let words = match (closing, args) {
        (None, words) => words,
        (Some(closing), [words @ .., last]) if *last == closing => words,
        (Some(closing), _) => {
            return Err(match variant {
                Variant::Bash => format!("missing `{closing}'"),
                Variant::Gnu => format!("missing '{closing}'"),
                Variant::Busybox | Variant::Dash => format!("missing {closing}"),
            });
        }
    };
    if words.is_empty() {
        return Ok(false);
    }
    let mut parser = Parser { variant, shell, words, at: 0, depth: 0 };
    let is_true = parser.expression(call)?;
    match words.get(parser.at) {
        None => Ok(is_true),
        Some(extra) => Err(unexpected(variant, words, extra)),
    }
}

/// The message about words behind a complete expression, of which `extra` is the first.
fn unexpected(variant: Variant, words: &[String], extra: &str) -> String {
    const BINARY: &[&str] = &["=", "==", "!=", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-nt", "-ot", "-ef"];
    match (variant, words) {
        (Variant::Busybox | Variant::Dash, [_, operator]) if BINARY.contains(&operator.as_str()) => {
            format!("{operator}: argument expected")
        }
        (Variant::Busybox, _) => format!("{extra}: unknown operand"),
        (Variant::Dash, _) => format!("{}: unexpected operator", words[0]),
        (Variant::Bash, [operator, _]) => format!("{operator}: unary operator expected"),
        (Variant::Bash, [_, operator, _] | [_, operator, _, _]) => format!("{operator}: binary operator expected"),
        (Variant::Bash, _) => "too many arguments".to_owned(),
        (Variant::Gnu, [operator, _]) => format!("'{operator}': unary operator expected"),
        (Variant::Gnu, [_, operator, _]) => format!("'{operator}': binary operator expected"),
        (Variant::Gnu, _) => format!("extra argument '{extra}'"),
    }
}

/// An expression that is being evaluated. `at` is the next word.
struct Parser<'a> {
    variant: Variant,
    shell: &'a dyn Shell,
    words: &'a [String],
    at: usize,
    depth: u32,
}

impl Parser<'_> {
    fn take(&mut self, word: &str) -> bool {
        let is_it = self.words.get(self.at).is_some_and(|next| next == word);
        self.at += usize::from(is_it);
        is_it
    }

    /// Evaluates by the number of words as POSIX has it, which settles what is an operator; else by precedence.
    fn expression(&mut self, call: &mut Call<'_>) -> Truth {
        match self.words {
            [one] => {
                self.at = 1;
                Ok(!one.is_empty())
            }
            [left, operator, right] if is_binary(operator) => {
                self.at = 3;
                self.compare(call, operator, left, right)
            }
            _ => self.or(call),
        }
    }

    fn or(&mut self, call: &mut Call<'_>) -> Truth {
        let mut is_true = self.and(call)?;
        while self.take("-o") {
            is_true |= self.and(call)?;
        }
        Ok(is_true)
    }

    fn and(&mut self, call: &mut Call<'_>) -> Truth {
        let mut is_true = self.not(call)?;
        while self.take("-a") {
            is_true &= self.not(call)?;
        }
        Ok(is_true)
    }

    fn not(&mut self, call: &mut Call<'_>) -> Truth {
        if self.depth >= MAX_DEPTH {
            return Err("nested too deeply".into());
        }
        if self.words.len() > self.at + 1 && self.take("!") {
            self.depth += 1;
            let is_true = self.not(call)?;
            self.depth -= 1;
            return Ok(!is_true);
        }
        self.primary(call)
    }

    fn primary(&mut self, call: &mut Call<'_>) -> Truth {
        let words = self.words;
        match &words[self.at..] {
            [] => Err("argument expected".into()),
            [left, operator, right, ..] if is_binary(operator) => {
                self.at += 3;
                self.compare(call, operator, left, right)
            }
            [open, ..] if open == "(" => {
                self.at += 1;
                self.depth += 1;
                let is_true = self.or(call)?;
                self.depth -= 1;
                if self.take(")") { Ok(is_true) } else { Err("closing paren expected".into()) }
            }
            [operator, operand, ..] if self.is_unary(operator) => {
                self.at += 2;
                match self.shell.inspect(operator, operand) {
                    Some(is_true) => Ok(is_true),
                    None => inspect(call, self.variant, operator, operand),
                }
            }
            [word, next, ..] if word.len() == 2 && word.starts_with('-') && !self.is_unary(word) => {
                self.at += 1;
                match self.variant {
                    Variant::Busybox => Err(unexpected(self.variant, words, next)),
                    _ => Err(unexpected(self.variant, &[word.clone(), next.clone()], next)),
                }
            }
            [word, ..] => {
                self.at += 1;
                Ok(!word.is_empty())
            }
        }
    }

    fn is_unary(&self, word: &str) -> bool {
        let letters = match self.variant {
            Variant::Gnu => "bcdefghknoprstuwxzGLNOS",
            _ => "bcdefghknoprstuvwxzGLNORS",
        };
        word.strip_prefix('-').is_some_and(|letter| letter.len() == 1 && letters.contains(letter))
    }

    fn compare(&self, call: &mut Call<'_>, operator: &str, left: &str, right: &str) -> Truth {
        match operator {
            "=" | "==" | "!=" if let Some(is_match) = self.shell.matches(left, right) => {
                Ok(is_match == (operator != "!="))
            }
            _ => compare(call, self.variant, operator, left, right),
        }
    }
}

fn is_binary(word: &str) -> bool {
    BINARY.contains(&word)
}

/// Evaluates an operator of one operand.
///
/// # Errors
/// An operand of `-t` that is no number.
pub(crate) fn inspect(call: &mut Call<'_>, variant: Variant, operator: &str, operand: &str) -> Truth {
    crate::world::proc::prepare(call, operand);
    let found = match operator {
        "-h" | "-L" => call.files().lstat(operand),
        _ => call.files().stat(operand),
    };
    let kind = |is_it: fn(&NodeKind) -> bool| found.as_ref().is_ok_and(|stat| is_it(&stat.node.kind));
    let stat = |is_it: &dyn Fn(&Stat) -> bool| found.as_ref().is_ok_and(is_it);
    let mode = |bits: u32| stat(&|stat| stat.node.attributes.mode & bits != 0);
    let (uid, gid) = (call.process.credentials.uid, call.process.credentials.gid);
    Ok(match operator {
        "-n" => !operand.is_empty(),
        "-z" => operand.is_empty(),
        "-e" | "-a" => found.is_ok(),
        "-f" => kind(|kind| matches!(kind, NodeKind::File(_))),
        "-d" => kind(|kind| matches!(kind, NodeKind::Directory(_))),
        "-h" | "-L" => kind(|kind| matches!(kind, NodeKind::Link(_))),
        "-p" => kind(|kind| matches!(kind, NodeKind::Fifo)),
        "-c" => kind(|kind| matches!(kind, NodeKind::Device(_))),
        // There is no time of the last reading: what has content counts as unread.
        "-s" | "-N" => stat(&|stat| stat.node.size() > 0),
        "-r" => call.files().access(operand, 0o4).is_ok(),
        "-w" => call.files().access(operand, 0o2).is_ok(),
        "-x" => call.files().access(operand, 0o1).is_ok(),
        "-u" => mode(0o4000),
        "-g" => mode(0o2000),
        "-k" => mode(0o1000),
        "-O" => stat(&|stat| stat.node.attributes.uid == uid),
        "-G" => stat(&|stat| stat.node.attributes.gid == gid),
        "-t" => match (operand.trim().parse(), variant) {
            (Ok(descriptor), _) => call.is_tty(descriptor),
            (Err(_), Variant::Gnu) => return Err(bad_number(variant, operand)),
            (Err(_), _) => false,
        },
        _ => false,
    })
}

/// Evaluates an operator of two operands.
///
/// # Errors
/// An operand that is no number; a regular expression outside of `[[`.
pub(crate) fn compare(call: &mut Call<'_>, variant: Variant, operator: &str, left: &str, right: &str) -> Truth {
    let stat = |call: &mut Call<'_>, path: &str| call.files().stat(path).ok();
    let modified = |call: &mut Call<'_>, path: &str| stat(call, path).map(|stat| stat.node.attributes.modified);
    Ok(match operator {
        "=" | "==" => left == right,
        "!=" => left != right,
        "<" => left < right,
        ">" => left > right,
        // A file that does not exist is older than any other.
        "-nt" => modified(call, left) > modified(call, right),
        "-ot" => modified(call, left) < modified(call, right),
        "-ef" => {
            let first = stat(call, left).map(|stat| (stat.tree, stat.id));
            first.is_some() && first == stat(call, right).map(|stat| (stat.tree, stat.id))
        }
        "=~" => return Err(format!("{operator}: unexpected operator")),
        _ => {
            let (left, right) = (integer(variant, left)?, integer(variant, right)?);
            match operator {
                "-eq" => left == right,
                "-ne" => left != right,
                "-lt" => left < right,
                "-le" => left <= right,
                "-gt" => left > right,
                _ => left >= right,
            }
        }
    })
}

/// Reads a number; only that of GNU may be larger than 64 bits.
fn integer(variant: Variant, text: &str) -> Result<i128, String> {
    let number: Option<i128> = text.trim().parse().ok();
    let number = number.filter(|number| variant == Variant::Gnu || i64::try_from(*number).is_ok());
    number.ok_or_else(|| bad_number(variant, text))
}

fn bad_number(variant: Variant, text: &str) -> String {
    match variant {
        Variant::Busybox => format!("{text}: bad number"),
        Variant::Gnu => format!("invalid integer '{text}'"),
        Variant::Dash => format!("Illegal number: {text}"),
        Variant::Bash => format!("{text}: integer expression expected"),
    }
}
