//! The client certificate of a kubeconfig user (`client-go/transport/transport.go`).

use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::{CliError, CliResult, key_pair};
use kctl_base::json::Value;
use kctl_base::object::ValueRead;

/// Returns the certificate (DER) of a user whose files have absolute paths; `None` for a user without one.
///
/// # Errors
/// A file cannot be read, or certificate and key do not belong together.
pub(crate) fn read(user: &Value) -> CliResult<Option<Vec<u8>>> {
    let (Some(certificate), Some(key)) = (content(user, "client-certificate")?, content(user, "client-key")?) else {
        return Ok(None);
    };
    key_pair::load(&certificate, &key).map(Some)
}

/// Returns the content of a field of a user: its data, or else that of its file; `None` without either.
fn content(user: &Value, field: &str) -> CliResult<Option<Vec<u8>>> {
    let data = user.str(&format!("/{field}-data"));
    if !data.is_empty() {
        let decoded = BASE64_STANDARD.decode(data);
        return decoded.map(Some).map_err(|e| CliError::new(format!("{field}-data is not base64: {e}")));
    }
    match user.str(&format!("/{field}")) {
        "" => Ok(None),
        path => std::fs::read(Path::new(path)).map(Some).map_err(|e| CliError::io(format!("open {path}"), e)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Session;
    use kctl_base::json::{json, to_compact};

    /// A key and a request of OpenSSL for `/O=dev/O=ops/CN=jane` that is signed with it.
    const KEY: &str = include_str!("client.key");
    const REQUEST: &str = include_str!("client.csr");
    /// A certificate for the key that the cluster has not issued.
    const FOREIGN: &str = include_str!("foreign.crt");
    /// Another key.
    const OTHER_KEY: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n-----END PRIVATE KEY-----\n";

    /// A cluster with a request that is approved, and the certificate that it got (Base64 of PEM).
    fn issued() -> (Session, String) {
        let request = json!({"apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest",
            "metadata": {"name": "jane"}, "spec": {"request": BASE64_STANDARD.encode(REQUEST), "usages": ["client auth"],
            "signerName": "kubernetes.io/kube-apiserver-client", "expirationSeconds": 3600}});
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("csr.json").display().to_string();
        std::fs::write(&file, to_compact(&request)).expect("a file");
        let mut session = Session::new(&[]);
        run(&mut session, &["create", "-f", &file]);
        run(&mut session, &["certificate", "approve", "jane"]);
        let shown = run(&mut session, &["get", "csr"]);
        assert!(shown.contains("60m                 Approved,Issued"), "{shown}");
        let certificate = run(&mut session, &["get", "csr", "jane", "-o", "jsonpath={.status.certificate}"]);
        (session, certificate)
    }

    fn run(session: &mut Session, args: &[&str]) -> String {
        session.kubectl(&args.iter().map(ToString::to_string).collect::<Vec<_>>())
    }

    /// Runs a command with a kubeconfig whose user has some fields. Its files are in the directory of the kubeconfig.
    fn run_as(session: &mut Session, user: &Value, files: &[(&str, &str)], args: &[&str]) -> String {
        let directory = tempfile::tempdir().expect("a directory");
        let config = directory.path().join("config");
        let content = json!({"clusters": [{"name": "c", "cluster": {"server": "https://c"}}],
            "users": [{"name": "u", "user": user.clone()}], "current-context": "x",
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}]});
        std::fs::write(&config, to_compact(&content)).expect("a file");
        for (name, text) in files {
            std::fs::write(directory.path().join(name), text).expect("a file");
        }
        let root = directory.path().display().to_string();
        let config = config.display().to_string();
        let args: Vec<String> = args.iter().map(|arg| arg.replace("$ROOT", &root)).collect();
        session.kubectl(&[args, vec!["--kubeconfig".into(), config]].concat()).replace(&root, "$ROOT")
    }

    #[test]
    fn a_certificate_of_the_cluster_makes_its_user() {
        let (mut session, certificate) = issued();
        let user =
            json!({"client-certificate-data": certificate.clone(), "client-key-data": BASE64_STANDARD.encode(KEY)});
        let mut as_jane = |args: &[&str]| run_as(&mut session, &user, &[], args);
        let whoami = as_jane(&["auth", "whoami"]);
        assert!(whoami.contains("\nUsername ") && whoami.contains(" jane\n"), "{whoami}");
        assert!(whoami.contains("[dev ops system:authenticated]"), "{whoami}");
        let forbidden = "! Error from server (Forbidden): pods is forbidden: User \"jane\" cannot list resource \"pods\" in API group \"\" in the namespace \"default\"\n= 1\n";
        assert_eq!(as_jane(&["get", "pods"]), forbidden);
        let impersonated = as_jane(&["get", "pods", "--as=joe"]);
        assert!(impersonated.contains("User \"jane\" cannot impersonate resource \"users\""), "{impersonated}");
        run(&mut session, &["clock", "advance", "2h"]);
        let expired = "! error: You must be logged in to the server (Unauthorized)\n= 1\n";
        assert_eq!(run_as(&mut session, &user, &[], &["get", "pods"]), expired);
    }

    #[test]
    fn files_are_relative_to_the_kubeconfig() {
        let (mut session, certificate) = issued();
        let pem = String::from_utf8(BASE64_STANDARD.decode(certificate).expect("base64")).expect("text");
        let files = [("c", pem.as_str()), ("k", KEY)];
        let user = json!({"client-certificate": "c", "client-key": "k"});
        let whoami =
            run_as(&mut session, &user, &files, &["auth", "whoami", "-o", "jsonpath={.status.userInfo.username}"]);
        assert_eq!(whoami, "jane");
        let flags = ["auth", "whoami", "-o", "name", "--client-certificate=$ROOT/c", "--client-key=$ROOT/none"];
        assert_eq!(
            run_as(&mut session, &user, &files, &flags),
            "! error: unable to read client-key $ROOT/none for u due to open $ROOT/none: no such file or directory\n= 1\n"
        );
    }

    #[test]
    fn foreign_certificates_and_keys_are_refused() {
        let (mut session, certificate) = issued();
        let mut with = |certificate: &str, key: &str| {
            let (certificate, key) = (BASE64_STANDARD.encode(certificate), BASE64_STANDARD.encode(key));
            let user = json!({"client-certificate-data": certificate, "client-key-data": key});
            run_as(&mut session, &user, &[], &["get", "pods"])
        };
        let pem = String::from_utf8(BASE64_STANDARD.decode(certificate).expect("base64")).expect("text");
        assert_eq!(with(&pem, OTHER_KEY), "! error: tls: private key does not match public key\n= 1\n");
        assert_eq!(with("x", KEY), "! error: tls: failed to find any PEM data in certificate input\n= 1\n");
        assert_eq!(with(&pem, "x"), "! error: tls: failed to find any PEM data in key input\n= 1\n");
        assert_eq!(with(FOREIGN, KEY), "! error: You must be logged in to the server (Unauthorized)\n= 1\n");
    }
}
