//! A result as psql prints it: columns aligned, numbers to the right.

use std::fmt::Write;

/// Longer values are cut for the eye.
const WIDTH_MAX: usize = 60;

/// A whole result; `None` is NULL.
#[derive(Debug, Default)]
pub(crate) struct Table {
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Vec<Option<String>>>,
}

impl Table {
    pub(crate) fn print(&self) -> String {
        let cells: Vec<Vec<String>> =
            self.rows.iter().map(|row| row.iter().map(|value| cut(value.as_deref().unwrap_or(""))).collect()).collect();
        let widths: Vec<usize> = (0..self.columns.len())
            .map(|column| {
                let values = cells.iter().map(|row| width(&row[column]));
                values.chain([width(&self.columns[column])]).max().unwrap_or(0)
            })
            .collect();
        let mut text = String::new();
        let names = self.columns.iter().zip(&widths).map(|(name, width)| format!(" {name:^width$} "));
        let rules = widths.iter().map(|width| "-".repeat(width + 2));
        let _ = writeln!(text, "{}", names.collect::<Vec<_>>().join("|").trim_end());
        let _ = writeln!(text, "{}", rules.collect::<Vec<_>>().join("+"));
        let numbers: Vec<bool> = (0..self.columns.len()).map(|column| self.is_numeric(column)).collect();
        for row in &cells {
            let cells = row.iter().zip(&widths).zip(&numbers).map(|((cell, width), number)| match number {
                true => format!(" {cell:>width$} "),
                false => format!(" {cell:<width$} "),
            });
            let _ = writeln!(text, "{}", cells.collect::<Vec<_>>().join("|").trim_end());
        }
        text
    }

    /// The simple protocol's rows carry no types here, so the values tell.
    fn is_numeric(&self, column: usize) -> bool {
        let mut values = self.rows.iter().filter_map(|row| row[column].as_deref()).peekable();
        values.peek().is_some() && values.all(|value| value.parse::<f64>().is_ok())
    }
}

fn width(text: &str) -> usize {
    text.chars().count()
}

fn cut(text: &str) -> String {
    let line = text.replace('\n', "↵");
    match line.char_indices().nth(WIDTH_MAX) {
        Some(_) => line.chars().take(WIDTH_MAX - 1).chain(['…']).collect(),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let value = |text: &str| Some(text.to_owned());
        let table = Table {
            columns: vec!["name".into(), "mean".into(), "note".into()],
            rows: vec![
                vec![value("toys"), value("9.5"), None],
                vec![value("groceries"), value("10"), value(&"x".repeat(70))],
            ],
        };
        let dashes = "-".repeat(62);
        let cut = "x".repeat(59);
        let blank = " ".repeat(28);
        let expected = format!(
            "   name    | mean |{blank} note\n-----------+------+{dashes}\n toys      |  9.5 |\n groceries |   10 | {cut}…\n"
        );
        assert_eq!(table.print(), expected);
    }
}
