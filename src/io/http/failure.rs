//! What went wrong on the wire becomes one of the target's failures, in words that help.
//!
//! Texts are taken from the innermost cause only, and never hold a URL: it could carry user information.

use crate::target::Failure;
use crate::text::Clean;
use rustix::io::Errno;
use std::error::Error;
use std::io::ErrorKind;
use std::time::Duration;

/// Which failure an error of the HTTP client is; `timeout` is what the whole exchange was given.
pub fn classify(error: &reqwest::Error, timeout: Duration) -> Failure {
    if error.is_timeout() {
        return Failure::Timeout(timeout);
    }
    let causes = chain(error);
    let last = Clean::new(&causes.last().map(ToString::to_string).unwrap_or_default());
    if error.is_dns() {
        return Failure::Dns(last);
    }
    if let Some(tls) = causes.iter().find_map(|cause| cause.downcast_ref::<rustls::Error>()) {
        return Failure::Tls(Clean::new(&explain_tls(tls)));
    }
    if let Some(io) = causes.iter().find_map(|cause| cause.downcast_ref::<std::io::Error>())
        && !io.to_string().contains("handshake eof")
        && let Some(failure) = of_io(io, timeout)
    {
        return failure;
    }
    if error.is_builder() {
        return Failure::Ours(Clean::new(&format!("the request cannot be made: {last}")));
    }
    let parse =
        causes.iter().any(|cause| cause.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_parse));
    if parse {
        return Failure::Decode(Clean::new(&format!(
            "the answer is not HTTP ({last}); does the port speak TLS?"
        )));
    }
    if error.is_decode() {
        return Failure::Decode(Clean::new(&format!("the body's compression is damaged: {last}")));
    }
    if last.as_str() == "tls handshake eof" {
        return Failure::Lost(Clean::new("closed during the TLS handshake; does the port speak plain HTTP?"));
    }
    Failure::Lost(last)
}

/// Which failure an error of a plain socket is, if its kind tells.
pub fn of_io(error: &std::io::Error, timeout: Duration) -> Option<Failure> {
    let text = || Clean::new(&error.to_string());
    // No descriptor or no memory left: the target was not asked.
    if matches!(Errno::from_io_error(error), Some(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM))
    {
        return Some(Failure::Ours(text()));
    }
    Some(match error.kind() {
        ErrorKind::ConnectionRefused => Failure::Refused,
        ErrorKind::NetworkUnreachable
        | ErrorKind::HostUnreachable
        | ErrorKind::NetworkDown
        | ErrorKind::AddrNotAvailable
        | ErrorKind::PermissionDenied => Failure::NoRoute(text()),
        ErrorKind::TimedOut => Failure::Timeout(timeout),
        ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::BrokenPipe
        | ErrorKind::NotConnected
        | ErrorKind::UnexpectedEof => Failure::Lost(text()),
        _ => return None,
    })
}

/// The causes of an error, outermost first; an `io::Error` that wraps another error counts as both.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> Vec<&'a (dyn Error + 'static)> {
    let mut causes = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        if causes.len() >= 16 {
            break;
        }
        causes.push(cause);
        next = match cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => cause.source(),
        };
    }
    causes
}

fn explain_tls(error: &rustls::Error) -> String {
    use rustls::CertificateError as Bad;
    match error {
        rustls::Error::InvalidCertificate(bad) => match bad {
            Bad::Expired | Bad::ExpiredContext { .. } => "the certificate has expired".to_owned(),
            Bad::NotValidYet | Bad::NotValidYetContext { .. } => {
                "the certificate is not valid yet".to_owned()
            }
            Bad::UnknownIssuer => {
                "the certificate is signed by an unknown authority (tls.ca may name it)".to_owned()
            }
            Bad::NotValidForName | Bad::NotValidForNameContext { .. } => {
                "the certificate is for another name".to_owned()
            }
            Bad::Revoked => "the certificate was revoked".to_owned(),
            other => format!("bad certificate: {other}"),
        },
        rustls::Error::InvalidMessage(_) => format!("{error}; does the port speak plain HTTP?"),
        rustls::Error::AlertReceived(alert) => format!("the server refused: {alert:?}"),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_socket_errors_become_failures_that_tell_whose_fault_it_is() {
        let limit = Duration::from_secs(5);
        for (kind, failure, ours) in [
            (ErrorKind::ConnectionRefused, "connection refused", false),
            (ErrorKind::NetworkUnreachable, "no route: network unreachable", true),
            (ErrorKind::HostUnreachable, "no route: host unreachable", true),
            (ErrorKind::TimedOut, "no answer within 5s", false),
            (ErrorKind::ConnectionReset, "connection lost: connection reset", false),
        ] {
            let found = of_io(&kind.into(), limit).unwrap();
            assert_eq!(found.to_string(), failure);
            assert_eq!(found.may_be_our_link(), ours, "{kind:?}");
        }
        assert_eq!(of_io(&ErrorKind::InvalidData.into(), limit), None);
    }

    #[test]
    fn tls_errors_are_told_with_their_remedy() {
        use rustls::CertificateError as Bad;
        for (error, part) in [
            (rustls::Error::InvalidCertificate(Bad::Expired), "has expired"),
            (rustls::Error::InvalidCertificate(Bad::UnknownIssuer), "tls.ca"),
            (rustls::Error::InvalidCertificate(Bad::NotValidForName), "another name"),
            (rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType), "plain HTTP?"),
            (
                rustls::Error::AlertReceived(rustls::AlertDescription::CertificateRequired),
                "CertificateRequired",
            ),
        ] {
            assert!(explain_tls(&error).contains(part), "{error}");
        }
    }
}
