//! What a mouse does, and what lies under it. The shell asks the view what that is, because only a picture knows.

use crate::command::Command;
use crate::units::Timestamp;

/// What lies under the mouse, as the picture shows it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Under {
    /// Nothing that more could be said of.
    #[default]
    Nothing,
    /// A hint or a chip that stands for a command.
    Command(Command),
    /// A graph, at this moment.
    Graph(Timestamp),
}

/// What a mouse does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Press {
    /// The button goes down.
    Down,
    /// The mouse is moved with the button down.
    Drag,
    /// The button is let go.
    Up,
    /// The wheel is turned: rows down (negative: up).
    Wheel(i16),
}

/// The mouse did something at a cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mouse {
    /// Column.
    pub x: u16,
    /// Row.
    pub y: u16,
    /// What it did.
    pub press: Press,
    /// What lies there.
    pub under: Under,
}
