//! One notification through one channel, to see whether it works.

use super::super::now;
use crate::io::notify::Notifier;
use crate::journal::Who;
use crate::notification::{Change, Channel, Notice, Outcome, Router, Via};
use crate::text::Clean;
use std::io;
use tokio::sync::mpsc;

/// Sends a test through the channel, one attempt, whatever its filters, quiet hours and rate say. The inner error is
/// the channel's.
///
/// # Errors
/// The sending thread could not be started, or ended.
pub fn try_out(channel: &Channel, who: Who) -> io::Result<Result<(), Clean>> {
    // Filters are for incidents; the end of a test has no service to be filtered by.
    let open =
        Channel { services: Vec::new(), environments: Vec::new(), quiet: Vec::new(), ..channel.clone() };
    let (mut router, at) = (Router::new(vec![open], who), now());
    let notice = Notice::test(at, &format!("sent by warroom watch --test {}", channel.name));
    let mut deliveries = router.route(&notice, at);
    if matches!(channel.via, Via::PagerDuty { .. }) {
        // What the test has triggered is not left for somebody to resolve.
        let key = format!("{}:resolved", notice.key);
        router.route(&Notice { key, change: Change::Resolved, ..notice }, at);
    }
    let (outcomes, mut sent) = mpsc::channel(4);
    let notifier = Notifier::start(outcomes)?;
    while let Some(delivery) = deliveries.pop() {
        let id = delivery.id;
        notifier.send(delivery);
        let ended =
            sent.blocking_recv().ok_or_else(|| io::Error::other("notifying: its thread has ended"))?;
        if let Outcome::Failed { error, .. } = ended.outcome {
            return Ok(Err(error));
        }
        deliveries = router.taken(id, &ended.outcome, now());
    }
    Ok(Ok(()))
}
