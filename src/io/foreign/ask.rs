//! One exchange with a member: what is asked, and what its answer says. Only reads.

use super::wall;
use crate::foreign::alertmanager::{self, Snapshot};
use crate::foreign::pagerduty::{self, ACCEPT};
use crate::foreign::{Answer, Backend, Kind, Pager, Peer};
use crate::io::http::{Ask, Fetched, Http, Trouble};
use crate::target::Failure;
use crate::text::Clean;
use std::time::{Duration, Instant};
use url::Url;

/// The most pages of a list.
const PAGES: usize = pagerduty::MOST / pagerduty::PAGE;

/// Reads a body; any status but 200 is a failure, told in the server's own words.
async fn fetch(backend: &Backend, url: &Url, accept: &str, http: &Http) -> Result<Fetched, Trouble> {
    let ask = Ask {
        url,
        form: None,
        accept,
        headers: &backend.headers,
        auth: backend.auth.as_deref(),
        route: &backend.route,
        timeout: backend.timeout,
        reused: true,
        release: false,
        size_hint: 0,
        now: wall(),
        sink: None,
    };
    let fetched = http.fetch(&ask).await?;
    if fetched.status == 200 {
        return Ok(fetched);
    }
    let failure = Failure::Status(fetched.status, alertmanager::said(&fetched.body));
    Err(Trouble { failure, retry_after: fetched.retry_after, status: Some(fetched.status) })
}

/// What a member of an Alertmanager cluster knows; and how long it asks to be left alone, if it does. Its alerts are what
/// counts: without them there is no answer. What else it will not say is noted.
pub(super) async fn alertmanager(backend: &Backend, index: usize, http: &Http) -> (Answer, Option<Duration>) {
    let (at, started) = (wall(), Instant::now());
    let failed =
        |failure, wait| (Answer { peer: index, at, took: started.elapsed(), outcome: Err(failure) }, wait);
    let Some(peer) = backend.peers.get(index) else {
        return failed(Failure::Ours(Clean::new("there is no such member")), None);
    };
    let alerts = match read(backend, peer, "/api/v2/alerts", http, alertmanager::alerts).await {
        Ok(alerts) => alerts,
        Err(trouble) => return failed(trouble.failure, trouble.retry_after),
    };
    let (silences, groups, status) = tokio::join!(
        read(backend, peer, "/api/v2/silences", http, alertmanager::silences),
        read(backend, peer, "/api/v2/alerts/groups", http, alertmanager::groups),
        read(backend, peer, "/api/v2/status", http, alertmanager::status),
    );
    let mut notes = Vec::new();
    let mut note = |what: &str, trouble: &Trouble| {
        notes.push(Clean::new(&format!("{what} cannot be read: {}", trouble.failure)));
    };
    let snapshot = Snapshot {
        alerts,
        silences: silences.inspect_err(|trouble| note("its silences", trouble)).ok(),
        groups: groups.inspect_err(|trouble| note("its groups", trouble)).ok(),
        status: status.inspect_err(|trouble| note("its status", trouble)).ok(),
        notes: Vec::new(),
    };
    let snapshot = Snapshot { notes, ..snapshot };
    (Answer { peer: index, at, took: started.elapsed(), outcome: Ok(snapshot) }, None)
}

async fn read<T>(
    backend: &Backend,
    peer: &Peer,
    path: &str,
    http: &Http,
    make: impl Fn(&[u8]) -> Result<T, Clean>,
) -> Result<T, Trouble> {
    let mut query: Vec<(&str, &str)> = Vec::new();
    if let (Kind::Alertmanager { filter, receiver, .. }, true) =
        (&backend.kind, path.starts_with("/api/v2/alerts"))
    {
        query.extend(filter.iter().map(|text| ("filter", text.as_str())));
        query.extend(receiver.as_deref().map(|text| ("receiver", text)));
    }
    let url = backend.url(peer, path, &query);
    let fetched = fetch(backend, &url, "application/json", http).await?;
    make(&fetched.body).map_err(|why| Failure::Decode(why).into())
}

/// What PagerDuty knows, and what of it made no sense.
pub(super) async fn pagerduty(backend: &Backend, http: &Http) -> Result<(Pager, Vec<Clean>), Trouble> {
    let Some(peer) = backend.peers.first() else {
        return Err(Failure::Ours(Clean::new("it has no URL")).into());
    };
    let mut notes = Vec::new();
    let mut pager = Pager::default();
    for page in 0..PAGES {
        let fetched = fetch(backend, &pagerduty::incidents_url(backend, peer, page), ACCEPT, http).await?;
        let (read, more) = pagerduty::incidents(&fetched.body).map_err(Failure::Decode)?;
        if let Some((bad, why)) = read.bad {
            notes.push(Clean::new(&format!("{bad} incidents make no sense; the first: {why}")));
        }
        pager.incidents.extend(read.good);
        if !more {
            break;
        }
        if page + 1 == PAGES {
            notes.push(Clean::new(&format!(
                "more than {} incidents: the newest are left out",
                pagerduty::MOST
            )));
        }
    }
    for page in 0..PAGES {
        let fetched = match fetch(backend, &pagerduty::on_calls_url(backend, peer, page), ACCEPT, http).await
        {
            Ok(fetched) => fetched,
            // Who is on call is good to know; the incidents are what counts.
            Err(trouble) => {
                notes.push(Clean::new(&format!("who is on call cannot be read: {}", trouble.failure)));
                break;
            }
        };
        match pagerduty::on_calls(&fetched.body) {
            Ok((read, more)) => {
                pager.on_call.extend(read.good);
                if !more {
                    break;
                }
            }
            Err(why) => {
                notes.push(Clean::new(&format!("who is on call cannot be read: {why}")));
                break;
            }
        }
    }
    // A list that changes between two pages may name one of it twice.
    let mut seen = std::collections::BTreeSet::new();
    pager.incidents.retain(|incident| seen.insert(incident.id.clone()));
    Ok((pager, notes))
}
