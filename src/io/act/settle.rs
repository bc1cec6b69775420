//! After it was done: has the service settled? Numbers are judged where they are; an endpoint is asked here.

use super::job::Asker;
use super::{Stop, World};
use crate::action::request::RequestSpec;
use crate::action::spec::Settle;
use crate::action::template::Fields;
use crate::action::{Action, Checked, Instance, Method, Policy};
use crate::text::Clean;
use crate::units::{Timestamp, format_duration};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// How often an endpoint is asked whether all is well.
const EVERY: Duration = Duration::from_secs(2);
/// What one question may take.
const ASK: Duration = Duration::from_secs(5);

/// What is seen of the service: told by whoever has the numbers, again and again.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seen {
    /// The moment of the data: what is older than the act says nothing about it.
    pub at: Timestamp,
    /// Does the action's condition hold?
    pub settled: bool,
    /// What is seen, for people.
    pub why: Clean,
    /// What may be changed of it now. The default lets nothing through: then an act is not gone on with.
    pub policy: Policy,
    /// Those pre-checks of the action that are expressions, as they come out now.
    pub checks: Vec<Checked>,
}

/// Has the service settled?
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// Yes, or there is nothing to wait for.
    Yes,
    /// Not within the limit; what was seen last.
    No(Clean),
    /// Nobody wanted to wait for it.
    Stopped,
}

/// Waits until the service has settled, at most as long as the action says. `since`: what was seen before does not count.
pub(super) async fn wait(
    action: &Action,
    instance: &Instance,
    fields: &Fields,
    since: Timestamp,
    world: &mut World,
) -> Settled {
    let limit = action.settle_limit;
    let mut last = Clean::new("nothing was seen");
    let (stop, now) = (world.stop.clone(), world.now);
    let holds = async {
        match &action.settle {
            Settle::Nothing => {}
            Settle::Health | Settle::Expr(_) => watched(&mut world.seen, since, &mut last).await,
            Settle::Get { path, when } => {
                let asker =
                    Asker { http: &world.http, auth: instance.auth.as_deref(), route: &instance.route, now };
                asked(&asker, instance, path, when, fields, &mut last).await;
            }
        }
    };
    let settled = within(holds, limit, &stop).await;
    match settled {
        Some(true) => Settled::Yes,
        Some(false) => {
            Settled::No(Clean::new(&format!("not settled within {}: {last}", format_duration(limit))))
        }
        None => Settled::Stopped,
    }
}

async fn within(holds: impl Future<Output = ()>, limit: Duration, stop: &Stop) -> Option<bool> {
    tokio::select! {
        biased;
        () = stop.said() => None,
        ended = tokio::time::timeout(limit, holds) => Some(ended.is_ok()),
    }
}

/// It must hold at two looks, one after the other: a service that was told to restart may be up for a moment more.
async fn watched(seen: &mut watch::Receiver<Seen>, since: Timestamp, last: &mut Clean) {
    let mut held: Option<Timestamp> = None;
    loop {
        {
            let seen = seen.borrow_and_update();
            if seen.at > since {
                if seen.settled && held.is_some_and(|first| seen.at > first) {
                    return;
                }
                held = if seen.settled { held.or(Some(seen.at)) } else { None };
                *last = seen.why.clone();
            }
        }
        if seen.changed().await.is_err() {
            // Nobody looks any more: the limit ends it.
            std::future::pending::<()>().await;
        }
    }
}

async fn asked(
    asker: &Asker<'_>,
    instance: &Instance,
    path: &crate::action::template::Template,
    when: &[crate::action::listing::Condition],
    fields: &Fields,
    last: &mut Clean,
) {
    let spec = RequestSpec { method: Method::Get, path: path.clone(), ..RequestSpec::default() };
    let url = match spec.fill(instance, fields) {
        Ok(request) => request.url,
        Err(error) => {
            *last = Clean::new(&error.to_string());
            return std::future::pending().await;
        }
    };
    loop {
        let started = Instant::now();
        match asker.json(&url, ASK).await {
            Ok(body) => match when.iter().find(|condition| !condition.holds(&body)) {
                None => return,
                Some(condition) => *last = Clean::new(&format!("{condition} does not hold")),
            },
            Err((_, why)) => *last = why,
        }
        tokio::time::sleep(EVERY.saturating_sub(started.elapsed()).max(Duration::from_millis(200))).await;
    }
}
