//! IP addresses and CIDRs (`library/ip.go`, `library/cidr.go`).

use std::net::IpAddr;
use std::sync::Arc;

use cel::Value;
use cel::objects::Opaque;

use super::{Of, Overload, opaque, overload, text};
use crate::go::quote;

pub(super) const IP: &str = "net.IP";
pub(super) const CIDR: &str = "net.CIDR";

const IP_ARG: Of = Of::Opaque(IP);
const CIDR_ARG: Of = Of::Opaque(CIDR);

pub(super) const OVERLOADS: &[Overload] = &[
    overload!(false, "ip", [Of::Text] => IP_ARG, |args| parse_ip(text(args, 0)).map(ip_value)),
    overload!(false, "isIP", [Of::Text] => Of::Bool, |args| Ok(parse_ip(text(args, 0)).is_ok().into())),
    overload!(false, "ip.isCanonical", [Of::Text] => Of::Bool, |args| {
        parse_ip(text(args, 0)).map(|ip| (ip.to_string() == text(args, 0)).into())
    }),
    overload!(false, "string", [IP_ARG] => Of::Text, |args| Ok(opaque::<Ip>(args, 0)?.0.to_string().into())),
    overload!(true, "family", [IP_ARG] => Of::Int, |args| Ok(if opaque::<Ip>(args, 0)?.0.is_ipv4() { 4 } else { 6 }.into())),
    overload!(true, "isUnspecified", [IP_ARG] => Of::Bool, |args| Ok(opaque::<Ip>(args, 0)?.0.is_unspecified().into())),
    overload!(true, "isLoopback", [IP_ARG] => Of::Bool, |args| Ok(opaque::<Ip>(args, 0)?.0.is_loopback().into())),
    overload!(true, "isLinkLocalMulticast", [IP_ARG] => Of::Bool, |args| {
        Ok(is_link_local_multicast(&opaque::<Ip>(args, 0)?.0).into())
    }),
    overload!(true, "isLinkLocalUnicast", [IP_ARG] => Of::Bool, |args| {
        Ok(is_link_local_unicast(&opaque::<Ip>(args, 0)?.0).into())
    }),
    overload!(true, "isGlobalUnicast", [IP_ARG] => Of::Bool, |args| {
        Ok(is_global_unicast(&opaque::<Ip>(args, 0)?.0).into())
    }),
    overload!(false, "cidr", [Of::Text] => CIDR_ARG, |args| parse_cidr(text(args, 0)).map(cidr_value)),
    overload!(false, "isCIDR", [Of::Text] => Of::Bool, |args| Ok(parse_cidr(text(args, 0)).is_ok().into())),
    overload!(false, "string", [CIDR_ARG] => Of::Text, |args| Ok(opaque::<Cidr>(args, 0)?.to_string().into())),
    overload!(true, "containsIP", [CIDR_ARG, IP_ARG] => Of::Bool, |args| {
        Ok(opaque::<Cidr>(args, 0)?.contains(&opaque::<Ip>(args, 1)?.0).into())
    }),
    overload!(true, "containsIP", [CIDR_ARG, Of::Text] => Of::Bool, |args| {
        Ok(opaque::<Cidr>(args, 0)?.contains(&parse_ip(text(args, 1))?).into())
    }),
    overload!(true, "containsCIDR", [CIDR_ARG, CIDR_ARG] => Of::Bool, |args| {
        Ok(opaque::<Cidr>(args, 0)?.covers(opaque(args, 1)?).into())
    }),
    overload!(true, "containsCIDR", [CIDR_ARG, Of::Text] => Of::Bool, |args| {
        Ok(opaque::<Cidr>(args, 0)?.covers(&parse_cidr(text(args, 1))?).into())
    }),
    overload!(true, "ip", [CIDR_ARG] => IP_ARG, |args| Ok(ip_value(opaque::<Cidr>(args, 0)?.address))),
    overload!(true, "masked", [CIDR_ARG] => CIDR_ARG, |args| Ok(cidr_value(opaque::<Cidr>(args, 0)?.masked()))),
    overload!(true, "prefixLength", [CIDR_ARG] => Of::Int, |args| {
        Ok(i64::from(opaque::<Cidr>(args, 0)?.length).into())
    }),
];

#[derive(Debug, PartialEq, Eq)]
struct Ip(IpAddr);

impl Opaque for Ip {
    fn runtime_type_name(&self) -> &str {
        IP
    }
}

/// An address with the length of its network prefix in bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cidr {
    address: IpAddr,
    length: u8,
}

impl Opaque for Cidr {
    fn runtime_type_name(&self) -> &str {
        CIDR
    }
}

impl std::fmt::Display for Cidr {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.address, self.length)
    }
}

impl Cidr {
    /// Returns the first `length` bits of an address, the other ones zero.
    fn prefix(address: &IpAddr, length: u8) -> IpAddr {
        match address {
            IpAddr::V4(four) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(length)).unwrap_or(0);
                IpAddr::V4((u32::from(*four) & mask).into())
            }
            IpAddr::V6(six) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(length)).unwrap_or(0);
                IpAddr::V6((u128::from(*six) & mask).into())
            }
        }
    }

    fn masked(self) -> Cidr {
        Cidr { address: Cidr::prefix(&self.address, self.length), ..self }
    }

    fn contains(&self, address: &IpAddr) -> bool {
        address.is_ipv4() == self.address.is_ipv4() && Cidr::prefix(address, self.length) == self.masked().address
    }

    fn covers(&self, other: &Cidr) -> bool {
        self.length <= other.length && self.contains(&other.address)
    }
}

fn ip_value(address: IpAddr) -> Value {
    Value::Opaque(Arc::new(Ip(address)))
}

fn cidr_value(cidr: Cidr) -> Value {
    Value::Opaque(Arc::new(cidr))
}

fn parse_ip(text: &str) -> Result<IpAddr, String> {
    if text.contains('%') {
        return Err(format!("IP address {} with zone value is not allowed", quote(text)));
    }
    match text.parse::<IpAddr>() {
        Ok(IpAddr::V6(six)) if six.to_ipv4_mapped().is_some() => {
            Err(format!("IPv4-mapped IPv6 address {} is not allowed", quote(text)))
        }
        Ok(address) => Ok(address),
        Err(_) => Err(format!(
            "IP Address {} parse error during conversion from string: ParseAddr({}): unable to parse IP",
            quote(text),
            quote(text)
        )),
    }
}

fn parse_cidr(text: &str) -> Result<Cidr, String> {
    let refused =
        || format!("network address parse error during conversion from string: netip.ParsePrefix({})", quote(text));
    let (address, length) = text.rsplit_once('/').ok_or_else(refused)?;
    let is_number = length == "0" || (!length.starts_with('0') && length.bytes().all(|b| b.is_ascii_digit()));
    let address: IpAddr = address.parse().map_err(|_| refused())?;
    if matches!(address, IpAddr::V6(six) if six.to_ipv4_mapped().is_some()) {
        return Err(format!("IPv4-mapped IPv6 address {} is not allowed", quote(text)));
    }
    let most = if address.is_ipv4() { 32 } else { 128 };
    let length: u8 = length.parse().ok().filter(|length| is_number && *length <= most).ok_or_else(refused)?;
    Ok(Cidr { address, length })
}

fn is_link_local_multicast(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(four) => four.octets()[..3] == [224, 0, 0],
        IpAddr::V6(six) => six.segments()[0] & 0xff0f == 0xff02,
    }
}

fn is_link_local_unicast(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(four) => four.is_link_local(),
        IpAddr::V6(six) => six.is_unicast_link_local(),
    }
}

/// As Go defines it: private addresses are global, too.
fn is_global_unicast(address: &IpAddr) -> bool {
    let is_broadcast = matches!(address, IpAddr::V4(four) if four.is_broadcast());
    !(is_broadcast
        || address.is_unspecified()
        || address.is_loopback()
        || address.is_multicast()
        || is_link_local_unicast(address))
}
