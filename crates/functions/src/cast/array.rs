//! Text as an array: `{1,2}`, `{{a,"b c"},{NULL,"d\"e"}}` (<https://www.postgresql.org/docs/15/arrays.html#ARRAYS-IO>).

use std::iter::Peekable;
use std::str::Chars;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, ListArray, StringArray};
use datafusion::arrow::buffer::{NullBuffer, OffsetBuffer};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::error::Result;
use datafusion::scalar::ScalarValue;
use mead_common::{Diagnostic, sqlstate};

use super::kernel::cast;
use crate::error::external;

/// PostgreSQL's MAXDIM.
const DIMENSIONS_MAX: usize = 6;

/// Texts as lists of the type `to`; 22P02 for a text that is no array, 0A000 for one with more dimensions than `to` has.
pub(super) fn read(texts: &StringArray, to: &DataType) -> Result<ArrayRef> {
    let dimensions = depth(to);
    let mut elements = Vec::new();
    // For each dimension, how many parts each of the lists has.
    let mut lengths: Vec<Vec<usize>> = vec![Vec::new(); dimensions];
    for text in texts {
        let Some(text) = text else {
            lengths[0].push(0);
            continue;
        };
        let parsed = Parsed::of(text)?;
        if !parsed.elements.is_empty() && parsed.lengths.len() != dimensions {
            let message = format!("\"{text}\" has {} dimensions, where {dimensions} are known", parsed.lengths.len());
            return Err(external(
                Diagnostic::unsupported(message).with_hint("an array of more dimensions can be written as a literal"),
            ));
        }
        let mut lists = 1;
        for (place, lengths) in lengths.iter_mut().enumerate() {
            let length = parsed.lengths.get(place).copied().unwrap_or(0);
            lengths.extend(std::iter::repeat_n(length, lists));
            lists *= length;
        }
        elements.extend(parsed.elements);
    }
    let mut values: ArrayRef = Arc::new(StringArray::from(elements));
    values = cast(&values, leaf(to).data_type())?;
    let mut fields = Vec::with_capacity(dimensions);
    let mut next = to;
    while let DataType::List(field) = next {
        fields.push(field);
        next = field.data_type();
    }
    for (place, (field, lengths)) in fields.into_iter().zip(lengths).enumerate().rev() {
        let nulls = (place == 0).then(|| texts.nulls().cloned()).flatten();
        values = list(field, lengths, values, nulls)?;
    }
    Ok(values)
}

/// A text as an array of the elements that `to` has, in as many dimensions as the text has.
pub(super) fn read_literal(text: &str, to: &DataType) -> Result<ScalarValue> {
    let parsed = Parsed::of(text)?;
    let leaf = leaf(to);
    let texts: ArrayRef = Arc::new(StringArray::from(parsed.elements));
    let mut values = cast(&texts, leaf.data_type())?;
    let mut field = Arc::clone(leaf);
    let mut lists = parsed.lengths.iter().product::<usize>();
    for length in parsed.lengths.iter().rev() {
        lists = lists.checked_div(*length).unwrap_or(1);
        values = list(&field, vec![*length; lists], values, None)?;
        field = Arc::new(Field::new_list_field(values.data_type().clone(), true));
    }
    ScalarValue::try_from_array(&values, 0)
}

fn list(field: &FieldRef, lengths: Vec<usize>, values: ArrayRef, nulls: Option<NullBuffer>) -> Result<ArrayRef> {
    let offsets = OffsetBuffer::<i32>::from_lengths(lengths);
    Ok(Arc::new(ListArray::try_new(Arc::clone(field), offsets, values, nulls)?))
}

fn depth(data_type: &DataType) -> usize {
    match data_type {
        DataType::List(field) => 1 + depth(field.data_type()),
        _ => 0,
    }
}

/// The innermost element of a list.
fn leaf(list: &DataType) -> &FieldRef {
    match list {
        DataType::List(field) | DataType::LargeList(field) | DataType::FixedSizeList(field, _) => {
            match field.data_type() {
                DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..) => leaf(field.data_type()),
                _ => field,
            }
        }
        other => unreachable!("{other} is no list"),
    }
}

/// What a text holds.
struct Parsed {
    /// In order, the last dimension fastest.
    elements: Vec<Option<String>>,
    /// The length of each dimension, the outermost first; one of zero for the empty array.
    lengths: Vec<usize>,
}

impl Parsed {
    fn of(text: &str) -> Result<Self> {
        let malformed = |detail: &str| {
            let message = format!("malformed array literal: \"{text}\"");
            external(Diagnostic::new(sqlstate::INVALID_TEXT_REPRESENTATION, message).with_detail(detail))
        };
        let trimmed = text.trim_matches(is_blank);
        if trimmed.starts_with('[') {
            let message = "array literals with bounds of their own are not supported";
            return Err(external(Diagnostic::unsupported(message).with_hint("write the braces alone: '{1,2}'")));
        }
        if !trimmed.starts_with('{') {
            return Err(malformed("Array value must start with \"{\" or dimension information."));
        }
        let mut reader = Reader { letters: trimmed.chars().peekable(), elements: Vec::new() };
        let lengths = reader.list(1).map_err(|detail| malformed(&detail))?;
        if reader.letters.next().is_some() {
            return Err(malformed("Junk after closing right brace."));
        }
        let lengths = if reader.elements.is_empty() { vec![0] } else { lengths };
        Ok(Self { elements: reader.elements, lengths })
    }
}

fn is_blank(letter: char) -> bool {
    matches!(letter, ' ' | '\t' | '\n' | '\r' | '\u{b}' | '\u{c}')
}

struct Reader<'a> {
    letters: Peekable<Chars<'a>>,
    elements: Vec<Option<String>>,
}

const END: &str = "Unexpected end of input.";

impl Reader<'_> {
    fn skip_blanks(&mut self) {
        while self.letters.next_if(|letter| is_blank(*letter)).is_some() {}
    }

    /// A list from its `{` on; gives the lengths of it and of what is in it.
    fn list(&mut self, depth: usize) -> std::result::Result<Vec<usize>, String> {
        if depth > DIMENSIONS_MAX {
            return Err(format!("number of array dimensions exceeds the maximum allowed ({DIMENSIONS_MAX})"));
        }
        self.letters.next();
        self.skip_blanks();
        if self.letters.next_if_eq(&'}').is_some() {
            return Ok(vec![0]);
        }
        let mut length = 0;
        let mut inner: Option<Vec<usize>> = None;
        loop {
            self.skip_blanks();
            let lengths = match self.letters.peek() {
                None => return Err(END.to_owned()),
                Some('{') => self.list(depth + 1)?,
                Some(letter @ (',' | '}')) => return Err(format!("Unexpected \"{letter}\" character.")),
                Some(_) => {
                    let element = self.element()?;
                    self.elements.push(element);
                    Vec::new()
                }
            };
            if inner.get_or_insert_with(|| lengths.clone()) != &lengths {
                return Err("Multidimensional arrays must have sub-arrays with matching dimensions.".to_owned());
            }
            length += 1;
            self.skip_blanks();
            match self.letters.next() {
                Some(',') => {}
                Some('}') => break,
                None => return Err(END.to_owned()),
                Some('"') => return Err("Unexpected array element.".to_owned()),
                Some(letter) => return Err(format!("Unexpected \"{letter}\" character.")),
            }
        }
        let mut lengths = vec![length];
        lengths.extend(inner.unwrap_or_default());
        Ok(lengths)
    }

    /// One element: between quotes as it stands, else without blanks around it; a bare NULL is none.
    fn element(&mut self) -> std::result::Result<Option<String>, String> {
        let mut text = String::new();
        if self.letters.next_if_eq(&'"').is_some() {
            loop {
                match self.letters.next() {
                    None => return Err(END.to_owned()),
                    Some('"') => return Ok(Some(text)),
                    Some('\\') => text.push(self.letters.next().ok_or(END)?),
                    Some(letter) => text.push(letter),
                }
            }
        }
        // Up to here the text's end is not blank, or is blank behind a backslash.
        let mut kept = 0;
        let mut escaped = false;
        while let Some(letter) = self.letters.next_if(|letter| !matches!(letter, ',' | '}' | '{' | '"')) {
            match letter {
                '\\' => {
                    text.push(self.letters.next().ok_or(END)?);
                    escaped = true;
                    kept = text.len();
                }
                letter => {
                    text.push(letter);
                    if !is_blank(letter) {
                        kept = text.len();
                    }
                }
            }
        }
        text.truncate(kept);
        Ok(if !escaped && text.eq_ignore_ascii_case("null") { None } else { Some(text) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> (Vec<Option<String>>, Vec<usize>) {
        let parsed = Parsed::of(text).unwrap();
        (parsed.elements, parsed.lengths)
    }

    #[test]
    fn elements() {
        let (elements, lengths) = parsed(r#" { a b , "c, \"d\"" , NULL, "NULL", \ e\  , "" } "#);
        let expected = [Some("a b"), Some("c, \"d\""), None, Some("NULL"), Some(" e "), Some("")];
        assert_eq!(elements.iter().map(Option::as_deref).collect::<Vec<_>>(), expected);
        assert_eq!(lengths, [6]);
    }

    #[test]
    fn dimensions() {
        assert_eq!(parsed("{}").1, [0]);
        assert_eq!(parsed("{{},{}}").1, [0]);
        assert_eq!(parsed("{{1,2,3},{4,5,6}}").1, [2, 3]);
    }

    #[test]
    fn what_is_malformed() {
        let texts = [
            "",
            "1,2",
            "{1,2",
            "{1,2}}",
            "{1,,2}",
            "{1,}",
            "{,1}",
            "{\"a\"b}",
            "{a\"b\"}",
            "{{1},{2,3}}",
            "{{1},2}",
            "{{1},{}}",
            "{\"a}",
            "{a\\",
            "{a{b}}",
            "{{{{{{{1}}}}}}}",
        ];
        for text in texts {
            assert!(Parsed::of(text).is_err(), "{text}");
        }
    }

    #[test]
    fn columns() {
        let texts = StringArray::from(vec![Some("{1,2}"), None, Some("{}"), Some("{NULL}")]);
        let to = DataType::new_list(DataType::Int32, true);
        let lists = read(&texts, &to).unwrap();
        assert_eq!(*lists.data_type(), to);
        assert_eq!(format!("{:?}", ScalarValue::try_from_array(&lists, 0).unwrap()), "List([1, 2])");
        assert!(lists.is_null(1));
        assert_eq!(format!("{:?}", ScalarValue::try_from_array(&lists, 2).unwrap()), "List([])");
        let deep = read_literal("{{1,2},{3,4}}", &to).unwrap();
        assert_eq!(format!("{deep:?}"), "List([[1, 2], [3, 4]])");
    }
}
