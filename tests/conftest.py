"""A host for the clients that are not ours."""

from __future__ import annotations

import itertools
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

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


def start(data: Path, listen: str = "127.0.0.1:0") -> Host:
    """Starts a host on the data in a directory, and waits until it answers."""
    log = data.parent / "log"
    command = [os.environ["DAYLOOM_BIN"], "up", "--listen", listen, "--data", str(data)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log.open("a"), text=True)
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
