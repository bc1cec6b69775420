//! How the services fare in one second: their own troubles, and what reaches them from those they depend on.

use super::cast::{
    ACCOUNTS, CAST, CATALOG, CHECKOUT, GATEWAY, INVENTORY, PAYMENTS, RECOMMENDATIONS, SEARCH, WORKER,
};
use super::noise::breathe;
use super::scenario::Trouble;
use super::traffic::Load;
use super::world::{Breaker, Cache, Phase, WARM, Weather, World};

impl World {
    /// From 0 to 1 within the first six seconds of a trouble; 0 without it.
    fn strength(&self, trouble: Trouble) -> f64 {
        match self.troubles.get(trouble as usize) {
            Some(Some(since)) => ((self.second.saturating_sub(*since) as f64 + 1.0) / 6.0).min(1.0),
            _ => 0.0,
        }
    }

    /// How each service fares in this second.
    pub(super) fn weather(&mut self) {
        let mut next = self.weather;
        for (service, (weather, spec)) in next.iter_mut().zip(&CAST).enumerate() {
            let phases: Vec<Phase> =
                self.nodes.iter().filter(|n| n.service == service).map(|n| self.phase(n)).collect();
            let down = phases.iter().all(|p| matches!(p, Phase::Gone | Phase::Starting));
            let cold = if phases.contains(&Phase::Warming) { 2.4 } else { 1.0 };
            let stream = service as u64;
            let median = spec.median * breathe(self.seed, stream + 100, self.second) * cold;
            *weather = Weather {
                requests: spec.rate * breathe(self.seed, stream, self.second),
                failed: 0.0004,
                median,
                failed_median: median * 2.0,
                down,
            };
        }
        self.forces(&mut next);
        self.weather = next;
    }

    fn forces(&mut self, next: &mut [Weather; CAST.len()]) {
        let (slow, fail) = (self.strength(Trouble::CardsSlow), self.strength(Trouble::CardsFail));
        let payments = &mut next[PAYMENTS];
        payments.median *= 1.0 + 5.0 * slow + 12.0 * fail;
        payments.failed += 0.06 * slow + 0.65 * fail;
        payments.failed_median = if slow + fail > 0.0 { 2.0 } else { payments.median };
        let (pay_failed, pay_excess) = if payments.down {
            (1.0, 0.0)
        } else {
            (payments.failed, payments.median - CAST[PAYMENTS].median)
        };

        next[SEARCH].median *= 1.0 + 4.5 * (1.0 - self.search_cache.warmth / WARM);
        next[SEARCH].failed += 0.002 * (1.0 - self.search_cache.warmth / WARM);
        next[CATALOG].median *= 1.0 + 0.9 * self.strength(Trouble::SlowStore);
        next[CATALOG].median *= 1.0 + 1.5 * (1.0 - self.catalog_cache.warmth / WARM);
        next[RECOMMENDATIONS].median *= 1.0 + 1.3 * self.strength(Trouble::NoModel);
        next[WORKER].median *= 1.0 + 9.0 * self.strength(Trouble::WorkerStuck);

        self.trip(pay_failed, next[CHECKOUT].requests * 0.5);
        let bad = self.strength(Trouble::BadVersion);
        let inventory_down = f64::from(u8::from(next[INVENTORY].down));
        let checkout = &mut next[CHECKOUT];
        checkout.median *= 1.0 + 2.4 * bad;
        checkout.failed += 0.042 * bad + 0.3 * inventory_down;
        if self.version[CHECKOUT] == 2 {
            checkout.median *= 1.6; // two versions back lacks an index
        }
        if let Breaker::Open(_) = self.breaker {
            // Half of the orders are taken without payment; the others are refused at once.
            checkout.failed += 0.22;
            checkout.failed_median = 0.004;
        } else {
            checkout.failed += 0.5 * (pay_failed - 0.0004).max(0.0);
            checkout.median += 0.5 * pay_excess.clamp(0.0, 1.0);
            checkout.failed_median = if pay_failed > 0.01 { 1.2 } else { checkout.failed_median };
        }

        // What fails behind the gateway fails through it, in proportion to its share of the traffic.
        let mut failed = 0.0;
        let mut excess = 0.0;
        for (service, share) in [(CHECKOUT, 0.18), (SEARCH, 0.3), (ACCOUNTS, 0.1), (CATALOG, 0.3)] {
            let behind = &next[service];
            failed += share * if behind.down { 1.0 } else { behind.failed };
            excess += share * (behind.median - CAST[service].median).max(0.0);
        }
        next[GATEWAY].failed += failed;
        next[GATEWAY].median += excess;
    }

    /// Checkout's breaker for payments: opens after five bad seconds, tries again after twenty.
    fn trip(&mut self, failing: f64, calls: f64) {
        let bad = failing > 0.5;
        self.breaker = match self.breaker {
            Breaker::Closed(n) if bad && n >= 4 => Breaker::Open(self.second),
            Breaker::Closed(n) => Breaker::Closed(if bad { n + 1 } else { 0 }),
            Breaker::Open(since) if self.second >= since + 20 => Breaker::HalfOpen(self.second),
            Breaker::HalfOpen(_) if bad => Breaker::Open(self.second),
            Breaker::HalfOpen(since) if self.second >= since + 5 => Breaker::Closed(0),
            other => other,
        };
        if !matches!(self.breaker, Breaker::Open(_)) {
            self.calls += calls;
            self.failed_calls += calls * failing.min(1.0);
        }
    }

    pub(super) fn caches_and_queues(&mut self) {
        let aim = if self.has(Trouble::CacheLost) { 0.06 } else { WARM };
        let pace = if self.has(Trouble::CacheLost) { 0.4 } else { 0.09 };
        let search = self.weather[SEARCH].requests;
        let catalog = self.weather[CATALOG].requests;
        self.search_cache.live(search, aim, pace);
        self.catalog_cache.live(catalog, WARM, 0.05);

        let worker = self.weather[WORKER];
        let capacity = match (worker.down, self.has(Trouble::WorkerStuck)) {
            (true, _) => 0.0,
            (_, true) => 1.5,
            _ => 105.0,
        };
        let waiting = self.depth + worker.requests;
        let done = waiting.min(capacity);
        self.depth = (waiting - done).min(1e6);
        self.processed += done;
        let parked = if matches!(self.breaker, Breaker::Open(_)) { 7.0 } else { -16.0 };
        self.retry_depth = (self.retry_depth + parked).clamp(0.0, 1e6);
        // A queue that is worked off still holds what is on its way.
        self.weather[WORKER].requests = done;
    }

    pub(super) fn count(&mut self) {
        let serving: Vec<bool> =
            self.nodes.iter().map(|n| matches!(self.phase(n), Phase::Warming | Phase::Ready)).collect();
        let mut shares = [0.0_f64; CAST.len()];
        for (node, serves) in self.nodes.iter().zip(&serving) {
            shares[node.service] += f64::from(u8::from(*serves));
        }
        for (node, _) in self.nodes.iter_mut().zip(&serving).filter(|(_, serves)| **serves) {
            let (weather, spec) = (self.weather[node.service], &CAST[node.service]);
            for (route, (_, _, share)) in node.routes.iter_mut().zip(spec.routes) {
                let load = Load {
                    requests: weather.requests * share / shares[node.service].max(1.0),
                    failed: weather.failed,
                    refused: spec.refused,
                    median: weather.median,
                    failed_median: weather.failed_median,
                };
                route.add(spec.bounds, &load);
            }
        }
    }
}

impl Cache {
    fn live(&mut self, requests: f64, aim: f64, pace: f64) {
        self.warmth += (aim - self.warmth) * pace;
        self.hits += requests * self.warmth;
        self.misses += requests * (1.0 - self.warmth);
    }
}
