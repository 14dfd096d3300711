//! `fermyon:spin/redis`: each `open` is a connection of its own.

use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionAddr, FromRedisValue, IntoConnectionInfo, Value,
    aio::MultiplexedConnection, cmd,
};
use wasmtime::component::Resource;

use crate::{
    bindings::fermyon::spin::redis::{Error, Host, HostConnection, RedisParameter, RedisResult},
    state::{Services, State},
};

/// An open connection.
#[expect(unreachable_pub, reason = "the generated bindings export it")]
#[derive(Clone)]
pub struct Connection(MultiplexedConnection);

fn failed(error: redis::RedisError) -> Error {
    Error::Other(error.to_string())
}

impl State {
    async fn ask<T: FromRedisValue>(
        &mut self,
        connection: &Resource<Connection>,
        command: &Cmd,
    ) -> wasmtime::Result<Result<T, Error>> {
        let Connection(mut connection) = self.table.get(connection)?.clone();
        Ok(command.query_async(&mut connection).await.map_err(failed))
    }
}

async fn reach(services: &Services, address: &str) -> Result<MultiplexedConnection, Error> {
    let info = address.into_connection_info().map_err(|_| Error::InvalidAddress)?;
    let ConnectionAddr::Tcp(host, port) = info.addr() else {
        return Err(Error::InvalidAddress);
    };
    if !services.rules.allow("redis", host, Some(*port)) {
        return Err(Error::InvalidAddress);
    }
    let client = Client::open(info).map_err(|_| Error::InvalidAddress)?;
    // No limit of time, as in Spin: a blocking read may take its time.
    let config = AsyncConnectionConfig::new()
        .set_response_timeout(None)
        .set_connection_timeout(None);
    client
        .get_multiplexed_async_connection_with_config(&config)
        .await
        .map_err(failed)
}

impl Host for State {}

impl HostConnection for State {
    async fn open(&mut self, address: String) -> wasmtime::Result<Result<Resource<Connection>, Error>> {
        Ok(match reach(&self.services, &address).await {
            Ok(connection) => Ok(self.table.push(Connection(connection))?),
            Err(error) => Err(error),
        })
    }

    async fn publish(
        &mut self,
        connection: Resource<Connection>,
        channel: String,
        payload: Vec<u8>,
    ) -> wasmtime::Result<Result<(), Error>> {
        self.ask(&connection, cmd("PUBLISH").arg(channel).arg(payload)).await
    }

    async fn get(
        &mut self,
        connection: Resource<Connection>,
        key: String,
    ) -> wasmtime::Result<Result<Option<Vec<u8>>, Error>> {
        self.ask(&connection, cmd("GET").arg(key)).await
    }

    async fn set(
        &mut self,
        connection: Resource<Connection>,
        key: String,
        value: Vec<u8>,
    ) -> wasmtime::Result<Result<(), Error>> {
        self.ask(&connection, cmd("SET").arg(key).arg(value)).await
    }

    async fn incr(&mut self, connection: Resource<Connection>, key: String) -> wasmtime::Result<Result<i64, Error>> {
        self.ask(&connection, cmd("INCRBY").arg(key).arg(1)).await
    }

    async fn del(
        &mut self,
        connection: Resource<Connection>,
        keys: Vec<String>,
    ) -> wasmtime::Result<Result<u32, Error>> {
        self.ask(&connection, cmd("DEL").arg(keys)).await
    }

    async fn sadd(
        &mut self,
        connection: Resource<Connection>,
        key: String,
        values: Vec<String>,
    ) -> wasmtime::Result<Result<u32, Error>> {
        self.ask(&connection, cmd("SADD").arg(key).arg(values)).await
    }

    async fn smembers(
        &mut self,
        connection: Resource<Connection>,
        key: String,
    ) -> wasmtime::Result<Result<Vec<String>, Error>> {
        self.ask(&connection, cmd("SMEMBERS").arg(key)).await
    }

    async fn srem(
        &mut self,
        connection: Resource<Connection>,
        key: String,
        values: Vec<String>,
    ) -> wasmtime::Result<Result<u32, Error>> {
        self.ask(&connection, cmd("SREM").arg(key).arg(values)).await
    }

    async fn execute(
        &mut self,
        connection: Resource<Connection>,
        command: String,
        arguments: Vec<RedisParameter>,
    ) -> wasmtime::Result<Result<Vec<RedisResult>, Error>> {
        let mut asked = cmd(&command);
        for argument in arguments {
            match argument {
                RedisParameter::Int64(number) => asked.arg(number),
                RedisParameter::Binary(bytes) => asked.arg(bytes),
            };
        }
        let answer: Result<Value, Error> = self.ask(&connection, &asked).await?;
        Ok(answer.and_then(|answer| {
            let mut results = Vec::new();
            flatten(answer, &mut results)?;
            Ok(results)
        }))
    }

    async fn drop(&mut self, connection: Resource<Connection>) -> wasmtime::Result<()> {
        self.table.delete(connection)?;
        Ok(())
    }
}

/// The interface knows no lists in lists: Spin puts the elements of all into one.
fn flatten(value: Value, results: &mut Vec<RedisResult>) -> Result<(), Error> {
    results.push(match value {
        Value::Nil => RedisResult::Nil,
        Value::Int(number) => RedisResult::Int64(number),
        Value::BulkString(bytes) => RedisResult::Binary(bytes),
        Value::SimpleString(text) => RedisResult::Status(text),
        Value::Okay => RedisResult::Status("OK".to_owned()),
        Value::Array(values) => {
            for value in values {
                flatten(value, results)?;
            }
            return Ok(());
        }
        _ => return Err(Error::TypeError),
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_in_lists_become_one() {
        let answer = Value::Array(vec![
            Value::BulkString(b"stream".to_vec()),
            Value::Array(vec![Value::Int(1), Value::Nil]),
            Value::Okay,
        ]);
        let mut results = Vec::new();
        flatten(answer, &mut results).unwrap();
        assert_eq!(
            format!("{results:?}").matches("RedisResult::").count(),
            4,
            "{results:?}"
        );
    }
}
