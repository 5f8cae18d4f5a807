//! The data of generated ConfigMaps and Secrets: literals, files, files of `KEY=value` lines.

use super::error::{KustomizeError, Result, fail};
use super::loader::Loader;
use super::model::Generator;
use crate::machinery::field::quote;

/// A key with its bytes.
pub(super) type Pair = (String, Vec<u8>);

/// The data of a generator, in kustomize's order.
pub(super) fn read(generator: &Generator, loader: &Loader) -> Result<Vec<Pair>> {
    let within = |text: &str, sources: &[String]| format!("loading KV pairs: {text} [{}]", sources.join(" "));
    let mut pairs = Vec::new();
    for path in &generator.envs {
        let read = loader.load(path).and_then(|bytes| lines(&bytes));
        pairs.extend(read.map_err(|e| e.within(within("env source files:", &generator.envs)))?);
    }
    for source in &generator.literals {
        pairs.push(literal(source).map_err(|e| e.within(within("literal sources", &generator.literals)))?);
    }
    for source in &generator.files {
        let read = file(source).and_then(|(key, path)| Ok((key, loader.load(&path)?)));
        pairs.push(read.map_err(|e| e.within(within("file sources:", &generator.files)))?);
    }
    Ok(pairs)
}

/// `key=value`, the value perhaps in quotes.
fn literal(source: &str) -> Result<Pair> {
    let bad = || KustomizeError::new(format!("invalid literal source {source}, expected key=value"));
    let (key, value) = source.split_once('=').filter(|(key, _)| !key.is_empty()).ok_or_else(bad)?;
    let quoted = |mark: char| value.len() > 1 && value.starts_with(mark) && value.ends_with(mark);
    let value = if quoted('"') || quoted('\'') { &value[1..value.len() - 1] } else { value };
    Ok((key.into(), value.as_bytes().to_vec()))
}

/// `path` or `key=path` as key and path.
fn file(source: &str) -> Result<(String, String)> {
    match source.split_once('=') {
        None => Ok((source.rsplit('/').find(|part| !part.is_empty()).unwrap_or(source).into(), source.into())),
        Some(("", path)) => fail(format!("missing key name for file path {} in source {}", quote(path), quote(source))),
        Some((_, path)) if path.contains('=') => {
            fail(format!("source {} key name or file path contains '='", quote(source)))
        }
        Some((key, "")) => fail(format!("missing file path for key name {} in source {}", quote(key), quote(source))),
        Some((key, path)) => Ok((key.into(), path.into())),
    }
}

/// The pairs of a file of lines; empty lines and comments are passed over.
fn lines(bytes: &[u8]) -> Result<Vec<Pair>> {
    let text = String::from_utf8_lossy(bytes);
    let mut pairs = Vec::new();
    for line in text.trim_start_matches('\u{feff}').lines() {
        let line = line.trim_start();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (key, value) = match line.split_once('=') {
            Some((key, value)) => (key, value.to_string()),
            // A name alone takes its value from the environment.
            None => (line, std::env::var(line).unwrap_or_default()),
        };
        if !key.is_empty() {
            pairs.push((key.into(), value.into_bytes()));
        }
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(pair: Result<Pair>) -> String {
        match pair {
            Ok((key, value)) => format!("{key}:{}", String::from_utf8_lossy(&value)),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn literals_lose_their_quotes() {
        for (source, expected) in [
            ("a=1", "a:1"),
            ("a=\"x y\"", "a:x y"),
            ("a='x'", "a:x"),
            ("a='x", "a:'x"),
            ("a=b=c", "a:b=c"),
            ("a=", "a:"),
            ("a", "invalid literal source a, expected key=value"),
            ("=a", "invalid literal source =a, expected key=value"),
        ] {
            assert_eq!(text(literal(source)), expected);
        }
    }

    #[test]
    fn lines_are_pairs() {
        let pairs = lines(b"# c\nA=1\n\n  B= x \n").expect("pairs");
        assert_eq!(pairs, [("A".to_string(), b"1".to_vec()), ("B".to_string(), b" x ".to_vec())]);
    }

    #[test]
    fn files_are_named_by_their_last_part() {
        assert_eq!(file("a/b.txt"), Ok(("b.txt".into(), "a/b.txt".into())));
        assert_eq!(file("k=a/b.txt"), Ok(("k".into(), "a/b.txt".into())));
        assert!(file("a=b=c").is_err_and(|e| e.to_string() == "source \"a=b=c\" key name or file path contains '='"));
    }
}
