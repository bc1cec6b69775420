//! The dashboard's loop: keys before frames, frames before data, data before work.

mod effects;

use super::acts::Acts;
use super::beside::{read_apart, told, watch};
#[cfg(debug_assertions)]
use super::hands::panic_if_told;
use super::hands::{chord, pressed};
use super::pace::Pace;
use super::reel::{Opened, Reel, Wound};
use super::slow::Watch;
use super::{happened, listen, listening, now, setup};
use crate::config::{Problem, Ring};
use crate::event::{Effect, Event, Mouse, What};
use crate::io::foreign::{Heard, Listener};
use crate::io::identity;
use crate::io::keeper::Keeper;
use crate::io::poll::Poller;
use crate::io::terminal::{Detected, Input, Inputs, Screen, ScreenOptions, Signal, signals};
use crate::model::{Changed, Model};
use crate::notification::Router;
use crate::plan::Plan;
use crate::text::Clean;
use crate::theme::Theme;
use crate::units::Timestamp;
use crate::update::{command_line, settle, update};
use crate::view;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use warroom_widgets::GlyphSet;

/// Reads the configuration again: (generation) -> a plan, or everything that is wrong.
pub type Loader = Arc<dyn Fn(u32) -> Result<Arc<Plan>, Vec<Problem>> + Send + Sync>;

/// What the dashboard needs to start.
pub struct Dashboard {
    /// The plan to begin with.
    pub plan: Arc<Plan>,
    /// How to read it again; none where there is no file.
    pub loader: Option<Loader>,
    /// Files whose change means that it should be read again.
    pub watched: Vec<PathBuf>,
    /// What the terminal can do.
    pub detected: Detected,
    /// The alphabet that is drawn with.
    pub glyphs: GlyphSet,
    /// Nothing may be changed from here.
    pub read_only: bool,
    /// What to look at first, as it is written after `:`.
    pub first: Option<String>,
    /// How this terminal is rung.
    pub ring: Ring,
    /// The state folder, or why there is none.
    pub state: Result<PathBuf, String>,
    /// A recording that is shown instead of the world.
    pub tape: Option<Reel>,
}

/// Messages of the poller that may wait; beyond, polls are held back.
const MESSAGES: usize = 256;

/// Work goes on for so long before the runtime gets its turn.
const REST_AFTER: Duration = Duration::from_millis(8);

/// Messages of the keeper that may wait.
const KEPT: usize = 16;

/// Shows the dashboard until it is left; returns the exit code.
///
/// # Errors
/// The terminal cannot be set up or went away; it has been given back.
pub fn run(dashboard: Dashboard) -> io::Result<u8> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let code = runtime.block_on(show(dashboard));
    // A blocking read of a configuration on a dead file system must not keep us.
    runtime.shutdown_background();
    code
}

struct Shown {
    model: Model,
    screen: Screen,
    theme: Theme,
    pace: Pace,
    poller: Poller,
    listener: Listener,
    keeper: Keeper,
    acts: Acts,
    router: Router,
    ring: Ring,
    loader: Option<Loader>,
    reloads: mpsc::Sender<Result<Arc<Plan>, Vec<Problem>>>,
    detected: Detected,
    state: Result<PathBuf, String>,
    glyphs: GlyphSet,
    /// What work beside the loop has to say.
    aside: mpsc::Sender<What>,
    exit: Option<u8>,
}

async fn show(dashboard: Dashboard) -> io::Result<u8> {
    let started = Instant::now();
    let mut plan = dashboard.plan;
    let theme = plan
        .ui
        .themes
        .get(&plan.ui.theme, dashboard.detected.depth, dashboard.glyphs)
        .map_err(io::Error::other)?;
    let mut signals = signals()?;
    let opened = match dashboard.tape {
        None => None,
        Some(reel) => match reel.wait(&plan, &theme, &mut signals).await? {
            Wound::Ready(opened) => Some(*opened),
            Wound::Left(code) => return Ok(code),
        },
    };
    let (sender, mut messages) = mpsc::channel(MESSAGES);
    // The poller starts in its own thread while the first frame is drawn here.
    let poller = Poller::start(sender)?;
    let (listener, mut heard) = listen()?;
    let (mut model, screen, hands) = if let Some(Opened { model, screen, inputs }) = opened {
        // Whatever is shown of a recording, nobody is asked.
        plan = Arc::clone(&model.plan);
        (model, screen, inputs)
    } else {
        poller.configure(setup(&plan));
        listener.configure(listening(&plan));
        (Model::new(Arc::clone(&plan), now(), dashboard.read_only), None, None)
    };
    model.who = identity::who();
    model.judging.remembering = true;
    model.acts.salt = u64::from_str_radix(identity::nonce().get(..16).unwrap_or("0"), 16).unwrap_or(0);
    let (acts, mut acted) = Acts::new(dashboard.state.clone());
    let (keeping, mut kept) = mpsc::channel(KEPT);
    // The loop is gone if nobody takes it.
    let tell = move |what| drop(keeping.blocking_send(what));
    let whole = model.plan.feeds.whole().is_some();
    if dashboard.state.is_ok() && !whole {
        // What comes is kept, and what was kept comes back.
        model.store.record();
        model.judging.recalling = true;
    }
    let keeper = Keeper::start(dashboard.state.clone(), plan.history.clone(), tell)?;
    let screen = match screen {
        Some(screen) => screen,
        None => Screen::enter(ScreenOptions { mouse: plan.ui.mouse, size: None })?,
    };
    let (width, height) = screen.size();
    update(&mut model, Event { at: now(), what: What::Resize(width, height) });
    let (reading, mut bodies) = mpsc::channel(4);
    let (reloads, mut reloaded) = mpsc::channel(4);
    let mut shown = Shown {
        model,
        screen,
        theme,
        pace: Pace::new(started),
        poller,
        listener,
        keeper,
        acts,
        router: Router::new(vec![plan.terminal.clone()], identity::who()),
        ring: dashboard.ring,
        loader: dashboard.loader,
        reloads,
        detected: dashboard.detected,
        state: dashboard.state,
        glyphs: dashboard.glyphs,
        aside: reading.clone(),
        exit: None,
    };
    if let Some(line) = &dashboard.first {
        shown.begin_with(line);
    }
    shown.draw()?;
    let (_inputs, mut inputs) = match hands {
        Some(hands) => hands,
        None => Inputs::start(now)?,
    };
    let (changes, mut changed) = mpsc::channel(1);
    let _watch = watch(&dashboard.watched, changes, &mut shown.model);
    let mut rested = Instant::now();
    while shown.exit.is_none() {
        let due = shown.pace.due(shown.model.changed);
        if due.is_some_and(|due| due <= Instant::now()) && shown.screen.ready() {
            shown.draw()?;
            continue;
        }
        let busy = !shown.screen.ready();
        // While there is work the loop comes back here anyway: timers would only be made and dropped, and to find the
        // moment of the next one means to look at every row.
        let works = shown.model.has_work();
        let tick = if works { Duration::ZERO } else { shown.model.next_tick().since(now()) };
        tokio::select! {
            biased;
            input = inputs.recv() => shown.input(input),
            Some(signal) = signals.recv() => shown.signal(signal)?,
            () = shown.screen.writable(), if due.is_some() && busy => {}
            () = until(due), if due.is_some() && !busy && !works => {}
            Some(plan) = reloaded.recv() => shown.happen(What::Reloaded(plan)),
            Some(()) = changed.recv() => shown.reload(),
            Some(body) = bodies.recv() => shown.happen(body),
            Some(what) = acted.recv() => shown.happen(what),
            Some(kept) = kept.recv() => shown.happen(told(kept)),
            Some(Heard { generation, picture }) = heard.recv() => shown.happen(What::Foreign(generation, picture)),
            message = messages.recv() => match message {
                Some(message) => {
                    let message = read_apart(&reading, message);
                    if let Some(what) = message.and_then(|message| happened(&shown.model, message)) {
                        shown.happen(what);
                    }
                }
                // A picture that nothing renews any more must not stay on the screen as if it were true.
                None => return Err(io::Error::other("polling: its thread has ended; please report this fault")),
            },
            () = std::future::ready(()), if works => shown.happen(What::Work),
            () = tokio::time::sleep(tick), if !works => {
                shown.happen(What::Tick);
                let held = shown.router.due(now());
                shown.rung(held);
            }
        }
        if !works {
            rested = Instant::now();
        } else if rested.elapsed() >= REST_AFTER {
            // Signals and the terminal are heard by the runtime, which is not asked while there is always work.
            tokio::task::yield_now().await;
            rested = Instant::now();
        }
    }
    let code = shown.exit.unwrap_or(0);
    // What was counted since the last batch; of what a server counts nothing is kept here.
    let rest = shown.model.slos.book.unsaved(usize::MAX);
    if !whole && rest.iter().any(|saved| !saved.is_empty()) {
        shown.keeper.save(rest, now());
    }
    shown.keeper.keep(shown.model.store.take_recorded(), now());
    // A keeper that waits for the loop must not keep the loop waiting for it.
    kept.close();
    // The terminal first: whatever else takes time, the shell is usable.
    let left = shown.screen.leave();
    if code == 0 { left.map(|()| code) } else { Ok(code) }
}

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due.into()).await,
        None => std::future::pending().await,
    }
}

impl Shown {
    fn draw(&mut self) -> io::Result<()> {
        let watch = Watch::frame();
        settle(&mut self.model);
        let (model, theme) = (&self.model, &self.theme);
        let drawn = self.screen.draw(|frame| view::render(model, theme, frame))?;
        watch.done();
        if !drawn.skipped {
            self.model.changed = Changed::No;
            self.pace.drew(Instant::now());
        }
        Ok(())
    }

    /// Looks at something from the start; what is said against it stands in the foot line.
    fn begin_with(&mut self, line: &str) {
        match command_line(&mut self.model, line, now()) {
            // Looking asks for nothing that changes anything.
            Ok(effects) => effects.into_iter().for_each(|effect| self.carry_out(effect)),
            Err(problem) => self.happen(What::Notice(Clean::new(&problem))),
        }
    }

    fn happen(&mut self, what: What) {
        self.happened_at(now(), what);
    }

    fn happened_at(&mut self, at: Timestamp, what: What) {
        let looked = matches!(what, What::Reports(_) | What::Reloaded(_));
        let watch = Watch::event(&self.model, &what);
        for effect in update(&mut self.model, Event { at, what }) {
            self.carry_out(effect);
        }
        if looked {
            self.acts.look(&self.model);
        }
        self.acts.listen(&self.model);
        watch.done();
    }

    fn input(&mut self, input: Option<(Timestamp, Input)>) {
        let Some((at, input)) = input else {
            self.exit = Signal::Hup.exit_code();
            return;
        };
        // The moment of the keyboard, not of the loop: the door tells hands from a paste by it.
        match input {
            Input::Hangup => self.exit = Signal::Hup.exit_code(),
            Input::Key(key) => {
                #[cfg(debug_assertions)]
                panic_if_told(key);
                if let Some(chord) = chord(key) {
                    self.happened_at(at, What::Key(chord));
                }
            }
            Input::Paste(text) => self.happened_at(at, What::Paste(text)),
            Input::Mouse(mouse) => {
                if let Some(press) = pressed(mouse) {
                    settle(&mut self.model);
                    let (x, y) = (mouse.column, mouse.row);
                    let under = view::under(&self.model, &self.theme, x, y);
                    self.happen(What::Mouse(Mouse { x, y, press, under }));
                }
            }
            Input::Focus(_) => {}
        }
    }

    fn signal(&mut self, signal: Signal) -> io::Result<()> {
        match signal {
            Signal::Resize(width, height) => {
                self.screen.resize(width, height);
                self.happen(What::Resize(width, height));
            }
            Signal::Stop => self.carry_out(Effect::Suspend),
            Signal::Cont => {
                self.screen.resume()?;
                self.model.changed = Changed::Now;
            }
            Signal::Term | Signal::Hup | Signal::Int | Signal::Quit => self.exit = signal.exit_code(),
        }
        Ok(())
    }
}
