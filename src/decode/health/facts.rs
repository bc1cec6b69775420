//! What a health answer tells besides states: version, message, clock.

use crate::decode::error_message;
use crate::decode::json::Node;
use crate::decode::words;
use crate::target::Observation;
use crate::text::Clean;
use crate::units::Timestamp;

/// The best first. `releaseId` goes before `version`, which is the interface's where there are both
/// (draft-inadarei-api-health-check-06, sections 3.2 and 3.3).
const VERSION_KEYS: [&str; 11] = [
    "releaseId",
    "version",
    "app_version",
    "appVersion",
    "service_version",
    "build_version",
    "release",
    "tag",
    "commit",
    "git_sha",
    "revision",
];
const CLOCK_KEYS: [&str; 8] =
    ["timestamp", "time", "server_time", "serverTime", "now", "datetime", "current_time", "ts"];

/// Fills in version, message and clock; `body` is `whole` without its envelope.
pub(super) fn collect(whole: &Node, body: &Node, observation: &mut Observation) {
    observation.version = version(body).or_else(|| version(whole));
    observation.clock = clock_of(body).or_else(|| clock_of(whole));
    // A state under `detail` or `error` is a dependency's, and a message that only repeats the word tells nothing.
    let message = error_message(body).filter(|_| matches!(body, Node::Map(_)));
    let message = message.or_else(|| {
        let told = body.first(&["output", "description", "notes"])?;
        told.text().or_else(|| told.items().first()?.text()).map(Clean::new)
    });
    observation.message = message.filter(|text| {
        !text.is_empty()
            && *text != observation.word
            && words::judge(text.as_str()).is_none_or(|_| text.as_str().contains(' '))
    });
}

fn version(node: &Node) -> Option<Clean> {
    let own = node.first(&VERSION_KEYS);
    let nested = || {
        ["build", "info", "service", "app", "git"].iter().find_map(|key| node.get(key)?.first(&VERSION_KEYS))
    };
    let scalar = own.or_else(nested).filter(|node| !matches!(node, Node::Bool(_)))?.scalar()?;
    let clean = Clean::new(&scalar.chars().take(60).collect::<String>());
    (!clean.is_empty()).then_some(clean)
}

/// The clock in an answer, to find skew.
pub(in crate::decode) fn clock_of(body: &Node) -> Option<Timestamp> {
    CLOCK_KEYS.iter().find_map(|key| clock(body.get(key)?))
}

/// Reads a clock: RFC 3339 with an offset, or seconds or milliseconds since the epoch.
///
/// A time without an offset may be any zone's: it would make up a skew of hours, so it is left out.
pub(in crate::decode) fn clock(node: &Node) -> Option<Timestamp> {
    match node {
        Node::Text(text) if text.len() <= 64 => {
            let moment: jiff::Timestamp = text.trim().parse().ok()?;
            Some(Timestamp::from_millis(moment.as_millisecond()))
        }
        Node::Number(number) if (1e9..1e11).contains(number) => Some(Timestamp::from_seconds(*number)),
        Node::Number(number) if (1e12..1e14).contains(number) => Some(Timestamp::from_millis(*number as i64)),
        _ => None,
    }
}
