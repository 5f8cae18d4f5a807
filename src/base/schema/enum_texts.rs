//! Descriptions of single enum values in the API, by Go type and value. Values of other types have no description, or none that
//! is known here.

/// Lines of a Go type, a value and a description, separated by tabs, in the order of the types and values.
const TEXTS: &str = include_str!("enum_texts.tsv");

/// Returns the description of a value of an enum type, such as `v1.Protocol`; empty without one.
pub(super) fn text(go_type: &str, value: &str) -> &'static str {
    rows().find(|row| row.0 == go_type && row.1 == value).map_or("", |row| row.2)
}

fn rows() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    TEXTS.lines().filter_map(|line| {
        let (go_type, rest) = line.split_once('\t')?;
        let (value, text) = rest.split_once('\t')?;
        Some((go_type, value, text))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_of_values_that_exist() {
        assert_eq!(rows().count(), TEXTS.lines().count());
        assert!(rows().is_sorted_by(|a, b| (a.0, a.1) < (b.0, b.1)));
        let known = |row: &(&str, &str, &str)| super::super::enums::is_value(row.0, row.1);
        let unknown: Vec<_> = rows().filter(|row| !known(row)).map(|row| (row.0, row.1)).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    }

    #[test]
    fn values_of_other_types_have_no_text() {
        assert_eq!(text("v1.Protocol", "TCP"), "is the TCP protocol.");
        assert_eq!(text("v1.Protocol", "x"), "");
        assert_eq!(text("v1.RestartPolicy", "Always"), "");
    }
}
