"""A host for the clients that are not ours."""

from __future__ import annotations

import asyncio
import itertools
import os
import re
import secrets
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest
import requests

ROOT = Path(__file__).parents[1]
PASSWORD = "correct horse battery staple"

pytest_plugins = ["e2e.browser"]


@dataclass
class Host:
    """A running host."""

    url: str
    process: subprocess.Popen[str]
    log: Path


@dataclass
class User:
    """A signed-up user with a session of its own that sends the token."""

    host: Host
    id: str
    token: str
    email: str
    http: requests.Session

    def path(self, rest: str) -> str:
        return f"{self.host.url}/api/{self.id}{rest}"

    def create(self, **draft: object) -> dict:
        """A new task of this user's, as the server answers it."""
        answer = self.http.post(self.path("/tasks"), json=draft, timeout=10)
        assert answer.status_code == 201, answer.text
        return answer.json()


def start(data: Path, listen: str = "127.0.0.1:0", env: dict[str, str] | None = None) -> Host:
    """Starts a host on the data in a directory, with more environment if given, and waits until it answers."""
    log = data.parent / "log"
    command = [os.environ["DAYLOOM_BIN"], "up", "--listen", listen, "--data", str(data)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log.open("a"), text=True, env={**os.environ, **(env or {})})
    assert process.stdout
    ready = process.stdout.readline()
    address = re.search(r"http://\S+", ready)
    assert address, f"the host did not start: {ready!r}\n{log.read_text()}"
    return Host(address.group().rstrip("/"), process, log)


def stop(host: Host) -> None:
    """Asks a host to end, and waits until it has ended well."""
    host.process.terminate()
    assert host.process.wait(timeout=30) == 0, host.log.read_text()


@pytest.fixture(scope="session")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    host = start(tmp_path_factory.mktemp("host") / "data")
    yield host
    stop(host)


@pytest.fixture(scope="session")
def host_on_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """A host on real PostgreSQL, Kafka and Redis, with a database, topics, groups and keys of its own. Its consumers are there."""
    name = f"tour_{secrets.token_hex(6)}"
    postgres = os.environ["DAYLOOM_TEST_POSTGRES_URL"]
    execute(postgres, f"CREATE DATABASE {name}")
    env = {
        "DAYLOOM_POSTGRES_URL": postgres.rpartition("/")[0] + f"/{name}",
        "DAYLOOM_POSTGRES_TLS": "off",
        "DAYLOOM_KAFKA_BOOTSTRAP_SERVERS": os.environ["DAYLOOM_TEST_KAFKA"],
        "DAYLOOM_KAFKA_TOPIC_PREFIX": f"{name}.",
        "DAYLOOM_KAFKA_GROUP_PREFIX": f"{name}.",
        "DAYLOOM_REDIS_URL": os.environ["DAYLOOM_TEST_REDIS_URL"],
        "DAYLOOM_REDIS_PREFIX": name,
        "DAYLOOM_VARIABLE_KEY_ENCRYPTION_KEY": secrets.token_urlsafe(32),
    }
    host = start(tmp_path_factory.mktemp("servers") / "data", env=env)
    # A new consumer group takes a few seconds to form.
    user = sign_up(host)
    user.create(title="first")
    until = time.monotonic() + 60
    while not user.http.get(user.path("/audit-logs"), timeout=10).json()["items"]:
        assert time.monotonic() < until, f"no event came through Kafka\n{host.log.read_text()}"
        time.sleep(0.2)
    yield host
    stop(host)
    execute(postgres, f"DROP DATABASE {name} WITH (FORCE)")


def execute(url: str, statement: str) -> None:
    """Runs one statement on a PostgreSQL server."""

    async def run() -> None:
        connection = await asyncpg.connect(url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(run())


numbers = itertools.count()


def sign_up(host: Host) -> User:
    """A new user."""
    email = f"user{next(numbers)}@example.com"
    answer = requests.post(f"{host.url}/api/auth/sign-up", json={"name": "Ana", "email": email, "password": PASSWORD}, timeout=30)
    assert answer.status_code == 201, answer.text
    http = requests.Session()
    http.headers["authorization"] = f"Bearer {answer.json()['token']}"
    return User(host, answer.json()["user"]["id"], answer.json()["token"], email, http)


@pytest.fixture
def user(host: Host) -> User:
    return sign_up(host)
