//! A gRPC health server by hand: HTTP/2 frames (RFC 9113) with headers as literals without an index.

use crate::support::{Act, Fake, serve};

fn frame(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_be_bytes();
    let stream = u8::from(kind != 4); // SETTINGS belong to the connection
    let mut bytes = vec![length[1], length[2], length[3], kind, flags, 0, 0, 0, stream];
    bytes.extend_from_slice(payload);
    bytes
}

fn literal(name: &str, value: &str) -> Vec<u8> {
    let mut bytes = vec![0, name.len() as u8];
    bytes.extend_from_slice(name.as_bytes());
    bytes.push(value.len() as u8);
    bytes.extend_from_slice(value.as_bytes());
    bytes
}

/// A server that answers the first call of each connection with this `ServingStatus` (1 serving, 2 not) and closes.
pub fn grpc_health(status: u8) -> Fake {
    let headers = [vec![0x88], literal("content-type", "application/grpc")].concat();
    let mut answer = frame(4, 0, &[]);
    answer.extend(frame(1, 4, &headers)); // HEADERS, END_HEADERS
    answer.extend(frame(0, 0, &[0, 0, 0, 0, 2, 8, status])); // DATA: the message with its length in front
    answer.extend(frame(1, 5, &literal("grpc-status", "0"))); // END_HEADERS and END_STREAM
    // A GOAWAY with the stream's number: the next call comes over a new connection.
    answer.extend({
        let mut goaway = frame(7, 0, &[0, 0, 0, 1, 0, 0, 0, 0]);
        goaway[8] = 0;
        goaway
    });
    // The preface reads like the head of a request: that is what it was made for.
    serve(move |_| Act::Hang(answer.clone()))
}
