//! SCRAM-SHA-256 from the server's side (RFC 5802, RFC 7677), with channel binding over TLS (`SCRAM-SHA-256-PLUS`).
//!
//! This file knows the exchange's texts; verifiers and their arithmetic are `mead_common::scram`'s, and whose verifier it
//! is, is the caller's business.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use mead_common::scram::{ScramVerifier, constant_time_eq, random_bytes};
use mead_common::{Diagnostic, sqlstate};

pub(crate) const SCRAM_SHA_256: &str = "SCRAM-SHA-256";
pub(crate) const SCRAM_SHA_256_PLUS: &str = "SCRAM-SHA-256-PLUS";

const NONCE_BYTES: usize = 18;

/// An exchange after the client's first message.
pub(crate) struct Exchange {
    verifier: ScramVerifier,
    /// What the client's last message must repeat: its GS2 header, and the channel's binding data.
    binding: Vec<u8>,
    client_first_bare: String,
    nonce: String,
    server_first: String,
}

impl Exchange {
    /// Reads the client's first message. `end_point` is the channel's binding data, where there is some.
    pub(crate) fn begin(
        mechanism: &str,
        client_first: &[u8],
        verifier: ScramVerifier,
        end_point: Option<&[u8]>,
    ) -> Result<Self, Diagnostic> {
        let server_nonce = BASE64.encode(random_bytes::<NONCE_BYTES>()?);
        Self::begin_with_nonce(mechanism, client_first, verifier, end_point, &server_nonce)
    }

    fn begin_with_nonce(
        mechanism: &str,
        client_first: &[u8],
        verifier: ScramVerifier,
        end_point: Option<&[u8]>,
        server_nonce: &str,
    ) -> Result<Self, Diagnostic> {
        let text = std::str::from_utf8(client_first).map_err(|_| malformed("it is not UTF-8"))?;
        let (flag, rest) = text.split_once(',').ok_or_else(|| malformed("it has no channel binding flag"))?;
        let (identity, bare) = rest.split_once(',').ok_or_else(|| malformed("it has no authorization identity"))?;
        if !identity.is_empty() {
            return Err(Diagnostic::unsupported("client uses authorization identity, but it is not supported"));
        }
        let mut binding = text.as_bytes()[..flag.len() + 2].to_vec();
        match (mechanism, flag, end_point) {
            (SCRAM_SHA_256, "n", _) | (SCRAM_SHA_256, "y", None) => {}
            (SCRAM_SHA_256, "y", Some(_)) => {
                // The client thinks that this server has no channel binding: somebody between has told it so.
                return Err(Diagnostic::new(
                    sqlstate::INVALID_AUTHORIZATION_SPECIFICATION,
                    "SCRAM channel binding negotiation error",
                )
                .with_detail("the client supports SCRAM channel binding but thinks the server does not"));
            }
            (SCRAM_SHA_256_PLUS, "p=tls-server-end-point", Some(end_point)) => binding.extend_from_slice(end_point),
            _ => return Err(malformed("its channel binding does not fit the mechanism")),
        }
        let mut attributes = bare.split(',');
        // The name is ignored, as in PostgreSQL: the start-up packet has it.
        let name = attributes.next().and_then(|attribute| attribute.strip_prefix("n="));
        name.ok_or_else(|| malformed("it has no user name, or an extension that is not supported"))?;
        let client_nonce = attributes.next().and_then(|attribute| attribute.strip_prefix("r="));
        let client_nonce = client_nonce
            .filter(|nonce| !nonce.is_empty() && nonce.bytes().all(|byte| byte.is_ascii_graphic()))
            .ok_or_else(|| malformed("it has no nonce"))?;
        let nonce = format!("{client_nonce}{server_nonce}");
        let server_first = format!("r={nonce},s={},i={}", BASE64.encode(&verifier.salt), verifier.iterations);
        Ok(Self { verifier, binding, client_first_bare: bare.to_owned(), nonce, server_first })
    }

    pub(crate) fn server_first(&self) -> &str {
        &self.server_first
    }

    /// Reads the client's last message, and gives the server's last one, or `None` if the proof is wrong.
    pub(crate) fn finish(&self, client_final: &[u8]) -> Result<Option<String>, Diagnostic> {
        let text = std::str::from_utf8(client_final).map_err(|_| malformed("it is not UTF-8"))?;
        let (without_proof, proof) = text.rsplit_once(",p=").ok_or_else(|| malformed("it has no proof"))?;
        let mut attributes = without_proof.split(',');
        let binding = attributes.next().and_then(|attribute| attribute.strip_prefix("c="));
        let binding = binding.and_then(|text| BASE64.decode(text).ok());
        if !binding.is_some_and(|binding| constant_time_eq(&binding, &self.binding)) {
            return Err(Diagnostic::new(
                sqlstate::INVALID_AUTHORIZATION_SPECIFICATION,
                "SCRAM channel binding check failed",
            ));
        }
        if attributes.next().and_then(|attribute| attribute.strip_prefix("r=")) != Some(self.nonce.as_str()) {
            return Err(malformed("its nonce is another one"));
        }
        let proof = BASE64.decode(proof).map_err(|_| malformed("its proof is not base64"))?;
        let auth_message = format!("{},{},{without_proof}", self.client_first_bare, self.server_first);
        if !self.verifier.verify(auth_message.as_bytes(), &proof) {
            return Ok(None);
        }
        Ok(Some(format!("v={}", BASE64.encode(self.verifier.server_signature(auth_message.as_bytes())))))
    }
}

fn malformed(detail: &str) -> Diagnostic {
    Diagnostic::new(sqlstate::PROTOCOL_VIOLATION, "malformed SCRAM message").with_detail(detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENT_NONCE: &str = "rOprNGfwEbeRWgbNEkqO";
    const SERVER_NONCE: &str = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";

    fn verifier() -> ScramVerifier {
        ScramVerifier::derive("pencil", &BASE64.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap(), 4096)
    }

    fn begin(mechanism: &str, header: &str, end_point: Option<&[u8]>) -> Result<Exchange, Diagnostic> {
        let first = format!("{header}n=user,r={CLIENT_NONCE}");
        Exchange::begin_with_nonce(mechanism, first.as_bytes(), verifier(), end_point, SERVER_NONCE)
    }

    /// The example of RFC 7677, section 3.
    #[test]
    fn the_rfcs_exchange() {
        let exchange = begin(SCRAM_SHA_256, "n,,", None).unwrap();
        assert_eq!(
            exchange.server_first(),
            format!("r={CLIENT_NONCE}{SERVER_NONCE},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096")
        );
        let last = format!("c=biws,r={CLIENT_NONCE}{SERVER_NONCE},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
        let answer = exchange.finish(last.as_bytes()).unwrap();
        assert_eq!(answer.as_deref(), Some("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="));
        let wrong = last.replace("dHzb", "eHzb");
        assert_eq!(exchange.finish(wrong.as_bytes()).unwrap(), None);
        let replayed = last.replace(SERVER_NONCE, "another");
        assert!(exchange.finish(replayed.as_bytes()).is_err());
    }

    #[test]
    fn channel_binding_is_held_to() {
        assert!(begin(SCRAM_SHA_256, "y,,", None).is_ok());
        assert!(begin(SCRAM_SHA_256, "y,,", Some(b"hash")).is_err());
        assert!(begin(SCRAM_SHA_256, "p=tls-server-end-point,,", Some(b"hash")).is_err());
        assert!(begin(SCRAM_SHA_256_PLUS, "n,,", Some(b"hash")).is_err());
        assert!(begin(SCRAM_SHA_256_PLUS, "p=tls-unique,,", Some(b"hash")).is_err());
        let exchange = begin(SCRAM_SHA_256_PLUS, "p=tls-server-end-point,,", Some(b"hash")).unwrap();
        let last = format!("c=biws,r={CLIENT_NONCE}{SERVER_NONCE},p=AAAA");
        assert_eq!(exchange.finish(last.as_bytes()).unwrap_err().message, "SCRAM channel binding check failed");
    }

    #[test]
    fn nonsense_is_refused() {
        for first in
            ["", "n", "n,,", "n,a=admin,n=user,r=x", "n,,n=user", "n,,m=x,n=user,r=x", "n,,n=user,r=", "x,,n=u,r=x"]
        {
            assert!(Exchange::begin(SCRAM_SHA_256, first.as_bytes(), verifier(), None).is_err(), "{first}");
        }
        assert!(Exchange::begin(SCRAM_SHA_256, b"\xff", verifier(), None).is_err());
        let exchange = begin(SCRAM_SHA_256, "n,,", None).unwrap();
        for last in [&b""[..], b"c=biws", b"c=biws,p=", b"c=biws,r=x,p=AAAA", b"\xff,p="] {
            assert!(exchange.finish(last).is_err());
        }
    }
}
