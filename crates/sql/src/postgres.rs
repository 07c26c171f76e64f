//! The PostgreSQL driver: one writer connection, a pool for reads.

use std::collections::HashMap;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Config, NoTls, Statement};

use crate::error::Error;
use crate::row::Row;
use crate::statement::number_placeholders;
use crate::value::Val;

/// Connections for reading.
const READERS: usize = 8;
/// How long a read waits for a connection.
const POOL_TIMEOUT: Duration = Duration::from_secs(10);
/// How long connecting may take when the address does not say.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The writer connection, with its prepared statements by text.
pub struct Writer {
    config: Config,
    client: Client,
    prepared: HashMap<&'static str, Statement>,
}

pub(crate) fn parse_address(address: &str) -> Result<Config, Error> {
    let mut config =
        Config::from_str(address).map_err(|error| Error::Address(error.to_string()))?;
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT_TIMEOUT);
    }
    if config.get_application_name().is_none() {
        config.application_name("civitas");
    }
    Ok(config)
}

async fn connect(config: &Config) -> Result<Client, Error> {
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::warn!(%error, "the connection to PostgreSQL ended");
        }
    });
    Ok(client)
}

impl Writer {
    pub(crate) async fn connect(config: &Config) -> Result<Self, Error> {
        let client = connect(config).await?;
        Ok(Self {
            config: config.clone(),
            client,
            prepared: HashMap::new(),
        })
    }

    pub(crate) async fn reconnect(&mut self) -> Result<(), Error> {
        self.client = connect(&self.config).await?;
        self.prepared.clear();
        Ok(())
    }

    pub(crate) async fn run(&mut self, text: &'static str) -> Result<(), Error> {
        Ok(self.client.batch_execute(text).await?)
    }

    pub(crate) async fn script(&mut self, text: &str) -> Result<(), Error> {
        Ok(self.client.batch_execute(text).await?)
    }

    pub(crate) async fn execute(
        &mut self,
        text: &'static str,
        params: &[Val],
    ) -> Result<u64, Error> {
        let statement = self.prepare(text).await?;
        Ok(self.client.execute(&statement, &borrow(params)).await?)
    }

    pub(crate) async fn query(
        &mut self,
        text: &'static str,
        params: &[Val],
    ) -> Result<Vec<Row>, Error> {
        let statement = self.prepare(text).await?;
        rows(&self.client.query(&statement, &borrow(params)).await?)
    }

    async fn prepare(&mut self, text: &'static str) -> Result<Statement, Error> {
        if let Some(statement) = self.prepared.get(text) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(&number_placeholders(text)).await?;
        self.prepared.insert(text, statement.clone());
        Ok(statement)
    }
}

/// The pool of connections for reading.
#[derive(Clone)]
pub struct Readers {
    pool: Pool,
}

impl Readers {
    pub(crate) fn new(config: Config) -> Result<Self, Error> {
        let recycling = ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        };
        let pool = Pool::builder(Manager::from_config(config, NoTls, recycling))
            .max_size(READERS)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(POOL_TIMEOUT))
            .create_timeout(Some(POOL_TIMEOUT))
            .build()
            .map_err(|error| Error::Pool(error.to_string()))?;
        Ok(Self { pool })
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
