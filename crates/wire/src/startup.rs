//! The first messages of a connection: encryption, who it is, and whether it may come in.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;

use bytes::Bytes;
use mead_common::scram::ScramVerifier;
use mead_common::{Diagnostic, sqlstate};
use mead_engine::Engine;
use pgwire::messages::PgWireFrontendMessage as Message;
use pgwire::messages::response::{GssEncResponse, SslResponse};
use pgwire::messages::startup::{Authentication, NegotiateProtocolVersion, PasswordMessageFamily};
use tokio::net::TcpStream;

use crate::authentication::{Exchange, SCRAM_SHA_256, SCRAM_SHA_256_PLUS};
use crate::cancel::CancelRegistry;
use crate::channel::{Channel, Transport};
use crate::client::Failure;
use crate::frame::{self, Opening};
use crate::tls::{ALPN, Tls};

/// The first byte of a TLS handshake, where a client begins with it at once.
const TLS_HANDSHAKE: u8 = 0x16;

const NEWEST_MINOR: u16 = 2;

/// The database of a client who names none.
const DEFAULT_DATABASE: &str = "default";

/// What the door knows.
pub(crate) struct Door<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) tls: Option<&'a Tls>,
    pub(crate) require_tls: bool,
    pub(crate) registry: &'a CancelRegistry,
    /// Makes the salts of users who do not exist.
    pub(crate) mock_secret: &'a [u8],
    pub(crate) peer: SocketAddr,
}

/// Who has come in.
pub(crate) struct Guest {
    pub(crate) user: String,
    pub(crate) database: String,
    pub(crate) settings: BTreeMap<String, String>,
    /// Protocol 3.2 has room for a long secret key.
    pub(crate) long_key: bool,
}

/// A start-up packet, as sent.
pub(crate) struct Startup {
    minor: u16,
    parameters: BTreeMap<String, String>,
}

impl Door<'_> {
    /// Up to the start-up packet. `None` where there is nothing more to do: a cancel request has been passed on, or the
    /// client has left.
    pub(crate) async fn open(&self, socket: TcpStream) -> io::Result<Option<(Channel, Result<Startup, Diagnostic>)>> {
        let mut first = [0];
        if socket.peek(&mut first).await? == 0 {
            return Ok(None);
        }
        let mut channel = Channel::new(Transport::Plain(socket));
        if first == [TLS_HANDSHAKE] {
            let Some(tls) = self.tls else { return Ok(None) };
            channel = encrypt(tls, channel).await?;
            if channel.alpn() != Some(ALPN) {
                return Ok(None);
            }
        }
        let (mut tls_asked, mut gss_asked) = (false, false);
        loop {
            let opening = match frame::take_opening(&mut channel.input) {
                Ok(Some(opening)) => opening,
                Ok(None) if channel.fill().await? => continue,
                Ok(None) => return Ok(None),
                Err(malformed) => return Ok(Some((channel, Err(*malformed.report)))),
            };
            match opening {
                Opening::Tls if !channel.is_encrypted() && !tls_asked => {
                    tls_asked = true;
                    if !channel.input.is_empty() {
                        return Ok(Some((channel, Err(early_bytes()))));
                    }
                    match self.tls {
                        Some(tls) => {
                            channel.put(&SslResponse::Accept)?;
                            channel.flush_before_handshake().await?;
                            channel = encrypt(tls, channel).await?;
                        }
                        None => {
                            channel.put(&SslResponse::Refuse)?;
                            channel.flush().await?;
                        }
                    }
                }
                Opening::GssEncryption if !channel.is_encrypted() && !gss_asked => {
                    gss_asked = true;
                    channel.put(&GssEncResponse::Refuse)?;
                    channel.flush().await?;
                }
                Opening::Tls | Opening::GssEncryption => {
                    return Ok(Some((channel, Err(violation("unexpected encryption request")))));
                }
                Opening::Cancel(request) => {
                    self.registry.cancel(&request);
                    return Ok(None);
                }
                Opening::Startup { major, minor, parameters } => {
                    let startup = if major == 3 {
                        Ok(Startup { minor, parameters })
                    } else {
                        Err(Diagnostic::unsupported(format!(
                            "unsupported frontend protocol {major}.{minor}: server supports 3.0 to 3.{NEWEST_MINOR}"
                        )))
                    };
                    return Ok(Some((channel, startup)));
                }
            }
        }
    }

    /// From the start-up packet to AuthenticationOk.
    pub(crate) async fn admit(&self, channel: &mut Channel, startup: Startup) -> Result<Guest, Failure> {
        let minor = negotiate(channel, &startup)?;
        let mut parameters = startup.parameters;
        let user = parameters
            .remove("user")
            .filter(|user| !user.is_empty())
            .ok_or_else(|| refused("no PostgreSQL user name specified in startup packet"))?;
        let database = parameters.remove("database").filter(|name| !name.is_empty());
        if parameters.remove("replication").is_some_and(|value| !is_off(&value)) {
            return Err(Diagnostic::unsupported("replication connections are not supported").into());
        }
        self.check_encryption(channel)?;
        self.authenticate(channel, &user).await?;
        let mut settings = options(parameters.remove("options").as_deref().unwrap_or_default())?;
        settings.extend(parameters.into_iter().filter(|(name, _)| !name.starts_with("_pq_.")));
        channel.put(&Authentication::Ok)?;
        Ok(Guest {
            user,
            database: database.unwrap_or_else(|| DEFAULT_DATABASE.to_owned()),
            settings,
            long_key: minor >= 2,
        })
    }

    /// Passwords and data of other machines do not travel in plain text, nor do anybody's where TLS is required.
    fn check_encryption(&self, channel: &Channel) -> Result<(), Diagnostic> {
        if channel.is_encrypted() || (self.peer.ip().is_loopback() && !self.require_tls) {
            return Ok(());
        }
        Err(refused("connections without TLS are not accepted").with_hint("connect with sslmode=require"))
    }

    async fn authenticate(&self, channel: &mut Channel, user: &str) -> Result<(), Failure> {
        let stored = self.engine.scram_verifier(user)?;
        if stored.is_none() && self.peer.ip().is_loopback() && !self.engine.has_passwords()? {
            return Ok(());
        }
        let verifier = stored.and_then(|text| match text.parse::<ScramVerifier>() {
            Ok(verifier) => Some(verifier),
            Err(error) => {
                tracing::error!(user, %error, "a role's stored password cannot be used");
                None
            }
        });
        let known = verifier.is_some();
        let verifier = verifier.unwrap_or_else(|| ScramVerifier::mock(user, self.mock_secret));
        let answer = scram(channel, verifier, self.tls.and_then(|tls| tls.end_point.as_deref())).await?;
        match answer.filter(|_| known) {
            Some(answer) => {
                channel.put(&Authentication::SASLFinal(Bytes::from(answer)))?;
                Ok(())
            }
            None => {
                tracing::info!(user, peer = %self.peer, "a password was wrong");
                let message = format!("password authentication failed for user \"{user}\"");
                Err(Diagnostic::new(sqlstate::INVALID_PASSWORD, message).into())
            }
        }
    }
}

/// The exchange of messages; gives the server's last one, or `None` for a wrong proof.
async fn scram(
    channel: &mut Channel,
    verifier: ScramVerifier,
    end_point: Option<&[u8]>,
) -> Result<Option<String>, Failure> {
    let end_point = end_point.filter(|_| channel.is_encrypted());
    let mut mechanisms = vec![SCRAM_SHA_256.to_owned()];
    if end_point.is_some() {
        mechanisms.insert(0, SCRAM_SHA_256_PLUS.to_owned());
    }
    channel.put(&Authentication::SASL(mechanisms))?;
    channel.flush().await?;
    let (mechanism, first) = frame::sasl_initial_response(password_message(channel).await?)?;
    let offered = mechanism == SCRAM_SHA_256 || (mechanism == SCRAM_SHA_256_PLUS && end_point.is_some());
    if !offered {
        return Err(violation("client selected an invalid SASL authentication mechanism").into());
    }
    let exchange = Exchange::begin(&mechanism, &first.unwrap_or_default(), verifier, end_point)?;
    channel.put(&Authentication::SASLContinue(Bytes::copy_from_slice(exchange.server_first().as_bytes())))?;
    channel.flush().await?;
    Ok(exchange.finish(&password_message(channel).await?)?)
}

/// The body of the next message, which must be of the password family.
async fn password_message(channel: &mut Channel) -> Result<Bytes, Failure> {
    loop {
        match frame::take_message(&mut channel.input) {
            Ok(Some(Message::PasswordMessageFamily(PasswordMessageFamily::SASLResponse(response)))) => {
                return Ok(response.data);
            }
            Ok(Some(Message::Terminate(_))) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
            Ok(Some(_)) => return Err(violation("expected SASL response, got another message").into()),
            Ok(None) if channel.input.first().is_some_and(|&kind| kind != b'p' && kind != b'X') => {
                // Whatever it is, it is not waited for: strangers get no large buffers.
                return Err(violation("expected SASL response, got another message").into());
            }
            Ok(None) if channel.fill().await? => {}
            Ok(None) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
            Err(malformed) => return Err((*malformed.report).into()),
        }
    }
}

/// Settles the minor version, and says what of the client's wishes is not known here.
fn negotiate(channel: &mut Channel, startup: &Startup) -> Result<u16, Failure> {
    // 3.1 was never used; who asks for it gets 3.0.
    let minor = match startup.minor {
        0 | 1 => 0,
        other => other.min(NEWEST_MINOR),
    };
    let unknown: Vec<String> = startup.parameters.keys().filter(|name| name.starts_with("_pq_.")).cloned().collect();
    if minor != startup.minor || !unknown.is_empty() {
        let version = 3 << 16 | i32::from(minor);
        channel.put(&NegotiateProtocolVersion::new(version, unknown))?;
    }
    Ok(minor)
}

/// The settings in `options`: `-c name=value` and `--name=value`, with backslashes before spaces that do not divide.
fn options(text: &str) -> Result<BTreeMap<String, String>, Diagnostic> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => word.extend(letters.next()),
            letter if letter.is_ascii_whitespace() => words.push(std::mem::take(&mut word)),
            letter => word.push(letter),
        }
    }
    words.push(word);
    let mut settings = BTreeMap::new();
    let mut words = words.into_iter().filter(|word| !word.is_empty());
    while let Some(word) = words.next() {
        let setting = match word.strip_prefix("--") {
            Some(setting) => Some(setting.to_owned()),
            None if word == "-c" => words.next(),
            None => word.strip_prefix("-c").map(str::to_owned),
        };
        let pair = setting.as_deref().and_then(|setting| setting.split_once('='));
        let (name, value) = pair.ok_or_else(|| {
            Diagnostic::new(sqlstate::SYNTAX_ERROR, format!("invalid command-line argument for server process: {word}"))
        })?;
        settings.insert(name.replace('-', "_"), value.to_owned());
    }
    Ok(settings)
}

fn is_off(value: &str) -> bool {
    matches!(value.to_ascii_lowercase().as_str(), "false" | "off" | "no" | "0")
}

/// Nothing may have been read of the channel that belongs to the handshake.
async fn encrypt(tls: &Tls, channel: Channel) -> io::Result<Channel> {
    let socket = channel.into_socket().ok_or(io::ErrorKind::AlreadyExists)?;
    let stream = tls.acceptor.accept(socket).await?;
    Ok(Channel::new(Transport::Tls(Box::new(stream))))
}

fn early_bytes() -> Diagnostic {
    violation("received unencrypted data after SSL request")
        .with_detail("this could be either a client-software bug or evidence of an attempted man-in-the-middle attack")
}

fn refused(message: &str) -> Diagnostic {
    Diagnostic::new(sqlstate::INVALID_AUTHORIZATION_SPECIFICATION, message)
}

fn violation(message: &str) -> Diagnostic {
    Diagnostic::new(sqlstate::PROTOCOL_VIOLATION, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_settings() {
        let settings = options(r"-c search_path=a\ b --statement-timeout=5s -cTimeZone=UTC").unwrap();
        assert_eq!(settings["search_path"], "a b");
        assert_eq!(settings["statement_timeout"], "5s");
        assert_eq!(settings["TimeZone"], "UTC");
        assert!(options("").unwrap().is_empty());
        assert!(options("-c").is_err());
        assert!(options("-c x").is_err());
        assert!(options("-F").is_err());
    }
}
