//! What is done beside the loop, and what comes of it: bodies that are read, files that are watched, what was kept.

use super::now;
use crate::event::{Browsed, Event, What};
use crate::io::keeper::Kept;
use crate::io::poll::{FullBody, Message};
use crate::io::watch::Watch;
use crate::model::Model;
use crate::text::Clean;
use crate::update::update;
use std::path::PathBuf;
use tokio::sync::mpsc;

/// A whole body may take long to read: that is done beside the loop.
pub(super) fn read_apart(reading: &mpsc::Sender<What>, message: Message) -> Option<Message> {
    let Message::FullBody { target, generation, outcome } = message else { return Some(message) };
    let reading = reading.clone();
    tokio::task::spawn_blocking(move || {
        let read =
            |body: FullBody| Browsed::read(body.status, body.content_type.as_deref(), &body.body, body.took);
        let what = What::Browsed { target, generation, outcome: outcome.map(read) };
        // The loop is gone if nobody takes it.
        let _ = reading.blocking_send(what);
    });
    None
}

/// Watches the configuration's files; what keeps it from that is said in a line.
pub(super) fn watch(paths: &[PathBuf], changes: mpsc::Sender<()>, model: &mut Model) -> Option<Watch> {
    if paths.is_empty() {
        return None;
    }
    // One change that waits stands for all that come meanwhile.
    let watch = Watch::new(paths, move || {
        let _ = changes.try_send(());
    });
    watch
        .map_err(|error| {
            let text = format!("the configuration is not watched ({error}); :reload reads it again");
            update(model, Event { at: now(), what: What::Notice(Clean::new(&text)) });
        })
        .ok()
}

/// What the keeper says, as an event.
pub(super) fn told(kept: Kept) -> What {
    match kept {
        Kept::Remembered { entries, saved } => What::Remembered { entries, saved },
        Kept::Typed(lines) => What::Typed(lines),
        Kept::Recalled(recalled) => What::Recalled(recalled),
        Kept::Written(entries) => What::Written(entries),
        Kept::Proposed(entry, outcome) => What::Proposed(entry, outcome.map_err(|why| Clean::new(&why))),
        Kept::Notice(text) => What::Notice(Clean::new(&text)),
    }
}
