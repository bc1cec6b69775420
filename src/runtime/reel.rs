//! A recording on its way to the screen: read in a thread of its own, while the terminal shows how far it is and listens
//! to keys. A capture of an hour of a large fleet takes seconds to read; nobody is to wait for it in front of nothing.

use super::hands::chord;
use super::now;
use crate::command::Command;
use crate::io::terminal::{Input, Inputs, Screen, ScreenOptions, Signal, Signals};
use crate::keymap::{Chord, Context};
use crate::model::Model;
use crate::plan::Plan;
use crate::theme::Theme;
use crate::units::Timestamp;
use crate::view::{self, Loading};
use std::io::{self, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};

/// What is being done to a recording before it can be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Stage {
    /// The file is read and unpacked.
    Reading,
    /// It is judged by other rules.
    Judging,
    /// The samples are put in their places.
    Sorting,
}

impl Stage {
    const ALL: [Self; 3] = [Self::Reading, Self::Judging, Self::Sorting];

    /// In a word or two.
    fn word(self) -> &'static str {
        match self {
            Self::Reading => "reading",
            Self::Judging => "judging by the other rules",
            Self::Sorting => "putting together",
        }
    }
}

/// How far it is; written by the thread that reads, read by the one that draws.
#[derive(Clone, Debug, Default)]
pub struct Progress(Arc<AtomicU64>);

/// Shares are told in so many parts.
const PARTS: f64 = 10_000.0;

impl Progress {
    /// The share of a stage that is done, 0 to 1.
    pub fn tell(&self, stage: Stage, share: f64) {
        let parts = (share.clamp(0.0, 1.0) * PARTS) as u64;
        self.0.store((stage as u64) << 32 | parts, Ordering::Relaxed);
    }

    /// The stage, and the share of it that is done.
    fn told(&self) -> (Stage, f64) {
        let word = self.0.load(Ordering::Relaxed);
        let stage = Stage::ALL.get((word >> 32) as usize).copied().unwrap_or(Stage::Reading);
        (stage, (word & 0xffff_ffff) as f64 / PARTS)
    }
}

/// Why a recording cannot be shown.
#[derive(Debug)]
pub struct Refused {
    /// What is said, a line each.
    pub lines: Vec<String>,
    /// The exit code.
    pub code: u8,
}

/// Reads the recording and makes the model that shows it.
type Wind = Box<dyn FnOnce(&Progress) -> Result<Model, Refused> + Send>;

/// A recording that is to be shown, and how to get it.
pub struct Reel {
    /// The file's name, clean.
    pub name: String,
    /// The bytes of the file.
    pub bytes: u64,
    /// How it is read.
    pub wind: Wind,
}

/// What is open when the dashboard begins.
pub(super) struct Opened {
    pub(super) model: Model,
    pub(super) screen: Option<Screen>,
    pub(super) inputs: Option<Hands>,
}

type Hands = (Inputs, mpsc::Receiver<(Timestamp, Input)>);

/// What became of it.
pub(super) enum Wound {
    Ready(Box<Opened>),
    /// It was left, or refused: the exit code.
    Left(u8),
}

/// What takes less than this is not worth a picture of its own, nor the flicker of one.
const GRACE: Duration = Duration::from_millis(40);
/// How often the picture is drawn.
const EVERY: Duration = Duration::from_millis(100);

impl Reel {
    /// Reads it, and shows how far it is.
    ///
    /// # Errors
    /// There is no thread, or no terminal, to be had.
    pub(super) async fn wait(self, plan: &Plan, theme: &Theme, signals: &mut Signals) -> io::Result<Wound> {
        let began = Instant::now();
        let progress = Progress::default();
        let (done, mut model) = oneshot::channel();
        let (told, wind) = (progress.clone(), self.wind);
        std::thread::Builder::new().name("reel".to_owned()).spawn(move || {
            // The loop is gone if nobody takes it.
            drop(done.send(wind(&told)));
        })?;
        if let Ok(outcome) = tokio::time::timeout(GRACE, &mut model).await {
            return Ok(judged(outcome.ok(), None, None));
        }
        let mut screen = Screen::enter(ScreenOptions { mouse: plan.ui.mouse, size: None })?;
        let (hands, mut inputs) = Inputs::start(now)?;
        let quit = plan.ui.keys.hint(Command::Quit).unwrap_or_else(|| "ctrl-c".to_owned());
        loop {
            let (stage, share) = progress.told();
            let picture = Loading {
                name: self.name.clone(),
                stage: stage.word(),
                share: Some(share),
                bytes: self.bytes,
                took: began.elapsed(),
                quit: quit.clone(),
            };
            screen.draw(|frame| view::loading(&picture, theme, frame.area(), frame.buffer_mut()))?;
            tokio::select! {
                biased;
                input = inputs.recv() => match input {
                    None | Some((_, Input::Hangup)) => return Ok(Wound::Left(gone(Signal::Hup))),
                    Some((_, Input::Key(key))) => match chord(key).and_then(|chord| meant(plan, chord)) {
                        Some(Command::Quit) => return screen.leave().map(|()| Wound::Left(0)),
                        Some(Command::Suspend) => drop(screen.suspend()?),
                        Some(Command::Redraw) => screen.redraw_all(),
                        _ => {}
                    },
                    Some(_) => {}
                },
                Some(signal) = signals.recv() => match signal {
                    Signal::Resize(width, height) => screen.resize(width, height),
                    Signal::Stop => drop(screen.suspend()?),
                    Signal::Cont => screen.resume()?,
                    signal => return screen.leave().map(|()| Wound::Left(gone(signal))),
                },
                outcome = &mut model => {
                    return Ok(judged(outcome.ok(), Some(screen), Some((hands, inputs))));
                }
                () = tokio::time::sleep(EVERY) => {}
            }
        }
    }
}

/// What a key means here: to leave, to sleep, to paint anew. Control and C leaves whatever the keys are.
fn meant(plan: &Plan, chord: Chord) -> Option<Command> {
    if chord == Chord::ctrl('c') {
        return Some(Command::Quit);
    }
    plan.ui.keys.command(Context::Anywhere, chord)
}

fn gone(signal: Signal) -> u8 {
    signal.exit_code().unwrap_or(0)
}

/// A model, or the terminal given back and what is wrong said. None: the thread ended without a word.
fn judged(outcome: Option<Result<Model, Refused>>, screen: Option<Screen>, inputs: Option<Hands>) -> Wound {
    let refused = match outcome {
        Some(Ok(model)) => return Wound::Ready(Box::new(Opened { model, screen, inputs })),
        Some(Err(refused)) => refused,
        None => Refused {
            lines: vec![
                "warroom: reading the recording ended without a word; please report this fault".into(),
            ],
            code: 70, // EX_SOFTWARE
        },
    };
    // The shell's screen first: what is said there is to stay.
    drop((inputs, screen));
    let mut out = io::stderr().lock();
    for line in &refused.lines {
        // Nobody is left to hear of an error.
        let _ = writeln!(out, "{line}");
    }
    Wound::Left(refused.code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_comes_over_as_it_was_told() {
        let progress = Progress::default();
        assert_eq!(progress.told(), (Stage::Reading, 0.0));
        for (stage, share, comes) in [
            (Stage::Reading, 0.25, 0.25),
            (Stage::Judging, 1.5, 1.0),
            (Stage::Sorting, -1.0, 0.0),
            (Stage::Sorting, f64::NAN, 0.0),
        ] {
            progress.tell(stage, share);
            assert_eq!(progress.told(), (stage, comes));
        }
    }
}
