//! Clients of databases that only ask whether a server listens.

use kctl_base::sim::Duration;

use super::resolver;
use super::script::Script;
use crate::call::{Call, Stop};
use crate::http::connect;
use crate::network::{Endpoint, NetworkError};

/// `mysqladmin ping`, which tells whether a server listens; its other commands are not simulated.
pub(super) fn mysqladmin(call: &mut Call<'_>, script: &mut Script) -> Result<i32, Stop> {
    let args = call.args();
    if args.last().is_none_or(|arg| arg != "ping") {
        script.err("mysqladmin: only ping is simulated\n");
        return Ok(1);
    }
    let host = args
        .iter()
        .find_map(|arg| arg.strip_prefix("--host=").or_else(|| arg.strip_prefix("-h")))
        .unwrap_or("localhost");
    let host = if host.is_empty() { "127.0.0.1" } else { host };
    let address = resolver::address(call, host);
    if address.is_some_and(|address| connect(call, Endpoint { address, port: 3306 }).is_ok()) {
        script.out("mysqld is alive\n");
        return Ok(0);
    }
    script.err(format!("mysqladmin: connect to server at '{host}' failed\n"));
    Ok(1)
}

/// `pg_isready`, which tells whether a server listens.
pub(super) fn pg_isready(call: &mut Call<'_>, script: &mut Script) -> Result<i32, Stop> {
    let args = call.args();
    let value = |name: &str| args.iter().position(|arg| arg == name).and_then(|at| args.get(at + 1));
    let host = value("-h").cloned();
    let port = value("-p").and_then(|port| port.parse().ok()).unwrap_or(5432);
    let shown = host.clone().unwrap_or_else(|| "/var/run/postgresql".into());
    let address = resolver::address(call, host.as_deref().unwrap_or("127.0.0.1"));
    let connected = address.map(|address| connect(call, Endpoint { address, port }));
    if connected == Some(Ok(())) {
        script.out(format!("{shown}:{port} - accepting connections\n"));
        return Ok(0);
    }
    if connected == Some(Err(NetworkError::TimedOut)) {
        script.pause(Duration::from_secs(3));
    }
    script.out(format!("{shown}:{port} - no response\n"));
    Ok(2)
}
