//! Go's `text/template` as kubectl offers it in `-o go-template`, over JSON values.
//!
//! Methods, channels, function values and complex numbers are not implemented, because JSON data has none. Maps are
//! iterated and printed in key order, as in Go.

mod exec;
mod format;
mod funcs;
mod lex;
mod node;
mod parse;
mod value;

use crate::json::Value;

use node::Templates;

/// A parsed template.
#[derive(Debug, Clone)]
pub struct Template {
    name: String,
    text: String,
    templates: Templates,
    allow_missing: bool,
}

impl Template {
    /// Parses a template.
    ///
    /// # Errors
    ///
    /// Returns the message that kubectl prints after `error parsing template TEXT, `.
    pub fn parse(name: &str, text: &str) -> Result<Self, String> {
        let templates = parse::parse(name, text)?;
        Ok(Self { name: name.to_owned(), text: text.to_owned(), templates, allow_missing: true })
    }

    /// Decides whether a missing map key is an error (the default) or prints `<no value>`.
    pub fn allow_missing(self, allow_missing: bool) -> Self {
        Self { allow_missing, ..self }
    }

    /// Executes the template.
    ///
    /// # Errors
    ///
    /// Returns the output so far and Go's error message.
    pub fn execute(&self, data: &Value) -> Result<String, (String, String)> {
        let Self { name, text, templates, allow_missing } = self;
        let program = exec::Program { name, text, templates, allow_missing: *allow_missing };
        exec::run(&program, data)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::go::quote;

    /// Templates and kubectl's output, line by line; recorded error lines are cut at 200 characters.
    #[test]
    fn recorded_templates_print_what_kubectl_prints() {
        let data: Value =
            serde_json::from_str(include_str!("../../../testdata/cases/gotemplate_data.json")).expect("JSON");
        let templates = include_str!("../../../testdata/cases/gotemplate_cases.txt").lines();
        let answers = include_str!("../../../testdata/cases/gotemplate_kubectl_out.txt").lines();
        let mut wrong = Vec::new();
        for (template, answer) in templates.zip(answers) {
            let result = match result(template, &data) {
                Ok(text) => serde_json::to_string(&text).expect("text"),
                Err(error) => format!("ERR {error}"),
            };
            let cut = answer.starts_with("ERR") && answer.chars().count() >= 200;
            if !(result == answer || cut && result.starts_with(answer)) {
                wrong.push(format!("{template}\n  {result}\n  {answer}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    /// More output of kubectl, as lines of JSON with a template and its result.
    #[test]
    fn corner_cases_match_kubectl() {
        let data: Value =
            serde_json::from_str(include_str!("../../../testdata/cases/corners_data.json")).expect("JSON");
        let mut wrong = Vec::new();
        for line in include_str!("../../../testdata/cases/gotemplate_corners.jsonl").lines() {
            let (template, answer): (String, String) = serde_json::from_str(line).expect("a pair of texts");
            let result = result(&template, &data).unwrap_or_else(|error| format!("ERR {error}"));
            if result != answer {
                wrong.push(format!("{template}\n  {result}\n  {answer}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    /// Returns the output, or the line of the error.
    fn result(template: &str, data: &Value) -> Result<String, String> {
        let parsed = Template::parse("output", template)
            .map_err(|error| format!("error: error parsing template {template}, {error}"))?;
        let failed = |(_, error)| format!("error: error executing template {}: {error}", quote(template));
        parsed.execute(data).map_err(failed)
    }
}
