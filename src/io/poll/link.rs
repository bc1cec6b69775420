//! Is the fault ours? Local errors (no route, no name) raise the question, reference hosts answer it.

use super::message::LinkState;
use crate::target::Failure;
use crate::text::Clean;
use crate::units::Timestamp;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// The references are asked at most this often.
const AGAIN_AFTER: Duration = Duration::from_secs(5);
/// An answer proves the link for this long.
const PROOF_LASTS: Duration = Duration::from_secs(10);
/// How long a reference may take.
const LIMIT: Duration = Duration::from_secs(2);

/// Watches what polls end in. Pure; it is told the time.
#[derive(Debug, Default)]
pub(super) struct Guard {
    references: Vec<SocketAddr>,
    state: LinkState,
    /// The local error that raised the question.
    suspicion: Option<Clean>,
    proved: Option<Timestamp>,
    asked: Option<Timestamp>,
    asking: bool,
}

impl Guard {
    /// Takes new references; without any, nothing is ever blamed on our link.
    ///
    /// Returns the state if that changes it.
    pub(super) fn configure(&mut self, references: &[SocketAddr]) -> Option<LinkState> {
        self.references = references.to_vec();
        if self.references.is_empty() { self.works() } else { None }
    }

    /// The hosts to ask.
    pub(super) fn references(&self) -> Vec<SocketAddr> {
        self.references.clone()
    }

    /// Takes notice of what a poll ended in; `loopback` targets prove nothing about the link.
    ///
    /// Returns the state if that changed it.
    pub(super) fn saw(
        &mut self,
        now: Timestamp,
        loopback: bool,
        failure: Option<&Failure>,
    ) -> Option<LinkState> {
        match failure {
            Some(failure) if failure.may_be_our_link() => {
                self.suspicion = Some(Clean::new(&failure.to_string()));
                None
            }
            // Neither says where the packets were lost.
            Some(Failure::Timeout(_) | Failure::Lost(_)) => None,
            // Nothing was sent.
            Some(failure) if failure.is_ours() => None,
            _ if loopback => None,
            _ => {
                self.proved = Some(now);
                self.works()
            }
        }
    }

    fn works(&mut self) -> Option<LinkState> {
        self.suspicion = None;
        let changed = self.state != LinkState::Works;
        self.state = LinkState::Works;
        changed.then_some(LinkState::Works)
    }

    /// When the references are to be asked next; `None`: there is no question.
    pub(super) fn next_question(&self, now: Timestamp) -> Option<Timestamp> {
        let open = self.suspicion.is_some() || self.state != LinkState::Works;
        let wanted = open && !self.asking && !self.references.is_empty();
        wanted.then(|| self.asked.map_or(now, |asked| asked + AGAIN_AFTER))
    }

    /// The references are being asked.
    pub(super) fn ask(&mut self, now: Timestamp) {
        self.asked = Some(now);
        self.asking = true;
    }

    /// What the references said: `Err` if none can be reached.
    ///
    /// Returns the state if that changed it.
    pub(super) fn answered(&mut self, now: Timestamp, answer: Result<(), Clean>) -> Option<LinkState> {
        self.asking = false;
        let proof = self.proved.is_some_and(|proved| now.since(proved) < PROOF_LASTS);
        match answer {
            Ok(()) => self.works(),
            Err(_) if proof => None,
            Err(references) => {
                let error = self.suspicion.take()?;
                if self.state != LinkState::Works {
                    return None;
                }
                let detail = Clean::new(&format!("{error}; {references}"));
                self.state = LinkState::Down { since: now, detail };
                Some(self.state.clone())
            }
        }
    }
}

/// Tries to reach any of the references; a refusal is an answer too.
pub(super) async fn ask(references: Vec<SocketAddr>) -> Result<(), Clean> {
    let mut attempts = JoinSet::new();
    for address in references {
        attempts.spawn(async move {
            match tokio::time::timeout(LIMIT, TcpStream::connect(address)).await {
                Ok(Ok(_)) => Ok(()),
                Ok(Err(error)) if error.kind() == std::io::ErrorKind::ConnectionRefused => Ok(()),
                Ok(Err(error)) => Err(format!("reference {address}: {error}")),
                Err(_) => Err(format!("reference {address}: no answer")),
            }
        });
    }
    let mut said = Vec::new();
    while let Some(attempt) = attempts.join_next().await {
        match attempt {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(text)) => said.push(text),
            Err(_) => {}
        }
    }
    said.sort();
    Err(Clean::new(&said.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    fn guard() -> Guard {
        let mut guard = Guard::default();
        guard.configure(&["10.0.0.1:53".parse().unwrap()]);
        guard
    }

    fn down(guard: &mut Guard) -> Option<LinkState> {
        guard.saw(at(100), false, Some(&Failure::NoRoute(Clean::new("unreachable"))));
        assert_eq!(guard.next_question(at(100)), Some(at(100)));
        guard.ask(at(100));
        assert_eq!(guard.next_question(at(100)), None, "one question at a time");
        guard.answered(at(102), Err(Clean::new("reference 10.0.0.1:53: no answer")))
    }

    #[test]
    fn only_a_local_error_and_failed_references_together_are_our_fault() {
        let mut guard = guard();
        for failure in [
            Failure::Refused,
            Failure::Tls(Clean::new("x")),
            Failure::Status(500, Clean::default()),
            Failure::Timeout(LIMIT),
            Failure::Lost(Clean::default()),
        ] {
            guard.saw(at(1), false, Some(&failure));
            assert_eq!(guard.next_question(at(1)), None, "{failure}");
        }
        let Some(LinkState::Down { since, detail }) = down(&mut guard) else { panic!("not told") };
        assert_eq!(since, at(102));
        assert_eq!(detail.as_str(), "no route: unreachable; reference 10.0.0.1:53: no answer");
        // It goes on asking, at its pace.
        assert_eq!(guard.next_question(at(103)), Some(at(105)));
    }

    #[test]
    fn a_reference_an_answer_or_a_refusal_proves_the_link() {
        for failure in [None, Some(Failure::Refused), Some(Failure::Tls(Clean::default()))] {
            let mut guard = guard();
            down(&mut guard);
            assert_eq!(guard.saw(at(110), true, failure.as_ref()), None, "loopback proves nothing");
            assert_eq!(guard.saw(at(110), false, failure.as_ref()), Some(LinkState::Works));
            assert_eq!(guard.next_question(at(110)), None);
            // A fresh proof outweighs references that are down themselves.
            guard.saw(at(112), false, Some(&Failure::Dns(Clean::default())));
            guard.ask(at(112));
            assert_eq!(guard.answered(at(114), Err(Clean::default())), None);
        }
        let mut guard = guard();
        down(&mut guard);
        guard.ask(at(107));
        assert_eq!(guard.answered(at(108), Ok(())), Some(LinkState::Works));
    }

    #[test]
    fn without_references_nothing_is_blamed_on_us() {
        let mut guard = Guard::default();
        guard.saw(at(1), false, Some(&Failure::Dns(Clean::default())));
        assert_eq!(guard.next_question(at(1)), None);
        let mut guard = self::guard();
        down(&mut guard);
        assert_eq!(guard.configure(&[]), Some(LinkState::Works));
    }

    #[tokio::test]
    async fn references_are_asked_over_real_sockets() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let open = listener.local_addr().unwrap();
        let closed = {
            let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            gone.local_addr().unwrap()
        };
        assert_eq!(ask(vec![open]).await, Ok(()));
        assert_eq!(ask(vec![closed]).await, Ok(()), "a refusal proves the link");
        assert!(ask(vec![]).await.is_err());
    }
}
