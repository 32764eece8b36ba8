//! One of the two sockets of a connection: what it does not take is kept, and nothing else.

use super::stream::Stream;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How much is read at once, and so the most that is kept for a side that does not read.
pub(super) const PIECE: usize = 16 * 1024;

/// One of the two sockets, and what it has not taken yet.
#[derive(Debug)]
pub(super) struct End {
    pub stream: Stream,
    /// Boxed: hardly any connection ever has one.
    left: Option<Box<Leftover>>,
    /// The stream has taken bytes that its socket has not.
    unflushed: bool,
    /// Writing failed: what comes is discarded, and the reading side will tell why.
    deaf: bool,
}

#[derive(Debug)]
struct Leftover {
    bytes: Vec<u8>,
    written: usize,
}

impl End {
    pub(super) const fn new(stream: Stream) -> Self {
        Self { stream, left: None, unflushed: false, deaf: false }
    }

    /// Puts `bytes` behind what is left, without writing.
    pub(super) fn queue(&mut self, bytes: &[u8]) {
        if bytes.is_empty() || self.deaf {
            return;
        }
        self.left
            .get_or_insert_with(|| Box::new(Leftover { bytes: Vec::new(), written: 0 }))
            .bytes
            .extend_from_slice(bytes);
    }

    /// Writes `bytes`, and keeps what the stream does not take.
    pub(super) fn write(&mut self, cx: &mut Context<'_>, mut bytes: &[u8]) {
        if self.left.is_none() {
            while !bytes.is_empty() && !self.deaf {
                match Pin::new(&mut self.stream).poll_write(cx, bytes) {
                    Poll::Ready(Ok(written)) if written > 0 => bytes = &bytes[written..],
                    Poll::Ready(_) => self.deaf = true,
                    Poll::Pending => break,
                }
            }
            if self.stream.buffers() && !self.deaf {
                match Pin::new(&mut self.stream).poll_flush(cx) {
                    Poll::Ready(flushed) => self.deaf = flushed.is_err(),
                    Poll::Pending => self.unflushed = true,
                }
            }
        }
        self.queue(bytes);
    }

    /// Ready when nothing is left to write.
    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while let Some(left) = &mut self.left {
            match ready!(Pin::new(&mut self.stream).poll_write(cx, &left.bytes[left.written..])) {
                Ok(written) if written > 0 => left.written += written,
                _ => {
                    self.deaf = true;
                    self.left = None;
                    break;
                }
            }
            if left.written == left.bytes.len() {
                self.left = None;
                self.unflushed = self.stream.buffers();
            }
        }
        if self.unflushed {
            self.deaf |= ready!(Pin::new(&mut self.stream).poll_flush(cx)).is_err();
            self.unflushed = false;
        }
        Poll::Ready(())
    }

    /// Reads what there is; no bytes mean the end.
    pub(super) fn poll_read<'b>(
        &mut self,
        cx: &mut Context<'_>,
        buf: &'b mut ReadBuf<'_>,
    ) -> Poll<io::Result<&'b [u8]>> {
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        Poll::Ready(Ok(buf.filled()))
    }

    /// Copies what comes to `other`; ready when no more comes and `other` has it all.
    pub(super) fn poll_copy(&mut self, other: &mut Self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            ready!(other.poll_flush(cx));
            let mut buf = [const { MaybeUninit::uninit() }; PIECE];
            let mut buf = ReadBuf::uninit(&mut buf);
            match ready!(self.poll_read(cx, &mut buf)) {
                Ok([]) | Err(_) => return Poll::Ready(()),
                Ok(piece) => other.write(cx, piece),
            }
        }
    }

    /// Reads and forgets what comes; ready when no more comes.
    pub(super) fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let mut buf = [const { MaybeUninit::uninit() }; PIECE];
            let mut buf = ReadBuf::uninit(&mut buf);
            if ready!(self.poll_read(cx, &mut buf)).map_or(0, <[u8]>::len) == 0 {
                return Poll::Ready(());
            }
        }
    }

    /// Forgets what its stream has not taken.
    pub(super) fn discard(&mut self) {
        self.left = None;
    }

    pub(super) const fn has_leftover(&self) -> bool {
        self.left.is_some() || self.unflushed
    }
}
