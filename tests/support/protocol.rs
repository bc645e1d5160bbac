//! A small client of raw messages, blocking, whose answers are text on both paths: simple query, and Parse, Bind, Describe,
//! Execute, Sync.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Longer than any statement of the suites takes.
const SILENCE: Duration = Duration::from_secs(120);

/// A connection.
pub struct Connection {
    socket: TcpStream,
    /// What the last ReadyForQuery said: `I`, `T` or `E`.
    pub status: char,
}

/// What a statement gave.
#[derive(Debug, Default)]
pub struct Answer {
    /// Name and type's OID of each column; empty for a statement without rows.
    pub columns: Vec<(String, u32)>,
    pub has_rows: bool,
    pub rows: Vec<Vec<Option<String>>>,
    pub tag: String,
    pub notices: Vec<Report>,
}

/// An ErrorResponse or a NoticeResponse, as it is compared in the suites: a line a field.
#[derive(Debug, Clone, Default)]
pub struct Report {
    pub sqlstate: String,
    pub message: String,
    pub detail: Option<String>,
    pub hint: Option<String>,
    pub position: Option<String>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.sqlstate, self.message)?;
        for (name, field) in [("POSITION", &self.position), ("DETAIL", &self.detail), ("HINT", &self.hint)] {
            if let Some(field) = field {
                write!(f, "\n{name}: {field}")?;
            }
        }
        Ok(())
    }
}

/// Why there is no answer.
#[derive(Debug)]
pub enum Error {
    Server(Report),
    Lost(io::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Server(report) => report.fmt(f),
            Error::Lost(error) => write!(f, "the connection was lost: {error}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Error::Lost(error)
    }
}

impl Connection {
    pub fn open(address: SocketAddr, user: &str) -> Result<Self, Error> {
        let socket = TcpStream::connect(address)?;
        socket.set_read_timeout(Some(SILENCE))?;
        socket.set_nodelay(true)?;
        let mut connection = Self { socket, status: ' ' };
        let mut body = 0x0003_0000_u32.to_be_bytes().to_vec();
        for word in ["user", user, "database", "default", "application_name", "tests", ""] {
            body.extend(word.as_bytes());
            body.push(0);
        }
        let mut packet = (body.len() as u32 + 4).to_be_bytes().to_vec();
        packet.extend(body);
        connection.socket.write_all(&packet)?;
        connection.answer()?;
        Ok(connection)
    }

    /// A query string by the simple protocol; the answer is its last statement's.
    pub fn simple(&mut self, sql: &str) -> Result<Answer, Error> {
        self.socket.write_all(&message(b'Q', &cstring(sql)))?;
        self.answer()
    }

    /// One statement without parameters by the extended protocol, through the unnamed statement and portal.
    pub fn extended(&mut self, sql: &str) -> Result<Answer, Error> {
        let mut parse = vec![0];
        parse.extend(cstring(sql));
        parse.extend([0, 0]);
        let messages = [
            message(b'P', &parse),
            message(b'B', &[0, 0, 0, 0, 0, 0, 0, 0]),
            message(b'D', b"P\0"),
            message(b'E', &[0, 0, 0, 0, 0]),
            message(b'S', &[]),
        ];
        self.socket.write_all(&messages.concat())?;
        self.answer()
    }

    /// One statement with one parameter of a declared type, sent as text; its results as text too.
    pub fn with_parameter(&mut self, sql: &str, oid: u32, value: Option<&str>) -> Result<Answer, Error> {
        let parse = [vec![0], cstring(sql), vec![0, 1], oid.to_be_bytes().to_vec()].concat();
        let value = match value {
            Some(text) => [&(text.len() as u32).to_be_bytes(), text.as_bytes()].concat(),
            None => (-1_i32).to_be_bytes().to_vec(),
        };
        let bind = [vec![0, 0, 0, 0, 0, 1], value, vec![0, 0]].concat();
        let messages = [
            message(b'P', &parse),
            message(b'B', &bind),
            message(b'D', b"P\0"),
            message(b'E', &[0, 0, 0, 0, 0]),
            message(b'S', &[]),
        ];
        self.socket.write_all(&messages.concat())?;
        self.answer()
    }

    /// The messages of one statement under a name, to be run later.
    pub fn parse(&mut self, name: &str, sql: &str) -> Result<Answer, Error> {
        let body = [cstring(name), cstring(sql), vec![0, 0]].concat();
        self.socket.write_all(&[message(b'P', &body), message(b'S', &[])].concat())?;
        self.answer()
    }

    /// Runs a named statement without parameters.
    pub fn run_named(&mut self, name: &str) -> Result<Answer, Error> {
        let bind = [vec![0], cstring(name), vec![0; 6]].concat();
        let messages =
            [message(b'B', &bind), message(b'D', b"P\0"), message(b'E', &[0, 0, 0, 0, 0]), message(b'S', &[])];
        self.socket.write_all(&messages.concat())?;
        self.answer()
    }

    /// Closes a named statement.
    pub fn close_named(&mut self, name: &str) -> Result<Answer, Error> {
        let close = [b"S".to_vec(), cstring(name)].concat();
        self.socket.write_all(&[message(b'C', &close), message(b'S', &[])].concat())?;
        self.answer()
    }

    /// Statements in a row by the extended protocol, with one Sync behind them all.
    pub fn pipeline(&mut self, statements: &[&str]) -> Result<Answer, Error> {
        let mut messages = Vec::new();
        for sql in statements {
            messages.extend(message(b'P', &[vec![0], cstring(sql), vec![0, 0]].concat()));
            messages.extend(message(b'B', &[0; 8]));
            messages.extend(message(b'E', &[0, 0, 0, 0, 0]));
        }
        messages.extend(message(b'S', &[]));
        self.socket.write_all(&messages)?;
        self.answer()
    }

    /// What the server says though it was not asked, and then closes: its last error.
    pub fn farewell(&mut self) -> Result<Report, Error> {
        loop {
            if let (b'E', body) = self.read()? {
                return Ok(fields(&body));
            }
        }
    }

    /// Everything up to ReadyForQuery.
    fn answer(&mut self) -> Result<Answer, Error> {
        let mut answer = Answer::default();
        let mut failed = None;
        loop {
            let (kind, body) = self.read()?;
            match kind {
                b'T' => {
                    answer.columns = columns(&body);
                    answer.has_rows = true;
                    answer.rows.clear();
                }
                b'D' => answer.rows.push(values(&body)),
                b'C' => answer.tag = text(&body),
                b'E' => failed = Some(fields(&body)),
                b'N' => answer.notices.push(fields(&body)),
                b'Z' => {
                    self.status = char::from(body[0]);
                    return failed.map_or(Ok(answer), |report| Err(Error::Server(report)));
                }
                _ => {}
            }
        }
    }

    fn read(&mut self) -> io::Result<(u8, Vec<u8>)> {
        let mut head = [0; 5];
        self.socket.read_exact(&mut head)?;
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
        let mut body = vec![0; length - 4];
        self.socket.read_exact(&mut body)?;
        Ok((head[0], body))
    }
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut message = vec![kind];
    message.extend((body.len() as u32 + 4).to_be_bytes());
    message.extend(body);
    message
}

fn cstring(text: &str) -> Vec<u8> {
    [text.as_bytes(), b"\0"].concat()
}

fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

fn columns(body: &[u8]) -> Vec<(String, u32)> {
    let count = u16::from_be_bytes([body[0], body[1]]);
    let mut rest = &body[2..];
    (0..count)
        .map(|_| {
            let name = text(rest);
            rest = &rest[name.len() + 1..];
            let oid = u32::from_be_bytes([rest[6], rest[7], rest[8], rest[9]]);
            rest = &rest[18..];
            (name, oid)
        })
        .collect()
}

fn values(body: &[u8]) -> Vec<Option<String>> {
    let mut rest = &body[2..];
    let mut values = Vec::new();
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        match usize::try_from(i32::from_be_bytes(*length)) {
            Ok(length) => {
                values.push(Some(String::from_utf8_lossy(&after[..length]).into_owned()));
                rest = &after[length..];
            }
            Err(_) => {
                values.push(None);
                rest = after;
            }
        }
    }
    values
}

fn fields(body: &[u8]) -> Report {
    let mut report = Report::default();
    for field in body.split(|&byte| byte == 0).filter(|field| !field.is_empty()) {
        let value = String::from_utf8_lossy(&field[1..]).into_owned();
        match field[0] {
            b'C' => report.sqlstate = value,
            b'M' => report.message = value,
            b'D' => report.detail = Some(value),
            b'H' => report.hint = Some(value),
            b'P' => report.position = Some(value),
            _ => {}
        }
    }
    report
}
