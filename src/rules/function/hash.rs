//! The hashes, in lowercase hexadecimal.

use super::text;
use crate::rules::value::Value;
use sha2::Digest;
use std::fmt::Write;

pub(super) fn digest<D: Digest>(input: &str) -> Option<Value<'static>> {
    text(hex(&D::digest(input.as_bytes())))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
