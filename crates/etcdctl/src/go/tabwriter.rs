//! Elastic tab stops as text/tabwriter sets them for etcdctl's help: cells padded with tabs to the
//! next multiple of eight, a column's width shared by consecutive lines that have it.

const TAB_COLUMNS: usize = 8;

/// Aligns every run of lines that share a tab-terminated column.
pub(crate) fn align(text: &str) -> String {
    let lines: Vec<Vec<&str>> = text.split('\n').map(|line| line.split('\t').collect()).collect();
    let mut widths: Vec<Vec<usize>> = lines.iter().map(|cells| vec![0; cells.len()]).collect();
    let columns = lines.iter().map(Vec::len).max().unwrap_or(0);
    for column in 0..columns {
        let has = |row: usize| lines[row].len() > column + 1;
        let mut row = 0;
        while row < lines.len() {
            let end = (row..lines.len()).find(|row| !has(*row)).unwrap_or(lines.len());
            // One column of padding, then up to the next stop.
            let width = (row..end).map(|row| lines[row][column].chars().count() + 1).max();
            for widths in &mut widths[row..end] {
                widths[column] = width.unwrap_or(0).next_multiple_of(TAB_COLUMNS);
            }
            row = end + 1;
        }
    }
    let mut aligned = Vec::with_capacity(lines.len());
    for (cells, widths) in lines.iter().zip(&widths) {
        let mut line = String::new();
        for (index, cell) in cells.iter().enumerate() {
            line.push_str(cell);
            if index + 1 < cells.len() {
                let gap = widths[index] - cell.chars().count();
                line.push_str(&"\t".repeat(gap.div_ceil(TAB_COLUMNS)));
            }
        }
        aligned.push(line);
    }
    aligned.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn consecutive_lines_share_their_stops() {
        assert_eq!(align("\tadd\tx\n\tpromote\ty"), "\tadd\tx\n\tpromote\ty");
        assert_eq!(
            align("\tget\tx\n\trevoke-permission\ty"),
            "\tget\t\t\tx\n\trevoke-permission\ty"
        );
        assert_eq!(align("a\tb\n\nlonger than that\tb"), "a\tb\n\nlonger than that\tb");
    }
}
