//! TCP polls, and the plain sockets that other polls build on.

use crate::io::http::of_io;
use crate::target::{Failure, Route};
use crate::text::Clean;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::net::TcpStream;
use url::Url;

/// Connects to the URL's host and port (`default_port` where it has none), address overrides first. A proxy is not
/// used: it could not tell whether the port behind it listens.
///
/// # Errors
/// [`Failure::Dns`], [`Failure::Refused`], [`Failure::NoRoute`], [`Failure::Timeout`] or [`Failure::Lost`].
pub async fn connect(
    url: &Url,
    default_port: Option<u16>,
    route: &Route,
    timeout: Duration,
) -> Result<TcpStream, Failure> {
    let host = url.host_str().unwrap_or("").trim_matches(['[', ']']);
    let Some(port) = url.port_or_known_default().or(default_port) else {
        return Err(Failure::Decode(Clean::new("the URL names no port")));
    };
    let attempt = async {
        let overridden = route.resolve.iter().find(|(name, _)| name.eq_ignore_ascii_case(host));
        let addresses: Vec<SocketAddr> = match overridden {
            Some((_, address)) => vec![SocketAddr::new(*address, port)],
            None => match host.parse::<IpAddr>() {
                Ok(address) => vec![SocketAddr::new(address, port)],
                Err(_) => tokio::net::lookup_host((host, port))
                    .await
                    .map_err(|error| Failure::Dns(Clean::new(&error.to_string())))?
                    .collect(),
            },
        };
        let stream = TcpStream::connect(addresses.as_slice()).await.map_err(|error| {
            of_io(&error, timeout).unwrap_or_else(|| Failure::Lost(Clean::new(&error.to_string())))
        })?;
        let _ = stream.set_nodelay(true);
        Ok(stream)
    };
    tokio::time::timeout(timeout, attempt).await.unwrap_or(Err(Failure::Timeout(timeout)))
}
