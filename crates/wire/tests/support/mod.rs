//! A server on a free port, and a client that sends and reads raw messages.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use mead_engine::{Engine, EngineConfig};
use mead_wire::{Server, WireConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A running server over an empty data directory.
pub struct Running {
    pub address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    served: JoinHandle<()>,
    _data: tempfile::TempDir,
}

impl Running {
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub async fn start_with(change: impl FnOnce(&mut WireConfig)) -> Self {
        let (engine, data) = engine().await;
        let mut config = config();
        change(&mut config);
        let server = Server::bind(config, engine).await.unwrap();
        let address = server.local_addr();
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn(server.serve(async {
            let _ = stopped.await;
        }));
        Self { address, stop: Some(stop), served, _data: data }
    }

    pub async fn client(&self) -> Client {
        self.client_with(0, &[("user", "mead"), ("database", "default")]).await
    }

    pub async fn client_with(&self, minor: u16, parameters: &[(&str, &str)]) -> Client {
        let mut client = Client { socket: TcpStream::connect(self.address).await.unwrap(), start: Vec::new() };
        let mut packet = vec![0, 3];
        packet.extend(minor.to_be_bytes());
        for (name, value) in parameters {
            packet.extend(cstring(name));
            packet.extend(cstring(value));
        }
        packet.push(0);
        let mut framed = (packet.len() as u32 + 4).to_be_bytes().to_vec();
        framed.extend(packet);
        client.send(&[framed]).await;
        client.start = client.until(b'Z').await;
        client
    }

    /// Stops the server as SIGTERM does, and waits until it has stopped.
    pub async fn stop(mut self) {
        let _ = self.stop.take().unwrap().send(());
        (&mut self.served).await.unwrap();
    }
}

pub async fn engine() -> (Arc<Engine>, tempfile::TempDir) {
    let data = tempfile::tempdir().unwrap();
    (Engine::open(EngineConfig::new(data.path())).await.unwrap(), data)
}

pub fn config() -> WireConfig {
    WireConfig { listen: "127.0.0.1:0".to_owned(), shutdown_grace: Duration::from_secs(5), ..WireConfig::default() }
}

/// A message from the server: its type, its body. A connection that has ended gives the type 0.
pub type Answer = (u8, Vec<u8>);

pub struct Client {
    pub socket: TcpStream,
    /// What the server sent up to its first ReadyForQuery.
    pub start: Vec<Answer>,
}

impl Client {
    pub async fn send(&mut self, messages: &[Vec<u8>]) {
        self.socket.write_all(&messages.concat()).await.unwrap();
    }

    pub async fn read(&mut self) -> Answer {
        let mut head = [0; 5];
        if self.socket.read_exact(&mut head).await.is_err() {
            return (0, Vec::new());
        }
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
        let mut body = vec![0; length - 4];
        self.socket.read_exact(&mut body).await.unwrap();
        (head[0], body)
    }

    /// All messages up to one of this type, or to the end.
    pub async fn until(&mut self, kind: u8) -> Vec<Answer> {
        let mut answers = Vec::new();
        loop {
            let answer = tokio::time::timeout(Duration::from_secs(30), self.read()).await.unwrap();
            let last = answer.0 == kind || answer.0 == 0;
            answers.push(answer);
            if last {
                return answers;
            }
        }
    }

    /// Sends, and transcribes the answers up to ReadyForQuery.
    pub async fn ask(&mut self, messages: &[Vec<u8>]) -> String {
        self.send(messages).await;
        transcript(&self.until(b'Z').await)
    }

    pub async fn query(&mut self, sql: &str) -> String {
        self.ask(&[query(sql)]).await
    }

    /// BackendKeyData: the process id and the key.
    pub fn key(&self) -> Vec<u8> {
        self.start.iter().find(|(kind, _)| *kind == b'K').map(|(_, body)| body.clone()).unwrap()
    }
}

/// Sends CancelRequest with the body of a BackendKeyData message.
pub async fn cancel(address: SocketAddr, key: &[u8]) {
    let mut socket = TcpStream::connect(address).await.unwrap();
    let mut packet = (key.len() as u32 + 8).to_be_bytes().to_vec();
    packet.extend(80_877_102_u32.to_be_bytes());
    packet.extend(key);
    socket.write_all(&packet).await.unwrap();
    let _ = socket.read(&mut [0]).await;
}

/// One word a message: rows as `D(1,x,-)`, tags as `C(SELECT 1)`, errors as `E(22012)`, the rest by its letter.
/// ParameterStatus is left out.
pub fn transcript(answers: &[Answer]) -> String {
    let words = answers.iter().filter(|(kind, _)| *kind != b'S').map(|(kind, body)| match kind {
        b'D' => format!("D({})", values(body).join(",")),
        b'C' => format!("C({})", String::from_utf8_lossy(&body[..body.len() - 1])),
        b'E' => format!("E({})", field(body, b'C')),
        b'Z' => format!("Z{}", char::from(body[0])),
        0 => "end".to_owned(),
        kind => char::from(*kind).to_string(),
    });
    words.collect::<Vec<_>>().join(" ")
}

/// A field of an ErrorResponse or NoticeResponse.
pub fn field(body: &[u8], code: u8) -> String {
    let field = body.split(|&byte| byte == 0).find(|field| field.first() == Some(&code));
    field.map(|field| String::from_utf8_lossy(&field[1..]).into_owned()).unwrap_or_default()
}

fn values(body: &[u8]) -> Vec<String> {
    let mut rest = &body[2..];
    let mut values = Vec::new();
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        match usize::try_from(i32::from_be_bytes(*length)) {
            Ok(length) => {
                values.push(String::from_utf8_lossy(&after[..length]).into_owned());
                rest = &after[length..];
            }
            Err(_) => {
                values.push("-".to_owned());
                rest = after;
            }
        }
    }
    values
}

pub fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut message = vec![kind];
    message.extend((body.len() as u32 + 4).to_be_bytes());
    message.extend(body);
    message
}

pub fn query(sql: &str) -> Vec<u8> {
    message(b'Q', &cstring(sql))
}

pub fn parse(name: &str, sql: &str, oids: &[u32]) -> Vec<u8> {
    let mut body = [cstring(name), cstring(sql)].concat();
    body.extend((oids.len() as u16).to_be_bytes());
    oids.iter().for_each(|oid| body.extend(oid.to_be_bytes()));
    message(b'P', &body)
}

/// Parameters in text, or in the formats given; results likewise.
pub fn bind(portal: &str, name: &str, formats: &[u16], parameters: &[Option<&[u8]>], results: &[u16]) -> Vec<u8> {
    let mut body = [cstring(portal), cstring(name)].concat();
    body.extend((formats.len() as u16).to_be_bytes());
    formats.iter().for_each(|format| body.extend(format.to_be_bytes()));
    body.extend((parameters.len() as u16).to_be_bytes());
    for parameter in parameters {
        match parameter {
            Some(value) => {
                body.extend((value.len() as u32).to_be_bytes());
                body.extend(*value);
            }
            None => body.extend((-1_i32).to_be_bytes()),
        }
    }
    body.extend((results.len() as u16).to_be_bytes());
    results.iter().for_each(|format| body.extend(format.to_be_bytes()));
    message(b'B', &body)
}

pub fn describe(kind: u8, name: &str) -> Vec<u8> {
    message(b'D', &[vec![kind], cstring(name)].concat())
}

pub fn close(kind: u8, name: &str) -> Vec<u8> {
    message(b'C', &[vec![kind], cstring(name)].concat())
}

pub fn execute(portal: &str, rows: i32) -> Vec<u8> {
    message(b'E', &[cstring(portal), rows.to_be_bytes().to_vec()].concat())
}

pub fn sync() -> Vec<u8> {
    message(b'S', &[])
}

fn cstring(text: &str) -> Vec<u8> {
    [text.as_bytes(), b"\0"].concat()
}
