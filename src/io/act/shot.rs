//! One authorized request: credential, journal, one attempt, and what became of it.

use super::job::Job;
use super::reply::{Codes, Sent, judge, lost};
use super::wire::{self, Loss, Reply};
use super::{Progress, World};
use crate::action::entry::{BODY_HEAD, Ended, How};
use crate::action::request::RequestSpec;
use crate::action::spec::JobUrl;
use crate::action::template::{Fields, as_text};
use crate::action::{Action, ActionKind, Instance, Method, Request, Shot};
use crate::io::http::Dress;
use crate::target::Failure;
use crate::text::Clean;
use std::time::{Duration, Instant};
use url::Url;

/// With less time than this left, nothing is sent a second time, even after a refusal.
const LEAST: Duration = Duration::from_millis(200);

/// What sending needs to know beside the shot.
pub(super) struct Order<'a> {
    pub(super) action: &'a Action,
    pub(super) instance: &'a Instance,
    pub(super) turn: usize,
    pub(super) of: usize,
    pub(super) fields: &'a Fields,
}

/// Sends a shot, once.
///
/// Everything that can fail without touching the service comes first, then the line in the journal, then the look whether
/// another warroom was quicker, then the request.
pub(super) async fn send(
    shot: Shot,
    order: &Order<'_>,
    world: &mut World,
    tell: &mut (dyn FnMut(Progress) + Send),
) -> (Sent, crate::action::entry::Receipt) {
    let (request, receipt) = shot.into_parts();
    let now = world.now;
    let prepared = prepare(&request, world).await;
    let (ready, dress) = match prepared {
        Ok(prepared) => prepared,
        Err(failure) => return (not_sent(&format!("not sent: {failure}")), receipt),
    };
    if let Err(error) = world.records.append(&[receipt.sent(now())]) {
        return (not_sent(&format!("not sent: the journal cannot be written: {error}")), receipt);
    }
    // Two warrooms may have judged at the same moment, each before the other's line was there. The lines are there now.
    let claimed = match world.records.ledger() {
        Ok(ledger) => ledger
            .claim(receipt.service(), receipt.key(), receipt.cool_down(), now())
            .map_err(|why| why.to_string()),
        Err(error) => Err(format!("the journal cannot be read: {error}")),
    };
    if let Err(why) = claimed {
        let sent = Sent { how: How::Withdrawn, ..not_sent(&format!("not sent: {why}")) };
        return (sent, receipt);
    }
    tell(Progress::Sending {
        turn: order.turn + 1,
        of: order.of,
        instance: std::sync::Arc::clone(&order.instance.name),
    });
    let started = Instant::now();
    let (mut outcome, mut attempts) = (ready.send(now()).await, 1);
    let mut dresses: Vec<Dress> = dress.into_iter().collect();
    // A 401 says that nothing was done (RFC 9110, 15.5.2): the one answer after which the request may leave a second
    // time, and only with a credential that was not refused yet: a new token, or the next of keys that rotate.
    if outcome.as_ref().is_ok_and(|reply| reply.status == 401) && !order.action.accept.contains(&401) {
        let left = request.timeout.saturating_sub(started.elapsed());
        if left > LEAST
            && let Ok(Ok(Some(next))) =
                tokio::time::timeout(left, world.http.credential(&wire::ask(&request, now()), &dresses)).await
        {
            let left = request.timeout.saturating_sub(started.elapsed());
            if let Ok(ready) = wire::ready(&request, Some(&next), left.max(LEAST)).await {
                outcome = ready.send(now()).await;
                attempts = 2;
            }
            dresses.push(next);
        }
    }
    if let (Ok(reply), Some(last)) = (&outcome, dresses.last())
        && !matches!(reply.status, 401 | 403)
    {
        world.http.worked(&wire::ask(&request, now()), last);
    }
    (told(&outcome, attempts, started.elapsed(), &request, order), receipt)
}

async fn prepare(request: &Request, world: &World) -> Result<(wire::Ready, Option<Dress>), Failure> {
    // The door lets nothing else through; a GET here would be a slip of its configuration.
    if request.method == Method::Get {
        return Err(Failure::Decode(Clean::new("an action is no GET")));
    }
    let ask = wire::ask(request, (world.now)());
    let dress = match tokio::time::timeout(request.timeout, world.http.credential(&ask, &[])).await {
        Ok(dress) => dress.map_err(|trouble| trouble.failure)?,
        Err(_) => return Err(Failure::Timeout(request.timeout)),
    };
    let ready = wire::ready(request, dress.as_ref(), request.timeout).await?;
    Ok((ready, dress))
}

fn not_sent(why: &str) -> Sent {
    Sent {
        how: How::NotSent,
        job: None,
        status: None,
        text: Clean::new(why),
        body: String::new(),
        took: Duration::ZERO,
        retry_after: None,
        advice: None,
        attempts: 0,
    }
}

fn told(
    outcome: &Result<Reply, Loss>,
    attempts: u8,
    took: Duration,
    request: &Request,
    order: &Order<'_>,
) -> Sent {
    match outcome {
        Err(loss) => {
            let (how, text) = lost(loss);
            let advice = (how == How::Unknown).then(|| find_out(order, request));
            Sent { how, text, took, advice, attempts, ..not_sent("") }
        }
        Ok(reply) => {
            let (mut how, mut text, advice) = judge(reply, &order.action.accept, Codes(&order.action.errors));
            let mut advice = advice.map(|advice| Clean::new(&advice));
            let mut job = None;
            if how == How::Done && order.action.job.is_some() {
                match job_of(reply, request, order) {
                    Ok(found) => job = Some(found),
                    Err(why) => {
                        how = How::Unknown;
                        text = Clean::new(&format!("{text}; it cannot be followed: {why}"));
                    }
                }
            }
            if how == How::Unknown && advice.is_none() {
                advice = Some(find_out(order, request));
            }
            if attempts > 1 {
                text = Clean::new(&format!(
                    "{text} (the first credential was refused with 401, so nothing was done; sent with another one)"
                ));
            }
            Sent {
                how,
                job,
                status: Some(reply.status),
                text,
                body: reply.head.clone(),
                took,
                retry_after: reply.retry_after,
                advice,
                attempts,
            }
        }
    }
}

/// Where to look when nobody knows what came of it.
fn find_out(order: &Order<'_>, request: &Request) -> Clean {
    if !order.action.kind.changes_service() {
        let key = order.fields.get("id").and_then(as_text).unwrap_or_default();
        return Clean::new(&match order.action.kind {
            ActionKind::Silence => {
                let mark = crate::foreign::silence::mark(&key);
                format!(
                    "the silences of {} say whether it is there: its comment ends with {mark}",
                    order.instance.name
                )
            }
            _ => format!("the incident's page on {} says whether it was done", order.instance.name),
        });
    }
    let listed = order.action.params.iter().find_map(|param| match &param.kind {
        crate::action::spec::ParamKind::Listed(listing) => listing.from.plain(order.fields).ok(),
        _ => None,
    });
    let host = &order.instance.name;
    let look = match listed {
        Some(path) => format!("GET {path} on {host} says what runs now"),
        None => format!("look at the health, the version and the start time of {host}, and at its log"),
    };
    let key = order.action.idempotency_header.as_str();
    let mine = request.headers.iter().find(|(name, _)| !key.is_empty() && name.eq_ignore_ascii_case(key));
    Clean::new(&match mine {
        Some((name, value)) => format!("{look}; the request carried {name}: {value}"),
        None => look,
    })
}

/// Which job the answer names. Credentials go to the instance's own host, so a job elsewhere is not asked for.
fn job_of(reply: &Reply, request: &Request, order: &Order<'_>) -> Result<Job, String> {
    let Some(spec) = &order.action.job else { return Err("no job is configured".to_owned()) };
    let fill = |path: &crate::action::template::Template, fields: &Fields| {
        let spec = RequestSpec { method: Method::Get, path: path.clone(), ..RequestSpec::default() };
        spec.fill(order.instance, fields).map(|request| request.url).map_err(|error| error.to_string())
    };
    let url = match &spec.url {
        JobUrl::Header(name) => {
            let place = reply.header(name).ok_or_else(|| format!("the answer has no header {name}"))?;
            near(&request.url, &place)?
        }
        JobUrl::Path(path) => fill(path, order.fields)?,
        JobUrl::Pointer { pointer, path } => {
            let body: serde_json::Value =
                serde_json::from_slice(&reply.body).map_err(|_| "the answer is not JSON".to_owned())?;
            let found = body.pointer(pointer).and_then(as_text);
            let found = found.ok_or_else(|| format!("the answer has nothing at {pointer}"))?;
            match path {
                Some(path) => {
                    let mut fields = order.fields.clone();
                    fields.insert("job".to_owned(), found.as_ref().into());
                    fill(path, &fields)?
                }
                None => near(&request.url, &found)?,
            }
        }
    };
    Ok(Job { url })
}

/// A place relative to `from`, if it is of the same scheme, host and port.
fn near(from: &Url, place: &str) -> Result<Url, String> {
    let mut url = from.join(place).map_err(|_| "the job's place is no URL".to_owned())?;
    url.set_fragment(None);
    let origin =
        |url: &Url| (url.scheme().to_owned(), url.host_str().map(str::to_owned), url.port_or_known_default());
    if origin(&url) != origin(from) || !url.username().is_empty() || url.password().is_some() {
        let host = url.host_str().unwrap_or("");
        return Err(format!("its job is on another host ({host}), which gets none of our credentials"));
    }
    Ok(url)
}

/// What the journal keeps of it.
pub(super) fn ended(sent: &Sent, note: &Clean, how: How, job: Option<Clean>, took: Duration) -> Ended {
    let body = sent.body.get(..BODY_HEAD).unwrap_or(&sent.body);
    Ended { how, status: sent.status, body: Clean::new(body), note: note.clone(), job, took }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_followed_on_its_own_host_only() {
        let from: Url = "http://a:8080/admin/restart".parse().unwrap();
        for (place, found) in [
            ("/admin/jobs/17", Some("http://a:8080/admin/jobs/17")),
            ("jobs/17#x", Some("http://a:8080/admin/jobs/17")),
            ("http://a:8080/j?x=1", Some("http://a:8080/j?x=1")),
            ("http://a/j", None),
            ("https://a:8080/j", None),
            ("http://evil:8080/j", None),
            ("//evil/j", None),
            ("http://a:8080@evil/j", None),
            ("http://u:p@a:8080/j", None),
            ("file:///etc/passwd", None),
            ("http://[", None),
        ] {
            assert_eq!(near(&from, place).ok().as_ref().map(Url::as_str), found, "{place}");
        }
    }
}
