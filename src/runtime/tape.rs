//! Captures that the dashboard writes: gathered from the model, and written beside the loop.

use crate::capture::Head;
use crate::config::capture::Captures;
use crate::event::What;
use crate::io::{capture, state};
use crate::model::Model;
use crate::model::recorded::Recorder;
use crate::text::Clean;
use crate::units::{Timestamp, format_duration};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// A capture that is to be written.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) file: Option<PathBuf>,
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    pub(super) why: Option<Arc<str>>,
    pub(super) state: Result<PathBuf, String>,
}

/// Writes a capture beside the loop; what came of it comes back as a notice.
pub(super) fn write(model: &Model, order: Order, done: &mpsc::Sender<What>) {
    let recorder = Recorder::of(model);
    let (wanted, to) = (model.plan.capture.clone(), order.to);
    let head = Head {
        from: order.from.max(model.reaches_back().unwrap_or(order.from)).min(to),
        to,
        made: super::now(),
        by: concat!("warroom ", env!("CARGO_PKG_VERSION")).to_owned(),
        why: order.why.as_deref().map(str::to_owned),
        redacted: Vec::new(),
    };
    let done = done.clone();
    tokio::task::spawn_blocking(move || {
        let span = format_duration(Duration::from_secs(head.to.since(head.from).as_secs()));
        let written = place(&order, &wanted, to).and_then(|path| {
            let capture = recorder.capture(head).redact(&wanted.redact);
            capture::save(&path, &capture).map_err(|error| format!("{}: {error}", path.display()))
        });
        let text = match written {
            Ok(written) => {
                if let (Some(_), Some(folder)) = (&order.why, written.path.parent()) {
                    capture::prune(folder, wanted.keep);
                }
                told(&written, &span)
            }
            Err(error) => format!("no capture was written: {error}"),
        };
        // The loop is gone if nobody takes it.
        let _ = done.blocking_send(What::Notice(Clean::new(&text)));
    });
}

fn told(written: &capture::Written, span: &str) -> String {
    let size = warroom_widgets::human(written.bytes as f64, warroom_widgets::Unit::Bytes);
    let left = match written.left_out {
        0 => String::new(),
        count => format!("; {count} series did not fit"),
    };
    format!("captured {span} in {} ({size}{left})", written.path.display())
}

/// Where a capture goes. A folder of warroom's own is made, for its owner alone.
fn place(order: &Order, wanted: &Captures, to: Timestamp) -> Result<PathBuf, String> {
    if let Some(file) = &order.file {
        return Ok(file.clone());
    }
    let folder = match &wanted.folder {
        Some(folder) => folder.clone(),
        None => order.state.clone()?.join("captures"),
    };
    state::prepare(&folder).map_err(|error| error.to_string())?;
    let path = folder.join(capture::name(to, order.why.as_deref()));
    Ok(path)
}
