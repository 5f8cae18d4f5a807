//! Whether a client trusts the certificate of a server.
//!
//! Signatures are not checked: who is named as the issuer counts as such.

use std::net::IpAddr;

use x509_cert::Certificate;
use x509_cert::der::DecodePem as _;
use x509_cert::der::oid::db::rfc4519::COMMON_NAME;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

/// Parses the certificates of a PEM text; what is none is left out.
fn parse(text: &str) -> Vec<Certificate> {
    const END: &str = "-----END CERTIFICATE-----";
    let blocks =
        text.split_inclusive(END).filter_map(|block| block.find("-----BEGIN CERTIFICATE").map(|at| &block[at..]));
    blocks.filter_map(|block| Certificate::from_pem(block).ok()).collect()
}

/// Checks the certificates that a server shows for a host against those that a client trusts, both in PEM.
///
/// # Errors
/// The message of `curl` with OpenSSL.
pub(super) fn check(shown: &str, trusted: &str, host: &str) -> Result<(), String> {
    let unknown = || "SSL certificate problem: unable to get local issuer certificate".to_owned();
    let shown = parse(shown);
    let own = shown.first().ok_or_else(unknown)?;
    let trusted = parse(trusted);
    let is_trusted = |certificate: &Certificate| {
        let issuer = certificate.tbs_certificate().issuer();
        let is_own = |known: &Certificate| known == certificate;
        let is_issuer =
            |known: &Certificate| known.tbs_certificate().subject() == issuer && !is_self_signed(certificate);
        trusted.iter().any(|known| is_own(known) || is_issuer(known))
    };
    if !shown.iter().any(is_trusted) {
        let is_alone = is_self_signed(own);
        return Err(if is_alone { "SSL certificate problem: self-signed certificate".to_owned() } else { unknown() });
    }
    check_name(own, host)
}

fn is_self_signed(certificate: &Certificate) -> bool {
    let contents = certificate.tbs_certificate();
    contents.issuer() == contents.subject()
}

/// Compares a host with the alternative names of a certificate, or with its common name if it has none.
fn check_name(certificate: &Certificate, host: &str) -> Result<(), String> {
    let contents = certificate.tbs_certificate();
    if let Ok(Some((_, SubjectAltName(names)))) = contents.get_extension::<SubjectAltName>() {
        let matches = |name: &GeneralName| match name {
            GeneralName::DnsName(name) => fits(name.as_str(), host),
            GeneralName::IpAddress(bytes) => host.parse().is_ok_and(|address: IpAddr| match address {
                IpAddr::V4(address) => bytes.as_bytes() == address.octets(),
                IpAddr::V6(address) => bytes.as_bytes() == address.octets(),
            }),
            _ => false,
        };
        let message = format!("SSL: no alternative certificate subject name matches target host name '{host}'");
        return names.iter().any(matches).then_some(()).ok_or(message);
    }
    let common = contents.subject().iter().filter(|attribute| attribute.oid == COMMON_NAME).last();
    let common = common.map(|attribute| String::from_utf8_lossy(attribute.value.value()).into_owned());
    match common {
        Some(name) if fits(&name, host) => Ok(()),
        Some(name) => Err(format!("SSL: certificate subject name '{name}' does not match target host name '{host}'")),
        None => Err("SSL: unable to obtain common name from peer certificate".to_owned()),
    }
}

/// Reports whether a name, whose first label may be `*`, is that of a host.
fn fits(name: &str, host: &str) -> bool {
    let (name, host) = (name.to_ascii_lowercase(), host.to_ascii_lowercase());
    match name.strip_prefix("*.") {
        Some(domain) => host.split_once('.').is_some_and(|(_, rest)| rest == domain),
        None => name == host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &str = "-----BEGIN CERTIFICATE-----\n\
        MIIBpDCCAUmgAwIBAgIUC111T8d7ktpu9gTU4V6dzRsKP54wCgYIKoZIzj0EAwIw\n\
        JjERMA8GA1UEAwwIbXktbmdpbngxETAPBgNVBAoMCG15LW5naW54MCAXDTI2MTEz\n\
        MDIzMTIxOFoYDzIxMjYxMTA2MjMxMjE4WjAmMREwDwYDVQQDDAhteS1uZ2lueDER\n\
        MA8GA1UECgwIbXktbmdpbngwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATKFdXO\n\
        CqySCLAANHm6bc3KX/v9S4xmqsGf9Mzq94X6zbnwSRGV10hus0zyEtAY5mYvL1SN\n\
        LS7/aofubzdows1no1MwUTAdBgNVHQ4EFgQUPVG2PvI376354rvUH2BtDSA6l4Ew\n\
        HwYDVR0jBBgwFoAUPVG2PvI376354rvUH2BtDSA6l4EwDwYDVR0TAQH/BAUwAwEB\n\
        /zAKBggqhkjOPQQDAgNJADBGAiEAlcp99VY8RKrrnNxc6NqW/wlHM+YEwZa0cr02\n\
        PnJMAV0CIQDe5x50rmuqi5EF3l6PhfUwTcd9178hzMP04SxrfvomuA==\n\
        -----END CERTIFICATE-----";
    const NAMED: &str = "-----BEGIN CERTIFICATE-----\n\
        MIIBmDCCAT2gAwIBAgIUfnyEsLg72x9EQqNyMh3NiDTEgtUwCgYIKoZIzj0EAwIw\n\
        EDEOMAwGA1UEAwwFb3RoZXIwIBcNMjYxMTMwMjMxMjE4WhgPMjEyNjExMDYyMzEy\n\
        MThaMBAxDjAMBgNVBAMMBW90aGVyMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n\
        PJMwzA4PDRbv8J6vKsnzPGYKly/q24QqQCNX8l6VFW9jrUY98e4FY34tSF7CVanx\n\
        DNAqYGKTdR6jNHWJ+Nn7rqNzMHEwHQYDVR0OBBYEFC5puydAadhAhMwhpnI4L01C\n\
        lGw9MB8GA1UdIwQYMBaAFC5puydAadhAhMwhpnI4L01ClGw9MA8GA1UdEwEB/wQF\n\
        MAMBAf8wHgYDVR0RBBcwFYINKi5leGFtcGxlLmNvbYcECgAAATAKBggqhkjOPQQD\n\
        AgNJADBGAiEAhXeNv4wSVqS/TGRvNalG2gGz1/0iak9+tgbmV1HgomYCIQCEVD+8\n\
        1Kzp860C7r4PuFwUMtQ5VAuuxd+ubqxeimngpA==\n\
        -----END CERTIFICATE-----";

    #[test]
    fn a_server_is_trusted_for_its_names() {
        let unknown = "SSL certificate problem: self-signed certificate";
        let common = "SSL: certificate subject name 'my-nginx' does not match target host name 'web'";
        let names = "SSL: no alternative certificate subject name matches target host name 'other'";
        let both = format!("{PLAIN}\n{NAMED}\n");
        let cases = [
            (PLAIN, PLAIN, "my-nginx", Ok(())),
            (PLAIN, both.as_str(), "MY-nginx", Ok(())),
            (PLAIN, NAMED, "my-nginx", Err(unknown)),
            (PLAIN, "", "my-nginx", Err(unknown)),
            (PLAIN, PLAIN, "web", Err(common)),
            (NAMED, NAMED, "a.example.com", Ok(())),
            (NAMED, NAMED, "10.0.0.1", Ok(())),
            (NAMED, NAMED, "other", Err(names)),
            ("", PLAIN, "my-nginx", Err("SSL certificate problem: unable to get local issuer certificate")),
        ];
        for (shown, trusted, host, expected) in cases {
            assert_eq!(check(shown, trusted, host), expected.map_err(String::from), "{host}");
        }
    }
}
