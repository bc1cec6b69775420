//! What people did here is told to the warroom that polls: notes, acknowledgements, records of acts. The other module of
//! danger class `notify`: it changes a journal, and no service.
//!
//! It is tried until the server has it. Each line has an id of its own, so that one that comes twice counts once.

use super::super::poll::Message;
use super::{Waits, route, say, wall};
use crate::event::Fed;
use crate::feed::{MOST_AT_ONCE, MOST_BODY};
use crate::io::http::{Ask, Dress, Http, brief, classify};
use crate::journal::Entry;
use crate::plan::FeedPlan;
use crate::target::Failure;
use crate::text::Clean;
use reqwest::header::CONTENT_TYPE;
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::sync::mpsc;

/// The most lines that wait for a server; the oldest go.
const MOST_WAITING: usize = 4_096;
/// The most bytes of an answer that are looked at.
const ANSWER: usize = 16 << 10;

/// Why the server does not have it.
enum Untold {
    /// It may take it later.
    Later(Clean),
    /// It will never take this.
    Never(Clean),
}

/// Tells the server whatever waits, until nothing more comes.
pub(super) async fn work(
    http: &Arc<Http>,
    plan: &Arc<FeedPlan>,
    mut inbox: mpsc::UnboundedReceiver<Vec<Entry>>,
    tell: &mpsc::Sender<Message>,
) {
    let (mut waiting, mut waits) = (VecDeque::<Entry>::new(), Waits::new(plan));
    let mut open = true;
    while open || !waiting.is_empty() {
        if waiting.is_empty() {
            match inbox.recv().await {
                Some(entries) => waiting.extend(entries),
                None => return,
            }
        }
        while let Ok(entries) = inbox.try_recv() {
            waiting.extend(entries);
        }
        let over = waiting.len().saturating_sub(MOST_WAITING);
        waiting.drain(..over);
        let (body, count) = body(&waiting);
        match post(http, plan, body).await {
            Ok(()) => {
                waiting.drain(..count);
                waits.reset();
                say(tell, plan, Fed::Unsent(waiting.len(), None)).await;
            }
            Err(Untold::Never(why)) => {
                // One line may be what it minds: the others go alone, next.
                let gone = if count > 1 {
                    one_by_one(http, plan, &mut waiting, count).await
                } else {
                    waiting.drain(..1).len()
                };
                if gone > 0 {
                    say(tell, plan, Fed::Unsent(waiting.len(), Some(why))).await;
                }
            }
            Err(Untold::Later(why)) => {
                if !say(tell, plan, Fed::Unsent(waiting.len(), Some(why))).await && !open {
                    return;
                }
                tokio::select! {
                    () = tokio::time::sleep(waits.take()) => {}
                    more = inbox.recv(), if open => match more {
                        Some(entries) => waiting.extend(entries),
                        None => open = false,
                    },
                }
            }
        }
    }
}

/// Sends the lines of a refused batch one by one; says how many were dropped.
async fn one_by_one(http: &Arc<Http>, plan: &FeedPlan, waiting: &mut VecDeque<Entry>, count: usize) -> usize {
    let mut dropped = 0;
    for _ in 0..count {
        let Some(entry) = waiting.front() else { break };
        match post(http, plan, format!("{}\n", entry.to_line())).await {
            Ok(()) => {}
            Err(Untold::Never(_)) => dropped += 1,
            Err(Untold::Later(_)) => break,
        }
        waiting.pop_front();
    }
    dropped
}

/// As many lines as one request may have.
fn body(waiting: &VecDeque<Entry>) -> (String, usize) {
    let (mut body, mut count) = (String::new(), 0);
    for entry in waiting.iter().take(MOST_AT_ONCE) {
        let line = entry.to_line();
        if count > 0 && body.len() + line.len() + 1 > MOST_BODY / 2 {
            break;
        }
        body.push_str(&line);
        body.push('\n');
        count += 1;
    }
    (body, count)
}

async fn post(http: &Arc<Http>, plan: &FeedPlan, body: String) -> Result<(), Untold> {
    match tokio::time::timeout(plan.timeout, attempt(http, plan, body)).await {
        Ok(outcome) => outcome,
        Err(_) => Err(Untold::Later(Clean::new(&Failure::Timeout(plan.timeout).to_string()))),
    }
}

fn later(failure: &Failure) -> Untold {
    Untold::Later(Clean::new(&failure.to_string()))
}

async fn attempt(http: &Arc<Http>, plan: &FeedPlan, body: String) -> Result<(), Untold> {
    let url = route(&plan.url, "journal", "");
    let ask = Ask {
        url: &url,
        form: None,
        accept: "application/json",
        headers: &plan.headers,
        auth: plan.auth.as_deref(),
        route: &plan.route,
        timeout: plan.timeout,
        reused: true,
        release: false,
        size_hint: 0,
        now: wall(),
        sink: None,
    };
    let client = http.clients.get(&url, ask.auth, ask.route, false).await;
    let (_, client) = client.map_err(|failure| later(&failure))?;
    let mut refused: Vec<Dress> = Vec::new();
    loop {
        let dress = http.credential(&ask, &refused).await.map_err(|trouble| later(&trouble.failure))?;
        if dress.is_none() && !refused.is_empty() {
            return Err(Untold::Later(Clean::new("HTTP 401: credentials refused")));
        }
        let mut request =
            client.post(url.clone()).header(CONTENT_TYPE, "application/x-ndjson").body(body.clone());
        for (name, value) in &plan.headers {
            request = request.header(name, value);
        }
        if let Some(dress) = &dress {
            request = request.header(dress.header.0.clone(), dress.header.1.clone());
        }
        let mut response = request.send().await.map_err(|error| later(&classify(&error, plan.timeout)))?;
        let status = response.status().as_u16();
        if (200..300).contains(&status) {
            return Ok(());
        }
        if matches!(status, 401 | 403)
            && let Some(dress) = dress
        {
            refused.push(dress);
            continue;
        }
        let kind =
            response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).map(str::to_owned);
        let mut said = Vec::new();
        while said.len() < ANSWER {
            let Ok(Some(chunk)) = response.chunk().await else { break };
            said.extend(chunk.iter().take(ANSWER - said.len()));
        }
        let text = Clean::new(format!("HTTP {status} {}", brief(kind.as_deref(), &said)).trim());
        // What it calls wrong stays wrong; everything else may pass.
        return Err(match status {
            400 | 413 | 422 => Untold::Never(text),
            _ => Untold::Later(text),
        });
    }
}
