//! What the model wants of the world is done here, each wish by whoever can: the screen, the poller, the keeper, the acts.

use super::super::snapshot::snapshot;
use super::super::tape::{self, Order};
use super::super::{listening, setup};
use super::Shown;
use crate::event::{Effect, Recalled, What};
use crate::incident::Change;
use crate::io::{bell, clipboard};
use crate::notification::{Delivery, Message as MessageOf, Notice};
use crate::text::Clean;

impl Shown {
    pub(super) fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Quit => self.exit = Some(0),
            Effect::Configure => {
                self.poller.configure(setup(&self.model.plan));
                self.listener.configure(listening(&self.model.plan));
                self.keeper.configure(self.model.plan.history.clone());
                self.router.reload(vec![self.model.plan.terminal.clone()]);
            }
            Effect::PollNow(target) => {
                self.poller.poll_now(target);
            }
            Effect::FetchFull(target) => {
                self.poller.fetch_full(target);
            }
            Effect::Reload => self.reload(),
            Effect::Theme(name) => {
                // The name was checked where it was chosen.
                if let Ok(theme) = self.model.plan.ui.themes.get(&name, self.detected.depth, self.glyphs) {
                    self.theme = theme;
                }
            }
            Effect::Copy(text) => {
                self.screen.raw(&clipboard::osc52(&text, self.detected.multiplexer));
            }
            Effect::Mouse(on) => self.screen.set_mouse(on),
            Effect::Typed(line) => self.keeper.typed(line),
            Effect::Journal(entries) => self.keeper.append(entries),
            Effect::Deliver(name, entries) => self.poller.deliver(&name, entries),
            Effect::Save(batch) => self.keeper.save(batch, self.model.now),
            Effect::Keep(samples) => self.keeper.keep(samples, self.model.now),
            Effect::Recall { purpose, from, to } if self.model.plan.feeds.whole().is_some() => {
                self.poller.recall(purpose, from, to);
            }
            Effect::Recall { purpose, from, to } => {
                if !self.keeper.recall(purpose, from, to) {
                    self.happen(What::Recalled(Recalled::none(purpose, from, to)));
                }
            }
            Effect::Tell(changes) => self.ring(&changes),
            Effect::Propose(two, entry) => self.keeper.propose(two, entry),
            Effect::Act => {
                self.acts.send(self.model.acts.take());
                self.acts.look(&self.model);
            }
            Effect::Choices(action, service, param) => {
                self.acts.choices(&self.model, &action, &service, param);
            }
            Effect::AskForeign(backend) => self.listener.ask_now(&backend),
            Effect::Check(id) => self.acts.check(&self.model, id),
            Effect::TwoKey(folder) => self.acts.two_key([folder].into()),
            Effect::StopWaiting(id) => self.acts.stop_waiting(&id),
            Effect::Capture { file, from, to, why } => {
                let order = Order { file, from, to, why, state: self.state.clone() };
                tape::write(&self.model, order, &self.aside);
            }
            Effect::Suspend => self.suspend(),
            // It stands in the line at the bottom already.
            Effect::Warn(_) => {}
            Effect::Redraw => self.screen.redraw_all(),
            Effect::Snapshot(path) => {
                snapshot(&self.model, &self.theme, self.screen.size(), path, self.aside.clone());
            }
        }
    }

    /// A dashboard rings: bell or desktop notification, as the terminal can. Webhooks are `watch`'s.
    fn ring(&mut self, changes: &[Change]) {
        let mut deliveries = Vec::new();
        for notice in Notice::all(changes) {
            deliveries.extend(self.router.route(&notice, self.model.now));
        }
        self.rung(deliveries);
    }

    pub(super) fn rung(&mut self, deliveries: Vec<Delivery>) {
        for delivery in deliveries {
            if let MessageOf::Ring { title, body } = &delivery.message {
                self.screen.raw(&bell::ring(self.ring, title, body, self.detected.multiplexer));
            }
        }
        // Rings stand in no journal: each terminal has its own.
        self.router.entries();
    }

    fn suspend(&mut self) {
        match self.screen.suspend() {
            Ok(true) => {
                let (width, height) = self.screen.size();
                self.happen(What::Resize(width, height));
            }
            Ok(false) => {
                self.happen(What::Notice(Clean::new("no shell is there that could bring warroom back")));
            }
            Err(_) => self.exit = Some(74), // EX_IOERR: the terminal would not be given back or taken again
        }
    }

    pub(super) fn reload(&mut self) {
        let Some(loader) = self.loader.clone() else {
            return self.happen(What::Notice(Clean::new("there is no configuration file to read again")));
        };
        let (generation, done) = (self.model.plan.generation + 1, self.reloads.clone());
        tokio::task::spawn_blocking(move || {
            // If several are under way, the channel keeps their order; a full one means that newer ones wait.
            let _ = done.blocking_send(loader(generation));
        });
    }
}
