//! Alertmanager and PagerDuty without a screen: asked once, and sent once what the door let through.

use super::now;
use crate::action::{Authorized, Policy};
use crate::foreign::Picture;
use crate::io::act::{self, Progress, Ran, Records, Seen, Stop, World};
use crate::io::foreign::once;
use crate::io::http::Http;
use crate::plan::Plan;
use std::io;
use std::sync::Arc;
use tokio::sync::watch;

/// What asking and sending share.
#[derive(Debug)]
pub struct Elsewhere {
    runtime: tokio::runtime::Runtime,
    http: Arc<Http>,
}

impl Elsewhere {
    /// Begins.
    ///
    /// # Errors
    /// There is no runtime to be had.
    pub fn begin() -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Self { runtime, http: Arc::default() })
    }

    /// Asks every backend of the plan once, one after the other.
    pub fn look(&self, plan: &Plan) -> Vec<Picture> {
        let names: Vec<Arc<str>> = plan.services.iter().map(|service| Arc::clone(&service.name)).collect();
        let asked = plan
            .foreign
            .iter()
            .map(|backend| self.runtime.block_on(once(&self.http, backend, &plan.rules.owners, &names)));
        asked.collect()
    }

    /// Sends what was authorized. What is sent here has no second request that `policy` would be looked at again for.
    pub fn send(&self, authorized: Authorized, policy: Policy, records: Box<dyn Records>) -> Ran {
        let (_sees, seen) = watch::channel(Seen { policy, ..Seen::default() });
        let mut world = World { http: Arc::clone(&self.http), records, seen, stop: Stop::default(), now };
        self.runtime.block_on(act::run(authorized, &mut world, &mut |_: Progress| {}))
    }
}
