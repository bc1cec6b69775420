//! The small admin convention of `docs/admin-api.md`: restart, cache flush, rollback, versions, jobs.

use super::answer::{Answer, Ask};
use super::cast::{BAD_VERSION, CAST, CATALOG, CHECKOUT, SEARCH};
use super::scenario::Trouble;
use super::world::World;
use serde_json::{Value, json};

/// How many jobs are remembered.
const REMEMBERED: usize = 256;
/// The longest idempotency key and reason that are taken.
const TEXT_CAP: usize = 200;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    Restart,
    Flush,
    /// To this index of the service's versions.
    Rollback(usize),
}

impl Work {
    fn word(self) -> &'static str {
        match self {
            Self::Restart => "restart",
            Self::Flush => "cache/flush",
            Self::Rollback(_) => "rollback",
        }
    }
}

#[derive(Clone, Debug)]
struct Job {
    id: u64,
    service: usize,
    work: Work,
    key: Option<String>,
    reason: Option<String>,
    asked: u64,
    ends: u64,
    fails: bool,
    ended: bool,
}

/// Jobs under way and done.
#[derive(Default)]
pub(super) struct Desk {
    jobs: Vec<Job>,
    last: u64,
}

impl World {
    /// Answers what lies under `/admin/`. Who asks has been let in already.
    pub(super) fn admin(&mut self, node: usize, ask: &Ask) -> Answer {
        let Some(service) = self.nodes.get(node).map(|n| n.service) else {
            return Answer::error(404, "no such process");
        };
        let route = ask.path.strip_prefix("/admin/").unwrap_or_default();
        match (ask.method, route) {
            ("GET", "versions") => self.versions(service),
            ("GET", route) if route.starts_with("jobs/") => self.job(service, route),
            ("POST", "restart") => self.take(service, Work::Restart, ask),
            ("POST", "cache/flush") if service == SEARCH || service == CATALOG => {
                self.take(service, Work::Flush, ask)
            }
            ("POST", "cache/flush") => Answer::error(404, "this service has no cache"),
            ("POST", "rollback") => match wanted_version(service, ask.body) {
                Ok(version) => self.take(service, Work::Rollback(version), ask),
                Err(message) => Answer::error(422, message),
            },
            (_, "versions" | "restart" | "cache/flush" | "rollback") => {
                Answer::error(405, "method not allowed")
            }
            _ => Answer::error(404, "no such route"),
        }
    }

    fn take(&mut self, service: usize, work: Work, ask: &Ask) -> Answer {
        let key = ask.idempotency_key.map(|key| key.chars().take(TEXT_CAP).collect::<String>());
        let same_key = |job: &&Job| key.is_some() && job.key == key && job.service == service;
        if let Some(job) = self.desk.jobs.iter().find(same_key) {
            if job.work != work {
                return Answer::error(422, "this idempotency key was used for another request");
            }
            return self.accepted(job);
        }
        if let Some(busy) = self.desk.jobs.iter().find(|job| job.service == service && !job.ended) {
            let text = format!("busy with {} (job {})", busy.work.word(), busy.id);
            return Answer::error(409, &text).with("location", format!("/admin/jobs/{}", busy.id));
        }
        let processes: Vec<usize> =
            (0..self.nodes.len()).filter(|n| self.nodes[*n].service == service).collect();
        let fails = matches!(work, Work::Rollback(3));
        let second = self.second;
        let ends = match work {
            Work::Flush => second + 2,
            Work::Restart | Work::Rollback(_) => {
                let rolled = if fails { &processes[..processes.len().min(1)] } else { &processes[..] };
                for (turn, process) in rolled.iter().enumerate() {
                    self.restart(*process, second + 1 + 6 * turn as u64);
                }
                second + 6 * rolled.len() as u64
            }
        };
        self.desk.last += 1;
        let reason =
            ask.reason.map(|reason| crate::text::clean(reason).chars().take(TEXT_CAP).collect::<String>());
        let job =
            Job { id: self.desk.last, service, work, key, reason, asked: second, ends, fails, ended: false };
        let name = CAST.get(service).map_or("", |spec| spec.name);
        tracing::info!(
            service = name,
            job = job.id,
            work = work.word(),
            reason = job.reason.as_deref(),
            "demo: admin request"
        );
        let answer = self.accepted(&job);
        self.desk.jobs.push(job);
        if self.desk.jobs.len() > REMEMBERED {
            self.desk.jobs.remove(0);
        }
        answer
    }

    /// Throws away what waits in one of the broker's queues, as RabbitMQ's own route does.
    pub(super) fn purge(&mut self, path: &str) -> Answer {
        let queue = path.strip_prefix("/api/queues/%2F/").and_then(|rest| rest.strip_suffix("/contents"));
        match queue {
            Some("orders") => self.depth = 0.0,
            Some("payments.retry") => self.retry_depth = 0.0,
            Some("mail") => {}
            _ => return Answer::error(404, "Object Not Found"),
        }
        Answer::text(204, "text/plain", "")
    }

    fn accepted(&self, job: &Job) -> Answer {
        Answer::json(202, &self.show(job)).with("location", format!("/admin/jobs/{}", job.id))
    }

    fn show(&self, job: &Job) -> Value {
        let state = match (job.ended, job.fails) {
            (true, true) => "failed",
            (true, false) => "done",
            (false, _) => "running",
        };
        let mut shown = json!({
            "id": job.id.to_string(),
            "action": job.work.word(),
            "state": state,
            "asked_at": stamp(self.wall(job.asked as i64)),
        });
        if let Work::Rollback(version) = job.work {
            shown["version"] = CAST[job.service].versions.get(version).copied().unwrap_or_default().into();
        }
        if let Some(reason) = &job.reason {
            shown["reason"] = reason.as_str().into();
        }
        if job.ended {
            shown["ended_at"] = stamp(self.wall(job.ends as i64)).into();
        }
        if state == "failed" {
            shown["error"] =
                "schema migration 0042 cannot be undone: one process was restarted for nothing".into();
        }
        shown
    }

    fn job(&self, service: usize, route: &str) -> Answer {
        let id = route.strip_prefix("jobs/").and_then(|id| id.parse::<u64>().ok());
        match self.desk.jobs.iter().find(|job| Some(job.id) == id && job.service == service) {
            Some(job) => Answer::json(200, &self.show(job)),
            None => Answer::error(404, "no such job"),
        }
    }

    fn versions(&self, service: usize) -> Answer {
        let spec = &CAST[service];
        let current = self.version[service];
        // A version that is not out yet is not in the list.
        let known = spec.versions.iter().enumerate().filter(|(i, v)| **v != BAD_VERSION || *i >= current);
        let list: Vec<Value> = known
            .map(|(i, version)| {
                let at = if i == current { self.deployed[service] } else { -(86_400 * (4 + 7 * i as i64)) };
                json!({ "id": version, "current": i == current, "deployed_at": stamp(self.wall(at)) })
            })
            .collect();
        Answer::json(200, &Value::Array(list))
    }

    /// Ends the jobs whose time has come, and lets them have their effect.
    pub(super) fn work_off_jobs(&mut self) {
        let second = self.second;
        let mut ended = Vec::new();
        for job in self.desk.jobs.iter_mut().filter(|job| !job.ended && job.ends <= second) {
            job.ended = true;
            if !job.fails {
                ended.push((job.service, job.work));
            }
        }
        for (service, work) in ended {
            match work {
                Work::Flush if service == SEARCH => {
                    self.mend(Trouble::CacheLost);
                    self.search_cache.warmth = 0.0;
                }
                Work::Flush => self.catalog_cache.warmth = 0.0,
                Work::Rollback(version) => {
                    self.deploy(service, version);
                    if service == CHECKOUT && version > 0 {
                        self.mend(Trouble::BadVersion);
                    }
                }
                Work::Restart => {}
            }
        }
    }
}

fn wanted_version(service: usize, body: &[u8]) -> Result<usize, &'static str> {
    let body: Value = serde_json::from_slice(body).map_err(|_| "the body is not JSON")?;
    let version = body.get("version").and_then(Value::as_str).ok_or("\"version\" is missing")?;
    let versions = CAST.get(service).map_or(&[][..], |spec| &spec.versions[..]);
    versions.iter().position(|v| *v == version).ok_or("no such version: see GET /admin/versions")
}

/// Seconds since the epoch as RFC 3339.
pub(super) fn stamp(seconds: f64) -> String {
    jiff::Timestamp::from_second(seconds as i64).map_or_else(|_| String::new(), |t| t.to_string())
}
