//! What the doctor looks at, as plain data.

use crate::config::auth::{Credential, SecretRef, UserName};
use crate::config::overrides::NAMES;
use crate::config::poll::PollKind;
use crate::config::{Ascii, Color, Config, Origin, Problem};
use crate::io::config::Candidate;
use crate::io::probe::{Folder, read_secrets, state_folder};
use crate::io::terminal::{Detected, TerminalEnv, is_interactive, window_size};
use crate::model::Model;
use crate::target::Failure;
use crate::target::health::State;
use crate::units::format_duration;
use std::io;
use std::time::Duration;

/// Everything that is said.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// Where a configuration is looked for.
    pub(super) candidates: Vec<Candidate>,
    /// The one that counts.
    pub(super) winner: Option<Candidate>,
    /// The files that it is made of.
    pub(super) files: Vec<String>,
    /// What is wrong with it.
    pub(super) problems: Vec<Problem>,
    /// What is odd about it.
    pub(super) warnings: Vec<Problem>,
    /// Settings that flags and variables can override.
    pub(super) settings: Vec<Setting>,
    /// Where state is kept.
    pub(super) state: Option<Folder>,
    /// Every reference to a secret.
    pub(super) secrets: Vec<Secret>,
    /// Every poll of every instance.
    pub(super) targets: Vec<Target>,
    /// What the terminal can do.
    pub(super) terminal: Option<Detected>,
    /// A dashboard can be shown here.
    pub(super) interactive: bool,
    /// Columns and rows.
    pub(super) size: (u16, u16),
    /// `TERM` and the locale, as they are set.
    pub(super) variables: Vec<(&'static str, String)>,
}

/// A setting, its value and who says so.
#[derive(Debug)]
pub(super) struct Setting {
    pub(super) key: &'static str,
    pub(super) value: String,
    /// `flag`, `env`, `file` or `default`.
    pub(super) layer: &'static str,
    /// The flag, the variable, or the place in the file.
    pub(super) from: Option<String>,
}

/// A reference to a secret; never its value.
#[derive(Debug)]
pub(super) struct Secret {
    /// Key path of the first table that names it.
    pub(super) used_by: String,
    /// As it may be shown.
    pub(super) reference: String,
    /// Why it cannot be read.
    pub(super) error: Option<String>,
}

/// A target, tried once.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) service: String,
    pub(super) poll: String,
    pub(super) instance: String,
    pub(super) state: State,
    pub(super) took: Option<Duration>,
    /// What it says of itself, or why there was no answer.
    pub(super) detail: Option<String>,
    pub(super) failed: bool,
    pub(super) remedy: Option<String>,
}

impl Target {
    /// It answered, and works at least in part.
    pub(super) fn fine(&self) -> bool {
        !self.failed && !matches!(self.state, State::Down | State::Unknown | State::Stale)
    }
}

impl Facts {
    /// What can be known without a configuration.
    pub(super) fn of_this_machine(candidates: Vec<Candidate>) -> Self {
        let environment = TerminalEnv::read();
        let shown = ["TERM", "COLORTERM", "NO_COLOR", "LC_ALL", "LC_CTYPE", "LANG"];
        let value = |name: &'static str| environment.get(name).map(|value| (name, value.to_owned()));
        Self {
            candidates,
            state: state_folder(),
            interactive: is_interactive(&environment),
            size: window_size(),
            variables: shown.into_iter().filter_map(value).collect(),
            ..Self::default()
        }
    }

    /// The settings that can be overridden.
    pub(super) fn settings(&mut self, config: &Config) {
        self.settings = NAMES
            .into_iter()
            .map(|(key, _, _)| {
                let (layer, from) = match config.origins.get(key) {
                    Some(Origin::Flag(flag)) => ("flag", Some((*flag).to_owned())),
                    Some(Origin::Env(variable)) => ("env", Some((*variable).to_owned())),
                    Some(Origin::File(place)) => ("file", Some(place.to_string())),
                    Some(Origin::Default) | None => ("default", None),
                };
                Setting { key, value: value_of(config, key), layer, from }
            })
            .collect();
    }

    /// Reads every secret once.
    pub(super) fn secrets(&mut self, config: &Config) -> io::Result<()> {
        let mut named: Vec<(String, SecretRef)> = Vec::new();
        let mut add = |used_by: String, reference: &SecretRef| {
            if !named.iter().any(|(_, known)| known == reference) {
                named.push((used_by, reference.clone()));
            }
        };
        for auth in config.auth.values() {
            let used_by = || format!("auth.{}", auth.name);
            for reference in references(&auth.credential) {
                add(used_by(), reference);
            }
        }
        for service in config.services.values() {
            for poll in &service.polls {
                if let PollKind::Redis { password, .. } = &poll.kind {
                    let used_by = || format!("service.{}.poll.{}", service.name, poll.name);
                    for reference in password {
                        add(used_by(), reference);
                    }
                }
            }
        }
        let references: Vec<SecretRef> = named.iter().map(|(_, reference)| reference.clone()).collect();
        let errors = read_secrets(&references)?;
        self.secrets = named
            .into_iter()
            .zip(errors)
            .map(|((used_by, reference), error)| Secret {
                used_by,
                reference: crate::io::secrets::name_of(&reference),
                error: error.map(|error| error.reason),
            })
            .collect();
        Ok(())
    }

    /// What every target answered.
    pub(super) fn targets(&mut self, model: &Model) {
        self.targets = model
            .fleet
            .targets
            .iter()
            .map(|row| {
                let said = row.observation.as_ref().map(|seen| match &seen.message {
                    Some(message) => format!("{} {message}", seen.word).trim().to_owned(),
                    None => seen.word.to_string(),
                });
                let error = row.failure.as_ref().map(ToString::to_string);
                let state = model.plan.backend_of(row.target.id).and_then(|at| model.remote.backends.get(at));
                let (said, mismatch) = match state {
                    Some(known) => (
                        known.build.as_ref().map(|build| {
                            let product = build.product.map_or("", crate::config::Flavour::name);
                            format!("{product} {}", build.version).trim().to_owned()
                        }),
                        known.mismatch.as_ref().map(ToString::to_string),
                    ),
                    None => (said, None),
                };
                let silent = row.asked.is_none().then(|| "was not asked in time".to_owned());
                Target {
                    service: if state.is_some() {
                        "(backend)".to_owned()
                    } else {
                        row.target.service.to_string()
                    },
                    poll: row.target.poll.to_string(),
                    instance: row.target.instance.to_string(),
                    state: row.state,
                    took: row.took,
                    detail: error.or(said.filter(|said| !said.is_empty())).or(silent),
                    failed: row.failure.is_some(),
                    remedy: row.failure.as_ref().map(|failure| remedy(failure).to_owned()).or(mismatch),
                }
            })
            .collect();
    }
}

fn references(credential: &Credential) -> Vec<&SecretRef> {
    match credential {
        Credential::None => Vec::new(),
        Credential::Basic { user, password } => {
            let user = match user {
                UserName::Secret(reference) => Some(reference),
                UserName::Plain(_) => None,
            };
            user.into_iter().chain(password).collect()
        }
        Credential::Bearer(list) | Credential::Token(list) | Credential::Header { value: list, .. } => {
            list.iter().collect()
        }
        Credential::Login { json, .. } => json.iter().map(|(_, reference)| reference).collect(),
    }
}

fn value_of(config: &Config, key: &str) -> String {
    let color = match config.ui.color {
        Color::Auto => "auto",
        Color::Always => "always",
        Color::Never => "never",
    };
    let ascii = match config.ui.ascii {
        Ascii::Auto => "auto",
        Ascii::Always => "always",
        Ascii::Never => "never",
    };
    match key {
        "ui.theme" => config.ui.theme.value.clone(),
        "ui.keys" => config.ui.keys.value.clone(),
        "ui.zone" => config.ui.zone.value.clone(),
        "ui.color" => color.to_owned(),
        "ui.ascii" => ascii.to_owned(),
        "ui.mouse" => config.ui.mouse.to_string(),
        "ui.read_only" => config.ui.read_only.to_string(),
        "defaults.poll.interval" => format_duration(config.poll.interval),
        _ => String::new(),
    }
}

/// What to do about a failure.
fn remedy(failure: &Failure) -> &'static str {
    match failure {
        Failure::Timeout(_) => {
            "see whether the host is up and a firewall lets us through; else raise the time-out"
        }
        Failure::Refused => "start the service, or mend the port in instances",
        Failure::Lost(_) => "see the service's log: it hung up while it was answering",
        Failure::Dns(_) => "mend the name, or give its address with resolve = { HOST = \"IP\" }",
        Failure::NoRoute(_) => "see whether this machine reaches that network (VPN, proxy)",
        Failure::Tls(_) => "name its authority with auth.NAME.tls.ca, or mend the certificate",
        Failure::Status(404 | 405, _) => "mend the poll's path; `warroom init URL` finds what is there",
        Failure::Status(429, _) => "poll less often: interval = \"1m\"",
        Failure::Status(..) => "see the service's log",
        Failure::Redirect(_) => "configure that URL",
        Failure::TooLarge(_) => "raise body_limit of the service, or poll a smaller page",
        Failure::Credentials(..) | Failure::Denied(_) => "name an auth table with valid credentials",
        Failure::Secret(_) => "see the secrets above",
        Failure::Ours(_) => "mend it on this machine: the service was not asked",
        Failure::Decode(_) => "see whether kind and path fit; `warroom init URL` finds what is there",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_that_can_be_overridden_has_a_value() {
        let config = Config::default();
        for (key, _, _) in NAMES {
            assert!(!value_of(&config, key).is_empty(), "{key}");
        }
    }
}
