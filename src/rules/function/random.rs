//! Chance, from the operating system's generator. With it, two evaluations of one statement may differ; nothing else in
//! the rules does.

use super::{double, text};
use crate::rules::message::Message;
use crate::rules::value::Value;

/// A UUID of version 4. `None` if the operating system gives no random bytes.
pub(super) fn new_uuid<'a>(_: &[Value<'a>], _: &Message<'a>) -> Option<Value<'a>> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).ok()?;
    text(uuid(bytes, 4))
}

/// A number from 0 to 1, without 1, with all the 53 bits that a double has.
#[expect(clippy::cast_precision_loss, reason = "53 bits fit exactly")]
pub(super) fn rand<'a>(_: &[Value<'a>], _: &Message<'a>) -> Option<Value<'a>> {
    let bits = getrandom::u64().ok()? >> 11;
    double(bits as f64 / (1_u64 << 53) as f64)
}

/// Bytes as a UUID of a version, in the variant of RFC 9562.
pub(super) fn uuid(mut bytes: [u8; 16], version: u8) -> String {
    bytes[6] = (bytes[6] & 0x0f) | (version << 4);
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let number = u128::from_be_bytes(bytes);
    let part = |shift: u32, digits: u32| (number >> shift) & ((1 << (4 * digits)) - 1);
    format!("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", part(96, 8), part(80, 4), part(64, 4), part(48, 4), part(0, 12))
}
