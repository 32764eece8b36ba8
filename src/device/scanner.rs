//! Reads the broker's packets from a stream of bytes, keeping only what a device needs of them.

/// The first bytes of a packet's body: packet identifier and reason, or the reason of DISCONNECT.
const KEPT: usize = 3;

/// A packet from the broker, as much of it as a device needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scanned {
    /// Type and flags: the first byte of the fixed header.
    pub first: u8,
    /// The beginning of the body.
    body: [u8; KEPT],
    kept: u8,
}

impl Scanned {
    /// The beginning of the body, up to three bytes.
    pub fn body(&self) -> &[u8] {
        &self.body[..usize::from(self.kept)]
    }

    /// The packet identifier of an acknowledgement.
    pub fn packet_id(self) -> Option<u16> {
        self.body().first_chunk().map(|bytes| u16::from_be_bytes(*bytes))
    }
}

/// Bytes that are no MQTT: a remaining length of more than four bytes (3.1.1 section 2.2.3).
#[derive(Debug, PartialEq, Eq)]
pub struct Garbage;

/// Where in the stream the last read ended. Twelve bytes, where a buffer per connection would cost kilobytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scanner {
    stage: Stage,
    first: u8,
    remaining: u32,
    body: [u8; KEPT],
    kept: u8,
}

#[derive(Clone, Copy, Debug, Default)]
enum Stage {
    /// Before the first byte of a packet.
    #[default]
    First,
    /// In the remaining length: how many of its bytes were read.
    Length(u8),
    /// In the body.
    Body,
}

impl Scanner {
    /// Takes the next packet out of `bytes`, which then begin behind it; `None` when they end before a packet does. `body` is
    /// given every byte of the bodies, in order.
    pub fn next(&mut self, bytes: &mut &[u8], mut body: impl FnMut(&[u8])) -> Result<Option<Scanned>, Garbage> {
        loop {
            match self.stage {
                Stage::First => {
                    let Some(first) = take(bytes) else { return Ok(None) };
                    *self = Self { stage: Stage::Length(0), first, ..Self::default() };
                }
                Stage::Length(read) => {
                    let Some(byte) = take(bytes) else { return Ok(None) };
                    self.remaining |= u32::from(byte & 0x7F) << (7 * u32::from(read));
                    self.stage = match (byte & 0x80, read) {
                        (0, _) => Stage::Body,
                        (_, 0..=2) => Stage::Length(read + 1),
                        _ => return Err(Garbage),
                    };
                }
                Stage::Body => {
                    while self.remaining > 0 && usize::from(self.kept) < KEPT {
                        let Some(byte) = take(bytes) else { return Ok(None) };
                        body(&[byte]);
                        self.body[usize::from(self.kept)] = byte;
                        self.kept += 1;
                        self.remaining -= 1;
                    }
                    let skipped = bytes.len().min(usize::try_from(self.remaining).unwrap_or(usize::MAX));
                    body(&bytes[..skipped]);
                    *bytes = &bytes[skipped..];
                    self.remaining -= u32::try_from(skipped).unwrap_or(self.remaining);
                    if self.remaining > 0 {
                        return Ok(None);
                    }
                    self.stage = Stage::First;
                    return Ok(Some(Scanned { first: self.first, body: self.body, kept: self.kept }));
                }
            }
        }
    }
}

fn take(bytes: &mut &[u8]) -> Option<u8> {
    let (first, rest) = bytes.split_first()?;
    *bytes = rest;
    Some(*first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn scan(chunks: &[&[u8]]) -> Result<Vec<(u8, Vec<u8>)>, Garbage> {
        let mut scanner = Scanner::default();
        let (mut found, mut whole) = (Vec::new(), Vec::new());
        for chunk in chunks {
            let mut rest = *chunk;
            while let Some(packet) = scanner.next(&mut rest, |part| whole.extend_from_slice(part))? {
                let body = std::mem::take(&mut whole);
                assert!(body.starts_with(packet.body()));
                found.push((packet.first, body));
            }
            assert!(rest.is_empty());
        }
        Ok(found)
    }

    #[test]
    fn packets_are_found_wherever_the_stream_is_cut() {
        let mut stream = vec![0xD0, 0, 0x40, 2, 0, 1, 0x30, 0xC8, 1];
        stream.extend([7; 200]);
        stream.extend([0xE0, 1, 0x8E]);
        let expected = vec![(0xD0, vec![]), (0x40, vec![0, 1]), (0x30, vec![7; 200]), (0xE0, vec![0x8E])];
        for cut in 0..stream.len() {
            assert_eq!(scan(&[&stream[..cut], &stream[cut..]]).unwrap(), expected, "cut at {cut}");
        }
    }

    #[test]
    fn a_length_of_five_bytes_is_garbage() {
        assert_eq!(scan(&[&[0x30, 0x80, 0x80, 0x80, 0x80, 1]]), Err(Garbage));
    }

    proptest! {
        #[test]
        fn chunks_never_change_what_is_found(bytes in proptest::collection::vec(any::<u8>(), 0..200), size in 1_usize..20) {
            let chunks: Vec<&[u8]> = bytes.chunks(size).collect();
            prop_assert_eq!(scan(&chunks), scan(&[&bytes]));
        }
    }
}
