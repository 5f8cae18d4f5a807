//! kubectl's JSONPath (client-go, `util/jsonpath`): a template language with text, `{.fields}`, ranges and filters,
//! which differs from RFC 9535.
//!
//! [`JsonPath`] implements `-o jsonpath`, custom columns and `--sort-by`. A wildcard over a map, whose order is random
//! in Go, follows the order of the keys.

mod eval;
mod parse;

use crate::json::Value;

use super::json;
use eval::Evaluator;
use parse::Node;

/// A parsed template.
#[derive(Debug, Clone, PartialEq)]
pub struct JsonPath {
    nodes: Vec<Node>,
}

impl JsonPath {
    /// Parses a template.
    ///
    /// # Errors
    ///
    /// Returns the message that kubectl prints after `error parsing jsonpath TEMPLATE, `.
    pub fn parse(template: &str) -> Result<Self, String> {
        Ok(Self { nodes: parse::parse(template)? })
    }

    /// Formats the data: the results of an action are joined by spaces, maps and lists are JSON.
    ///
    /// # Errors
    ///
    /// Returns kubectl's message if evaluation fails, or, without `allow_missing`, if a field does not exist.
    pub fn execute(&self, data: &Value, allow_missing: bool) -> Result<String, String> {
        let mut out = String::new();
        for group in Evaluator::new(&self.nodes, allow_missing).find(data)? {
            let texts: Vec<String> = group.iter().map(|value| eval::text(value)).collect();
            out.push_str(&texts.join(" "));
        }
        Ok(out)
    }

    /// Like [`execute`](Self::execute), with the results of each action as a JSON list (`-o jsonpath-as-json`).
    ///
    /// # Errors
    ///
    /// Fails like [`execute`](Self::execute).
    pub fn execute_as_json(&self, data: &Value, allow_missing: bool) -> Result<String, String> {
        let mut out = String::new();
        for group in Evaluator::new(&self.nodes, allow_missing).find(data)? {
            let list = Value::Array(group.into_iter().map(|value| value.into_owned()).collect());
            out.push_str(&json::to_pretty(&list));
            out.push('\n');
        }
        Ok(out)
    }

    /// Returns the results by action; missing fields are skipped.
    ///
    /// # Errors
    ///
    /// Returns kubectl's message if evaluation fails.
    pub fn find(&self, data: &Value) -> Result<Vec<Vec<Value>>, String> {
        let found = Evaluator::new(&self.nodes, true).find(data)?;
        Ok(found.into_iter().map(|group| group.into_iter().map(|value| value.into_owned()).collect()).collect())
    }
}

/// Completes an expression of custom columns, `--sort-by` or `wait` (`metadata.name`, `.metadata.name`,
/// `{metadata.name}`) to `{.metadata.name}` (`RelaxedJSONPathExpression`).
///
/// # Errors
///
/// Returns kubectl's message if the expression has another form.
pub fn relaxed(expression: &str) -> Result<String, String> {
    if expression.is_empty() {
        return Ok(String::new());
    }
    let bare = expression.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or(expression);
    if bare.is_empty() || bare.contains(['{', '}']) {
        return Err(
            "unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{name1.name2}' or '{.name1.name2}'"
                .to_owned(),
        );
    }
    let fields = bare.strip_prefix('.').filter(|rest| !rest.is_empty()).unwrap_or(bare);
    Ok(format!("{{.{fields}}}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::json;

    /// Templates and kubectl's output, line by line; output that starts with ERR is an error.
    #[test]
    fn recorded_templates_print_what_kubectl_prints() {
        let data: Value =
            serde_json::from_str(include_str!("../../../testdata/cases/jsonpath_data.json")).expect("JSON");
        let templates = include_str!("../../../testdata/cases/jsonpath_cases.txt").lines();
        let answers = include_str!("../../../testdata/cases/jsonpath_kubectl_out.txt").lines();
        for (template, answer) in templates.zip(answers) {
            let result = match answer_to(template, &data) {
                Ok(text) => serde_json::to_string(&text).expect("text"),
                Err(error) => format!("ERR {error}"),
            };
            assert_eq!(result, answer, "{template}");
        }
    }

    /// More output of kubectl, as lines of JSON with a template and its result.
    #[test]
    fn corner_cases_match_kubectl() {
        let data: Value =
            serde_json::from_str(include_str!("../../../testdata/cases/corners_data.json")).expect("JSON");
        for line in include_str!("../../../testdata/cases/jsonpath_corners.jsonl").lines() {
            let (template, answer): (String, String) = serde_json::from_str(line).expect("a pair of texts");
            let result = answer_to(&template, &data).unwrap_or_else(|error| format!("ERR {error}"));
            assert_eq!(result, answer, "{template}");
        }
    }

    /// Returns the output, or the first line of the error.
    fn answer_to(template: &str, data: &Value) -> Result<String, String> {
        let path =
            JsonPath::parse(template).map_err(|error| format!("error: error parsing jsonpath {template}, {error}"))?;
        path.execute(data, true).map_err(|error| {
            let shown = crate::go::quote(template);
            let more = "Printing more information for debugging the template:";
            format!("error: error executing jsonpath {shown}: Error executing template: {error}. {more}")
        })
    }

    fn run(template: &str, data: &Value) -> String {
        match JsonPath::parse(template) {
            Ok(path) => path.execute(data, true).unwrap_or_else(|error| format!("E {error}")),
            Err(error) => format!("P {error}"),
        }
    }

    #[test]
    fn templates_behave_as_in_kubectl() {
        let data = json!({"kind": "Pod", "empty": [], "none": null, "l": [{"n": "a", "v": 1, "t": true}, {"n": "b", "v": 2.5}],
            "deep": [{"in": [1, 2]}, {"in": []}, {"in": [3]}], "html": ["<a>"], "x y": 1});
        let cases = [
            ("{.none}", "null"),
            ("{.none.x}", ""),
            ("{.l[?(@.v>1)].n}", "E incompatible types for comparison"),
            ("{.l[?(@.t==true)].n}", "a"),
            ("{.l[?(@.n<\"b\")].n}", "a"),
            ("{.l[?(@.n!=\"a\")].v}", "2.5"),
            ("{.l[?(.n==\"a\")].v}", "1"),
            ("{.l[?(@.t<true)].n}", "E invalid type for comparison"),
            ("{.l[?(@.n=\"a\")].n}", "E unrecognized filter operator ="),
            ("{.l[?(@.zz==1)].n}", ""),
            ("{.l[?(@.n==)].n}", "P unrecognized character in action: U+003D '='"),
            ("{.l[?(@.n[5])].n}", "a b"),
            ("{.l[?(@.n==\"a)\")].n}", ""),
            ("{.l[?(@.n==\"a\" || @.n==\"b\")].n}", "P unrecognized character in action: U+007C '|'"),
            ("{.deep[?(@.in[0]>1)].in}", "E array index out of bounds: index 0, length 0"),
            ("{.deep[?(@.in[5])].in}", "[1,2] [] [3]"),
            ("{.l[5:5].n}", ""),
            ("{.l[].n}", "a"),
            ("{.l[1:0].n}", "E starting index 1 is greater than ending index 0"),
            ("{.l[:5].n}", "E array index out of bounds: index 4, length 2"),
            ("{.l[-3].n}", "E array index out of bounds: index -1, length 2"),
            ("{.l[99:]}", "E array index out of bounds: index 99, length 2"),
            ("{.l[::0].n}", "E step must be > 0"),
            ("{.kind[?(@.a)]}", "E Pod is not array or slice and cannot be filtered"),
            ("{.none[?(@.a)]}", "E <nil> is not array or slice and cannot be filtered"),
            ("{.kind[0]}", "E string is not array or slice"),
            ("{.kind.*}", "80 111 100"),
            ("{range .empty[*]}{.x}{\",\"}{end}done", "done"),
            ("{range .deep[*]}[{range .in[*]}{@},{end}]{end}", "[1,2,][][3,]"),
            ("{range .l[*]}{.n} {.kind}", "a b  Pod"),
            ("{range .l[*]}{.n}{end}{end}", "E not in range, nothing to end"),
            ("{end}", "E not in range, nothing to end"),
            ("{.html}", "[\"\\u003ca\\u003e\"]"),
            ("{.l[*].v}", "1 2.5"),
            ("{.l..n}", "a b"),
            ("{.l[*]['n','v']}", "a b 1 2.5"),
            ("{['x y']}", "E unrecognized identifier y"),
            ("{\"é\"}{'\\u00e9'}", "éé"),
            ("{....a}", "P invalid multiple recursive descent"),
            ("{.l[0}", "P unterminated array"),
            ("{.l[?(@.a}", "P unterminated filter"),
            ("{.l[?(@.a)}", "P unclosed array expect ]"),
            ("{\"a}", "P unterminated quoted string"),
            ("{\"\\q\"}", "P unquote string \"\\q\" error invalid syntax"),
            ("{1.2.3}", "P cannot parse number 1.2.3"),
            ("{#}", "P unrecognized character in action: U+0023 '#'"),
            ("{12}{' '}{1.5}{' '}{true}", "12 1.5 true"),
        ];
        for (template, expected) in cases {
            assert_eq!(run(template, &data), expected, "{template}");
        }
        assert_eq!(run("{.kind\n}", &data), "P unclosed action");
    }

    #[test]
    fn deep_templates_and_great_indexes_end_in_an_error() {
        let many = |text: &str| text.repeat(100_000);
        let cases = [
            many("{range .items[*]}"),
            format!("{}{}", many("{range .items[*]}"), many("{end}")),
            format!("{{{}", many("[?(")),
            format!("{{{}{}}}", many("[?("), many(")]")),
            format!("{{{}", many("['")),
            format!("{{{}{}}}", many("["), many("]")),
        ];
        let run_all = move || {
            for template in cases {
                let answer = run(&template, &json!({"items": [{"items": [1]}]}));
                assert!(answer.starts_with("P ") || answer.starts_with("E "), "{answer}");
            }
        };
        std::thread::spawn(run_all).join().expect("no panic");
        let list = json!({"l": [1, 2]});
        let says = "E array index out of bounds: index 9223372036854775807, length 2";
        assert_eq!(run("{.l[9223372036854775807]}", &list), says);
        assert_eq!(
            run("{.l[0:-9223372036854775808]}", &list),
            "E array index out of bounds: index -9223372036854775807, length 2"
        );
        assert_eq!(
            run("{.l[-9223372036854775808]}", &list),
            "E array index out of bounds: index -9223372036854775806, length 2"
        );
        assert_eq!(run("{.l[0:2:9223372036854775807]}", &list), "1");
    }

    #[test]
    fn ranges_without_an_end_do_not_run_for_ever() {
        let answer = run(&format!("{}{{.x}}", "{range .items[*]}".repeat(60)), &json!({"items": [1]}));
        assert_eq!(answer, "E exceeded maximum number of evaluated nodes (5000000)");
    }

    #[test]
    fn missing_fields_are_errors_unless_allowed() {
        let path = JsonPath::parse("{.a.b}").expect("a path");
        assert_eq!(path.execute(&json!({"a": {}}), false), Err("b is not found".to_owned()));
        assert_eq!(path.find(&json!({"a": {}})), Ok(vec![vec![]]));
        assert_eq!(path.find(&json!({"a": {"b": [1]}})), Ok(vec![vec![json!([1])]]));
        assert_eq!(path.execute_as_json(&json!({"a": {"b": 1}}), true), Ok("[\n    1\n]\n".to_owned()));
    }

    #[test]
    fn expressions_are_completed() {
        for expression in ["metadata.name", ".metadata.name", "{metadata.name}", "{.metadata.name}"] {
            assert_eq!(relaxed(expression), Ok("{.metadata.name}".to_owned()));
        }
        assert!(relaxed("{.a}{.b}").is_err());
        assert!(relaxed("{.a").is_err());
    }
}
