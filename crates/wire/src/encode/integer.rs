//! Integers: decimal digits in text, big endian in binary.

use bytes::{BufMut, BytesMut};
use mead_common::{Diagnostic, sqlstate};

pub(super) fn put_text(value: impl itoa::Integer, out: &mut BytesMut) {
    out.put_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// An oid has no sign and four bytes.
pub(super) fn put_oid(value: i64, out: &mut BytesMut) -> Result<(), Diagnostic> {
    let oid = u32::try_from(value).map_err(|_| {
        Diagnostic::new(sqlstate::NUMERIC_VALUE_OUT_OF_RANGE, format!("value \"{value}\" is out of range for type oid"))
    })?;
    out.put_u32(oid);
    Ok(())
}
