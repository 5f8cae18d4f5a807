//! IPv4 networks, from which addresses and smaller networks are allocated.

use std::fmt;
use std::net::Ipv4Addr;

/// An IPv4 network: `10.96.0.0/12`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cidr {
    /// The first address.
    first: u32,
    /// The length of the prefix in bits, at most 32.
    length: u8,
}

impl Cidr {
    /// Returns the network of a length that an address is in.
    pub(crate) const fn around(address: Ipv4Addr, length: u8) -> Cidr {
        Cidr { first: address.to_bits() & mask(length), length }
    }

    /// Parses `ADDRESS/LENGTH`, where the address is the first one of the network.
    ///
    /// # Errors
    /// The reason, which names the text.
    pub fn parse(text: &str) -> Result<Cidr, String> {
        let parts =
            text.split_once('/').and_then(|(address, length)| Some((address.parse().ok()?, length.parse().ok()?)));
        let Some((address, length)) = parts.filter(|(_, length)| *length <= 32) else {
            return Err(format!("{text:?} is not an IPv4 network such as 10.96.0.0/12"));
        };
        let network = Cidr::around(address, length);
        match network.address(0) == address {
            true => Ok(network),
            false => Err(format!("{text:?} is not a network: the one that {address} is in is {network}")),
        }
    }

    /// The number of bits that all addresses have in common.
    pub(crate) fn length(self) -> u8 {
        self.length
    }

    /// The number of addresses.
    pub(crate) fn size(self) -> u64 {
        1 << (32 - u32::from(self.length))
    }

    /// Returns the address with a number below [`Cidr::size`]; 0 is the first one.
    pub(crate) fn address(self, number: u64) -> Ipv4Addr {
        // A number beyond the network wraps within it.
        Ipv4Addr::from_bits(self.first + (number % self.size()) as u32)
    }

    pub(crate) fn contains(self, address: Ipv4Addr) -> bool {
        Cidr::around(address, self.length) == self
    }

    pub(crate) fn overlaps(self, other: Cidr) -> bool {
        self.contains(other.address(0)) || other.contains(self.address(0))
    }

    /// Returns the part with a number and a length; `None` when there are not so many.
    pub(crate) fn part(self, length: u8, number: u64) -> Option<Cidr> {
        let size = 1 << (32 - u32::from(length));
        let fits = length >= self.length && number < self.size() / size;
        fits.then(|| Cidr::around(self.address(number * size), length))
    }
}

/// The bits of a prefix.
const fn mask(length: u8) -> u32 {
    if length == 0 { 0 } else { u32::MAX << (32 - length) }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", Ipv4Addr::from_bits(self.first), self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_parsed_and_printed() {
        for text in ["10.96.0.0/12", "0.0.0.0/0", "192.168.49.2/32"] {
            assert_eq!(Cidr::parse(text).map(|network| network.to_string()), Ok(text.into()));
        }
        for (text, reason) in [
            ("10.96.0.1/12", "\"10.96.0.1/12\" is not a network: the one that 10.96.0.1 is in is 10.96.0.0/12"),
            ("10.96.0.0", "\"10.96.0.0\" is not an IPv4 network such as 10.96.0.0/12"),
            ("10.96.0.0/33", "\"10.96.0.0/33\" is not an IPv4 network such as 10.96.0.0/12"),
            ("fd00::/64", "\"fd00::/64\" is not an IPv4 network such as 10.96.0.0/12"),
        ] {
            assert_eq!(Cidr::parse(text), Err(reason.into()));
        }
    }

    #[test]
    fn addresses_and_parts_are_numbered() {
        let network = Cidr::parse("10.244.0.0/16").expect("a network");
        assert_eq!((network.size(), network.address(258).to_string()), (65_536, "10.244.1.2".into()));
        let part = |number| network.part(24, number).map(|part| part.to_string());
        assert_eq!((part(255), part(256)), (Some("10.244.255.0/24".into()), None));
        assert_eq!(network.part(8, 0), None);
        let inside = Cidr::parse("10.244.3.0/24").expect("a network");
        assert!(
            network.overlaps(inside) && inside.overlaps(network) && !network.contains(Ipv4Addr::new(10, 245, 0, 0))
        );
    }
}
