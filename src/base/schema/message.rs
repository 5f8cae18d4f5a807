//! The sentences around decoding errors.

/// The message of a request whose body is no such kind: a decoding error, or [`strict`] fields.
pub fn cannot_be_handled(kind: &str, version: &str, error: &str) -> String {
    format!("{kind} in version \"{version}\" cannot be handled as a {kind}: {error}")
}

/// Unknown and duplicate fields as one error.
pub fn strict(fields: &[String]) -> String {
    format!("strict decoding error: {}", fields.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences() {
        let fields = [r#"unknown field "spec.Type""#.to_owned(), r#"duplicate field "spec.a""#.to_owned()];
        assert_eq!(
            cannot_be_handled("Service", "v1", &strict(&fields)),
            "Service in version \"v1\" cannot be handled as a Service: strict decoding error: unknown field \"spec.Type\", duplicate field \"spec.a\""
        );
    }
}
