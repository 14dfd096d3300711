//! `spin:postgres`, over pools that behave as Spin's.
//!
//! A handle is a connection of a pool, and goes back to it when it is dropped, also when the instance ends or traps. What is
//! done then resets the session's settings but **does not end a transaction**: one that a component left open goes on in
//! the next request that gets the connection. Components have to be written so that this can not hurt, and tests show that
//! they are.

mod pools;
mod value;

use tokio_postgres::{Config, config::Host as Target, types::ToSql};
use wasmtime::component::Resource;

pub(crate) use pools::Pools;
use value::Parameter;

use crate::{
    bindings::spin::postgres::postgres::{
        DbError, Error, Host, HostConnection, HostConnectionBuilder, ParameterValue, QueryError, RowSet,
    },
    state::{Services, State},
};

/// A connection on loan.
#[expect(unreachable_pub, reason = "the generated bindings export it")]
#[derive(Clone)]
pub struct Connection(std::sync::Arc<deadpool_postgres::Object>);

/// An address to connect to.
#[expect(unreachable_pub, reason = "the generated bindings export it")]
#[derive(Debug)]
pub struct Builder(String);

impl Host for State {}

impl State {
    async fn connect(&mut self, address: String) -> wasmtime::Result<Result<Resource<Connection>, Error>> {
        if let Err(error) = check(&self.services, &address) {
            return Ok(Err(error));
        }
        Ok(match self.services.shared.pools.connection(&address).await {
            Ok(connection) => Ok(self.table.push(Connection(std::sync::Arc::new(connection)))?),
            Err(error) => Err(Error::ConnectionFailed(format!("{error:?}"))),
        })
    }
}

/// Whether the component may reach every host of that address.
#[expect(
    clippy::result_large_err,
    reason = "the error is Spin's, and goes to the component as it is"
)]
fn check(services: &Services, address: &str) -> Result<(), Error> {
    let config: Config = address
        .parse()
        .map_err(|error: tokio_postgres::Error| Error::ConnectionFailed(error.to_string()))?;
    let ports = config.get_ports();
    for (n, host) in config.get_hosts().iter().enumerate() {
        let Target::Tcp(host) = host else {
            return Err(Error::ConnectionFailed(
                "sockets of the file system are not known".to_owned(),
            ));
        };
        let port = ports.get(n).or(ports.first()).copied();
        if !services.rules.allow("postgres", host, port) {
            let place = port.map_or_else(|| host.clone(), |port| format!("{host}:{port}"));
            return Err(Error::ConnectionFailed(format!(
                "address postgres://{place} is not permitted"
            )));
        }
    }
    Ok(())
}

fn failed(error: &tokio_postgres::Error) -> Error {
    let as_text = format!("{error:?}");
    Error::QueryFailed(match error.as_db_error() {
        None => QueryError::Text(as_text),
        Some(told) => QueryError::DbError(DbError {
            as_text,
            severity: told.severity().to_owned(),
            code: told.code().code().to_owned(),
            message: told.message().to_owned(),
            detail: told.detail().map(str::to_owned),
            extras: extras(told),
        }),
    })
}

fn extras(told: &tokio_postgres::error::DbError) -> Vec<(String, String)> {
    let fields = [
        ("column", told.column()),
        ("constraint", told.constraint()),
        ("routine", told.routine()),
        ("hint", told.hint()),
        ("table", told.table()),
        ("datatype", told.datatype()),
        ("schema", told.schema()),
        ("where_", told.where_()),
    ];
    let told = fields.into_iter().filter_map(|(name, value)| Some((name, value?)));
    told.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn parameters(values: Vec<ParameterValue>) -> Result<Vec<Parameter>, String> {
    values.into_iter().map(Parameter::try_from).collect()
}

impl HostConnection for State {
    async fn open(&mut self, address: String) -> wasmtime::Result<Result<Resource<Connection>, Error>> {
        self.connect(address).await
    }

    async fn query(
        &mut self,
        connection: Resource<Connection>,
        statement: String,
        params: Vec<ParameterValue>,
    ) -> wasmtime::Result<Result<RowSet, Error>> {
        let Connection(connection) = self.table.get(&connection)?.clone();
        Ok(match parameters(params) {
            Ok(parameters) => query(&connection, &statement, &parameters).await,
            Err(problem) => Err(Error::BadParameter(problem)),
        })
    }

    async fn execute(
        &mut self,
        connection: Resource<Connection>,
        statement: String,
        params: Vec<ParameterValue>,
    ) -> wasmtime::Result<Result<u64, Error>> {
        let Connection(connection) = self.table.get(&connection)?.clone();
        let parameters = match parameters(params) {
            Ok(parameters) => parameters,
            Err(problem) => return Ok(Err(Error::ValueConversionFailed(problem))),
        };
        let parameters: Vec<&(dyn ToSql + Sync)> = parameters.iter().map(|value| value as _).collect();
        let changed = connection.execute(&statement, &parameters).await;
        Ok(changed.map_err(|error| failed(&error)))
    }

    async fn drop(&mut self, connection: Resource<Connection>) -> wasmtime::Result<()> {
        self.table.delete(connection)?;
        Ok(())
    }
}

async fn query(
    connection: &deadpool_postgres::Object,
    statement: &str,
    parameters: &[Parameter],
) -> Result<RowSet, Error> {
    use futures::TryStreamExt;

    let rows = connection
        .query_raw(statement, parameters)
        .await
        .map_err(|error| failed(&error))?;
    // What goes wrong while the statement runs is told as text only, as Spin does.
    let flattened =
        |error: tokio_postgres::Error| Error::QueryFailed(QueryError::Text(format!("{:?}", failed(&error))));
    let rows: Vec<tokio_postgres::Row> = rows.try_collect().await.map_err(flattened)?;
    let columns = rows.first().map(value::columns).unwrap_or_default();
    let rows = rows.iter().map(value::row).collect::<Result<_, _>>();
    let rows =
        rows.map_err(|error: tokio_postgres::Error| Error::QueryFailed(QueryError::Text(format!("{error:?}"))))?;
    Ok(RowSet { columns, rows })
}

impl HostConnectionBuilder for State {
    async fn new(&mut self, address: String) -> wasmtime::Result<Resource<Builder>> {
        Ok(self.table.push(Builder(address))?)
    }

    async fn set_ca_root(
        &mut self,
        _builder: Resource<Builder>,
        _certificate: String,
    ) -> wasmtime::Result<Result<(), Error>> {
        let problem = "the test host has no TLS to databases".to_owned();
        Ok(Err(Error::Other(problem)))
    }

    async fn build(&mut self, builder: Resource<Builder>) -> wasmtime::Result<Result<Resource<Connection>, Error>> {
        let Builder(address) = self.table.get(&builder)?;
        let address = address.clone();
        self.connect(address).await
    }

    async fn drop(&mut self, builder: Resource<Builder>) -> wasmtime::Result<()> {
        self.table.delete(builder)?;
        Ok(())
    }
}
