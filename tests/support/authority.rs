//! Certificates made for a test, and services behind TLS.
#![allow(dead_code, unreachable_pub, reason = "each test binary takes what it needs")]
#![allow(clippy::unwrap_used, clippy::missing_panics_doc, reason = "a helper of tests may fail")]

use crate::support::{Act, Fake, Request, Stream, serve_over};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio_rustls::rustls;

/// Who signs certificates.
pub struct Authority {
    /// Its certificate and key.
    pub issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    /// An authority of this name.
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self { issuer: CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap() }
    }

    /// A certificate and key for `name` that end in `year`.
    pub fn issue(&self, name: &str, year: i32) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2000, 1, 1);
        params.not_after = rcgen::date_time_ymd(year, 1, 1);
        (params.signed_by(&key, &self.issuer).unwrap(), key)
    }

    fn roots(&self) -> rustls::RootCertStore {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(self.issuer.der().clone()).unwrap();
        roots
    }
}

/// A TLS service with this certificate; `clients`: who must show one.
pub fn secure(
    identity: &(rcgen::Certificate, KeyPair),
    clients: Option<&Authority>,
    answer: impl Fn(&Request) -> Act + Send + Sync + 'static,
) -> Fake {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(authority) => builder.with_client_cert_verifier(
            rustls::server::WebPkiClientVerifier::builder_with_provider(
                Arc::new(authority.roots()),
                provider,
            )
            .build()
            .unwrap(),
        ),
    };
    let key = rustls::pki_types::PrivateKeyDer::try_from(identity.1.serialize_der()).unwrap();
    let config = Arc::new(builder.with_single_cert(vec![identity.0.der().clone()], key).unwrap());
    serve_over(
        move |stream| {
            let connection = rustls::ServerConnection::new(Arc::clone(&config)).ok()?;
            Some(Box::new(rustls::StreamOwned::new(connection, stream)) as Box<dyn Stream>)
        },
        answer,
    )
}

/// Writes a file.
pub fn file(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path
}
