//! Certificate and key of the server, read from PEM files. Says what is wrong with a file, and never what is in it.

use std::io::Read as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// No chain is longer.
const MOST_BYTES: u64 = 1 << 20;

/// Reads both; nothing where TLS is not wanted.
///
/// # Errors
/// Which file, and why.
pub(super) fn read(files: Option<&(PathBuf, PathBuf)>) -> Result<Option<Arc<ServerConfig>>, String> {
    let Some((cert, key)) = files else { return Ok(None) };
    let wrong = |path: &Path, what: &str| format!("{}: {what}", path.display());
    let chain: Result<Vec<CertificateDer<'static>>, _> =
        CertificateDer::pem_slice_iter(&bytes(cert, false)?).collect();
    let chain = chain.map_err(|_| wrong(cert, "is no PEM file of certificates"))?;
    if chain.is_empty() {
        return Err(wrong(cert, "holds no certificate (PEM)"));
    }
    let private = PrivateKeyDer::from_pem_slice(&bytes(key, true)?)
        .map_err(|_| wrong(key, "holds no private key (PEM)"))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .map_err(|error| format!("{} and {} do not fit: {error}", cert.display(), key.display()))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Some(Arc::new(config)))
}

fn bytes(path: &Path, secret: bool) -> Result<Vec<u8>, String> {
    let failed = |error: std::io::Error| format!("{}: {error}", path.display());
    // Without NONBLOCK, opening a named pipe would wait for its writer.
    let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let file = std::fs::OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(failed)?;
    let about = file.metadata().map_err(failed)?;
    if !about.is_file() {
        return Err(format!("{}: it is not a plain file", path.display()));
    }
    if secret && about.mode() & 0o066 != 0 {
        let mode = about.mode() & 0o777;
        return Err(format!("{}: others may read or write it (mode {mode:o}): chmod 600", path.display()));
    }
    let mut text = Vec::new();
    file.take(MOST_BYTES).read_to_end(&mut text).map_err(failed)?;
    Ok(text)
}
