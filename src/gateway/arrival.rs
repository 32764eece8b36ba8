//! What comes from a device until its CONNECT is whole.

use super::Shared;
use super::observer::{Observer, Seen, Tally, Whole};
use super::stream::Stream;
use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Poll, ready};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::sync::SemaphorePermit;

/// A CONNECT that has more than this by now has to have a place among the few large ones.
const SMALL: usize = 4 * 1024;

/// Why there is no CONNECT.
pub(super) enum NoConnect {
    /// It sent something else; with what it began, if that is all there was.
    Wrong(Option<[u8; 4]>, &'static str),
    Gone(io::Error),
}

impl From<io::Error> for NoConnect {
    fn from(error: io::Error) -> Self {
        Self::Gone(error)
    }
}

/// What came from a device until its CONNECT was whole, and behind it.
pub(super) struct Arrival {
    pub observer: Observer,
    pub tally: Tally,
    /// What came behind CONNECT.
    pub rest: Vec<u8>,
}

impl Arrival {
    /// Nothing came yet.
    pub(super) fn new() -> Self {
        Self { observer: Observer::of_device(), tally: Tally::default(), rest: Vec::new() }
    }

    /// Reads until CONNECT is whole; what came after it goes into `rest`.
    pub(super) async fn read_connect<'s>(
        &mut self,
        shared: &'s Shared,
        device: &mut Stream,
    ) -> Result<(Whole, Option<SemaphorePermit<'s>>), NoConnect> {
        let mut large = None;
        let mut first = true;
        loop {
            if let Some(packet) = poll_fn(|cx| self.poll_piece(cx, device, first)).await? {
                return Ok((packet, large));
            }
            first = false;
            // Many small ones fit into memory, many large ones do not: those wait for each other, and nothing more of them
            // is read in the meantime.
            if large.is_none() && self.observer.holds() > SMALL {
                large = shared.large.acquire().await.ok();
            }
        }
    }

    /// Reads one piece.
    fn poll_piece(
        &mut self,
        cx: &mut std::task::Context<'_>,
        device: &mut Stream,
        first: bool,
    ) -> Poll<Result<Option<Whole>, NoConnect>> {
        let mut buf = [const { MaybeUninit::uninit() }; 2048];
        let mut buf = ReadBuf::uninit(&mut buf);
        match ready!(Pin::new(&mut *device).poll_read(cx, &mut buf)) {
            Ok(()) => {}
            // Its door could not take it.
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                return Poll::Ready(Err(NoConnect::Wrong(None, device.how_garbled())));
            }
            Err(error) => return Poll::Ready(Err(error.into())),
        }
        let piece = buf.filled();
        if piece.is_empty() {
            return Poll::Ready(Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()));
        }
        let step = self.observer.feed(piece, &mut self.tally);
        Poll::Ready(match step.seen {
            Seen::Nothing => Ok(None),
            Seen::Packet(packet) => {
                self.rest.extend_from_slice(&piece[step.used..]);
                Ok(Some(packet))
            }
            Seen::Malformed(why) => Err(NoConnect::Wrong(piece.first_chunk().copied().filter(|_| first), why)),
            // No limit is set yet.
            Seen::TooLarge => Err(NoConnect::Wrong(None, "its CONNECT is too large")),
        })
    }
}
