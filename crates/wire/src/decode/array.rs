//! Arrays, in text (`{1,2,NULL}`) and in binary, of any number of dimensions: lists within lists.

use std::sync::Arc;

use arrow::array::{ArrayRef, ListArray};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::Field;
use mead_common::{Diagnostic, sqlstate};

use super::{Context, scalar, shorten};
use crate::types::Scalar;

/// Postgres's MAXDIM.
const DIMENSIONS_MAX: usize = 6;

/// One row that holds the array.
pub(super) fn read(bytes: &[u8], binary: bool, scalar: Scalar, context: &Context) -> Result<ArrayRef, Diagnostic> {
    if binary {
        let (dimensions, elements) = from_binary(bytes, scalar, context)?;
        return nest(scalar::read(&elements, true, scalar, context)?, &dimensions);
    }
    let text = context.text(bytes)?;
    let (dimensions, elements) = Parser::new(text).parse()?;
    let elements: Vec<Option<&[u8]>> = elements.iter().map(|element| element.as_ref().map(String::as_bytes)).collect();
    nest(scalar::read(&elements, false, scalar, context)?, &dimensions)
}

/// Puts the elements into lists, the innermost dimension first.
fn nest(elements: ArrayRef, dimensions: &[usize]) -> Result<ArrayRef, Diagnostic> {
    let mut array = elements;
    let dimensions = if dimensions.is_empty() { &[0][..] } else { dimensions };
    for (depth, &length) in dimensions.iter().enumerate().rev() {
        let lists: usize = dimensions[..depth].iter().product();
        let offsets = OffsetBuffer::from_lengths(std::iter::repeat_n(length, lists));
        let field = Arc::new(Field::new_list_field(array.data_type().clone(), true));
        let list = ListArray::try_new(field, offsets, array, None)
            .map_err(|error| Diagnostic::internal("an array parameter could not be built").with_source(error))?;
        array = Arc::new(list);
    }
    Ok(array)
}

type Elements<'a> = Vec<Option<&'a [u8]>>;

fn from_binary<'a>(
    bytes: &'a [u8],
    scalar: Scalar,
    context: &Context,
) -> Result<(Vec<usize>, Elements<'a>), Diagnostic> {
    let mut rest = bytes;
    let mut next = || -> Result<i32, Diagnostic> {
        let (head, tail) = rest.split_first_chunk::<4>().ok_or_else(|| context.bad_binary())?;
        rest = tail;
        Ok(i32::from_be_bytes(*head))
    };
    let count = usize::try_from(next()?).map_err(|_| context.bad_binary())?;
    let _has_nulls = next()?;
    let element_oid = next()? as u32;
    if element_oid != scalar.oid() {
        return Err(Diagnostic::new(
            sqlstate::DATATYPE_MISMATCH,
            format!("binary data has array element type {element_oid} instead of expected {}", scalar.oid()),
        ));
    }
    if count > DIMENSIONS_MAX {
        return Err(too_many_dimensions(count));
    }
    let mut dimensions = Vec::with_capacity(count);
    for _ in 0..count {
        dimensions.push(usize::try_from(next()?).map_err(|_| context.bad_binary())?);
        let _lower_bound = next()?;
    }
    let total = dimensions.iter().try_fold(1_usize, |total, &length| total.checked_mul(length));
    let total = if count == 0 { 0 } else { total.ok_or_else(|| context.bad_binary())? };
    // Each element takes four bytes at least: a larger total is a lie.
    if total > bytes.len() / 4 {
        return Err(context.bad_binary());
    }
    let mut elements = Vec::with_capacity(total);
    for _ in 0..total {
        let (head, tail) = rest.split_first_chunk::<4>().ok_or_else(|| context.bad_binary())?;
        rest = tail;
        match usize::try_from(i32::from_be_bytes(*head)) {
            Err(_) => elements.push(None),
            Ok(length) => {
                let (value, tail) = rest.split_at_checked(length).ok_or_else(|| context.bad_binary())?;
                elements.push(Some(value));
                rest = tail;
            }
        }
    }
    if !rest.is_empty() {
        return Err(context.bad_binary());
    }
    if total == 0 {
        dimensions.clear();
    }
    Ok((dimensions, elements))
}

/// Reads an array literal.
struct Parser<'a> {
    text: &'a str,
    rest: &'a str,
    dimensions: Vec<Option<usize>>,
    elements: Vec<Option<String>>,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, rest: text.trim(), dimensions: Vec::new(), elements: Vec::new() }
    }

    fn parse(mut self) -> Result<(Vec<usize>, Vec<Option<String>>), Diagnostic> {
        self.skip_bounds()?;
        self.level(0)?;
        if !self.rest.trim().is_empty() {
            return Err(self.malformed("junk after closing right brace"));
        }
        let dimensions: Vec<usize> = self.dimensions.iter().map(|length| length.unwrap_or(0)).collect();
        if self.elements.is_empty() { Ok((Vec::new(), Vec::new())) } else { Ok((dimensions, self.elements)) }
    }

    /// `[0:2]={…}`: the bounds are read over, for Arrow's lists count from one end only.
    fn skip_bounds(&mut self) -> Result<(), Diagnostic> {
        if self.rest.starts_with('[') {
            let equals = self.rest.find('=').ok_or_else(|| self.malformed("missing assignment operator"))?;
            self.rest = self.rest[equals + 1..].trim_start();
        }
        Ok(())
    }

    fn level(&mut self, depth: usize) -> Result<(), Diagnostic> {
        if depth >= DIMENSIONS_MAX {
            return Err(too_many_dimensions(depth + 1));
        }
        if self.dimensions.len() == depth {
            self.dimensions.push(None);
        }
        self.expect('{')?;
        let mut length = 0;
        if self.peek() == Some('}') {
            self.expect('}')?;
            return self.close(depth, length);
        }
        loop {
            if self.peek() == Some('{') {
                if length > 0 && self.dimensions.len() == depth + 1 {
                    return Err(self.malformed("multidimensional arrays must have sub-arrays with matching dimensions"));
                }
                self.level(depth + 1)?;
            } else if self.dimensions.len() > depth + 1 {
                return Err(self.malformed("multidimensional arrays must have sub-arrays with matching dimensions"));
            } else {
                let element = self.element()?;
                self.elements.push(element);
            }
            length += 1;
            match self.peek() {
                Some(',') => self.expect(',')?,
                Some('}') => break,
                Some(_) => return Err(self.malformed("unexpected array element")),
                None => return Err(self.malformed("unexpected end of input")),
            }
        }
        self.expect('}')?;
        self.close(depth, length)
    }

    fn close(&mut self, depth: usize, length: usize) -> Result<(), Diagnostic> {
        match self.dimensions[depth] {
            Some(other) if other != length => {
                Err(self.malformed("multidimensional arrays must have sub-arrays with matching dimensions"))
            }
            _ => {
                self.dimensions[depth] = Some(length);
                Ok(())
            }
        }
    }

    fn element(&mut self) -> Result<Option<String>, Diagnostic> {
        self.rest = self.rest.trim_start();
        let mut value = String::new();
        let mut quoted = false;
        let mut letters = self.rest.char_indices();
        if self.rest.starts_with('"') {
            quoted = true;
            letters.next();
        }
        while let Some((at, letter)) = letters.next() {
            match letter {
                '\\' => match letters.next() {
                    Some((_, escaped)) => value.push(escaped),
                    None => break,
                },
                '"' if quoted => {
                    self.rest = &self.rest[at + 1..];
                    return Ok(Some(value));
                }
                ',' | '}' if !quoted => {
                    self.rest = &self.rest[at..];
                    let trimmed = value.trim_end();
                    if trimmed.is_empty() {
                        return Err(self.malformed(&format!("unexpected \"{letter}\" character")));
                    }
                    return Ok((!trimmed.eq_ignore_ascii_case("null")).then(|| trimmed.to_owned()));
                }
                '"' | '{' if !quoted => return Err(self.malformed("unexpected array element")),
                other => value.push(other),
            }
        }
        Err(self.malformed("unexpected end of input"))
    }

    fn peek(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start();
        self.rest.chars().next()
    }

    fn expect(&mut self, wanted: char) -> Result<(), Diagnostic> {
        self.rest = self.rest.trim_start();
        match self.rest.strip_prefix(wanted) {
            Some(rest) => {
                self.rest = rest;
                Ok(())
            }
            None => Err(self.malformed("array value must start with \"{\" or dimension information")),
        }
    }

    fn malformed(&self, detail: &str) -> Diagnostic {
        Diagnostic::new(
            sqlstate::INVALID_TEXT_REPRESENTATION,
            format!("malformed array literal: \"{}\"", shorten(self.text)),
        )
        .with_detail(detail)
    }
}

fn too_many_dimensions(count: usize) -> Diagnostic {
    Diagnostic::new(
        sqlstate::PROGRAM_LIMIT_EXCEEDED,
        format!("number of array dimensions ({count}) exceeds the maximum allowed ({DIMENSIONS_MAX})"),
    )
}
