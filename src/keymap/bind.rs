//! Bindings that the configuration changes, by the name of the command, and what two of them may not share.

use super::{Binding, Chord, Context, DEFAULT, Keymap};
use crate::command::Command;

/// The keys that a command shall have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Where; none: where the command has its keys anyway.
    pub context: Option<Context>,
    /// What.
    pub command: Command,
    /// The keys; none: it has none any more.
    pub chords: Vec<Chord>,
}

/// Who says that a chord means something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// The preset.
    Preset,
    /// The change at this place of the list.
    Change(usize),
}

/// A chord that would mean two things in one place, or a map that locks somebody in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Clash {
    /// A chord means two things.
    Twice {
        /// Which.
        chord: Chord,
        /// What the change at this place of the list wants it to mean.
        change: usize,
        /// What it means as well.
        other: Command,
        /// Where.
        context: Context,
        /// Who says so.
        holder: Holder,
    },
    /// Control and c leaves, always.
    Taken(usize),
    /// No key is left for a command that one cannot do without.
    Locked(Command),
}

/// What one cannot do without; control and c quits in any case.
const NEEDED: [Command; 2] = [Command::Back, Command::CommandLine];

impl Keymap {
    /// Changes the map. All that is wrong is returned; the map is to be used only if nothing is.
    pub fn bind(&mut self, changes: &[Change]) -> Vec<Clash> {
        let mut clashes = Vec::new();
        let mut held: Vec<(Binding, Holder)> =
            self.bindings.drain(..).map(|binding| (binding, Holder::Preset)).collect();
        let homes: Vec<Vec<Context>> = changes.iter().map(|change| homes(change, &held)).collect();
        for change in changes {
            held.retain(|(b, _)| {
                b.command != change.command || change.context.is_some_and(|context| context != b.context)
            });
        }
        for (index, (change, homes)) in changes.iter().zip(&homes).enumerate() {
            for chord in &change.chords {
                if *chord == Chord::ctrl('c') && change.command != Command::Quit {
                    clashes.push(Clash::Taken(index));
                    continue;
                }
                for context in homes {
                    let new = Binding { context: *context, chord: *chord, command: change.command };
                    if let Some((other, holder)) = held
                        .iter()
                        .find(|(b, holder)| clash(&new, change.context.is_some(), b, *holder, changes))
                    {
                        clashes.push(Clash::Twice {
                            chord: *chord,
                            change: index,
                            other: other.command,
                            context: other.context,
                            holder: *holder,
                        });
                    }
                    if held.iter().all(|(b, _)| *b != new) {
                        held.push((new, Holder::Change(index)));
                    }
                }
            }
        }
        for needed in NEEDED {
            if held.iter().all(|(b, _)| b.command != needed) {
                clashes.push(Clash::Locked(needed));
            }
        }
        self.bindings = held.into_iter().map(|(binding, _)| binding).collect();
        clashes
    }
}

/// Where a change applies: where it says; else where the command has keys now, or has them in the default map.
fn homes(change: &Change, held: &[(Binding, Holder)]) -> Vec<Context> {
    if let Some(context) = change.context {
        return vec![context];
    }
    let mut homes: Vec<Context> =
        held.iter().filter(|(b, _)| b.command == change.command).map(|(b, _)| b.context).collect();
    if homes.is_empty() {
        let known = DEFAULT.iter().find(|(_, command, _)| *command == change.command);
        homes.push(known.map_or(Context::Anywhere, |(context, ..)| *context));
    }
    homes.dedup();
    homes
}

/// Would a chord mean two things where both contexts hold? Whoever names a narrow context means to cover the wide one.
fn clash(new: &Binding, named: bool, old: &Binding, holder: Holder, changes: &[Change]) -> bool {
    if new.chord != old.chord || new.command == old.command || !new.context.meets(old.context) {
        return false;
    }
    let other_named = match holder {
        Holder::Preset => false,
        Holder::Change(index) => changes.get(index).is_some_and(|change| change.context.is_some()),
    };
    let covers = |inner: Context, outer: Context| inner != outer && inner.chain().contains(&outer);
    !(named && covers(new.context, old.context) || other_named && covers(old.context, new.context))
}
