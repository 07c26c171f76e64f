//! Settings: single values that outlive a restart.

use civitas_sql::{Error, Statement};

use crate::changeset::{Change, Refusal};
use crate::store::Store;
use crate::transaction::{Stop, Transaction};

const FIND: Statement = Statement::new(include_str!("queries/setting/find.sql"));
const PUT: Statement = Statement::new(include_str!("queries/setting/put.sql"));
const TAKE: Statement = Statement::new(include_str!("queries/setting/take.sql"));

/// A change of settings.
#[derive(Debug)]
pub enum SettingChange {
    /// Sets one.
    Put {
        /// Its name.
        name: &'static str,
        /// Its value.
        value: String,
    },
    /// Removes one; refused unless it has this value.
    Take {
        /// Its name.
        name: &'static str,
        /// The value it must have.
        value: String,
    },
}

impl From<SettingChange> for Change {
    fn from(change: SettingChange) -> Self {
        Self::Setting(change)
    }
}

impl SettingChange {
    pub(crate) async fn apply(&self, tx: &mut Transaction<'_>) -> Result<(), Stop> {
        match self {
            Self::Put { name, value } => {
                let params = [
                    (*name).into(),
                    value.as_str().into(),
                    tx.now.as_micros().into(),
                ];
                tx.execute(&PUT, params.into()).await?;
            }
            Self::Take { name, value } => {
                let params = [(*name).into(), value.as_str().into()];
                if tx.execute(&TAKE, params.into()).await? == 0 {
                    return Err(Refusal::NotFound { what: "setting" }.into());
                }
            }
        }
        Ok(())
    }
}

impl Store {
    /// A setting's value.
    pub async fn find_setting(&self, name: &'static str) -> Result<Option<String>, Error> {
        let row = self.database.query_one(&FIND, vec![name.into()]).await?;
        row.map(|row| Ok(row.text("value")?.to_owned())).transpose()
    }
}
