//! TLS that fails closed: a certificate or key that cannot be used stops the server from starting.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;

use ring::digest::{self, Algorithm};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use crate::config::TlsConfig;
use crate::error::Error;

/// The protocol that clients name when they begin with TLS at once (`sslnegotiation=direct`).
pub(crate) const ALPN: &[u8] = b"postgresql";

/// What a connection needs to become encrypted.
pub(crate) struct Tls {
    pub(crate) acceptor: TlsAcceptor,
    /// `tls-server-end-point` (RFC 5929): the hash of the certificate, to which SCRAM-SHA-256-PLUS binds; none for a
    /// certificate whose signature names no hash.
    pub(crate) end_point: Option<Vec<u8>>,
    /// A hash of the private key, from which secrets that must outlive a restart are made.
    pub(crate) key_hash: Vec<u8>,
}

impl Tls {
    pub(crate) fn load(config: &TlsConfig) -> Result<Self, Error> {
        let certificates = read_certificates(&config.certificate_file)?;
        let key = read_key(&config.key_file)?;
        let end_point = certificates.first().and_then(|certificate| end_point(certificate));
        let key_hash = digest::digest(&digest::SHA256, key.secret_der()).as_ref().to_vec();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut server = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(certificates, key)?;
        server.alpn_protocols = vec![ALPN.to_vec()];
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(server)), end_point, key_hash })
    }
}

fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let certificates = rustls_pemfile::certs(&mut open(path)?).collect::<Result<Vec<_>, _>>();
    let certificates = certificates.map_err(|source| Error::ReadTlsFile { path: path.to_owned(), source })?;
    if certificates.is_empty() { Err(Error::NoCertificate(path.to_owned())) } else { Ok(certificates) }
}

fn read_key(path: &Path) -> Result<PrivateKeyDer<'static>, Error> {
    let key = rustls_pemfile::private_key(&mut open(path)?);
    let key = key.map_err(|source| Error::ReadTlsFile { path: path.to_owned(), source })?;
    key.ok_or_else(|| Error::NoPrivateKey(path.to_owned()))
}

fn open(path: &Path) -> Result<BufReader<File>, Error> {
    let file = File::open(path).map_err(|source| Error::ReadTlsFile { path: path.to_owned(), source })?;
    Ok(BufReader::new(file))
}

/// The certificate's hash by the hash function of its signature; MD5 and SHA-1 are replaced by SHA-256.
fn end_point(certificate: &[u8]) -> Option<Vec<u8>> {
    let algorithm = signature_hash(certificate)?;
    Some(digest::digest(algorithm, certificate).as_ref().to_vec())
}

/// Walks `Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm SEQUENCE { OID, … }, … }`.
fn signature_hash(certificate: &[u8]) -> Option<&'static Algorithm> {
    const SEQUENCE: u8 = 0x30;
    const OID: u8 = 0x06;
    let (certificate, _) = element(SEQUENCE, certificate)?;
    let (_, after_body) = element(SEQUENCE, certificate)?;
    let (algorithm, _) = element(SEQUENCE, after_body)?;
    let (oid, _) = element(OID, algorithm)?;
    match oid {
        // 1.2.840.113549.1.1: RSA with MD5, SHA-1, SHA-256; SHA-384; SHA-512.
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, last] => match last {
            4 | 5 | 11 => Some(&digest::SHA256),
            12 => Some(&digest::SHA384),
            13 => Some(&digest::SHA512),
            _ => None,
        },
        // 1.2.840.10045.4: ECDSA with SHA-1; with SHA-2 by its length.
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01] | [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02] => {
            Some(&digest::SHA256)
        }
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03] => Some(&digest::SHA384),
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x04] => Some(&digest::SHA512),
        _ => None,
    }
}

/// The content of a DER element with the given tag, and what follows it.
fn element(tag: u8, bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&[found, first], rest) = bytes.split_first_chunk::<2>()?;
    if found != tag {
        return None;
    }
    let (length, rest) = match first {
        short @ 0..=0x7f => (usize::from(short), rest),
        long => {
            let (bytes, rest) =
                rest.split_at_checked(usize::from(long & 0x7f)).filter(|(bytes, _)| bytes.len() <= 4)?;
            (bytes.iter().fold(0, |length, &byte| length << 8 | usize::from(byte)), rest)
        }
    };
    rest.split_at_checked(length)
}
