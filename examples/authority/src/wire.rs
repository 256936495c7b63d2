//! Connections that can be broken in the middle of an answer.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use axum::{
    extract::connect_info::Connected,
    serve::{IncomingStream, Listener},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
};

/// Where an answer breaks off.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cut {
    bytes: u64,
    /// How much of the blank line that ends the head has been seen; `None` once the bytes count.
    head: Option<usize>,
    reset: bool,
}

/// A hold on the connection that a request came on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Line(Arc<Mutex<Option<Cut>>>);

pub(crate) struct Lines(pub(crate) TcpListener);

pub(crate) struct Wire {
    stream: TcpStream,
    line: Line,
}

impl Cut {
    /// After so many bytes, from the status line on.
    pub(crate) fn in_answer(bytes: u64, reset: bool) -> Self {
        Self { bytes, head: None, reset }
    }

    /// After the whole head and so many bytes of the body.
    pub(crate) fn in_body(bytes: u64, reset: bool) -> Self {
        Self { bytes, head: Some(0), reset }
    }

    /// Counts these bytes, and answers how many of them come before the cut.
    fn take(&mut self, bytes: &[u8]) -> usize {
        for (i, byte) in bytes.iter().enumerate() {
            if let Some(seen) = self.head {
                let seen = match *byte {
                    byte if byte == b"\r\n\r\n"[seen] => seen + 1,
                    b'\r' => 1,
                    _ => 0,
                };
                self.head = (seen < 4).then_some(seen);
            } else if self.bytes == 0 {
                return i;
            } else {
                self.bytes -= 1;
            }
        }
        bytes.len()
    }
}

impl Line {
    /// The next answer on this connection is its last one, and breaks off.
    pub(crate) fn cut(&self, cut: Cut) {
        *self.lock() = Some(cut);
    }

    fn lock(&self) -> MutexGuard<'_, Option<Cut>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connected<IncomingStream<'_, Lines>> for Line {
    fn connect_info(stream: IncomingStream<'_, Lines>) -> Self {
        stream.io().line.clone()
    }
}

impl Listener for Lines {
    type Io = Wire;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Wire, SocketAddr) {
        let (stream, address) = Listener::accept(&mut self.0).await;
        // What comes before a reset must be on its way by then. A failure only makes that slower.
        let _ = stream.set_nodelay(true);
        (Wire { stream, line: Line::default() }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, into)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let Some(mut cut) = *self.line.lock() else {
            return Pin::new(&mut self.stream).poll_write(cx, bytes);
        };
        let before = cut;
        let allowed = cut.take(bytes);
        if allowed == 0 && !bytes.is_empty() {
            if cut.reset {
                // If that fails, the end is an orderly one: the answer is broken either way.
                let _ = self.stream.set_zero_linger();
            }
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        let sent = Pin::new(&mut self.stream).poll_write(cx, &bytes[..allowed]);
        if let Poll::Ready(Ok(sent)) = sent {
            let mut cut = before;
            cut.take(&bytes[..sent]);
            self.line.cut(cut);
        }
        sent
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_counts_from_where_it_is_told_to() {
        let answer = b"HTTP/1.1 200 OK\r\na: \r\r\n\r\nbody";
        let head = answer.len() - 4;
        assert_eq!(Cut::in_answer(3, true).take(answer), 3);
        assert_eq!(Cut::in_answer(1000, true).take(answer), answer.len());
        assert_eq!(Cut::in_body(0, true).take(answer), head);
        let mut bytewise = Cut::in_body(2, true);
        let sent = answer.iter().filter(|byte| bytewise.take(&[**byte]) == 1).count();
        assert_eq!(sent, head + 2);
    }
}
