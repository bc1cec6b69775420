//! Everything a key or a `:` line can mean. A command changes what is shown, never the outside world.

/// One thing that an operator can ask of the dashboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Command {
    /// Leave.
    Quit,
    /// Show or leave the help.
    Help,
    /// Open the `:` line.
    CommandLine,
    /// Find anything by a few of its letters.
    Find,
    /// Open the `/` line.
    Filter,
    /// Go back one level; never quits.
    Back,
    /// Open what is selected.
    Open,
    /// Next pane.
    NextPane,
    /// Previous pane.
    PreviousPane,
    /// One row down.
    Down,
    /// One row up.
    Up,
    /// Previous screen.
    Left,
    /// Next screen.
    Right,
    /// First row.
    Top,
    /// Last row.
    Bottom,
    /// Half a page down.
    HalfDown,
    /// Half a page up.
    HalfUp,
    /// A page down.
    PageDown,
    /// A page up.
    PageUp,
    /// Next match of the filter.
    NextMatch,
    /// Previous match of the filter.
    PreviousMatch,
    /// Hold the picture, or let it go on.
    Freeze,
    /// Sort by the next column.
    Sort,
    /// Turn the order round.
    SortReverse,
    /// Poll what is selected now.
    Refresh,
    /// Next theme.
    Theme,
    /// Mouse on or off.
    Mouse,
    /// Paint the screen anew.
    Redraw,
    /// Copy what is selected: choose as what.
    Copy,
    /// Put warroom to sleep, as a shell's job.
    Suspend,
    /// Read the configuration again.
    Reload,
    /// The explorer.
    Explore,
    /// The page of panels.
    Panels,
    /// Look further back.
    Longer,
    /// Look less far back.
    Shorter,
    /// Move the cursor of graphs back in time.
    CursorBack,
    /// Move the cursor of graphs on in time.
    CursorOn,
    /// Pin the explorer's expression to a service.
    Pin,
    /// Browse all that a target exports.
    Browse,
    /// The overview screen.
    Overview,
    /// The latency screen.
    Latency,
    /// The screen of breakers and queues.
    Breakers,
    /// Fill the screen with the graph of what is selected.
    Zoom,
    /// The screen of objectives.
    Slos,
    /// The screen of incidents.
    Incidents,
    /// The screen of actions that were run.
    Actions,
    /// Acknowledge the selected incident, or take that back.
    Acknowledge,
    /// Write a note on an incident's timeline.
    Note,
    /// Say where the selected number comes from.
    Explain,
    /// Open the menu of actions.
    Act,
    /// One step back in time.
    Earlier,
    /// One step forward in time.
    Later,
    /// A leap back in time.
    MuchEarlier,
    /// A leap forward in time.
    MuchLater,
    /// Back to what is now.
    Live,
    /// Write what is known to a file.
    Capture,
    /// Open the box that asks before the selected service is restarted.
    ActRestart,
    /// Open the box that asks before the selected service is rolled back.
    ActRollback,
    /// The war-room wall.
    Wall,
    /// The targets screen.
    Targets,
}

impl Command {
    /// Every command with the name by which it is bound in `:` lines and configurations, and what help says of it.
    pub const ALL: &'static [(Self, &'static str, &'static str)] = &[
        (Self::Overview, "overview", "overview: one row a service, the worst first"),
        (Self::Targets, "targets", "targets: each poll, its last answer and its error"),
        (Self::Explore, "explore", "explore: type PromQL, see graph and table (:explore EXPR)"),
        (Self::Panels, "panels", "panels of the configuration"),
        (Self::Slos, "slos", "objectives: budget left, burn rates, time to exhaustion"),
        (Self::Incidents, "incidents", "incidents: the worst first, with timers and timeline"),
        (Self::Actions, "actions", "actions that were run: by whom, and did it help"),
        (
            Self::Latency,
            "latency",
            "latency: p50, p95, p99 by service, and the histogram of the selected one",
        ),
        (Self::Breakers, "breakers", "breakers and queues of the fleet, the worst first (:queues)"),
        (Self::Wall, "wall", "the war-room wall: big digits, screens in turn; locked, esc twice leaves it"),
        (Self::Help, "help", "this help"),
        (Self::Open, "open", "open what is selected"),
        (Self::Zoom, "zoom", "the graph of what is selected over the whole screen; tab: the next one"),
        (Self::Back, "back", "back one level"),
        (Self::Down, "down", "one row down"),
        (Self::Up, "up", "one row up"),
        (Self::Left, "left", "previous screen"),
        (Self::Right, "right", "next screen"),
        (Self::Top, "top", "first row"),
        (Self::Bottom, "bottom", "last row"),
        (Self::HalfDown, "half-down", "half a page down"),
        (Self::HalfUp, "half-up", "half a page up"),
        (Self::PageDown, "page-down", "a page down"),
        (Self::PageUp, "page-up", "a page up"),
        (Self::NextPane, "next-pane", "next pane"),
        (Self::PreviousPane, "previous-pane", "previous pane"),
        (Self::Filter, "filter", "filter rows (!text: rows without it)"),
        (Self::NextMatch, "next-match", "next match"),
        (Self::PreviousMatch, "previous-match", "previous match"),
        (Self::Sort, "sort", "sort by the next column"),
        (Self::SortReverse, "sort-reverse", "turn the order round"),
        (Self::Freeze, "freeze", "hold the picture, or go on (rewound: let time run, or hold it)"),
        (Self::Earlier, "earlier", "rewind: a step back (:at 14:05, :at -2h, :at 2026-11-21T14:05Z)"),
        (Self::Later, "later", "rewind: a step forward"),
        (Self::MuchEarlier, "much-earlier", "rewind: a leap back"),
        (Self::MuchLater, "much-later", "rewind: a leap forward"),
        (Self::Live, "live", "back to what is now (recording: to its end)"),
        (Self::Capture, "capture", "write the last hour to a file that replays (:capture [FILE] [SPAN])"),
        (Self::Refresh, "refresh", "poll what is selected now"),
        (Self::Browse, "browse", "targets: all that the selected one exports, with its help texts"),
        (
            Self::Longer,
            "longer",
            "look further back: explore, latency, panels, a graph that fills the screen",
        ),
        (Self::Shorter, "shorter", "look less far back"),
        (
            Self::CursorBack,
            "cursor-back",
            "graphs: a cursor, back in time (a drag over a graph shows that range)",
        ),
        (Self::CursorOn, "cursor-on", "graphs: the cursor, on in time"),
        (Self::Pin, "pin", "explore: pin the expression to a service (:pin SERVICE, :unpin)"),
        (
            Self::Act,
            "act",
            "actions for the selected service (:restart SERVICE); each asks before it does anything",
        ),
        (Self::ActRestart, "act-restart", "the box that asks before the selected service is restarted"),
        (Self::ActRollback, "act-rollback", "the box that asks before the selected service is rolled back"),
        (Self::Acknowledge, "acknowledge", "incident: acknowledge it, or take that back"),
        (Self::Note, "note", "incident: write a note (:note TEXT)"),
        (
            Self::Explain,
            "explain",
            "where the selected number comes from: formula, inputs, window, source, age",
        ),
        (Self::Copy, "copy", "copy what is selected: value, row, PromQL or curl (twice: the row)"),
        (Self::CommandLine, "command", "command line (:12 goes to row 12)"),
        (
            Self::Find,
            "find",
            "find anything by a few letters: services, SLOs, incidents, actions, panels, metrics",
        ),
        (Self::Theme, "theme", "next theme"),
        (Self::Mouse, "mouse", "mouse on or off"),
        (Self::Redraw, "redraw", "paint the screen anew"),
        (Self::Reload, "reload", "read the configuration again"),
        (Self::Suspend, "suspend", "suspend (fg brings it back)"),
        (Self::Quit, "quit", "quit"),
    ];

    fn entry(self) -> Option<&'static (Self, &'static str, &'static str)> {
        Self::ALL.iter().find(|(command, ..)| *command == self)
    }

    /// The name by which it is bound.
    pub fn name(self) -> &'static str {
        self.entry().map_or("", |entry| entry.1)
    }

    /// What help says of it.
    pub fn doc(self) -> &'static str {
        self.entry().map_or("", |entry| entry.2)
    }

    /// Does it only show something: may a guess at its name be followed at once?
    pub fn only_shows(self) -> bool {
        !matches!(
            self,
            Self::Quit
                | Self::Suspend
                | Self::Reload
                | Self::Refresh
                | Self::Theme
                | Self::Mouse
                | Self::Freeze
                | Self::Capture
                | Self::Copy
                | Self::Pin
                | Self::Acknowledge
                | Self::Note
                | Self::Act
                | Self::ActRestart
                | Self::ActRollback
        )
    }

    /// The command of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known, _)| *known == name).map(|(command, ..)| *command)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_listed_once_and_can_be_called_by_name() {
        for (command, name, doc) in Command::ALL {
            assert_eq!(Command::named(name), Some(*command));
            assert!(!doc.is_empty());
            assert_eq!(Command::ALL.iter().filter(|(_, other, _)| other == name).count(), 1, "{name}");
        }
        // A variant that is missing in the table would have an empty name; Targets is the last one declared.
        assert_eq!(Command::ALL.len(), Command::Targets as usize + 1);
    }
}
