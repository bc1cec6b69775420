//! Redis polls: PING, lengths of lists, keys that would never expire. Only commands that read.
//!
//! RESP2 is read by hand over a stream that is capped in bytes, items and line length, without recursion: a hostile
//! reply costs its poll and nothing else. The scan for keys without a time to live is bounded too.

use crate::decode::{RedisView, TtllessKeys};
use crate::io::http::{of_io, redact};
use crate::io::secrets::Vault;
use crate::io::tcp;
use crate::target::{Failure, Target};
use crate::text::Clean;
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The most bytes of all replies of one poll.
const MOST_BYTES: u64 = 4 << 20;
/// The longest line of a reply.
const MOST_LINE: usize = 64 << 10;
/// The most items of one reply.
const MOST_ITEMS: u64 = 20_000;
/// Rounds of SCAN for each pattern, and keys looked at in each.
const SCAN_ROUNDS: usize = 20;
const SCAN_COUNT: &str = "500";

/// Asks what the poll wants to know, on a connection of its own.
///
/// # Errors
/// The connection's failures, refused passwords ([`Failure::Denied`]), a reply that is not Redis ([`Failure::Decode`]).
pub async fn poll(
    target: &Target,
    vault: &Vault,
    llen: &[String],
    ttlless: &[String],
    password: &[crate::config::auth::SecretRef],
) -> Result<RedisView, Failure> {
    if target.url.scheme() == "rediss" {
        return Err(Failure::Decode(Clean::new(
            "rediss:// is not supported yet: poll the plain port or a tunnel",
        )));
    }
    let work = async {
        let stream = tcp::connect(&target.url, Some(6379), &target.route, target.timeout).await?;
        let mut wire = Wire::new(stream, target.timeout);
        authenticate(&mut wire, target, vault, password).await?;
        let database = target.url.path().trim_matches('/');
        if !database.is_empty() && database != "0" {
            wire.command(&["SELECT", database])
                .await?
                .into_text()
                .map_err(|error| refused("SELECT", &error))?;
        }
        ask(&mut wire, llen, ttlless).await
    };
    tokio::time::timeout(target.timeout, work).await.unwrap_or(Err(Failure::Timeout(target.timeout)))
}

fn refused(command: &str, error: &str) -> Failure {
    Failure::Decode(Clean::new(&format!("{command}: {error}")))
}

async fn authenticate(
    wire: &mut Wire,
    target: &Target,
    vault: &Vault,
    list: &[crate::config::auth::SecretRef],
) -> Result<(), Failure> {
    let started = std::time::Instant::now();
    let (mut said, mut wrong) = (None, None);
    let mut tried: Vec<std::sync::Arc<SecretString>> = Vec::new();
    // First the passwords as they are known, then those that have changed since.
    for since in [None, Some(started)] {
        for reference in list {
            let lease = match vault.get_since(reference, since).await {
                Ok(lease) => lease,
                Err(error) => {
                    wrong.get_or_insert(error);
                    continue;
                }
            };
            if tried.iter().any(|old| old.expose_secret() == lease.value.expose_secret()) {
                continue;
            }
            let user = target.url.username();
            let mut words = vec!["AUTH"];
            words.extend((!user.is_empty()).then_some(user));
            words.push(lease.value.expose_secret());
            match wire.command(&words).await?.into_text() {
                Ok(_) => return Ok(()),
                // No password is set there: that is no refusal.
                Err(error) if error.contains("without any password configured") => return Ok(()),
                Err(error) => said = Some(redact(&error, [&*lease.value])),
            }
            tried.push(lease.value);
        }
    }
    match (said, wrong) {
        (Some(said), _) => Err(Failure::Denied(Clean::new(&format!("AUTH: all passwords refused: {said}")))),
        (None, Some(error)) => Err(Failure::Secret(Clean::new(&error.to_string()))),
        (None, None) => Ok(()),
    }
}

async fn ask(wire: &mut Wire, llen: &[String], ttlless: &[String]) -> Result<RedisView, Failure> {
    let ping = wire.command(&["PING"]).await?.into_text();
    if let Err(error) = &ping
        && error.starts_with("NOAUTH")
    {
        return Err(Failure::Denied(Clean::new(error)));
    }
    let mut view = RedisView { ping, lengths: Vec::new(), ttlless: Vec::new() };
    for list in llen {
        wire.queue(&["LLEN", list]);
    }
    wire.flush().await?;
    for list in llen {
        view.lengths.push((list.clone(), wire.reply().await?.into_count()));
    }
    for pattern in ttlless {
        view.ttlless.push(scan(wire, pattern).await?);
    }
    Ok(view)
}

async fn scan(wire: &mut Wire, pattern: &str) -> Result<TtllessKeys, Failure> {
    let mut found = TtllessKeys { pattern: pattern.to_owned(), ..TtllessKeys::default() };
    let mut cursor = "0".to_owned();
    for _ in 0..SCAN_ROUNDS {
        let reply = wire.command(&["SCAN", &cursor, "MATCH", pattern, "COUNT", SCAN_COUNT]).await?;
        let mut items = reply.into_texts().map_err(|error| refused("SCAN", &error))?.into_iter();
        cursor = items.next().ok_or_else(|| refused("SCAN", "a reply without a cursor"))?;
        let keys: Vec<String> = items.collect();
        for key in &keys {
            wire.queue(&["TTL", key]);
        }
        wire.flush().await?;
        for _ in &keys {
            found.seen += 1;
            if let Some(Item::Number(-1)) = wire.reply().await?.0.first() {
                found.keys += 1;
            }
        }
        if cursor == "0" {
            found.complete = true;
            break;
        }
    }
    Ok(found)
}

/// One value of a reply; arrays are flattened, their heads left out.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Item {
    Text(String),
    Error(String),
    Number(i64),
    Nil,
}

/// A whole reply.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Reply(Vec<Item>);

impl Reply {
    fn into_text(self) -> Result<String, String> {
        match self.0.into_iter().next() {
            Some(Item::Text(text)) => Ok(text),
            Some(Item::Number(number)) => Ok(number.to_string()),
            Some(Item::Error(error)) => Err(error),
            Some(Item::Nil) | None => Err("an empty reply".to_owned()),
        }
    }

    fn into_count(self) -> Result<u64, String> {
        match self.0.into_iter().next() {
            Some(Item::Number(number)) => u64::try_from(number).map_err(|_| format!("a length of {number}")),
            Some(Item::Error(error)) => Err(error),
            other => Err(format!("{other:?} instead of a number")),
        }
    }

    fn into_texts(self) -> Result<Vec<String>, String> {
        let mut texts = Vec::with_capacity(self.0.len());
        for item in self.0 {
            match item {
                Item::Text(text) => texts.push(text),
                Item::Number(number) => texts.push(number.to_string()),
                Item::Error(error) => return Err(error),
                Item::Nil => {}
            }
        }
        Ok(texts)
    }
}

/// A connection with its caps.
#[derive(Debug)]
struct Wire {
    stream: TcpStream,
    timeout: Duration,
    out: Vec<u8>,
    buffer: Vec<u8>,
    at: usize,
    left: u64,
}

impl Wire {
    fn new(stream: TcpStream, timeout: Duration) -> Self {
        Self { stream, timeout, out: Vec::new(), buffer: Vec::new(), at: 0, left: MOST_BYTES }
    }

    /// Puts a command into the buffer, as an array of bulk strings.
    fn queue(&mut self, words: &[&str]) {
        self.out.extend_from_slice(format!("*{}\r\n", words.len()).as_bytes());
        for word in words {
            self.out.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
            self.out.extend_from_slice(word.as_bytes());
            self.out.extend_from_slice(b"\r\n");
        }
    }

    async fn flush(&mut self) -> Result<(), Failure> {
        let out = std::mem::take(&mut self.out);
        self.stream.write_all(&out).await.map_err(|error| self.lost(&error))
    }

    async fn command(&mut self, words: &[&str]) -> Result<Reply, Failure> {
        self.queue(words);
        self.flush().await?;
        self.reply().await
    }

    async fn reply(&mut self) -> Result<Reply, Failure> {
        let mut items = Vec::new();
        let mut wanted: u64 = 1;
        while wanted > 0 {
            wanted -= 1;
            let line = self.line().await?;
            let mut chars = line.chars();
            let kind = chars.next().unwrap_or(' ');
            let rest = chars.as_str();
            let number = || rest.parse::<i64>().map_err(|_| not_redis(&line));
            match kind {
                '+' => items.push(Item::Text(rest.to_owned())),
                '-' => items.push(Item::Error(rest.to_owned())),
                ':' => items.push(Item::Number(number()?)),
                '$' => items.push(match u64::try_from(number()?) {
                    Ok(length) => Item::Text(self.bulk(length).await?),
                    Err(_) => Item::Nil,
                }),
                '*' => {
                    wanted = wanted.saturating_add(u64::try_from(number()?).unwrap_or(0));
                    if wanted > MOST_ITEMS {
                        return Err(refused("reply", &format!("over {MOST_ITEMS} items")));
                    }
                }
                _ => return Err(not_redis(&line)),
            }
            if items.len() as u64 > MOST_ITEMS {
                return Err(refused("reply", &format!("over {MOST_ITEMS} items")));
            }
        }
        Ok(Reply(items))
    }

    /// A line without its end.
    async fn line(&mut self) -> Result<String, Failure> {
        let mut seen = 0;
        loop {
            let waiting = self.buffer.get(self.at..).unwrap_or(&[]);
            if let Some(end) = memchr::memchr(b'\n', waiting.get(seen..).unwrap_or(&[])) {
                let line = waiting.get(..seen + end).unwrap_or(&[]);
                let text = String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)).into_owned();
                self.at += seen + end + 1;
                return Ok(text);
            }
            seen = waiting.len();
            if seen > MOST_LINE {
                return Err(not_redis("a line without end"));
            }
            self.fill().await?;
        }
    }

    async fn bulk(&mut self, length: u64) -> Result<String, Failure> {
        if length > self.left {
            return Err(Failure::TooLarge(MOST_BYTES));
        }
        let length = length as usize;
        while self.buffer.len() - self.at < length + 2 {
            self.fill().await?;
        }
        let text = self.buffer.get(self.at..self.at + length).unwrap_or(&[]);
        let text = String::from_utf8_lossy(text).into_owned();
        self.at += length + 2;
        Ok(text)
    }

    async fn fill(&mut self) -> Result<(), Failure> {
        if self.at > 0 {
            self.buffer.drain(..self.at);
            self.at = 0;
        }
        let mut chunk = [0; 4096];
        let count = self.stream.read(&mut chunk).await.map_err(|error| self.lost(&error))?;
        if count == 0 {
            return Err(Failure::Lost(Clean::new("closed in the middle of a reply")));
        }
        self.left = self.left.checked_sub(count as u64).ok_or(Failure::TooLarge(MOST_BYTES))?;
        self.buffer.extend_from_slice(&chunk[..count]);
        Ok(())
    }

    fn lost(&self, error: &std::io::Error) -> Failure {
        of_io(error, self.timeout).unwrap_or_else(|| Failure::Lost(Clean::new(&error.to_string())))
    }
}

fn not_redis(line: &str) -> Failure {
    Failure::Decode(Clean::new(&format!("not a Redis reply: {}", line.chars().take(60).collect::<String>())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    /// Reads one reply from a server that sends `bytes` and closes.
    async fn read(bytes: &[u8]) -> Result<Reply, Failure> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let bytes = bytes.to_vec();
        let server = tokio::task::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.write_all(&bytes).await; // the reader may have had enough
        });
        let stream = TcpStream::connect(address).await.unwrap();
        let reply = Wire::new(stream, Duration::from_secs(5)).reply().await;
        let _ = server.await;
        reply
    }

    #[tokio::test]
    async fn replies_are_read_and_hostile_ones_refused() {
        let text = |text: &str| Item::Text(text.to_owned());
        for (bytes, items) in [
            (&b"+PONG\r\n"[..], vec![text("PONG")]),
            (b"-ERR no\r\n", vec![Item::Error("ERR no".into())]),
            (b":42\r\n", vec![Item::Number(42)]),
            (b"$5\r\na\r\nbc\r\n", vec![text("a\r\nbc")]),
            (b"$-1\r\n", vec![Item::Nil]),
            (b"*2\r\n$1\r\n0\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n", vec![text("0"), text("a"), text("b")]),
            (b"*0\r\n", vec![]),
            (b"$2\r\n\xff\xfe\r\n", vec![text("\u{fffd}\u{fffd}")]),
        ] {
            assert_eq!(read(bytes).await, Ok(Reply(items)), "{bytes:?}");
        }
        let nested = b"*1\r\n".repeat(100_000);
        let endless = b"+".iter().chain([b'x'; 1].iter().cycle().take(200_000)).copied().collect::<Vec<_>>();
        for (bytes, part) in [
            (&b"HTTP/1.1 400 Bad Request\r\n"[..], "not a Redis reply: HTTP/1.1"),
            (b"*999999999999\r\n", "over 20000 items"),
            (b"$99999999999\r\n", "body over"),
            (b":x\r\n", "not a Redis reply"),
            (b"$5\r\nab", "closed in the middle"),
            (b"", "closed in the middle"),
            (&nested, "closed in the middle"),
            (&endless, "a line without end"),
        ] {
            let error = read(bytes).await.unwrap_err().to_string();
            assert!(error.contains(part), "{error} lacks {part}");
        }
    }
}
