//! SCRAM-SHA-256 verifiers (RFC 5802, RFC 7677) in the form in which PostgreSQL stores them in `pg_authid`:
//! `SCRAM-SHA-256$4096:<salt>$<stored key>:<server key>`.
//!
//! A verifier lets a server check a password, and a client check the server, without either keeping the password. This
//! file knows the arithmetic; the exchange of messages is the wire's.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::rand::{SecureRandom, SystemRandom};
use ring::{digest, hmac, pbkdf2};

use crate::diagnostic::Diagnostic;

/// PostgreSQL's `scram_iterations`.
pub const ITERATIONS: u32 = 4096;

/// The length of a new salt in bytes, as PostgreSQL's.
pub const SALT_BYTES: usize = 16;

const KEY_BYTES: usize = 32;

/// What is kept of a password.
#[derive(Clone, PartialEq, Eq)]
pub struct ScramVerifier {
    pub iterations: u32,
    pub salt: Vec<u8>,
    stored_key: [u8; KEY_BYTES],
    server_key: [u8; KEY_BYTES],
}

/// The text is not a SCRAM-SHA-256 verifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a SCRAM-SHA-256 verifier")]
pub struct NotAVerifier;

impl ScramVerifier {
    /// A verifier of `password` with a fresh salt.
    pub fn from_password(password: &str) -> Result<Self, Diagnostic> {
        Ok(Self::derive(password, &random_bytes::<SALT_BYTES>()?, ITERATIONS))
    }

    /// The verifier of `password` for a given salt; zero iterations count as one.
    pub fn derive(password: &str, salt: &[u8], iterations: u32) -> Self {
        // RFC 5802 wants SASLprep; a password it does not allow is taken as it is, as PostgreSQL does.
        let prepared = stringprep::saslprep(password);
        let password = prepared.as_deref().unwrap_or(password);
        let mut salted = [0; KEY_BYTES];
        let rounds = NonZeroU32::new(iterations).unwrap_or(NonZeroU32::MIN);
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, rounds, salt, password.as_bytes(), &mut salted);
        let client_key = sign(&salted, b"Client Key");
        Self {
            iterations: rounds.get(),
            salt: salt.to_vec(),
            stored_key: hash(&client_key),
            server_key: sign(&salted, b"Server Key"),
        }
    }

    /// A verifier that no password satisfies, for a user who does not exist: who asks twice gets the same salt, so that
    /// unknown users look like known ones. `secret` is the server's own.
    pub fn mock(user: &str, secret: &[u8]) -> Self {
        let salt = sign(secret, user.as_bytes());
        // The keys are never compared with success: see `verify`'s callers, which refuse a mock whatever the proof.
        Self {
            iterations: ITERATIONS,
            salt: salt[..SALT_BYTES].to_vec(),
            stored_key: sign(secret, b"stored"),
            server_key: sign(secret, b"server"),
        }
    }

    /// True if `proof` was made by somebody who knows the password, for the exchange that `auth_message` sums up.
    pub fn verify(&self, auth_message: &[u8], proof: &[u8]) -> bool {
        let signature = sign(&self.stored_key, auth_message);
        if proof.len() != signature.len() {
            return false;
        }
        let client_key: Vec<u8> = proof.iter().zip(signature).map(|(proof, signature)| proof ^ signature).collect();
        constant_time_eq(&hash(&client_key), &self.stored_key)
    }

    /// What shows the client that the server knows the verifier.
    pub fn server_signature(&self, auth_message: &[u8]) -> [u8; KEY_BYTES] {
        sign(&self.server_key, auth_message)
    }
}

impl fmt::Display for ScramVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "SCRAM-SHA-256${}:{}${}:{}",
            self.iterations,
            BASE64.encode(&self.salt),
            BASE64.encode(self.stored_key),
            BASE64.encode(self.server_key)
        )
    }
}

impl fmt::Debug for ScramVerifier {
    /// Verifiers stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScramVerifier").field("iterations", &self.iterations).finish_non_exhaustive()
    }
}

impl FromStr for ScramVerifier {
    type Err = NotAVerifier;

    fn from_str(text: &str) -> Result<Self, NotAVerifier> {
        let rest = text.strip_prefix("SCRAM-SHA-256$").ok_or(NotAVerifier)?;
        let (parameters, keys) = rest.split_once('$').ok_or(NotAVerifier)?;
        let (iterations, salt) = parameters.split_once(':').ok_or(NotAVerifier)?;
        let (stored_key, server_key) = keys.split_once(':').ok_or(NotAVerifier)?;
        let iterations = iterations.parse().map_err(|_| NotAVerifier)?;
        let salt = BASE64.decode(salt).map_err(|_| NotAVerifier)?;
        if iterations == 0 || salt.is_empty() {
            return Err(NotAVerifier);
        }
        Ok(Self { iterations, salt, stored_key: key(stored_key)?, server_key: key(server_key)? })
    }
}

/// Bytes from the operating system's random number generator.
pub fn random_bytes<const N: usize>() -> Result<[u8; N], Diagnostic> {
    let mut bytes = [0; N];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| Diagnostic::internal("the operating system gives no random numbers"))?;
    Ok(bytes)
}

/// Compares secrets in a time that depends on their length alone.
pub fn constant_time_eq(left: &[u8], right: &[u8]) -> bool {
    left.len() == right.len()
        && std::hint::black_box(left.iter().zip(right).fold(0, |differs, (left, right)| differs | (left ^ right))) == 0
}

fn key(text: &str) -> Result<[u8; KEY_BYTES], NotAVerifier> {
    BASE64.decode(text).ok().and_then(|bytes| bytes.try_into().ok()).ok_or(NotAVerifier)
}

fn sign(key: &[u8], message: &[u8]) -> [u8; KEY_BYTES] {
    let mut signature = [0; KEY_BYTES];
    signature.copy_from_slice(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message).as_ref());
    signature
}

fn hash(bytes: &[u8]) -> [u8; KEY_BYTES] {
    let mut result = [0; KEY_BYTES];
    result.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7677, section 3.
    #[test]
    fn the_rfcs_example() {
        let salt = BASE64.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
        let verifier = ScramVerifier::derive("pencil", &salt, 4096);
        let auth_message = b"n=user,r=rOprNGfwEbeRWgbNEkqO,\
            r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,\
            c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
        let proof = BASE64.decode("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=").unwrap();
        assert!(verifier.verify(auth_message, &proof));
        assert!(!verifier.verify(b"another exchange", &proof));
        assert!(!verifier.verify(auth_message, &proof[1..]));
        assert_eq!(
            BASE64.encode(verifier.server_signature(auth_message)),
            "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
        );
    }

    #[test]
    fn text_form_round_trips() {
        let verifier = ScramVerifier::from_password("pässword").unwrap();
        let text = verifier.to_string();
        assert!(text.starts_with("SCRAM-SHA-256$4096:"), "{text}");
        assert_eq!(text.parse(), Ok(verifier));
        for bad in ["", "md5abc", "SCRAM-SHA-256$0:AA==$AA==:AA==", "SCRAM-SHA-256$4096:AA==$AA==:AA=="] {
            assert_eq!(bad.parse::<ScramVerifier>(), Err(NotAVerifier), "{bad}");
        }
    }

    #[test]
    fn an_unknown_user_always_has_the_same_salt() {
        assert_eq!(ScramVerifier::mock("nobody", b"secret").salt, ScramVerifier::mock("nobody", b"secret").salt);
        assert_ne!(ScramVerifier::mock("nobody", b"secret").salt, ScramVerifier::mock("noone", b"secret").salt);
    }
}
