//! What comes from another warroom that polls in our place.

use crate::capture::{Capture, Strand};
use crate::feed::{Hello, Line};
use crate::text::Clean;

/// Something that a server told, or something about the way to it. In this order: the first line, the state in its
/// parts, and then line by line what happens.
#[derive(Clone, Debug)]
pub enum Fed {
    /// How the connection stands.
    Link(FeedLink),
    /// Who speaks, and what it polls.
    Hello(Hello),
    /// What is known of the time that was missed, without its samples.
    State(Box<Capture>),
    /// Samples of that time; at most [`Fed::MOST`] at once, so that taking them in costs about a millisecond.
    Samples(Vec<Strand>),
    /// That was all of it.
    Complete,
    /// Lines, with the bytes that they had.
    Lines(Vec<Line>, u64),
    /// Lines that were left out, and why the last of them was.
    LeftOut(u64, Clean),
    /// Lines of the journal that the server has not taken yet, and what it, or the way to it, said.
    Unsent(usize, Option<Clean>),
}

impl Fed {
    /// The most samples that are taken in at once.
    pub const MOST: usize = 4_000;
}

/// How the connection to a server stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum FeedLink {
    /// It is being opened for the first time.
    #[default]
    Connecting,
    /// The state is being fetched.
    Loading,
    /// What happens is told at once.
    Live,
    /// There is none; it is tried again.
    Lost(Clean),
}
