//! What speaks on a port that does not answer HTTP: two harmless greetings, each on a connection of its own.

use crate::io::tcp;
use crate::target::Route;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use url::Url;

/// A protocol that was recognised by its own answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Greeting {
    /// Redis, or something that speaks its protocol. The flag says that it wants a password.
    Redis {
        /// It wants a password.
        password: bool,
    },
    /// `PostgreSQL`, or a pool in front of it.
    Postgres,
}

type Understand = fn(&[u8]) -> Option<Greeting>;

/// How each greeting is sent and its answer read. Redis: a PING (<https://redis.io/docs/latest/commands/ping/>).
/// `PostgreSQL`: an `SSLRequest`, which is answered by one letter before anybody logs in
/// (<https://www.postgresql.org/docs/current/protocol-message-formats.html>).
const GREETINGS: [(&[u8], Understand); 2] = [(b"PING\r\n", redis), (&[0, 0, 0, 8, 4, 210, 22, 47], postgres)];

fn redis(answer: &[u8]) -> Option<Greeting> {
    let starts = |text: &[u8]| answer.starts_with(text);
    if starts(b"+PONG") || starts(b"-LOADING") {
        Some(Greeting::Redis { password: false })
    } else {
        (starts(b"-NOAUTH") || starts(b"-NOPERM")).then_some(Greeting::Redis { password: true })
    }
}

fn postgres(answer: &[u8]) -> Option<Greeting> {
    matches!(answer, b"S" | b"N").then_some(Greeting::Postgres)
}

/// Greets the port; nothing if it answers neither way within `limit`.
pub(super) async fn greet(url: &Url, limit: Duration) -> Option<Greeting> {
    let each = limit / GREETINGS.len() as u32;
    for (words, understand) in GREETINGS {
        let talk = async {
            let port = matches!(url.scheme(), "redis" | "rediss").then_some(6379);
            let mut stream = tcp::connect(url, port, &Route::default(), each).await.ok()?;
            stream.write_all(words).await.ok()?;
            let mut answer = [0; 64];
            let read = stream.read(&mut answer).await.ok()?;
            understand(answer.get(..read)?)
        };
        if let Ok(Some(greeting)) = tokio::time::timeout(each, talk).await {
            return Some(greeting);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocols_are_known_by_their_answers() {
        for (answer, greeting) in [
            (&b"+PONG\r\n"[..], Some(Greeting::Redis { password: false })),
            (b"-NOAUTH Authentication required.\r\n", Some(Greeting::Redis { password: true })),
            (b"S", Some(Greeting::Postgres)),
            (b"N", Some(Greeting::Postgres)),
            (b"HTTP/1.1 400 Bad Request\r\n", None),
            (b"SSH-2.0-OpenSSH\r\n", None),
            (b"", None),
        ] {
            let found = GREETINGS.iter().find_map(|(_, understand)| understand(answer));
            assert_eq!(found, greeting, "{answer:?}");
        }
    }
}
