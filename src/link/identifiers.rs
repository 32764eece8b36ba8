//! Takes the subscription identifiers out of PUBLISH: rumqttc reads past the properties' end where there are several.

use bytes::{Buf as _, BytesMut};

/// The subscription identifiers (5 section 3.3.2.3.8) of the PUBLISH that `input` begins with. They are cut out of it. What is
/// no whole, well-formed PUBLISH stays as it is.
pub fn cut(input: &mut BytesMut) -> Vec<u32> {
    read(input).map_or_else(Vec::new, |(ids, packet, length)| {
        if !ids.is_empty() {
            // To the end of the place that it had: what comes behind it need not move.
            let gap = length - packet.len();
            input[gap..length].copy_from_slice(&packet);
            input.advance(gap);
        }
        ids
    })
}

/// The identifiers, the packet without them, and the length it had.
fn read(input: &[u8]) -> Option<(Vec<u32>, Vec<u8>, usize)> {
    let first = *input.first().filter(|first| **first >> 4 == 3)?;
    let (length, start) = number(input, 1)?;
    let end = start.checked_add(length)?;
    let packet = input.get(..end)?;
    let topic = usize::from(u16::from_be_bytes([*packet.get(start)?, *packet.get(start + 1)?]));
    let packet_id = if first & 0x06 == 0 { 0 } else { 2 };
    let header = start + 2 + topic + packet_id;
    let (size, begin) = number(packet, header)?;
    let stop = begin.checked_add(size).filter(|stop| *stop <= end)?;
    let (mut ids, mut kept, mut at) = (Vec::new(), Vec::new(), begin);
    while at < stop {
        let next = match packet[at] {
            0x0B => {
                let (id, next) = number(packet, at + 1)?;
                ids.push(u32::try_from(id).ok()?);
                at = next;
                continue;
            }
            0x01 => at + 2,
            0x02 => at + 5,
            0x23 => at + 3,
            0x03 | 0x08 | 0x09 => after_text(packet, at + 1)?,
            0x26 => after_text(packet, after_text(packet, at + 1)?)?,
            _ => return None,
        };
        kept.extend_from_slice(packet.get(at..next)?);
        at = next;
    }
    if at != stop {
        return None;
    }
    if ids.is_empty() {
        return Some((ids, Vec::new(), end));
    }
    let mut properties = Vec::new();
    push_number(&mut properties, kept.len());
    properties.extend(kept);
    let mut shorter = vec![first];
    push_number(&mut shorter, (header - start) + properties.len() + (end - stop));
    for part in [&packet[start..header], &properties, &packet[stop..]] {
        shorter.extend_from_slice(part);
    }
    Some((ids, shorter, end))
}

/// A variable byte integer (5 section 1.5.5) at a place, and the place behind it.
fn number(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let mut value = 0;
    for index in 0..4 {
        let byte = *bytes.get(at + index)?;
        value |= usize::from(byte & 0x7F) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((value, at + index + 1));
        }
    }
    None
}

fn push_number(bytes: &mut Vec<u8>, mut value: usize) {
    while value > 0x7F {
        bytes.push(u8::try_from(value & 0x7F).unwrap_or(0) | 0x80);
        value >>= 7;
    }
    bytes.push(u8::try_from(value).unwrap_or(0));
}

/// The place behind a text or binary data.
fn after_text(bytes: &[u8], at: usize) -> Option<usize> {
    Some(at + 2 + usize::from(u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_cut_out_and_everything_else_stays() {
        // QoS 1, identifiers 1, 200 and 3 around a payload format indicator; behind it the next packet.
        let with = [0x32, 17, 0, 1, b't', 0, 9, 9, 0x0B, 1, 0x0B, 0xC8, 1, 1, 1, 0x0B, 3, b'h', b'i', 0xD0, 0];
        let without = [0x32, 10, 0, 1, b't', 0, 9, 2, 1, 1, b'h', b'i', 0xD0, 0];
        let mut input = BytesMut::from(&with[..]);
        assert_eq!((cut(&mut input), &input[..]), (vec![1, 200, 3], &without[..]));
        assert_eq!((cut(&mut input), &input[..]), (vec![], &without[..]));
        for end in 0..19 {
            let mut part = BytesMut::from(&with[..end]);
            assert_eq!((cut(&mut part), &part[..]), (vec![], &with[..end]), "not all is there yet");
        }
        for index in 0..19 {
            let mut wrong = with;
            wrong[index] = 0xFF;
            cut(&mut BytesMut::from(&wrong[..]));
        }
    }
}
