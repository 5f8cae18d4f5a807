//! Validation of host ports, DNS configuration and host aliases (`pkg/apis/core/validation/validation.go`).

use crate::shared::formats::{NOT_AN_IP, dns_subdomain_problems, is_ip};
use crate::shared::rules::refuse;
use kctl_base::field::{ErrorList, Path, invalid, required};
use kctl_base::json::Value;
use kctl_base::object::ValueRead;

/// Refuses container ports that differ from their host ports in a pod on the host network.
pub(crate) fn validate_host_ports(errors: &mut ErrorList, path: &Path, spec: &Value) {
    if !spec.flag("/hostNetwork") {
        return;
    }
    for (index, container) in spec.list("/containers").iter().enumerate() {
        for (number, port) in container.list("/ports").iter().enumerate() {
            let host_port = port.int("/hostPort").unwrap_or(0);
            if host_port != 0 && host_port != port.int("/containerPort").unwrap_or(0) {
                let here = path.index(index).child("ports").index(number).child("hostPort");
                let why = "must match `containerPort` when `hostNetwork` is true";
                errors.push(invalid(&here, host_port, why));
            }
        }
    }
}

/// Validates `dnsConfig`, which is required with the DNS policy `None`.
pub(crate) fn validate_dns_config(errors: &mut ErrorList, path: &Path, spec: &Value) {
    let config = spec.at("/dnsConfig");
    let servers = config.map_or(&[][..], |c| c.list("/nameservers"));
    if spec.str("/dnsPolicy") == "None" && (config.is_none() || servers.is_empty()) {
        let why = "must provide at least one DNS nameserver when `dnsPolicy` is None";
        match config {
            None => return errors.push(required(path, "must provide `dnsConfig` when `dnsPolicy` is None")),
            Some(_) => errors.push(required(&path.child("nameservers"), why)),
        }
    }
    let Some(config) = config else { return };
    if servers.len() > 3 {
        let list = Value::from(servers.to_vec());
        errors.push(invalid(&path.child("nameservers"), list, "must not have more than 3 nameservers"));
    }
    for (index, server) in servers.iter().filter_map(Value::as_str).enumerate() {
        if !is_ip(server) {
            errors.push(invalid(&path.child("nameservers").index(index), server, NOT_AN_IP));
        }
    }
    let searches = config.list("/searches");
    if searches.len() > 32 {
        let list = Value::from(searches.to_vec());
        errors.push(invalid(&path.child("searches"), list, "must not have more than 32 search paths"));
    }
    for (index, search) in searches.iter().filter_map(Value::as_str).enumerate() {
        let bare = search.strip_suffix('.').unwrap_or(search).replace('_', "-");
        if search != "." {
            refuse(errors, &path.child("searches").index(index), search, dns_subdomain_problems(&bare));
        }
    }
    for (index, option) in config.list("/options").iter().enumerate() {
        if option.str("/name").is_empty() {
            errors.push(required(&path.child("options").index(index), "must not be empty"));
        }
    }
}

/// Validates `hostAliases`, the extra lines of the pod's hosts file.
pub(crate) fn validate_host_aliases(errors: &mut ErrorList, path: &Path, aliases: &[Value]) {
    for (index, alias) in aliases.iter().enumerate() {
        let here = path.index(index);
        if !is_ip(alias.str("/ip")) {
            errors.push(invalid(&here.child("ip"), alias.str("/ip"), NOT_AN_IP));
        }
        for (number, name) in alias.list("/hostnames").iter().filter_map(Value::as_str).enumerate() {
            refuse(errors, &here.child("hostnames").index(number), name, dns_subdomain_problems(name));
        }
    }
}
