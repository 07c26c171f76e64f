//! Boundary contracts.

use civitas_model::contract::{BoundaryContract, Status};
use civitas_model::{ContractId, IntentId, TenantId, Timestamp, UserId};
use civitas_sql::{Error, Row, Statement};

use crate::json;
use crate::store::Store;
use crate::transaction::{Meaning, Stop, Transaction};

const PUT: Statement = Statement::new(include_str!("queries/contract/put.sql"));
const FIND: Statement = Statement::new(include_str!("queries/contract/find.sql"));

pub(crate) async fn put(tx: &mut Transaction<'_>, contract: &BoundaryContract) -> Result<(), Stop> {
    let params = vec![
        contract.tenant_id.as_str().into(),
        contract.contract_id.as_str().into(),
        contract
            .user_id
            .as_ref()
            .map(civitas_model::Id::as_str)
            .into(),
        contract.intent_id.as_str().into(),
        contract.external_source_type.as_str().into(),
        contract.external_source_identifier.as_str().into(),
        json::text(&contract.external_source_metadata)?,
        contract.contract_status.as_str().into(),
        json::text(&contract.contract_terms)?,
        contract.created_at.as_micros().into(),
        contract.updated_at.as_micros().into(),
    ];
    tx.execute_later(&PUT, params, Meaning::Nothing).await
}

impl Store {
    /// One boundary contract of a tenant.
    pub async fn find_contract(
        &self,
        tenant: &TenantId,
        contract: &ContractId,
    ) -> Result<Option<BoundaryContract>, Error> {
        let params = vec![tenant.as_str().into(), contract.as_str().into()];
        self.database
            .query_one(&FIND, params)
            .await?
            .as_ref()
            .map(read)
            .transpose()
    }
}

fn read(row: &Row) -> Result<BoundaryContract, Error> {
    let status = row.text("contract_status")?;
    Ok(BoundaryContract {
        contract_id: ContractId::trusted(row.text("contract_id")?),
        tenant_id: TenantId::trusted(row.text("tenant_id")?),
        user_id: row.optional_text("user_id")?.map(UserId::trusted),
        intent_id: IntentId::trusted(row.text("intent_id")?),
        external_source_type: row.text("external_source_type")?.to_owned(),
        external_source_identifier: row.text("external_source_identifier")?.to_owned(),
        external_source_metadata: json::read(row, "external_source_metadata")?,
        contract_status: Status::parse(status).ok_or_else(|| {
            Error::inconsistent(
                "contracts.contract_status",
                format!("unknown status {status}"),
            )
        })?,
        contract_terms: json::read(row, "contract_terms")?,
        created_at: Timestamp::from_micros(row.int("created_at")?),
        updated_at: Timestamp::from_micros(row.int("updated_at")?),
    })
}
