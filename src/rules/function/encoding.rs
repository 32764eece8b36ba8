//! `encode()` and `decode()`.

use super::{MAX_TEXT, json, text};
use crate::rules::value::Value;
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Writes padding, and reads with and without it, as Java's decoder does.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// `encode(value, 'base64')`; `encode(*, 'base64')` is the payload byte for byte.
pub(super) fn encode<'a>(value: &Value<'a>, scheme: &Value<'a>) -> Option<Value<'a>> {
    base64_is_meant(scheme)?;
    let encoded = |bytes: &[u8]| if bytes.len() <= MAX_TEXT { text(BASE64.encode(bytes)) } else { None };
    match value {
        Value::Binary(payload) => encoded(payload),
        _ => encoded(value.text()?.as_bytes()),
    }
}

/// `decode(value, 'base64')`: what a JSON document says if it is one, or else the text. What cannot be decoded is null
/// (developer guide), and so is what comes out as no UTF-8.
pub(super) fn decode<'a>(value: &Value<'a>, scheme: &Value<'a>) -> Option<Value<'a>> {
    base64_is_meant(scheme)?;
    let encoded = value.text()?;
    let Some(decoded) = BASE64.decode(encoded.as_bytes()).ok().and_then(|bytes| String::from_utf8(bytes).ok()) else {
        return Some(Value::Null);
    };
    match crate::rules::eval::document(decoded.as_bytes()) {
        Some(document) => Some(json::owned(document)),
        None => text(decoded),
    }
}

/// base64, in whatever case, is the only scheme there is.
fn base64_is_meant(scheme: &Value<'_>) -> Option<()> {
    matches!(scheme, Value::String(scheme) if scheme.eq_ignore_ascii_case("base64")).then_some(())
}

/// Base64 of bytes that came from elsewhere than an expression.
pub(super) fn base64<'a>(bytes: &[u8]) -> Option<Value<'a>> {
    text(BASE64.encode(bytes))
}
