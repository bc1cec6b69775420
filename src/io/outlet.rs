//! Standard output where it is a pipe: is anybody still reading?

use rustix::event::{PollFd, PollFlags, poll};
use std::io;

/// Calls `tell` once the last reader of standard output is gone, from a thread of its own. A terminal tells by a hang-up,
/// and a file has no readers: of those nothing is ever told.
///
/// # Errors
/// The thread could not be started.
pub fn when_unread(tell: impl FnOnce() + Send + 'static) -> io::Result<()> {
    if rustix::termios::isatty(rustix::stdio::stdout()) {
        return Ok(());
    }
    std::thread::Builder::new().name("outlet".to_owned()).spawn(move || {
        loop {
            let stdout = rustix::stdio::stdout();
            // Nothing is asked for: errors and the end of the reader are told all the same.
            let mut watched = [PollFd::new(&stdout, PollFlags::empty())];
            match poll(&mut watched, None) {
                Ok(_) => {
                    let seen = watched.first().map_or(PollFlags::empty(), PollFd::revents);
                    if seen.intersects(PollFlags::ERR | PollFlags::HUP | PollFlags::NVAL) {
                        return tell();
                    }
                }
                Err(rustix::io::Errno::INTR) => {}
                Err(_) => return,
            }
        }
    })?;
    Ok(())
}
