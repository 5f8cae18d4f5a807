//! The bytes of rows, in frames of the journal and blocks of runs: for each row the length of the key, the length of the
//! value, the key and the value. Lengths are 32-bit numbers, least significant byte first.

/// The length that marks a removed row, which has no value.
const REMOVED: u32 = u32::MAX;

/// A row: its key, and its value or `None` if the row is removed.
pub(super) type Row<'a> = (&'a [u8], Option<&'a [u8]>);

/// Appends a row to a buffer.
///
/// # Panics
/// If the key or the value has 4 GiB. The API server refuses objects that are far smaller.
pub(super) fn encode(buffer: &mut Vec<u8>, (key, value): Row<'_>) {
    let length = |bytes: &[u8]| u32::try_from(bytes.len()).expect("less than 4 GiB");
    buffer.extend(length(key).to_le_bytes());
    buffer.extend(value.map_or(REMOVED, length).to_le_bytes());
    buffer.extend(key);
    buffer.extend(value.unwrap_or_default());
}

/// The number of bytes that [`encode`] appends.
pub(super) fn encoded_len((key, value): Row<'_>) -> usize {
    2 * size_of::<u32>() + key.len() + value.map_or(0, <[u8]>::len)
}

/// Takes the first row off the bytes of rows; `None` if they do not begin with a whole row.
pub(super) fn decode<'a>(bytes: &mut &'a [u8]) -> Option<Row<'a>> {
    let key_len = take_u32(bytes)?;
    let value_len = take_u32(bytes)?;
    let key = take(bytes, key_len)?;
    let value = match value_len {
        REMOVED => None,
        len => Some(take(bytes, len)?),
    };
    Some((key, value))
}

/// Takes a 32-bit number off the front; `None` if there are fewer bytes.
pub(super) fn take_u32(bytes: &mut &[u8]) -> Option<u32> {
    let (number, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(u32::from_le_bytes(*number))
}

/// Takes a 64-bit number off the front; `None` if there are fewer bytes.
pub(super) fn take_u64(bytes: &mut &[u8]) -> Option<u64> {
    let (number, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(u64::from_le_bytes(*number))
}

fn take<'a>(bytes: &mut &'a [u8], len: u32) -> Option<&'a [u8]> {
    let (front, rest) = bytes.split_at_checked(len as usize)?;
    *bytes = rest;
    Some(front)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_as_they_were_written_and_cut_ones_are_not() {
        let rows: [Row<'_>; 3] = [(b"a", Some(b"1")), (b"", None), (b"key", Some(b""))];
        let mut bytes = Vec::new();
        rows.iter().for_each(|row| encode(&mut bytes, *row));
        assert_eq!(rows.iter().map(|row| encoded_len(*row)).sum::<usize>(), bytes.len());
        let mut rest = bytes.as_slice();
        assert_eq!([(); 3].map(|()| decode(&mut rest).expect("a row")), rows);
        assert!(rest.is_empty() && decode(&mut rest).is_none());
        assert!((0..9).all(|len| decode(&mut &bytes[..len]).is_none()));
    }
}
