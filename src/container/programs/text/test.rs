//! `test` and `[`, as programs and as commands of shells.

use crate::call::{Call, Stop};
use crate::fs::{NodeKind, Stat};
use crate::programs::opts::is_busybox;

/// `test` and `[`.
pub(super) fn run(call: &mut Call<'_>) -> Result<i32, Stop> {
    let name = call.name().to_owned();
    let args = call.args();
    match evaluate(call, &name, &args) {
        Ok(is_true) => Ok(i32::from(!is_true)),
        Err(message) => {
            call.complain(&message);
            Ok(2)
        }
    }
}

/// Evaluates the arguments of `test`, or of `[`, whose last one has to be `]`.
///
/// # Errors
/// The message of a syntax error, after which the exit code is 2.
pub(crate) fn evaluate(call: &mut Call<'_>, name: &str, args: &[String]) -> Result<bool, String> {
    let args = match (name, args) {
        ("[", [inner @ .., last]) if last == "]" => inner,
        ("[", _) => return Err(if is_busybox(call) { "missing ]".into() } else { "missing ']'".into() }),
        _ => args,
    };
    // The rules of POSIX for few arguments come first: they settle what is an operator.
    match args {
        [] => return Ok(false),
        [one] => return Ok(!one.is_empty()),
        [not, one] if not == "!" => return Ok(one.is_empty()),
        [left, operator, right] if is_binary(operator) => return binary(call, left, operator, right),
        [not, left, operator, right] if not == "!" && is_binary(operator) => {
            return binary(call, left, operator, right).map(|is_true| !is_true);
        }
        _ => {}
    }
    let mut parser = Parser { call, args, at: 0, depth: 0 };
    let is_true = parser.or()?;
    match parser.args.get(parser.at) {
        None => Ok(is_true),
        Some(extra) if is_busybox(parser.call) => Err(format!("{extra}: unknown operand")),
        Some(extra) => Err(format!("extra argument '{extra}'")),
    }
}

/// Most parentheses and negations inside of each other.
const MAX_DEPTH: u32 = 100;

struct Parser<'a, 'b, 'c> {
    call: &'a mut Call<'b>,
    args: &'c [String],
    at: usize,
    depth: u32,
}

impl Parser<'_, '_, '_> {
    fn take(&mut self, word: &str) -> bool {
        let is_it = self.args.get(self.at).is_some_and(|arg| arg == word);
        self.at += usize::from(is_it);
        is_it
    }

    fn or(&mut self) -> Result<bool, String> {
        let mut is_true = self.and()?;
        while self.take("-o") {
            is_true |= self.and()?;
        }
        Ok(is_true)
    }

    fn and(&mut self) -> Result<bool, String> {
        let mut is_true = self.not()?;
        while self.take("-a") {
            is_true &= self.not()?;
        }
        Ok(is_true)
    }

    fn not(&mut self) -> Result<bool, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("too many arguments".into());
        }
        let is_operator =
            self.args.get(self.at + 1).is_some_and(|next| is_binary(next)) && self.args.len() > self.at + 2;
        let result = if !is_operator && self.take("!") { self.not().map(|is_true| !is_true) } else { self.primary() };
        self.depth -= 1;
        result
    }

    fn primary(&mut self) -> Result<bool, String> {
        let rest = &self.args[self.at..];
        match rest {
            [] => Err("argument expected".into()),
            [left, operator, right, ..] if is_binary(operator) => {
                self.at += 3;
                binary(self.call, left, operator, right)
            }
            [open, _, ..] if open == "(" => {
                self.at += 1;
                let is_true = self.or()?;
                if self.take(")") { Ok(is_true) } else { Err("closing paren expected".into()) }
            }
            [operator, operand, ..] if is_unary(operator) => {
                self.at += 2;
                unary(self.call, operator, operand)
            }
            [operator, operand] if operator.starts_with('-') && operator.len() == 2 && !is_busybox(self.call) => {
                let _ = operand;
                Err(format!("'{operator}': unary operator expected"))
            }
            [left, operator, _] if !operator.is_empty() && !is_busybox(self.call) => {
                let _ = left;
                Err(format!("'{operator}': binary operator expected"))
            }
            [one, ..] => {
                self.at += 1;
                Ok(!one.is_empty())
            }
        }
    }
}

fn is_binary(word: &str) -> bool {
    const OPERATORS: &[&str] =
        &["=", "==", "!=", "<", ">", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-nt", "-ot", "-ef"];
    OPERATORS.contains(&word)
}

fn is_unary(word: &str) -> bool {
    word.strip_prefix('-').is_some_and(|letter| letter.len() == 1 && "bcdefgGhkLNnOprsStuwxz".contains(letter))
}

fn binary(call: &mut Call<'_>, left: &str, operator: &str, right: &str) -> Result<bool, String> {
    let numbers = |call: &Call<'_>| Ok::<_, String>((integer(call, left)?, integer(call, right)?));
    let modified =
        |call: &mut Call<'_>, path: &str| call.files().stat(path).ok().map(|stat| stat.node.attributes.modified);
    Ok(match operator {
        "=" | "==" => left == right,
        "!=" => left != right,
        "<" => left < right,
        ">" => left > right,
        "-nt" => modified(call, left) > modified(call, right),
        "-ot" => modified(call, left) < modified(call, right),
        "-ef" => {
            let identity =
                |call: &mut Call<'_>, path: &str| call.files().stat(path).ok().map(|stat| (stat.tree, stat.id));
            let first = identity(call, left);
            first.is_some() && first == identity(call, right)
        }
        _ => {
            let (left, right) = numbers(call)?;
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

fn integer(call: &Call<'_>, text: &str) -> Result<i128, String> {
    let message = || match is_busybox(call) {
        true => format!("{text}: bad number"),
        false => format!("invalid integer '{text}'"),
    };
    let trimmed = text.trim();
    trimmed.strip_prefix('+').unwrap_or(trimmed).parse().map_err(|_| message())
}

fn unary(call: &mut Call<'_>, operator: &str, operand: &str) -> Result<bool, String> {
    let kind = |call: &mut Call<'_>, test: fn(&NodeKind) -> bool| {
        call.files().stat(operand).is_ok_and(|stat| test(&stat.node.kind))
    };
    let stat =
        |call: &mut Call<'_>, test: &dyn Fn(&Stat) -> bool| call.files().stat(operand).is_ok_and(|stat| test(&stat));
    Ok(match operator {
        "-n" => !operand.is_empty(),
        "-z" => operand.is_empty(),
        "-e" => call.files().stat(operand).is_ok(),
        "-f" => kind(call, |kind| matches!(kind, NodeKind::File(_))),
        "-d" => kind(call, |kind| matches!(kind, NodeKind::Directory(_))),
        "-c" => kind(call, |kind| matches!(kind, NodeKind::Device(_))),
        "-p" => kind(call, |kind| matches!(kind, NodeKind::Fifo)),
        "-b" | "-S" => false,
        "-h" | "-L" => call.files().lstat(operand).is_ok_and(|stat| matches!(stat.node.kind, NodeKind::Link(_))),
        "-s" => stat(call, &|stat| stat.node.size() > 0),
        "-g" => stat(call, &|stat| stat.node.attributes.mode & 0o2000 != 0),
        "-k" => stat(call, &|stat| stat.node.attributes.mode & 0o1000 != 0),
        "-u" => stat(call, &|stat| stat.node.attributes.mode & 0o4000 != 0),
        "-O" => {
            let uid = call.process.credentials.uid;
            stat(call, &|stat| stat.node.attributes.uid == uid)
        }
        "-G" => {
            let gid = call.process.credentials.gid;
            stat(call, &|stat| stat.node.attributes.gid == gid)
        }
        "-N" => stat(call, &|stat| stat.node.size() > 0),
        "-r" => call.files().access(operand, 0o4).is_ok(),
        "-w" => call.files().access(operand, 0o2).is_ok(),
        "-x" => call.files().access(operand, 0o1).is_ok(),
        _ => {
            let descriptor = operand.parse::<i32>().map_err(|_| integer(call, operand).err().unwrap_or_default())?;
            call.is_tty(descriptor)
        }
    })
}
