//! A client's socket, plain or encrypted, with a buffer each way.
//!
//! Reading and writing go on together, so that a client who sends before it reads does not stand still, and one who goes
//! away is noticed while the server writes or works.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use pgwire::messages::Message;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

/// Output is sent when there is more than this of it.
pub(crate) const OUTPUT_BYTES: usize = 64 << 10;

/// What a client may send ahead while a statement runs.
pub(crate) const INPUT_AHEAD_BYTES: usize = 1 << 20;

/// One read of the socket.
const READ_BYTES: usize = 16 << 10;

/// Buffers that grew beyond this are given back once they are empty.
const KEEP_BYTES: usize = 1 << 20;

/// See the module.
pub(crate) struct Channel {
    transport: Transport,
    pub(crate) input: BytesMut,
    pub(crate) output: BytesMut,
    /// Bytes have been written that the encryption may still hold.
    unflushed: bool,
    /// The client has closed its side.
    pub(crate) ended: bool,
}

pub(crate) enum Transport {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Channel {
    pub(crate) fn new(transport: Transport) -> Self {
        Self { transport, input: BytesMut::new(), output: BytesMut::new(), unflushed: false, ended: false }
    }

    /// The bare socket, to be encrypted; none if it is already.
    pub(crate) fn into_socket(self) -> Option<TcpStream> {
        match self.transport {
            Transport::Plain(socket) => Some(socket),
            Transport::Tls(_) => None,
        }
    }

    /// The protocol that was agreed on within TLS.
    pub(crate) fn alpn(&self) -> Option<&[u8]> {
        match &self.transport {
            Transport::Plain(_) => None,
            Transport::Tls(stream) => stream.get_ref().1.alpn_protocol(),
        }
    }

    pub(crate) fn is_encrypted(&self) -> bool {
        matches!(self.transport, Transport::Tls(_))
    }

    /// Puts a message into the output; it goes out with the next flush.
    pub(crate) fn put(&mut self, message: &impl Message) -> io::Result<()> {
        message.encode(&mut self.output).map_err(io::Error::other)
    }

    /// Sends all output.
    pub(crate) async fn flush(&mut self) -> io::Result<()> {
        while self.has_output() {
            self.pump(INPUT_AHEAD_BYTES).await?;
        }
        if self.output.capacity() > KEEP_BYTES {
            self.output = BytesMut::new();
        }
        Ok(())
    }

    /// Sends all output and reads nothing: what comes next belongs to the TLS handshake.
    pub(crate) async fn flush_before_handshake(&mut self) -> io::Result<()> {
        while self.has_output() {
            self.pump(0).await?;
        }
        Ok(())
    }

    pub(crate) fn has_output(&self) -> bool {
        !self.output.is_empty() || self.unflushed
    }

    /// Waits for more input, sending output meanwhile; false when the client has closed its side.
    pub(crate) async fn fill(&mut self) -> io::Result<bool> {
        if self.input.is_empty() && self.input.capacity() > KEEP_BYTES {
            self.input = BytesMut::new();
        }
        let before = self.input.len();
        while self.input.len() == before && !self.ended {
            self.pump(usize::MAX).await?;
        }
        Ok(self.input.len() > before)
    }

    /// Reads or writes whatever can be read or written now, and waits if nothing can. Reads only while the input is
    /// shorter than `input_max`. Can be dropped at any time without loss.
    pub(crate) async fn pump(&mut self, input_max: usize) -> io::Result<()> {
        poll_fn(|context| {
            let wrote = self.poll_write(context)?;
            let read = self.poll_read(input_max, context)?;
            if wrote || read { Poll::Ready(Ok(())) } else { Poll::Pending }
        })
        .await
    }

    /// True once the other side has closed, even if it sent more than is wanted before that.
    pub(crate) async fn is_abandoned(&self) -> bool {
        let socket = match &self.transport {
            Transport::Plain(socket) => socket,
            Transport::Tls(stream) => stream.get_ref().0,
        };
        match socket.ready(Interest::READABLE).await {
            Ok(ready) => ready.is_read_closed(),
            Err(_) => true,
        }
    }

    fn poll_write(&mut self, context: &mut Context<'_>) -> io::Result<bool> {
        let mut progress = false;
        while !self.output.is_empty() {
            match Pin::new(&mut self.transport).poll_write(context, &self.output) {
                Poll::Pending => return Ok(progress),
                Poll::Ready(Ok(0)) => return Err(io::ErrorKind::WriteZero.into()),
                Poll::Ready(Ok(written)) => self.output.advance(written),
                Poll::Ready(Err(error)) => return Err(error),
            }
            self.unflushed = true;
            progress = true;
        }
        if self.unflushed
            && let Poll::Ready(result) = Pin::new(&mut self.transport).poll_flush(context)
        {
            result?;
            self.unflushed = false;
            progress = true;
        }
        Ok(progress)
    }

    fn poll_read(&mut self, input_max: usize, context: &mut Context<'_>) -> io::Result<bool> {
        if self.ended || self.input.len() >= input_max {
            return Ok(false);
        }
        self.input.reserve(READ_BYTES);
        match poll_read_buffer(Pin::new(&mut self.transport), context, &mut self.input) {
            Poll::Pending => Ok(false),
            Poll::Ready(Ok(read)) => {
                self.ended = read == 0;
                Ok(true)
            }
            // A TLS client that leaves without a farewell has left all the same.
            Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
                self.ended = true;
                Ok(true)
            }
            Poll::Ready(Err(error)) => Err(error),
        }
    }
}

fn poll_read_buffer(
    transport: Pin<&mut Transport>,
    context: &mut Context<'_>,
    input: &mut BytesMut,
) -> Poll<io::Result<usize>> {
    let future = std::pin::pin!(tokio::io::AsyncReadExt::read_buf(transport.get_mut(), input));
    future.poll(context)
}

impl AsyncRead for Transport {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Transport::Plain(socket) => Pin::new(socket).poll_read(context, buffer),
            Transport::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Transport {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Transport::Plain(socket) => Pin::new(socket).poll_write(context, bytes),
            Transport::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Transport::Plain(socket) => Pin::new(socket).poll_flush(context),
            Transport::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Transport::Plain(socket) => Pin::new(socket).poll_shutdown(context),
            Transport::Tls(stream) => {
                ready!(Pin::new(stream).poll_shutdown(context))?;
                Poll::Ready(Ok(()))
            }
        }
    }
}
