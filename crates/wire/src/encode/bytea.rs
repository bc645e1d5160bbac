//! bytea and uuid in text.

use bytes::{BufMut, BytesMut};

use super::Style;

const HEX: &[u8; 16] = b"0123456789abcdef";

/// `\x00ff`, or with `bytea_output = 'escape'` the older form: printable ASCII as it is, the rest in octal.
pub(super) fn put_text(bytes: &[u8], style: Style, out: &mut BytesMut) {
    if style.bytea_escape {
        for &byte in bytes {
            match byte {
                b'\\' => out.put_slice(b"\\\\"),
                0x20..=0x7e => out.put_u8(byte),
                _ => out.put_slice(&[b'\\', b'0' + (byte >> 6), b'0' + (byte >> 3 & 7), b'0' + (byte & 7)]),
            }
        }
    } else {
        out.reserve(2 + bytes.len() * 2);
        out.put_slice(b"\\x");
        put_hex(bytes, out);
    }
}

/// `a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11`.
pub(super) fn put_uuid_text(bytes: &[u8], out: &mut BytesMut) {
    for (index, part) in [0..4, 4..6, 6..8, 8..10, 10..16].into_iter().enumerate() {
        if index > 0 {
            out.put_u8(b'-');
        }
        put_hex(&bytes[part], out);
    }
}

fn put_hex(bytes: &[u8], out: &mut BytesMut) {
    for &byte in bytes {
        out.put_slice(&[HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
    }
}
