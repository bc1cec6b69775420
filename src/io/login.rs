//! Token requests: the one place that sends a login, and nothing else.
//!
//! A token is shared by all polls of a host, asked for by one of them at a time, and kept until it is refused. A
//! login that failed is not repeated for half a minute, so that a dashboard never locks an account.

use crate::config::auth::SecretRef;
use crate::io::http::{Trouble, brief, classify, redact, retry_after};
use crate::io::secrets::Vault;
use crate::target::Failure;
use crate::text::Clean;
use crate::units::Timestamp;
use reqwest::Client;
use reqwest::header::RETRY_AFTER;
use secrecy::{ExposeSecret, SecretString};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use url::Url;

/// A login that failed is not tried again before this.
const AGAIN_AFTER: Duration = Duration::from_secs(30);
/// The most bytes of a login's answer.
const MOST_BYTES: usize = 1 << 20;

/// Hash of the auth table, and the host and port that it is used for.
pub(in crate::io) type Place = (u64, String);

/// What is needed to ask for a token.
#[derive(Debug)]
pub(in crate::io) struct Ticket<'a> {
    /// The auth table and the host that the token is for.
    pub(in crate::io) place: Place,
    /// Where to ask.
    pub(in crate::io) url: Url,
    /// Fields of the JSON body.
    pub(in crate::io) json: &'a [(String, SecretRef)],
    /// Pointer to the token in the answer.
    pub(in crate::io) token: &'a str,
    /// What the request may take.
    pub(in crate::io) timeout: Duration,
    /// The moment, to count a `Retry-After` date from.
    pub(in crate::io) now: Timestamp,
}

#[derive(Debug, Default)]
struct Desk {
    token: Option<Arc<SecretString>>,
    /// Counts tokens, so that a poll can say which one was refused.
    number: u64,
    failed: Option<(Instant, Trouble)>,
}

/// The tokens held.
#[derive(Debug, Default)]
pub(in crate::io) struct Logins {
    desks: Mutex<HashMap<Place, Arc<tokio::sync::Mutex<Desk>>>>,
}

impl Logins {
    /// A token newer than number `refused` (0: any), with its number.
    ///
    /// # Errors
    /// The login failed, now or less than half a minute ago.
    pub(in crate::io) async fn token(
        &self,
        client: &Client,
        vault: &Vault,
        ticket: &Ticket<'_>,
        refused: u64,
    ) -> Result<(u64, Arc<SecretString>), Trouble> {
        let desk = {
            let mut desks = self.desks.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(desks.entry(ticket.place.clone()).or_default())
        };
        let mut desk = desk.lock().await;
        if let Some(token) = &desk.token
            && desk.number > refused
        {
            return Ok((desk.number, Arc::clone(token)));
        }
        if let Some((when, trouble)) = &desk.failed
            && when.elapsed() < AGAIN_AFTER.max(trouble.retry_after.unwrap_or_default())
        {
            return Err(trouble.clone());
        }
        desk.token = None;
        // Noted before the request leaves: one that times out counts as failed.
        let unanswered = Failure::Timeout(ticket.timeout);
        desk.failed = Some((Instant::now(), unanswered.into()));
        // A token that was refused may mean that the password changed too: read it again.
        let since = (refused > 0).then(Instant::now);
        match ask(client, vault, ticket, since).await {
            Ok(token) => {
                desk.failed = None;
                desk.number += 1;
                let token = Arc::new(token);
                desk.token = Some(Arc::clone(&token));
                Ok((desk.number, token))
            }
            Err(trouble) => {
                desk.failed = Some((Instant::now(), trouble.clone()));
                Err(trouble)
            }
        }
    }
}

async fn ask(
    client: &Client,
    vault: &Vault,
    ticket: &Ticket<'_>,
    since: Option<Instant>,
) -> Result<SecretString, Trouble> {
    let mut secrets = Vec::new();
    for (_, reference) in ticket.json {
        let lease = vault.get_since(reference, since).await;
        secrets.push(lease.map_err(|error| Failure::Secret(Clean::new(&error.to_string())))?.value);
    }
    let fields = ticket.json.iter().zip(&secrets);
    let body: serde_json::Map<String, serde_json::Value> =
        fields.map(|((name, _), value)| (name.clone(), value.expose_secret().into())).collect();
    let sent = client.post(ticket.url.clone()).timeout(ticket.timeout).json(&body).send().await;
    let mut response = sent.map_err(|error| classify(&error, ticket.timeout))?;
    let status = response.status().as_u16();
    let header = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let wait = header.and_then(|text| retry_after(text, ticket.now));
    let mut text = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| classify(&error, ticket.timeout))? {
        if text.len() + chunk.len() > MOST_BYTES {
            return Err(Failure::TooLarge(MOST_BYTES as u64).into());
        }
        text.extend_from_slice(&chunk);
    }
    if !(200..300).contains(&status) {
        let said = redact(&brief(None, &text), secrets.iter().map(|secret| &**secret));
        let said = Clean::new(&format!("login: {said}"));
        let failure = match status {
            400 | 401 | 403 | 422 => Failure::Credentials(status, said),
            _ => Failure::Status(status, said),
        };
        return Err(Trouble { failure, retry_after: wait, status: Some(status) });
    }
    let json: serde_json::Value = serde_json::from_slice(&text)
        .map_err(|_| Failure::Decode(Clean::new("the login's answer is not JSON")))?;
    match json.pointer(ticket.token).and_then(|token| token.as_str()) {
        Some(token) if !token.is_empty() => Ok(SecretString::from(token)),
        _ => {
            let text = format!("the login's answer has no token at {}", ticket.token);
            Err(Failure::Decode(Clean::new(&text)).into())
        }
    }
}
