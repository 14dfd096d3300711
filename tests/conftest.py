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


@pytest.fixture(scope="session")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    scratch = tmp_path_factory.mktemp("host")
    log = scratch / "log"
    command = [os.environ["DAYLOOM_BIN"], "up", "--listen", "127.0.0.1:0", "--data", str(scratch / "data")]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log.open("w"), text=True)
    assert process.stdout
    ready = process.stdout.readline()
    address = re.search(r"http://\S+", ready)
    assert address, f"the host did not start: {ready!r}\n{log.read_text()}"
    yield Host(address.group().rstrip("/"), process, log)
    process.terminate()
    assert process.wait(timeout=30) == 0, log.read_text()


numbers = itertools.count()


@pytest.fixture
def user(host: Host) -> User:
    email = f"user{next(numbers)}@example.com"
    answer = requests.post(f"{host.url}/api/auth/sign-up", json={"name": "Ana", "email": email, "password": PASSWORD}, timeout=30)
    assert answer.status_code == 201, answer.text
    http = requests.Session()
    http.headers["authorization"] = f"Bearer {answer.json()['token']}"
    return User(host, answer.json()["user"]["id"], answer.json()["token"], email, http)
