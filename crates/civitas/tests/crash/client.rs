//! A light HTTP client: one connection that is kept, JSON in and out.

use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Request, Response, header};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

/// The connection went away: nobody knows what became of the request.
#[derive(Debug)]
pub(crate) struct Lost;

/// One connection.
pub(crate) struct Client {
    sender: SendRequest<Full<Bytes>>,
    host: String,
    authorization: Option<String>,
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Result<Self, Lost> {
        let stream = TcpStream::connect(address).await.map_err(|_| Lost)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(|_| Lost)?;
        tokio::spawn(connection);
        Ok(Self {
            sender,
            host: address.to_string(),
            authorization: None,
        })
    }

    /// Sends this token from now on.
    pub(crate) fn with_token(mut self, token: &str) -> Self {
        self.authorization = Some(format!("Bearer {token}"));
        self
    }

    async fn send(
        &mut self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Response<Incoming>, Lost> {
        let body = body.map(Value::to_string).unwrap_or_default();
        let json = [(header::CONTENT_TYPE.as_str(), "application/json")];
        self.exchange(method, path, &json, body.into()).await
    }

    /// Sends a request with these headers, and answers the head of what comes back.
    pub(crate) async fn exchange(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Result<Response<Incoming>, Lost> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, &self.host);
        if let Some(authorization) = &self.authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(body)).unwrap();
        self.sender.ready().await.map_err(|_| Lost)?;
        self.sender.send_request(request).await.map_err(|_| Lost)
    }

    /// The status and the JSON of an answer that came in full.
    pub(crate) async fn call(
        &mut self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<(u16, Value), Lost> {
        let answer = self.send(method, path, body).await?;
        let status = answer.status().as_u16();
        let bytes = answer.into_body().collect().await.map_err(|_| Lost)?;
        let value = serde_json::from_slice(&bytes.to_bytes()).map_err(|_| Lost)?;
        Ok((status, value))
    }

    /// A GET that must succeed.
    pub(crate) async fn get(&mut self, path: &str) -> Value {
        let (status, value) = self.call("GET", path, None).await.unwrap();
        assert_eq!(status, 200, "{path}: {value}");
        value
    }

    /// A POST that must succeed.
    pub(crate) async fn post(&mut self, path: &str, body: &Value) -> Value {
        let (status, value) = self.call("POST", path, Some(body)).await.unwrap();
        assert_eq!(status, 200, "{path}: {value}");
        value
    }

    /// Reads lines of JSON until the answer ends in order, or until the connection is lost.
    pub(crate) async fn lines(
        &mut self,
        path: &str,
        mut each: impl FnMut(Value),
    ) -> Result<(), Lost> {
        let answer = self.send("GET", path, None).await?;
        if answer.status() != 200 {
            return Err(Lost);
        }
        let mut body = answer.into_body();
        let mut rest = Vec::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| Lost)?;
            rest.extend_from_slice(frame.data_ref().map_or(&[][..], |data| data));
            // Only whole lines count: the last one of a server that was killed may be cut.
            while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = rest.drain(..=end).collect();
                each(serde_json::from_slice(&line).unwrap());
            }
        }
        Ok(())
    }
}
