//! What to do about a poll that fails: one sentence a kind of failure, with the names that one has to look for.

use crate::model::Model;
use crate::model::rows::{ServiceRow, TargetRow};
use crate::target::{Failure, Target};
use crate::text::clean;

/// What to do about a failure; none where its own text says all there is to say.
pub(super) fn of(failure: &Failure, target: &Target) -> Option<String> {
    let host = target.url.host_str().unwrap_or("?");
    let port = target.url.port_or_known_default().map_or_else(String::new, |port| format!(":{port}"));
    let auth = match &target.auth {
        Some(auth) => format!("check auth.{}", auth.name),
        None => format!("give service.{} an auth = \"...\"", target.service),
    };
    let text = match failure {
        Failure::Timeout(_) => {
            format!("{host}{port} is slow, hangs or drops packets; poll.{}.timeout allows more", target.poll)
        }
        Failure::Refused => {
            format!("nothing listens at {host}{port}: is the process up, and is the port right?")
        }
        Failure::Lost(_) => {
            "it hung up in the middle: is it restarting, or behind a proxy that gave up?".to_owned()
        }
        Failure::Dns(_) => format!("is \"{host}\" right, and does this machine's resolver know it?"),
        Failure::NoRoute(_) => format!("is the network, or the VPN, that leads to {host} up?"),
        Failure::Tls(_) => format!("is the certificate of {host} in date, and is its CA known? {auth} (tls)"),
        Failure::Credentials(..) | Failure::Denied(_) | Failure::Status(401 | 403, _) => {
            format!("{auth}: the key is wrong, missing or has run out")
        }
        Failure::Status(404 | 405, _) => {
            format!("is {} the right path? warroom probe {host}{port} looks what there is", target.url.path())
        }
        Failure::Status(429, _) => format!("it is asked too often: poll.{}.interval asks less", target.poll),
        Failure::Status(500.., _) => "it says so itself: its own logs know why".to_owned(),
        Failure::Decode(_) => {
            format!(
                "is poll.{} of the right kind? warroom probe {host}{port} looks what there is",
                target.poll
            )
        }
        Failure::TooLarge(_) => "raise body_limit, or ask for less".to_owned(),
        Failure::Status(..) | Failure::Redirect(_) | Failure::Secret(_) | Failure::Ours(_) => return None,
    };
    Some(clean(&text).into_owned())
}

/// What to do about the worst poll of a service that fails, if one does.
pub(super) fn of_service(model: &Model, row: &ServiceRow) -> Option<String> {
    let targets = row.targets.iter().filter_map(|id| model.target(*id));
    let worst: Option<&TargetRow> =
        targets.filter(|target| target.failure.is_some()).max_by_key(|row| row.state);
    worst.and_then(|row| of(row.failure.as_ref()?, &row.target))
}
