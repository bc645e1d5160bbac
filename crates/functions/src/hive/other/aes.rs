//! `aes_encrypt(value, key)`, `aes_decrypt(bytes, key)`: AES in ECB mode with PKCS #5 padding, as Hive has it. ECB shows which
//! blocks are equal; Spark's are refused, whose default is another mode.

use aes::cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use datafusion::arrow::array::ArrayRef;
use datafusion::error::Result;
use mead_common::Dialect;

use super::SECTION;
use crate::hive::call::Call;
use crate::hive::definition::{BASE, Definition, Kind, bytes};

const BLOCK: usize = 16;
const KEY: (&str, Kind, &str) =
    ("key", Kind::Primitive, "16, 24 or 32 bytes. With a key of another length the result is NULL.");

static AES_ENCRYPT: Definition = Definition {
    name: "aes_encrypt",
    arguments: &[("value", Kind::Primitive, "Bytes or a text."), KEY],
    result: bytes,
    run: |call| run(call, encrypt),
    section: &SECTION,
    description: "The value, encrypted with AES (ECB, PKCS #5).",
    example: "SELECT base64(aes_encrypt('ABC', '1234567890123456')); -- y6Ss+zCYObpCbgfWfyNWTw==",
    ..BASE
};

static AES_DECRYPT: Definition = Definition {
    name: "aes_decrypt",
    arguments: &[("value", Kind::Primitive, "Bytes."), KEY],
    result: bytes,
    run: |call| run(call, decrypt),
    section: &SECTION,
    description: "What was encrypted with AES (ECB, PKCS #5); NULL if the key does not fit.",
    example: "SELECT aes_decrypt(unbase64('y6Ss+zCYObpCbgfWfyNWTw=='), '1234567890123456'); -- ABC",
    ..BASE
};

pub(super) static FUNCTIONS: &[&Definition] = &[&AES_DECRYPT, &AES_ENCRYPT];

enum Cipher {
    Short(Box<aes::Aes128>),
    Middle(Box<aes::Aes192>),
    Long(Box<aes::Aes256>),
}

impl Cipher {
    fn new(key: &[u8]) -> Option<Cipher> {
        Some(match key.len() {
            16 => Cipher::Short(Box::new(aes::Aes128::new_from_slice(key).ok()?)),
            24 => Cipher::Middle(Box::new(aes::Aes192::new_from_slice(key).ok()?)),
            32 => Cipher::Long(Box::new(aes::Aes256::new_from_slice(key).ok()?)),
            _ => return None,
        })
    }

    fn block(&self, block: &mut [u8; BLOCK], encrypts: bool) {
        let mut own = aes::Block::from(*block);
        match (self, encrypts) {
            (Cipher::Short(cipher), true) => cipher.encrypt_block(&mut own),
            (Cipher::Middle(cipher), true) => cipher.encrypt_block(&mut own),
            (Cipher::Long(cipher), true) => cipher.encrypt_block(&mut own),
            (Cipher::Short(cipher), false) => cipher.decrypt_block(&mut own),
            (Cipher::Middle(cipher), false) => cipher.decrypt_block(&mut own),
            (Cipher::Long(cipher), false) => cipher.decrypt_block(&mut own),
        }
        *block = own.into();
    }

    fn blocks(&self, bytes: &[u8], encrypts: bool) -> Option<Vec<u8>> {
        let mut result = Vec::with_capacity(bytes.len());
        for chunk in bytes.chunks(BLOCK) {
            let mut block: [u8; BLOCK] = chunk.try_into().ok()?;
            self.block(&mut block, encrypts);
            result.extend_from_slice(&block);
        }
        Some(result)
    }
}

fn run(call: &Call, function: fn(&[u8], &Cipher) -> Option<Vec<u8>>) -> Result<ArrayRef> {
    if call.dialect == Dialect::Spark {
        return Err(call.unsupported("Spark's mode (GCM)"));
    }
    let (values, keys) = (call.bytes(0)?, call.bytes(1)?);
    call.binaries(|row| function(values.get(row)?, &Cipher::new(keys.get(row)?)?))
}

fn encrypt(value: &[u8], cipher: &Cipher) -> Option<Vec<u8>> {
    let missing = BLOCK - value.len() % BLOCK;
    let mut padded = value.to_vec();
    padded.extend(std::iter::repeat_n(missing as u8, missing));
    cipher.blocks(&padded, true)
}

fn decrypt(value: &[u8], cipher: &Cipher) -> Option<Vec<u8>> {
    let mut plain = cipher.blocks(value, false)?;
    let padding = usize::from(*plain.last()?);
    let begin = plain.len().checked_sub(padding)?;
    let fits = (1..=BLOCK).contains(&padding) && plain[begin..].iter().all(|byte| usize::from(*byte) == padding);
    plain.truncate(begin);
    fits.then_some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encrypted_can_be_read() {
        for key in ["1234567890123456", "123456789012345678901234", "12345678901234567890123456789012"] {
            let cipher = Cipher::new(key.as_bytes()).unwrap();
            for text in ["", "ABC", "sixteen bytes ...", "0123456789abcdef"] {
                let hidden = encrypt(text.as_bytes(), &cipher).unwrap();
                assert_eq!(decrypt(&hidden, &cipher).as_deref(), Some(text.as_bytes()));
            }
        }
        let cipher = Cipher::new(b"1234567890123456").unwrap();
        let known = [203, 164, 172, 251, 48, 152, 57, 186, 66, 110, 7, 214, 127, 35, 86, 79];
        assert_eq!(encrypt(b"ABC", &cipher).unwrap(), known);
        assert_eq!(decrypt(&[1, 2, 3], &cipher), None);
        assert!(Cipher::new(b"short").is_none());
    }
}
