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
mod place;
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

    /// Executes a template on the number 7 in a thread with an ordinary stack.
    fn run(text: String) -> Result<String, String> {
        let run = move || {
            let template = Template::parse("output", &text)?;
            template.execute(&Value::from(7)).map_err(|(_, error)| error)
        };
        std::thread::spawn(run).join().expect("no panic")
    }

    #[test]
    fn ranges_over_integers_are_lazy() {
        let first = "{{range $i := 9223372036854775807}}{{if eq $i 2}}{{break}}{{end}}{{$i}}{{end}}";
        assert_eq!(run(first.to_owned()), Ok("01".to_owned()));
        assert_eq!(run("{{range -3}}x{{else}}none{{end}}".to_owned()), Ok("none".to_owned()));
    }

    #[test]
    fn text_is_bounded() {
        for text in [
            "{{$x := \"x\"}}{{range 60}}{{$x = print $x $x}}{{end}}",
            "{{range 100000}}{{printf \"%1000000d\" 1}}{{end}}",
        ] {
            let error = run(text.to_owned()).expect_err("too much");
            assert!(error.ends_with("exceeded maximum size of text (268435456 bytes)"), "{error}");
        }
    }

    #[test]
    fn deep_templates_end_in_an_error_or_are_executed() {
        let many = |text: &str| text.repeat(100_000);
        let chain = format!("{{{{if 0}}}}{}{{{{else}}}}last{{{{end}}}}", many("{{else if 0}}"));
        assert_eq!(run(chain), Ok("last".to_owned()));
        let pipes = format!("{{{{1{}}}}}", many(" | print"));
        assert_eq!(run(pipes), Ok("1".to_owned()));
        for text in [
            format!("{}{}", many("{{if 1}}"), many("{{end}}")),
            format!("{}{}", many("{{range .}}"), many("{{end}}")),
            format!("{}{}", many("{{with 1}}"), many("{{else}}{{end}}")),
            format!("{}{}", many("{{block \"a\" .}}"), many("{{end}}")),
            format!("{{{{{}1{}}}}}", many("("), many(")")),
            format!("{{{{{}1{}}}}}", many("(not "), many(")")),
            "{{define \"a\"}}{{if 1}}{{if 1}}{{if 1}}{{template \"a\"}}{{end}}{{end}}{{end}}{{end}}{{template \"a\"}}"
                .to_owned(),
        ] {
            let error = run(text).expect_err("too deep");
            assert!(error.contains("exceeded"), "{error}");
        }
        let fields = format!("{{{{{}}}}}", many(".a"));
        assert!(run(fields).is_err());
    }
}
