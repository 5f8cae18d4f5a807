//! `test`, `[` and the tests of `[[`.

use super::Outcome;
use crate::call::Call;
use crate::fs::{NodeKind, Stat};
use crate::shell::code::Op;
use crate::shell::pattern::Pattern;
use crate::shell::syntax::Dialect;
use crate::shell::variables::Value;
use crate::shell::{Shell, Step};

/// Most levels of parentheses and `!`.
const MAX_DEPTH: u32 = 60;

const BINARY: &[&str] =
    &["=", "==", "!=", "<", ">", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-nt", "-ot", "-ef", "=~"];

/// `test expression` and `[ expression ]`
pub(super) fn test(shell: &mut Shell, call: &mut Call<'_>, args: &[String]) -> Outcome {
    let mut words = &args[1..];
    let closing = match args[0].as_str() {
        "[" => Some("]"),
        "[[" => Some("]]"),
        _ => None,
    };
    if let Some(closing) = closing {
        match words.split_last() {
            Some((last, rest)) if last == closing => words = rest,
            _ => {
                let message = match shell.dialect {
                    Dialect::Bash => format!("missing `{closing}'"),
                    _ => format!("missing {closing}"),
                };
                shell.test_error(call, &args[0], &message);
                return Ok(2);
            }
        }
    }
    if words.is_empty() {
        return Ok(1);
    }
    let has_patterns = args[0] == "[[";
    let mut tester = Tester { shell, words, at: 0, depth: 0, has_patterns };
    let result = tester.expression(call);
    let rest = tester.words.get(tester.at).cloned();
    let result = match (result, rest) {
        (Ok(_), Some(extra)) => Err(match shell.dialect {
            Dialect::Bash if words.len() == 2 => format!("{}: unary operator expected", words[0]),
            Dialect::Bash if words.len() > 4 => "too many arguments".to_owned(),
            Dialect::Bash => format!("{}: binary operator expected", words.get(1).unwrap_or(&extra)),
            Dialect::Dash => format!("{}: unexpected operator", words[0]),
            Dialect::Busybox => format!("{extra}: unknown operand"),
        }),
        (result, _) => result,
    };
    match result {
        Ok(truth) => Ok(i32::from(!truth)),
        Err(message) => {
            shell.test_error(call, &args[0], &message);
            Ok(2)
        }
    }
}

struct Tester<'a> {
    shell: &'a Shell,
    words: &'a [String],
    at: usize,
    depth: u32,
    /// Right operands of comparisons are patterns.
    has_patterns: bool,
}

type Truth = Result<bool, String>;

impl Tester<'_> {
    fn peek(&self) -> Option<&str> {
        self.words.get(self.at).map(String::as_str)
    }

    fn eat(&mut self, word: &str) -> bool {
        let found = self.peek() == Some(word);
        self.at += usize::from(found);
        found
    }

    /// Evaluates an expression: by its number of words as POSIX has it, else by precedence.
    fn expression(&mut self, call: &mut Call<'_>) -> Truth {
        match self.words {
            [_] => {
                self.at = 1;
                return Ok(!self.words[0].is_empty());
            }
            [left, operator, right] if BINARY.contains(&operator.as_str()) => {
                self.at = 3;
                return self.compare(call, operator, left, right);
            }
            _ => {}
        }
        self.or(call)
    }

    fn compare(&self, call: &mut Call<'_>, operator: &str, left: &str, right: &str) -> Truth {
        match operator {
            "=" | "==" | "!=" if self.has_patterns => {
                Ok(Pattern::new(right, false).matches(left) == (operator != "!="))
            }
            _ => self.shell.compare(call, operator, left, right),
        }
    }

    fn or(&mut self, call: &mut Call<'_>) -> Truth {
        let mut truth = self.and(call)?;
        while self.eat("-o") {
            truth |= self.and(call)?;
        }
        Ok(truth)
    }

    fn and(&mut self, call: &mut Call<'_>) -> Truth {
        let mut truth = self.not(call)?;
        while self.eat("-a") {
            truth &= self.not(call)?;
        }
        Ok(truth)
    }

    fn not(&mut self, call: &mut Call<'_>) -> Truth {
        if self.depth >= MAX_DEPTH {
            return Err("nested too deeply".into());
        }
        if self.peek() == Some("!") && self.words.len() > self.at + 1 {
            self.at += 1;
            self.depth += 1;
            let truth = self.not(call)?;
            self.depth -= 1;
            return Ok(!truth);
        }
        self.primary(call)
    }

    fn primary(&mut self, call: &mut Call<'_>) -> Truth {
        let Some(word) = self.peek().map(String::from) else {
            return Err("argument expected".into());
        };
        let next = self.words.get(self.at + 1);
        let is_binary = next.is_some_and(|next| BINARY.contains(&next.as_str())) && self.words.len() > self.at + 2;
        if is_binary {
            let (operator, right) = (self.words[self.at + 1].clone(), self.words[self.at + 2].clone());
            self.at += 3;
            return self.compare(call, &operator, &word, &right);
        }
        if word == "(" {
            self.at += 1;
            self.depth += 1;
            let truth = self.or(call)?;
            self.depth -= 1;
            return if self.eat(")") { Ok(truth) } else { Err("closing paren expected".into()) };
        }
        if is_unary(&word)
            && let Some(operand) = next.cloned()
        {
            self.at += 2;
            return self.shell.inspect(call, &word, &operand);
        }
        self.at += 1;
        if is_unary(&word) || !word.starts_with('-') || word.len() != 2 || self.peek().is_none() {
            return Ok(!word.is_empty());
        }
        Err(match self.shell.dialect {
            Dialect::Bash => format!("{word}: unary operator expected"),
            _ => format!("{word}: unexpected operator"),
        })
    }
}

fn is_unary(word: &str) -> bool {
    word.len() == 2 && word.starts_with('-') && "bcdefghknoprstuvwxzGLNORS".contains(&word[1..])
}

impl Shell {
    fn test_error(&self, call: &mut Call<'_>, command: &str, message: &str) {
        match self.dialect {
            Dialect::Busybox => self.error(call, message),
            _ => self.builtin_error(call, command, message),
        }
    }

    /// Evaluates a unary operator.
    fn inspect(&self, call: &mut Call<'_>, operator: &str, operand: &str) -> Truth {
        crate::world::proc::prepare(call, operand);
        let follows = !matches!(operator, "-h" | "-L");
        let stat = |call: &mut Call<'_>| match follows {
            true => call.files().stat(operand).ok(),
            false => call.files().lstat(operand).ok(),
        };
        let kind = |call: &mut Call<'_>, is_it: fn(&NodeKind) -> bool| stat(call).is_some_and(|s| is_it(&s.node.kind));
        let mode = |call: &mut Call<'_>, bits: u32| stat(call).is_some_and(|s| s.node.attributes.mode & bits != 0);
        Ok(match operator {
            "-n" => !operand.is_empty(),
            "-z" => operand.is_empty(),
            "-e" | "-a" => stat(call).is_some(),
            "-f" => kind(call, |kind| matches!(kind, NodeKind::File(_))),
            "-d" => kind(call, |kind| matches!(kind, NodeKind::Directory(_))),
            "-h" | "-L" => kind(call, |kind| matches!(kind, NodeKind::Link(_))),
            "-p" => kind(call, |kind| matches!(kind, NodeKind::Fifo)),
            "-c" => kind(call, |kind| matches!(kind, NodeKind::Device(_))),
            "-s" => stat(call).is_some_and(|stat| stat.node.size() > 0),
            "-r" => call.files().access(operand, 0o4).is_ok(),
            "-w" => call.files().access(operand, 0o2).is_ok(),
            "-x" => call.files().access(operand, 0o1).is_ok(),
            "-u" => mode(call, 0o4000),
            "-g" => mode(call, 0o2000),
            "-k" => mode(call, 0o1000),
            "-O" => stat(call).is_some_and(|stat| stat.node.attributes.uid == call.process.credentials.uid),
            "-G" => stat(call).is_some_and(|stat| stat.node.attributes.gid == call.process.credentials.gid),
            "-t" => operand.trim().parse().is_ok_and(|descriptor| call.is_tty(descriptor)),
            "-v" => self.is_set(operand),
            "-o" => {
                super::super::options::NAMES.iter().any(|(letter, name)| *name == operand && self.options.has(*letter))
            }
            _ => false,
        })
    }

    fn is_set(&self, name: &str) -> bool {
        if let Some((array, index)) = name.strip_suffix(']').and_then(|name| name.split_once('[')) {
            return match self.variables.get(array).map(|variable| &variable.value) {
                Some(Value::Map(map)) => map.contains_key(index),
                _ => index.parse().is_ok_and(|index| self.element_at(array, index).is_some()),
            };
        }
        self.variables.text(name).is_some()
    }

    /// Evaluates a binary operator.
    fn compare(&self, call: &mut Call<'_>, operator: &str, left: &str, right: &str) -> Truth {
        let times = |call: &mut Call<'_>| {
            let files = call.files();
            (files.stat(left).ok(), files.stat(right).ok())
        };
        let modified = |stat: Stat| stat.node.attributes.modified;
        Ok(match operator {
            "=" | "==" => left == right,
            "!=" => left != right,
            "<" => left < right,
            ">" => left > right,
            "-nt" => match times(call) {
                (Some(left), Some(right)) => modified(left) > modified(right),
                (left, right) => left.is_some() && right.is_none(),
            },
            "-ot" => match times(call) {
                (Some(left), Some(right)) => modified(left) < modified(right),
                (left, right) => left.is_none() && right.is_some(),
            },
            "-ef" => match times(call) {
                (Some(left), Some(right)) => (left.id, left.tree) == (right.id, right.tree),
                _ => false,
            },
            "=~" => return Err(format!("{operator}: unexpected operator")),
            _ => {
                let (left, right) = (self.integer(left)?, self.integer(right)?);
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

    fn integer(&self, text: &str) -> Result<i64, String> {
        text.trim().parse().map_err(|_| match self.dialect {
            Dialect::Bash => format!("{text}: integer expression expected"),
            Dialect::Dash => format!("Illegal number: {text}"),
            Dialect::Busybox => format!("{text}: bad number"),
        })
    }

    /// Executes a test of `[[` or `((`.
    pub(in crate::shell) fn test_op(&mut self, call: &mut Call<'_>, op: &Op) -> Step {
        let truth = match op {
            Op::Evaluate => {
                let text = self.stack.take_value();
                let value = match self.calculate(call, &text) {
                    Ok(value) => value,
                    Err(super::super::Interrupt::Fail(_)) => 0,
                    Err(interrupt) => return Err(interrupt),
                };
                Ok(value != 0)
            }
            Op::TestUnary(operator) => {
                let operand = self.stack.take_value();
                self.inspect(call, operator, &operand)
            }
            Op::TestBinary(operator) => {
                let right = self.stack.take_value();
                let left = self.stack.take_value();
                self.compare_words(call, operator, &left, &right)?
            }
            _ => return Ok(()),
        };
        self.status = match truth {
            Ok(truth) => i32::from(!truth),
            Err(message) => {
                self.error(call, &format!("[[: {message}"));
                2
            }
        };
        Ok(())
    }

    fn compare_words(&mut self, call: &mut Call<'_>, operator: &str, left: &str, right: &str) -> Step<Truth> {
        Ok(match operator {
            "=" | "==" | "!=" => Ok(Pattern::new(right, true).matches(left) == (operator != "!=")),
            "=~" => self.match_regex(left, right),
            "-eq" | "-ne" | "-lt" | "-le" | "-gt" | "-ge" => {
                let (left, right) = (self.calculate(call, left)?, self.calculate(call, right)?);
                self.compare(call, operator, &left.to_string(), &right.to_string())
            }
            _ => self.compare(call, operator, left, right),
        })
    }

    /// Matches a regular expression and sets `BASH_REMATCH`.
    fn match_regex(&mut self, text: &str, pattern: &str) -> Truth {
        let regex = regex::RegexBuilder::new(pattern).size_limit(1 << 20).build();
        let Ok(regex) = regex else { return Err("syntax error in regular expression".into()) };
        let found = regex.captures(text);
        let groups = found.iter().flat_map(|found| found.iter());
        let texts = groups.map(|group| group.map_or("", |group| group.as_str()).to_owned());
        let list = (0..).zip(texts).collect();
        self.variables.entry("BASH_REMATCH").value = Value::List(list);
        Ok(found.is_some())
    }
}
