//! One admitted connection: encrypted bytes, who is at the other end, and three ways to end it early.
//!
//! It ends when the register closes it (revocation), at its certificate's end, and at its age limit. Knows no protocol above TLS.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Sleep};
use tokio_rustls::server::TlsStream;
use tonic::transport::server::Connected;

use crate::connections::Registration;
use crate::peer::Peer;

/// A connection that passed the handshake and the admission.
pub struct Connection {
    io: TlsStream<TcpStream>,
    peer: Peer,
    registration: Registration,
    deadline: Pin<Box<Sleep>>,
    ended: bool,
    /// Its place among all connections of the listener, free again when this is dropped.
    _seat: OwnedSemaphorePermit,
}

impl Connection {
    pub(crate) fn new(
        io: TlsStream<TcpStream>,
        peer: Peer,
        registration: Registration,
        deadline: Instant,
        seat: OwnedSemaphorePermit,
    ) -> Self {
        let deadline = Box::pin(tokio::time::sleep_until(deadline));
        Self { io, peer, registration, deadline, ended: false, _seat: seat }
    }

    /// Who is at the other end.
    pub fn peer(&self) -> &Peer {
        &self.peer
    }

    /// Looks whether the connection must end. Only called while reading: the server always has a read pending, and the
    /// register remembers only one task to wake.
    fn must_end(&mut self, cx: &mut Context<'_>) -> bool {
        if !self.ended {
            let closed = Pin::new(&mut self.registration.closed).poll(cx).is_ready();
            self.ended = closed || self.deadline.as_mut().poll(cx).is_ready();
        }
        self.ended
    }
}

fn ended<T>() -> Poll<io::Result<T>> {
    Poll::Ready(Err(io::Error::new(io::ErrorKind::ConnectionAborted, "the connection was ended by this side")))
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.must_end(cx) {
            return ended();
        }
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if self.ended {
            return ended();
        }
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.ended {
            return ended();
        }
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

impl Connected for Connection {
    type ConnectInfo = Peer;

    fn connect_info(&self) -> Peer {
        self.peer.clone()
    }
}
