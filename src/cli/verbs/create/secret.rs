//! `create secret generic|docker-registry|tls`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::{ArgMatches, Command};

use super::generator::{self, Generator};
use super::{hash, sources};
use crate::args::{self, Matches};
use crate::{CliError, CliResult, Ctx, Verb, help};
use kctl_base::go::io_error;
use kctl_base::json::{Value, json};
use kctl_base::object::{ValueRead, ValueWrite};

/// The verb and its family.
pub(super) const VERB: Verb = Verb {
    name: "secret",
    aliases: &[],
    about: "Create a secret using a specified subcommand",
    args: |c| c,
    run: |ctx, _| Err(help::family(ctx, "create secret", LONG, VERB.family)),
    family: &[
        Verb {
            name: "docker-registry",
            aliases: &[],
            about: "Create a secret for use with a Docker registry",
            args: registry_flags,
            run: |ctx, matches| generator::run(ctx, matches, &REGISTRY),
            family: &[],
        },
        Verb {
            name: "generic",
            aliases: &[],
            about: "Create a secret from a local file, directory, or literal value",
            args: |c| hash::flag(sources::flags(generator::flags(c))).arg(args::text("type", "the type of the secret")),
            run: |ctx, matches| generator::run(ctx, matches, &GENERIC),
            family: &[],
        },
        Verb {
            name: "tls",
            aliases: &[],
            about: "Create a TLS secret",
            args: |c| {
                hash::flag(generator::flags(c))
                    .arg(args::text("cert", "file with the certificate, PEM"))
                    .arg(args::text("key", "file with its private key"))
            },
            run: |ctx, matches| generator::run(ctx, matches, &TLS),
            family: &[],
        },
    ],
};

const LONG: &str = "Create a secret with specified type.

 A docker-registry type secret is for accessing a container registry.

 A generic type secret indicate an Opaque secret type.

 A tls type secret holds TLS certificate and its associated key.";

const GENERIC: Generator =
    Generator { path: "create secret generic", failed: "failed to create secret ", build: generic };
const REGISTRY: Generator =
    Generator { path: "create secret docker-registry", failed: "failed to create secret ", build: registry };
const TLS: Generator = Generator { path: "create secret tls", failed: "failed to create secret ", build: tls };

fn registry_flags(command: Command) -> Command {
    hash::flag(generator::flags(command))
        .arg(args::text("docker-server", "the registry").default_value("https://index.docker.io/v1/"))
        .arg(args::text("docker-username", "user name for the registry"))
        .arg(args::text("docker-password", "password for the registry"))
        .arg(args::text("docker-email", "mail address for the registry"))
        .arg(args::list("from-file", "a file of the docker client, ~/.docker/config.json"))
}

fn secret(name: &str, kind: &str) -> Value {
    let mut secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}});
    if !kind.is_empty() {
        secret.put("/type", kind);
    }
    secret
}

fn add(secret: &mut Value, key: &str, bytes: &[u8]) -> CliResult<()> {
    if let Some(problem) = sources::key_problems(key) {
        return Err(CliError::text(format!("\"{key}\" is not valid key name for a Secret {problem}")));
    }
    if secret.map("/data").is_some_and(|m| m.contains_key(key)) {
        return Err(CliError::text(format!("cannot add key {key}, another key by that name already exists")));
    }
    secret.map_mut("/data").insert(key, STANDARD.encode(bytes).into());
    Ok(())
}

fn generic(_: &mut Ctx, matches: &ArgMatches, name: &str) -> CliResult<Value> {
    let mut secret = secret(name, matches.value("type"));
    for (key, bytes) in sources::read(matches)? {
        add(&mut secret, &key, &bytes)?;
    }
    Ok(hashed(secret, matches))
}

fn registry(_: &mut Ctx, matches: &ArgMatches, name: &str) -> CliResult<Value> {
    let mut secret = secret(name, "kubernetes.io/dockerconfigjson");
    let files = matches.values("from-file");
    if files.is_empty() {
        generator::required(matches, &["docker-username", "docker-password"]).map_err(|_| {
            CliError::text("either --from-file or the combination of --docker-username, --docker-password and --docker-server is required")
        })?;
        add(&mut secret, ".dockerconfigjson", docker_config(matches).as_bytes())?;
        return Ok(hashed(secret, matches));
    }
    for (_, bytes) in sources::read(matches)? {
        add(&mut secret, ".dockerconfigjson", &bytes)?;
    }
    Ok(hashed(secret, matches))
}

/// The file of a docker client; its fields keep the order of Go's structure, so it is put together by hand.
fn docker_config(matches: &ArgMatches) -> String {
    let (user, password) = (matches.value("docker-username"), matches.value("docker-password"));
    let auth = STANDARD.encode(format!("{user}:{password}"));
    let text = |value: &str| {
        let mut out = String::new();
        kctl_base::json::write_string(&mut out, value);
        out
    };
    let fields =
        [("username", user), ("password", password), ("email", matches.value("docker-email")), ("auth", auth.as_str())];
    let fields: Vec<String> = fields
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(key, value)| format!("\"{key}\":{}", text(value)))
        .collect();
    format!("{{\"auths\":{{{}:{{{}}}}}}}", text(matches.value("docker-server")), fields.join(","))
}

fn tls(_: &mut Ctx, matches: &ArgMatches, name: &str) -> CliResult<Value> {
    if matches.value("key").is_empty() || matches.value("cert").is_empty() {
        return Err(CliError::text("key and cert must be specified"));
    }
    let read = |flag: &str| {
        let path = matches.value(flag);
        let failed = |e| CliError::text(format!("Cannot read file {path}, open {path}: {}", io_error(&e)));
        std::fs::read(path).map_err(failed)
    };
    let certificate = read("cert")?;
    let key = read("key")?;
    for (bytes, what) in [
        (&certificate, "failed to find any PEM data in certificate input"),
        (&key, "failed to find any PEM data in key input"),
    ] {
        if !String::from_utf8_lossy(bytes).contains("-----BEGIN ") {
            return Err(CliError::text(format!("tls: {what}")));
        }
    }
    let mut secret = secret(name, "kubernetes.io/tls");
    add(&mut secret, "tls.crt", &certificate)?;
    add(&mut secret, "tls.key", &key)?;
    Ok(hashed(secret, matches))
}

/// The secret with its hash in its name, where that was asked for.
fn hashed(mut secret: Value, matches: &ArgMatches) -> Value {
    if matches.on("append-hash") {
        hash::append(&mut secret, &["data", "type"]);
    }
    secret
}
