//! `-o custom-columns`: a table whose cells are JSONPath expressions.
//!
//! Upstream: `kubectl/pkg/cmd/get/customcolumn.go`.

use std::io::{self, Write};

use super::tabwriter::{GET, TabWriter};
use kctl_base::go;
use kctl_base::json::Value;
use kctl_base::jsonpath::{JsonPath, relaxed};
use kctl_base::terminal::escape_terminal;

/// The reason why a table cannot be printed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ColumnError {
    /// An invalid expression, in kubectl's words.
    #[error("{0}")]
    Expression(String),
    /// The output cannot be written.
    #[error(transparent)]
    Output(#[from] io::Error),
}

#[derive(Debug, Clone)]
struct Column {
    header: String,
    /// The expression in braces. It is parsed when the first object is printed, because kubectl prints the headers before
    /// it reports an invalid expression.
    expression: String,
}

/// Prints objects as rows, with headers above the first.
#[derive(Debug, Clone)]
pub(crate) struct CustomColumns {
    columns: Vec<Column>,
    show_headers: bool,
    writer: TabWriter,
}

impl CustomColumns {
    /// Parses columns from `NAME:.metadata.name,IMAGE:spec.image`.
    pub(crate) fn from_spec(spec: &str, show_headers: bool) -> Result<Self, String> {
        if spec.is_empty() {
            return Err("custom-columns format specified but no custom columns given".to_owned());
        }
        let column = |part: &str| match part.split_once(':') {
            Some((header, expression)) => Ok(Column { header: header.to_owned(), expression: relaxed(expression)? }),
            None => Err(format!("unexpected custom-columns spec: {part}, expected <header>:<json-path-expr>")),
        };
        Ok(Self::new(spec.split(',').map(column).collect::<Result<_, _>>()?, show_headers))
    }

    /// Parses columns from the content of a file: a line of headers and a line of expressions.
    pub(crate) fn from_template(template: &str) -> Result<Self, String> {
        let mut lines = template.lines();
        let mut words = |what: &str| match lines.next() {
            Some(line) => Ok(line.split_whitespace().collect::<Vec<_>>()),
            None => Err(format!(
                "invalid template, missing {what} line. Expected format is one line of space separated headers, one line of space separated column specs."
            )),
        };
        let (headers, expressions) = (words("header")?, words("spec")?);
        if headers.len() != expressions.len() {
            return Err(format!(
                "number of headers ({}) and field specifications ({}) don't match",
                headers.len(),
                expressions.len()
            ));
        }
        let pairs = headers.into_iter().zip(expressions);
        let column = |(header, expression): (&str, &str)| {
            relaxed(expression).map(|expression| Column { header: header.to_owned(), expression })
        };
        Ok(Self::new(pairs.map(column).collect::<Result<_, _>>()?, true))
    }

    fn new(columns: Vec<Column>, show_headers: bool) -> Self {
        Self { columns, show_headers, writer: TabWriter::new(GET) }
    }

    /// Prints an object, or each item of a list.
    pub(crate) fn print(&mut self, object: &Value, out: &mut dyn Write) -> Result<(), ColumnError> {
        let mut text = String::new();
        if std::mem::take(&mut self.show_headers) {
            let headers: Vec<&str> = self.columns.iter().map(|column| column.header.as_str()).collect();
            text.push_str(&headers.join("\t"));
            text.push('\n');
        }
        let done = self.rows(object, &mut text);
        out.write_all(self.writer.align(&text).as_bytes())?;
        done.map_err(ColumnError::Expression)
    }

    /// Appends the rows of the object. Rows before an error are kept.
    fn rows(&self, object: &Value, text: &mut String) -> Result<(), String> {
        let paths: Vec<JsonPath> =
            self.columns.iter().map(|column| JsonPath::parse(&column.expression)).collect::<Result<_, _>>()?;
        let items = match object.get("items") {
            Some(Value::Array(items)) => items.as_slice(),
            _ => std::slice::from_ref(object),
        };
        for item in items {
            let cells: Vec<String> = paths.iter().map(|path| cell(path, item)).collect::<Result<_, _>>()?;
            text.push_str(&cells.join("\t"));
            text.push('\n');
        }
        Ok(())
    }
}

fn cell(path: &JsonPath, object: &Value) -> Result<String, String> {
    let found = path.find(object)?;
    let mut texts: Vec<String> = Vec::new();
    if found.first().is_none_or(Vec::is_empty) {
        texts.push("<none>".to_owned());
    }
    texts.extend(found.iter().flatten().map(|value| escape_terminal(&go::value_text(value)).into_owned()));
    Ok(texts.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    fn print(mut columns: CustomColumns, object: &Value) -> (String, Option<String>) {
        let mut out = Vec::new();
        let error = columns.print(object, &mut out).err().map(|error| error.to_string());
        (String::from_utf8(out).expect("text"), error)
    }

    #[test]
    fn cells_show_what_the_expressions_find() {
        let items = [json!({"n": "back", "l": [{"i": "x:1"}, {"i": "y:2"}], "m": {"a": 1}}), json!({"n": "front"})];
        let columns = CustomColumns::from_spec("NAME:.n,NOTHING:nope,IMAGES:{.l[*].i},MAP:m", true).expect("columns");
        let expected = "NAME    NOTHING   IMAGES    MAP\nback    <none>    x:1,y:2   map[a:1]\nfront   <none>    <none>    <none>\n";
        assert_eq!(print(columns, &json!({"items": items})), (expected.to_owned(), None));
        let columns = CustomColumns::from_template("A B\n{.n} .m.a\n").expect("columns");
        assert_eq!(print(columns, &items[0]), ("A      B\nback   1\n".to_owned(), None));
        let columns = CustomColumns::from_spec("N:n", false).expect("columns");
        assert_eq!(print(columns, &items[1]), ("front\n".to_owned(), None));
    }

    #[test]
    fn bad_specifications_are_refused_in_kubectl_words() {
        let error = |spec| CustomColumns::from_spec(spec, true).expect_err("a bad specification");
        assert_eq!(error(""), "custom-columns format specified but no custom columns given");
        assert_eq!(error("NAME"), "unexpected custom-columns spec: NAME, expected <header>:<json-path-expr>");
        assert!(error("NAME:{a").starts_with("unexpected path string, expected"));
        let error = |file| CustomColumns::from_template(file).expect_err("a bad file");
        assert!(error("").starts_with("invalid template, missing header line."));
        assert!(error("A").starts_with("invalid template, missing spec line."));
        assert_eq!(error("A B\n.a"), "number of headers (2) and field specifications (1) don't match");
        let late = CustomColumns::from_spec("A:l[x]", true).expect("only printing tells");
        assert_eq!(print(late, &json!({})), ("A\n".to_owned(), Some("invalid array index x".to_owned())));
    }

    /// The parts of an expression are mutated where it is parsed (`tests/fuzz`); here they are put together.
    #[test]
    fn any_specification_is_refused_or_printed() {
        let words = [
            "A",
            "NAME",
            ":",
            ",",
            ".metadata",
            ".name",
            "{",
            "}",
            "[*]",
            "[0]",
            "[?(@.a==1)]",
            "\n",
            " ",
            "..",
            "é",
            "'",
            "$",
        ];
        let object = json!({"metadata": {"name": "x", "l": [{"a": 1}]}});
        let list = json!({"kind": "List", "items": [object, null, 1]});
        // The generator of Numerical Recipes.
        let mut state = 1u32;
        for _ in 0..5000 {
            let mut spec = String::new();
            for _ in 0..8 {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                spec.push_str(words[(state >> 16) as usize % words.len()]);
            }
            for columns in
                [CustomColumns::from_spec(&spec, true), CustomColumns::from_template(&spec)].into_iter().flatten()
            {
                drop(print(columns, &list));
            }
        }
    }
}
