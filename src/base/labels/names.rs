//! Validation of label keys and values and of DNS names, with the messages of apimachinery,
//! `pkg/util/validation/validation.go`.

use super::Operator;
use crate::go::quote;

const NAME_MAX: usize = 63;
const SUBDOMAIN_MAX: usize = 253;

const LABEL_1035_RULE: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
const LABEL_RULE: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const NAME_RULE: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const VALUE_RULE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
/// The message about a name that is not an RFC 1123 subdomain.
pub const SUBDOMAIN_RULE: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

/// Returns the messages about the key of a label or annotation: a name with an optional DNS prefix before a slash.
pub fn key_problems(key: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let name = match key.split('/').collect::<Vec<_>>().as_slice() {
        [name] => *name,
        ["", name] => {
            problems.push("prefix part must be non-empty".to_owned());
            *name
        }
        [prefix, name] => {
            problems.extend(dns_subdomain_problems(prefix).into_iter().map(|problem| format!("prefix part {problem}")));
            *name
        }
        _ => {
            let prefix = " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')";
            return vec![format!("a valid label key {NAME_RULE}{prefix}")];
        }
    };
    if name.is_empty() {
        problems.push("name part must be non-empty".to_owned());
    } else if name.len() > NAME_MAX {
        problems.push(format!("name part {}", too_long(NAME_MAX)));
    }
    if !is_name(name) {
        problems.push(format!("name part {NAME_RULE}"));
    }
    problems
}

/// Returns the messages about the value of a label.
pub fn value_problems(value: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if value.len() > NAME_MAX {
        problems.push(too_long(NAME_MAX));
    }
    if !value.is_empty() && !is_name(value) {
        problems.push(VALUE_RULE.to_owned());
    }
    problems
}

/// Returns the messages about an RFC 1123 subdomain, such as the prefix of a key.
pub fn dns_subdomain_problems(name: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if name.len() > SUBDOMAIN_MAX {
        problems.push(too_long(SUBDOMAIN_MAX));
    }
    if !is_dns_subdomain(name) {
        problems.push(SUBDOMAIN_RULE.to_owned());
    }
    problems
}

/// Validates a DNS label of RFC 1123: at most 63 characters.
pub fn dns_label_problems(text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if text.len() > NAME_MAX {
        problems.push(too_many_characters(NAME_MAX));
    }
    if !is_dns_label(text) {
        let only_dots = is_dns_subdomain(text);
        problems.push(if only_dots { "must not contain dots" } else { LABEL_RULE }.to_owned());
    }
    problems
}

/// Validates a DNS label of RFC 1035: at most 63 characters, the first of them a letter.
pub fn dns_label_1035_problems(text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if text.len() > NAME_MAX {
        problems.push(too_many_characters(NAME_MAX));
    }
    if !is_dns_label(text) || text.starts_with(|c: char| c.is_ascii_digit()) {
        problems.push(LABEL_1035_RULE.to_owned());
    }
    problems
}

/// Validates a DNS subdomain of RFC 1123: at most 253 characters. [`dns_subdomain_problems`] does the same but says
/// "bytes" where this one says "characters": upstream has both messages.
pub fn dns_name_problems(text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if text.len() > SUBDOMAIN_MAX {
        problems.push(too_many_characters(SUBDOMAIN_MAX));
    }
    if !is_dns_subdomain(text) {
        problems.push(SUBDOMAIN_RULE.to_owned());
    }
    problems
}

fn too_many_characters(max: usize) -> String {
    format!("must be no more than {max} characters")
}

fn too_long(max: usize) -> String {
    format!("must be no more than {max} bytes")
}

fn is_name(text: &str) -> bool {
    let bytes = text.as_bytes();
    let ends = [bytes.first(), bytes.last()];
    ends.iter().all(|end| end.is_some_and(u8::is_ascii_alphanumeric))
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
}

/// Returns `true` for an RFC 1123 label of any length.
pub fn is_dns_label(text: &str) -> bool {
    let lower = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = text.as_bytes();
    bytes.first().is_some_and(lower)
        && bytes.last().is_some_and(lower)
        && bytes.iter().all(|byte| lower(byte) || *byte == b'-')
}

/// Returns `true` for an RFC 1123 subdomain of any length.
pub fn is_dns_subdomain(text: &str) -> bool {
    text.split('.').all(is_dns_label)
}

/// Returns the messages about a requirement, each with the path that Kubernetes gives it.
pub(super) fn requirement_problems(key: &str, operator: Operator, values: &[String]) -> Vec<String> {
    let mut problems: Vec<String> = key_error("key", key).into_iter().collect();
    let mut refuse_values = |why: &str| {
        let listed = values.iter().map(|value| quote(value)).collect::<Vec<_>>().join(",");
        problems.push(format!("values: Invalid value: [{listed}]: {why}"));
    };
    match operator {
        Operator::In | Operator::NotIn if values.is_empty() => {
            refuse_values("for 'in', 'notin' operators, values set can't be empty");
        }
        Operator::Equals | Operator::DoubleEquals | Operator::NotEquals if values.len() != 1 => {
            refuse_values("exact-match compatibility requires one single value");
        }
        Operator::Exists | Operator::DoesNotExist if !values.is_empty() => {
            refuse_values("values set must be empty for exists and does not exist");
        }
        Operator::GreaterThan | Operator::LessThan => {
            if values.len() != 1 {
                refuse_values("for 'Gt', 'Lt' operators, exactly one value is required");
            }
            let numbers = values.iter().enumerate().filter(|(_, value)| value.parse::<i64>().is_err());
            problems.extend(numbers.map(|(index, value)| {
                let why = "for 'Gt', 'Lt' operators, the value must be an integer";
                format!("values[{index}]: Invalid value: {}: {why}", quote(value))
            }));
        }
        _ => {}
    }
    for (index, value) in values.iter().enumerate() {
        let wrong = value_problems(value);
        if !wrong.is_empty() {
            problems.push(format!("values[{index}][{key}]: Invalid value: {}: {}", quote(value), wrong.join("; ")));
        }
    }
    problems
}

/// Returns the message about a key, with its path; `None` if the key is valid.
pub(super) fn key_error(path: &str, key: &str) -> Option<String> {
    let wrong = key_problems(key);
    (!wrong.is_empty()).then(|| format!("{path}: Invalid value: {}: {}", quote(key), wrong.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_with_dots_gets_its_own_message() {
        assert_eq!(dns_label_problems("a.b"), ["must not contain dots"]);
        assert_eq!(dns_label_problems("A.b"), [LABEL_RULE]);
        assert_eq!(dns_label_1035_problems("1a"), [LABEL_1035_RULE]);
        assert_eq!(dns_name_problems(&"a".repeat(254)), ["must be no more than 253 characters"]);
    }
}
