//! Results as psql aligns them, a page at a time, so that memory does not grow with the result.

use std::io::Write;

use arrow::array::{Array, RecordBatch};
use arrow::datatypes::{DataType, SchemaRef};
use arrow::util::display::{ArrayFormatter, FormatOptions};

/// Rows whose widths are settled together.
const PAGE_ROWS: usize = 1000;

/// Longer values are cut for the eye.
const WIDTH_MAX: usize = 80;

/// Prints one result.
pub(crate) struct Printer {
    schema: SchemaRef,
    escape: bool,
    rows: Vec<Vec<String>>,
    widths: Vec<usize>,
    printed_heading: bool,
    count: u64,
}

impl Printer {
    /// `escape`: bytes as text with escapes, not in hexadecimal.
    pub(crate) fn new(schema: SchemaRef, escape: bool) -> Self {
        let widths = schema.fields().iter().map(|field| field.name().chars().count()).collect();
        Self { schema, escape, rows: Vec::new(), widths, printed_heading: false, count: 0 }
    }

    pub(crate) fn print(&mut self, batch: &RecordBatch) -> std::io::Result<()> {
        let options = FormatOptions::default().with_null("");
        let formatters: Result<Vec<_>, _> =
            batch.columns().iter().map(|column| ArrayFormatter::try_new(column.as_ref(), &options)).collect();
        let formatters = formatters.map_err(std::io::Error::other)?;
        for row in 0..batch.num_rows() {
            let mut cells = Vec::with_capacity(formatters.len());
            for (column, formatter) in batch.columns().iter().zip(&formatters) {
                cells.push(self.cell(column.as_ref(), row, formatter).map_err(std::io::Error::other)?);
            }
            self.rows.push(cells);
            self.count += 1;
            if self.rows.len() == PAGE_ROWS {
                self.page()?;
            }
        }
        Ok(())
    }

    pub(crate) fn finish(mut self) -> std::io::Result<()> {
        self.page()?;
        let word = if self.count == 1 { "row" } else { "rows" };
        let mut out = std::io::stdout().lock();
        writeln!(out, "({} {word})\n", self.count)?;
        out.flush()
    }

    fn cell(
        &self,
        column: &dyn Array,
        row: usize,
        formatter: &ArrayFormatter<'_>,
    ) -> Result<String, arrow::error::ArrowError> {
        let mut text = formatter.value(row).try_to_string()?;
        let binary = matches!(column.data_type(), DataType::Binary | DataType::LargeBinary | DataType::BinaryView);
        if binary && !column.is_null(row) && !self.escape {
            text.insert_str(0, "\\x");
        }
        if text.chars().count() > WIDTH_MAX {
            let kept: String = text.chars().take(WIDTH_MAX - 1).collect();
            text = kept + "…";
        }
        Ok(text.replace('\n', "↵"))
    }

    fn page(&mut self) -> std::io::Result<()> {
        for row in &self.rows {
            for (width, cell) in self.widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        let mut out = std::io::stdout().lock();
        if !self.printed_heading {
            self.printed_heading = true;
            let names = self.schema.fields().iter().zip(&self.widths);
            let heading: Vec<String> = names.map(|(field, width)| format!(" {:^width$} ", field.name())).collect();
            writeln!(out, "{}", heading.join("|"))?;
            let rule: Vec<String> = self.widths.iter().map(|width| "-".repeat(width + 2)).collect();
            writeln!(out, "{}", rule.join("+"))?;
        }
        for row in self.rows.drain(..) {
            let cells = row.iter().zip(&self.widths).zip(self.schema.fields());
            let line: Vec<String> = cells
                .map(|((cell, width), field)| match field.data_type().is_numeric() {
                    true => format!(" {cell:>width$} "),
                    false => format!(" {cell:<width$} "),
                })
                .collect();
            writeln!(out, "{}", line.join("|").trim_end())?;
        }
        Ok(())
    }
}
