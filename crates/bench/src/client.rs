//! A light HTTP client: one connection that is kept.

use std::net::SocketAddr;

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::net::TcpStream;

/// One connection.
pub(crate) struct Client {
    sender: SendRequest<Full<Bytes>>,
    host: HeaderValue,
    token: HeaderValue,
}

#[derive(Deserialize)]
struct Submitted<'a> {
    execution_id: &'a str,
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr, token: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self {
            sender,
            host: HeaderValue::try_from(address.to_string())?,
            token: HeaderValue::try_from(format!("Bearer {token}"))?,
        })
    }

    async fn send(&mut self, method: Method, path: &str, body: Bytes) -> anyhow::Result<Bytes> {
        let json = HeaderValue::from_static("application/json");
        self.send_as(method, path, json, body).await
    }

    async fn send_as(
        &mut self,
        method: Method,
        path: &str,
        content_type: HeaderValue,
        body: Bytes,
    ) -> anyhow::Result<Bytes> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, self.host.clone())
            .header(AUTHORIZATION, self.token.clone())
            .header(CONTENT_TYPE, content_type)
            .body(Full::new(body))?;
        self.sender.ready().await?;
        let answer = self.sender.send_request(request).await?;
        let status = answer.status();
        let bytes = answer.into_body().collect().await?.to_bytes();
        ensure!(
            status.is_success(),
            "{path} answered {status}: {}",
            String::from_utf8_lossy(&bytes)
        );
        Ok(bytes)
    }

    pub(crate) async fn get(&mut self, path: &str) -> anyhow::Result<Bytes> {
        self.send(Method::GET, path, Bytes::new()).await
    }

    pub(crate) async fn post(&mut self, path: &str, body: Bytes) -> anyhow::Result<Bytes> {
        self.send(Method::POST, path, body).await
    }
    /// Sends telemetry in protobuf.
    pub(crate) async fn export(&mut self, path: &str, body: Bytes) -> anyhow::Result<()> {
        let protobuf = HeaderValue::from_static("application/x-protobuf");
        self.send_as(Method::POST, path, protobuf, body).await?;
        Ok(())
    }

    /// Submits; the execution's id.
    pub(crate) async fn submit(&mut self, body: &'static str) -> anyhow::Result<String> {
        let body = Bytes::from_static(body.as_bytes());
        let answer = self.send(Method::POST, "/api/intent/submit", body).await?;
        let submitted: Submitted = serde_json::from_slice(&answer).context("not an answer")?;
        Ok(submitted.execution_id.to_owned())
    }
}
