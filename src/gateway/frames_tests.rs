use super::*;
use proptest::prelude::*;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::tungstenite::{Message, WebSocket};

/// All that is in these bytes, handed over in pieces of this size: bytes of MQTT, and the rest.
fn read(bytes: &[u8], size: usize) -> (Vec<u8>, Vec<Seen>) {
    let (mut frames, mut data, mut seen) = (Frames::default(), Vec::new(), Vec::new());
    for piece in bytes.chunks(size.max(1)) {
        let mut piece = piece.to_vec();
        let mut at = 0;
        while at < piece.len() {
            let step = frames.feed(&mut piece[at..]);
            data.extend_from_slice(&piece[at + step.data.0..at + step.data.1]);
            if step.seen != Seen::Nothing {
                seen.push(step.seen);
            }
            assert!(step.used > 0);
            at += step.used;
        }
    }
    (data, seen)
}

/// What a client of the library sends for these messages.
fn sent(messages: &[Message]) -> Vec<u8> {
    let mut client = WebSocket::from_raw_socket(std::io::Cursor::new(Vec::new()), Role::Client, None);
    for message in messages {
        client.send(message.clone()).unwrap();
    }
    std::mem::take(client.get_mut().get_mut())
}

/// A frame that is masked with zeroes.
fn frame(first: u8, length: &[u8], payload: &[u8]) -> Vec<u8> {
    [&[first, 0x80 | length[0]], &length[1..], &[0; 4], payload].concat()
}

#[test]
fn what_is_not_allowed_is_told_apart() {
    let fine = frame(0x82, &[1], b"x");
    for (bytes, status) in [
        (frame(0x81, &[1], b"x"), 1003),
        (frame(0xC2, &[1], b"x"), 1002),
        (frame(0x80, &[1], b"x"), 1002),
        (frame(0x83, &[1], b"x"), 1002),
        (frame(0x09, &[1], b"x"), 1002),
        (frame(0x89, &[126, 0, 126], b""), 1002),
        (frame(0x82, &[127, 0x80, 0, 0, 0, 0, 0, 0, 0], b""), 1002),
        ([frame(0x02, &[1], b"x"), frame(0x82, &[1], b"x")].concat(), 1002),
        (b"\x82\x01x".to_vec(), 1002),
    ] {
        let (_, seen) = read(&[fine.clone(), bytes.clone(), fine.clone()].concat(), 3);
        assert!(matches!(seen[..], [Seen::Wrong(found, _)] if found == status), "{bytes:x?}: {seen:?}");
    }
}

#[test]
fn a_frame_of_any_length_passes_as_it_comes() {
    let endless = frame(0x82, &[127, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], b"\x10\x02");
    let (data, seen) = read(&endless, 5);
    assert_eq!((&data[..], &seen[..]), (&b"\x10\x02"[..], &[][..]));
    let mut frames = Frames::default();
    frames.feed(&mut endless.clone());
    assert_eq!(frames.control.capacity(), 0);
}

#[test]
fn control_frames_may_lie_between_the_parts_of_a_message() {
    let bytes =
        [frame(0x02, &[2], b"ab"), frame(0x89, &[1], b"p"), frame(0x8A, &[0], b""), frame(0x80, &[1], b"c")].concat();
    assert_eq!(read(&bytes, 1), (b"abc".to_vec(), vec![Seen::Ping(b"p".to_vec())]));
    let closed = [frame(0x88, &[2], &[3, 0xe8]), frame(0x82, &[1], b"x")].concat();
    assert_eq!(read(&closed, 4), (vec![], vec![Seen::Close]));
}

#[test]
fn a_client_of_the_library_reads_what_is_written() {
    let mut bytes = pong(b"p");
    let sizes = [0, 1, 125, 126, 65_535, 65_536];
    for size in sizes {
        let (head, length) = binary_head(size);
        bytes.extend_from_slice(&head[..length]);
        bytes.extend(vec![b'x'; size]);
    }
    bytes.extend(close(1000));
    let mut client = WebSocket::from_raw_socket(std::io::Cursor::new(bytes), Role::Client, None);
    assert_eq!(client.read().unwrap(), Message::Pong(b"p".to_vec().into()));
    for size in sizes {
        assert_eq!(client.read().unwrap(), Message::Binary(vec![b'x'; size].into()));
    }
    assert!(matches!(client.read().unwrap(), Message::Close(Some(frame)) if u16::from(frame.code) == 1000));
}

proptest! {
    #[test]
    fn what_a_client_of_the_library_sends_is_read(
        messages in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<u8>(), 0..400)), 0..8),
        size in 1_usize..50,
    ) {
        let (mut all, mut data, mut pings) = (Vec::new(), Vec::new(), Vec::new());
        for (ping, mut payload) in messages {
            if ping {
                payload.truncate(125);
                pings.push(Seen::Ping(payload.clone()));
                all.push(Message::Ping(payload.into()));
            } else {
                data.extend_from_slice(&payload);
                all.push(Message::Binary(payload.into()));
            }
        }
        prop_assert_eq!(read(&sent(&all), size), (data, pings));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), size in 1_usize..20) {
        read(&bytes, size);
    }
}
