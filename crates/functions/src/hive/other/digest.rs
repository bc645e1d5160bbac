//! `md5`, `sha1`, `sha2`, `crc32`.

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::Int64Type;
use datafusion::error::Result;
use sha2::Digest as _;

use super::SECTION;
use crate::hive::call::Call;
use crate::hive::definition::{BASE, Definition, Kind, bigint};
use crate::hive::math::lower;

const VALUE: &[(&str, Kind, &str)] = &[("value", Kind::Primitive, "Bytes or a text.")];

static MD5: Definition = Definition {
    name: "md5",
    arguments: VALUE,
    run: |call| digest(call, |bytes| lower(&<md5::Md5 as md5::Digest>::digest(bytes))),
    section: &SECTION,
    description: "The MD5 digest in hexadecimal digits.",
    example: "SELECT md5('ABC'); -- 902fbdd2b1df0c4f70b4a5d23525e932",
    ..BASE
};

static SHA1: Definition = Definition {
    name: "sha1",
    aliases: &["sha"],
    arguments: VALUE,
    run: |call| digest(call, |bytes| lower(&<sha1::Sha1 as sha1::Digest>::digest(bytes))),
    section: &SECTION,
    description: "The SHA-1 digest in hexadecimal digits.",
    example: "SELECT sha1('ABC'); -- 3c01bdbb26f358bab27f267924aa2c9a03fcfdb8",
    ..BASE
};

static SHA2: Definition = Definition {
    name: "sha2",
    arguments: &[
        ("value", Kind::Primitive, "Bytes or a text."),
        ("bits", Kind::Number, "224, 256, 384 or 512; 0 means 256. With another number the result is NULL."),
    ],
    run: |call| {
        let (values, bits) = (call.bytes(0)?, call.whole(1)?);
        call.texts(|row| {
            let value = values.get(row)?;
            Some(match bits.get(row)? {
                224 => lower(&sha2::Sha224::digest(value)),
                0 | 256 => lower(&sha2::Sha256::digest(value)),
                384 => lower(&sha2::Sha384::digest(value)),
                512 => lower(&sha2::Sha512::digest(value)),
                _ => return None,
            })
        })
    },
    section: &SECTION,
    description: "A digest of the SHA-2 family in hexadecimal digits.",
    example: "SELECT sha2('ABC', 256); -- b5d4045c3f466fa91fe2cc6abe79232a1a57cdf104f7a26e716e0a1e2789df78",
    ..BASE
};

static CRC32: Definition = Definition {
    name: "crc32",
    arguments: VALUE,
    result: bigint,
    run: |call| {
        let values = call.bytes(0)?;
        call.primitives::<Int64Type>(|row| Some(i64::from(crc32fast::hash(values.get(row)?))))
    },
    section: &SECTION,
    description: "The CRC-32 check sum.",
    example: "SELECT crc32('ABC'); -- 2743272264",
    ..BASE
};

pub(super) static FUNCTIONS: &[&Definition] = &[&CRC32, &MD5, &SHA1, &SHA2];

fn digest(call: &Call, of: fn(&[u8]) -> String) -> Result<ArrayRef> {
    let values = call.bytes(0)?;
    call.texts(|row| values.get(row).map(of))
}
