//! Parameters and what their expansions do with them.

use super::code::{Act, At, Name, Position, Reference};
use super::edit::{change_case, replace, trim};
use super::pattern::Pattern;
use super::syntax::{Dialect, is_name};
use super::variables::Value;
use super::{Interrupt, Shell, Step};
use crate::call::Call;

/// The value of a parameter.
enum Found {
    One(Option<String>),
    /// Values of `$@`, `$*` and arrays; joined to one when they are quoted.
    Many {
        values: Vec<String>,
        is_joined: bool,
    },
}

impl Shell {
    /// Adds an expansion of a parameter to the word.
    pub(super) fn expand(&mut self, call: &mut Call<'_>, reference: &Reference, act: Act, is_quoted: bool) -> Step {
        let index = self.index(reference);
        let operands = self.operands(act);
        match act {
            Act::Length => {
                let length = self.length(call, reference, index.as_deref())?;
                self.stack.word().add(length.to_string(), is_quoted);
                return Ok(());
            }
            Act::Keys | Act::Names => {
                let keys =
                    if matches!(act, Act::Keys) { self.keys(&reference.name.text()) } else { self.names(reference) };
                let is_joined = reference.index == At::All(true);
                return self.add(Found::Many { values: keys, is_joined }, is_quoted);
            }
            _ => {}
        }
        let (name, at) = self.follow(call, reference)?;
        let found = self.lookup(call, &name, at, index.as_deref())?;
        if matches!(found, Found::One(None)) && self.options.has('u') && !matches!(name, Name::Special(_)) {
            return Err(self.unset_error(call, &name.text(), "", false));
        }
        let found = match (act, found) {
            (Act::Value, found) => found,
            (Act::Slice { .. }, found) => self.slice(call, &name, found, &operands)?,
            (act, Found::One(value)) => Found::One(value.map(|value| self.change(act, &value, &operands, &name))),
            (act, Found::Many { values, is_joined }) => {
                let values = values.iter().map(|value| self.change(act, value, &operands, &name)).collect();
                Found::Many { values, is_joined }
            }
        };
        self.add(found, is_quoted)
    }

    /// Takes the operands of an action from the values.
    fn operands(&mut self, act: Act) -> Vec<String> {
        let count = match act {
            Act::Trim { .. } | Act::Case { .. } => 1,
            Act::Slice { has_length } => 1 + usize::from(has_length),
            Act::Replace(_) => 2,
            _ => 0,
        };
        let values = &mut self.stack.values;
        let first = values.len().saturating_sub(count);
        values.split_off(first)
    }

    fn index(&mut self, reference: &Reference) -> Option<String> {
        (reference.index == At::Value).then(|| self.stack.take_value())
    }

    fn follow(&mut self, call: &mut Call<'_>, reference: &Reference) -> Step<(Name, At)> {
        if !reference.is_indirect {
            return Ok((reference.name.clone(), reference.index));
        }
        let target = self.lookup(call, &reference.name, reference.index, None)?;
        let Found::One(Some(text)) = target else { return Err(self.bad_indirection(call, &reference.name.text())) };
        if let Some(name) = text.strip_suffix("[@]").or_else(|| text.strip_suffix("[*]")) {
            return Ok((Name::parse(name), At::All(text.ends_with("[*]"))));
        }
        Ok((Name::parse(&text), At::None))
    }

    fn add(&mut self, found: Found, is_quoted: bool) -> Step {
        let ifs = self.variables.text("IFS").unwrap_or(" \t\n");
        match found {
            Found::One(value) => self.stack.word().add(value.unwrap_or_default(), is_quoted),
            Found::Many { values, is_joined: true } if is_quoted => {
                let separator = ifs.chars().next().map(String::from).unwrap_or_default();
                self.stack.word().add(values.join(&separator), true);
            }
            Found::Many { values, .. } => self.stack.word().add_all(values, is_quoted),
        }
        Ok(())
    }

    fn lookup(&mut self, call: &mut Call<'_>, name: &Name, at: At, index: Option<&str>) -> Step<Found> {
        Ok(match name {
            Name::Positional(0) => Found::One(Some(self.name.clone())),
            Name::Positional(number) => Found::One(self.parameters.get(number - 1).cloned()),
            Name::Special(b'@') => Found::Many { values: self.parameters.clone(), is_joined: false },
            Name::Special(b'*') => Found::Many { values: self.parameters.clone(), is_joined: true },
            Name::Special(special) => Found::One(self.special(*special)),
            Name::Variable(name) => match at {
                At::None => Found::One(self.variable(call, name)),
                At::All(is_joined) => Found::Many { values: self.elements(name), is_joined },
                At::Value => Found::One(self.element(call, name, index.unwrap_or_default())?),
            },
        })
    }

    fn special(&self, special: u8) -> Option<String> {
        match special {
            b'#' => Some(self.parameters.len().to_string()),
            b'?' => Some(self.status.to_string()),
            b'$' => Some(self.pid.to_string()),
            b'!' => self.jobs.last.map(|pid| pid.to_string()),
            b'-' => Some(self.options.letters()),
            _ => None,
        }
    }

    /// Returns the value of a variable, also of those that the shell computes.
    pub(super) fn variable(&self, call: &mut Call<'_>, name: &str) -> Option<String> {
        let is_bash = self.dialect == Dialect::Bash;
        match name {
            "LINENO" => return Some(self.line.to_string()),
            "RANDOM" if self.dialect != Dialect::Dash => {
                return Some((call.surroundings.random() & 0x7fff).to_string());
            }
            "SECONDS" if is_bash => {
                let started = call.process.started;
                return Some((call.now() - started).secs().to_string());
            }
            "EPOCHSECONDS" if self.dialect != Dialect::Dash => return Some(call.now().secs().to_string()),
            "EPOCHREALTIME" if self.dialect != Dialect::Dash => {
                let micros = call.now().micros();
                return Some(format!("{}.{:06}", micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000)));
            }
            "BASHPID" if is_bash => return Some(call.process.pid.to_string()),
            "FUNCNAME" if is_bash => return self.function_name(),
            "BASH_SOURCE" if is_bash => return Some(self.name.clone()),
            _ => {}
        }
        self.variables.text(name).map(String::from)
    }

    fn function_name(&self) -> Option<String> {
        self.frames.iter().rev().find_map(|frame| match &frame.kind {
            super::frame::FrameKind::Function { name, .. } => Some(name.clone()),
            _ => None,
        })
    }

    /// Returns all elements of an array.
    fn elements(&self, name: &str) -> Vec<String> {
        match self.variables.get(name).map(|variable| &variable.value) {
            None | Some(Value::Unset) => Vec::new(),
            Some(Value::Text(text)) => vec![text.clone()],
            Some(Value::List(list)) => list.values().cloned().collect(),
            Some(Value::Map(map)) => map.values().cloned().collect(),
        }
    }

    fn element(&mut self, call: &mut Call<'_>, name: &str, index: &str) -> Step<Option<String>> {
        if let Some(Value::Map(map)) = self.variables.get(name).map(|variable| &variable.value) {
            return Ok(map.get(index).cloned());
        }
        let index = self.calculate(call, index)?;
        Ok(self.element_at(name, index))
    }

    /// Returns the element of an array at an index, from its end if it is negative.
    pub(super) fn element_at(&self, name: &str, index: i64) -> Option<String> {
        match self.variables.get(name).map(|variable| &variable.value)? {
            Value::List(list) if index < 0 => {
                let last = list.keys().next_back()?;
                list.get(&(last + 1 + index)).cloned()
            }
            Value::List(list) => list.get(&index).cloned(),
            Value::Text(text) if index == 0 || index == -1 => Some(text.clone()),
            _ => None,
        }
    }

    fn keys(&self, name: &str) -> Vec<String> {
        match self.variables.get(name).map(|variable| &variable.value) {
            None | Some(Value::Unset) => Vec::new(),
            Some(Value::Text(_)) => vec!["0".into()],
            Some(Value::List(list)) => list.keys().map(ToString::to_string).collect(),
            Some(Value::Map(map)) => map.keys().cloned().collect(),
        }
    }

    fn names(&self, reference: &Reference) -> Vec<String> {
        let prefix = reference.name.text();
        let names = self.variables.iter().map(|(name, _)| name).filter(|name| name.starts_with(&prefix));
        names.map(String::from).collect()
    }

    fn length(&mut self, call: &mut Call<'_>, reference: &Reference, index: Option<&str>) -> Step<usize> {
        let found = self.lookup(call, &reference.name, reference.index, index)?;
        Ok(match found {
            Found::One(None) if self.options.has('u') => {
                return Err(self.unset_error(call, &reference.name.text(), "", false));
            }
            Found::One(value) => value.map_or(0, |value| value.chars().count()),
            // In ash, `${#*}` is a length like that of any other parameter.
            Found::Many { values, .. } if self.dialect == Dialect::Bash || reference.index != At::None => values.len(),
            Found::Many { values, .. } => values.len(),
        })
    }

    /// Decides whether the word of `${x-word}` is used.
    pub(super) fn default(
        &mut self,
        call: &mut Call<'_>,
        reference: &Reference,
        (operator, tests_empty): (u8, bool),
        is_quoted: bool,
        end: Position,
    ) -> Step {
        let index = self.index(reference);
        let (name, at) = self.follow(call, reference)?;
        let found = self.lookup(call, &name, at, index.as_deref())?;
        let is_set = match &found {
            Found::One(value) => value.as_ref().is_some_and(|value| !tests_empty || !value.is_empty()),
            Found::Many { values, .. } => match values.as_slice() {
                [] => false,
                [only] => !tests_empty || !only.is_empty(),
                _ => true,
            },
        };
        if operator == b'+' {
            if !is_set {
                self.jump_to(end);
            }
            return Ok(());
        }
        if is_set {
            self.jump_to(end);
            return self.add(found, is_quoted);
        }
        if operator == b'=' && !matches!(&name, Name::Variable(name) if is_name(name)) {
            return Err(self.bad_assignment(call, &name.text()));
        }
        Ok(())
    }

    fn jump_to(&mut self, to: Position) {
        if let Some(frame) = self.frames.last_mut() {
            frame.at = to;
        }
    }

    fn slice(&mut self, call: &mut Call<'_>, name: &Name, found: Found, operands: &[String]) -> Step<Found> {
        let offset = self.calculate(call, operands.first().map_or("", String::as_str))?;
        let length = match operands.get(1) {
            Some(text) => Some(self.calculate(call, text)?),
            None => None,
        };
        let bounds = |count: usize| {
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            let start = if offset < 0 { count + offset } else { offset };
            if start < 0 || start > count {
                return 0..0;
            }
            let end = match length {
                None => count,
                Some(length) if length < 0 => count + length,
                Some(length) => start.saturating_add(length).min(count),
            };
            // Both lie between 0 and the count.
            start as usize..end.max(start) as usize
        };
        Ok(match found {
            Found::One(value) => Found::One(value.map(|value| {
                let chars: Vec<char> = value.chars().collect();
                chars[bounds(chars.len())].iter().collect()
            })),
            Found::Many { mut values, is_joined } => {
                if matches!(name, Name::Special(_)) {
                    // `$0` is the first element.
                    values.insert(0, self.name.clone());
                    if offset < 0 && values.len() == 1 {
                        values.clear();
                    }
                }
                let bounds = bounds(values.len());
                Found::Many { values: values[bounds].to_vec(), is_joined }
            }
        })
    }

    fn change(&self, act: Act, value: &str, operands: &[String], name: &Name) -> String {
        let operand = |number: usize| operands.get(number).map_or("", String::as_str);
        let pattern = || Pattern::new(operand(0), self.options.has_shopt("extglob"));
        match act {
            Act::Trim { is_suffix, is_longest } => trim(value, &pattern(), is_suffix, is_longest),
            Act::Replace(kind) => match operand(0) {
                "" => value.to_owned(),
                _ => {
                    let has_case = !self.options.has_shopt("nocasematch");
                    replace(value, &pattern().with_case(has_case), operand(1), kind)
                }
            },
            Act::Case { is_upper, is_all } => {
                let is_meant = |c: char| operand(0).is_empty() || pattern().matches_chars(&[c]);
                change_case(value, is_upper, is_all, is_meant)
            }
            Act::Transform(operator) => self.transform(operator, value, name),
            _ => value.to_owned(),
        }
    }

    fn transform(&self, operator: u8, value: &str, name: &Name) -> String {
        match operator {
            b'Q' => super::trace::quote(value, true),
            b'U' => value.to_uppercase(),
            b'L' => value.to_lowercase(),
            b'u' => change_case(value, true, false, |_| true),
            b'a' => {
                let variable = self.variables.get(&name.text());
                let flag = |is_set: bool, flag: &'static str| if is_set { flag } else { "" };
                variable.map_or_else(String::new, |variable| {
                    let kind = match variable.value {
                        Value::List(_) => "a",
                        Value::Map(_) => "A",
                        _ => "",
                    };
                    let (readonly, exported) = (variable.is_readonly, variable.is_exported);
                    [kind, flag(variable.is_integer, "i"), flag(readonly, "r"), flag(exported, "x")].concat()
                })
            }
            _ => value.to_owned(),
        }
    }

    pub(super) fn unset_error(&mut self, call: &mut Call<'_>, name: &str, text: &str, tests_empty: bool) -> Interrupt {
        let is_bash = self.dialect == Dialect::Bash;
        let text = match (text, tests_empty) {
            ("", true) if is_bash => "parameter null or not set",
            ("", true) => "parameter not set or null",
            ("", false) if is_bash && self.options.has('u') => "unbound variable",
            ("", false) => "parameter not set",
            (text, _) => text,
        };
        let is_positional = is_bash && name.bytes().all(|byte| byte.is_ascii_digit());
        self.error(call, &format!("{}{name}: {text}", if is_positional { "$" } else { "" }));
        match (is_bash, self.is_subshell) {
            (true, false) => Interrupt::Exit(127),
            (true, true) => Interrupt::Exit(1),
            (false, _) => Interrupt::Fail(2),
        }
    }
}
