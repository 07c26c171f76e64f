//! Connections: accepting them, bounding how many there are and how long they may stall, and letting them end.

use std::convert::Infallible;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::response::Response;
use axum::serve::Listener;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{Sleep, sleep};
use tokio_util::sync::CancellationToken;
use tower::{Service, ServiceExt};
use tower_http::timeout::TimeoutBody;

/// Connections at the same time, at most. Those that come later wait in the listener's backlog.
const CONNECTIONS_MAX: usize = 10_000;

/// How long a connection and a request may take their time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// From when a request is awaited to the end of its header.
    pub(crate) header: Duration,
    /// From one piece of a request's body to the next.
    pub(crate) body: Duration,
    /// How long a client may take nothing of what it is sent.
    pub(crate) answer: Duration,
}

impl Patience {
    /// Enough for a slow line, too little for keeping the server busy with nothing.
    pub(crate) const DEFAULT: Self = Self {
        header: Duration::from_mins(1),
        body: Duration::from_mins(1),
        answer: Duration::from_mins(1),
    };
}

/// Serves until `stopping` is cancelled, then waits for open requests to end.
pub(crate) async fn serve<S>(
    mut listener: TcpListener,
    service: S,
    patience: Patience,
    stopping: CancellationToken,
) where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send,
{
    let graceful = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let next = async {
            // The semaphore is never closed; without a permit the connection would only not be counted.
            let permit = Arc::clone(&room).acquire_owned().await.ok();
            // Errors of accepting, such as too many open files, are waited out by axum's listener.
            let (stream, peer) = Listener::accept(&mut listener).await;
            (permit, stream, peer)
        };
        let (permit, stream, peer) = tokio::select! {
            next = next => next,
            () = stopping.cancelled() => break,
        };
        let connection = converse(stream, peer, service.clone(), patience, graceful.watcher());
        tokio::spawn(async move {
            connection.await;
            drop(permit);
        });
    }
    drop(listener);
    graceful.shutdown().await;
}

/// Answers the requests of one connection.
async fn converse<S>(
    stream: TcpStream,
    peer: SocketAddr,
    service: S,
    patience: Patience,
    watcher: Watcher,
) where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send,
{
    // Otherwise the pieces of a stream wait for each other's acknowledgement (Nagle's algorithm), 40 ms each.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection ended before it began");
        return;
    }
    let answer = hyper::service::service_fn(move |request: hyper::Request<Incoming>| {
        let mut request = request.map(|body| Body::new(TimeoutBody::new(patience.body, body)));
        request.extensions_mut().insert(ConnectInfo(peer));
        service.clone().oneshot(request)
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(patience.header);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(patience.header)
        .enable_connect_protocol();
    let stream = Patient {
        stream,
        patience: patience.answer,
        stalled: None,
    };
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), answer);
    if let Err(error) = watcher.watch(connection.into_owned()).await {
        tracing::debug!(error = %error, "a connection broke");
    }
}

/// A connection that breaks when nothing of what waits to be written is taken for too long: a client that does not read would
/// otherwise keep it, and what its answer holds, for ever.
struct Patient {
    stream: TcpStream,
    patience: Duration,
    /// Since when nothing is taken.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl Patient {
    fn within_patience<T>(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let patience = self.patience;
        let stalled = self
            .stalled
            .get_or_insert_with(|| Box::pin(sleep(patience)));
        match stalled.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl AsyncRead for Patient {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Patient {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.within_patience(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, pieces);
        self.within_patience(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
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
    use axum::Router;
    use axum::body::Bytes;
    use axum::routing::post;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::sync::mpsc;

    use super::*;

    const SHORT: Patience = Patience {
        header: Duration::from_millis(50),
        body: Duration::from_millis(50),
        answer: Duration::from_millis(50),
    };

    /// A server whose handler tells how reading the body went.
    async fn serving(stopping: &CancellationToken) -> (SocketAddr, mpsc::Receiver<bool>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (told, heard) = mpsc::channel(8);
        let handler = move |body: Result<Bytes, _>| async move {
            told.send(body.is_ok()).await.unwrap();
        };
        let router = Router::new().route("/", post(handler));
        tokio::spawn(serve(listener, router, SHORT, stopping.clone()));
        (address, heard)
    }

    async fn answer_to(address: SocketAddr, request: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn a_header_that_never_ends_is_given_up() {
        let (address, _heard) = serving(&CancellationToken::new()).await;
        let answer = answer_to(address, "POST / HTTP/1.1\r\nhost: x\r\n").await;
        assert!(!answer.contains("200 OK"), "{answer}");
    }

    #[tokio::test]
    async fn a_body_that_stalls_is_given_up() {
        let (address, mut heard) = serving(&CancellationToken::new()).await;
        let request = "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nabc";
        let answer = answer_to(address, request).await;
        assert_eq!(heard.recv().await, Some(false), "{answer}");
    }

    /// An answer without an end, which tells when it is dropped.
    struct Endless(mpsc::Sender<()>);

    impl futures::Stream for Endless {
        type Item = Result<Bytes, Infallible>;

        fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            Poll::Ready(Some(Ok(Bytes::from(vec![b'x'; 1 << 16]))))
        }
    }

    impl Drop for Endless {
        fn drop(&mut self) {
            self.0.try_send(()).unwrap();
        }
    }

    #[tokio::test]
    async fn an_answer_that_is_not_read_is_given_up() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (dropped, mut heard) = mpsc::channel(1);
        let endless = move || async move { Body::from_stream(Endless(dropped)) };
        let router = Router::new().route("/", axum::routing::get(endless));
        let stopping = CancellationToken::new();
        tokio::spawn(serve(listener, router, SHORT, stopping));
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";
        stream.write_all(request).await.unwrap();
        // Whoever does not read keeps nothing, though the connection is open.
        assert_eq!(heard.recv().await, Some(()));
        drop(stream);
    }

    #[tokio::test]
    async fn an_idle_connection_ends_when_the_server_stops() {
        let stopping = CancellationToken::new();
        let (address, mut heard) = serving(&stopping).await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\nabc";
        stream.write_all(request.as_bytes()).await.unwrap();
        assert_eq!(heard.recv().await, Some(true));
        stopping.cancel();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.contains("200 OK"), "{answer}");
    }
}
