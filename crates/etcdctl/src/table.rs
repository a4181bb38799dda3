//! Tables as olekukonko/tablewriter draws them with etcdctl's settings: headings centred and in
//! capitals, cells right-aligned, long cells wrapped at thirty columns.
//!
//! A character counts as one column; wide East Asian characters are left out.

/// The width beyond which a cell's words wrap, unless one word alone is wider.
const WRAP_COLUMNS: usize = 30;
/// What a line costs that is too long in spite of wrapping.
const OVERLONG_PENALTY: usize = 100_000;

/// Draws `rows` under `headings`; the text ends with a newline.
pub(crate) fn draw(headings: &[&str], rows: &[Vec<String>]) -> String {
    let headings: Vec<String> = headings.iter().map(|heading| title(heading)).collect();
    let rows: Vec<Vec<Cell>> =
        rows.iter().map(|row| row.iter().map(|cell| wrap(cell)).collect()).collect();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        let widest = cells.map(|cell| cell.width).max().unwrap_or(0);
        widest.max(columns(&headings[column]))
    };
    let widths: Vec<usize> = (0..headings.len()).map(width).collect();

    let dashes: Vec<String> = widths.iter().map(|width| "-".repeat(width + 2)).collect();
    let rule = format!("+{}+\n", dashes.join("+"));
    let mut text = rule.clone();
    text.push_str(&line(headings.iter().zip(&widths).map(|(cell, width)| centre(cell, *width))));
    text.push_str(&rule);
    for row in &rows {
        let height = row.iter().map(|cell| cell.lines.len()).max().unwrap_or(0);
        for index in 0..height {
            let cells = widths.iter().zip(row).map(|(width, cell)| {
                let cell = cell.lines.get(index).map_or("", String::as_str);
                format!("{}{cell}", " ".repeat(width - columns(cell)))
            });
            text.push_str(&line(cells));
        }
    }
    text.push_str(&rule);
    text
}

fn line(cells: impl Iterator<Item = String>) -> String {
    let cells: Vec<String> = cells.map(|cell| format!(" {cell} ")).collect();
    format!("|{}|\n", cells.join("|"))
}

fn columns(text: &str) -> usize {
    text.chars().count()
}

fn centre(text: &str, width: usize) -> String {
    let gap = width - columns(text);
    format!("{}{text}{}", " ".repeat(gap / 2), " ".repeat(gap - gap / 2))
}

fn title(heading: &str) -> String {
    heading.replace(['_', '.'], " ").trim().to_ascii_uppercase()
}

/// A cell as it is drawn.
struct Cell {
    lines: Vec<String>,
    /// What its column must have; more than the longest line if it was wrapped.
    width: usize,
}

fn wrap(cell: &str) -> Cell {
    let natural = cell.lines().map(columns).max().unwrap_or(0).min(WRAP_COLUMNS);
    let words: Vec<&str> = cell.split(['\n', ' ']).collect();
    let limit = words.iter().map(|word| columns(word)).max().unwrap_or(0).max(natural);
    let lines: Vec<String> =
        break_lines(&words, limit).into_iter().map(|words| words.join(" ")).collect();
    let width = lines.iter().map(|line| columns(line)).max().unwrap_or(0).max(natural);
    Cell { lines, width }
}

/// Breaks words into lines so that the squares of the blanks at the ends of all lines but the last
/// are least (Knuth's raggedness), found from the end.
fn break_lines<'a, 'w>(words: &'w [&'a str], limit: usize) -> Vec<&'w [&'a str]> {
    let length = |from: usize, to: usize| {
        words[from..to].iter().map(|word| columns(word)).sum::<usize>() + (to - from - 1)
    };
    let count = words.len();
    // Best cost of words[from..] and the end of its first line.
    let mut best = vec![(0, count); count + 1];
    for from in (0..count).rev() {
        if length(from, count) <= limit {
            continue;
        }
        best[from] = (from + 1..count)
            .map(|to| {
                let length = length(from, to);
                let penalty = if length > limit { OVERLONG_PENALTY } else { 0 };
                (length.abs_diff(limit).pow(2) + penalty + best[to].0, to)
            })
            .min()
            .unwrap_or((0, count));
    }
    let mut lines = Vec::new();
    let mut from = 0;
    while from < count {
        let to = best[from].1;
        lines.push(&words[from..to]);
        from = to;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_looks_like_tablewriters() {
        let rows = [
            vec!["127.0.0.1:13379".to_string(), "true".to_string(), String::new()],
            vec!["x".to_string(), "false".to_string(), "context deadline exceeded".to_string()],
        ];
        let expected = "\
+-----------------+--------+---------------------------+
|    ENDPOINT     | HEALTH |           ERROR           |
+-----------------+--------+---------------------------+
| 127.0.0.1:13379 |   true |                           |
|               x |  false | context deadline exceeded |
+-----------------+--------+---------------------------+
";
        assert_eq!(draw(&["endpoint", "health", "error"], &rows), expected);
    }

    #[test]
    fn no_rows_leave_the_heading() {
        assert_eq!(draw(&["is_a"], &[]), "+------+\n| IS A |\n+------+\n+------+\n");
    }

    #[test]
    fn words_wrap_at_thirty_columns() {
        let error = "etcdserver: authentication failed, invalid user ID or password".to_string();
        let expected = "\
+--------------------------------+
|             ERROR              |
+--------------------------------+
|     etcdserver: authentication |
|     failed, invalid user ID or |
|                       password |
+--------------------------------+
";
        assert_eq!(draw(&["error"], &[vec![error]]), expected);
    }

    #[test]
    fn a_longer_word_widens_its_cell() {
        let long = wrap(&"u".repeat(45));
        assert_eq!((long.lines, long.width), (vec!["u".repeat(45)], 45));
        assert_eq!(wrap("").lines, [""]);
    }
}
