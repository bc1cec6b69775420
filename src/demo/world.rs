//! The fleet's state as a function of seed, scenario, virtual time and what was done to it.
//!
//! It is stepped second by second of virtual time, and only when somebody asks: nobody asking costs nothing.
//! It knows no clock and no sockets, so that a test can put any question at any moment.

use super::admin::Desk;
use super::cast::{CAST, CHECKOUT, GATEWAY, INVENTORY, RECOMMENDATIONS, SEARCH, WORKER};
use super::scenario::{Cue, NEVER, Scenario, Script, Trouble};
use super::traffic::{Load, Route};
use crate::units::Timestamp;
use std::time::Duration;

/// The longest stretch that is caught up on; a fleet that nobody has asked for longer than that has slept.
const CATCH_UP: u64 = 3600;
/// How long a process is gone while it restarts, in virtual seconds.
const GONE_FOR: u64 = 3;
/// How long it then answers 503.
const STARTING_FOR: u64 = 2;
/// How long it is slow after that.
const WARMING_FOR: u64 = 10;
/// Share of cache hits when all is well.
pub(super) const WARM: f64 = 0.92;

/// How a process stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nothing listens.
    Gone,
    /// It listens, and answers 503.
    Starting,
    /// It works, slowly.
    Warming,
    /// It works.
    Ready,
}

/// One process of a service.
pub(super) struct Node {
    pub(super) service: usize,
    pub(super) number: usize,
    pub(super) routes: Vec<Route>,
    /// When it started, in virtual seconds; negative before the demo.
    pub(super) started: i64,
    /// When it stops, if a restart is under way or past.
    stops: u64,
    ready: u64,
}

/// What a service is going through in the current second.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Weather {
    pub(super) requests: f64,
    pub(super) failed: f64,
    pub(super) median: f64,
    pub(super) failed_median: f64,
    /// No process answers.
    pub(super) down: bool,
}

/// A circuit breaker, and since when it is in that state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Breaker {
    /// Closed; for how many seconds most calls have failed.
    Closed(u64),
    Open(u64),
    HalfOpen(u64),
}

/// Hits and misses of a cache, and how warm it is (0..=1 is the share of hits).
#[derive(Clone, Copy, Debug)]
pub(super) struct Cache {
    pub(super) warmth: f64,
    pub(super) hits: f64,
    pub(super) misses: f64,
}

/// The fleet.
pub struct World {
    pub(super) seed: u64,
    pub(super) second: u64,
    slept: u64,
    began: Timestamp,
    speed: f64,
    script: Script,
    pub(super) nodes: Vec<Node>,
    pub(super) troubles: [Option<u64>; Trouble::COUNT],
    pub(super) weather: [Weather; CAST.len()],
    /// Index into the service's versions.
    pub(super) version: [usize; CAST.len()],
    pub(super) deployed: [i64; CAST.len()],
    pub(super) breaker: Breaker,
    pub(super) calls: f64,
    pub(super) failed_calls: f64,
    pub(super) search_cache: Cache,
    pub(super) catalog_cache: Cache,
    pub(super) depth: f64,
    pub(super) retry_depth: f64,
    pub(super) processed: f64,
    pub(super) desk: Desk,
}

impl World {
    /// A fleet whose virtual second 0 is the moment `began`, and whose time runs `pace` times as fast as ours.
    pub fn new(seed: u64, scenario: Scenario, began: Timestamp, pace: f64) -> Self {
        let mut nodes = Vec::new();
        for (service, member) in CAST.iter().enumerate() {
            for number in 0..member.instances {
                let days = 2 + (service * 5 + number) as i64 % 9;
                let started = -(days * 86_400 + 3_607 * (service as i64 + 1));
                let routes = member.routes.iter().map(|_| Route::new(member.bounds)).collect();
                nodes.push(Node { service, number, routes, started, stops: NEVER, ready: 0 });
            }
        }
        let cache = |hits: f64| Cache { warmth: WARM, hits, misses: hits * (1.0 - WARM) / WARM };
        let mut world = Self {
            seed,
            second: 0,
            slept: 0,
            began,
            speed: if pace.is_finite() { pace.clamp(0.01, 100.0) } else { 1.0 },
            script: scenario.script(),
            nodes,
            troubles: [None; Trouble::COUNT],
            weather: [Weather::default(); CAST.len()],
            version: [0; CAST.len()],
            deployed: std::array::from_fn(|i| -(86_400 * (3 + i as i64))),
            breaker: Breaker::Closed(0),
            calls: 812_000.0,
            failed_calls: 420.0,
            search_cache: cache(2_400_000.0),
            catalog_cache: cache(5_100_000.0),
            depth: 4.0,
            retry_depth: 0.0,
            processed: 9_400_000.0,
            desk: Desk::default(),
        };
        // Checkout's newest version is not out yet: its deployment is the story's first trouble.
        world.version[CHECKOUT] = 1;
        world.step(0);
        world.remember_the_past();
        world
    }

    /// Counters begin where an hour at the present pace would have brought them.
    fn remember_the_past(&mut self) {
        for node in &mut self.nodes {
            let Some(spec) = CAST.get(node.service) else { continue };
            for (route, (_, _, share)) in node.routes.iter_mut().zip(spec.routes) {
                let requests = spec.rate * share / spec.instances as f64 * 3600.0;
                let load = Load {
                    requests,
                    failed: 0.0004,
                    refused: spec.refused,
                    median: spec.median,
                    failed_median: spec.median * 2.0,
                };
                route.add(spec.bounds, &load);
            }
        }
    }

    /// Brings the fleet to `elapsed` after its beginning (real time). Going back is not possible and does nothing.
    pub fn advance(&mut self, elapsed: Duration) {
        let mut target = ((elapsed.as_secs_f64() * self.speed) as u64).saturating_sub(self.slept);
        if target.saturating_sub(self.second) > CATCH_UP {
            self.slept += target - self.second - CATCH_UP;
            target = self.second + CATCH_UP;
        }
        while self.second < target {
            self.second += 1;
            self.step(self.second);
        }
    }

    /// How long after the beginning virtual second `second` is reached, in real time.
    pub(super) fn real(&self, second: u64) -> Duration {
        Duration::from_secs_f64((second.saturating_add(self.slept)).min(1 << 40) as f64 / self.speed)
    }

    /// The moment of a virtual second, as clocks show it.
    pub(super) fn wall(&self, second: i64) -> f64 {
        // What lies before the beginning happened at the usual pace.
        let real = if second < 0 { second as f64 } else { self.real(second as u64).as_secs_f64() };
        self.began.seconds() + real
    }

    /// Now, as clocks show it.
    pub(super) fn now(&self) -> f64 {
        self.wall(self.second as i64)
    }

    /// How many processes there are.
    pub fn nodes(&self) -> usize {
        self.nodes.len()
    }

    /// The service's name and the number of the process in it.
    pub fn node_name(&self, node: usize) -> Option<(&'static str, usize)> {
        let node = self.nodes.get(node)?;
        Some((CAST.get(node.service)?.name, node.number))
    }

    /// Does anything listen there now?
    pub fn listens(&self, node: usize) -> bool {
        self.nodes.get(node).is_some_and(|n| self.phase(n) != Phase::Gone)
    }

    /// When a process next begins or ceases to listen, as real time after the beginning, as far as it is known.
    pub fn next_change(&self, node: usize) -> Option<Duration> {
        let node = self.nodes.get(node)?;
        let planned = [node.stops, node.stops.saturating_add(GONE_FOR)];
        let own = planned.into_iter().filter(|at| *at > self.second && *at < NEVER);
        let scripted =
            self.script.cues.iter().filter(|cue| gone_node(cue.trouble) == Some((node.service, node.number)));
        let scripted = scripted.flat_map(|cue| [self.next(cue.start), self.next(cue.end)]).flatten();
        own.chain(scripted).min().map(|second| self.real(second))
    }

    /// The next second at which the script reaches `at`.
    fn next(&self, at: u64) -> Option<u64> {
        if at == NEVER {
            return None;
        }
        let round = self.second / self.script.round;
        let this = round.checked_mul(self.script.round)?.checked_add(at)?;
        if this > self.second {
            Some(this)
        } else {
            this.checked_add(self.script.round).filter(|s| *s < NEVER)
        }
    }

    pub(super) fn phase(&self, node: &Node) -> Phase {
        let up = node.stops.saturating_add(GONE_FOR);
        let scripted =
            self.script.cues.iter().any(|cue| {
                gone_node(cue.trouble) == Some((node.service, node.number)) && self.has(cue.trouble)
            });
        match self.second {
            _ if scripted => Phase::Gone,
            s if s >= node.stops && s < up => Phase::Gone,
            s if s >= node.stops && s < node.ready => Phase::Starting,
            s if s < node.ready.saturating_add(WARMING_FOR) && node.ready > 0 && s >= node.ready => {
                Phase::Warming
            }
            _ => Phase::Ready,
        }
    }

    pub(super) fn has(&self, trouble: Trouble) -> bool {
        self.troubles.get(trouble as usize).is_some_and(Option::is_some)
    }

    pub(super) fn mend(&mut self, trouble: Trouble) {
        if let Some(slot) = self.troubles.get_mut(trouble as usize) {
            *slot = None;
        }
    }

    /// Stops and starts a process at second `at`.
    pub(super) fn restart(&mut self, node: usize, at: u64) {
        if let Some(node) = self.nodes.get_mut(node) {
            node.stops = at;
            node.ready = at + GONE_FOR + STARTING_FOR;
        }
    }

    pub(super) fn deploy(&mut self, service: usize, version: usize) {
        if let (Some(slot), Some(at)) = (self.version.get_mut(service), self.deployed.get_mut(service)) {
            (*slot, *at) = (version, self.second as i64);
        }
    }

    /// A new process takes over without a gap, as a blue-green deployment does it.
    fn replace(&mut self, service: usize) {
        let second = self.second;
        for node in self.nodes.iter_mut().filter(|n| n.service == service) {
            node.forget(second);
        }
    }

    fn step(&mut self, second: u64) {
        let (cues, round) = (self.script.cues, second % self.script.round);
        for cue in cues {
            self.play(cue, round);
        }
        self.work_off_jobs();
        self.processes();
        self.weather();
        self.caches_and_queues();
        self.count();
    }

    fn play(&mut self, cue: &Cue, round: u64) {
        if cue.start == round {
            if let Some(slot) = self.troubles.get_mut(cue.trouble as usize) {
                *slot = Some(self.second);
            }
            if cue.trouble == Trouble::BadVersion {
                self.deploy(CHECKOUT, 0);
                self.replace(CHECKOUT);
            }
        } else if cue.end == round && self.has(cue.trouble) {
            self.mend(cue.trouble);
            if cue.trouble == Trouble::BadVersion {
                self.deploy(CHECKOUT, 1);
                self.replace(CHECKOUT);
            }
            if let Some((service, number)) = gone_node(cue.trouble) {
                let second = self.second;
                let gone = self.nodes.iter_mut().filter(|n| n.service == service && n.number == number);
                gone.for_each(|node| node.forget(second));
            }
        }
    }

    /// What a restart does when the process goes, and when it is back.
    fn processes(&mut self) {
        let second = self.second;
        let mut back = Vec::new();
        for node in &mut self.nodes {
            if node.stops == second {
                node.forget(second + GONE_FOR);
                node.stops = second;
                node.ready = second + GONE_FOR + STARTING_FOR;
            }
            if node.stops < NEVER && second == node.stops + GONE_FOR {
                back.push((node.service, node.number));
            }
        }
        for (service, number) in back {
            let mended: &[Trouble] = match (service, number) {
                (WORKER, _) => &[Trouble::WorkerStuck],
                (RECOMMENDATIONS, _) => &[Trouble::NoModel, Trouble::RecommendationsGone],
                (INVENTORY, _) => &[Trouble::InventoryGone],
                (GATEWAY, 1) => &[Trouble::GatewayGone],
                _ => &[],
            };
            for trouble in mended {
                self.mend(*trouble);
            }
            if service == SEARCH {
                self.search_cache.warmth = 0.0;
            }
        }
    }
}

impl Node {
    /// A new process knows nothing of its predecessor's counters.
    fn forget(&mut self, started: u64) {
        let bounds = CAST.get(self.service).map_or(&[][..], |spec| spec.bounds);
        self.routes.iter_mut().for_each(|route| *route = Route::new(bounds));
        (self.started, self.stops, self.ready) = (started as i64, NEVER, started);
    }
}

/// Which process a trouble takes away: (service, number).
fn gone_node(trouble: Trouble) -> Option<(usize, usize)> {
    match trouble {
        Trouble::InventoryGone => Some((INVENTORY, 0)),
        Trouble::GatewayGone => Some((GATEWAY, 1)),
        Trouble::RecommendationsGone => Some((RECOMMENDATIONS, 0)),
        _ => None,
    }
}
