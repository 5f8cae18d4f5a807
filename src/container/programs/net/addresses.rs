//! `ip`, `ifconfig` and `route`: the interfaces of a pod, `lo` and `eth0`, and its routes.

use std::net::Ipv4Addr;

use super::script::Script;
use crate::call::{Call, Stop};
use crate::image::Flavour;

/// Length of the network's prefix on a node.
const PREFIX: u8 = 24;

/// The interfaces and addresses of a pod.
struct Pod {
    address: Ipv4Addr,
    gateway: Ipv4Addr,
    network: Ipv4Addr,
    broadcast: Ipv4Addr,
    mac: String,
}

impl Pod {
    fn of(call: &Call<'_>) -> Pod {
        let address: Ipv4Addr = call.container().config.address.parse().unwrap_or(Ipv4Addr::LOCALHOST);
        let [a, b, c, d] = address.octets();
        let mac = format!("0a:58:{a:02x}:{b:02x}:{c:02x}:{d:02x}");
        Pod {
            address,
            gateway: Ipv4Addr::new(a, b, c, 1),
            network: Ipv4Addr::new(a, b, c, 0),
            broadcast: Ipv4Addr::new(a, b, c, 255),
            mac,
        }
    }
}

/// `ip addr`, `ip link` and `ip route` for showing.
pub(super) fn ip(call: &mut Call<'_>, script: &mut Script) -> Result<i32, Stop> {
    let args: Vec<String> = call.args();
    let is_ipv4 = args.iter().any(|arg| arg == "-4");
    let words: Vec<&str> = args.iter().map(String::as_str).filter(|arg| !arg.starts_with('-')).collect();
    let is_busybox = call.image().flavour == Flavour::Busybox;
    let pod = Pod::of(call);
    let object = words.first().copied().unwrap_or_default();
    let rest = words.get(1..).unwrap_or_default();
    let device = rest.iter().filter(|word| !["show", "list", "ls", "s", "dev", "get"].contains(word)).copied().next();
    let is_object = |name: &str| !object.is_empty() && name.starts_with(object);
    let shows = rest.first().is_none_or(|verb| !["add", "del", "set", "flush", "replace", "change"].contains(verb));
    if !shows {
        script.err(if is_busybox {
            "ip: RTNETLINK answers: Operation not permitted\n"
        } else {
            "RTNETLINK answers: Operation not permitted\n"
        });
        return Ok(2);
    }
    if is_object("address") || is_object("addr") || is_object("link") {
        let has_addresses = !is_object("link");
        if let Some(device) = device.filter(|device| !["lo", "eth0"].contains(device)) {
            script.err(match is_busybox {
                true => format!("ip: can't find device '{device}'\n"),
                false => format!("Device \"{device}\" does not exist.\n"),
            });
            return Ok(1);
        }
        for (number, name) in [(1, "lo"), (2, "eth0")] {
            if device.is_none_or(|device| device == name) {
                script.out(interface(&pod, number, name, is_busybox, has_addresses, is_ipv4));
            }
        }
        return Ok(0);
    }
    if is_object("route") {
        let (gateway, network, address) = (pod.gateway, pod.network, pod.address);
        script.out(
            format!(
                "default via {gateway} dev eth0 \n{network}/{PREFIX} dev eth0 {}scope link  src {address} \n",
                if is_busybox { "" } else { "proto kernel " },
            )
            .replace("scope link  src", if is_busybox { "scope link  src" } else { "scope link src" }),
        );
        return Ok(0);
    }
    script.err(match object {
        "" => "Usage: ip [OPTIONS] address|route|link|neigh|rule [ARGS]\n".to_owned(),
        _ => format!("ip: \"{object}\" is not simulated\n"),
    });
    Ok(1)
}

fn interface(pod: &Pod, number: u8, name: &str, is_busybox: bool, has_addresses: bool, is_ipv4: bool) -> String {
    let is_loopback = name == "lo";
    let (flags, mtu, shown) = match is_loopback {
        true => ("LOOPBACK,UP,LOWER_UP", 65_536, "lo".to_owned()),
        // The other end is on the node.
        false => ("BROADCAST,MULTICAST,UP,LOWER_UP", 1500, "eth0@if2".to_owned()),
    };
    let state = match (is_busybox, is_loopback) {
        (true, _) => "qlen 1000".to_owned(),
        (false, true) => "state UNKNOWN group default qlen 1000".to_owned(),
        (false, false) => "state UP group default qlen 1000".to_owned(),
    };
    let mut text = format!("{number}: {shown}: <{flags}> mtu {mtu} qdisc noqueue {state}\n");
    if !(is_ipv4 && has_addresses) {
        text.push_str(&match (is_loopback, is_busybox) {
            (true, _) => "    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00\n".to_owned(),
            (false, true) => format!("    link/ether {} brd ff:ff:ff:ff:ff:ff\n", pod.mac),
            (false, false) => format!("    link/ether {} brd ff:ff:ff:ff:ff:ff link-netnsid 0\n", pod.mac),
        });
    }
    if !has_addresses {
        return text;
    }
    let forever = "       valid_lft forever preferred_lft forever\n";
    match is_loopback {
        true => {
            text.push_str(&format!("    inet 127.0.0.1/8 scope host lo\n{forever}"));
            if !is_ipv4 {
                text.push_str(&format!("    inet6 ::1/128 scope host \n{forever}"));
            }
        }
        false => {
            let (address, broadcast) = (pod.address, pod.broadcast);
            text.push_str(&format!("    inet {address}/{PREFIX} brd {broadcast} scope global eth0\n{forever}"));
        }
    }
    text
}

/// `ifconfig [INTERFACE]`. Nothing is counted.
pub(super) fn ifconfig(call: &mut Call<'_>, script: &mut Script) -> Result<i32, Stop> {
    let args = call.args();
    let wanted = args.iter().find(|arg| !arg.starts_with('-'));
    let is_busybox = call.image().flavour == Flavour::Busybox;
    let pod = Pod::of(call);
    if let Some(name) = wanted.filter(|name| !["lo", "eth0"].contains(&name.as_str())) {
        let own = if is_busybox { "ifconfig: " } else { "" };
        script.err(format!("{own}{name}: error fetching interface information: Device not found\n"));
        return Ok(1);
    }
    let shows = |name: &str| wanted.is_none_or(|wanted| wanted == name);
    let (address, broadcast) = (pod.address, pod.broadcast);
    let mac = if is_busybox { pod.mac.to_uppercase() } else { pod.mac.clone() };
    if shows("eth0") {
        script.out(match is_busybox {
            true => format!(
                "eth0      Link encap:Ethernet  HWaddr {mac}  \n          inet addr:{address}  Bcast:{broadcast}  Mask:255.255.255.0\n          \
                 UP BROADCAST RUNNING MULTICAST  MTU:1500  Metric:1\n{BUSYBOX_COUNTS}"
            ),
            false => format!(
                "eth0: flags=4163<UP,BROADCAST,RUNNING,MULTICAST>  mtu 1500\n        inet {address}  netmask 255.255.255.0  broadcast {broadcast}\n        \
                 ether {mac}  txqueuelen 1000  (Ethernet)\n{GNU_COUNTS}"
            ),
        });
    }
    if shows("lo") {
        script.out(match is_busybox {
            true => format!(
                "lo        Link encap:Local Loopback  \n          inet addr:127.0.0.1  Mask:255.0.0.0\n          inet6 addr: ::1/128 Scope:Host\n          \
                 UP LOOPBACK RUNNING  MTU:65536  Metric:1\n{BUSYBOX_COUNTS}"
            ),
            false => format!(
                "lo: flags=73<UP,LOOPBACK,RUNNING>  mtu 65536\n        inet 127.0.0.1  netmask 255.0.0.0\n        inet6 ::1  prefixlen 128  scopeid 0x10<host>\n        \
                 loop  txqueuelen 1000  (Local Loopback)\n{GNU_COUNTS}"
            ),
        });
    }
    Ok(0)
}

const BUSYBOX_COUNTS: &str = "          RX packets:0 errors:0 dropped:0 overruns:0 frame:0
          TX packets:0 errors:0 dropped:0 overruns:0 carrier:0
          collisions:0 txqueuelen:1000 
          RX bytes:0 (0.0 B)  TX bytes:0 (0.0 B)

";
const GNU_COUNTS: &str = "        RX packets 0  bytes 0 (0.0 B)
        RX errors 0  dropped 0  overruns 0  frame 0
        TX packets 0  bytes 0 (0.0 B)
        TX errors 0  dropped 0 overruns 0  carrier 0  collisions 0

";

/// `route [-n]`.
pub(super) fn route(call: &mut Call<'_>, script: &mut Script) -> Result<i32, Stop> {
    let pod = Pod::of(call);
    let is_numeric = call.args().iter().any(|arg| arg == "-n");
    let (default, none) = if is_numeric { ("0.0.0.0", "0.0.0.0") } else { ("default", "*") };
    let row = |destination: &str, gateway: &str, mask: &str, flags: &str| {
        format!("{destination:<15} {gateway:<15} {mask:<15} {flags:<5} 0      0        0 eth0\n")
    };
    script.out(
        "Kernel IP routing table\nDestination     Gateway         Genmask         Flags Metric Ref    Use Iface\n",
    );
    script.out(row(default, &pod.gateway.to_string(), "0.0.0.0", "UG"));
    script.out(row(&pod.network.to_string(), none, "255.255.255.0", "U"));
    Ok(0)
}
