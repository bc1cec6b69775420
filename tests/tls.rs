//! TLS and gRPC over real sockets: what is trusted, who we are, and how a failed handshake is told.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "helpers of tests may fail, and write files"
)]

#[path = "support/authority.rs"]
mod authority;
mod support;

use authority::{Authority, file};
use std::io::{Read as _, Write as _};
use std::sync::Arc;
use support::{Act, Fake, Watch, health, http, json, serve, serve_over, target, value};
use warroom::config::auth::{Auth, Tls};
use warroom::config::poll::PollKind;
use warroom::target::{Failure, Target, Verdict};

/// A service that is well, behind TLS.
fn secure(identity: &(rcgen::Certificate, rcgen::KeyPair), clients: Option<&Authority>) -> Fake {
    authority::secure(identity, clients, |_| Act::Send(json(r#"{"status":"healthy"}"#)))
}

fn poll(id: u32, fake: &Fake, tls: Tls) -> Target {
    let mut target = health(id, &format!("https://localhost:{}/health", fake.address.port()));
    target.route = Arc::new(warroom::target::Route {
        resolve: vec![("localhost".into(), fake.address.ip())],
        ..Default::default()
    });
    target.timeout = std::time::Duration::from_secs(5);
    target.interval = target.timeout;
    target.auth = Some(Arc::new(Auth { name: "tls".into(), tls, ..Auth::default() }));
    target
}

#[test]
fn trust_identity_and_failed_handshakes() {
    let folder = tempfile::tempdir().unwrap();
    let ours = Authority::new("ours");
    let strangers = Authority::new("strangers");
    let ca = file(folder.path(), "ca.pem", &ours.issuer.pem());
    let trusting = Tls { ca: Some(ca), ..Tls::default() };
    let me = ours.issue("warroom", 2040);
    let cert = file(folder.path(), "me.pem", &me.0.pem());
    let key = file(folder.path(), "me.key", &me.1.serialize_pem());
    let identified = Tls { cert: Some(cert), key: Some(key), ..trusting.clone() };

    let good = secure(&ours.issue("localhost", 2040), None);
    let expired = secure(&ours.issue("localhost", 2001), None);
    let misnamed = secure(&ours.issue("elsewhere", 2040), None);
    let unknown = secure(&strangers.issue("localhost", 2040), None);
    let mutual = secure(&ours.issue("localhost", 2040), Some(&ours));
    let plain = serve_over(
        |mut stream| {
            let _ = stream.write_all(&http("400 Bad Request", "", b"this is HTTP"));
            while matches!(stream.read(&mut [0; 4096]), Ok(count) if count > 0) {}
            None
        },
        |_| Act::Close(Vec::new()),
    );

    let mut watch = Watch::start(vec![
        poll(1, &good, trusting.clone()),
        poll(2, &expired, trusting.clone()),
        poll(3, &misnamed, trusting.clone()),
        poll(4, &unknown, trusting.clone()),
        poll(5, &mutual, identified),
        poll(6, &mutual, trusting.clone()),
        poll(7, &plain, trusting),
        health(8, &format!("http://{}/", good.address)),
    ]);
    for id in [1, 5] {
        let report = watch.report(id);
        assert!(report.outcome.is_ok(), "{id}: {:?}", report.outcome);
        let end = value(&report, "probe_ssl_earliest_cert_expiry").unwrap();
        assert!((end - 2_208_988_800.0).abs() < 1.0, "1 January 2040, not {end}");
    }
    for (id, part) in [
        (2, "TLS: the certificate has expired"),
        (3, "TLS: the certificate is for another name"),
        (4, "TLS: the certificate is signed by an unknown authority"),
        (6, "TLS: the server refused: CertificateRequired"),
        (7, "plain HTTP?"),
    ] {
        let text = watch.report(id).outcome.unwrap_err().to_string();
        assert!(text.contains(part), "{id}: {text}");
    }
    assert!(watch.report(8).outcome.is_err(), "plain HTTP to a TLS port");
}

/// A gRPC server by hand: HTTP/2 frames (RFC 9113) with headers as literals without an index.
fn grpc(message: Option<&'static [u8]>, status: &'static str) -> Fake {
    fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
        let length = (payload.len() as u32).to_be_bytes();
        let mut bytes = vec![length[1], length[2], length[3], kind, flags, 0, 0, 0, stream];
        bytes.extend_from_slice(payload);
        bytes
    }
    fn literal(name: &str, value: &str) -> Vec<u8> {
        let mut bytes = vec![0, name.len() as u8];
        bytes.extend_from_slice(name.as_bytes());
        bytes.push(value.len() as u8);
        bytes.extend_from_slice(value.as_bytes());
        bytes
    }
    let headers = [vec![0x88], literal("content-type", "application/grpc")].concat();
    let trailers = literal("grpc-status", status);
    let mut answer = frame(4, 0, 0, &[]); // SETTINGS
    match message {
        Some(message) => {
            answer.extend(frame(1, 4, 1, &headers)); // HEADERS, END_HEADERS
            answer.extend(frame(0, 0, 1, message)); // DATA
            answer.extend(frame(1, 5, 1, &trailers)); // HEADERS, END_HEADERS and END_STREAM
        }
        None => answer.extend(frame(1, 5, 1, &[headers, trailers].concat())),
    }
    // The preface reads like the head of a request: that is what it was made for.
    serve(move |_| Act::Hang(answer.clone()))
}

#[test]
fn grpc_health_is_read_from_message_and_trailers() {
    let serving = grpc(Some(&[0, 0, 0, 0, 2, 8, 1]), "0");
    let not_serving = grpc(Some(&[0, 0, 0, 0, 2, 8, 2]), "0");
    let missing = grpc(None, "12");
    let stranger = grpc(None, "5");
    let plain = serve(|_| Act::Close(http("400 Bad Request", "", b"")));
    let ask = |id, fake: &Fake| {
        target(id, &format!("grpc://{}", fake.address), PollKind::Grpc { service: "chat".into() })
    };
    let mut watch = Watch::start(vec![
        ask(1, &serving),
        ask(2, &not_serving),
        ask(3, &missing),
        ask(4, &stranger),
        ask(5, &plain),
    ]);
    for (id, verdict, success) in [(1, Verdict::Up, 1.0), (2, Verdict::Down, 0.0), (4, Verdict::Unknown, 1.0)]
    {
        let report = watch.report(id);
        assert!(report.outcome.is_ok(), "{id}: {:?}", report.outcome);
        assert_eq!(report.observation.as_ref().unwrap().verdict, verdict, "{id}");
        assert_eq!(value(&report, "probe_success"), Some(success), "{id}");
    }
    let text = watch.report(3).outcome.unwrap_err().to_string();
    assert!(text.contains("UNIMPLEMENTED"), "{text}");
    let failure = watch.report(5).outcome.unwrap_err();
    assert!(!matches!(failure, Failure::Timeout(_)), "{failure}");
}
