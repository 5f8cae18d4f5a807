//! Splitting a file into documents as kubectl's decoder does: YAML at `---` lines, JSON object by object (apimachinery,
//! `pkg/util/yaml/decoder.go`).

use super::errors::YamlError;
use super::{Loaded, json_stream, load};

/// The format of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A JSON object.
    Json,
    /// YAML without its `---` line.
    Yaml,
}

/// A document of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// The format.
    pub format: Format,
    /// The text. Error messages count lines from its start, as kubectl does.
    pub text: String,
    /// The error that prevents splitting the file here; then this is the last document and it has no data.
    pub broken: Option<YamlError>,
}

impl Document {
    fn new(format: Format, text: &str) -> Self {
        Self { format, text: text.to_owned(), broken: None }
    }

    fn broken(format: Format, error: YamlError) -> Self {
        Self { format, text: String::new(), broken: Some(error) }
    }

    /// Parses the document; an empty one is `null`.
    ///
    /// # Errors
    ///
    /// Returns the first syntax error, or the error that prevented splitting.
    pub fn load(&self) -> Result<Loaded, YamlError> {
        match (&self.broken, self.format) {
            (Some(error), _) => Err(error.clone()),
            (None, Format::Json) => json_stream::parse_json(&self.text),
            (None, Format::Yaml) => load::yaml_to_json(&self.text),
        }
    }
}

/// Splits a file into its documents.
///
/// A file that starts with a brace is a stream of JSON objects, which may continue as YAML after a `---` line. If its
/// first object is not JSON, the file may still be YAML in flow style.
pub fn split_documents(text: &str) -> Vec<Document> {
    if !json_stream::starts_as_json(text) {
        return split_yaml(text);
    }
    let mut documents = Vec::new();
    let mut at = 0;
    loop {
        let rest = text[at..].trim_start();
        at = text.len() - rest.len();
        if rest.is_empty() {
            return documents;
        }
        if !documents.is_empty() && rest.starts_with("---") {
            documents.extend(split_yaml(rest));
            return documents;
        }
        match json_stream::next_json(text, at) {
            Ok((_, end)) => {
                documents.push(Document::new(Format::Json, &text[at..end]));
                at = end;
            }
            Err(error) => {
                if documents.is_empty() && matches!(error, YamlError::Json { .. }) {
                    let yaml = split_yaml(text);
                    if yaml.first().is_some_and(|first| first.load().is_ok()) {
                        return yaml;
                    }
                }
                documents.push(Document::broken(Format::Json, error));
                return documents;
            }
        }
    }
}

/// Splits at `---` lines. One before the first line of a document does not end that document and counts as its first
/// line.
fn split_yaml(text: &str) -> Vec<Document> {
    let mut documents = Vec::new();
    let mut current = String::new();
    for line in text.lines() {
        if let Some(after) = line.strip_prefix("---") {
            let after = after.trim();
            if !after.is_empty() && !after.starts_with('#') {
                documents.push(Document::broken(Format::Yaml, YamlError::Separator(after.to_owned())));
                return documents;
            }
            if !current.is_empty() {
                documents.push(Document::new(Format::Yaml, &current));
                current.clear();
                continue;
            }
        }
        current.push_str(line);
        current.push('\n');
    }
    if !current.is_empty() {
        documents.push(Document::new(Format::Yaml, &current));
    }
    documents
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(file: &str) -> Vec<Result<String, String>> {
        split_documents(file).iter().map(|d| d.load().map(|l| l.value.to_string()).map_err(|e| e.to_string())).collect()
    }

    #[test]
    fn files_are_split_as_kubectl_splits_them() {
        let ok = |values: &[&str]| values.iter().map(|v| Ok((*v).to_owned())).collect::<Vec<_>>();
        let cases = [
            ("a: 1\n---\nb: 2\n", ok(&[r#"{"a":1}"#, r#"{"b":2}"#])),
            ("---\na: 1\n---\n---\nb: 2\n--- # end\n", ok(&[r#"{"a":1}"#, r#"{"b":2}"#])),
            ("# only a comment\n---\na: 1", ok(&["null", r#"{"a":1}"#])),
            ("{\"a\":1}{\"b\":2}\n {\"c\":3}", ok(&[r#"{"a":1}"#, r#"{"b":2}"#, r#"{"c":3}"#])),
            ("{\"a\":1}\n---\nb: 2", ok(&[r#"{"a":1}"#, r#"{"b":2}"#])),
            ("{a: 1, b: [x]}", ok(&[r#"{"a":1,"b":["x"]}"#])),
            ("", ok(&[])),
        ];
        for (file, expected) in cases {
            assert_eq!(texts(file), expected, "{file}");
        }
    }

    #[test]
    fn splitting_stops_at_the_first_error() {
        let cases = [
            ("a: 1\n--- b\nc: 2", "invalid Yaml document separator: b"),
            ("{a: [1", "json: offset 2: invalid character 'a' looking for beginning of object key string"),
            ("{\"a\":1", "unexpected EOF"),
        ];
        for (file, expected) in cases {
            assert_eq!(texts(file).last(), Some(&Err(expected.to_owned())), "{file}");
        }
    }
}
