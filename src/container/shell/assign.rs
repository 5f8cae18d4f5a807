//! Assignments to variables.

use super::expand::{Assigned, PendingAssignment, numbered};
use super::syntax::Dialect;
use super::variables::{Value, Variable};
use super::{Interrupt, Shell, Step};
use crate::call::Call;

impl Shell {
    /// Assigns a text to a variable.
    pub(super) fn assign(&mut self, call: &mut Call<'_>, name: &str, text: String) -> Step {
        let value = Assigned::Text(text);
        self.apply(call, PendingAssignment { name: name.to_owned(), index: None, appends: false, value })
    }

    pub(super) fn read_only_error(&mut self, call: &mut Call<'_>, name: &str) -> Interrupt {
        let text = if self.dialect == Dialect::Bash { "readonly variable" } else { "is read only" };
        match self.builtin.clone().filter(|_| self.dialect != Dialect::Bash) {
            Some(builtin) => self.builtin_error(call, &builtin, &format!("{name}: {text}")),
            None => self.error(call, &format!("{name}: {text}")),
        }
        Interrupt::Fail(if self.dialect == Dialect::Bash { 1 } else { 2 })
    }

    /// Makes an assignment.
    pub(super) fn apply(&mut self, call: &mut Call<'_>, assignment: PendingAssignment) -> Step {
        let PendingAssignment { name, index, appends, value } = assignment;
        let old = self.variables.get(&name);
        if old.is_some_and(|variable| variable.is_readonly) {
            return Err(self.read_only_error(call, &name));
        }
        let is_integer = old.is_some_and(|variable| variable.is_integer);
        let is_upper = old.and_then(|variable| variable.is_upper);
        match value {
            Assigned::Array(elements) => return self.apply_array(call, &name, elements, appends),
            Assigned::Text(text) => match index {
                Some(index) => return self.apply_element(call, &name, &index, text, appends),
                None => {
                    let before = self.variables.text(&name).unwrap_or_default();
                    let text = match (is_integer, appends) {
                        (true, true) => self.calculate(call, &format!("({before})+({text})"))?.to_string(),
                        (true, false) => self.calculate(call, &text)?.to_string(),
                        (false, true) => format!("{before}{text}"),
                        (false, false) => text,
                    };
                    let text = match is_upper {
                        Some(true) => text.to_uppercase(),
                        Some(false) => text.to_lowercase(),
                        None => text,
                    };
                    self.variables.set(&name, text);
                }
            },
        }
        if self.options.has('a') {
            self.variables.entry(&name).is_exported = true;
        }
        if name == "OPTIND" {
            self.option_offset = 0;
        }
        Ok(())
    }

    fn apply_array(
        &mut self,
        call: &mut Call<'_>,
        name: &str,
        elements: Vec<(Option<String>, String)>,
        appends: bool,
    ) -> Step {
        if let Some(Variable { value: Value::Map(old), .. }) = self.variables.get(name) {
            let mut map = if appends { old.clone() } else { Default::default() };
            let mut bare = Vec::new();
            for (index, text) in elements {
                match index {
                    Some(index) => {
                        map.insert(index, text);
                    }
                    None => bare.push(text),
                }
            }
            map.extend(bare.chunks(2).map(|pair| (pair[0].clone(), pair.get(1).cloned().unwrap_or_default())));
            self.variables.entry(name).value = Value::Map(map);
            return Ok(());
        }
        let old = match self.variables.get(name).map(|variable| &variable.value) {
            Some(Value::List(list)) if appends => list.clone(),
            Some(Value::Text(text)) if appends => [(0, text.clone())].into(),
            _ => Default::default(),
        };
        let first = old.keys().next_back().map_or(0, |last| last + 1);
        let mut failure = None;
        let new = numbered(elements, first, |index| match self.calculate(call, index) {
            Ok(number) => Some(number),
            Err(interrupt) => {
                failure = Some(interrupt);
                None
            }
        });
        if let Some(interrupt) = failure {
            return Err(interrupt);
        }
        let mut list = old;
        list.extend(new.unwrap_or_default());
        self.variables.entry(name).value = Value::List(list);
        Ok(())
    }

    fn apply_element(&mut self, call: &mut Call<'_>, name: &str, index: &str, text: String, appends: bool) -> Step {
        if let Some(Variable { value: Value::Map(_), .. }) = self.variables.get(name) {
            if let Value::Map(map) = &mut self.variables.entry(name).value {
                let old = map.entry(index.to_owned()).or_default();
                *old = if appends { format!("{old}{text}") } else { text };
            }
            return Ok(());
        }
        let number = self.calculate(call, index)?;
        let old = self.element_at(name, number).unwrap_or_default();
        let value = &mut self.variables.entry(name).value;
        if let Value::Text(first) = value {
            *value = Value::List([(0, std::mem::take(first))].into());
        }
        if matches!(value, Value::Unset) {
            *value = Value::List(Default::default());
        }
        if let Value::List(list) = value {
            let number = if number < 0 { list.keys().next_back().map_or(0, |last| last + 1) + number } else { number };
            list.insert(number, if appends { format!("{old}{text}") } else { text });
        }
        Ok(())
    }
}
