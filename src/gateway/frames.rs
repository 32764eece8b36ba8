//! The frames of a WebSocket (RFC 6455 section 5), as a server reads and writes them: a push state machine that is handed
//! bytes in whatever pieces the socket gives, and does no I/O.
//!
//! What is in binary frames is passed on as it comes, so a frame of any size costs no memory, and a connection that idles
//! has no buffer: that is why no library does this, each gathers whole frames. Frames mean nothing to MQTT, whose packets
//! may lie across them (3.1.1 section 6).

/// The longest payload of a control frame (section 5.5).
const CONTROL: u8 = 125;

const BINARY: u8 = 0x2;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xA;
const FIN: u8 = 0x80;

/// What a step came upon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// Nothing to act on.
    Nothing,
    /// A ping, to be answered with the same payload.
    Ping(Vec<u8>),
    /// The client closes; nothing follows.
    Close,
    /// A frame that is not allowed: the status to close with (section 7.4.1), and what is wrong with it.
    Wrong(u16, &'static str),
}

/// One step through a piece of bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// The bytes of MQTT in the piece, from and to.
    pub data: (usize, usize),
    /// Up to here the piece is read.
    pub used: usize,
    /// What was come upon.
    pub seen: Seen,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// In the header, of which `have` bytes are there.
    Head { have: u8, bytes: [u8; 14] },
    /// In the payload of a binary frame; the next byte is unmasked with `mask[turn]`.
    Data { left: u64, mask: [u8; 4], turn: u8 },
    /// In the payload of a control frame.
    Control { opcode: u8, left: u8, mask: [u8; 4], turn: u8 },
    /// Closed, or nothing more can be understood.
    Over,
}

const HEAD: State = State::Head { have: 0, bytes: [0; 14] };

/// Reads what a client sends.
#[derive(Debug)]
pub(super) struct Frames {
    state: State,
    /// A message has begun and goes on in continuation frames.
    fragmented: bool,
    /// The payload of a control frame; owns no memory outside of one.
    control: Vec<u8>,
}

impl Default for Frames {
    fn default() -> Self {
        Self { state: HEAD, fragmented: false, control: Vec::new() }
    }
}

impl Frames {
    /// Reads on in `piece`, up to the end of a frame at most. Its bytes of MQTT are unmasked where they are.
    pub(super) fn feed(&mut self, piece: &mut [u8]) -> Step {
        let mut at = 0;
        while at < piece.len() {
            match self.state {
                State::Head { have, mut bytes } => {
                    bytes[usize::from(have)] = piece[at];
                    at += 1;
                    let have = have + 1;
                    self.state = State::Head { have, bytes };
                    let seen = self.head(&bytes[..usize::from(have)]);
                    if seen != Seen::Nothing {
                        return Step { data: (0, 0), used: at, seen };
                    }
                }
                State::Data { left, mask, turn } => {
                    let length = usize::try_from(left).unwrap_or(usize::MAX).min(piece.len() - at);
                    let turn = unmask(&mut piece[at..at + length], mask, turn);
                    // `length` is at most `left`, so it fits.
                    let left = left - u64::try_from(length).unwrap_or(left);
                    self.state = if left == 0 { HEAD } else { State::Data { left, mask, turn } };
                    return Step { data: (at, at + length), used: at + length, seen: Seen::Nothing };
                }
                State::Control { opcode, left, mask, turn } => {
                    let length = usize::from(left).min(piece.len() - at);
                    let turn = unmask(&mut piece[at..at + length], mask, turn);
                    self.control.extend_from_slice(&piece[at..at + length]);
                    at += length;
                    let left = left - u8::try_from(length).unwrap_or(left);
                    self.state = State::Control { opcode, left, mask, turn };
                    if left == 0 {
                        let seen = self.whole(opcode);
                        if seen != Seen::Nothing {
                            return Step { data: (0, 0), used: at, seen };
                        }
                    }
                }
                State::Over => at = piece.len(),
            }
        }
        Step { data: (0, 0), used: at, seen: Seen::Nothing }
    }

    /// Looks at a header as far as it has come, and goes on behind it when it is whole.
    fn head(&mut self, head: &[u8]) -> Seen {
        let &[first, second, ref rest @ ..] = head else { return Seen::Nothing };
        if let Some((status, why)) = self.objection(first, second) {
            self.state = State::Over;
            return Seen::Wrong(status, why);
        }
        let extended = match second & 0x7f {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let Some((length, mask)) = rest.split_at_checked(extended) else { return Seen::Nothing };
        let &[a, b, c, d] = mask else { return Seen::Nothing };
        let mask = [a, b, c, d];
        let length = match extended {
            0 => u64::from(second & 0x7f),
            _ => length.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)),
        };
        if length >> 63 == 1 {
            self.state = State::Over;
            return Seen::Wrong(1002, "a WebSocket frame of an impossible length");
        }
        let opcode = first & 0x0f;
        if opcode & 0x8 == 0 {
            self.fragmented = first & FIN == 0;
            self.state = if length == 0 { HEAD } else { State::Data { left: length, mask, turn: 0 } };
            return Seen::Nothing;
        }
        // At most 125, or there were an objection.
        let left = u8::try_from(length).unwrap_or(CONTROL);
        self.state = State::Control { opcode, left, mask, turn: 0 };
        if left == 0 { self.whole(opcode) } else { Seen::Nothing }
    }

    /// A control frame is there.
    fn whole(&mut self, opcode: u8) -> Seen {
        let payload = std::mem::take(&mut self.control);
        self.state = HEAD;
        match opcode {
            PING => Seen::Ping(payload),
            CLOSE => {
                self.state = State::Over;
                Seen::Close
            }
            // A pong that nobody asked for (section 5.5.3).
            _ => Seen::Nothing,
        }
    }

    /// What is wrong with the first two bytes of a frame.
    fn objection(&self, first: u8, second: u8) -> Option<(u16, &'static str)> {
        let (opcode, last, length) = (first & 0x0f, first & FIN != 0, second & 0x7f);
        if first & 0x70 != 0 {
            return Some((1002, "a WebSocket frame with a reserved bit, though no extension was agreed on"));
        }
        if second & 0x80 == 0 {
            return Some((1002, "a WebSocket frame without a mask"));
        }
        match opcode {
            0x0 if !self.fragmented => Some((1002, "a WebSocket frame that continues nothing")),
            0x1 | BINARY if self.fragmented => Some((1002, "a WebSocket message within another")),
            // [MQTT-6.0.0-1]
            0x1 => Some((1003, "text on the WebSocket: MQTT is binary")),
            0x0 | BINARY => None,
            CLOSE | PING | PONG if !last || length > CONTROL => Some((1002, "a WebSocket control frame in parts")),
            CLOSE | PING | PONG => None,
            _ => Some((1002, "a WebSocket frame of a kind that does not exist")),
        }
    }
}

/// Takes the mask off (section 5.3), and says with which of its bytes the next piece begins.
fn unmask(bytes: &mut [u8], mut mask: [u8; 4], turn: u8) -> u8 {
    mask.rotate_left(usize::from(turn));
    // Four at a time, so that the compiler can take more.
    let mut fours = bytes.chunks_exact_mut(4);
    for four in &mut fours {
        for (byte, mask) in four.iter_mut().zip(mask) {
            *byte ^= mask;
        }
    }
    for (byte, mask) in fours.into_remainder().iter_mut().zip(mask) {
        *byte ^= mask;
    }
    let length = u8::try_from(bytes.len() % 4).unwrap_or(0);
    (turn + length) % 4
}

/// The header of a binary frame from a server: that many of its bytes.
pub(super) fn binary_head(length: usize) -> ([u8; 10], usize) {
    let mut head = [0; 10];
    head[0] = FIN | BINARY;
    if let Ok(short) = u8::try_from(length)
        && short <= CONTROL
    {
        head[1] = short;
        return (head, 2);
    }
    if let Ok(medium) = u16::try_from(length) {
        head[1] = 126;
        head[2..4].copy_from_slice(&medium.to_be_bytes());
        return (head, 4);
    }
    head[1] = 127;
    head[2..].copy_from_slice(&(length as u64).to_be_bytes());
    (head, 10)
}

/// The answer to a ping; only the payload of one fits.
pub(super) fn pong(payload: &[u8]) -> Vec<u8> {
    let payload = &payload[..payload.len().min(usize::from(CONTROL))];
    let mut frame = vec![FIN | PONG, u8::try_from(payload.len()).unwrap_or(CONTROL)];
    frame.extend_from_slice(payload);
    frame
}

/// A frame that closes, with its status.
pub(super) fn close(status: u16) -> [u8; 4] {
    let [high, low] = status.to_be_bytes();
    [FIN | CLOSE, 2, high, low]
}

#[cfg(test)]
#[path = "frames_tests.rs"]
mod tests;
