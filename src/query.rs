//! `warroom query` without the world: bodies become a store, moments are read, answers become JSON, CSV or a table.
//!
//! Bytes come in and text goes out; nothing here opens a file, asks for the time or knows a flag.

mod csv;
mod hint;
mod json;
mod load;
mod table;
mod times;

pub use csv::write_csv;
pub use hint::hints;
pub use json::write_json;
pub use load::{Complaint, Feed, Loader, Reading, sniff};
pub use table::{Look, write_table};
pub use times::{MOST_INTERVALS, Window, default_step, parse_moment, parse_step};
