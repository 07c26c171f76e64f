//! Encrypted connections to PostgreSQL: what `sslmode` and `sslrootcert` in an address mean.
//!
//! | `sslmode` | encrypted | the server is |
//! |---|---|---|
//! | `disable` | never | not known |
//! | `prefer`, the default | when the server offers it | not known |
//! | `require` | always | not known: it may be anyone who can stand in between |
//! | `verify-full` | always | who its certificate says, vouched for by a known authority |
//!
//! The names and meanings are libpq's. Its two other modes are not offered: `allow` encrypts only when asked to, and
//! `verify-ca` accepts any host that the authority vouches for.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::error::Error;

/// How the server is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trust {
    /// It is not: whoever answers is believed.
    Anyone,
    /// By a certificate of an authority this system trusts.
    System,
    /// By a certificate of an authority in this PEM file.
    File(PathBuf),
}

/// Takes what the driver does not know out of an address; answers the rest and how the server is known.
pub(crate) fn split(address: &str) -> Result<(String, Trust), Error> {
    let Some((head, query)) = address.split_once('?') else {
        return Ok((address.to_owned(), Trust::Anyone));
    };
    let (mut kept, mut verify, mut file) = (Vec::new(), false, None);
    for pair in query.split('&') {
        match pair.split_once('=') {
            Some(("sslmode", "verify-full")) => {
                verify = true;
                kept.push("sslmode=require");
            }
            Some(("sslmode", mode)) if !["disable", "prefer", "require"].contains(&mode) => {
                return Err(Error::Address(format!(
                    "sslmode is `{mode}`: use disable, prefer, require or verify-full"
                )));
            }
            Some(("sslrootcert", path)) => file = Some(unescape(path)?),
            _ => kept.push(pair),
        }
    }
    let trust = match (verify, file) {
        (true, None) => Trust::System,
        (true, Some(path)) if path == "system" => Trust::System,
        (true, Some(path)) => Trust::File(path.into()),
        (false, None) => Trust::Anyone,
        (false, Some(_)) => {
            return Err(Error::Address(
                "sslrootcert is only used with sslmode=verify-full: add that, or leave it out"
                    .into(),
            ));
        }
    };
    let separator = if kept.is_empty() { "" } else { "?" };
    Ok((format!("{head}{separator}{}", kept.join("&")), trust))
}

/// Undoes percent-encoding (RFC 3986 section 2.1).
fn unescape(text: &str) -> Result<String, Error> {
    let broken = || Error::Address("sslrootcert is not a percent-encoded path".into());
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || {
            let digit = char::from(rest.next()?).to_digit(16)?;
            u8::try_from(digit).ok()
        };
        let (Some(high), Some(low)) = (digit(), digit()) else {
            return Err(broken());
        };
        bytes.push(high * 16 + low);
    }
    String::from_utf8(bytes).map_err(|_| broken())
}

/// What makes connections encrypted. Reads certificates from files: called once, at start.
pub(crate) fn connector(trust: &Trust) -> Result<MakeRustlsConnect, Error> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::Address(format!("TLS cannot be used: {error}")))?;
    let config = match trust {
        Trust::Anyone => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Unverified(provider)))
            .with_no_client_auth(),
        Trust::System => builder
            .with_root_certificates(system_roots()?)
            .with_no_client_auth(),
        Trust::File(path) => builder
            .with_root_certificates(roots_of(path)?)
            .with_no_client_auth(),
    };
    Ok(MakeRustlsConnect::new(config))
}

fn system_roots() -> Result<RootCertStore, Error> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (usable, _) = roots.add_parsable_certificates(found.certs);
    if usable == 0 {
        return Err(Error::Address(
            "this system trusts no certificate authority: name one with sslrootcert=PATH".into(),
        ));
    }
    Ok(roots)
}

fn roots_of(path: &Path) -> Result<RootCertStore, Error> {
    let unusable =
        |reason: String| Error::Address(format!("sslrootcert {}: {reason}", path.display()));
    let certificates =
        CertificateDer::pem_file_iter(path).map_err(|error| unusable(error.to_string()))?;
    let mut roots = RootCertStore::empty();
    for certificate in certificates {
        let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
        roots
            .add(certificate)
            .map_err(|error| unusable(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(unusable("it holds no certificate in PEM form".into()));
    }
    Ok(roots)
}

/// Believes any server, as `prefer` and `require` say; that it holds its certificate's key is still checked.
#[derive(Debug)]
struct Unverified(Arc<CryptoProvider>);

impl ServerCertVerifier for Unverified {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_driver_does_not_know_is_taken_out_of_the_address() {
        let cases = [
            ("postgres://h/d", "postgres://h/d", Trust::Anyone),
            (
                "postgres://h/d?sslmode=disable",
                "postgres://h/d?sslmode=disable",
                Trust::Anyone,
            ),
            (
                "postgres://h/d?sslmode=verify-full",
                "postgres://h/d?sslmode=require",
                Trust::System,
            ),
            (
                "postgres://h/d?options=-c%20a%3Db&sslmode=verify-full&sslrootcert=/a%20b/ca.pem",
                "postgres://h/d?options=-c%20a%3Db&sslmode=require",
                Trust::File("/a b/ca.pem".into()),
            ),
        ];
        for (address, rest, trust) in cases {
            assert_eq!(split(address).unwrap(), (rest.to_owned(), trust));
        }
    }

    #[test]
    fn what_would_be_misunderstood_is_refused() {
        for (query, says) in [
            (
                "sslmode=verify-ca",
                "use disable, prefer, require or verify-full",
            ),
            ("sslmode=", "use disable"),
            (
                "sslmode=require&sslrootcert=ca.pem",
                "only used with sslmode=verify-full",
            ),
            ("sslrootcert=ca.pem", "only used with"),
            ("sslmode=verify-full&sslrootcert=%4", "percent-encoded"),
        ] {
            let refused = split(&format!("postgres://h/d?{query}")).unwrap_err();
            assert!(refused.to_string().contains(says), "{query}: {refused}");
        }
    }

    #[test]
    fn a_file_without_certificates_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for path in [file.path(), Path::new("/no/such/file")] {
            let refused = connector(&Trust::File(path.to_owned())).err().unwrap();
            assert!(refused.to_string().contains(path.to_str().unwrap()));
        }
    }
}
