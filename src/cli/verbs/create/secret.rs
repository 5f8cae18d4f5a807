//! `create secret generic`, `docker-registry` and `tls`.
//!
//! Upstream: `kubectl/pkg/cmd/create/create_secret.go` and its siblings.

use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::{ArgMatches, Command};

use super::generator::{self, Generator};
use super::{hash, sources};
use crate::args::{self, ArgProperties, Matches};
use crate::{CliError, CliResult, Ctx, Stream, Verb, key_pair};
use kctl_base::json::{Value, json};
use kctl_base::object::{ValueRead, ValueWrite};

/// The `create secret` verb with its subcommands.
pub(super) const VERB: Verb = Verb {
    name: "secret",
    aliases: &[],
    about: "Create a secret using a specified subcommand",
    long: "Create a secret with specified type.

 A docker-registry type secret is for accessing a container registry.

 A generic type secret indicate an Opaque secret type.

 A tls type secret holds TLS certificate and its associated key.",
    examples: &[],
    usage: "(docker-registry | generic | tls)",
    flags: |c| c,
    run: |_, _| Err(CliError::MissingSubcommand(Stream::Err)),
    family: &[
        Verb {
            name: "docker-registry",
            aliases: &[],
            about: "Create a secret for use with a Docker registry",
            long: "Create a secret with the credentials of a container registry.

 Pods use such a secret to pull images, by the field imagePullSecrets of the pod or of its service account.",
            examples: &[
                (
                    "Create a secret from credentials",
                    "create secret docker-registry registry --docker-server=registry.example.com --docker-username=ann --docker-password=secret --docker-email=ann@example.com",
                ),
                (
                    "Create a secret from the configuration of the docker client",
                    "create secret docker-registry registry --from-file=.dockerconfigjson=docker-config.json",
                ),
            ],
            usage: "NAME --docker-username=user --docker-password=password --docker-email=email [--docker-server=string] [--from-file=[key=]source] [--dry-run=server|client|none]",
            flags: registry_flags,
            run: |ctx, matches| generator::run(ctx, matches, &REGISTRY),
            family: &[],
        },
        Verb {
            name: "generic",
            aliases: &[],
            about: "Create a secret from a local file, directory, or literal value",
            long: "Create a secret from files, directories or literal values.

 A file becomes an entry under its base name unless a key is given; the files of a directory become entries under \
    their base names, as far as these are valid keys.",
            examples: &[
                (
                    "Create a secret from literal values",
                    "create secret generic login --from-literal=user=ann --from-literal=password=secret",
                ),
                ("Create a secret from the files of a directory", "create secret generic keys --from-file=keys/"),
                (
                    "Create a secret from a file and a literal value",
                    "create secret generic mixed --from-file=ssh-key=id_ed25519 --from-literal=passphrase=secret",
                ),
                (
                    "Create a secret from a file with KEY=VALUE lines",
                    "create secret generic login --from-env-file=login.env",
                ),
            ],
            usage: "NAME [--type=string] [--from-file=[key=]source] [--from-literal=key1=value1] [--dry-run=server|client|none]",
            flags: |c| hash::flag(sources::flags(generator::flags(c))).arg(args::text("type", "Type of the secret.")),
            run: |ctx, matches| generator::run(ctx, matches, &GENERIC),
            family: &[],
        },
        Verb {
            name: "tls",
            aliases: &[],
            about: "Create a TLS secret",
            long: "Create a TLS secret from a key pair.

 The certificate is PEM encoded and belongs to the private key.",
            examples: &[(
                "Create a TLS secret from a key pair",
                "create secret tls shop-tls --cert=tls.crt --key=tls.key",
            )],
            usage: "NAME --cert=path/to/cert/file --key=path/to/key/file [--dry-run=server|client|none]",
            flags: |c| {
                hash::flag(generator::flags(c))
                    .arg(args::path("cert", "Path of the PEM encoded certificate."))
                    .arg(args::path("key", "Path of the private key of the certificate."))
            },
            run: |ctx, matches| generator::run(ctx, matches, &TLS),
            family: &[],
        },
    ],
};

const GENERIC: Generator =
    Generator { path: "create secret generic", failed: "failed to create secret ", build: generic };
const REGISTRY: Generator =
    Generator { path: "create secret docker-registry", failed: "failed to create secret ", build: registry };
const TLS: Generator = Generator { path: "create secret tls", failed: "failed to create secret ", build: tls };

fn registry_flags(command: Command) -> Command {
    hash::flag(generator::flags(command))
        .arg(
            args::text("docker-server", "Server of the registry.")
                .help_default("'https://index.docker.io/v1/'")
                .default_value("https://index.docker.io/v1/"),
        )
        .arg(args::text("docker-username", "User name at the registry."))
        .arg(args::text("docker-password", "Password at the registry."))
        .arg(args::text("docker-email", "Email address at the registry."))
        .arg(args::paths(
            "from-file",
            "File with the configuration of the docker client; the key defaults to .dockerconfigjson.",
        ))
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
        return Err(CliError::new(format!("\"{key}\" is not valid key name for a Secret {problem}")));
    }
    if secret.map("/data").is_some_and(|m| m.contains_key(key)) {
        return Err(CliError::new(format!("cannot add key {key}, another key by that name already exists")));
    }
    secret.map_mut("/data").insert(key, STANDARD.encode(bytes).into());
    Ok(())
}

fn generic(_: &mut Ctx, matches: &ArgMatches, name: &str) -> CliResult<Value> {
    let mut secret = secret(name, matches.string("type"));
    for (key, bytes) in sources::read(matches)? {
        add(&mut secret, &key, &bytes)?;
    }
    Ok(hashed(secret, matches))
}

fn registry(_: &mut Ctx, matches: &ArgMatches, name: &str) -> CliResult<Value> {
    let mut secret = secret(name, "kubernetes.io/dockerconfigjson");
    let files = matches.paths("from-file");
    if files.is_empty() {
        generator::required(matches, &["docker-username", "docker-password"]).map_err(|_| {
            CliError::new("either --from-file or the combination of --docker-username, --docker-password and --docker-server is required")
        })?;
        add(&mut secret, ".dockerconfigjson", docker_config(matches).as_bytes())?;
        return Ok(hashed(secret, matches));
    }
    let shared = crate::args::SharedFlags(matches);
    for file in shared.paths("from-file") {
        for (key, bytes) in registry_entries(&file)? {
            add(&mut secret, &key, &bytes)?;
        }
    }
    Ok(hashed(secret, matches))
}

/// The entries of a file of `--from-file`. A file without a key of its own is the configuration of the docker client; other
/// keys are not of use to the server, which requires that one.
fn registry_entries(file: &std::ffi::OsStr) -> CliResult<Vec<sources::Entry>> {
    let (mut entries, mut source) = (Vec::new(), file.to_os_string());
    if !file.as_encoded_bytes().contains(&b'=') {
        source = ".dockerconfigjson=".into();
        source.push(file);
    }
    sources::file_entries(&source, &mut entries)?;
    Ok(entries)
}

/// The configuration file of a docker client. It is formatted by hand to keep the field order of the Go struct.
fn docker_config(matches: &ArgMatches) -> String {
    let (user, password) = (matches.string("docker-username"), matches.string("docker-password"));
    let auth = STANDARD.encode(format!("{user}:{password}"));
    let text = |value: &str| {
        let mut out = String::new();
        kctl_base::json::write_string(&mut out, value);
        out
    };
    let fields = [
        ("username", user),
        ("password", password),
        ("email", matches.string("docker-email")),
        ("auth", auth.as_str()),
    ];
    let fields: Vec<String> = fields
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(key, value)| format!("\"{key}\":{}", text(value)))
        .collect();
    format!("{{\"auths\":{{{}:{{{}}}}}}}", text(matches.string("docker-server")), fields.join(","))
}

fn tls(_: &mut Ctx, matches: &ArgMatches, name: &str) -> CliResult<Value> {
    let (Some(certificate), Some(key)) = (matches.path("cert"), matches.path("key")) else {
        return Err(CliError::new("key and cert must be specified"));
    };
    let read = |path: PathBuf| {
        let shown = path.display();
        std::fs::read(&path).map_err(|e| CliError::io(format!("Cannot read file {shown}, open {shown}"), e))
    };
    let certificate = read(certificate)?;
    let key = read(key)?;
    key_pair::load(&certificate, &key)?;
    let mut secret = secret(name, "kubernetes.io/tls");
    add(&mut secret, "tls.crt", &certificate)?;
    add(&mut secret, "tls.key", &key)?;
    Ok(hashed(secret, matches))
}

/// The secret, with a hash in its name if `--append-hash` asks for it.
fn hashed(mut secret: Value, matches: &ArgMatches) -> Value {
    if matches.flag("append-hash") {
        hash::append(&mut secret, &["data", "type"]);
    }
    secret
}
