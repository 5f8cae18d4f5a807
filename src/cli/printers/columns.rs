//! Aligned columns for the output of the verbs that kubectl does not have.

/// Formats rows of cells as aligned columns, one line a row, each without spaces at its ends.
pub(crate) fn lines<R: IntoIterator<Item = String>>(rows: impl IntoIterator<Item = R>) -> Vec<String> {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    for row in rows {
        table.add_row(row);
    }
    table.lines().map(|line| line.trim().to_string()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_longest_cell() {
        let rows = [["mode", "virtual"], ["revision", "7"]].map(|row| row.map(String::from));
        assert_eq!(lines(rows), ["mode      virtual", "revision  7"]);
    }
}
