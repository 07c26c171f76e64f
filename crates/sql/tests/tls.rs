//! Encrypted connections: a server that speaks TLS, with certificates made here, in front of the PostgreSQL that
//! `CIVITAS_TEST_POSTGRES_URL` names. Without it these tests say so and pass.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says when it is skipped"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use civitas_sql::{Database, Error, Statement};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// What a client sends first when it wants TLS: its length, then the code 80877103 (PostgreSQL's protocol, `SSLRequest`).
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// An authority, in a file; and a server with a certificate of it, for `localhost`.
struct Front {
    port: u16,
    /// Connections that were encrypted.
    encrypted: Arc<AtomicU32>,
    authority: tempfile::NamedTempFile,
}

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn written(pem: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), pem).unwrap();
    file
}

impl Front {
    /// In front of the server at this address; without TLS it says that it has none.
    async fn start(behind: &str, has_tls: bool) -> Self {
        let behind = behind.to_owned();
        let authority = authority();
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &authority).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![CertificateDer::from(certificate)],
                PrivateKeyDer::Pkcs8(key.serialize_der().into()),
            )
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let front = Self {
            port: listener.local_addr().unwrap().port(),
            encrypted: Arc::default(),
            authority: written(&authority.pem()),
        };
        let encrypted = Arc::clone(&front.encrypted);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let acceptor = has_tls.then(|| acceptor.clone());
                let (encrypted, behind) = (Arc::clone(&encrypted), behind.clone());
                tokio::spawn(async move {
                    // A client that goes away because it does not trust us is what some tests want.
                    let _ = serve(client, acceptor, &encrypted, &behind).await;
                });
            }
        });
        front
    }
}

async fn serve(
    mut client: TcpStream,
    acceptor: Option<TlsAcceptor>,
    encrypted: &AtomicU32,
    behind: &str,
) -> std::io::Result<()> {
    let mut first = [0; 8];
    client.read_exact(&mut first).await?;
    let mut server = TcpStream::connect(behind).await?;
    if first != SSL_REQUEST {
        server.write_all(&first).await?;
        copy_bidirectional(&mut client, &mut server).await?;
    } else if let Some(acceptor) = acceptor {
        client.write_all(b"S").await?;
        let mut client = acceptor.accept(client).await?;
        encrypted.fetch_add(1, Ordering::SeqCst);
        copy_bidirectional(&mut client, &mut server).await?;
    } else {
        client.write_all(b"N").await?;
        copy_bidirectional(&mut client, &mut server).await?;
    }
    Ok(())
}

/// The credentials, address and database of the PostgreSQL that the environment names.
fn named() -> Option<(String, String, String)> {
    let Ok(url) = std::env::var("CIVITAS_TEST_POSTGRES_URL") else {
        eprintln!("skipped: CIVITAS_TEST_POSTGRES_URL is not set");
        return None;
    };
    let rest = url.split_once("://")?.1;
    let (user, rest) = rest.split_once('@')?;
    let (host, database) = rest.split_once('/')?;
    let database = database.split('?').next()?;
    Some((user.to_owned(), host.to_owned(), database.to_owned()))
}

const ONE: Statement = Statement::new("SELECT 1 AS one");

/// Connects, asks something over the reading connections too, and drops it all.
async fn connect(address: &str) -> Result<(), Error> {
    let (database, mut writer) = Database::open_postgres(address).await?;
    assert_eq!(database.query(&ONE, Vec::new()).await?.len(), 1);
    writer.script("SELECT 1").await
}

#[tokio::test]
async fn each_mode_means_what_it_says() {
    let Some((user, behind, database)) = named() else {
        return;
    };
    let front = Front::start(&behind, true).await;
    let authority = front.authority.path().display();
    let other = written(&self::authority().pem());
    let other = other.path().display();
    let verify = |file: &dyn std::fmt::Display| format!("sslmode=verify-full&sslrootcert={file}");
    let cases = [
        ("localhost", "sslmode=disable".to_owned(), true, false),
        ("localhost", "sslmode=prefer".to_owned(), true, true),
        ("localhost", "connect_timeout=9".to_owned(), true, true),
        ("localhost", "sslmode=require".to_owned(), true, true),
        ("localhost", verify(&authority), true, true),
        ("localhost", verify(&other), false, false),
        ("localhost", "sslmode=verify-full".to_owned(), false, false),
        ("127.0.0.1", verify(&authority), false, false),
        ("127.0.0.1", "sslmode=require".to_owned(), true, true),
    ];
    for (host, query, works, is_encrypted) in cases {
        let before = front.encrypted.load(Ordering::SeqCst);
        let address = format!("postgres://{user}@{host}:{}/{database}?{query}", front.port);
        let connected = connect(&address).await;
        assert_eq!(connected.is_ok(), works, "{host} {query}: {connected:?}");
        let after = front.encrypted.load(Ordering::SeqCst);
        assert_eq!(after > before, is_encrypted, "{host} {query}");
    }
}

#[tokio::test]
async fn a_server_without_tls_is_refused_when_it_must_have_it() {
    let Some((user, behind, database)) = named() else {
        return;
    };
    let front = Front::start(&behind, false).await;
    let plain = format!("postgres://{user}@localhost:{}/{database}", front.port);
    assert!(connect(&format!("{plain}?sslmode=prefer")).await.is_ok());
    for mode in ["require", "verify-full"] {
        let refused = connect(&format!("{plain}?sslmode={mode}")).await;
        let refused = refused.unwrap_err().to_string();
        assert!(refused.to_lowercase().contains("tls"), "{mode}: {refused}");
    }
}
