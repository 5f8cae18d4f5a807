//! Certificates and their keys in PEM (`X509KeyPair` of Go's `crypto/tls`).

/// Returns what is wrong with the PEM of a certificate or its key; `None` when there are blocks of the right kinds, whatever is
/// inside of them.
pub fn problem(certificate: &str, key: &str) -> Option<String> {
    let (certificate, key) = (labels(certificate), labels(key));
    let is_key = |label: &String| label.ends_with("PRIVATE KEY");
    match (&certificate[..], &key[..]) {
        ([], _) => Some("tls: failed to find any PEM data in certificate input".into()),
        ([only], _) if is_key(only) => Some(
            "tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may \
             have been switched"
                .into(),
        ),
        (found, _) if !found.iter().any(|label| label == "CERTIFICATE") => {
            let skipped = found.join(" ");
            Some(format!(
                "tls: failed to find \"CERTIFICATE\" PEM block in certificate input after skipping PEM blocks of the \
                 following types: [{skipped}]"
            ))
        }
        (_, []) => Some("tls: failed to find any PEM data in key input".into()),
        (_, [only]) if only == "CERTIFICATE" => {
            Some("tls: found a certificate rather than a key in the PEM for the private key".into())
        }
        (_, found) if !found.iter().any(is_key) => {
            let skipped = found.join(" ");
            Some(format!(
                "tls: failed to find PEM block with type ending in \"PRIVATE KEY\" in key input after skipping PEM blocks \
                 of the following types: [{skipped}]"
            ))
        }
        _ => None,
    }
}

/// The labels of the PEM blocks in a text, such as `CERTIFICATE`.
fn labels(text: &str) -> Vec<String> {
    let label = |line: &str| Some(line.trim_end().strip_prefix("-----BEGIN ")?.strip_suffix("-----")?.to_string());
    let ends = |label: &String| text.contains(&format!("-----END {label}-----"));
    text.lines().filter_map(label).filter(ends).collect()
}
