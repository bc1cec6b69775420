//! An embedded fleet of real HTTP services on loopback, with scripted trouble.
//!
//! Ten services, twelve processes, each on a port of its own and in the shape of its stack. What they answer is a
//! function of seed, scenario, time and what was done to them ([`World`]); it is worked out when somebody asks, so
//! that a fleet nobody asks costs nothing. The dashboard talks to them as to any service: nothing here may reach
//! into warroom's other rooms, except for the shared nouns.

#![expect(clippy::cast_possible_wrap, reason = "virtual seconds and small counts stay far below 2^63")]

mod admin;
mod answer;
mod cast;
pub mod config;
mod forces;
mod metrics;
mod noise;
mod pages;
mod scenario;
mod server;
mod traffic;
mod world;

pub use answer::{Answer, Ask, PASSWORD, TOKEN, USER};
pub use scenario::Scenario;
pub use world::World;

use crate::units::Timestamp;
use server::Port;
use std::io;
use std::thread::JoinHandle;
use std::time::SystemTime;
use tokio::sync::watch;

/// What the fleet is to do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// Decides the noise: the same seed gives the same figures at the same virtual time.
    pub seed: u64,
    /// What it goes through.
    pub scenario: Scenario,
    /// Virtual seconds a second, 0.01 to 100; what is not a number counts as 1.
    pub speed: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self { seed: 1, scenario: Scenario::Story, speed: 1.0 }
    }
}

/// One process of the fleet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceInfo {
    /// The service's name; two services have two processes.
    pub name: String,
    /// The process's base URL, without a slash at its end.
    pub url: String,
}

/// The running fleet; dropping it ends it.
#[derive(Debug)]
pub struct Fleet {
    services: Vec<ServiceInfo>,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl Fleet {
    /// Binds all ports and begins to serve, in a thread of its own.
    ///
    /// # Errors
    /// Those of the system: no free port, no thread.
    pub fn start(options: Options) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        #[expect(clippy::disallowed_methods, reason = "the demo is its own world and shows its own clock")]
        let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let began = Timestamp::from_seconds(wall.as_secs_f64());
        let world = World::new(options.seed, options.scenario, began, options.speed);
        let (mut ports, mut services) = (Vec::new(), Vec::new());
        {
            let _inside = runtime.enter();
            for node in 0..world.nodes() {
                let port = Port::open()?;
                let name = world.node_name(node).map_or("", |(name, _)| name).to_owned();
                services.push(ServiceInfo { name, url: format!("http://{}", port.address) });
                ports.push(port);
            }
        }
        let (stop, stopped) = watch::channel(false);
        let started = tokio::time::Instant::now();
        let thread = std::thread::Builder::new()
            .name("demo".to_owned())
            .stack_size(512 << 10)
            .spawn(move || runtime.block_on(server::serve(world, started, ports, stopped)))?;
        Ok(Self { services, stop, thread: Some(thread) })
    }

    /// A complete warroom configuration for this fleet. Its secrets are those of [`Fleet::secrets`].
    pub fn config_toml(&self) -> String {
        let urls: Vec<String> = self.services.iter().map(|service| service.url.clone()).collect();
        config::write(&urls)
    }

    /// The processes, in the order of the configuration.
    pub fn services(&self) -> &[ServiceInfo] {
        &self.services
    }

    /// The environment variables that the configuration refers to, and their values. They protect nothing.
    pub const fn secrets() -> [(&'static str, &'static str); 3] {
        [("WARROOM_DEMO_TOKEN", TOKEN), ("WARROOM_DEMO_USER", USER), ("WARROOM_DEMO_PASSWORD", PASSWORD)]
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        let _ = self.stop.send(true);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
