//! Templates, paths and expressions, each parsed and evaluated on a value.

use kctl_base::cel::{self, Expression};
use kctl_base::go_template::Template;
use kctl_base::json::{Value, json};
use kctl_base::jsonpath::{JsonPath, relaxed};

use super::corpus::{EXPRESSION_WORDS, EXPRESSIONS, PATH_WORDS, PATHS, TEMPLATE_WORDS, TEMPLATES};
use super::{fuzz, mutate};
use crate::harness::random::Random;

fn data() -> Value {
    json!({"kind": "List", "s": "a,b\n<é>", "i": 7, "n": -1.5, "a": true, "b": null, "metadata": {"name": "x", "annotations": {"a.b/c": "d"}},
        "items": [{"name": "a", "n": 1}, {"name": "b", "n": 2.5, "l": [1, [2]]}, {"name": "c", "n": null}], "spec": {"x": {"y": {"z": []}}}})
}

#[test]
fn go_templates_are_parsed_and_executed() {
    let data = data();
    let make = |random: &mut Random| mutate::text(random, TEMPLATES, TEMPLATE_WORDS);
    fuzz(500, make, |text: &String| {
        // A range over a great number or over a character, which is one, runs as long as in kubectl.
        let has_great_numbers = text.contains('\'') || text.bytes().filter(u8::is_ascii_digit).count() > 4;
        if text.contains("range") && has_great_numbers {
            return;
        }
        if let Ok(template) = Template::parse("output", text) {
            drop(template.clone().execute(&data));
            drop(template.allow_missing(false).execute(&data));
        }
    });
}

#[test]
fn json_paths_are_parsed_and_evaluated() {
    let data = data();
    let make = |random: &mut Random| mutate::text(random, PATHS, PATH_WORDS);
    fuzz(1000, make, |text: &String| {
        // Each descent multiplies the results; kubectl's memory has no limit either.
        if text.matches("..").count() > 3 {
            return;
        }
        let completed = relaxed(text).unwrap_or_default();
        for text in [text, &completed] {
            if let Ok(path) = JsonPath::parse(text) {
                drop((
                    path.execute(&data, true),
                    path.execute(&data, false),
                    path.execute_as_json(&data, true),
                    path.find(&data),
                ));
            }
        }
    });
}

#[test]
fn expressions_are_compiled_estimated_and_evaluated() {
    let data = cel::from_json(&data());
    let make = |random: &mut Random| mutate::text(random, EXPRESSIONS, EXPRESSION_WORDS);
    fuzz(150, make, |text: &String| {
        if let Ok(expression) = Expression::compile(text) {
            let _ = (expression.mentions("oldSelf"), expression.estimate(&[("self", cel::Type::Text(100))]));
            drop(expression.evaluate(vec![("self", data.clone())]));
        }
        drop(cel::message(text, vec![("self", data.clone())]));
    });
}
