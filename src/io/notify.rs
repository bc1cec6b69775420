//! Notifications leave here, and nothing else does: the one module of danger class `notify`.
//!
//! A thread of its own: a channel that hangs costs itself and never the loop. One attempt a delivery; whether there is
//! another is decided on the pure side. Redirects are not followed. No error text holds a URL, a key, or what of them a
//! server echoes.

use super::http::{Http, brief, classify, dress, redact, retry_after};
use crate::config::auth::{Credential, SecretRef, UserName};
use crate::notification::{Address, Channel, Delivery, LARGEST, Message, Outcome, Via};
use crate::target::Failure;
use crate::text::Clean;
use crate::units::Timestamp;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use url::Url;

/// Deliveries that may wait; a router never has more on their way than it has channels.
const WAITING: usize = 256;
/// The most bytes of an answer that are looked at.
const ANSWER: usize = 16 << 10;

/// How a delivery ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Which one.
    pub id: u64,
    /// How.
    pub outcome: Outcome,
}

/// A handle on the sending thread. Dropping it breaks off what is on its way.
#[derive(Debug)]
pub struct Notifier {
    orders: Option<mpsc::Sender<Delivery>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Notifier {
    /// Starts the thread. How deliveries ended goes to `outcomes`.
    ///
    /// # Errors
    /// The thread or its runtime could not be made.
    pub fn start(outcomes: mpsc::Sender<Sent>) -> std::io::Result<Self> {
        let (orders, inbox) = mpsc::channel(WAITING);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let thread = std::thread::Builder::new().name("notify".to_owned()).spawn(move || {
            runtime.block_on(work(inbox, outcomes));
            // Not waited for: a name that is being looked up may take many seconds more.
            runtime.shutdown_background();
        })?;
        Ok(Self { orders: Some(orders), thread: Some(thread) })
    }

    /// Sends a delivery, once. Never blocks; false if too many wait, which counts as an attempt that failed.
    pub fn send(&self, delivery: Delivery) -> bool {
        self.orders.as_ref().is_some_and(|orders| orders.try_send(delivery).is_ok())
    }
}

impl Drop for Notifier {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Carries deliveries out until the handle is dropped.
async fn work(mut inbox: mpsc::Receiver<Delivery>, outcomes: mpsc::Sender<Sent>) {
    let http = Arc::new(Http::default());
    let mut sending = JoinSet::new();
    loop {
        tokio::select! {
            order = inbox.recv() => match order {
                Some(delivery) => {
                    let (http, outcomes) = (Arc::clone(&http), outcomes.clone());
                    sending.spawn(async move {
                        let outcome = send(&http, &delivery).await;
                        // Nobody asks for it any more if nobody takes it.
                        let _ = outcomes.send(Sent { id: delivery.id, outcome }).await;
                    });
                }
                None => break,
            },
            Some(_) = sending.join_next() => {}
        }
    }
}

fn wall() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// Makes one attempt.
pub async fn send(http: &Http, delivery: &Delivery) -> Outcome {
    let timeout = delivery.channel.timeout;
    match tokio::time::timeout(timeout, attempt(http, delivery)).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(trouble)) => trouble,
        Err(_) => unsent(&Failure::Timeout(timeout)),
    }
}

/// What a failure on the way means: the network may be well again later, and so may a secret or a certificate.
fn unsent(failure: &Failure) -> Outcome {
    Outcome::Failed { error: Clean::new(&failure.to_string()), again: true, after: None }
}

fn never(text: &str) -> Outcome {
    Outcome::Failed { error: Clean::new(text), again: false, after: None }
}

/// Tries the credentials in turn, first as they are known, then as they are now.
async fn attempt(http: &Http, delivery: &Delivery) -> Result<Outcome, Outcome> {
    let Message::Post { body, secret } = &delivery.message else {
        return Err(never("a terminal is rung, not sent to"));
    };
    let (url, mut hidden) = destination(http, &delivery.channel).await?;
    let (key, client) = http
        .clients
        .get(&url, delivery.channel.auth.as_deref(), &delivery.channel.route, false)
        .await
        .map_err(|failure| unsent(&failure))?;
    let candidates = candidates(&delivery.channel);
    let user = user(http, &delivery.channel).await?;
    let started = Instant::now();
    let mut tried: Vec<Arc<SecretString>> = Vec::new();
    let mut last = None;
    for since in [None, Some(started)] {
        for reference in &candidates {
            let value = match reference {
                None => None,
                Some(reference) => match http.vault.get_since(reference, since).await {
                    Ok(lease) => Some(lease.value),
                    Err(error) => {
                        last.get_or_insert_with(|| unsent(&Failure::Secret(Clean::new(&error.to_string()))));
                        continue;
                    }
                },
            };
            let same = |old: &Arc<SecretString>| {
                value.as_ref().is_some_and(|value| value.expose_secret() == old.expose_secret())
            };
            if tried.iter().any(same) || (value.is_none() && since.is_some()) {
                continue;
            }
            if let Some(value) = &value {
                tried.push(Arc::clone(value));
                hidden.push(Arc::clone(value));
            }
            let mut body = body.clone();
            if let (Some(member), Some(value)) = (secret, &value) {
                body[*member] = value.expose_secret().into();
            }
            let bytes = body.to_string();
            if bytes.len() > LARGEST {
                return Err(never("the message is too large"));
            }
            let mut request = client
                .post(url.clone())
                .header(CONTENT_TYPE, "application/json")
                .header("Idempotency-Key", header_text(&delivery.key));
            for (name, text) in &delivery.channel.headers {
                request = request.header(name, text);
            }
            if let (None, Some(auth), Some(value)) = (secret, &delivery.channel.auth, &value) {
                request = dress(request, &auth.credential, user.as_deref(), value);
            }
            let sent = request.body(bytes).send().await;
            let response = sent.map_err(|error| {
                let failure = classify(&error, delivery.channel.timeout);
                if matches!(failure, Failure::Tls(_)) {
                    http.clients.refused(&key);
                }
                unsent(&failure)
            })?;
            let (status, outcome) = judge(response, &hidden).await;
            // PagerDuty says 400 to a routing key that it does not know.
            if value.is_none() || !matches!(status, 400 | 401 | 403) {
                return Ok(outcome);
            }
            last = Some(outcome);
        }
    }
    Err(last.unwrap_or_else(|| never("no secret is named")))
}

/// What the answer means; of its body only a line is kept, without secrets.
async fn judge(mut response: reqwest::Response, hidden: &[Arc<SecretString>]) -> (u16, Outcome) {
    let status = response.status().as_u16();
    if (200..300).contains(&status) {
        return (status, Outcome::Delivered);
    }
    let text = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
    let after = text(RETRY_AFTER).and_then(|text| retry_after(text, wall()));
    let kind = text(CONTENT_TYPE).map(str::to_owned);
    let mut body = Vec::new();
    while body.len() < ANSWER {
        let Ok(Some(chunk)) = response.chunk().await else { break };
        body.extend(chunk.iter().take(ANSWER - body.len()));
    }
    let said = redact(&brief(kind.as_deref(), &body), hidden.iter().map(|secret| &**secret));
    (status, Outcome::of_status(status, &said, after))
}

/// The URL, and what of it must not be shown.
async fn destination(http: &Http, channel: &Channel) -> Result<(Url, Vec<Arc<SecretString>>), Outcome> {
    let Some((address, path)) = channel.via.address() else {
        return Err(never("a terminal is rung, not sent to"));
    };
    let (mut url, hidden) = match address {
        Address::Plain(url) => (url.clone(), Vec::new()),
        Address::Secret(reference) => {
            let now = Some(Instant::now());
            let lease = http.vault.get_since(reference, now).await;
            let lease = lease.map_err(|error| unsent(&Failure::Secret(Clean::new(&error.to_string()))))?;
            let url = Url::parse(lease.value.expose_secret().trim()).ok();
            let url = url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
            let name = super::secrets::name_of(reference);
            let url = url.ok_or_else(|| never(&format!("{name} holds no http or https URL")))?;
            let mut hidden = vec![Arc::clone(&lease.value)];
            hidden.extend(pieces(&url).into_iter().map(|piece| Arc::new(SecretString::from(piece))));
            (url, hidden)
        }
    };
    let base = url.path().trim_end_matches('/').to_owned();
    if !path.is_empty() && !base.ends_with(path) {
        url.set_path(&format!("{base}{path}"));
    }
    Ok((url, hidden))
}

/// The parts of a secret URL that a server may echo: path, query, and what stands between their slashes. The longest
/// first, so that nothing is left of them.
fn pieces(url: &Url) -> Vec<String> {
    let mut pieces = vec![url.path().to_owned()];
    pieces.extend(url.query().map(str::to_owned));
    pieces.extend(url.path().split('/').map(str::to_owned));
    pieces.extend(url.query_pairs().map(|(_, value)| value.into_owned()));
    pieces.extend(url.password().map(str::to_owned));
    // Shorter ones are words such as "services".
    pieces.retain(|piece| piece.len() > 8);
    pieces.sort_by_key(|piece| std::cmp::Reverse(piece.len()));
    pieces
}

/// The references to be tried in turn; none alone: nothing is needed.
fn candidates(channel: &Channel) -> Vec<Option<&SecretRef>> {
    let list: &[SecretRef] = match (&channel.via, channel.auth.as_ref().map(|auth| &auth.credential)) {
        (Via::PagerDuty { key, .. }, _) => key,
        (
            _,
            Some(
                Credential::Basic { password: list, .. }
                | Credential::Bearer(list)
                | Credential::Token(list)
                | Credential::Header { value: list, .. },
            ),
        ) => list,
        _ => return vec![None],
    };
    list.iter().map(Some).collect()
}

async fn user(http: &Http, channel: &Channel) -> Result<Option<Arc<SecretString>>, Outcome> {
    match channel.auth.as_ref().map(|auth| &auth.credential) {
        Some(Credential::Basic { user: UserName::Plain(name), .. }) => {
            Ok(Some(Arc::new(SecretString::from(name.as_str()))))
        }
        Some(Credential::Basic { user: UserName::Secret(reference), .. }) => {
            match http.vault.get(reference).await {
                Ok(lease) => Ok(Some(lease.value)),
                Err(error) => Err(unsent(&Failure::Secret(Clean::new(&error.to_string())))),
            }
        }
        _ => Ok(None),
    }
}

/// A key as a header may hold it.
fn header_text(key: &str) -> String {
    key.chars().map(|c| if c.is_ascii_graphic() { c } else { '_' }).take(200).collect()
}
