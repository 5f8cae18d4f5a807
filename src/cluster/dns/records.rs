//! Resource records and answers.

/// Type of a resource record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordType {
    /// IPv4 address of a name.
    A,
    /// Port and target of a service.
    Srv,
    /// Canonical name behind an alias.
    Cname,
    /// Name of an address.
    Ptr,
}

impl RecordType {
    /// Returns the mnemonic, in upper case.
    pub fn as_str(self) -> &'static str {
        match self {
            RecordType::A => "A",
            RecordType::Srv => "SRV",
            RecordType::Cname => "CNAME",
            RecordType::Ptr => "PTR",
        }
    }

    /// Parses a mnemonic in any case; `None` for other types.
    pub fn parse(mnemonic: &str) -> Option<RecordType> {
        let all = [RecordType::A, RecordType::Srv, RecordType::Cname, RecordType::Ptr];
        all.into_iter().find(|t| t.as_str().eq_ignore_ascii_case(mnemonic))
    }
}

/// A resource record of class IN; its time to live is [`super::TTL`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Record {
    /// Owner name, with the final dot.
    pub name: String,
    /// `A`, `SRV`, `CNAME` or `PTR`.
    pub kind: &'static str,
    /// An address, `PRIORITY WEIGHT PORT TARGET`, or a name with the final dot.
    pub data: String,
}

/// Result of a lookup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The full name that was found, or the last one that was tried.
    pub name: String,
    /// False means NXDOMAIN. A name that exists may still have no records of the requested type.
    pub exists: bool,
    /// The records, in the order of an answer section.
    pub records: Vec<Record>,
}

/// Data of the SRV records of equal targets: `0 WEIGHT PORT TARGET` with the weight divided evenly.
pub(super) fn srv_data(targets: &[(i64, String)]) -> impl Iterator<Item = String> {
    let weight = 100 / targets.len().max(1);
    targets.iter().map(move |(port, target)| format!("0 {weight} {port} {target}"))
}
