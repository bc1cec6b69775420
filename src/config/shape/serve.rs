//! `serve`.

use super::super::checks;
use super::{Field, Kind, MINUTE, SECOND};

pub(super) const SERVE: &[Field] = &[
    Field::new(
        "listen",
        Kind::Text(checks::LISTEN),
        "IP address and port that it listens on; port 0 takes a free one. Anything but loopback needs a token.",
    )
    .or("\"127.0.0.1:7090\""),
    Field::new(
        "token",
        Kind::Secrets,
        "Who asks must know it: as Authorization: Bearer, or as the password of Basic with any user. Of a list each one \
         is valid, so that keys can rotate.",
    )
    .like("[\"file:/run/secrets/warroom\", \"file:/run/secrets/warroom_next\"]"),
    Field::new("tls", Kind::Table(&[TLS]), "Certificate and key; without them it is plain HTTP."),
    Field::new(
        "timeout",
        Kind::Duration { min: SECOND, max: 10 * MINUTE },
        "How long one question may be worked on, the wait for its turn included.",
    )
    .or("\"30s\""),
    Field::new(
        "parallel",
        Kind::Whole { min: 1, max: 64 },
        "How many questions are worked on at a time; more wait for their turn.",
    )
    .or("4"),
    Field::new(
        "samples",
        Kind::Whole { min: 1_000, max: 1_000_000_000 },
        "The most samples that one question may read.",
    )
    .or("10000000"),
    Field::new(
        "connections",
        Kind::Whole { min: 8, max: 65_536 },
        "The most connections at a time. When there is no room for another one, the one that is silent the longest goes.",
    )
    .or("256"),
    Field::new(
        "keep",
        Kind::OneOrMore(&Kind::Text(checks::KEEP)),
        "Which scraped metrics are there to be asked for: \"mentioned\" are those that some expression of this file names, \
         \"all\" costs the memory of all of them; names in a list are kept beside those that are mentioned.",
    )
    .or("\"mentioned\""),
];

const TLS: &[Field] = &[
    Field::new("cert", Kind::Text(checks::PATH), "The certificate chain (PEM); read again when it changes.")
        .must()
        .like("\"file:/etc/warroom/serve.pem\""),
    Field::new("key", Kind::Text(checks::PATH), "Its private key (PEM); refused if others can read it.")
        .must()
        .like("\"file:/etc/warroom/serve.key\""),
];
