//! JUnit's report: a test suite for each transcript, a test case for each step.

use std::time::Duration;

/// The result of a transcript, as the report has it.
pub(crate) struct Suite {
    /// The name of the file.
    pub(crate) name: String,
    /// The steps.
    pub(crate) cases: Vec<Case>,
}

impl Suite {
    /// Notes why only so many of the cases ran, or the last of them did not end.
    pub(crate) fn stop(&mut self, ran: usize, reason: &str) {
        if let Some(case) = ran.checked_sub(1).and_then(|last| self.cases.get_mut(last)) {
            case.verdict = Verdict::Error(reason.into());
        }
    }
}

/// The result of a step.
pub(crate) struct Case {
    /// The line and the command.
    pub(crate) name: String,
    /// The real time that it took.
    pub(crate) elapsed: Duration,
    /// The verdict on it.
    pub(crate) verdict: Verdict,
    /// Its output.
    pub(crate) output: String,
}

/// The verdict on a step.
pub(crate) enum Verdict {
    /// It agreed.
    Passed,
    /// It did not, with the difference.
    Failed(String),
    /// It was not run.
    Skipped,
    /// It did not end, or the file makes no sense, with the reason.
    Error(String),
}

/// The report in XML.
pub(crate) fn report(suites: &[Suite]) -> String {
    let cases = || suites.iter().flat_map(|suite| &suite.cases);
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    text += &format!("<testsuites name=\"kctl test\"{}>\n", counts(cases()));
    for suite in suites {
        text += &format!("  <testsuite name=\"{}\"{}>\n", escape(&suite.name), counts(suite.cases.iter()));
        suite.cases.iter().for_each(|case| write_case(&mut text, &suite.name, case));
        text += "  </testsuite>\n";
    }
    text + "</testsuites>\n"
}

/// The attributes with the numbers of cases and their time.
fn counts<'a>(cases: impl Iterator<Item = &'a Case> + Clone) -> String {
    let count = |is: fn(&Verdict) -> bool| cases.clone().filter(|case| is(&case.verdict)).count();
    format!(
        " tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{:.3}\"",
        count(|_| true),
        count(|verdict| matches!(verdict, Verdict::Failed(_))),
        count(|verdict| matches!(verdict, Verdict::Error(_))),
        count(|verdict| matches!(verdict, Verdict::Skipped)),
        cases.map(|case| case.elapsed.as_secs_f64()).sum::<f64>()
    )
}

fn write_case(text: &mut String, suite: &str, case: &Case) {
    let mut content = match &case.verdict {
        Verdict::Passed => String::new(),
        Verdict::Skipped => "<skipped/>".into(),
        Verdict::Failed(difference) => {
            format!("<failure message=\"the output differs\">{}</failure>", escape(difference))
        }
        Verdict::Error(reason) => format!("<error message=\"{}\"/>", escape(reason)),
    };
    if !case.output.is_empty() {
        content += &format!("<system-out>{}</system-out>", escape(&case.output));
    }
    let (name, suite, time) = (escape(&case.name), escape(suite), case.elapsed.as_secs_f64());
    *text += &format!("    <testcase name=\"{name}\" classname=\"{suite}\" time=\"{time:.3}\">{content}</testcase>\n");
}

/// A text in XML, without the control characters that XML 1.0 cannot hold.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_is_a_case() {
        let case = |name: &str, verdict| Case {
            name: name.into(),
            elapsed: Duration::from_millis(1500),
            verdict,
            output: "out\n".into(),
        };
        let cases = vec![
            case("line 1: a <b> \"c\" & d", Verdict::Passed),
            case("line 2", Verdict::Failed("-a\n+\x1b\n".into())),
            case("line 3", Verdict::Skipped),
        ];
        let broken = Suite { name: "b.t".into(), cases: vec![case("b.t", Verdict::Error("binary".into()))] };
        let text = report(&[Suite { name: "a.t".into(), cases }, broken]);
        for line in [
            "<testsuites name=\"kctl test\" tests=\"4\" failures=\"1\" errors=\"1\" skipped=\"1\" time=\"6.000\">",
            "  <testsuite name=\"a.t\" tests=\"3\" failures=\"1\" errors=\"0\" skipped=\"1\" time=\"4.500\">",
            "    <testcase name=\"line 1: a &lt;b&gt; &quot;c&quot; &amp; d\" classname=\"a.t\" time=\"1.500\"><system-out>out",
            "<failure message=\"the output differs\">-a",
            "+\u{fffd}",
            "time=\"1.500\"><skipped/><system-out>out",
            "<error message=\"binary\"/><system-out>out\n</system-out></testcase>",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
    }
}
