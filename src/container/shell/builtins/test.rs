//! `test`, `[` and the tests of `[[`.

use super::Outcome;
use crate::call::Call;
use crate::programs::text::test::{self, Truth, evaluate};
use crate::shell::code::Op;
use crate::shell::pattern::Pattern;
use crate::shell::syntax::Dialect;
use crate::shell::variables::Value;
use crate::shell::{Shell, Step};

/// `test expression` and `[ expression ]`; `[[ expression ]]` of busybox
pub(super) fn test(shell: &mut Shell, call: &mut Call<'_>, args: &[String]) -> Outcome {
    let own = Own { shell, has_patterns: args[0] == "[[" };
    match evaluate(call, shell.dialect.variant(), &args[0], &args[1..], &own) {
        Ok(is_true) => Ok(i32::from(!is_true)),
        Err(message) => {
            match shell.dialect {
                Dialect::Busybox => shell.error(call, &message),
                _ => shell.builtin_error(call, &args[0], &message),
            }
            Ok(2)
        }
    }
}

/// Answers of this shell beside those of the programs.
struct Own<'a> {
    shell: &'a Shell,
    /// Right operands of comparisons are patterns.
    has_patterns: bool,
}

impl test::Shell for Own<'_> {
    fn inspect(&self, operator: &str, operand: &str) -> Option<bool> {
        self.shell.inspect(operator, operand)
    }

    fn matches(&self, text: &str, pattern: &str) -> Option<bool> {
        self.has_patterns.then(|| Pattern::new(pattern, false).matches(text))
    }
}

/// Formats an operand of `[[` as the trace of bash does: only an empty one is quoted.
fn traced_operand(text: &str) -> String {
    if text.is_empty() { "''".to_owned() } else { text.to_owned() }
}

impl Shell {
    /// Evaluates an operator about variables and options; `None` for any other.
    fn inspect(&self, operator: &str, operand: &str) -> Option<bool> {
        let has_option = |(letter, name): &(char, &str)| *name == operand && self.options.has(*letter);
        match operator {
            "-v" => Some(self.is_set(operand)),
            "-o" => Some(super::super::options::NAMES.iter().any(has_option)),
            _ => None,
        }
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

    /// Executes a test of `[[` or `((`.
    pub(in crate::shell) fn test_op(&mut self, call: &mut Call<'_>, op: &Op) -> Step {
        let truth = match op {
            Op::TraceTest { operator, is_binary } => {
                let count = if *is_binary { 2 } else { 1 };
                let values = &self.stack.values[self.stack.values.len().saturating_sub(count)..];
                let shown: Vec<String> = values.iter().map(|value| traced_operand(value)).collect();
                let text = match shown.as_slice() {
                    [left, right] => format!("[[ {left} {operator} {right} ]]"),
                    _ => format!("[[ {operator} {} ]]", shown.concat()),
                };
                self.trace_line(call, &text);
                return Ok(());
            }
            Op::Evaluate => {
                let text = self.stack.take_value();
                self.trace_line(call, &format!("(( {} ))", text.trim()));
                let value = match self.calculate(call, &text) {
                    Ok(value) => value,
                    Err(super::super::Interrupt::Fail(_)) => 0,
                    Err(interrupt) => return Err(interrupt),
                };
                Ok(value != 0)
            }
            Op::TestUnary(operator) => {
                let operand = self.stack.take_value();
                match self.inspect(operator, &operand) {
                    Some(truth) => Ok(truth),
                    None => test::inspect(call, self.dialect.variant(), operator, &operand),
                }
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
        let variant = self.dialect.variant();
        let has_case = !self.options.has_shopt("nocasematch");
        Ok(match operator {
            "=" | "==" | "!=" => Ok(Pattern::new(right, true).with_case(has_case).matches(left) == (operator != "!=")),
            "=~" => self.match_regex(left, right),
            "-eq" | "-ne" | "-lt" | "-le" | "-gt" | "-ge" => {
                let (left, right) = (self.calculate(call, left)?, self.calculate(call, right)?);
                test::compare(call, variant, operator, &left.to_string(), &right.to_string())
            }
            _ => test::compare(call, variant, operator, left, right),
        })
    }

    /// Matches a regular expression and sets `BASH_REMATCH`.
    fn match_regex(&mut self, text: &str, pattern: &str) -> Truth {
        let regex = regex::RegexBuilder::new(pattern)
            .case_insensitive(self.options.has_shopt("nocasematch"))
            .size_limit(1 << 20)
            .build();
        let Ok(regex) = regex else { return Err("syntax error in regular expression".into()) };
        let found = regex.captures(text);
        let groups = found.iter().flat_map(|found| found.iter());
        let texts = groups.map(|group| group.map_or("", |group| group.as_str()).to_owned());
        let list = (0..).zip(texts).collect();
        self.variables.entry("BASH_REMATCH").value = Value::List(list);
        Ok(found.is_some())
    }
}
