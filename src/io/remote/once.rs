//! One question, asked once: `warroom query` with a backend. No memory, no retry.

use super::client::{Fault, Server, When};
use crate::answers::{Element, Reply, Shape};
use crate::config::poll::PollKind;
use crate::io::http::Http;
use crate::promql::{Answer, Point, Row, Value};
use crate::query::Window;
use crate::target::Target;
use crate::text::Clean;
use crate::units::Timestamp;
use std::io;

/// Asks the server that `target` stands for. The outer error: no runtime could be made.
///
/// # Errors
/// The server does not answer, or refuses: in its own words.
pub fn ask_once(
    target: &Target,
    text: &str,
    window: Window,
    now: Timestamp,
) -> io::Result<Result<(Answer, Vec<Clean>), Clean>> {
    let PollKind::Query(asking) = &target.kind else {
        return Ok(Err(Clean::new("it is no backend that answers expressions")));
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (when, at) = match window {
        Window::At(at) => (When::At(at), at),
        Window::Over(range) => (When::Course(range.start, range.end, range.step), range.end),
    };
    let http = Http::default();
    let server = Server { http: &http, target, asking, now };
    let asked = runtime.block_on(server.evaluate(text, when, target.timeout));
    Ok(match asked {
        Ok((reply, _)) => Ok(answer(reply, at)),
        Err(Fault::Question(text)) => Err(text),
        Err(Fault::Server(trouble)) => Err(Clean::new(&trouble.failure.to_string())),
    })
}

/// The reply as an answer of our own, and what is to be said beside it.
fn answer(reply: Reply, at: Timestamp) -> (Answer, Vec<Clean>) {
    let mut said: Vec<Clean> = reply.warnings.into_iter().chain(reply.infos).collect();
    if reply.partial {
        said.insert(0, Clean::new("PARTIAL: some of the data was not there"));
    }
    if reply.histograms > 0 {
        said.push(Clean::new(&format!(
            "{} native histograms are left out: they are no numbers",
            reply.histograms
        )));
    }
    if reply.left_out > 0 {
        said.push(Clean::new(&format!("{} series are left out: there are too many", reply.left_out)));
    }
    let touched = reply.elements.iter().map(|element| element.points.len() as u64).sum();
    let newest = |element: Element| {
        element.points.last().map(|(when, value)| Point { labels: element.labels, at: *when, value: *value })
    };
    let value = match reply.shape {
        Shape::Scalar => {
            let first = reply.elements.first().and_then(|element| element.points.last());
            Value::Scalar(first.map_or(f64::NAN, |(_, value)| *value))
        }
        Shape::Text => Value::String(reply.text.unwrap_or_default().into()),
        Shape::Vector => Value::Vector(reply.elements.into_iter().filter_map(newest).collect()),
        Shape::Matrix => Value::Matrix(
            reply.elements.into_iter().map(|e| Row { labels: e.labels, points: e.points }).collect(),
        ),
    };
    (Answer { value, at, ordered: true, warnings: Vec::new(), infos: Vec::new(), touched }, said)
}
