//! Before an act: what can be chosen, and whether its pre-checks hold.

use super::job::Asker;
use super::wire;
use crate::action::listing::Listing;
use crate::action::request::RequestSpec;
use crate::action::spec::CheckKind;
use crate::action::template::Fields;
use crate::action::{Action, Checked, Choice, Instance, Method, Passed, Request};
use crate::io::http::{Http, brief};
use crate::text::Clean;
use crate::units::Timestamp;
use serde_json::Value;
use std::time::Duration;

/// Asks an instance for the values that a parameter may have.
///
/// # Errors
/// A sentence: the list cannot be read.
pub async fn choices(
    http: &Http,
    instance: &Instance,
    listing: &Listing,
    fields: &Fields,
    timeout: Duration,
    now: fn() -> Timestamp,
) -> Result<Vec<Choice>, Clean> {
    let spec =
        RequestSpec { method: Method::Get, path: listing.from.clone(), timeout, ..RequestSpec::default() };
    let request = spec.fill(instance, fields).map_err(|error| Clean::new(&error.to_string()))?;
    let asker = Asker { http, auth: instance.auth.as_deref(), route: &instance.route, now };
    let body = asker.json(&request.url, timeout).await.map_err(|(_, why)| why)?;
    let choices =
        listing.choices(&body).map_err(|why| Clean::new(&format!("{}: {why}", request.url.path())))?;
    // What could not be shown as what it is must not be chosen.
    let plain = |choice: &Choice| crate::text::clean(&choice.value) == choice.value;
    Ok(choices.into_iter().filter(plain).collect())
}

/// Makes those pre-checks of `action` that ask an endpoint, one after the other; those that are expressions are judged where
/// the numbers are. Nothing is asked twice.
pub async fn checks(
    http: &Http,
    action: &Action,
    instance: &Instance,
    fields: &Fields,
    now: fn() -> Timestamp,
) -> Vec<Checked> {
    let mut made = Vec::new();
    for check in &action.checks {
        let CheckKind::Ask { request, status, when } = &check.kind else { continue };
        let answer = match request.fill(instance, fields) {
            Ok(request) => ask(http, &request, now).await,
            Err(error) => Err(Clean::new(&error.to_string())),
        };
        let passed = match answer {
            Err(why) => Passed::Unknown(why),
            Ok((code, said, body)) => {
                let fits =
                    if status.is_empty() { (200..300).contains(&code) } else { status.contains(&code) };
                if !fits {
                    let colon = if said.is_empty() { "" } else { ": " };
                    Passed::No(Clean::new(&format!("HTTP {code}{colon}{said}")))
                } else if when.is_empty() {
                    Passed::Yes
                } else {
                    match body {
                        None => Passed::Unknown(Clean::new("the answer is not JSON")),
                        Some(body) => match when.iter().find(|condition| !condition.holds(&body)) {
                            None => Passed::Yes,
                            Some(condition) => Passed::No(Clean::new(&format!("{condition} does not hold"))),
                        },
                    }
                }
            }
        };
        made.push(Checked { name: check.name.clone(), passed });
    }
    made
}

/// Status, message and JSON of an answer.
type Answer = (u16, String, Option<Value>);

async fn ask(http: &Http, request: &Request, now: fn() -> Timestamp) -> Result<Answer, Clean> {
    let wrong = |failure: &crate::target::Failure| Clean::new(&failure.to_string());
    if request.method == Method::Get {
        let mut ask = wire::ask(request, now());
        ask.reused = true;
        ask.headers = &request.headers;
        return match http.fetch(&ask).await {
            Ok(fetched) => {
                let said = brief(fetched.content_type.as_deref(), &fetched.body);
                Ok((fetched.status, said, serde_json::from_slice(&fetched.body).ok()))
            }
            Err(trouble) => Err(wrong(&trouble.failure)),
        };
    }
    // A dry run, or a question that is asked by POST: it changes nothing by its contract, but it goes the way of what does.
    let who = wire::ask(request, now());
    let dress = match tokio::time::timeout(request.timeout, http.credential(&who, &[])).await {
        Ok(dress) => dress.map_err(|trouble| wrong(&trouble.failure))?,
        Err(_) => return Err(Clean::new("no credential in time")),
    };
    let ready =
        wire::ready(request, dress.as_ref(), request.timeout).await.map_err(|failure| wrong(&failure))?;
    match ready.send(now()).await {
        Ok(reply) => Ok((reply.status, reply.said, serde_json::from_slice(&reply.body).ok())),
        Err(wire::Loss::Before(failure) | wire::Loss::After(failure)) => Err(wrong(&failure)),
    }
}
