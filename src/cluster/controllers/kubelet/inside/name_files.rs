//! Host name, `/etc/hosts` and `/etc/resolv.conf` of a pod (`pkg/kubelet/kubelet_pods.go`, `pkg/kubelet/network/dns`).

use kctl_base::json::Value;
use kctl_base::object::{Object, ObjectMeta, ValueRead};

use super::PodPlace;

/// The domain of the cluster.
const DOMAIN: &str = "cluster.local";
/// Longest host name (`HOST_NAME_MAX` less one).
const HOSTNAME_MAX: usize = 63;

/// Returns the host name and the full name, if the pod has a subdomain (`GeneratePodHostNameAndDomain`).
pub(super) fn names(pod: &Object) -> (String, Option<String>) {
    if pod.flag("/spec/hostNetwork") {
        return (pod.str("/spec/nodeName").to_owned(), None);
    }
    if let Some(name) = pod.at("/spec/hostnameOverride").and_then(Value::as_str) {
        return (name.to_owned(), None);
    }
    let own = pod.str("/spec/hostname");
    let name = if own.is_empty() { pod.name() } else { own };
    let short: String = name.chars().take(HOSTNAME_MAX).collect();
    let short = short.trim_end_matches(['-', '.']).to_owned();
    let full = match pod.str("/spec/subdomain") {
        "" => None,
        subdomain => Some(format!("{short}.{subdomain}.{}.svc.{DOMAIN}", pod.namespace())),
    };
    (short, full)
}

/// Returns the host name that `hostname` prints: the full one with `setHostnameAsFQDN`.
pub(super) fn hostname(pod: &Object) -> String {
    match names(pod) {
        (_, Some(full)) if pod.flag("/spec/setHostnameAsFQDN") => full,
        (short, _) => short,
    }
}

/// Returns the text of `/etc/hosts` (`managedHostsFileContent`).
pub(super) fn hosts(pod: &Object, place: &PodPlace) -> String {
    let kind = if pod.flag("/spec/hostNetwork") { " (host network)" } else { "" };
    let mut text = format!("# Kubernetes-managed hosts file{kind}.\n");
    text.push_str("127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n");
    text.push_str("fe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n");
    let (short, full) = names(pod);
    let names = full.map_or_else(|| short.clone(), |full| format!("{full}\t{short}"));
    text.push_str(&format!("{}\t{names}\n", place.ip));
    let aliases = pod.list("/spec/hostAliases");
    if !aliases.is_empty() {
        text.push_str("\n# Entries added by HostAliases.\n");
    }
    for alias in aliases {
        let names: Vec<&str> = alias.list("/hostnames").iter().filter_map(Value::as_str).collect();
        text.push_str(&format!("{}\t{}\n", alias.str("/ip"), names.join("\t")));
    }
    text
}

/// Returns the text of `/etc/resolv.conf` (`Configurer.GetPodDNS`), in the order of the container runtime.
pub(super) fn resolv_conf(pod: &Object, place: &PodPlace) -> String {
    let is_host = pod.flag("/spec/hostNetwork");
    let of_cluster = || {
        let search = [format!("{}.svc.{DOMAIN}", pod.namespace()), format!("svc.{DOMAIN}"), DOMAIN.to_owned()];
        (search.to_vec(), vec![place.dns.clone()], vec!["ndots:5".to_owned()])
    };
    let (mut search, mut servers, mut options) = match pod.str("/spec/dnsPolicy") {
        "None" => (Vec::new(), Vec::new(), Vec::new()),
        "Default" => (Vec::new(), vec![place.gateway()], Vec::new()),
        "ClusterFirst" if is_host => (Vec::new(), vec![place.gateway()], Vec::new()),
        _ => of_cluster(),
    };
    add_new(&mut servers, pod.list("/spec/dnsConfig/nameservers").iter().filter_map(Value::as_str));
    add_new(&mut search, pod.list("/spec/dnsConfig/searches").iter().filter_map(Value::as_str));
    for option in pod.list("/spec/dnsConfig/options") {
        let name = option.str("/name");
        let text = option.at("/value").map_or_else(|| name.to_owned(), |_| format!("{name}:{}", option.str("/value")));
        let same = options.iter_mut().find(|old| old.split(':').next() == Some(name));
        match same {
            Some(old) => *old = text,
            None => options.push(text),
        }
    }
    let mut lines = String::new();
    if !search.is_empty() {
        lines.push_str(&format!("search {}\n", search.join(" ")));
    }
    lines.extend(servers.iter().map(|server| format!("nameserver {server}\n")));
    if !options.is_empty() {
        lines.push_str(&format!("options {}\n", options.join(" ")));
    }
    lines
}

fn add_new<'a>(list: &mut Vec<String>, more: impl Iterator<Item = &'a str>) {
    for entry in more {
        if !list.iter().any(|old| old == entry) {
            list.push(entry.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kctl_base::json::json;

    fn place() -> PodPlace {
        PodPlace {
            ip: "10.244.1.2".into(),
            host_ip: "192.168.0.7".into(),
            dns: "10.96.0.10".into(),
            ..PodPlace::default()
        }
    }

    #[test]
    fn the_hosts_file_has_the_names_of_the_pod_and_its_aliases() {
        let pod = json!({"metadata": {"name": "p", "namespace": "n"}, "spec": {"hostname": "h", "subdomain": "s",
            "hostAliases": [{"ip": "127.0.0.1", "hostnames": ["foo.local", "bar.local"]}]}});
        let text = hosts(&pod, &place());
        assert!(text.starts_with("# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n"), "{text}");
        assert!(
            text.ends_with(
                "10.244.1.2\th.s.n.svc.cluster.local\th\n\n# Entries added by HostAliases.\n127.0.0.1\tfoo.local\tbar.local\n"
            ),
            "{text}"
        );
        assert_eq!(hostname(&pod), "h");
    }

    #[test]
    fn the_resolver_is_configured_by_policy_and_configuration() {
        let pod = |spec: Value| json!({"metadata": {"name": "p", "namespace": "n"}, "spec": spec});
        assert_eq!(
            resolv_conf(&pod(json!({"dnsPolicy": "ClusterFirst"})), &place()),
            "search n.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n"
        );
        let config = json!({"nameservers": ["192.0.2.1"], "searches": ["ns1.svc.cluster-domain.example", "my.dns.search.suffix"],
            "options": [{"name": "ndots", "value": "2"}, {"name": "edns0"}]});
        assert_eq!(
            resolv_conf(&pod(json!({"dnsPolicy": "None", "dnsConfig": config})), &place()),
            "search ns1.svc.cluster-domain.example my.dns.search.suffix\nnameserver 192.0.2.1\noptions ndots:2 edns0\n"
        );
        assert_eq!(resolv_conf(&pod(json!({"dnsPolicy": "Default"})), &place()), "nameserver 192.168.0.1\n");
    }
}
