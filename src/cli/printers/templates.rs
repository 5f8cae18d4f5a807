//! `-o jsonpath` and `-o go-template`, with the debugging text that kubectl prints around errors.
//!
//! Upstream: `cli-runtime/pkg/printers/jsonpath.go` and `template.go`.

use std::io::{self, Write};

use kctl_base::go::{quote, value_syntax, value_text};
use kctl_base::go_template::Template;
use kctl_base::json::{self, Value};
use kctl_base::jsonpath::JsonPath;

/// The name of Go templates in kubectl's messages.
const TEMPLATE_NAME: &str = "output";

/// The reason why a template cannot be printed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TemplateError {
    /// The template failed on the object; the string is what kubectl prints after `error: `.
    #[error("{0}")]
    Template(String),
    /// The output cannot be written.
    #[error(transparent)]
    Output(#[from] io::Error),
}

/// The language of a template.
#[derive(Debug, Clone)]
enum Engine {
    JsonPath(JsonPath),
    JsonPathAsJson(JsonPath),
    Go(Template),
}

/// Prints objects through one template.
#[derive(Debug, Clone)]
pub(crate) struct TemplatePrinter {
    template: String,
    engine: Engine,
    /// The value of `--allow-missing-template-keys`.
    allow_missing: bool,
}

impl TemplatePrinter {
    /// Creates a printer for `-o jsonpath=TEMPLATE`; the error is what kubectl prints after `error: `.
    pub(crate) fn jsonpath(template: &str, allow_missing: bool) -> Result<Self, String> {
        let path = parse_jsonpath(template)?;
        Ok(Self { template: template.to_owned(), engine: Engine::JsonPath(path), allow_missing })
    }

    /// Creates a printer for `-o jsonpath-as-json=TEMPLATE`.
    pub(crate) fn jsonpath_as_json(template: &str, allow_missing: bool) -> Result<Self, String> {
        let path = parse_jsonpath(template)?;
        Ok(Self { template: template.to_owned(), engine: Engine::JsonPathAsJson(path), allow_missing })
    }

    /// Creates a printer for `-o go-template=TEMPLATE`.
    pub(crate) fn go_template(template: &str, allow_missing: bool) -> Result<Self, String> {
        let parsed = Template::parse(TEMPLATE_NAME, template)
            .map_err(|error| format!("error parsing template {template}, {error}"))?;
        let engine = Engine::Go(parsed.allow_missing(allow_missing));
        Ok(Self { template: template.to_owned(), engine, allow_missing })
    }

    /// Prints an object. A Go template that fails leaves its partial output and its debugging text on the output; for
    /// JSONPath the debugging text is part of the error.
    pub(crate) fn print(&self, object: &Value, out: &mut dyn Write) -> Result<(), TemplateError> {
        match &self.engine {
            Engine::JsonPath(path) => self.print_jsonpath(path.execute(object, self.allow_missing), object, out),
            Engine::JsonPathAsJson(path) => {
                self.print_jsonpath(path.execute_as_json(object, self.allow_missing), object, out)
            }
            Engine::Go(template) => match template.execute(object) {
                Ok(text) => Ok(out.write_all(text.as_bytes())?),
                Err((text, error)) => {
                    out.write_all(text.as_bytes())?;
                    let raw = json::to_compact(object);
                    let shown = value_text(object);
                    let block = self.block(
                        &error,
                        &format!("\traw data was:\n\t\t{raw}\n\tobject given to template engine was:\n\t\t{shown}\n\n"),
                    );
                    out.write_all(block.as_bytes())?;
                    Err(TemplateError::Template(format!("error executing template {}: {error}", quote(&self.template))))
                }
            },
        }
    }

    fn print_jsonpath(
        &self,
        result: Result<String, String>,
        object: &Value,
        out: &mut dyn Write,
    ) -> Result<(), TemplateError> {
        match result {
            Ok(text) => Ok(out.write_all(text.as_bytes())?),
            Err(error) => {
                let shown = value_syntax(object);
                let block = self.block(&error, &format!("\tobject given to jsonpath engine was:\n\t\t{shown}\n\n"));
                Err(TemplateError::Template(format!("error executing jsonpath {}: {block}\n", quote(&self.template))))
            }
        }
    }

    fn block(&self, error: &str, data: &str) -> String {
        let template = &self.template;
        format!(
            "Error executing template: {error}. Printing more information for debugging the template:\n\ttemplate was:\n\t\t{template}\n{data}"
        )
    }
}

fn parse_jsonpath(template: &str) -> Result<JsonPath, String> {
    JsonPath::parse(template).map_err(|error| format!("error parsing jsonpath {template}, {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    fn print(printer: Result<TemplatePrinter, String>) -> (String, String) {
        let object = json!({"kind": "Pod", "spec": {"n": 1, "f": 1.5}});
        let mut out = Vec::new();
        let error = match printer {
            Ok(printer) => printer.print(&object, &mut out).err().map(|error| error.to_string()),
            Err(error) => Some(error),
        };
        (String::from_utf8(out).expect("text"), error.unwrap_or_default())
    }

    #[test]
    fn templates_print_objects() {
        let cases = [
            (TemplatePrinter::jsonpath("{.kind}{.nope}", true), "Pod"),
            (TemplatePrinter::jsonpath_as_json("{.spec.n}", true), "[\n    1\n]\n"),
            (TemplatePrinter::go_template("{{.kind}}{{.nope}}", true), "Pod<no value>"),
        ];
        for (printer, expected) in cases {
            assert_eq!(print(printer), (expected.to_owned(), String::new()));
        }
    }

    #[test]
    fn errors_come_with_blocks_for_debugging() {
        let (out, error) = print(TemplatePrinter::jsonpath("{nope}", true));
        assert_eq!(out, "");
        let expected = "error executing jsonpath \"{nope}\": Error executing template: unrecognized identifier nope. Printing more information for debugging the template:\n\ttemplate was:\n\t\t{nope}\n\tobject given to jsonpath engine was:\n\t\tmap[string]interface {}{\"kind\":\"Pod\", \"spec\":map[string]interface {}{\"f\":1.5, \"n\":1}}\n\n\n";
        assert_eq!(error, expected);
        let (out, error) = print(TemplatePrinter::go_template("a{{.kind.x}}", true));
        let problem =
            "template: output:1:8: executing \"output\" at <.kind.x>: can't evaluate field x in type interface {}";
        assert_eq!(error, format!("error executing template \"a{{{{.kind.x}}}}\": {problem}"));
        let expected = format!(
            "aError executing template: {problem}. Printing more information for debugging the template:\n\ttemplate was:\n\t\ta{{{{.kind.x}}}}\n\traw data was:\n\t\t{{\"kind\":\"Pod\",\"spec\":{{\"f\":1.5,\"n\":1}}}}\n\tobject given to template engine was:\n\t\tmap[kind:Pod spec:map[f:1.5 n:1]]\n\n"
        );
        assert_eq!(out, expected);
    }

    #[test]
    fn mistakes_in_templates_are_told_at_once() {
        let cases = [
            (TemplatePrinter::jsonpath("{.a", true), "error parsing jsonpath {.a, unclosed action"),
            (
                TemplatePrinter::go_template("{{nope}}", true),
                "error parsing template {{nope}}, template: output:1: function \"nope\" not defined",
            ),
        ];
        for (printer, expected) in cases {
            assert_eq!(print(printer), (String::new(), expected.to_owned()));
        }
        let (_, error) = print(TemplatePrinter::go_template("{{.nope}}", false));
        assert!(error.ends_with("at <.nope>: map has no entry for key \"nope\""), "{error}");
        let (_, error) = print(TemplatePrinter::jsonpath("{.nope}", false));
        assert!(error.contains("nope is not found"), "{error}");
    }
}
