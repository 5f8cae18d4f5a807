//! Error messages about request bodies that cannot be decoded.

/// Returns the message about a body that is not of a kind, with a decoding error or [`strict`] errors.
pub fn cannot_be_handled(kind: &str, version: &str, error: &str) -> String {
    format!("{kind} in version \"{version}\" cannot be handled as a {kind}: {error}")
}

/// Joins the messages about unknown and repeated fields.
pub fn strict(fields: &[String]) -> String {
    format!("strict decoding error: {}", fields.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages() {
        let fields = [r#"unknown field "spec.Type""#.to_owned(), r#"duplicate field "spec.a""#.to_owned()];
        assert_eq!(
            cannot_be_handled("Service", "v1", &strict(&fields)),
            "Service in version \"v1\" cannot be handled as a Service: strict decoding error: unknown field \"spec.Type\", duplicate field \"spec.a\""
        );
    }
}
