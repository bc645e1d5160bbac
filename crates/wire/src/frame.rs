//! What clients send, from bytes to pgwire's messages.
//!
//! pgwire's own decoders trust the lengths inside a message: a truncated one makes them panic or read on into the next,
//! and text that is not UTF-8 is changed in silence. So a message is cut out by its length first, and its fields are read
//! here, each against what is left of it.

use std::collections::BTreeMap;

use bytes::{Buf, Bytes, BytesMut};
use mead_common::{Diagnostic, sqlstate};
use pgwire::messages::PgWireFrontendMessage as Message;
use pgwire::messages::cancel::CancelRequest;
use pgwire::messages::copy::{CopyData, CopyDone, CopyFail};
use pgwire::messages::extendedquery::{Bind, Close, Describe, Execute, Flush, Parse, Sync};
use pgwire::messages::simplequery::Query;
use pgwire::messages::startup::{GssEncRequest, PasswordMessageFamily, SASLResponse, SecretKey, SslRequest};
use pgwire::messages::terminate::Terminate;

use crate::decode::bad_utf8;

/// The longest message, its length word included.
pub(crate) const MESSAGE_BYTES_MAX: usize = 64 << 20;

/// The longest message of a kind that carries names only, as PostgreSQL's PQ_SMALL_MESSAGE_LIMIT.
const SMALL_MESSAGE_BYTES_MAX: usize = 10_000;

/// The longest start-up packet.
const STARTUP_BYTES_MAX: usize = 10 << 10;

const CANCEL_REQUEST_CODE: u32 = 80_877_102;

/// A message that could not be read.
#[derive(Debug)]
pub(crate) struct Malformed {
    pub(crate) report: Box<Diagnostic>,
    /// The stream of messages is lost: nothing can follow.
    pub(crate) fatal: bool,
    /// It belonged to the extended protocol: what follows is skipped up to Sync.
    pub(crate) extended: bool,
}

impl Malformed {
    pub(crate) fn fatal(message: impl Into<String>) -> Self {
        Self { report: Box::new(Diagnostic::new(sqlstate::PROTOCOL_VIOLATION, message)), fatal: true, extended: false }
    }
}

/// Takes the first message out of `input`; `None` until it is there as a whole.
pub(crate) fn take_message(input: &mut BytesMut) -> Result<Option<Message>, Malformed> {
    let Some(&kind) = input.first() else { return Ok(None) };
    let limit = match kind {
        b'Q' | b'P' | b'B' | b'd' | b'F' => MESSAGE_BYTES_MAX,
        b'C' | b'D' | b'E' | b'H' | b'S' | b'X' | b'p' | b'c' | b'f' => SMALL_MESSAGE_BYTES_MAX,
        _ => return Err(Malformed::fatal(format!("invalid frontend message type {kind}"))),
    };
    let Some(length) = input.get(1..5) else { return Ok(None) };
    let length = u32::from_be_bytes([length[0], length[1], length[2], length[3]]) as usize;
    if length < 4 {
        return Err(Malformed::fatal("invalid message length"));
    }
    if length > limit {
        let mut malformed = Malformed::fatal(format!("message of {length} bytes exceeds the limit of {limit}"));
        malformed.report.sqlstate = sqlstate::PROGRAM_LIMIT_EXCEEDED;
        return Err(malformed);
    }
    if input.len() < 1 + length {
        return Ok(None);
    }
    let mut body = input.split_to(1 + length).freeze();
    body.advance(5);
    let extended = matches!(kind, b'P' | b'B' | b'C' | b'D' | b'E' | b'H');
    read_body(kind, Reader(body)).map(Some).map_err(|report| Malformed {
        report: Box::new(report),
        fatal: false,
        extended,
    })
}

fn read_body(kind: u8, mut reader: Reader) -> Result<Message, Diagnostic> {
    let message = match kind {
        b'Q' => Message::Query(Query::new(reader.string()?)),
        b'P' => {
            let (name, query) = (reader.name()?, reader.string()?);
            Message::Parse(Parse::new(name, query, reader.many(|reader| reader.u32())?))
        }
        b'B' => {
            let (portal, statement) = (reader.name()?, reader.name()?);
            let formats = reader.many(|reader| reader.i16())?;
            let parameters = reader.many(Reader::value)?;
            Message::Bind(Bind::new(portal, statement, formats, parameters, reader.many(|reader| reader.i16())?))
        }
        b'C' => Message::Close(Close::new(reader.u8()?, reader.name()?)),
        b'D' => Message::Describe(Describe::new(reader.u8()?, reader.name()?)),
        b'E' => Message::Execute(Execute::new(reader.name()?, reader.u32()? as i32)),
        b'H' => Message::Flush(Flush::new()),
        b'S' => Message::Sync(Sync::new()),
        b'X' => Message::Terminate(Terminate::new()),
        b'p' => {
            return Ok(Message::PasswordMessageFamily(PasswordMessageFamily::SASLResponse(SASLResponse::new(
                reader.0,
            ))));
        }
        b'd' => return Ok(Message::CopyData(CopyData::new(reader.0))),
        b'c' => Message::CopyDone(CopyDone::new()),
        b'f' => Message::CopyFail(CopyFail::new(reader.string()?)),
        _ => return Err(Diagnostic::unsupported("the function call protocol is not supported")),
    };
    if reader.0.is_empty() { Ok(message) } else { Err(violation("invalid message format")) }
}

/// The first packet of a connection.
#[derive(Debug)]
pub(crate) enum Opening {
    Tls,
    GssEncryption,
    Cancel(CancelRequest),
    Startup { major: u16, minor: u16, parameters: BTreeMap<String, String> },
}

/// Takes a packet without a type byte out of `input`; `None` until it is there as a whole.
pub(crate) fn take_opening(input: &mut BytesMut) -> Result<Option<Opening>, Malformed> {
    let Some(length) = input.get(0..4) else { return Ok(None) };
    let length = u32::from_be_bytes([length[0], length[1], length[2], length[3]]) as usize;
    if !(8..=STARTUP_BYTES_MAX).contains(&length) {
        return Err(Malformed::fatal("invalid length of startup packet"));
    }
    if input.len() < length {
        return Ok(None);
    }
    let mut body = input.split_to(length).freeze();
    body.advance(4);
    read_opening(Reader(body)).map(Some).map_err(|report| Malformed {
        report: Box::new(report),
        fatal: true,
        extended: false,
    })
}

fn read_opening(mut reader: Reader) -> Result<Opening, Diagnostic> {
    let code = reader.u32()?;
    if code == SslRequest::BODY_MAGIC_NUMBER as u32 {
        return Ok(Opening::Tls);
    }
    if code == GssEncRequest::BODY_MAGIC_NUMBER as u32 {
        return Ok(Opening::GssEncryption);
    }
    if code == CANCEL_REQUEST_CODE {
        let pid = reader.u32()? as i32;
        return Ok(Opening::Cancel(CancelRequest::new(pid, SecretKey::Bytes(reader.0))));
    }
    let (major, minor) = ((code >> 16) as u16, code as u16);
    let mut parameters = BTreeMap::new();
    if major == 3 {
        loop {
            let name = reader.string()?;
            if name.is_empty() {
                break;
            }
            parameters.insert(name, reader.string()?);
        }
        if !reader.0.is_empty() {
            return Err(violation("invalid startup packet layout: expected terminator as last byte"));
        }
    }
    Ok(Opening::Startup { major, minor, parameters })
}

/// SASLInitialResponse: the mechanism, and the first message of its exchange.
pub(crate) fn sasl_initial_response(body: Bytes) -> Result<(String, Option<Bytes>), Diagnostic> {
    let mut reader = Reader(body);
    Ok((reader.string()?, reader.value()?))
}

/// The rest of one message.
struct Reader(Bytes);

impl Reader {
    fn take(&mut self, length: usize) -> Result<Bytes, Diagnostic> {
        if length > self.0.len() {
            return Err(violation("insufficient data left in message"));
        }
        Ok(self.0.split_to(length))
    }

    fn u8(&mut self) -> Result<u8, Diagnostic> {
        if self.0.is_empty() { Err(violation("no data left in message")) } else { Ok(self.0.get_u8()) }
    }

    fn i16(&mut self) -> Result<i16, Diagnostic> {
        self.take(2).map(|bytes| i16::from_be_bytes([bytes[0], bytes[1]]))
    }

    fn u32(&mut self) -> Result<u32, Diagnostic> {
        self.take(4).map(|bytes| u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    /// Text up to a zero byte.
    fn string(&mut self) -> Result<String, Diagnostic> {
        let end = self.0.iter().position(|&byte| byte == 0).ok_or_else(|| violation("invalid string in message"))?;
        let bytes = self.take(end + 1)?;
        match std::str::from_utf8(&bytes[..end]) {
            Ok(text) => Ok(text.to_owned()),
            Err(error) => Err(bad_utf8(&bytes[error.valid_up_to()..end])),
        }
    }

    /// The name of a statement or a portal; `None` for the unnamed one.
    fn name(&mut self) -> Result<Option<String>, Diagnostic> {
        self.string().map(|name| (!name.is_empty()).then_some(name))
    }

    /// A value with its length before it, -1 for NULL.
    fn value(&mut self) -> Result<Option<Bytes>, Diagnostic> {
        match self.u32()? as i32 {
            -1 => Ok(None),
            length => {
                let length = usize::try_from(length).map_err(|_| violation("invalid value length in message"))?;
                self.take(length).map(Some)
            }
        }
    }

    /// A count of 16 bits, then as many items.
    fn many<T>(&mut self, mut read: impl FnMut(&mut Self) -> Result<T, Diagnostic>) -> Result<Vec<T>, Diagnostic> {
        let count = self.i16()? as u16;
        // An item has at least two bytes: a count beyond that fails soon, and reserves nothing before.
        let mut items = Vec::with_capacity(usize::from(count).min(self.0.len() / 2));
        for _ in 0..count {
            items.push(read(self)?);
        }
        Ok(items)
    }
}

fn violation(message: &str) -> Diagnostic {
    Diagnostic::new(sqlstate::PROTOCOL_VIOLATION, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(kind: u8, body: &[u8]) -> BytesMut {
        let mut input = BytesMut::from(&[kind][..]);
        input.extend_from_slice(&(body.len() as u32 + 4).to_be_bytes());
        input.extend_from_slice(body);
        input
    }

    #[test]
    fn a_message_waits_for_its_end() {
        let whole = framed(b'Q', b"SELECT 1\0");
        for end in 0..whole.len() {
            assert!(take_message(&mut BytesMut::from(&whole[..end])).unwrap().is_none());
        }
        let mut input = whole.clone();
        input.extend_from_slice(b"rest");
        let Some(Message::Query(query)) = take_message(&mut input).unwrap() else { panic!() };
        assert_eq!(query.query, "SELECT 1");
        assert_eq!(&input[..], b"rest");
    }

    #[test]
    fn lengths_are_bounded() {
        let mut input = BytesMut::from(&b"Q\0\0\0\x03"[..]);
        assert!(take_message(&mut input).unwrap_err().fatal);
        let mut input = BytesMut::from(&b"Q\x04\0\0\x01"[..]);
        let malformed = take_message(&mut input).unwrap_err();
        assert!(malformed.fatal);
        assert_eq!(malformed.report.sqlstate, sqlstate::PROGRAM_LIMIT_EXCEEDED);
        let mut input = BytesMut::from(&b"S\0\xff\0\0"[..]);
        assert!(take_message(&mut input).unwrap_err().fatal);
        assert!(take_message(&mut BytesMut::from(&b"\x16\x03\x01"[..])).unwrap_err().fatal);
        assert!(take_opening(&mut BytesMut::from(&b"\0\0\x28\x01"[..])).unwrap_err().fatal);
        assert!(take_opening(&mut BytesMut::from(&b"\0\0\0\x07"[..])).unwrap_err().fatal);
    }

    /// Cut short in every place, and with every byte changed: an error or a message, never a panic, and the next message
    /// is found.
    #[test]
    fn damaged_bodies_are_errors() {
        let bind = b"p\0s\0\0\x01\0\x01\0\x02\0\0\0\x04\0\0\0\x07\xff\xff\xff\xff\0\x01\0\x01";
        for (kind, body) in
            [(b'B', &bind[..]), (b'P', b"s\0SELECT $1\0\0\x01\0\0\0\x17"), (b'E', b"p\0\0\0\0\0"), (b'D', b"Ss\0")]
        {
            assert!(take_message(&mut framed(kind, body)).unwrap().is_some());
            for end in 0..body.len() {
                let mut input = framed(kind, &body[..end]);
                input.extend_from_slice(&framed(b'S', b""));
                let malformed = take_message(&mut input).unwrap_err();
                assert!(!malformed.fatal && malformed.extended);
                assert!(matches!(take_message(&mut input), Ok(Some(Message::Sync(_)))));
            }
            for at in 0..body.len() {
                for value in [0, 1, 0x7f, 0x80, 0xff] {
                    let mut changed = body.to_vec();
                    changed[at] = value;
                    let _ = take_message(&mut framed(kind, &changed));
                }
            }
        }
    }

    #[test]
    fn text_is_checked() {
        let malformed = take_message(&mut framed(b'Q', b"SELECT '\xff\xfe'\0")).unwrap_err();
        assert_eq!(malformed.report.sqlstate, sqlstate::CHARACTER_NOT_IN_REPERTOIRE);
        assert_eq!(malformed.report.message, "invalid byte sequence for encoding \"UTF8\": 0xff");
        assert!(!malformed.fatal);
    }

    #[test]
    fn openings() {
        let packet = |body: &[u8]| {
            let mut input = BytesMut::from(&(body.len() as u32 + 4).to_be_bytes()[..]);
            input.extend_from_slice(body);
            take_opening(&mut input)
        };
        assert!(matches!(packet(&80_877_103_u32.to_be_bytes()), Ok(Some(Opening::Tls))));
        assert!(matches!(packet(&80_877_104_u32.to_be_bytes()), Ok(Some(Opening::GssEncryption))));
        let Ok(Some(Opening::Cancel(cancel))) = packet(b"\x04\xd2\x16\x2e\0\0\0\x05abcdefgh") else { panic!() };
        assert_eq!((cancel.pid, cancel.secret_key), (5, SecretKey::Bytes(Bytes::from_static(b"abcdefgh"))));
        let Ok(Some(Opening::Startup { major: 3, minor: 2, parameters })) = packet(b"\0\x03\0\x02user\0mead\0\0")
        else {
            panic!()
        };
        assert_eq!(parameters["user"], "mead");
        assert!(packet(b"\0\x03\0\0user\0mead\0").is_err());
        assert!(packet(b"\0\x03\0\0user\0").is_err());
    }
}
