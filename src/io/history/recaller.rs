//! A thread that reads the past for whoever asks, a batch at a time, so that neither a disk nor a long time keeps
//! anybody waiting.

use super::{Place, Reader};
use crate::event::{Purpose, Recalled};
use crate::text::Clean;
use crate::units::Timestamp;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};

type Question = (Purpose, Timestamp, Timestamp);

/// The thread, as its owner sees it. Dropped, it stops at the next batch.
#[derive(Debug)]
pub struct Recaller {
    questions: Option<Sender<Question>>,
    stop: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Recaller {
    /// Starts it; `tell` is called from its thread. `damaged` is set when the file turns out to be.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub fn start(
        place: Place,
        damaged: Arc<AtomicBool>,
        tell: impl Fn(Recalled) + Send + 'static,
    ) -> io::Result<Self> {
        let (questions, inbox) = channel();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::Builder::new()
            .name("recall".to_owned())
            .spawn(move || serve(&place, &inbox, &stopped, &damaged, &tell))?;
        Ok(Self { questions: Some(questions), stop, thread: Some(thread) })
    }

    /// Asks for samples of `[from, to]`. A new question takes the place of an older one for the same purpose, of which
    /// nothing more is heard then.
    pub fn ask(&self, purpose: Purpose, from: Timestamp, to: Timestamp) {
        if let Some(questions) = &self.questions {
            let _ = questions.send((purpose, from, to));
        }
    }
}

impl Drop for Recaller {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.questions = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Are these questions for the same purpose?
fn same(a: Purpose, b: Purpose) -> bool {
    matches!((a, b), (Purpose::Start, Purpose::Start) | (Purpose::Rewind(_), Purpose::Rewind(_)))
}

fn serve(
    place: &Place,
    inbox: &Receiver<Question>,
    stop: &AtomicBool,
    damaged: &AtomicBool,
    tell: &impl Fn(Recalled),
) {
    let mut waiting: Vec<Question> = Vec::new();
    loop {
        if waiting.is_empty() {
            match inbox.recv() {
                Ok(question) => waiting.push(question),
                Err(_) => return,
            }
        }
        waiting.extend(inbox.try_iter());
        let (purpose, from, to) = waiting.remove(0);
        if waiting.iter().any(|(other, ..)| same(*other, purpose)) {
            continue;
        }
        let mut given_up = false;
        let mut hand_on = |samples| {
            waiting.extend(inbox.try_iter());
            given_up =
                stop.load(Ordering::Relaxed) || waiting.iter().any(|(other, ..)| same(*other, purpose));
            if !given_up {
                tell(Recalled { purpose, from, to, samples, complete: false, trouble: None });
            }
            !given_up
        };
        let read = match Reader::open(place) {
            Ok(Some(reader)) => reader.read(from, to, &[], &mut hand_on),
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        if given_up {
            continue;
        }
        let trouble = read.err().map(|error| {
            damaged.fetch_or(error.is_damage(), Ordering::Relaxed);
            Clean::new(&format!("the past cannot be read: {error}"))
        });
        tell(Recalled { purpose, from, to, samples: Vec::new(), complete: true, trouble });
    }
}
