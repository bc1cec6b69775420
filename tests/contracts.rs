//! The five systems that warroom must run against on day one: each shipped example, with nothing but its addresses
//! replaced, against a server that answers in exactly the contract's shapes, over real sockets and in simulated time.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    unreachable_pub,
    dead_code,
    reason = "helpers of tests may fail, write files and start processes"
)]

mod support;

#[path = "contracts/command.rs"]
mod command;
#[path = "contracts/driven.rs"]
mod driven;
#[path = "support/grpc.rs"]
mod grpc;
#[path = "contracts/hashinsight.rs"]
mod hashinsight;
#[path = "contracts/hashinsight_ruled.rs"]
mod hashinsight_ruled;
#[path = "contracts/killed.rs"]
mod killed;
#[path = "contracts/kit.rs"]
mod kit;
#[path = "contracts/prophet_ruled.rs"]
mod prophet_ruled;
#[path = "contracts/prophet_sentinel.rs"]
mod prophet_sentinel;
#[path = "support/pty.rs"]
mod pty;
#[path = "contracts/sea_news.rs"]
mod sea_news;
#[path = "contracts/sparkle.rs"]
mod sparkle;
#[path = "contracts/sparkle_ruled.rs"]
mod sparkle_ruled;
#[path = "contracts/stock_ai.rs"]
mod stock_ai;
