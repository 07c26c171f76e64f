//! Users: who can sign in, with which password, and which of their access tokens still count.

use std::fmt;

use civitas_model::{TenantId, Timestamp, User, UserId};
use civitas_sql::{Error, Row, Statement};

use crate::changeset::{Change, Refusal};
use crate::store::Store;
use crate::transaction::{Stop, Transaction};

const INSERT: Statement = Statement::new(include_str!("queries/user/insert.sql"));
const FIND: Statement = Statement::new(include_str!("queries/user/find.sql"));
const FIND_BY_EMAIL: Statement = Statement::new(include_str!("queries/user/find_by_email.sql"));
const ADVANCE: Statement = Statement::new(include_str!("queries/user/advance.sql"));
const SET_PASSWORD: Statement = Statement::new(include_str!("queries/user/set_password.sql"));
const EXPECT: Statement = Statement::new(include_str!("queries/user/expect.sql"));
const CHANGED_SINCE: Statement = Statement::new(include_str!("queries/user/changed_since.sql"));

/// A password hash as a PHC string. Never shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(pub String);

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

/// A user with what is needed to sign them in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The user.
    pub user: User,
    /// The hash of their password.
    pub password_hash: PasswordHash,
    /// Which generation of their access tokens counts. Raised to end all that are out.
    pub token_version: u64,
}

/// A change of users.
#[derive(Debug)]
pub enum UserChange {
    /// Adds a user; refused when the e-mail address is taken, in any mix of capitals.
    Insert {
        /// The user.
        user: User,
        /// The hash of their password.
        password_hash: PasswordHash,
    },
    /// Changes nothing; refused with [`Refusal::Changed`] unless the token version is still this one.
    Expect {
        /// The user.
        user_id: UserId,
        /// The version that was read.
        token_version: u64,
    },
    /// Raises the token version by one, from the version that was read.
    Advance {
        /// The user.
        user_id: UserId,
        /// The version that was read.
        token_version: u64,
    },
    /// Sets the password and raises the token version by one, from the version that was read.
    SetPassword {
        /// The user.
        user_id: UserId,
        /// The version that was read.
        token_version: u64,
        /// The hash of the new password.
        password_hash: PasswordHash,
    },
}

impl From<UserChange> for Change {
    fn from(change: UserChange) -> Self {
        Self::User(Box::new(change))
    }
}

impl UserChange {
    pub(crate) async fn apply(&self, tx: &mut Transaction<'_>) -> Result<(), Stop> {
        let now = tx.now.as_micros();
        let held = match self {
            Self::Insert {
                user,
                password_hash,
            } => return insert(tx, user, password_hash).await,
            Self::Expect {
                user_id,
                token_version,
            } => {
                let params = [user_id.as_str().into(), (*token_version).into()];
                tx.query_one(&EXPECT, &params).await?.is_some()
            }
            Self::Advance {
                user_id,
                token_version,
            } => {
                let params = [now.into(), user_id.as_str().into(), (*token_version).into()];
                tx.execute(&ADVANCE, params.into()).await? == 1
            }
            Self::SetPassword {
                user_id,
                token_version,
                password_hash,
            } => {
                let params = [
                    password_hash.0.as_str().into(),
                    now.into(),
                    user_id.as_str().into(),
                    (*token_version).into(),
                ];
                tx.execute(&SET_PASSWORD, params.into()).await? == 1
            }
        };
        if held {
            Ok(())
        } else {
            Err(Refusal::Changed {
                what: "the account",
            }
            .into())
        }
    }
}

async fn insert(
    tx: &mut Transaction<'_>,
    user: &User,
    password_hash: &PasswordHash,
) -> Result<(), Stop> {
    let params = [
        user.user_id.as_str().into(),
        user.email.as_str().into(),
        email_key(&user.email).into(),
        user.name.as_str().into(),
        user.home_tenant.as_str().into(),
        password_hash.0.as_str().into(),
        user.created_at.as_micros().into(),
    ];
    if tx.execute(&INSERT, params.into()).await? == 0 {
        return Err(Refusal::AlreadyExists {
            what: "an account with this e-mail address",
        }
        .into());
    }
    Ok(())
}

/// The form of an e-mail address that tells accounts apart.
pub fn email_key(email: &str) -> String {
    email.to_lowercase()
}

/// Readings of users.
pub struct Users<'a>(&'a Store);

impl Store {
    /// Readings of users. They belong to no tenant: their memberships do.
    pub const fn users(&self) -> Users<'_> {
        Users(self)
    }
}

impl Users<'_> {
    /// One user.
    pub async fn find(&self, user: &UserId) -> Result<Option<Account>, Error> {
        let params = vec![user.as_str().into()];
        let row = self.0.database.query_one(&FIND, params).await?;
        row.as_ref().map(read).transpose()
    }

    /// The user with this e-mail address, in any mix of capitals.
    pub async fn find_by_email(&self, email: &str) -> Result<Option<Account>, Error> {
        let params = vec![email_key(email).into()];
        let row = self.0.database.query_one(&FIND_BY_EMAIL, params).await?;
        row.as_ref().map(read).transpose()
    }

    /// Users whose token version was raised after `since`, with the version now.
    pub async fn token_versions_raised_since(
        &self,
        since: Timestamp,
        limit: u32,
    ) -> Result<Vec<(UserId, u64)>, Error> {
        let params = vec![since.as_micros().into(), limit.into()];
        let rows = self.0.database.query(&CHANGED_SINCE, params).await?;
        rows.iter()
            .map(|row| {
                Ok((
                    UserId::trusted(row.text("user_id")?),
                    row.count("token_version")?,
                ))
            })
            .collect()
    }
}

fn read(row: &Row) -> Result<Account, Error> {
    Ok(Account {
        user: User {
            user_id: UserId::trusted(row.text("user_id")?),
            email: row.text("email")?.to_owned(),
            name: row.text("name")?.to_owned(),
            home_tenant: TenantId::trusted(row.text("home_tenant")?),
            created_at: Timestamp::from_micros(row.int("created_at")?),
        },
        password_hash: PasswordHash(row.text("password_hash")?.to_owned()),
        token_version: row.count("token_version")?,
    })
}
