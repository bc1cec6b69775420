//! What is known of some time, as the server has it: a capture, read beside everything else and handed over in pieces.

use super::super::poll::Message;
use super::{route, say, wall};
use crate::capture::{self, Capture, Limits, Strand};
use crate::config::portable::Portable;
use crate::event::{Fed, Purpose, Recalled, Strand as Packet};
use crate::io::http::{Ask, Http, brief};
use crate::model::recorded::plan_of;
use crate::plan::{FeedPlan, Plan, Reach};
use crate::store::Packed;
use crate::text::Clean;
use crate::units::Timestamp;
use flate2::read::MultiGzDecoder;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// How far back the first question goes; what is older follows behind it.
const FIRST: Duration = Duration::from_secs(3_600);
/// What is older than that, and is asked for once the screen lives.
const OLDER: Duration = Duration::from_secs(6 * 3_600);
/// A state takes longer than other answers: it is made when it is asked for.
const SLOWER: u32 = 6;

/// What a state may be.
const LIMITS: Limits = Limits { bytes: 512 << 20, line: 32 << 20, lines: 500_000, samples: 20_000_000 };

/// What came.
pub(super) struct Fetched {
    capture: Capture,
    /// Up to when it speaks, by the server's clock.
    pub(super) to: Timestamp,
    /// The configuration by which it is shown.
    pub(super) portable: Option<Arc<Portable>>,
    /// The plan that was made of it, if it is another one than before.
    plan: Option<Arc<Plan>>,
}

async fn ask(http: &Http, plan: &FeedPlan, query: &str) -> Result<Vec<u8>, Clean> {
    let url = route(&plan.url, "state", query);
    let ask = Ask {
        url: &url,
        form: None,
        accept: "application/gzip",
        headers: &plan.headers,
        auth: plan.auth.as_deref(),
        route: &plan.route,
        timeout: plan.timeout * SLOWER,
        reused: true,
        release: true,
        size_hint: 0,
        now: wall(),
        sink: None,
    };
    let fetched = http.fetch(&ask).await.map_err(|trouble| Clean::new(&trouble.failure.to_string()))?;
    if fetched.status == 200 {
        return Ok(fetched.body);
    }
    let said = brief(fetched.content_type.as_deref(), &fetched.body);
    Err(Clean::new(&format!("its state: HTTP {} {said}", fetched.status)))
}

fn read(body: &[u8]) -> Result<Capture, Clean> {
    let read = if body.starts_with(&[0x1f, 0x8b]) {
        capture::read(MultiGzDecoder::new(body), LIMITS)
    } else {
        capture::read(body, LIMITS)
    };
    read.map_err(|error| Clean::new(&format!("its state cannot be read: {error}")))
}

/// Work that would keep other connections waiting.
async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Clean> + Send + 'static,
) -> Result<T, Clean> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|_| Err(Clean::new("warroom failed to read the state: please report this fault")))
}

/// Asks for the state since `from` (none: of the last while), and makes a plan of it where there is none here.
pub(super) async fn fetch(
    http: &Http,
    plan: &Arc<FeedPlan>,
    from: Option<Timestamp>,
    known: Option<Arc<Portable>>,
) -> Result<Fetched, Clean> {
    let query = match from {
        Some(from) => format!("from={}", from.millis()),
        None => format!("span={}", FIRST.as_secs()),
    };
    let body = ask(http, plan, &query).await?;
    let feed = Arc::clone(plan);
    apart(move || {
        let mut capture = read(&body)?;
        let to = capture.head.to;
        if feed.reach != Reach::Plan {
            return Ok(Fetched { capture, to, portable: None, plan: None });
        }
        let portable = Arc::new(std::mem::take(&mut capture.portable));
        if known.is_some_and(|known| known == portable) {
            return Ok(Fetched { capture, to, portable: Some(portable), plan: None });
        }
        // A server may say what is seen, and never what is done: no action, no credential, no URL that one is sent to.
        let mut made = plan_of(&portable.distrusted(), None).map_err(|problems| {
            let first = problems.first().map(ToString::to_string).unwrap_or_default();
            Clean::new(&format!("its configuration cannot be used: {first}"))
        })?;
        Arc::make_mut(&mut made).attach(&feed);
        Ok(Fetched { capture, to, portable: Some(portable), plan: Some(made) })
    })
    .await
}

/// Hands everything over, in pieces; false: nobody takes it.
pub(super) async fn hand_over(plan: &FeedPlan, tell: &mpsc::Sender<Message>, fetched: Fetched) -> bool {
    let Fetched { mut capture, plan: made, .. } = fetched;
    if let Some(made) = made
        && tell.send(Message::Plan(made)).await.is_err()
    {
        return false;
    }
    let series = std::mem::take(&mut capture.series);
    if capture.left_out.0 > 0 {
        let (count, why) = &capture.left_out;
        say(tell, plan, Fed::LeftOut(*count as u64, Clean::new(why))).await;
    }
    if !say(tell, plan, Fed::State(Box::new(capture))).await {
        return false;
    }
    let (mut batch, mut count) = (Vec::new(), 0);
    for strand in series {
        for piece in strand.samples.chunks(Fed::MOST) {
            if count + piece.len() > Fed::MOST {
                count = 0;
                if !say(tell, plan, Fed::Samples(std::mem::take(&mut batch))).await {
                    return false;
                }
            }
            count += piece.len();
            batch.push(Strand { labels: strand.labels.clone(), samples: piece.to_vec() });
        }
    }
    say(tell, plan, Fed::Samples(batch)).await && say(tell, plan, Fed::Complete).await
}

/// Fetches the samples of longer ago, beside everything else: they are put in front of what is there.
pub(super) fn older(
    http: &Arc<Http>,
    plan: &Arc<FeedPlan>,
    tell: &mpsc::Sender<Message>,
    to: Option<Timestamp>,
) {
    let Some(to) = to else { return };
    if plan.reach == Reach::Some {
        return; // what there is of it lies on this machine's own disk
    }
    let (http, plan, tell) = (Arc::clone(http), Arc::clone(plan), tell.clone());
    tokio::spawn(async move {
        recall(&http, &plan, &tell, Purpose::Start, to - OLDER, to - FIRST).await;
    });
}

/// Asks for the samples of some time; they come back as the past that lies on a disk would.
pub(super) async fn recall(
    http: &Http,
    plan: &FeedPlan,
    tell: &mpsc::Sender<Message>,
    purpose: Purpose,
    from: Timestamp,
    to: Timestamp,
) {
    let query = format!("from={}&to={}&only=samples", from.millis(), to.millis());
    let read = match ask(http, plan, &query).await {
        Ok(body) => apart(move || Ok(pack(read(&body)?.series, from, to))).await,
        Err(why) => Err(why),
    };
    let (batches, trouble) = match read {
        Ok(batches) => (batches, None),
        Err(why) => (Vec::new(), Some(Clean::new(&format!("the server's past: {why}")))),
    };
    for samples in batches {
        let batch = Recalled { purpose, from, to, samples, complete: false, trouble: None };
        if tell.send(Message::Recalled(batch)).await.is_err() {
            return;
        }
    }
    let end = Recalled { purpose, from, to, samples: Vec::new(), complete: true, trouble };
    let _ = tell.send(Message::Recalled(end)).await;
}

/// Packed, the newest of each series first, and only what was asked for.
fn pack(series: Vec<Strand>, from: Timestamp, to: Timestamp) -> Vec<Vec<Packet>> {
    let mut all: Vec<Packet> = Vec::new();
    for strand in series {
        let within: Vec<(Timestamp, f64)> =
            strand.samples.into_iter().filter(|(at, _)| *at >= from && *at <= to).collect();
        let pieces = Packed::pack(&within).into_iter().rev();
        all.extend(pieces.map(|packed| Packet { labels: strand.labels.clone(), packed }));
    }
    let mut batches = Vec::new();
    let mut all = all.into_iter().peekable();
    while all.peek().is_some() {
        batches.push(all.by_ref().take(Recalled::MOST).collect());
    }
    batches
}
