//! Arrays: lists of any depth whose rows are rectangular, as Postgres's arrays must be.

use arrow::array::{Array, AsArray, FixedSizeListArray, LargeListArray, ListArray};
use arrow::datatypes::DataType;
use bytes::{BufMut, BytesMut};
use mead_common::{Diagnostic, sqlstate};

use super::{ColumnEncoder, Style, set_length};
use crate::types::Scalar;

/// Postgres's MAXDIM.
const DIMENSIONS_MAX: usize = 6;

/// One column of lists: the levels from the outside in, and the elements.
pub(super) struct ListEncoder<'a> {
    levels: Vec<Level<'a>>,
    elements: ColumnEncoder<'a>,
    quotes: bool,
    scalar: Scalar,
    scratch: BytesMut,
}

enum Level<'a> {
    List(&'a ListArray),
    LargeList(&'a LargeListArray),
    FixedSizeList(&'a FixedSizeListArray),
}

impl<'a> ListEncoder<'a> {
    pub(super) fn new(array: &'a dyn Array, scalar: Scalar, style: Style) -> Result<Self, Diagnostic> {
        let mut levels = Vec::new();
        let mut array = array;
        loop {
            let level = match array.data_type() {
                DataType::List(_) => Level::List(array.as_list()),
                DataType::LargeList(_) => Level::LargeList(array.as_list()),
                DataType::FixedSizeList(_, _) => Level::FixedSizeList(array.as_fixed_size_list()),
                _ => break,
            };
            array = level.values();
            levels.push(level);
        }
        if levels.len() > DIMENSIONS_MAX {
            return Err(Diagnostic::new(
                sqlstate::PROGRAM_LIMIT_EXCEEDED,
                format!("number of array dimensions ({}) exceeds the maximum allowed ({DIMENSIONS_MAX})", levels.len()),
            ));
        }
        let elements = ColumnEncoder::new(array, scalar, style)?;
        let quotes = elements.may_need_quotes();
        Ok(Self { levels, elements, quotes, scalar, scratch: BytesMut::new() })
    }

    /// `{1,2,NULL}`, `{{1,2},{3,4}}`; `{}` where there is no element.
    pub(super) fn put_text(&mut self, row: usize, out: &mut BytesMut) -> Result<(), Diagnostic> {
        let dimensions = self.dimensions(row)?;
        if dimensions.contains(&0) {
            out.put_slice(b"{}");
            return Ok(());
        }
        self.put_text_level(0, row, out)
    }

    fn put_text_level(&mut self, depth: usize, row: usize, out: &mut BytesMut) -> Result<(), Diagnostic> {
        let (start, end) = self.levels[depth].range(row);
        out.put_u8(b'{');
        for index in start..end {
            if index > start {
                out.put_u8(b',');
            }
            if depth + 1 < self.levels.len() {
                self.put_text_level(depth + 1, index, out)?;
            } else if self.elements.is_null(index) {
                out.put_slice(b"NULL");
            } else if self.quotes {
                self.scratch.clear();
                self.elements.put_text(index, &mut self.scratch)?;
                put_quoted(&self.scratch, out);
            } else {
                self.elements.put_text(index, out)?;
            }
        }
        out.put_u8(b'}');
        Ok(())
    }

    /// Dimensions, whether there is a NULL, the element type's oid, then for each dimension its length and lower bound 1,
    /// then the elements.
    pub(super) fn put_binary(&mut self, row: usize, out: &mut BytesMut) -> Result<(), Diagnostic> {
        let dimensions = self.dimensions(row)?;
        let empty = dimensions.contains(&0);
        out.put_i32(if empty { 0 } else { dimensions.len() as i32 });
        let nulls_at = out.len();
        out.put_i32(0);
        out.put_u32(self.scalar.oid());
        if empty {
            return Ok(());
        }
        for length in &dimensions {
            out.put_i32(i32::try_from(*length).map_err(|_| too_large())?);
            out.put_i32(1);
        }
        if self.put_binary_level(0, row, out)? {
            set_length(nulls_at, 1, out)?;
        }
        Ok(())
    }

    /// Gives true if there was a NULL.
    fn put_binary_level(&mut self, depth: usize, row: usize, out: &mut BytesMut) -> Result<bool, Diagnostic> {
        let (start, end) = self.levels[depth].range(row);
        let mut nulls = false;
        for index in start..end {
            if depth + 1 < self.levels.len() {
                nulls |= self.put_binary_level(depth + 1, index, out)?;
            } else {
                nulls |= self.elements.is_null(index);
                self.elements.put_field(index, true, out)?;
            }
        }
        Ok(nulls)
    }

    /// The length at each level, the same for all lists of one level.
    fn dimensions(&self, row: usize) -> Result<Vec<usize>, Diagnostic> {
        let mut dimensions = Vec::with_capacity(self.levels.len());
        let (mut start, mut end) = (row, row + 1);
        let mut rows = vec![(start, end)];
        for (depth, level) in self.levels.iter().enumerate() {
            let mut length = None;
            let mut below = Vec::new();
            for (from, to) in rows {
                for index in from..to {
                    // The outermost row is not NULL: its caller has looked.
                    if depth > 0 && level.is_null(index) {
                        return Err(not_rectangular().with_detail("an array within an array is NULL"));
                    }
                    (start, end) = level.range(index);
                    if *length.get_or_insert(end - start) != end - start {
                        return Err(not_rectangular());
                    }
                    match below.last_mut() {
                        // Neighbours, as lists within lists mostly are, make one range.
                        Some((_, last)) if *last == start => *last = end,
                        _ => below.push((start, end)),
                    }
                }
            }
            dimensions.push(length.unwrap_or(0));
            rows = below;
        }
        Ok(dimensions)
    }
}

impl<'a> Level<'a> {
    fn values(&self) -> &'a dyn Array {
        match self {
            Level::List(array) => array.values().as_ref(),
            Level::LargeList(array) => array.values().as_ref(),
            Level::FixedSizeList(array) => array.values().as_ref(),
        }
    }

    /// Where the elements of one row begin and end.
    fn range(&self, row: usize) -> (usize, usize) {
        match self {
            Level::List(array) => {
                let offsets = array.value_offsets();
                (offsets[row] as usize, offsets[row + 1] as usize)
            }
            Level::LargeList(array) => {
                let offsets = array.value_offsets();
                (offsets[row] as usize, offsets[row + 1] as usize)
            }
            Level::FixedSizeList(array) => {
                let start = array.value_offset(row) as usize;
                (start, start + array.value_length() as usize)
            }
        }
    }

    fn is_null(&self, row: usize) -> bool {
        match self {
            Level::List(array) => array.is_null(row),
            Level::LargeList(array) => array.is_null(row),
            Level::FixedSizeList(array) => array.is_null(row),
        }
    }
}

/// An element with quotes where `array_out` puts them.
fn put_quoted(element: &[u8], out: &mut BytesMut) {
    let special = |byte: &u8| matches!(byte, b'"' | b'\\' | b'{' | b'}' | b',' | b' ' | b'\t'..=b'\r');
    if !element.is_empty() && !element.eq_ignore_ascii_case(b"null") && !element.iter().any(special) {
        out.put_slice(element);
        return;
    }
    out.put_u8(b'"');
    for &byte in element {
        if matches!(byte, b'"' | b'\\') {
            out.put_u8(b'\\');
        }
        out.put_u8(byte);
    }
    out.put_u8(b'"');
}

fn not_rectangular() -> Diagnostic {
    Diagnostic::new(
        sqlstate::ARRAY_SUBSCRIPT_ERROR,
        "multidimensional arrays must have sub-arrays with matching dimensions",
    )
    .with_hint("convert the value to text or json to read it as it is")
}

fn too_large() -> Diagnostic {
    Diagnostic::new(sqlstate::PROGRAM_LIMIT_EXCEEDED, "array size exceeds the maximum allowed")
}
