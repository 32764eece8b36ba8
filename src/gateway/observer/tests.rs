use super::*;
use proptest::prelude::*;

/// What came of a stream, however it was cut into pieces.
#[derive(Debug, Default, PartialEq)]
struct Read {
    passed: Vec<u8>,
    packets: Vec<(u8, Vec<u8>)>,
    malformed: Option<&'static str>,
    /// What was not passed when the malformed packet was found.
    rest: Vec<u8>,
    tally: Tally,
}

fn read(mut observer: Observer, pieces: &[&[u8]]) -> Read {
    let mut read = Read::default();
    for piece in pieces {
        let mut left = *piece;
        while !left.is_empty() {
            if read.malformed.is_some() {
                read.rest.extend_from_slice(left);
                break;
            }
            let step = observer.feed(left, &mut read.tally);
            assert!(step.pass <= step.used && step.used <= left.len(), "{step:?}");
            read.passed.extend_from_slice(&left[..step.pass]);
            match step.seen {
                Seen::Nothing => assert_eq!(step.used, left.len()),
                Seen::Packet(packet) => read.packets.push((packet.kind, packet.bytes.clone())),
                Seen::Malformed(why) => {
                    read.malformed = Some(why);
                    read.rest = observer.take_held();
                    read.rest.extend_from_slice(&left[step.pass..]);
                    break;
                }
                Seen::TooLarge => panic!("no limit was set"),
            }
            left = &left[step.used..];
        }
    }
    read
}

fn pieces<'a>(bytes: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
    cuts.extend([0, bytes.len()]);
    cuts.sort_unstable();
    cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect()
}

fn packet(first: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    let mut length = body.len();
    loop {
        let more = if length > 127 { 0x80 } else { 0 };
        bytes.push(u8::try_from(length % 128).unwrap() | more);
        length /= 128;
        if length == 0 {
            break;
        }
    }
    bytes.extend_from_slice(body);
    bytes
}

const CONNECT_311: &[u8] = b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x1e\x00\x01a";

/// Packets that a device may send after CONNECT.
fn device_packet() -> impl Strategy<Value = Vec<u8>> {
    let body = prop::collection::vec(any::<u8>(), 0..400);
    prop_oneof![
        body.clone().prop_map(|body| packet(0x30, &body)),
        body.clone().prop_map(|body| packet(0x3d, &body)),
        body.clone().prop_map(|body| packet(0x82, &body)),
        body.prop_map(|body| packet(0x40, &body)),
        Just(vec![0xc0, 0]),
        Just(vec![0xe0, 0]),
        Just(vec![0xe0, 2, 4, 0]),
    ]
}

proptest! {
    /// Whatever comes, in whatever pieces: no panic, and from a broker every byte passes.
    #[test]
    fn nothing_breaks_it(bytes in prop::collection::vec(any::<u8>(), 0..600), cuts in prop::collection::vec(any::<usize>(), 0..12)) {
        let whole = read(Observer::of_device(), &[&bytes]);
        prop_assert_eq!(&whole, &read(Observer::of_device(), &pieces(&bytes, &cuts)));
        let mut greeted = CONNECT_311.to_vec();
        greeted.extend_from_slice(&bytes);
        read(Observer::of_device(), &pieces(&greeted, &cuts));
        let mut broker = Observer::of_broker();
        let mut tally = Tally::default();
        for mut piece in pieces(&bytes, &cuts) {
            while !piece.is_empty() {
                let step = broker.feed(piece, &mut tally);
                if matches!(step.seen, Seen::Malformed(_)) {
                    break;
                }
                prop_assert_eq!(step.pass, step.used);
                piece = &piece[step.used..];
            }
        }
    }

    /// A valid stream reads the same however it is cut, and no byte is lost or moved.
    #[test]
    fn pieces_make_no_difference(
        packets in prop::collection::vec(device_packet(), 0..12),
        cuts in prop::collection::vec(any::<usize>(), 0..20),
    ) {
        let mut bytes = CONNECT_311.to_vec();
        bytes.extend(packets.iter().flatten());
        let whole = read(Observer::of_device(), &[&bytes]);
        prop_assert_eq!(&whole, &read(Observer::of_device(), &pieces(&bytes, &cuts)));
        let singles: Vec<&[u8]> = bytes.chunks(1).collect();
        prop_assert_eq!(&whole, &read(Observer::of_device(), &singles));

        prop_assert_eq!(whole.malformed, None);
        let count = |first: u8| packets.iter().filter(|packet| packet[0] >> 4 == first).count();
        prop_assert_eq!(whole.tally.packets as usize, packets.len() + 1);
        prop_assert_eq!(whole.tally.pings as usize, count(PINGREQ));
        prop_assert_eq!(whole.tally.publishes as usize, count(PUBLISH));
        prop_assert_eq!(whole.packets.len(), count(DISCONNECT) + 1);
        let plain: Vec<u8> = packets.iter().filter(|packet| packet[0] >> 4 != DISCONNECT).flatten().copied().collect();
        prop_assert_eq!(whole.passed, plain);
    }
}

#[test]
fn what_a_device_may_not_send() {
    for (bytes, why) in [
        (&b"\x00\x00"[..], "packet type 0"),
        (b"\xf0\x00", "packet type 15"),
        (b"\x10\x00", "second CONNECT"),
        (b"\x20\x02\x00\x00", "only a server"),
        (b"\xd0\x00", "only a server"),
        (b"\x36\x00", "QoS 3"),
        (b"\x80\x00", "reserved flags"),
        (b"\xc1\x00", "reserved flags"),
        (b"\xe2\x00", "reserved flags"),
        (b"\xc0\x01\x00", "PINGREQ with a body"),
        (b"\x30\xff\xff\xff\xff\x01", "four bytes"),
        (b"\xe0\xff\xff\xff\xff\x01", "four bytes"),
        (b"\xe0\xff\xff\x7f", "256 KiB"),
    ] {
        for cut in 0..=bytes.len() {
            let mut observer = Observer::of_device();
            observer.feed(CONNECT_311, &mut Tally::default());
            observer.forbid_auth();
            let read = read(observer, &[&bytes[..cut], &bytes[cut..]]);
            assert!(read.malformed.is_some_and(|seen| seen.contains(why)), "{bytes:x?} cut at {cut}: {read:?}");
            let mut all = read.passed.clone();
            all.extend_from_slice(&read.rest);
            assert_eq!(all, bytes, "cut at {cut}");
        }
    }
    assert!(read(Observer::of_device(), &[b"\xc0\x00"]).malformed.unwrap().contains("not CONNECT"));
    assert!(read(Observer::of_device(), &[b"GET / HTTP/1.1"]).malformed.is_some());
}

#[test]
fn what_is_larger_than_the_limit_is_known_by_its_header() {
    for (body, whole) in [(125, 127), (126, 128), (127, 129), (128, 131), (16_383, 16_386), (16_384, 16_388)] {
        let bytes = packet(0x30, &vec![0; body]);
        assert_eq!(bytes.len(), whole);
        let header = bytes.len() - body;
        for cut in 0..header {
            let mut observer = Observer::of_device();
            let mut tally = Tally::default();
            observer.feed(CONNECT_311, &mut tally);
            observer.limit(u32::try_from(whole).unwrap());
            assert_eq!(observer.feed(&bytes, &mut tally), Step { pass: whole, used: whole, seen: Seen::Nothing });
            observer.limit(u32::try_from(whole).unwrap() - 1);
            observer.feed(&bytes[..cut], &mut tally);
            let step = observer.feed(&bytes[cut..], &mut tally);
            assert!(step.seen == Seen::TooLarge && step.pass < header - cut, "{whole} cut at {cut}: {step:?}");
        }
    }
}

#[test]
fn it_owns_no_memory_between_packets() {
    let mut observer = Observer::of_device();
    let mut tally = Tally::default();
    observer.feed(CONNECT_311, &mut tally);
    observer.feed(b"\x30\xff\x7f half of a large publish", &mut tally);
    assert!(observer.held.is_none());
    assert!(!observer.at_boundary());
}

#[test]
fn a_brokers_story_is_gathered_and_passes_at_once() {
    let bytes = b"\x20\x02\x00\x00\x30\x05\x00\x01aXY\xe0\x02\x8e\x00";
    let mut passed = 0;
    let mut observer = Observer::of_broker();
    let mut kinds = Vec::new();
    for byte in bytes.chunks(1) {
        let step = observer.feed(byte, &mut Tally::default());
        passed += step.pass;
        if let Seen::Packet(packet) = step.seen {
            kinds.push((packet.kind, packet.body().to_vec()));
        }
    }
    assert_eq!(passed, bytes.len());
    assert_eq!(kinds, [(CONNACK, vec![0, 0]), (DISCONNECT, vec![0x8e, 0])]);
}
