//! The bytes of MQTT in the binary frames of a WebSocket, as a stream.

use super::frames::{self, Frames, Seen};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A WebSocket on top of `S`. It owns no buffer while nothing waits to be written.
#[derive(Debug)]
pub(super) struct WebSocket<S> {
    inner: S,
    frames: Frames,
    /// Frames, or the rest of one, that `inner` has not taken.
    out: Vec<u8>,
    /// How much of `out` it has.
    written: usize,
    /// The answer to the last ping, to be written behind `out`; older pings need none (RFC 6455 section 5.5.2).
    pong: Vec<u8>,
    end: End,
    said_close: bool,
}

/// How reading ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Not,
    /// The stream below ended.
    Below,
    Close,
    /// With this status.
    Wrong(u16, &'static str),
}

impl<S> WebSocket<S> {
    pub(super) fn new(inner: S) -> Self {
        Self {
            inner,
            frames: Frames::default(),
            out: Vec::new(),
            written: 0,
            pong: Vec::new(),
            end: End::Not,
            said_close: false,
        }
    }

    pub(super) const fn inner(&self) -> &S {
        &self.inner
    }

    /// Whether it was the client's Close frame that ended it.
    pub(super) const fn was_closed(&self) -> bool {
        matches!(self.end, End::Close)
    }

    /// What was wrong with what the client sent.
    pub(super) const fn wrong(&self) -> Option<&'static str> {
        match self.end {
            End::Wrong(_, why) => Some(why),
            _ => None,
        }
    }

    /// Takes frames out of `piece` and gives how many bytes of MQTT are at its start then.
    fn unpack(&mut self, piece: &mut [u8]) -> usize {
        let (mut kept, mut at) = (0, 0);
        while at < piece.len() && self.end == End::Not {
            let step = self.frames.feed(&mut piece[at..]);
            let (from, to) = (at + step.data.0, at + step.data.1);
            piece.copy_within(from..to, kept);
            kept += to - from;
            at += step.used;
            match step.seen {
                Seen::Nothing => {}
                Seen::Ping(payload) => self.pong = frames::pong(&payload),
                Seen::Close => self.end = End::Close,
                Seen::Wrong(status, why) => self.end = End::Wrong(status, why),
            }
        }
        kept
    }

    /// The frame that closes goes behind all others.
    fn say_close(&mut self) {
        if !std::mem::replace(&mut self.said_close, true) {
            let status = if let End::Wrong(status, _) = self.end { status } else { 1000 };
            self.out.extend_from_slice(&frames::close(status));
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocket<S> {
    /// Ready when nothing waits to be written any more.
    fn poll_out(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            if self.out.is_empty() {
                if self.pong.is_empty() || self.said_close {
                    return Poll::Ready(Ok(()));
                }
                self.out = std::mem::take(&mut self.pong);
            }
            match ready!(Pin::new(&mut self.inner).poll_write(cx, &self.out[self.written..]))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => self.written += written,
            }
            if self.written == self.out.len() {
                (self.out, self.written) = (Vec::new(), 0);
            }
        }
    }

    fn poll_out_and_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_out(cx))?;
        Pin::new(&mut self.inner).poll_flush(cx)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for WebSocket<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            match this.end {
                End::Not => {}
                End::Below | End::Close => return Poll::Ready(Ok(())),
                End::Wrong(_, why) => return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, why))),
            }
            let before = buf.filled().len();
            ready!(Pin::new(&mut this.inner).poll_read(cx, buf))?;
            let piece = &mut buf.filled_mut()[before..];
            if piece.is_empty() {
                this.end = End::Below;
            }
            let kept = this.unpack(piece);
            buf.set_filled(before + kept);
            if this.end == End::Close {
                // It is to be answered (RFC 6455 section 5.5.1).
                this.say_close();
            }
            if !this.out.is_empty() || !this.pong.is_empty() {
                // What cannot be written now wakes the same task later; that it cannot be at all, reading will tell.
                let _ = this.poll_out_and_flush(cx);
            }
            if kept > 0 {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for WebSocket<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.said_close {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        ready!(this.poll_out(cx))?;
        let (head, length) = frames::binary_head(bytes.len());
        let head = &head[..length];
        let parts = [IoSlice::new(head), IoSlice::new(bytes)];
        let written = ready!(Pin::new(&mut this.inner).poll_write_vectored(cx, &parts))?;
        if written == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        if written < length + bytes.len() {
            this.out = [head, bytes].concat();
            this.written = written;
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().poll_out_and_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.say_close();
        ready!(this.poll_out_and_flush(cx))?;
        Pin::new(&mut this.inner).poll_shutdown(cx)
    }
}
