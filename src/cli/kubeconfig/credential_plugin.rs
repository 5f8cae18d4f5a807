//! Credential plugins: programs that a kubeconfig names and that print an `ExecCredential`.
//!
//! Upstream: `client-go/plugin/pkg/client/auth/exec/exec.go`.

use std::io::{self, IsTerminal};
use std::path::Path;
use std::process::{Command, Stdio};

use super::login::Login;
use crate::kuberc::policy::PluginPolicy;
use crate::{CliError, CliResult};
use kctl_base::field::quote;
use kctl_base::json::{Value, json, to_compact};
use kctl_base::object::{ValueRead, ValueWrite};

/// The versions of the protocol.
const VERSIONS: [&str; 2] = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"];

/// Runs the credential plugin of a user who has no other credentials, and returns its token, if it gives one.
/// `policy` says whether it may run, and `stdin_claimed` is true when the command itself reads standard input.
///
/// # Errors
/// The plugin may not or cannot be run or fails, or its answer is not an `ExecCredential` with credentials.
pub(crate) fn run(login: &Login, policy: &PluginPolicy, stdin_claimed: bool) -> CliResult<Option<String>> {
    let given = |field: &str| !login.user.str(field).is_empty();
    let fields = ["/token", "/username", "/client-certificate", "/client-certificate-data"];
    let Some(exec) = login.user.at("/exec").filter(|exec| exec.is_object()) else { return Ok(None) };
    if fields.into_iter().any(given) {
        return Ok(None);
    }
    let version = exec.str("/apiVersion");
    if !VERSIONS.contains(&version) {
        return Err(CliError::new(format!("exec plugin: invalid apiVersion {}", quote(version))));
    }
    let failed = |why: String| CliError::line(format!("Unable to connect to the server: getting credentials: {why}"));
    policy.check(exec.str("/command")).map_err(failed)?;
    let terminal = io::stdin().is_terminal();
    let interactive = is_interactive(exec.str("/interactiveMode"), terminal, stdin_claimed).map_err(failed)?;
    let answer = call(exec, &login.cluster, interactive).map_err(failed)?;
    check_answer(&answer, version).map_err(failed)
}

/// Returns whether a plugin gets standard input.
fn is_interactive(mode: &str, terminal: bool, claimed: bool) -> Result<bool, String> {
    let why = match mode {
        "Never" => return Ok(false),
        "Always" if !terminal => "not a terminal",
        "Always" if claimed => "unavailable: used by stdin resource manifest reader",
        _ => return Ok(terminal && !claimed),
    };
    Err(format!("exec plugin cannot support interactive mode: standard input is {why}"))
}

/// Runs a plugin and returns what it prints.
fn call(exec: &Value, cluster: &Value, interactive: bool) -> Result<Vec<u8>, String> {
    let name = exec.str("/command");
    let mut command = Command::new(name);
    command.args(exec.list("/args").iter().filter_map(Value::as_str));
    for variable in exec.list("/env") {
        command.env(variable.str("/name"), variable.str("/value"));
    }
    command.env("KUBERNETES_EXEC_INFO", to_compact(&request(exec, cluster, interactive)));
    command.stdin(if interactive { Stdio::inherit() } else { Stdio::null() }).stderr(Stdio::inherit());
    let with_hint = |message: String| match exec.str("/installHint") {
        "" => message,
        hint => format!("{message}\n\n{hint}"),
    };
    let shown = Path::new(name).file_name().map_or_else(|| name.into(), |file| file.to_string_lossy());
    let output = command.output().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => with_hint(format!("exec: executable {shown} not found")),
        _ => format!("exec: {}", kctl_base::go::io_error(&error)),
    })?;
    match output.status.code() {
        Some(0) => Ok(output.stdout),
        code => Err(with_hint(format!("exec: executable {shown} failed with exit code {}", code.unwrap_or(-1)))),
    }
}

/// The object that a plugin finds in its environment.
fn request(exec: &Value, cluster: &Value, interactive: bool) -> Value {
    let mut request = json!({
        "kind": "ExecCredential",
        "apiVersion": exec.str("/apiVersion"),
        "spec": {"interactive": interactive},
    });
    if exec.flag("/provideClusterInfo") {
        let mut shown = json!({});
        for field in [
            "server",
            "tls-server-name",
            "insecure-skip-tls-verify",
            "certificate-authority-data",
            "proxy-url",
            "disable-compression",
        ] {
            if let Some(value) = cluster.get(field) {
                shown.put(&format!("/{field}"), value.clone());
            }
        }
        request.put("/spec/cluster", shown);
    }
    request
}

/// Checks the answer of a plugin and returns its token; `None` when it gives a certificate.
fn check_answer(answer: &[u8], version: &str) -> Result<Option<String>, String> {
    let text = String::from_utf8_lossy(answer);
    let answer = kctl_base::go::json::parse(&text).map_err(|error| format!("decoding stdout: {error}"))?;
    let returned = answer.str("/apiVersion");
    if answer.str("/kind") != "ExecCredential" || !VERSIONS.contains(&returned) {
        let kind = answer.str("/kind");
        return Err(format!(
            "decoding stdout: no kind {} is registered for version {} in scheme \"pkg/client/auth/exec/exec.go:55\"",
            quote(kind),
            quote(returned)
        ));
    }
    if returned != version {
        return Err(format!(
            "exec plugin is configured to use API version {version}, plugin returned version {returned}"
        ));
    }
    let given = |field: &str| !answer.str(&format!("/status/{field}")).is_empty();
    if answer.at("/status").is_none_or(Value::is_null) {
        return Err("exec plugin didn't return a status field".into());
    }
    match (given("token"), given("clientCertificateData"), given("clientKeyData")) {
        (false, false, false) => Err("exec plugin didn't return a token or cert/key pair".into()),
        (_, certificate, key) if certificate != key => {
            Err("exec plugin returned only certificate or key, not both".into())
        }
        (true, _, _) => Ok(Some(answer.str("/status/token").into())),
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_need_credentials_of_the_version_that_was_asked_for() {
        let version = VERSIONS[0];
        let answer =
            |version: &str, rest: &str| format!(r#"{{"kind":"ExecCredential","apiVersion":"{version}"{rest}}}"#);
        for (text, expected) in [
            (answer(version, r#","status":{"token":"t"}"#), Ok(Some("t".to_string()))),
            (answer(version, ""), Err("exec plugin didn't return a status field")),
            (answer(version, r#","status":{}"#), Err("exec plugin didn't return a token or cert/key pair")),
            (
                answer(version, r#","status":{"clientKeyData":"k"}"#),
                Err("exec plugin returned only certificate or key, not both"),
            ),
            (
                answer(VERSIONS[1], ""),
                Err(
                    "exec plugin is configured to use API version client.authentication.k8s.io/v1, plugin returned version client.authentication.k8s.io/v1beta1",
                ),
            ),
        ] {
            assert_eq!(check_answer(text.as_bytes(), version), expected.map_err(String::from), "{text}");
        }
    }

    #[test]
    fn standard_input_goes_to_plugins_that_want_it() {
        assert_eq!(is_interactive("Never", true, false), Ok(false));
        assert_eq!(is_interactive("IfAvailable", false, false), Ok(false));
        assert_eq!(is_interactive("Always", true, false), Ok(true));
        assert!(is_interactive("Always", false, false).is_err());
        assert_eq!(is_interactive("IfAvailable", true, true), Ok(false));
        assert!(is_interactive("Always", true, true).is_err_and(|why| why.contains("used by stdin")));
    }

    #[test]
    fn plugins_are_told_about_the_cluster_on_demand() {
        let cluster = json!({"server": "https://a", "certificate-authority": "/ca"});
        let exec = json!({"apiVersion": VERSIONS[0], "provideClusterInfo": true});
        let request = request(&exec, &cluster, false);
        assert_eq!(request.at("/spec"), Some(&json!({"interactive": false, "cluster": {"server": "https://a"}})));
    }
}
