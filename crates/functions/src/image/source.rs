//! What an image function is given: checked while planning, read row by row while running.

use std::borrow::Cow;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BinaryViewArray, FixedSizeBinaryArray, Float32Array, Int32Array,
    LargeBinaryArray, StructArray,
};
use datafusion::arrow::buffer::NullBuffer;
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, Float32Type, Int32Type};
use datafusion::error::Result;

use super::file;
use crate::error::Error;
use crate::tensor::{Lists, depth, number_type};
use crate::types::{self, KnownShape};

/// What a call says about images that do not say it themselves.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct SourceOptions {
    /// Of a flat array: its height, width and channels. Of a file or an IMAGE: the channels to bring it to.
    pub shape: KnownShape,
    /// A file that cannot be decoded is NULL rather than an error.
    pub null_on_error: bool,
}

/// What a type of argument is to an image function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SourceKind {
    File,
    Image,
    /// `[values]`, `[height][width]` or `[height][width][channels]`.
    Array(usize),
    Null,
}

impl SourceKind {
    /// `None` for a type that holds no images.
    pub fn of(field: &Field) -> Option<Self> {
        let data_type = field.data_type();
        match data_type {
            DataType::Null => Some(SourceKind::Null),
            other if types::is_binary(other) => Some(SourceKind::File),
            other if types::is_image(other) => Some(SourceKind::Image),
            other if number_type(other).is_some() && depth(other) <= 3 => Some(SourceKind::Array(depth(other))),
            _ => None,
        }
    }

    /// The number of channels, as far as it is known before the rows are read.
    pub fn channels(self, field: &Field, wanted: Option<usize>) -> Option<usize> {
        match self {
            SourceKind::File => wanted,
            SourceKind::Image => wanted.or(KnownShape::of(field).channels),
            SourceKind::Array(2) => Some(1),
            SourceKind::Array(3) | SourceKind::Null => wanted,
            SourceKind::Array(_) => wanted.or_else(|| {
                let known = KnownShape::of(field);
                // An array that came from an image with an unknown number of channels has as many; others have one.
                if known.height.is_some() { known.channels } else { Some(1) }
            }),
        }
    }
}

/// One image: `pixels` are row-major `[height, width, channels]`.
pub(super) struct Image<'a> {
    pub height: usize,
    pub width: usize,
    pub channels: usize,
    pub pixels: Cow<'a, [f32]>,
}

/// A column of images.
pub(super) struct Images {
    nulls: Option<NullBuffer>,
    options: SourceOptions,
    rows: Rows,
}

enum Rows {
    Files(Files),
    Images { sizes: Box<[Int32Array; 3]>, pixels: Lists, values: Float32Array },
    Flat { lists: Lists, values: Float32Array },
    Nested { lists: Vec<Lists>, values: Float32Array },
    Null,
}

enum Files {
    Small(BinaryArray),
    Large(LargeBinaryArray),
    View(BinaryViewArray),
    Fixed(FixedSizeBinaryArray),
}

impl Images {
    /// `field` is the argument's field, whose metadata may say the shape of flat arrays.
    pub fn new(array: &ArrayRef, field: &Field, mut options: SourceOptions) -> Result<Self> {
        let nulls = array.nulls().cloned();
        let rows = match array.data_type() {
            DataType::Null => Rows::Null,
            DataType::Binary => Rows::Files(Files::Small(array.as_binary().clone())),
            DataType::LargeBinary => Rows::Files(Files::Large(array.as_binary().clone())),
            DataType::BinaryView => Rows::Files(Files::View(array.as_binary_view().clone())),
            DataType::FixedSizeBinary(_) => Rows::Files(Files::Fixed(array.as_fixed_size_binary().clone())),
            DataType::Struct(_) => images(array.as_struct())?,
            _ => {
                let known = KnownShape::of(field);
                let shape = &mut options.shape;
                shape.height = shape.height.or(known.height);
                shape.width = shape.width.or(known.width);
                shape.channels = shape.channels.or(known.channels);
                arrays(array)?
            }
        };
        Ok(Self { nulls, options, rows })
    }

    /// The image in a row; `None` for NULL.
    pub fn get(&self, row: usize) -> Result<Option<Image<'_>>, Error> {
        if self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
            return Ok(None);
        }
        match &self.rows {
            Rows::Null => Ok(None),
            Rows::Files(files) => self.file(files.value(row), row),
            Rows::Images { sizes, pixels, values } => {
                let sizes = [0, 1, 2].map(|size| sizes[size].value(row).max(0) as usize);
                let pixels = slice(values, pixels.range(row), row)?;
                let values = product(sizes);
                if values != Some(pixels.len()) || pixels.is_empty() {
                    return Err(bad(
                        row,
                        format!("image of {}×{}×{} has {} values", sizes[0], sizes[1], sizes[2], pixels.len()),
                    ));
                }
                let wanted = self.options.shape.channels.unwrap_or(sizes[2]);
                let pixels = if wanted == sizes[2] {
                    Cow::Borrowed(pixels)
                } else {
                    Cow::Owned(file::convert_channels(pixels.to_vec(), sizes[2], wanted))
                };
                Ok(Some(Image { height: sizes[0], width: sizes[1], channels: wanted, pixels }))
            }
            Rows::Flat { lists, values } => self.flat(slice(values, lists.range(row), row)?, row).map(Some),
            Rows::Nested { lists, values } => self.nested(lists, values, row).map(Some),
        }
    }

    /// The number of values that the file in a row decodes to, as its head says; 0 for what is no file that can be decoded.
    pub fn file_values(&self, row: usize) -> usize {
        match &self.rows {
            Rows::Files(files) if self.nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row)) => {
                file::values_of(files.value(row), self.options.shape.channels).unwrap_or(0)
            }
            _ => 0,
        }
    }

    fn file(&self, bytes: &[u8], row: usize) -> Result<Option<Image<'_>>, Error> {
        match file::decode(bytes, self.options.shape.channels) {
            Ok(file) => Ok(Some(Image {
                height: file.height,
                width: file.width,
                channels: file.channels,
                pixels: Cow::Owned(file.pixels),
            })),
            Err(_) if self.options.null_on_error => Ok(None),
            Err(cause) => Err(Error::Image {
                message: format!("could not decode image: {cause}"),
                row,
                hint: Some("on_error => 'null' gives NULL for such an image".to_owned()),
            }),
        }
    }

    fn flat<'a>(&self, pixels: &'a [f32], row: usize) -> Result<Image<'a>, Error> {
        let shape = self.options.shape;
        let values = pixels.len();
        let one_channel = shape.channels.unwrap_or(1);
        let sizes = match (shape.height, shape.width) {
            (Some(height), Some(width)) => {
                let channels = shape.channels.or_else(|| per(values, height.checked_mul(width)));
                channels.map(|channels| (height, width, channels))
            }
            (Some(height), None) => {
                per(values, height.checked_mul(one_channel)).map(|width| (height, width, one_channel))
            }
            (None, Some(width)) => {
                per(values, width.checked_mul(one_channel)).map(|height| (height, width, one_channel))
            }
            (None, None) => per(values, Some(one_channel)).and_then(square_root).map(|side| (side, side, one_channel)),
        };
        match sizes {
            Some((height, width, channels)) if values > 0 && product([height, width, channels]) == Some(values) => {
                Ok(Image { height, width, channels, pixels: Cow::Borrowed(pixels) })
            }
            _ => {
                let expected = match shape {
                    KnownShape { height: None, width: None, channels } => {
                        format!("which is no square image of {} channel(s)", channels.unwrap_or(1))
                    }
                    known => format!("which does not fit {known}"),
                };
                Err(Error::Image {
                    message: format!("array has {values} values, {expected}"),
                    row,
                    hint: Some(
                        "give the shape of the array: source_height => …, source_width => …, channels => …".to_owned(),
                    ),
                })
            }
        }
    }

    fn nested<'a>(&self, lists: &[Lists], values: &'a Float32Array, row: usize) -> Result<Image<'a>, Error> {
        let lines = lists[0].range(row);
        let height = lines.len();
        let mut pixels = lines;
        let mut sizes = [1; 2];
        for (size, list) in sizes.iter_mut().zip(&lists[1..]) {
            let span = list.span(&pixels, row)?;
            *size = if pixels.is_empty() { 0 } else { list.range(pixels.start).len() };
            if pixels.clone().any(|line| list.range(line).len() != *size) {
                return Err(bad(row, "array has lines of different lengths".to_owned()));
            }
            pixels = span;
        }
        let [width, channels] = sizes;
        if height == 0 || width == 0 || channels == 0 {
            return Err(bad(row, "array is empty".to_owned()));
        }
        if let Some(wanted) = self.options.shape.channels
            && wanted != channels
        {
            return Err(bad(row, format!("image has {channels} channels where {wanted} were promised")));
        }
        Ok(Image { height, width, channels, pixels: Cow::Borrowed(slice(values, pixels, row)?) })
    }
}

impl Files {
    fn value(&self, row: usize) -> &[u8] {
        match self {
            Files::Small(array) => array.value(row),
            Files::Large(array) => array.value(row),
            Files::View(array) => array.value(row),
            Files::Fixed(array) => array.value(row),
        }
    }
}

fn images(array: &StructArray) -> Result<Rows> {
    let sizes = Box::new([0, 1, 2].map(|column| array.column(column).as_primitive::<Int32Type>().clone()));
    let pixels = array.column(3);
    let values = pixels.as_list::<i32>().values().as_primitive::<Float32Type>().clone();
    Ok(match Lists::new(pixels) {
        Some(pixels) => Rows::Images { sizes, pixels, values },
        None => Rows::Null,
    })
}

fn arrays(array: &ArrayRef) -> Result<Rows> {
    let mut lists = vec![];
    let mut level = Arc::clone(array);
    while let Some(list) = Lists::new(&level) {
        level = Arc::clone(&list.values);
        lists.push(list);
    }
    let values = cast(&level, &DataType::Float32)?.as_primitive::<Float32Type>().clone();
    Ok(match (lists.len(), lists.pop()) {
        (1, Some(lists)) => Rows::Flat { lists, values },
        (_, Some(last)) => {
            lists.push(last);
            Rows::Nested { lists, values }
        }
        (_, None) => Rows::Null,
    })
}

fn slice(values: &Float32Array, range: std::ops::Range<usize>, row: usize) -> Result<&[f32], Error> {
    if let Some(nulls) = values.nulls()
        && nulls.slice(range.start, range.len()).null_count() > 0
    {
        return Err(Error::NullValue { message: "image contains NULL".to_owned(), row });
    }
    Ok(&values.values()[range])
}

fn bad(row: usize, message: String) -> Error {
    Error::Image { message, row, hint: None }
}

/// `None` where the sizes, which a user may have made up, are too large to be multiplied.
fn product(sizes: [usize; 3]) -> Option<usize> {
    sizes[0].checked_mul(sizes[1])?.checked_mul(sizes[2])
}

/// How often `part` is in `values`, where it is a whole number.
fn per(values: usize, part: Option<usize>) -> Option<usize> {
    let part = part.filter(|part| *part > 0)?;
    values.is_multiple_of(part).then(|| values / part)
}

fn square_root(values: usize) -> Option<usize> {
    let root = values.isqrt();
    (root * root == values).then_some(root)
}
