//! The PostgreSQL driver: one writer connection, a pool for reads.

use std::collections::HashMap;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::str::FromStr;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use futures::TryStreamExt;
use futures::future::{MaybeDone, join_all, maybe_done};
use tokio::sync::mpsc;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Config, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::dump::{Piece, RowBatch, TABLES, Table, select_all};
use crate::error::Error;
use crate::row::Row;
use crate::statement::number_placeholders;
use crate::tls;
use crate::value::Val;

/// Connections for reading.
const READERS: usize = 8;
/// How long a read waits for a connection.
const POOL_TIMEOUT: Duration = Duration::from_secs(10);
/// How long connecting may take when the address does not say.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a connection may be silent, or data unacknowledged, before the server counts as gone.
const SILENCE_MAX: Duration = Duration::from_secs(30);

/// The writer connection, with its prepared statements by text.
pub struct Writer {
    target: Target,
    client: Client,
    prepared: HashMap<String, Statement>,
}

/// Where to connect, and how the connection is encrypted.
#[derive(Clone)]
pub(crate) struct Target {
    config: Config,
    tls: MakeRustlsConnect,
}

/// Understands an address. Reads certificates from files: called once, at start.
pub(crate) fn parse_address(address: &str) -> Result<Target, Error> {
    let (address, trust) = tls::split(address)?;
    let mut config =
        Config::from_str(&address).map_err(|error| Error::Address(error.to_string()))?;
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT_TIMEOUT);
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(SILENCE_MAX);
    }
    if config.get_keepalives_idle() > SILENCE_MAX {
        config.keepalives_idle(SILENCE_MAX);
    }
    if config.get_application_name().is_none() {
        config.application_name("civitas");
    }
    let tls = tls::connector(&trust)?;
    Ok(Target { config, tls })
}

async fn connect(target: &Target) -> Result<Client, Error> {
    let (client, connection) = target.config.connect(target.tls.clone()).await?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::warn!(%error, "the connection to PostgreSQL ended");
        }
    });
    Ok(client)
}

impl Writer {
    pub(crate) async fn connect(target: &Target) -> Result<Self, Error> {
        let client = connect(target).await?;
        Ok(Self {
            target: target.clone(),
            client,
            prepared: HashMap::new(),
        })
    }

    pub(crate) async fn reconnect(&mut self) -> Result<(), Error> {
        self.client = connect(&self.target).await?;
        self.prepared.clear();
        Ok(())
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    pub(crate) async fn script(&mut self, text: &str) -> Result<(), Error> {
        Ok(self.client.batch_execute(text).await?)
    }

    pub(crate) async fn query(&mut self, text: &str, params: &[Val]) -> Result<Vec<Row>, Error> {
        let statement = self.prepare(text).await?;
        rows(&self.client.query(&statement, &borrow(params)).await?)
    }

    /// Sends statements one after the other without waiting for answers, then waits for all: one round trip. Says how
    /// many rows each changed. Once one fails, the server refuses those after it.
    pub(crate) async fn execute_all(
        &mut self,
        batch: &[(&str, &[Val])],
    ) -> Vec<Result<u64, Error>> {
        let mut prepared = Vec::with_capacity(batch.len());
        for (text, _) in batch {
            match self.prepare(text).await {
                Ok(statement) => prepared.push(statement),
                Err(error) => return vec![Err(error)],
            }
        }
        let client = &self.client;
        let sends = prepared
            .iter()
            .zip(batch)
            .map(|(statement, (_, params))| async move {
                Ok(client.execute(statement, &borrow(params)).await?)
            });
        pipelined(sends).await
    }

    pub(crate) async fn columns(&mut self, text: &str) -> Result<Vec<String>, Error> {
        let statement = self.prepare(text).await?;
        Ok(statement
            .columns()
            .iter()
            .map(|column| column.name().to_owned())
            .collect())
    }

    async fn prepare(&mut self, text: &str) -> Result<Statement, Error> {
        if let Some(statement) = self.prepared.get(text) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(&number_placeholders(text)).await?;
        self.prepared.insert(text.to_owned(), statement.clone());
        Ok(statement)
    }
}

/// Waits for all futures together. A request is sent when its future is polled for the first time: that is done here
/// in order, so that the server sees them in order.
async fn pipelined<T, F: Future<Output = Result<T, Error>>>(
    futures: impl IntoIterator<Item = F>,
) -> Vec<Result<T, Error>> {
    let mut waiting: Vec<Pin<Box<MaybeDone<F>>>> = futures
        .into_iter()
        .map(|future| Box::pin(maybe_done(future)))
        .collect();
    poll_fn(|context| {
        for future in &mut waiting {
            let _ = future.as_mut().poll(context);
        }
        Poll::Ready(())
    })
    .await;
    join_all(waiting.iter_mut().map(Pin::as_mut)).await;
    waiting
        .iter_mut()
        .map(|future| future.as_mut().take_output().unwrap_or(Err(Error::Stopped)))
        .collect()
}

/// The pool of connections for reading.
#[derive(Clone)]
pub struct Readers {
    target: Target,
    pool: Pool,
}

impl Readers {
    pub(crate) fn new(target: Target) -> Result<Self, Error> {
        let recycling = ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        };
        let Target { config, tls } = target.clone();
        let pool = Pool::builder(Manager::from_config(config, tls, recycling))
            .max_size(READERS)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(POOL_TIMEOUT))
            .create_timeout(Some(POOL_TIMEOUT))
            .build()
            .map_err(|error| Error::Pool(error.to_string()))?;
        Ok(Self { target, pool })
    }

    pub(crate) async fn query(&self, text: &str, params: &[Val]) -> Result<Vec<Row>, Error> {
        let client = self
            .pool
            .get()
            .await
            .map_err(|error| Error::Pool(error.to_string()))?;
        let statement = client.prepare_cached(&number_placeholders(text)).await?;
        rows(&client.query(&statement, &borrow(params)).await?)
    }

    /// Sends the queries one after the other without waiting for answers, then waits for all: one round trip.
    pub(crate) async fn query_all(
        &self,
        queries: &[(&str, Vec<Val>)],
    ) -> Result<Vec<Vec<Row>>, Error> {
        let client = self
            .pool
            .get()
            .await
            .map_err(|error| Error::Pool(error.to_string()))?;
        let mut prepared = Vec::with_capacity(queries.len());
        for (text, _) in queries {
            prepared.push(client.prepare_cached(&number_placeholders(text)).await?);
        }
        let client = &client;
        let sends = prepared
            .iter()
            .zip(queries)
            .map(|(statement, (_, params))| async move {
                rows(&client.query(statement, &borrow(params)).await?)
            });
        pipelined(sends).await.into_iter().collect()
    }
}

impl Readers {
    /// Reads every table in one transaction, on a connection of its own.
    pub(crate) fn dump(&self, pieces: mpsc::Sender<Result<Piece, Error>>) {
        let target = self.target.clone();
        tokio::spawn(async move {
            if let Err(error) = dump(&target, &pieces).await {
                // Nobody is left to tell when the receiver is gone.
                let _ = pieces.send(Err(error)).await;
            }
        });
    }
}

async fn dump(target: &Target, pieces: &mpsc::Sender<Result<Piece, Error>>) -> Result<(), Error> {
    let send = async |piece| pieces.send(Ok(piece)).await.map_err(|_| Error::Stopped);
    let client = connect(target).await?;
    // The snapshot is taken by the first query and holds until the connection is closed.
    client
        .batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        .await?;
    for row in rows(&client.query(TABLES.postgres(), &[]).await?)? {
        let name = row.text("name")?.to_owned();
        let statement = client.prepare(&select_all(&name)).await?;
        let columns = statement
            .columns()
            .iter()
            .map(|column| column.name().to_owned())
            .collect();
        send(Piece::Table(Table { name, columns })).await?;
        let mut found = pin!(client.query_raw(&statement, Vec::<Val>::new()).await?);
        let mut batch = RowBatch::default();
        while let Some(row) = found.try_next().await? {
            let values: Result<Vec<Val>, Error> =
                (0..row.len()).map(|index| value(&row, index)).collect();
            if let Some(full) = batch.push(values?) {
                send(Piece::Rows(full)).await?;
            }
        }
        send(Piece::Rows(batch.rows)).await?;
    }
    Ok(())
}

fn borrow(params: &[Val]) -> Vec<&(dyn ToSql + Sync)> {
    params
        .iter()
        .map(|param| param as &(dyn ToSql + Sync))
        .collect()
}

fn rows(found: &[tokio_postgres::Row]) -> Result<Vec<Row>, Error> {
    let Some(first) = found.first() else {
        return Ok(Vec::new());
    };
    let columns: Arc<[String]> = first
        .columns()
        .iter()
        .map(|column| column.name().to_owned())
        .collect();
    found
        .iter()
        .map(|row| {
            let values: Result<Vec<Val>, Error> =
                (0..columns.len()).map(|index| value(row, index)).collect();
            Ok(Row::new(Arc::clone(&columns), values?))
        })
        .collect()
}

fn value(row: &tokio_postgres::Row, index: usize) -> Result<Val, Error> {
    let column = &row.columns()[index];
    Ok(match *column.type_() {
        Type::INT8 => row.try_get::<_, Option<i64>>(index)?.into(),
        Type::INT4 => row.try_get::<_, Option<i32>>(index)?.map(i64::from).into(),
        Type::BOOL => row.try_get::<_, Option<bool>>(index)?.into(),
        Type::FLOAT8 => row.try_get::<_, Option<f64>>(index)?.into(),
        Type::TEXT | Type::VARCHAR | Type::NAME => row.try_get::<_, Option<String>>(index)?.into(),
        Type::BYTEA => row.try_get::<_, Option<Vec<u8>>>(index)?.into(),
        ref other => {
            return Err(Error::inconsistent(
                column.name(),
                format!("type {other} is not used here"),
            ));
        }
    })
}
