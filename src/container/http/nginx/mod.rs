//! nginx: its configuration ([`syntax`], [`config`]), and how it answers ([`answer`]).

mod answer;
mod config;
mod pages;
mod syntax;
mod variables;

use serde::{Deserialize, Serialize};

use super::Visit;
use crate::call::Call;
use crate::errno::Errno;
use crate::network::Response;
use config::Config;

pub(crate) use config::Problem;

/// nginx with the configuration that it has read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Nginx {
    config: Config,
    /// Its version; empty if it is not known.
    version: String,
    /// Number of connections so far.
    connections: u64,
}

impl Nginx {
    /// Reads the configuration from the files of a process.
    ///
    /// # Errors
    /// The message of nginx.
    pub(crate) fn load(call: &mut Call<'_>, path: &str) -> Result<Nginx, Problem> {
        let files = call.files();
        let config = config::load(path, &|pattern| match pattern.rsplit_once('/') {
            Some((directory, name)) if name.contains('*') => {
                let (start, end) = name.split_once('*').unwrap_or((name, ""));
                let mut names = files.list(directory).unwrap_or_default();
                names.retain(|n| {
                    n.starts_with(start) && n.ends_with(end) && n.len() >= name.len() - 1 && !n.starts_with('.')
                });
                names.iter().map(|name| read(&files, &format!("{directory}/{name}"))).collect()
            }
            _ => Ok(vec![read(&files, pattern)?]),
        })?;
        let reference = &call.container().config.image;
        // The tags of other images do not tell it.
        let is_known = !call.image().versions.latest.is_empty();
        let version = if is_known { call.image().version(reference).to_owned() } else { String::new() };
        Ok(Nginx { config, version, connections: 0 })
    }

    /// Returns the ports on which it listens.
    pub(crate) fn ports(&self) -> Vec<u16> {
        self.config.ports()
    }

    /// Reports whether a site expects TLS on a port.
    pub(super) fn expects_tls(&self, port: u16) -> bool {
        self.config.expects_tls(port)
    }

    /// Returns the path of the certificates with which it answers on a port; `None` where no site expects TLS.
    pub(super) fn certificate(&self, port: u16) -> Option<&str> {
        self.config.certificate(port)
    }

    /// Returns its version; empty if it is not known.
    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    /// Answers a request, and writes its logs.
    pub(super) fn answer(&mut self, call: &mut Call<'_>, visit: &Visit<'_>) -> Response {
        self.connections += 1;
        answer::answer(self, call, visit)
    }

    /// Returns its name as headers and error pages have it.
    fn signature(&self) -> String {
        match self.config.hides_version || self.version.is_empty() {
            true => "nginx".to_owned(),
            false => format!("nginx/{}", self.version),
        }
    }
}

fn read(files: &crate::fs::Files<'_>, path: &str) -> Result<(String, String), Errno> {
    let text = files.read(path)?;
    Ok((path.to_owned(), String::from_utf8_lossy(&text).into_owned()))
}
