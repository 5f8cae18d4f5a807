//! The statements of a script: imports, assignments, conditions, and calls that others see.

use std::collections::BTreeMap;

use super::Action;
use super::expression::{Names, Parser, Value};
use super::token::{Line, Token, lines};

/// The modules of which something is known.
const MODULES: [&str; 3] = ["os", "sys", "time"];

/// Returns what a script does in an environment; `None` if more of the language would be needed, or if it fails.
pub(super) fn actions(script: &str, environment: &[(String, String)]) -> Option<Vec<Action>> {
    let names = Names { environment, variables: BTreeMap::new(), modules: Vec::new() };
    let mut run = Run { names, actions: Vec::new() };
    run.block(&lines(script)?)?;
    Some(run.actions)
}

/// A script at work.
struct Run<'a> {
    names: Names<'a>,
    actions: Vec<Action>,
}

impl Run<'_> {
    /// Returns whether the script has ended.
    fn has_ended(&self) -> bool {
        matches!(self.actions.last(), Some(Action::Exit(_)))
    }

    /// Runs lines of the same depth, with the deeper ones that belong to them.
    fn block(&mut self, lines: &[Line]) -> Option<()> {
        let depth = lines.first().map_or(0, |line| line.indent);
        let mut rest = lines;
        // Whether a branch of the conditions before this line has been taken; `None` if there are none.
        let mut is_taken = None;
        while let Some((line, after)) = rest.split_first().filter(|_| !self.has_ended()) {
            let (body, next) = after.split_at(after.iter().take_while(|line| line.indent > depth).count());
            if line.indent != depth {
                return None;
            }
            rest = next;
            let Some(word) = branch(&line.tokens) else {
                is_taken = None;
                if !body.is_empty() {
                    return None;
                }
                self.statements(&line.tokens)?;
                continue;
            };
            let colon = line.tokens.iter().position(|token| *token == Token::Sign(":"))?;
            let (condition, inline) = (&line.tokens[1..colon], &line.tokens[colon + 1..]);
            if inline.is_empty() == body.is_empty() {
                return None;
            }
            let was_taken = if word == "if" { false } else { is_taken? };
            let is_run = !was_taken && if word == "else" { condition.is_empty() } else { self.holds(condition)? };
            is_taken = (word != "else").then_some(was_taken || is_run);
            if is_run {
                self.statements(inline)?;
                self.block(body)?;
            }
        }
        Some(())
    }

    /// Returns whether a condition holds.
    fn holds(&self, condition: &[Token]) -> Option<bool> {
        let mut parser = Parser::new(condition, &self.names);
        let value = parser.expression()?;
        parser.rest().is_empty().then(|| value.is_true())
    }

    /// Runs the statements of a line.
    fn statements(&mut self, tokens: &[Token]) -> Option<()> {
        for statement in tokens.split(|token| *token == Token::Sign(";")).filter(|tokens| !tokens.is_empty()) {
            if !self.has_ended() {
                self.statement(statement)?;
            }
        }
        Some(())
    }

    fn statement(&mut self, tokens: &[Token]) -> Option<()> {
        match tokens {
            [Token::Name(word)] if word == "pass" => {}
            [Token::Name(word), modules @ ..] if word == "import" => self.import(modules)?,
            [Token::Name(name), Token::Sign("="), value @ ..] => {
                let mut parser = Parser::new(value, &self.names);
                let value = parser.expression().filter(|_| parser.rest().is_empty())?;
                self.names.variables.insert(name.clone(), value);
            }
            _ => {
                let action = self.call(tokens)?;
                self.actions.push(action);
            }
        }
        Some(())
    }

    fn import(&mut self, modules: &[Token]) -> Option<()> {
        for module in modules.split(|token| *token == Token::Sign(",")) {
            let [Token::Name(module)] = module else { return None };
            self.names.modules.push(MODULES.contains(&module.as_str()).then(|| module.clone())?);
        }
        Some(())
    }

    /// Returns what a call does.
    fn call(&self, tokens: &[Token]) -> Option<Action> {
        let mut parser = Parser::new(tokens, &self.names);
        let path = parser.path()?;
        let (arguments, flushes) = parser.arguments()?;
        if !parser.rest().is_empty() || (flushes && path != "print") {
            return None;
        }
        Some(match (path.as_str(), arguments.as_slice()) {
            ("print", values) => {
                let words: Vec<String> = values.iter().map(Value::text).collect::<Option<_>>()?;
                Action::Print { text: words.join(" ") + "\n", flushes }
            }
            ("sys.exit" | "exit", [] | [Value::None]) => Action::Exit(0),
            ("sys.exit" | "exit", [code]) => Action::Exit(i32::from(code.int()?.to_le_bytes()[0])),
            ("time.sleep", [seconds]) => Action::Sleep(seconds.duration()?),
            _ => return None,
        })
    }
}

/// Returns the word with which a branch begins; `None` for a line that is none.
fn branch(tokens: &[Token]) -> Option<&'static str> {
    let Some(Token::Name(word)) = tokens.first() else { return None };
    ["if", "elif", "else"].into_iter().find(|known| known == word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::sim::Duration;

    fn run(script: &str) -> Option<Vec<Action>> {
        actions(script, &[("JOB_COMPLETION_INDEX".into(), "2".into())])
    }

    fn printed(text: &str) -> Action {
        Action::Print { text: text.into(), flushes: false }
    }

    #[test]
    fn the_first_branch_whose_condition_holds_is_run() {
        let script = [
            "import os, sys",
            "index = int(os.environ.get(\"JOB_COMPLETION_INDEX\"))",
            "if index == 0: # the first one",
            "  sys.exit(1)",
            "elif index % 2 == 0:",
            "  print('even', index)",
            "  sys.exit(42)",
            "elif index:",
            "  sys.exit(2)",
            "else:",
            "  sys.exit(0)",
            "print('never')",
        ];
        assert_eq!(run(&script.join("\n")), Some(vec![printed("even 2\n"), Action::Exit(42)]));
        let script = ["import os, sys", "if os.environ['JOB_COMPLETION_INDEX'] == '3': sys.exit(1)", "else: pass"];
        assert_eq!(run(&script.join("\n")), Some(Vec::new()));
    }

    #[test]
    fn waits_and_output_that_is_written_at_once_come_in_order() {
        let script = "import time; print('a', flush=True); time.sleep(1.5); print(-7 // 2, -7 % 2, 'x' in 'xy')";
        let first = Action::Print { text: "a\n".into(), flushes: true };
        let wait = Action::Sleep(Duration::from_millis(1500));
        assert_eq!(run(script), Some(vec![first, wait, printed("-4 1 True\n")]));
    }

    #[test]
    fn more_of_the_language_and_exceptions_are_not_simulated() {
        let scripts = [
            "import socket",
            "sys.exit(1)",
            "print(x)",
            "print(1 / 2)",
            "print(1 // 0)",
            "print(1.0 == 1)",
            "import os\nprint(os.environ['NONE'])",
            "import os\nint(os.environ.get('NONE'))",
            "while True:\n  pass",
            "if 1:\nprint(1)",
            "print(1)\n  print(2)",
            "else:\n  pass",
            "print(f'{1}')",
            "print('a' 'b')",
            "'''text'''",
            "print(1",
        ];
        for script in scripts {
            assert_eq!(run(script), None, "{script}");
        }
    }

    #[test]
    fn a_line_of_any_depth_is_read_or_refused() {
        let nested = |depth: usize| format!("print({}1{})", "(".repeat(depth), ")".repeat(depth));
        assert_eq!(run(&nested(100)), Some(vec![printed("1\n")]));
        assert_eq!(run(&nested(100_000)), None);
        assert_eq!(run(&format!("print({} 1)", "not ".repeat(100_000))), None);
    }
}
