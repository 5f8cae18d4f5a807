//! The data of generated ConfigMaps and Secrets: `literals`, `files` and `envs` (`api/kv/kv.go`).

use super::error::{KustomizeError, Result, fail};
use super::loader::Loader;
use super::types::GeneratorArgs;
use kctl_base::env_file;
use kctl_base::field::quote;

/// A data key with its value.
pub(super) type KvPair = (String, Vec<u8>);

/// Reads the data of a generator: `envs` first, then `literals`, then `files`.
///
/// # Errors
/// When a source is malformed or a file cannot be read.
pub(super) fn read(generator: &GeneratorArgs, loader: &Loader) -> Result<Vec<KvPair>> {
    let context = |what: &str, sources: &[String]| format!("loading KV pairs: {what} [{}]", sources.join(" "));
    let mut pairs = Vec::new();
    for path in &generator.envs {
        let read = loader.load(path).map(|bytes| lines(&bytes));
        pairs.extend(read.map_err(|e| e.wrap(context("env source files:", &generator.envs)))?);
    }
    for source in &generator.literals {
        pairs.push(literal(source).map_err(|e| e.wrap(context("literal sources", &generator.literals)))?);
    }
    for source in &generator.files {
        let read = file(source).and_then(|(key, path)| Ok((key, loader.load(&path)?)));
        pairs.push(read.map_err(|e| e.wrap(context("file sources:", &generator.files)))?);
    }
    Ok(pairs)
}

/// Parses `key=value`; one pair of quotes around the value is removed.
fn literal(source: &str) -> Result<KvPair> {
    let bad = || KustomizeError::new(format!("invalid literal source {source}, expected key=value"));
    let (key, value) = source.split_once('=').filter(|(key, _)| !key.is_empty()).ok_or_else(bad)?;
    let quoted = |mark: char| value.len() > 1 && value.starts_with(mark) && value.ends_with(mark);
    let value = if quoted('"') || quoted('\'') { &value[1..value.len() - 1] } else { value };
    Ok((key.into(), value.as_bytes().to_vec()))
}

/// Parses `path` or `key=path` into key and path; the default key is the last element of the path.
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

/// Parses the lines of an env file; lines without a key are skipped.
fn lines(bytes: &[u8]) -> Vec<KvPair> {
    let text = String::from_utf8_lossy(bytes);
    let pairs = env_file::pairs(&text).filter(|(key, _)| !key.is_empty());
    pairs.map(|(key, value)| (key.into(), value.into_bytes())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(pair: Result<KvPair>) -> String {
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
    fn lines_without_a_key_are_skipped() {
        assert_eq!(lines(b"A=1\n=2\n"), [("A".to_string(), b"1".to_vec())]);
    }

    #[test]
    fn the_default_key_is_the_file_name() {
        assert_eq!(file("a/b.txt"), Ok(("b.txt".into(), "a/b.txt".into())));
        assert_eq!(file("k=a/b.txt"), Ok(("k".into(), "a/b.txt".into())));
        assert!(file("a=b=c").is_err_and(|e| e.to_string() == "source \"a=b=c\" key name or file path contains '='"));
    }
}
